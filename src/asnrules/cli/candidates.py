"""`asnrules candidates`: how the candidates of pools can be spread over jobs."""

from __future__ import annotations

import shlex
import sys
from enum import StrEnum
from typing import Annotated

import typer

from asnrules.cli.options import AsOf, RulesetLabel, parse_day
from asnrules.cli.output import Format, print_records
from asnrules.cli.progress import progress_bar

COLUMNS = ("exposures", "candidates")


class GroupFormat(StrEnum):
    """How groups of candidates are printed: as data, or as options of generate."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    OPTIONS = "options"


def candidates(
    context: typer.Context,
    pools: Annotated[
        list[str], typer.Argument(metavar="POOL...", help="Pools (- is stdin), or FITS files.")
    ],
    ruleset: RulesetLabel = None,
    as_of: AsOf = None,
    output: Annotated[
        GroupFormat,
        typer.Option(
            "--format",
            "-f",
            help="How they are printed; options: a line for each job.",
            show_default=True,
        ),
    ] = GroupFormat.TABLE,
) -> None:
    """Print the groups of candidates that can be generated apart, the largest first.

    Run once for each group, with its options, generate makes what it makes of all at once.

    Examples
    --------
    asnrules candidates jw01234_pool.csv
    asnrules candidates jw01234_pool.csv --format options > jobs.txt
    xargs -L 1 -P 4 asnrules generate jw01234_pool.csv < jobs.txt

    Exit Codes
    ----------
    3: there is no such ruleset, or none was in force on that day

    See Also
    --------
    generate
    """
    from asnrules.catalog.open import open_catalog
    from asnrules.util.parallel import processors
    from asnrules.workflows.split import candidate_groups

    day = parse_day(as_of, ruleset)
    with progress_bar() as progress:
        groups = candidate_groups(
            open_catalog(context.obj), pools, ruleset, day, progress, workers=processors()
        )
    if output is not GroupFormat.OPTIONS:
        print_records([group._asdict() for group in groups], COLUMNS, Format(output.value))
        return
    for group in groups:
        words = [shlex.quote(f"--candidate={name}") for name in group.candidates]
        sys.stdout.write(f"{' '.join(words)}\n")
