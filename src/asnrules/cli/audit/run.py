"""`asnrules audit run`: what is on record about one run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from asnrules.cli.audit.unreadable import end_with
from asnrules.cli.options import OutputFormat, RunNumber
from asnrules.cli.output import Format, cell, print_json, print_records, print_table, printable
from asnrules.errors import UsageError

if TYPE_CHECKING:
    from asnrules.record.queries.runs import RunReport

HEADER = (
    "run_id", "origin", "started_at", "finished_at", "operator", "host", "software_version",
    "ruleset", "note", "exposures", "associations", "unassociated",
)  # fmt: skip


def run(
    context: typer.Context,
    run_id: RunNumber,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Show a run: who, when, from what; what each rule made; unassociated exposures, and why.

    Examples
    --------
    asnrules audit run 1
    asnrules audit run 1 --format json

    Exit Codes
    ----------
    1: stored values cannot be read
    3: there is no such run

    See Also
    --------
    audit runs, audit report, audit replay
    """
    from asnrules.api_audit import Audit
    from asnrules.catalog.open import open_catalog

    if output is Format.CSV:
        raise UsageError("audit run: a run is not a table; use --format json")
    report = Audit(open_catalog(context.obj)).run(run_id, [])
    if output is Format.JSON:
        print_json(report.document())
    elif output is Format.JSONL:
        print_records([report.document()], (), output)
    else:
        _print(report)
    end_with(report.findings)


def _print(report: RunReport) -> None:
    values = {name: getattr(report.run, name) for name in HEADER}
    options = [f"{name}={value}" for name, value in (report.options or {}).items() if value]
    for name, value in {**values, "options": options, **report.digests}.items():
        if value not in (None, []):
            sys.stdout.write(f"{name:<17} {cell(value)}\n")
    _table(None, ("pool", "exposures", "sha256", "first_run_id"), report.pools)
    _table(None, ("asn_type", "asn_rule", "associations"), report.by_rule)
    _table("In no association:", ("exp_type", "exposures", "first", "reason"), report.left_out)
    _table("Imported:", ("verdict", "file_name", "asn_rule", "explanation"), report.verdicts)
    if report.diagnostics:
        sys.stdout.write("\nThe operator was told:\n")
    for line in report.diagnostics or ():
        sys.stdout.write(f"  {printable(line)}\n")


def _table(title: str | None, columns: Sequence[str], records: Sequence[dict[str, Any]]) -> None:
    if records:
        sys.stdout.write(f"\n{title}\n" if title else "\n")
        print_table(columns, [[cell(record[name]) for name in columns] for record in records])
