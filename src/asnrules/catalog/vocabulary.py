"""The words of the field: instruments, EXP_TYPEs, member types, specials, keywords."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Integer, insert, select

from asnrules.catalog.entries import VOCABULARY, add_entries
from asnrules.database.engines import transaction
from asnrules.database.schema import catalog
from asnrules.database.schema.columns import metadata
from asnrules.errors import NotFoundError
from asnrules.util.environment import shipped
from asnrules.util.text import nearest_words, shown

if TYPE_CHECKING:
    from asnrules.rules.words import Words

_FEW = 5
"""Of so many EXP_TYPEs that are not known, near ones are named."""


def stored_words(connection: Connection) -> Words:
    """Give the words of a catalog, which may have more EXP_TYPEs than the shipped ones."""
    from asnrules.rules.words import WORD_TABLES, Words

    table = catalog.rulesets
    firsts = {name: select(metadata.tables[name].columns[0]) for name in WORD_TABLES}
    firsts["tables"] = select(table.c.label).where(table.c.kind == "table")
    return Words(**{name: frozenset(connection.scalars(one)) for name, one in firsts.items()})


def add_exp_types(connection: Connection, exp_types: Iterable[str]) -> list[str]:
    """Add EXP_TYPEs that the catalog does not have; give those that are new, sorted.

    Each begins as those of an instrument do.
    """
    from asnrules.rules.words import instrument_of

    new = sorted(set(exp_types) - set(exp_type_names(connection)))
    rows = [{"exp_type": name, "instrument": instrument_of(name)} for name in new]
    if rows:
        connection.execute(insert(catalog.exp_types), rows)
        add_entries(connection, catalog.exp_types, new)
    return new


def seed_vocabulary(connection: Connection) -> None:
    """Add the words of the shipped vocabulary that the database does not have."""
    from asnrules.rules.text_files import read_csv

    for table in VOCABULARY:
        key = table.columns[0]
        present = set(connection.scalars(select(key)))
        numbers = [column.name for column in table.columns if isinstance(column.type, Integer)]
        rows: list[dict[str, Any]] = [
            {**row, **{column: int(row[column]) for column in numbers}}
            for row in read_csv(shipped("seed") / "vocabulary" / f"{table.name}.csv")
            if row[key.name] not in present
        ]
        if rows:
            connection.execute(insert(table), rows)
            add_entries(connection, table, (row[key.name] for row in rows))


def keyword_names(connection: Connection) -> list[str]:
    """Give the keywords of an exposure that rules and replays need, lower case, sorted."""
    return sorted(map(str.lower, connection.scalars(select(catalog.keywords.c.keyword))))


def assumed_values(connection: Connection) -> dict[str, str | None]:
    """Give what is assumed of each keyword where an exposure is given by keywords without it.

    By keyword in lower case: a value, None for no value, or `ANY` for one that fits.
    """
    from asnrules.engine.conditions import ANY

    table = catalog.keywords
    rows = connection.execute(select(table.c.keyword, table.c.assumed))
    meanings = {"": None, "(any)": ANY}
    return {keyword.lower(): meanings.get(assumed, assumed) for keyword, assumed in rows}


def exp_type_names(connection: Connection) -> list[str]:
    """Give all EXP_TYPEs, sorted."""
    return sorted(connection.scalars(select(catalog.exp_types.c.exp_type)))


def unknown_exp_types(engine: Engine, names: Iterable[str]) -> list[str]:
    """Say of EXP_TYPEs of exposures, in any case, which are not known, and what is near them."""
    with transaction(engine) as connection:
        known = exp_type_names(connection)
    unknown = sorted({name.upper() for name in names}.difference(known))
    lines = [
        f"no EXP_TYPE {shown(name)} in the catalog; {nearest_words(name, known)}"
        for name in unknown[:_FEW]
    ]
    more = len(unknown) - len(lines)
    return lines if not more else [*lines, f"nor {more:,} other EXP_TYPEs of the exposures"]


def known_exp_types(connection: Connection, names: Iterable[str]) -> list[str]:
    """Give EXP_TYPEs, in any case, in upper case; an unknown one is a NotFoundError."""
    known = exp_type_names(connection)
    wanted = [name.strip() for name in names]
    for name in wanted:
        if name.upper() not in known:
            near = what_is_meant(connection, name, known)
            raise NotFoundError(
                f"no EXP_TYPE {shown(name)} in the catalog; {near}; asnrules lookup shows all"
            )
    return [name.upper() for name in wanted]


_MEANINGS = (
    (catalog.asn_rules.c.asn_rule, "a rule", "rulesets blame"),
    (catalog.rulesets.c.label, "a ruleset", "rulesets show"),
    (catalog.exp_types.c.exp_type, "an EXP_TYPE", "lookup"),
    (catalog.instruments.c.instrument, "an instrument", "lookup"),
    (catalog.asn_types.c.asn_type, "an association type", "lookup"),
    (catalog.asn_types.c.pipeline, "a pipeline", "lookup"),
    (catalog.member_types.c.member_type, "a member type", "lookup"),
    (catalog.specials.c.special, "a special", "lookup"),
    (catalog.keywords.c.keyword, "a keyword", "classify"),
)
"""What a word may be, and the command that tells of it."""


def what_is_meant(connection: Connection, word: str, known: Iterable[str]) -> str:
    """Say of a word that is none of those known what else it is, or which are spelled like it."""
    for column, kind, command in _MEANINGS:
        for found in connection.scalars(select(column).distinct()):
            if found.casefold() == word.strip().casefold():
                given = f"{found}=VALUE" if command == "classify" else found
                return f"{found} is {kind}, see asnrules {command} {given}"
    return nearest_words(word, known)


def asn_type_names(connection: Connection) -> list[str]:
    """Give all types of Stage 2 associations, sorted."""
    return sorted(connection.scalars(select(catalog.asn_types.c.asn_type)))


def special_keywords(connection: Connection) -> list[tuple[str, str]]:
    """Give each special with the lower-case keyword that sets it, the first that counts first."""
    table = catalog.specials
    rows = connection.execute(select(table.c.special, table.c.keyword).order_by(table.c.position))
    return [(special, keyword.lower()) for special, keyword in rows]
