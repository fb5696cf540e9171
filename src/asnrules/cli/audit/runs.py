"""`asnrules audit runs`: which runs there are."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from asnrules.cli import completion
from asnrules.cli.audit.unreadable import end_with
from asnrules.cli.options import OutputFormat
from asnrules.cli.output import Format, print_records
from asnrules.util.days import read_day

if TYPE_CHECKING:
    from asnrules.record.findings import Finding

COLUMNS = (
    "run_id", "origin", "started_at", "operator", "ruleset", "pools",
    "exposures", "associations", "unassociated", "note",
)  # fmt: skip


class Origin(StrEnum):
    """Where the associations of a run were made."""

    GENERATED = "generated"
    IMPORTED = "imported"


Program = Annotated[
    str | None, typer.Option("--program", metavar="P", help="Runs with exposures of this program.")
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="DATE", help="Runs of this day (UTC) and later ones."),
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="DATE", help="Runs of this day (UTC) and earlier ones."),
]


def runs(
    context: typer.Context,
    program: Program = None,
    pool: Annotated[
        str | None, typer.Option(metavar="NAME", help="Runs of a pool of this name.")
    ] = None,
    operator: Annotated[
        str | None, typer.Option(metavar="NAME", help="Runs of this operator.")
    ] = None,
    ruleset: Annotated[
        str | None,
        typer.Option(
            metavar="LABEL",
            help="Runs by this ruleset.",
            autocompletion=completion.rules,
        ),
    ] = None,
    origin: Annotated[Origin | None, typer.Option(help="Runs made here, or imported ones.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Only the latest N.")
    ] = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """List the recorded runs, the latest first.

    Examples
    --------
    asnrules audit runs --program 1234 --since 2026-01-01
    asnrules audit runs --limit 5 --format json

    Exit Codes
    ----------
    1: stored values cannot be read
    3: there is no such ruleset

    See Also
    --------
    audit run, audit diff, audit replay
    """
    from asnrules.api_audit import Audit
    from asnrules.catalog.open import open_catalog
    from asnrules.record.queries.runs import RunFilter

    findings: list[Finding] = []
    wanted = RunFilter(
        program, pool, operator, ruleset, origin,
        read_day("--since", since), read_day("--until", until),
    )  # fmt: skip
    found = Audit(open_catalog(context.obj)).runs(wanted, limit, findings)
    print_records((run._asdict() for run in found), COLUMNS, output)
    end_with(findings)
