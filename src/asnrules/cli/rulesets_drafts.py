"""`asnrules rulesets import`, `export`, `publish` and `discard`: the life of a ruleset."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asnrules.cli import completion, messages
from asnrules.cli.options import AnyLabel, DraftLabel, OutputFormat, argument, catalog, option
from asnrules.cli.output import Format, print_records
from asnrules.errors import UsageError
from asnrules.util.text import read_day

if TYPE_CHECKING:
    from asnrules.catalog.publishing import Proposal
    from asnrules.catalog.rulesets import RulesetInfo

EffectiveFrom = Annotated[str | None, option("DATE", "First day in force (UTC).")]
EffectiveUntil = Annotated[
    str | None, option("DATE", "First day on which it is no longer in force.")
]


def import_(
    context: typer.Context,
    source: Annotated[
        Path, argument("FILE.rst|DIR", "The published page (- is stdin), or a folder.")
    ],
    label: Annotated[
        str | None,
        option("LABEL", "Label of the draft.", completion.drafts, show_default="that in DIR"),
    ] = None,
    effective_from: EffectiveFrom = None,
    effective_until: EffectiveUntil = None,
    accept: Annotated[
        list[str] | None, option("ROW=VALUE", "The right value for a misprint; may be repeated.")
    ] = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Load a ruleset as a draft: the published page (.rst), or a folder of files.

    A draft of the same label is replaced. Nothing is in force until it is published.

    Examples
    --------
    asnrules rulesets import page.rst --label 2026-09-01
    asnrules rulesets import my-rules --label my-rules --effective-from 2026-10-01
    cat page.rst | asnrules rulesets import - --label 2026-09-01

    See Also
    --------
    rulesets check, rulesets impact, rulesets publish
    """
    from asnrules.catalog.life_cycle import ImportSettings, import_ruleset
    from asnrules.rules.errata import parse_accepted

    wanted = ImportSettings(
        label=label,
        effective_from=read_day("--effective-from", effective_from),
        effective_until=read_day("--effective-until", effective_until),
        accepted=parse_accepted(accept or ()),
    )
    done = import_ruleset(catalog(context, writing=True), source, wanted)
    messages.running.kept.append(f"ruleset {done.info.ruleset} is imported")
    for erratum in done.errata:
        messages.warn(erratum_words(erratum._asdict()))
    for exp_type in done.new_exp_types:
        messages.warn(f"{exp_type} is a new EXP_TYPE")
    if done.left_out:
        left_out = ", ".join(done.left_out)
        messages.warn(f"{done.info.ruleset} is not {done.own_label}; left out: {left_out}")
    if done.is_replaced:
        messages.warn(f"the draft {done.info.ruleset} that was there is replaced")
    _print("drafted", done.info, output, rows=done.rows, errata=len(done.errata))


def export(
    context: typer.Context,
    label: AnyLabel,
    target: Annotated[Path, argument("DIR|FILE.rst", "A new folder, or a page (- is stdout).")],
) -> None:
    """Write a ruleset as files to edit and import; a table also as the published page (.rst).

    Examples
    --------
    asnrules rulesets export jwst-3.0.0 edited-rules
    asnrules rulesets export 2026-03-20 page-of-march.rst
    asnrules rulesets export 2026-03-20 -

    Exit Codes
    ----------
    3: there is no such ruleset

    See Also
    --------
    rulesets import, rulesets show
    """
    from asnrules.catalog.life_cycle import export_files, export_page
    from asnrules.rules.write import write_file, write_folder

    engine = catalog(context)
    if str(target) == "-":
        sys.stdout.write(export_page(engine, label))
    elif target.suffix == ".rst":
        write_file(target, export_page(engine, label))
    else:
        write_folder(target, export_files(engine, label))


def publish(
    context: typer.Context,
    label: DraftLabel,
    effective_from: EffectiveFrom = None,
    effective_until: EffectiveUntil = None,
    checksum: Annotated[
        str | None, option("DIGITS", "Checksum of the draft that was reviewed, or 12 digits of it.")
    ] = None,
    retroactive: Annotated[
        str | None, option("WHY", "Change what was in force on past days; kept in the record.")
    ] = None,
    operator: Annotated[str | None, option("NAME", "Who publishes it.", show_default="you")] = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Publish the draft that was reviewed: it is then in force on its dates, and unchangeable.

    It has to pass its check. Without an end it is in force until the next ruleset of its kind.
    On a terminal you are shown what changes, and asked for the checksum and reason not given.

    Examples
    --------
    asnrules rulesets publish my-rules --checksum 6fb22df8333d --retroactive late

    Exit Codes
    ----------
    3: there is no such ruleset

    See Also
    --------
    rulesets check, rulesets impact, rulesets discard
    """
    from asnrules.catalog.publishing import Publishing, propose
    from asnrules.database.engines import transaction
    from asnrules.workflows.publish import publish_checked

    dates = (
        read_day("--effective-from", effective_from),
        read_day("--effective-until", effective_until),
    )
    engine = catalog(context, writing=True)
    with transaction(engine) as connection:
        proposal = propose(connection, label, dates, checksum)
    reviewed, reason = _agreed(proposal, checksum, retroactive)
    wanted = Publishing(reviewed, proposal.dates, reason, operator)
    with messages.progress_bar() as progress:
        done = publish_checked(engine, label, wanted, progress)
    messages.running.kept.append(f"ruleset {done.info.ruleset} is published")
    if done.ended is not None:
        messages.warn(f"{done.ended.ruleset} is in force until {done.ended.effective_until}")
    _print("published", done.info, output)


def _agreed(proposal: Proposal, checksum: str | None, reason: str | None) -> tuple[str, str | None]:
    """Give the checksum that was reviewed, and the reason if past days change.

    What the options do not say is asked for, if somebody can answer.
    """
    wants_reason = proposal.past is not None and not (reason or "").strip()
    if messages.can_ask() and (checksum is None or wants_reason):
        for line in proposal.lines():
            messages.say(line)
        question = "Publish it, if it passes its check? Nobody can change it then. [y/N]"
        if checksum is None and messages.ask(question).lower() not in {"y", "yes"}:
            raise UsageError(f"{proposal.info.ruleset} stays a draft, as that is not confirmed")
        if wants_reason:
            reason = messages.ask("Why does it change past days? It is kept in the record:")
        return proposal.info.checksum, reason
    if checksum is None:
        raise UsageError(
            f"--checksum tells which draft {proposal.info.ruleset} was reviewed, and is not given; "
            f"this publishes the one that is there now: {proposal.command()}"
        )
    return checksum, reason


def discard(context: typer.Context, label: DraftLabel, output: OutputFormat = Format.TABLE) -> None:
    """Remove a draft. Published rulesets stay; so do the EXP_TYPEs that came with the draft.

    Examples
    --------
    asnrules rulesets discard old-rules

    Exit Codes
    ----------
    3: there is no such ruleset

    See Also
    --------
    rulesets import, rulesets export, rulesets list
    """
    from asnrules.catalog.life_cycle import discard_ruleset

    info = discard_ruleset(catalog(context, writing=True), label)
    messages.running.kept.append(f"the draft {info.ruleset} is discarded")
    _print("discarded", info, output)
    if output is Format.TABLE:
        messages.say(f"the draft {info.ruleset} is gone")


def _print(event: str, info: RulesetInfo, output: Format, **counts: int) -> None:
    messages.note(
        event, f"ruleset {info.ruleset} is {event}", ruleset=info.ruleset, checksum=info.checksum
    )
    record = info.added() | counts
    print_records([record], list(record), output)


def erratum_words(one: Mapping[str, Any]) -> str:
    """Say what is misprinted in a table."""
    return (
        f"row {one['position']}, {one['field']}: printed {one['printed']!r}, "
        f"means {one['corrected']!r}; {one['reason']}"
    )
