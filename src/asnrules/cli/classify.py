"""`asnrules classify`: what an exposure is, by the table and by the rules."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from asnrules.cli import completion, messages, selection
from asnrules.cli.options import (
    AnyRuleset,
    AsOf,
    MoreCandidates,
    ReplaceFile,
    SetKeywords,
    argument,
    catalog,
    declared,
    flag,
    format_option,
    option,
    parse_day,
    selects,
)
from asnrules.cli.output import Format, print_records, print_table
from asnrules.errors import UsageError

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy import Engine

    from asnrules.pools.fits.declared import Declarations

COLUMNS = (
    "filename", "exp_type", "member_type", "special",
    "published", "associations", "agrees", "reason",
)  # fmt: skip


@selects
def classify(
    context: typer.Context,
    what: Annotated[
        list[str],
        argument(
            "KEYWORD=VALUE...|EXP_TYPE|POOL...",
            "One exposure, whose EXP_TYPE may stand alone; or pools (- is stdin), FITS files, or "
            "folders of these.",
            completion.keyword_values,
        ),
    ],
    ruleset: AnyRuleset = None,
    as_of: AsOf = None,
    set_: SetKeywords = None,
    asn_candidate: MoreCandidates = None,
    explain: Annotated[
        bool, flag("--explain", "Say for each rule why it does not take it.")
    ] = False,
    output: Annotated[Path | None, option("FILE", "The Parquet file; - is stdout.")] = None,
    overwrite: ReplaceFile = False,
    format_: Annotated[
        Literal["table", "json", "jsonl", "csv", "parquet"], format_option()
    ] = "table",
) -> None:
    """Say what the table and the rules make of exposures.

    Examples
    --------
    asnrules classify NRS_BRIGHTOBJ --format json
    asnrules classify EXP_TYPE=MIR_IMAGE BKGDTARG=T --explain
    gzip -dc jw01234_pool.csv.gz | asnrules classify - --format csv

    Exit Codes
    ----------
    3: there is no such ruleset, or none was in force on that day

    See Also
    --------
    lookup, why, generate
    """
    day = parse_day(as_of, ruleset)
    if output is not None and format_ != "parquet":
        raise UsageError("--output is for --format parquet; redirect the output instead")
    declarations = declared(set_, asn_candidate)
    documents = _documents(catalog(context, day=day), what, ruleset, day, declarations, explain)
    if format_ == "parquet":
        _write_parquet(documents, output, explain=explain, overwrite=overwrite)
        return
    print_records(
        documents,
        (*COLUMNS, "rules") if explain else COLUMNS,
        Format(format_),
        flat=_flat,
        document=(lambda: next(documents)) if _pair(what[0]) else None,
        people=(lambda: _print_explained(list(documents))) if explain else None,
    )


def _write_parquet(
    documents: Iterable[dict[str, Any]], path: Path | None, *, explain: bool, overwrite: bool
) -> None:
    if selection.current is not None:
        raise UsageError("--columns and --where are for rows that are printed, not for Parquet")
    from asnrules.util.atomic_files import whole_file
    from asnrules.workflows.classify import write_classifications

    if path is not None and str(path) != "-":
        with whole_file(path, overwrite=overwrite) as stream:
            write_classifications(documents, stream, explain=explain)
    elif sys.stdout.isatty():
        raise UsageError("Parquet is not for a terminal; give --output FILE, or a pipe")
    else:
        write_classifications(documents, sys.stdout.buffer, explain=explain)


def _print_explained(documents: list[dict[str, Any]]) -> None:
    """Print what exposures are, and below it a line for each exposure and rule."""
    print_records(documents, COLUMNS, Format.TABLE, flat=_flat)
    rules = [
        (document["filename"], rule["asn_rule"], rule["failed_condition"] or "takes it")
        for document in documents
        for rule in document["rules"]
    ]
    print_table(("filename", "asn_rule", "answer"), rules, title="")


def _documents(
    engine: Engine,
    what: list[str],
    ruleset: str | None,
    day: dt.date | None,
    declarations: Declarations,
    explain: bool,
) -> Iterator[dict[str, Any]]:
    from asnrules.pools.inputs import gather
    from asnrules.util.parallel import processors
    from asnrules.workflows.classify import (
        chosen_rules,
        classify_keywords,
        classify_pool,
        refuse_words,
    )

    if any(map(_pair, what)):
        declarations.refuse("give KEYWORD=VALUE")
        values = _values(what)
        found = classify_keywords(engine, values, ruleset=ruleset, as_of=day)
        yield found.document(values.get("FILENAME"), explain=explain)
        return
    refuse_words(engine, what)
    with messages.progress_bar() as progress:
        rules = chosen_rules(engine, ruleset, day)
        gathered = gather(
            what,
            declarations=declarations,
            ruleset=rules,
            workers=processors(),
            progress=progress,
        )
    for note in gathered.notes:
        messages.warn(note)
    for path in gathered.sources:
        for filename, found in classify_pool(
            engine, path, ruleset=ruleset, as_of=day, told=messages.warn
        ):
            yield found.document(filename, explain=explain)


def _pair(word: str) -> tuple[str, str] | None:
    """Read KEYWORD=VALUE, or an EXP_TYPE alone; None if it is neither, or a file."""
    from asnrules.rules.words import instrument_of

    # Path would fail where a name is too long for a file.
    if os.path.isfile(word):  # noqa: PTH113
        return None
    if instrument_of(word.upper()):
        return "EXP_TYPE", word
    keyword, separator, value = word.partition("=")
    return (keyword.upper(), value) if separator and keyword.isidentifier() else None


def _values(words: list[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for word in words:
        if (pair := _pair(word)) is None:
            raise UsageError(
                f"{word!r} is not KEYWORD=VALUE; give keywords or pool files, not both"
            )
        keyword, value = pair
        if keyword in values:
            raise UsageError(f"{keyword} is given twice; give it once")
        values[keyword] = value
    return values


def _flat(document: Mapping[str, Any]) -> dict[str, Any]:
    """Put what is nested into one cell each, for tables and CSV."""
    published, made = document["published"], document["associations"]
    flat = {
        **document,
        "published": "no rule" if published is None else published["asn_type"] or "N/A",
        "associations": made and [f"{one['asn_type']} ({one['asn_rule']})" for one in made],
    }
    if "rules" in document:
        flat["rules"] = "; ".join(
            f"{rule['asn_rule']}: {rule['failed_condition'] or 'takes it'}"
            for rule in document["rules"]
        )
    return flat
