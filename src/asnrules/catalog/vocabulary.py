"""The words of the field: instruments, EXP_TYPEs, member types, specials, keywords."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Integer, insert, select

from asnrules.catalog.plain import read_csv
from asnrules.database import schema
from asnrules.engine.values import ANY
from asnrules.shipped import shipped

TABLES = ("instruments", "exp_types", "member_types", "keywords", "specials", "asn_types")
"""The vocabulary tables, those referred to before those that refer."""


def seed_vocabulary(connection: Connection) -> None:
    """Add the words of the shipped vocabulary that the database does not have.

    Parameters
    ----------
    connection : Connection
        In a writing transaction.
    """
    for name in TABLES:
        table = schema.metadata.tables[name]
        key = table.columns[0]
        present = set(connection.execute(select(key)).scalars())
        numbers = [column.name for column in table.columns if isinstance(column.type, Integer)]
        rows: list[dict[str, Any]] = [
            {**row, **{column: int(row[column]) for column in numbers}}
            for row in read_csv(shipped("seed") / "vocabulary" / f"{name}.csv")
            if row[key.name] not in present
        ]
        if rows:
            connection.execute(insert(table), rows)


def keyword_names(connection: Connection) -> list[str]:
    """Give the keywords of an exposure that rules and replays need, lower case, sorted."""
    names = connection.execute(select(schema.keywords.c.keyword)).scalars()
    return sorted(name.lower() for name in names)


def assumed_values(connection: Connection) -> dict[str, str | None]:
    """Give what is assumed of each keyword where an exposure is given by keywords without it.

    Returns
    -------
    dict of str to (str or None)
        Lower-case keyword to value; None for no value, `ANY` for one that fits.
    """
    table = schema.keywords
    rows = connection.execute(select(table.c.keyword, table.c.assumed))
    meanings = {"": None, "(any)": ANY}
    return {keyword.lower(): meanings.get(assumed, assumed) for keyword, assumed in rows}


def exp_type_names(connection: Connection) -> list[str]:
    """Give all EXP_TYPEs, sorted."""
    return sorted(connection.execute(select(schema.exp_types.c.exp_type)).scalars())


def special_keywords(connection: Connection) -> list[tuple[str, str]]:
    """Give each special with the lower-case keyword that sets it, the first that counts first."""
    table = schema.specials
    rows = connection.execute(select(table.c.special, table.c.keyword).order_by(table.c.position))
    return [(special, keyword.lower()) for special, keyword in rows]
