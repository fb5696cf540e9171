"""`asnrules audit exposure`: every decision on record about an exposure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asnrules.cli.audit.unreadable import end_with
from asnrules.cli.options import OutputFormat
from asnrules.cli.output import Format, cell, print_json, print_records, printable

if TYPE_CHECKING:
    from asnrules.record.findings import Finding
    from asnrules.record.queries.exposures import HistoricDecision

COLUMNS = (
    "run_id", "started_at", "origin", "operator", "ruleset", "pool", "position", "filename",
    "exp_type", "member_type", "special", "associations", "reason", "changes",
)  # fmt: skip


def exposure(
    context: typer.Context,
    filename: Annotated[
        str,
        typer.Argument(metavar="FILENAME", help="Of its uncal, rate or rateints product."),
    ],
    output: OutputFormat = Format.TABLE,
) -> None:
    """Show every decision on record about an exposure, in order of time, and what changed.

    Examples
    --------
    asnrules audit exposure jw01234001001_02101_00001_nrca1_uncal.fits

    Exit Codes
    ----------
    1: stored values cannot be read
    3: no such exposure is on record

    See Also
    --------
    why, audit association, audit run
    """
    from asnrules.api_audit import Audit
    from asnrules.catalog.open import open_catalog

    findings: list[Finding] = []
    found = Audit(open_catalog(context.obj)).exposure(filename, findings)
    if output is Format.JSON:
        print_json([one.document() for one in found])
    elif output is Format.TABLE:
        for line in _lines(found):
            typer.echo(printable(line))
    else:
        records = (one.document() for one in found)
        print_records(records if output is Format.JSONL else map(_flat, records), COLUMNS, output)
    end_with(findings)


def _flat(document: dict[str, Any]) -> dict[str, Any]:
    """Put what is nested into one cell each."""
    places = [f"{one['asn_name']} ({one['exptype']})" for one in document["associations"]]
    return {**document, "associations": places}


def _lines(found: Iterable[HistoricDecision]) -> Iterable[str]:
    """Say it in plain words, a line at a time."""
    last = None
    for one in found:
        decision = one.decision
        if last is not None:
            yield ""
        if decision.filename != last:
            last = decision.filename
            yield last
        made = "imported by" if decision.origin == "imported" else "by"
        pool = f", pool {decision.pool}" if decision.pool else ""
        yield (
            f"run {decision.run_id}, {cell(decision.started_at)}, {made} {decision.operator}, "
            f"ruleset {decision.ruleset}{pool}"
        )
        if one.changes == []:
            yield "  as before"
            continue
        yield from (f"  {line}" for line in _decision_lines(one))
        yield from (f"  changed: {change}" for change in one.changes or ())


def _decision_lines(one: HistoricDecision) -> Iterable[str]:
    decision = one.decision
    if decision.associations is not None:
        special = f" ({decision.special})" if decision.special else ""
        known_class = decision.member_type or "unknown"
        yield f"{decision.exp_type or 'no EXP_TYPE'}, class {known_class}{special}"
    for place in one.memberships:
        verdict = f"; the import is {place.verdict}" if place.verdict else ""
        yield (
            f"{place.asn_name}: {place.exptype}, in {place.asn_type or 'no type'} "
            f"by {place.asn_rule} for {place.asn_id}{verdict}"
        )
    if not one.memberships:
        said = "nothing that was imported has it"
        yield f"in no association: {decision.reason or said}"
