"""What an association needs on disk: its members, and files that keywords of exposures name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from asnrules.associations.comparison import LATER
from asnrules.associations.model import Association, Member, members_of
from asnrules.engine.conditions import key_sources, keywords_in, requirements_of
from asnrules.rules.model import Rule
from asnrules.util.results import shown_briefly

FILE_KEYWORDS = {"msametfl": "msa_metadata"}
"""Keywords whose values are files that the pipeline opens, each with what such a file is called."""


@shown_briefly
class Need(NamedTuple):
    """A file that an association needs."""

    asn_name: str
    kind: str
    """The exptype of a member; else what keywords call it."""
    file: str
    is_made_later: bool
    """Whether it is made by Stage 3 of other associations, as catalogs are."""

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return self._asdict()


Value = Callable[[Member, str], str | None]
"""Gives the value of a keyword of a member that is an exposure; None if it has none."""


def file_keywords(rule: Rule) -> list[str]:
    """Give the keywords that name files and that a rule looks at."""
    seen = key_sources(rule, rule.roles)
    for use in requirements_of(rule):
        seen |= keywords_in(use.condition).keys()
    return [keyword for keyword in FILE_KEYWORDS if keyword in seen]


def needs_of(
    associations: Iterable[Association], rules: Iterable[Rule], value: Value
) -> Iterator[Need]:
    """Give the files that associations need, each once for an association, by its members' order.

    The rules are those that may have made them.
    """
    keywords = {rule.name: file_keywords(rule) for rule in rules}
    for one in associations:
        found: dict[tuple[str, str], bool] = {}
        members = members_of(one.products)
        for member in members:
            found.setdefault((member.exptype, member.expname), member.exptype in LATER)
        for keyword in keywords.get(one.asn_rule, ()):
            for member in members:
                file = None if member.exposure is None else value(member, keyword)
                if file is not None:
                    found.setdefault((FILE_KEYWORDS[keyword], file), False)
        for (kind, file), is_made_later in found.items():
            yield Need(one.asn_name, kind, file, is_made_later)
