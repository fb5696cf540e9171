"""`asnrules lookup`: what the table says."""

from __future__ import annotations

from typing import Annotated

import typer

from asnrules.cli import completion, messages
from asnrules.cli.options import (
    AsOf,
    OutputFormat,
    TableLabel,
    argument,
    catalog,
    option,
    parse_day,
    selects,
)
from asnrules.cli.output import Format, print_records

WORDS = "Or its beginning, a pattern, another word of the table; all by default."
ASN_TYPE = "Rows with this association type; N/A for rows without one."
COLUMNS = (
    "ruleset", "exp_type", "instrument", "member_type",
    "special", "asn_type", "pipeline", "footnote",
)  # fmt: skip


@selects
def lookup(
    context: typer.Context,
    words: Annotated[
        list[str] | None, argument("[EXP_TYPE]...", WORDS, completion.exp_types)
    ] = None,
    instrument: Annotated[
        str | None, option("I", "Rows of this instrument.", completion.instruments)
    ] = None,
    member_type: Annotated[
        str | None, option("M", "Rows of this member type.", completion.member_types)
    ] = None,
    special: Annotated[
        str | None,
        option("S", "Rows with this special; N/A for rows without one.", completion.specials),
    ] = None,
    asn_type: Annotated[str | None, option("A", ASN_TYPE, completion.asn_types)] = None,
    ruleset: TableLabel = None,
    as_of: AsOf = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Print rows of the exposure-mode table: those in force today, or on another day.

    Examples
    --------
    asnrules lookup NRS_IFU --as-of 2021-07-01
    asnrules lookup NRS spec2
    asnrules lookup "MIR_*" "NRC_TS*" background
    asnrules lookup --instrument MIRI --asn-type spec2 --format csv
    asnrules lookup --where "asn_type=tso-*" --columns exp_type,asn_type

    Exit Codes
    ----------
    3: there is no such EXP_TYPE or other word, no such ruleset, or none was in force

    See Also
    --------
    rulesets history, rulesets show, classify
    """
    from asnrules.catalog.look_up import Filter, look_up_all
    from asnrules.catalog.rulesets import TABLE, choose_ruleset
    from asnrules.database.engines import transaction

    day = parse_day(as_of, ruleset)
    wanted = Filter(words or (), instrument, member_type, special, asn_type)
    with transaction(catalog(context)) as connection:
        info = choose_ruleset(connection, TABLE, ruleset, day)
        modes, notes = look_up_all(connection, info, wanted)
    records = [{name: getattr(mode, name) for name in COLUMNS} for mode in modes]
    for note in notes:
        messages.warn(note)
    blank = ("special", "asn_type", "pipeline")
    print_records(records, COLUMNS, output, not_applicable=blank, ranked=True)
    if not modes and not notes and output is Format.TABLE:
        messages.say(f"no row of {info.ruleset} has all of that")
