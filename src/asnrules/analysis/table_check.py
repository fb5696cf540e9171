"""Check a table: it says little of itself, but it can contradict itself."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from asnrules.analysis.findings import Checked, Finding
from asnrules.rules.model import NOT_APPLICABLE, Mode, Table
from asnrules.rules.rows import checksum

_ERRATUM_FIELDS = Mode._fields[1:]


def check_table(table: Table, specials: Sequence[tuple[str, str]]) -> Checked:
    """Check a table.

    Of two rows for the same EXP_TYPE and special only one can be meant; a row for a special
    needs one for the exposures without; and an erratum has to be about a row that is there, and
    give the value that the row has.

    Parameters
    ----------
    specials : sequence of (str, str)
        Each special with the keyword that sets it.
    """
    started = time.monotonic()
    findings = [*_twice(table, specials), *_only_special(table), *_errata(table)]
    return Checked(
        ruleset=table.label,
        kind=table.kind,
        checksum=checksum(table),
        findings=findings,
        exp_types=len({mode.exp_type for mode in table.modes}),
        combinations=len(table.modes),
        seconds=time.monotonic() - started,
    )


def _twice(table: Table, specials: Sequence[tuple[str, str]]) -> Iterator[Finding]:
    keywords = {special: keyword.upper() for special, keyword in specials}
    seen: dict[tuple[str, str | None], int] = {}
    for mode in table.modes:
        first = seen.setdefault((mode.exp_type, mode.special), mode.position)
        if first != mode.position:
            example: dict[str, str | None] = {"EXP_TYPE": mode.exp_type}
            if mode.special is not None:
                example[keywords[mode.special]] = "t"
            special = mode.special or NOT_APPLICABLE
            yield Finding(
                table.label, "never matches", f"row {mode.position}",
                f"row {first} is for {mode.exp_type} with special {special} already", example,
            )  # fmt: skip


def _only_special(table: Table) -> Iterator[Finding]:
    without = {mode.exp_type for mode in table.modes if mode.special is None}
    for exp_type in sorted({mode.exp_type for mode in table.modes} - without):
        yield Finding(
            table.label, "no row", exp_type,
            "it has rows for specials, but none for an exposure without a special",
            {"EXP_TYPE": exp_type},
        )  # fmt: skip


def _errata(table: Table) -> Iterator[Finding]:
    modes = {mode.position: mode for mode in table.modes}
    for erratum in table.errata:
        subject = f"erratum to row {erratum.position}, {erratum.field}"
        mode = modes.get(erratum.position)
        if mode is None or erratum.field not in _ERRATUM_FIELDS:
            yield Finding(table.label, "errata", subject, "there is no such cell", {})
            continue
        value = getattr(mode, erratum.field) or NOT_APPLICABLE
        if value != erratum.corrected:
            yield Finding(
                table.label, "errata", subject,
                f"it corrects to {erratum.corrected!r}, but the row says {value!r}",
                {"EXP_TYPE": mode.exp_type},
            )  # fmt: skip
