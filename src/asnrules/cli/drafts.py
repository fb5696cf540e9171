"""`asnrules rulesets import`, `export`, `publish`: the life of a ruleset."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from asnrules.cli import completion, messages
from asnrules.cli.options import AnyLabel, DraftLabel, OutputFormat
from asnrules.cli.output import Format, print_records
from asnrules.util.days import read_day

if TYPE_CHECKING:
    from asnrules.catalog.rulesets import RulesetInfo

COLUMNS = ("ruleset", "kind", "status", "effective_from", "effective_until", "checksum")

EffectiveFrom = Annotated[
    str | None,
    typer.Option("--effective-from", metavar="DATE", help="First day in force (UTC)."),
]
EffectiveUntil = Annotated[
    str | None,
    typer.Option("--effective-until", metavar="DATE", help="First day no more in force."),
]


def import_(
    context: typer.Context,
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.rst|DIR", help="The published page (- is stdin), or a folder."
        ),
    ],
    label: Annotated[
        str | None,
        typer.Option(
            metavar="LABEL",
            help="Its label.",
            show_default="that in DIR",
            autocompletion=completion.drafts,
        ),
    ] = None,
    effective_from: EffectiveFrom = None,
    effective_until: EffectiveUntil = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(metavar="ROW=VALUE", help="What a misprint means; may be repeated."),
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
    from asnrules.catalog.life_cycle import Wish, import_ruleset
    from asnrules.catalog.open import open_catalog
    from asnrules.rules.errata import parse_accepted

    wish = Wish(
        label=label,
        effective_from=read_day("--effective-from", effective_from),
        effective_until=read_day("--effective-until", effective_until),
        accepted=parse_accepted(accept or ()),
    )
    done = import_ruleset(open_catalog(context.obj, writing=True), source, wish)
    messages.keep(f"ruleset {done.info.ruleset} is imported")
    for erratum in done.errata:
        messages.warn(
            f"row {erratum['position']}, {erratum['field']}: printed {erratum['printed']!r}, "
            f"means {erratum['corrected']!r}; {erratum['reason']}"
        )
    for exp_type in done.new_exp_types:
        messages.warn(f"{exp_type} is a new EXP_TYPE")
    if done.is_replaced:
        messages.warn(f"the draft {done.info.ruleset} that was there is replaced")
    record = {"rows": done.rows, "errata": len(done.errata)}
    _note("drafted", done.info)
    _print(done.info, record, output)


def export(
    context: typer.Context,
    label: AnyLabel,
    target: Annotated[
        Path, typer.Argument(metavar="DIR|FILE.rst", help="A new folder, or a page (- is stdout).")
    ],
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
    from asnrules.catalog.open import open_catalog
    from asnrules.rules.write_text import write_file, write_folder

    engine = open_catalog(context.obj)
    if str(target) == "-":
        sys.stdout.write(export_page(engine, label))
        return
    if target.suffix == ".rst":
        write_file(target, export_page(engine, label))
        return
    write_folder(target, export_files(engine, label))


def publish(
    context: typer.Context,
    label: DraftLabel,
    effective_from: EffectiveFrom = None,
    effective_until: EffectiveUntil = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Publish a draft: it is in force on its dates, and nobody can change it any more.

    Without an end it is in force until the next of its kind is.

    Examples
    --------
    asnrules rulesets publish 2026-09-01 --effective-from 2026-09-01

    Exit Codes
    ----------
    3: there is no such ruleset

    See Also
    --------
    rulesets check, rulesets impact, rulesets list
    """
    from asnrules.catalog.life_cycle import publish_ruleset
    from asnrules.catalog.open import open_catalog

    done = publish_ruleset(
        open_catalog(context.obj, writing=True),
        label,
        read_day("--effective-from", effective_from),
        read_day("--effective-until", effective_until),
    )
    messages.keep(f"ruleset {done.info.ruleset} is published")
    _note("published", done.info)
    if done.ended is not None:
        messages.warn(f"{done.ended.ruleset} is in force until {done.ended.effective_until}")
    _print(done.info, {}, output)


def _note(event: str, info: RulesetInfo) -> None:
    messages.note(
        event, f"ruleset {info.ruleset} is {event}", ruleset=info.ruleset, checksum=info.checksum
    )


def _print(info: RulesetInfo, more: dict[str, int], output: Format) -> None:
    record = {**{name: getattr(info, name) for name in COLUMNS}, **more}
    print_records([record], list(record), output)
