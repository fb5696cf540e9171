"""Check a published ruleset: a table says little of itself, but it can contradict itself."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from asnrules.analysis.findings import Checked, Finding
from asnrules.rules.content import NOT_APPLICABLE, RulesetContent

_ERRATUM_FIELDS = ("exp_type", "member_type", "special", "asn_type", "footnote")


def check_published(content: RulesetContent, specials: Sequence[tuple[str, str]]) -> Checked:
    """Check a published ruleset.

    Of two rows for the same EXP_TYPE and special only one can be meant; a row for a special
    needs one for the exposures without; and an erratum has to be about a row that is there, and
    give the value that the row has.

    Parameters
    ----------
    content : RulesetContent
        The ruleset.
    specials : sequence of (str, str)
        Each special with the keyword that sets it.
    """
    started = time.monotonic()
    rows = content.tables["exposure_modes"]
    findings = [*_twice(content, specials), *_only_special(content), *_errata(content)]
    return Checked(
        ruleset=content.label,
        kind=content.kind,
        checksum=content.checksum(),
        findings=findings,
        exp_types=len({row["exp_type"] for row in rows}),
        combinations=len(rows),
        seconds=time.monotonic() - started,
    )


def _twice(content: RulesetContent, specials: Sequence[tuple[str, str]]) -> Iterator[Finding]:
    keywords = {special: keyword.upper() for special, keyword in specials}
    seen: dict[tuple[str, str | None], int] = {}
    for row in content.tables["exposure_modes"]:
        key = (row["exp_type"], row["special"])
        first = seen.setdefault(key, row["position"])
        if first != row["position"]:
            example: dict[str, str | None] = {"EXP_TYPE": row["exp_type"]}
            if row["special"] is not None:
                example[keywords[row["special"]]] = "t"
            special = row["special"] or NOT_APPLICABLE
            yield Finding(
                content.label, "never matches", f"row {row['position']}",
                f"row {first} is for {row['exp_type']} with special {special} already", example,
            )  # fmt: skip


def _only_special(content: RulesetContent) -> Iterator[Finding]:
    rows = content.tables["exposure_modes"]
    plain = {row["exp_type"] for row in rows if row["special"] is None}
    for exp_type in sorted({row["exp_type"] for row in rows} - plain):
        yield Finding(
            content.label, "no row", exp_type,
            "it has rows for specials, but none for an exposure without a special",
            {"EXP_TYPE": exp_type},
        )  # fmt: skip


def _errata(content: RulesetContent) -> Iterator[Finding]:
    rows = {row["position"]: row for row in content.tables["exposure_modes"]}
    for erratum in content.tables["errata"]:
        subject = f"erratum to row {erratum['position']}, {erratum['field']}"
        row = rows.get(erratum["position"])
        if row is None or erratum["field"] not in _ERRATUM_FIELDS:
            yield Finding(content.label, "errata", subject, "there is no such cell", {})
            continue
        value = row[erratum["field"]] or NOT_APPLICABLE
        if value != erratum["corrected"]:
            yield Finding(
                content.label, "errata", subject,
                f"it corrects to {erratum['corrected']!r}, but the row says {value!r}",
                {"EXP_TYPE": row["exp_type"]},
            )  # fmt: skip
