"""Values as pages show them: with links, and with what cannot be seen written out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from asnrules.browse.things import address_of, thing_in
from asnrules.report.rendering import readable

LONGEST = 10_000
"""How many letters of a text are shown."""

_CONSTRAINT = re.compile(r"(\w+) = (.*) \((\w+)\)", re.DOTALL)
_RULE = re.compile(r"\b(Asn_\w+)")  # As jwst names its rules


def shown(value: Any) -> Any:
    """Write out what cannot be seen, or reorders text, and cut what is too long to read."""
    return readable(value, LONGEST)


def link(address: str, value: Any) -> Markup:
    """Show a value that leads somewhere."""
    return Markup('<a href="{}">{}</a>').format(address, shown(value))


def cell(column: str, row: Mapping[str, Any], page: Mapping[str, Any]) -> Markup | None:
    """Show a value of a row on the page of a thing, which it does not lead to once more."""
    value = row[column]
    if value is None:
        return None
    is_own = column in page and all(str(row.get(name)) == page[name] for name in page)
    address = None if is_own else thing_in(column, row, row.keys())
    if address is not None:
        return link(address, value)
    if column == "constraints":
        # Each in words, and on a line of its own.
        value = "\n".join(_CONSTRAINT.sub(_in_words, one) for one in value.split("; "))
    ruleset = row.get("ruleset", row.get("_ruleset"))
    return _with_rules(str(shown(value)), {"ruleset": ruleset} if ruleset else {}, page)


def _in_words(found: re.Match[str]) -> str:
    name, value, keyword = found.groups()
    return f"{keyword} is {value}" + (f" ({name})" if name.upper() != keyword else "")


def _with_rules(words: str, ruleset: Mapping[str, str], page: Mapping[str, Any]) -> Markup:
    """Have the rules that a text names lead to their pages."""
    return Markup("").join(
        link(address_of("rule", {"asn_rule": part, **ruleset}), part)
        if place % 2 and part != page.get("asn_rule")
        else part
        for place, part in enumerate(_RULE.split(words))
    )
