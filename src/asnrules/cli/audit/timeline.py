"""`asnrules audit timeline`: a recorded pool under each ruleset, from the first to the newest."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from asnrules.cli import completion, messages
from asnrules.cli.audit.runs import audit
from asnrules.cli.differences import association_line, first_lines, turned_lines
from asnrules.cli.options import OutputFormat, argument, selects
from asnrules.cli.output import Format, counted, print_lines, print_records

if TYPE_CHECKING:
    from asnrules.workflows.timeline import Timeline


@selects
def timeline(
    context: typer.Context,
    what: Annotated[
        str,
        argument(
            "EXPOSURE|RUN",
            "File name of an exposure on record, or number of a run.",
            completion.runs,
        ),
    ],
    output: OutputFormat = Format.TABLE,
) -> None:
    """Show what each ruleset makes of a recorded pool: what appears, vanishes or changes, and why.

    The rulesets are those of the chain, from the first to today's. Of an exposure the newest run
    with its pool counts, with the options of that run.

    Examples
    --------
    asnrules audit timeline jw01234001001_02101_00001_nrca1_uncal.fits
    asnrules audit timeline 1 --format csv

    Exit Codes
    ----------
    3: there is no such exposure or run

    See Also
    --------
    audit exposure, audit replay, rulesets blame
    """
    with messages.progress_bar() as progress:
        found = audit(context).timeline(what, progress)
    print_records(
        found.records(),
        found.COLUMNS,
        output,
        document=found.document,
        people=lambda: print_lines(_lines(found)),
    )
    messages.say(
        f"run {found.run.run_id}: {counted(len(found.rulesets), 'ruleset')}, "
        f"{counted(len(found.events), 'event')}"
    )
    if found.refused:
        messages.warn(f"the pool lacks a column that {', '.join(found.refused)} need")


def _lines(found: Timeline) -> Iterator[str]:
    from asnrules.catalog.rulesets import first_day_words

    run = found.run
    what = found.filename or counted(run.exposures, "exposure")
    yield f"{what} of run {run.run_id} (ruleset {run.ruleset}), pool {', '.join(run.pools)}"
    for info, events in groupby(found.events, key=lambda event: event.info):
        yield f"{info.ruleset}, {first_day_words(info.effective_from, info.goes_by)}"
        of_one = list(events)
        if found.filename is None and of_one[0].what == "first":
            # Of a whole run that is all of it.
            yield f"  {counted(len(of_one), 'association')}"
        else:
            yield from first_lines(
                [association_line(one.what, one.document(), one.changes) for one in of_one]
            )
    yield from ("", *turned_lines(found.turned()))
