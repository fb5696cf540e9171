"""`asnrules lookup`: what the published table says."""

from __future__ import annotations

from typing import Annotated

import typer

from asnrules.cli import completion
from asnrules.cli.options import AsOf, OutputFormat, PublishedLabel, parse_day
from asnrules.cli.output import Format, print_records

COLUMNS = (
    "ruleset", "exp_type", "instrument", "member_type",
    "special", "asn_type", "pipeline", "footnote",
)  # fmt: skip


def lookup(
    context: typer.Context,
    exp_types: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[EXP_TYPE]...",
            help="All, if none is named.",
            autocompletion=completion.exp_types,
        ),
    ] = None,
    instrument: Annotated[
        str | None,
        typer.Option(
            metavar="I", help="Rows of this instrument.", autocompletion=completion.instruments
        ),
    ] = None,
    member_type: Annotated[
        str | None,
        typer.Option(
            metavar="M", help="Rows of this member type.", autocompletion=completion.member_types
        ),
    ] = None,
    special: Annotated[
        str | None,
        typer.Option(
            metavar="S",
            help="Rows for this special; N/A for those for none.",
            autocompletion=completion.specials,
        ),
    ] = None,
    asn_type: Annotated[
        str | None,
        typer.Option(
            metavar="A",
            help="Rows that make this type; N/A for those that make none.",
            autocompletion=completion.asn_types,
        ),
    ] = None,
    ruleset: PublishedLabel = None,
    as_of: AsOf = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Print rows of the published table: those in force today, or on another day.

    Examples
    --------
    asnrules lookup NRS_IFU --as-of 2021-07-01
    asnrules lookup --instrument MIRI --asn-type spec2 --format csv

    Exit Codes
    ----------
    3: there is no such EXP_TYPE or other value, no such ruleset, or none was in force

    See Also
    --------
    rulesets history, rulesets show, classify
    """
    from asnrules.catalog.look_up import Filter, look_up
    from asnrules.catalog.open import open_catalog
    from asnrules.catalog.rulesets import TABLE, choose_ruleset
    from asnrules.database.engines import transaction

    day = parse_day(as_of, ruleset)
    with transaction(open_catalog(context.obj)) as connection:
        info = choose_ruleset(connection, TABLE, ruleset, day)
        modes = look_up(
            connection, info, Filter(exp_types or (), instrument, member_type, special, asn_type)
        )
    records = [{name: getattr(mode, name) for name in COLUMNS} for mode in modes]
    print_records(records, COLUMNS, output, not_applicable=("special", "asn_type", "pipeline"))
