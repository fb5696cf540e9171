"""What the text `constraints` of an association file tells about its exposures.

jwst writes one line for each constraint, with the keywords that it looks at and the value that
held: a regular expression, with all alternatives if none of them was chosen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_SOURCED = re.compile(
    r"'name': '([^'\n]{1,100})', 'sources': \[([^\]\n]{1,200})\], 'value': '([^'\n]{1,1000})'"
)
_CANDIDATE = re.compile(r"'value': \"\\+\('([^'\n]{1,64})',\\+ '([^'\n]{1,64})'\\+\)\"")
_OURS = re.compile(r"\nkeys: ([^\n]{1,5000})\Z")
# Keys of other names are those of companions.
_OUR_KEY = re.compile(r"(?:\A|; )(?:science_)?exp_type = ([^;\s]{1,100}) \(EXP_TYPE\)")
_OUR_CANDIDATE = re.compile(r" for candidate (\S{1,64}) \((\S{1,64})\)\n")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_EXP_TYPE = "exp_type"
_OR = "|"
_LONGEST = 5_000


class Constraints(NamedTuple):
    """What the constraints of an association tell."""

    exp_types: frozenset[str] = frozenset()
    """The EXP_TYPEs that they name, upper case: one of them is that of its science, where there
    are any."""
    candidate_types: Mapping[str, str] = {}
    """From the id of a candidate to its type."""
    keys: str = ""
    """What its exposures have in common, as recorded of associations made here."""


def read_constraints(text: str) -> Constraints:
    """Read what a text tells; one that neither jwst nor this program writes tells nothing."""
    ours = _OURS.search(text)
    if ours is not None:
        return _printable(_OUR_KEY.findall(ours[1]), _OUR_CANDIDATE.findall(text), [ours[1]])
    exp_types: list[str] = []
    keys: dict[str, None] = {}
    for name, sources, value in _SOURCED.findall(text):
        unescaped = value.replace("\\", "")
        keywords = re.findall(r"\w+", sources)
        if keywords == [_EXP_TYPE]:
            exp_types += unescaped.split(_OR)
        if _OR not in unescaped:
            keys[f"{name} = {unescaped} ({' or '.join(map(str.upper, keywords))})"] = None
    return _printable(exp_types, _CANDIDATE.findall(text), list(keys))


def _printable(
    exp_types: list[str], candidates: list[tuple[str, str]], keys: list[str]
) -> Constraints:
    joined = "; ".join(keys)
    return Constraints(
        frozenset(name.upper() for name in exp_types if _NAME.fullmatch(name)),
        {name: kind for name, kind in candidates if (name + kind).isprintable()},
        joined if len(joined) <= _LONGEST and joined.isprintable() else "",
    )
