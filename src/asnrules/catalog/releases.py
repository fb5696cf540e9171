"""Which ruleset has the rules of a release of jwst."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from asnrules.catalog.rulesets import RULES, RulesetInfo
from asnrules.rules.text_files import read_csv
from asnrules.util.environment import shipped

_RELEASE = re.compile(r"[0-9]+(\.[0-9]+)*")
_LABEL = "jwst-"


def ruleset_of(rulesets: Sequence[RulesetInfo], release: str) -> RulesetInfo | None:
    """Give the ruleset that has the rules of a release.

    That is the one with the label `jwst-RELEASE`, or else the one that `seed/releases.csv` names.

    Parameters
    ----------
    rulesets : sequence of RulesetInfo
        All of the catalog; drafts do not count.
    release : str
        Such as `1.3.1`; a version between releases is none.
    """
    wanted = _numbers(release)
    if wanted is None:
        return None
    own: RulesetInfo | None = None
    for info in rulesets:
        if info.kind == RULES and info.status == "published":
            if info.ruleset.startswith(_LABEL) and (
                _numbers(info.ruleset.removeprefix(_LABEL)) == wanted
            ):
                return info
            if info.ruleset == _shared().get(wanted):
                own = info
    return own


def _numbers(release: str) -> tuple[int, ...] | None:
    """Read a release; zeros at its end do not count."""
    if not _RELEASE.fullmatch(release):
        return None
    numbers = [int(number) for number in release.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


@cache
def _shared() -> dict[tuple[int, ...] | None, str]:
    """Read which releases share a ruleset."""
    rows = read_csv(shipped("seed") / "releases.csv", ("release", "ruleset"))
    return {_numbers(row["release"]): row["ruleset"] for row in rows}
