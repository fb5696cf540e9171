"""`asnrules audit association`: an association in every run that has it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asnrules.cli.audit.unreadable import end_with
from asnrules.cli.options import OutputFormat
from asnrules.cli.output import Format, cell, print_json, print_records, printable

if TYPE_CHECKING:
    from asnrules.record.findings import Finding
    from asnrules.record.queries.associations import AssociationReport

COLUMNS = (
    "run_id", "started_at", "origin", "operator", "ruleset", "asn_name", "asn_type", "asn_rule",
    "asn_id", "candidate_type", "program", "target", "degraded_status", "keys", "products",
    "verdict",
)  # fmt: skip


def association(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the association or of its file.")],
    output: OutputFormat = Format.TABLE,
) -> None:
    """Show an association in every run that has one of this name, in order of time.

    Examples
    --------
    asnrules audit association jw01234-o001_image2_00001_asn

    Exit Codes
    ----------
    1: stored values cannot be read
    3: no such association is on record

    See Also
    --------
    audit exposure, audit run
    """
    from asnrules.api_audit import Audit
    from asnrules.catalog.open import open_catalog

    findings: list[Finding] = []
    found = Audit(open_catalog(context.obj)).association(name, findings)
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
    products = [
        f"{product['name']}: "
        + ", ".join(f"{one['expname']} ({one['exptype']})" for one in product["members"])
        for product in document["products"]
    ]
    verdict = document["verdict"]
    return {**document, "products": products, "verdict": verdict and verdict["verdict"]}


def _lines(found: Iterable[AssociationReport]) -> Iterable[str]:
    """Say it in plain words, a line at a time."""
    for number, report in enumerate(found):
        run, one = report.run, report.association
        if number:
            yield ""
        yield one.asn_name
        made = "imported by" if run.origin == "imported" else "by"
        yield (
            f"  run {run.run_id}, {cell(run.started_at)}, {made} {run.operator}, "
            f"ruleset {run.ruleset}"
        )
        yield (
            f"  {one.asn_type or 'no type'} by {one.asn_rule}, for candidate {one.asn_id} "
            f"({one.candidate_type}) of program {one.program}, target {one.target}"
        )
        if one.keys:
            yield f"  in common: {one.keys}"
        yield f"  {' '.join(one.degraded_status.split())}"
        for product in one.products:
            yield f"  product {product}"
            for member in one.members:
                if member.product == product:
                    yield f"    {_member(member.expname, member.exptype, member.exposerr)}"
        if report.verdict is not None:
            yield f"  {report.verdict['verdict']}: {report.verdict['explanation']}"


def _member(expname: str, exptype: str, exposerr: str | None) -> str:
    error = f", error {exposerr}" if exposerr not in (None, "null") else ""
    return f"{expname} ({exptype}{error})"
