"""The settings, which hold for all rules of a ruleset, and the words for their values."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from asnrules.rules.steps import OverallStep
from asnrules.rules.texts import Digits, DiscoveredId, EmptyValue, one_of

GENERATION_ORDERS = {
    "by_row": "creating exposure, rule by name, candidate as the exposure lists it",
    "by_rule": "rule in the order in which exposures first meet it, creating exposure, candidate",
    "by_candidate": "candidate, creating exposure, rule by name",
}
"""What orders associations as they are generated; nods of one come last in each."""

CANDIDATE_ROWS = {
    "listed": "the exposures that list it",
    "containing": "the exposures whose list contains its id as text",
}
"""Which exposures belong to a candidate."""

TAKEN_ONCE = {
    "row": "a row: two rows of one file are two members, unless they are equal",
    "member": "a row, and of members with the same file and exptype the first stays",
    "file": "a file: an association that has it takes no other row of it",
}
"""What an association takes once only."""

DMS_MODES = {
    "ignored": "nothing",
    "background_rows_left_out": "observations do without exposures that are no background but are "
    "in a background candidate",
    "backgrounds_added": "with selected ids, associations are made for the background candidates "
    "of their exposures as well, and only those of the ids are kept",
}
"""What DMS mode does."""

SEVERAL_SELECTED = {
    "each": "each of them",
    "first": "the first that it lists, and the others only if it made an association for that",
    "first_valid": "the same, but nothing if the first is neither an observation nor a background "
    "candidate",
}
"""For which of several selected candidates an exposure makes associations."""


class Settings(NamedTuple):
    """What holds for all rules of a ruleset; every ruleset states each setting."""

    sequence_digits: Digits
    """The fewest digits of the sequence number in a name."""
    numbers_reversed: bool
    """Whether associations are numbered in reverse order of generation, not in it."""
    generation_order: Annotated[str, one_of("order", GENERATION_ORDERS)]
    """What orders associations as they are generated, first of all; see `GENERATION_ORDERS`. It
    decides their numbers, and which of several stays."""
    candidate_rows: Annotated[str, one_of("rows of a candidate", CANDIDATE_ROWS)]
    taken_once: Annotated[str, one_of("unit", TAKEN_ONCE)]
    empty_values: tuple[EmptyValue, ...]
    """Values, in lower case, that stand for none."""
    dms_mode: Annotated[str, one_of("DMS mode", DMS_MODES)]
    several_selected: Annotated[str, one_of("way with several candidates", SEVERAL_SELECTED)]
    discovered_id: DiscoveredId | None
    """The id of associations that are discovered; None for no such associations. They are made
    by the rules that ask something of the candidate but need no `candidate_validity`, where
    no candidates are selected: from the exposures that list one such candidate and no other,
    apart for each. They come before all others, and are told apart by this id only."""
    overall: tuple[OverallStep, ...]
    """The steps over the associations of all rules, in order."""
