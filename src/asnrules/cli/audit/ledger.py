"""`asnrules audit verify`, `digest` and `export`: whether the record was changed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from asnrules.cli import completion, messages
from asnrules.cli.audit.runs import end_with
from asnrules.cli.options import OutputFormat, ReplaceFile, Scheduler, argument, option, selects
from asnrules.cli.output import Format, counted, print_records
from asnrules.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from asnrules.database.stored import Finding


@selects
def verify(
    context: typer.Context,
    against: Annotated[
        str | None, option("DIGEST", "A digest kept outside; some run must have it.")
    ] = None,
    since: Annotated[
        int,
        option("RUN", "Do not read the rows of this run and earlier ones.", completion.runs, min=0),
    ] = 0,
    scheduler: Scheduler = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Recompute every digest of the record, and print what does not match.

    With --since it goes on from a run that was verified before. The rows of that run and of
    earlier ones, their pools, decisions and associations, are not looked at, nor rows under such
    numbers that belong to no run. The headers of all runs are, and the chain of their digests.

    Examples
    --------
    asnrules audit verify
    asnrules audit verify --against "$(cat head-of-march.txt)"
    asnrules audit verify --since 12 --against "$(cat head-of-march.txt)"

    Exit Codes
    ----------
    1: something does not match, or no run has the digest

    See Also
    --------
    audit digest, audit export, db check
    """
    from asnrules.catalog.open import open_record
    from asnrules.record.verify import verify as run
    from asnrules.util.parallel import workers_at

    workers = workers_at(scheduler)
    with messages.progress_bar() as progress:
        found = run(open_record(context.obj), against, progress, workers, since)
    records = found.records()
    if records or output is not Format.TABLE:
        print_records(records, found.COLUMNS, output, document=found.document)
    known = "" if found.known is None else f"; run {found.known} has the digest that was given"
    unread = f"; rows of runs up to {since} were not read" if since else ""
    messages.say(
        f"{counted(found.runs, 'run')} with {counted(found.rows, 'row')}, "
        f"{counted(len(records), 'finding')}{known}{unread}",
        runs=found.runs,
        rows=found.rows,
        findings=len(records),
        since=since,
    )
    head = found.head
    messages.say(f"the last is run {head.run_id}, {head.digest}", **head._asdict())
    if records:
        raise typer.Exit(1)


def digest(context: typer.Context, output: OutputFormat = Format.TABLE) -> None:
    """Print the digest of the last run, to be kept outside the database.

    Examples
    --------
    asnrules audit digest
    asnrules audit digest --format jsonl >> heads.jsonl

    Exit Codes
    ----------
    1: the digest cannot be read

    See Also
    --------
    audit verify, audit export
    """
    from asnrules.catalog.open import open_record
    from asnrules.database.engines import transaction
    from asnrules.database.stored import any_text
    from asnrules.record.queries.runs import last_digest

    findings: list[Finding] = []
    with transaction(open_record(context.obj)) as connection, any_text(connection):
        found = last_digest(connection, findings)
    if not findings:
        print_records([found], ["run_id", "digest"], output)
    end_with(findings)


def export(
    context: typer.Context,
    place: Annotated[
        Path | None, argument("[FILE|DIR]", "Where to write; as with --output.")
    ] = None,
    output: Annotated[
        Path | None, option("FILE|DIR", "The file to write, - is stdout; or the folder.")
    ] = None,
    format_: Annotated[
        Literal["jsonl", "parquet"],
        option(None, "One file of JSON Lines, or a folder of Parquet files.", name="--format"),
    ] = "jsonl",
    overwrite: ReplaceFile = False,
) -> None:
    """Write the whole record, for tools/verify_ledger.py, for other engines, and to be kept.

    A folder of Parquet files gets the runs that it does not have yet, each in a folder of its own
    such as run_id=7. What is there stays as it is; its headers, digests and numbers of rows are
    compared with the record, and its values verified by tools/verify_ledger.py. Values that
    cannot be read are written to JSON Lines as they are stored; a folder does not get such a run.

    Examples
    --------
    asnrules audit export --output ledger.jsonl
    asnrules audit export --output - | gzip > ledger.jsonl.gz
    asnrules audit export --format parquet lake

    Exit Codes
    ----------
    1: stored values cannot be read, or something in the folder differs from the record

    See Also
    --------
    audit verify, audit digest
    """
    from asnrules.catalog.open import open_record
    from asnrules.record.export import export as run
    from asnrules.record.export import write_export

    target = _target(place, output)
    engine = open_record(context.obj)
    findings: list[Finding] = []
    if format_ == "parquet":
        if overwrite or str(target) == "-":
            raise UsageError("--format parquet: give a folder, without --overwrite")
        _export_lake(engine, target)
    elif str(target) == "-":
        for lines in run(engine, findings):
            sys.stdout.write(lines.decode("ascii"))
    else:
        with messages.progress_bar() as progress:
            last = write_export(engine, target, findings, overwrite=overwrite, progress=progress)
        messages.say(f"{target}: {last.run_id} runs, the last is {last.digest}", **last._asdict())
    end_with(findings)


def _target(place: Path | None, output: Path | None) -> Path:
    if (target := place or output) is None or (place and output):
        raise UsageError("give one place to write to, as an argument or with --output")
    return target


def _export_lake(engine: Engine, folder: Path) -> None:
    """Export into a folder; the command ends with findings if something does not match."""
    from asnrules.record.lake import export_lake

    with messages.progress_bar() as progress:
        found = export_lake(engine, folder, progress)
    last = found.head
    messages.say(
        f"{folder}: {last.run_id} runs, {found.runs} of them new, the last is {last.digest}",
        new=found.runs,
        **last._asdict(),
    )
    for problem in found.problems:
        messages.warn(problem)
    end_with(found.findings)
    if found.problems:
        raise typer.Exit(1)
