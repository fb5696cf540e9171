"""`asnrules audit runs`: which runs there are."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from asnrules.cli import completion
from asnrules.cli.options import OutputFormat
from asnrules.cli.output import Format, print_records
from asnrules.util.days import read_day

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
    3: there is no such ruleset

    See Also
    --------
    audit run, audit diff, audit replay
    """
    from asnrules.catalog.open import open_catalog
    from asnrules.database.engines import transaction
    from asnrules.record.queries.runs import RunFilter, list_runs

    wanted = RunFilter(
        program, pool, operator, ruleset, origin,
        read_day("--since", since), read_day("--until", until),
    )  # fmt: skip
    with transaction(open_catalog(context.obj)) as connection:
        found = list_runs(connection, wanted, limit)
    print_records((run._asdict() for run in found), COLUMNS, output)
