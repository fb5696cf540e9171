"""`asnrules audit replay`: recorded runs run again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asnrules.cli import completion
from asnrules.cli.audit.diff import records
from asnrules.cli.audit.runs import Program, Since, Until
from asnrules.cli.messages import progress_bar
from asnrules.cli.options import OutputFormat
from asnrules.cli.output import Format, print_json, print_records, printable
from asnrules.util.days import read_day

if TYPE_CHECKING:
    from asnrules.record.queries.runs import RunFilter
    from asnrules.workflows.replay import Replay

COLUMNS = (
    "run_id", "recorded_ruleset", "ruleset", "verdict", "decisions", "removed", "added",
    "changed", "unchanged", "reason",
)  # fmt: skip
SHOWN = 20
"""How many differences of a run are shown to a person."""


def replay(
    context: typer.Context,
    run_ids: Annotated[
        list[int] | None,
        typer.Argument(metavar="[RUN]...", help="Numbers of runs.", autocompletion=completion.runs),
    ] = None,
    ruleset: Annotated[
        str | None,
        typer.Option(
            metavar="LABEL",
            help="Run under this ruleset.",
            show_default="the run's own",
            autocompletion=completion.rules,
        ),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="All runs.")] = False,
    program: Program = None,
    since: Since = None,
    until: Until = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Run recorded pools again: under their own rules the result must be identical.

    Under other rules it shows what would change.

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
    from asnrules.catalog.open import open_catalog
    from asnrules.workflows.replay import replay as run_again
    from asnrules.workflows.replay import runs_to_replay

    engine = open_catalog(context.obj)
    runs = runs_to_replay(engine, run_ids or (), _wanted(all_, program, since, until))
    with progress_bar() as progress:
        found = run_again(engine, runs, ruleset, progress)
        if output is Format.JSON and len(run_ids or ()) == 1:
            (one,) = found
            print_json(one.document())
            is_fine = one.is_fine
        else:
            is_fine = _PRINTERS[output](found)
    if not is_fine:
        raise typer.Exit(1)


def _wanted(
    all_: bool, program: str | None, since: str | None, until: str | None
) -> RunFilter | None:
    from asnrules.record.queries.runs import RunFilter

    if not all_ and program is since is until is None:
        return None
    return RunFilter(
        program=program,
        since=read_day("--since", since),
        until=read_day("--until", until),
    )


def _print_json(found: Iterable[Replay]) -> bool:
    replays = [(one.document(), one.is_fine) for one in found]
    print_json([document for document, _ in replays])
    return all(is_fine for _, is_fine in replays)


def _print_jsonl(found: Iterable[Replay]) -> bool:
    is_fine = True
    for one in found:
        print_records([one.document()], (), Format.JSONL)
        is_fine = is_fine and one.is_fine
    return is_fine


def _print_csv(found: Iterable[Replay]) -> bool:
    rows = [(_summary(one), one.is_fine) for one in found]
    print_records([row for row, _ in rows], COLUMNS, Format.CSV)
    return all(is_fine for _, is_fine in rows)


def _print_table(found: Iterable[Replay]) -> bool:
    rows, lines, is_fine = [], [], True
    for one in found:
        rows.append(_summary(one))
        if not one.is_fine:
            is_fine = False
            lines += [*_first(one)]
    print_records(rows, COLUMNS, Format.TABLE)
    for line in lines:
        typer.echo(printable(line))
    return is_fine


_PRINTERS = {
    Format.JSON: _print_json,
    Format.JSONL: _print_jsonl,
    Format.CSV: _print_csv,
    Format.TABLE: _print_table,
}


def _summary(one: Replay) -> dict[str, Any]:
    return {
        "run_id": one.run.run_id,
        "recorded_ruleset": one.run.ruleset,
        "ruleset": one.ruleset,
        "verdict": one.verdict.value,
        "decisions": len(one.decisions),
        "removed": len(one.associations.removed),
        "added": len(one.associations.added),
        "changed": len(one.associations.changed),
        "unchanged": one.associations.unchanged,
        "reason": one.reason,
    }


def _first(one: Replay) -> Iterator[str]:
    """Say in what a run differs, as far as a person reads it."""
    lines = list(islice(_differences(one), SHOWN))
    if not lines:
        return
    yield ""
    yield f"Run {one.run.run_id} under {one.ruleset}:"
    yield from (f"  {line}" for line in lines)
    rest = sum(1 for _ in _differences(one)) - len(lines)
    if rest:
        yield f"  and {rest} more; --format json has them all"


def _differences(one: Replay) -> Iterator[str]:
    for name, before, after in one.fields:
        yield f"{name}: {after}, was {before}"
    for change in records(one.associations):
        words = "; ".join(change["differences"])
        yield (
            f"{change['change']}: {change['asn_type']} by {change['asn_rule']} for "
            f"{change['asn_id']} of {change['program']}, {', '.join(change['products'])}"
            + (f": {words}" if words else "")
        )
    if one.associations.reordered:
        yield "the associations are in another order"
    for decision in one.decisions:
        yield f"{decision.filename}: {'; '.join(decision.words())}"
