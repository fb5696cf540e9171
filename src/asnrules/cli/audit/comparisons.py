"""`asnrules audit diff` and `replay`: what differs between two runs, or of a run made again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from asnrules.cli import completion, messages, selection
from asnrules.cli.audit.runs import Program, Since, Until, audit
from asnrules.cli.differences import association_line, first_lines, turned_lines, turned_words
from asnrules.cli.options import OutputFormat, Scheduler, argument, catalog, flag, option, selects
from asnrules.cli.output import Format, print_json, print_lines, print_records
from asnrules.util.text import read_day

if TYPE_CHECKING:
    from asnrules.workflows.replay import Replay


@selects
def diff(
    context: typer.Context,
    before: Annotated[int, argument("RUN", "Number of a run.", completion.runs)],
    after: Annotated[int, argument("RUN", "Number of another one.", completion.runs)],
    output: OutputFormat = Format.TABLE,
) -> None:
    """Compare the associations of two runs by content, ignoring sequence numbers.

    Examples
    --------
    asnrules audit diff 1 2

    Exit Codes
    ----------
    1: they differ
    3: there is no such run

    See Also
    --------
    audit replay, audit runs
    """
    found = audit(context).diff(before, after)
    if found or output is not Format.TABLE:
        document = {"before": before, "after": after, **found.document()}
        print_records(found.records(), found.COLUMNS, output, document=lambda: document)
    if not found:
        messages.say(f"nothing differs in {found.unchanged} associations")
        return
    messages.say(found.summary())
    raise typer.Exit(1)


@selects
def replay(
    context: typer.Context,
    run_ids: Annotated[
        list[int] | None, argument("[RUN]...", "Numbers of runs.", completion.runs)
    ] = None,
    ruleset: Annotated[
        str | None,
        option("LABEL", "Run under this ruleset.", completion.rules, show_default="the run's own"),
    ] = None,
    all_: Annotated[bool, flag("--all", "All runs.")] = False,
    program: Program = None,
    since: Since = None,
    until: Until = None,
    scheduler: Scheduler = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Run recorded pools again: under their own rules the result must be identical.

    Under other rules it shows what would change, and which changes of the chain turned it.

    Examples
    --------
    asnrules audit replay 1
    asnrules audit replay --program 1234 --ruleset jwst-3.0.0

    Exit Codes
    ----------
    1: something is different
    3: there is no such run or ruleset

    See Also
    --------
    audit run, audit diff, rulesets impact
    """
    from asnrules.record.queries.runs import RunFilter
    from asnrules.util.parallel import workers_at
    from asnrules.workflows.replay import Replay, runs_to_replay
    from asnrules.workflows.replay import replay as run_again

    selection.expect(Replay.COLUMNS)
    workers = 1 if scheduler is None else workers_at(scheduler)
    engine = catalog(context)
    wanted = None
    if all_ or {program, since, until} != {None}:
        days = read_day("--since", since), read_day("--until", until)
        wanted = RunFilter(program=program, since=days[0], until=days[1])
    runs = runs_to_replay(engine, run_ids or (), wanted)
    with messages.progress_bar() as progress:
        found = run_again(engine, runs, ruleset, progress, workers)
        is_one = len(run_ids or ()) == 1 and selection.current is None
        if output is Format.JSON and is_one:
            (one,) = found
            print_json(one.document())
            is_fine = one.is_fine
        else:
            is_fine = _print(found, output)
    if not is_fine:
        raise typer.Exit(1)


def _print(found: Iterable[Replay], output: Format) -> bool:
    """Print replays as they come, a table and JSON when all have; tell whether all are fine."""
    from asnrules.workflows.replay import Replay

    is_fine = True
    are_rows = selection.current is not None
    lines: list[str] = []

    def seen() -> Iterator[Replay]:
        nonlocal is_fine
        for one in found:
            yield one
            is_fine = is_fine and one.is_fine
            if output is Format.TABLE and not one.is_fine and not are_rows:
                lines.extend(_first(one))

    is_summed_up = are_rows or output in {Format.TABLE, Format.CSV}
    replays = (one.records()[0] if is_summed_up else one.document() for one in seen())
    shown = replays if output is Format.JSONL else list(replays)
    print_records(shown, Replay.COLUMNS, output)
    print_lines(lines)
    return is_fine


def _first(one: Replay) -> Iterator[str]:
    """Say in what a run differs, as far as a person reads it."""
    lines = list(_differences(one))
    if lines:
        yield ""
        yield f"Run {one.run.run_id} under {one.ruleset}:"
    yield from first_lines(lines)
    yield from (f"  {line}" for line in turned_lines(one.by_change()))


def _differences(one: Replay) -> Iterator[str]:
    decisions, associations = one.turned_by
    for name, before, after in one.fields:
        yield f"{name}: {after}, was {before}"
    for change, turned in zip(one.associations.records(), associations, strict=True):
        yield association_line(change["change"], change, turned)
    if one.associations.reordered:
        yield "the associations are in another order"
    for decision, turned in zip(one.decisions, decisions, strict=True):
        yield f"{decision.filename}: {'; '.join(decision.words())}{turned_words(turned)}"
