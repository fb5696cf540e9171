"""`asnrules rulesets`: list and show the rulesets, and add to them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asnrules.cli import (
    completion,
    messages,
    rulesets_analysis,
    rulesets_conform,
    rulesets_history,
    rulesets_impact,
)
from asnrules.cli.help import App
from asnrules.cli.options import (
    AnyLabel,
    DraftLabel,
    OutputFormat,
    argument,
    catalog,
    option,
    selects,
)
from asnrules.cli.output import Format, print_lines, print_records
from asnrules.util.text import read_day

if TYPE_CHECKING:
    from asnrules.catalog.describe import Description
    from asnrules.catalog.rulesets import RulesetInfo

app = App(
    """The rulesets of the catalog.

Examples
--------
asnrules rulesets list
asnrules rulesets show jwst-3.0.0

See Also
--------
lookup, classify
"""
)

LISTED = (
    "ruleset", "kind", "status", "effective_from", "goes_by", "effective_until", "implements",
    "releases", "changes", "title",
)  # fmt: skip
RELEASES = (
    "release", "dms_build", "released", "in_operations_from", "ruleset", "effective_from",
    "goes_by", "effective_until",
)  # fmt: skip
ADDED = ("ruleset", "kind", "status", "effective_from", "effective_until", "checksum")

EffectiveFrom = Annotated[str | None, option("DATE", "First day in force (UTC).")]
EffectiveUntil = Annotated[
    str | None, option("DATE", "First day on which it is no longer in force.")
]


@app.command("list")
@selects
def list_(context: typer.Context, output: OutputFormat = Format.TABLE) -> None:
    """List the rulesets, the dates on which they are in force, and the releases that have them.

    Goes by: what the first day is, that in operations or that of a tag. Rules without one were
    never in operations, or are superseded on their first day. Changes are counted from the ruleset
    before.

    Examples
    --------
    asnrules rulesets list
    asnrules rulesets list --format json

    See Also
    --------
    rulesets show, rulesets releases
    """
    from asnrules.catalog.rulesets import list_rulesets
    from asnrules.database.engines import transaction

    with transaction(catalog(context)) as connection:
        found = list_rulesets(connection)
    print_records(map(_listed, found), LISTED, output)


def _listed(info: RulesetInfo) -> dict[str, Any]:
    releases = ", ".join(info.releases) or None
    values = {**info._asdict(), "changes": info.change_count, "releases": releases}
    return {name: values[name] for name in (*LISTED, "extends", "checksum")}


@app.command()
@selects
def releases(context: typer.Context, output: OutputFormat = Format.TABLE) -> None:
    """List the releases of jwst, and the ruleset that each has.

    In operations from: the first day on which operations ran it, if that is known.

    Examples
    --------
    asnrules rulesets releases
    asnrules rulesets releases --format csv

    See Also
    --------
    rulesets list
    """
    from asnrules.catalog.rulesets import list_releases
    from asnrules.database.engines import transaction

    with transaction(catalog(context)) as connection:
        found = list_releases(connection)
    print_records([one._asdict() for one in found], RELEASES, output)


@app.command()
def show(context: typer.Context, label: AnyLabel, output: OutputFormat = Format.TABLE) -> None:
    """Show a ruleset: its header, and its rows or its rules in words.

    Examples
    --------
    asnrules rulesets show 2021-06-15
    asnrules rulesets show jwst-3.0.0 --format json

    Exit Codes
    ----------
    3: there is no such ruleset

    See Also
    --------
    rulesets list, rulesets diff, lookup
    """
    from asnrules.catalog.describe import describe_ruleset
    from asnrules.database.engines import transaction

    with transaction(catalog(context)) as connection:
        found = describe_ruleset(connection, label)
    print_records(
        found.rows,
        found.columns,
        output,
        document=found.document,
        people=lambda: _print_description(found),
    )


def _print_description(found: Description) -> None:
    print_lines([*found.heading(), ""])
    if found.glossary is not None:
        print_lines(found.rule_lines())
        return
    named = [name for name in found.columns if name != "footnote"]
    print_records(found.rows, found.columns, Format.TABLE, not_applicable=named)
    print_lines(f"erratum: {_erratum(one)}" for one in found.errata)


def _erratum(one: Mapping[str, Any]) -> str:
    return (
        f"row {one['position']}, {one['field']}: printed {one['printed']!r}, "
        f"means {one['corrected']!r}; {one['reason']}"
    )


@app.command("import")
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
        messages.warn(_erratum(erratum._asdict()))
    for exp_type in done.new_exp_types:
        messages.warn(f"{exp_type} is a new EXP_TYPE")
    if done.left_out:
        left_out = ", ".join(done.left_out)
        messages.warn(f"{done.info.ruleset} is not {done.own_label}; left out: {left_out}")
    if done.is_replaced:
        messages.warn(f"the draft {done.info.ruleset} that was there is replaced")
    _print("drafted", done.info, output, rows=done.rows, errata=len(done.errata))


@app.command()
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


@app.command()
def publish(
    context: typer.Context,
    label: DraftLabel,
    effective_from: EffectiveFrom = None,
    effective_until: EffectiveUntil = None,
    checksum: Annotated[
        str | None, option("DIGITS", "Publish only the draft with this checksum, as reviewed.")
    ] = None,
    retroactive: Annotated[
        str | None, option("WHY", "Change what was in force on past days; kept in the record.")
    ] = None,
    operator: Annotated[str | None, option("NAME", "Who publishes it.", show_default="you")] = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Publish a draft: it is then in force on its dates and can no longer be changed.

    It has to pass its check. Without an end it is in force until the next ruleset of its kind.

    Examples
    --------
    asnrules rulesets publish 2026-09-01 --effective-from 2031-01-01
    asnrules rulesets publish my-rules --retroactive 'it came late'

    Exit Codes
    ----------
    3: there is no such ruleset

    See Also
    --------
    rulesets check, rulesets impact, rulesets discard
    """
    from asnrules.catalog.publishing import Publishing
    from asnrules.workflows.publish import publish_checked

    wanted = Publishing(
        read_day("--effective-from", effective_from),
        read_day("--effective-until", effective_until),
        checksum,
        retroactive,
        operator,
    )
    with messages.progress_bar() as progress:
        done = publish_checked(catalog(context, writing=True), label, wanted, progress)
    messages.running.kept.append(f"ruleset {done.info.ruleset} is published")
    if done.ended is not None:
        messages.warn(f"{done.ended.ruleset} is in force until {done.ended.effective_until}")
    _print("published", done.info, output)


@app.command()
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


def _print(event: str, info: RulesetInfo, output: Format, **counts: int) -> None:
    messages.note(
        event, f"ruleset {info.ruleset} is {event}", ruleset=info.ruleset, checksum=info.checksum
    )
    record = {name: getattr(info, name) for name in ADDED} | counts
    print_records([record], list(record), output)


app.command("history")(rulesets_history.history)
app.command("blame")(rulesets_history.blame)
app.command("check")(rulesets_analysis.check)
app.command("diff")(rulesets_analysis.diff)
app.command("impact")(rulesets_impact.impact)
app.command("conform")(rulesets_conform.conform)
