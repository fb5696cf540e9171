"""Look up rows of the exposure-mode table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from asnrules.catalog.rulesets import RulesetInfo
from asnrules.catalog.vocabulary import exp_type_names
from asnrules.database.schema.catalog import asn_types, exp_types, exposure_modes
from asnrules.errors import NotFoundError
from asnrules.util.text import near_spellings


class ExposureMode(NamedTuple):
    """A row of a table, with what the vocabulary says of it."""

    ruleset: str
    exp_type: str
    instrument: str
    member_type: str
    special: str | None
    """The special that the row is for; None stands for N/A."""
    asn_type: str | None
    """The association made and the pipeline that takes it; None stands for N/A."""
    pipeline: str | None
    footnote: str | None
    position: int
    """The place of the row in the table, from 1."""


class Filter(NamedTuple):
    """Which rows are wanted; an empty field wants all."""

    exp_types: Sequence[str] = ()
    instrument: str | None = None
    member_type: str | None = None
    special: str | None = None
    asn_type: str | None = None


def look_up(
    connection: Connection, info: RulesetInfo, wanted: Filter | None = None
) -> list[ExposureMode]:
    """Give rows of a table, in their order.

    What is wanted may be in any case; `N/A` for special and asn_type wants the rows that have none.
    A value that the catalog does not know is a NotFoundError, which suggests near spellings. If all
    are known, but no row fits, the answer is empty.
    """
    modes = _modes(connection, info)
    if wanted is None:
        return modes
    names = [name.upper() for name in wanted.exp_types]
    known = exp_type_names(connection)
    for name in names:
        _check("EXP_TYPE", name, known)
    found = [mode for mode in modes if not names or mode.exp_type in names]
    for field in ("instrument", "member_type", "special", "asn_type"):
        if (value := getattr(wanted, field)) is not None:
            spell = str.upper if field == "instrument" else str.lower
            value = spell(value)
            _check(field, value, sorted({spell(getattr(mode, field) or "N/A") for mode in modes}))
            found = [mode for mode in found if spell(getattr(mode, field) or "N/A") == value]
    return found


def _modes(connection: Connection, info: RulesetInfo) -> list[ExposureMode]:
    table = exposure_modes
    statement = (
        select(
            table.c.exp_type,
            exp_types.c.instrument,
            table.c.member_type,
            table.c.special,
            table.c.asn_type,
            asn_types.c.pipeline,
            table.c.footnote,
            table.c.position,
        )
        .join(exp_types, exp_types.c.exp_type == table.c.exp_type)
        .outerjoin(asn_types, asn_types.c.asn_type == table.c.asn_type)
        .where(table.c.ruleset_id == info.ruleset_id)
        .order_by(table.c.position)
    )
    return [ExposureMode(info.ruleset, *row) for row in connection.execute(statement)]


def _check(what: str, value: str, known: Sequence[str]) -> None:
    if value in known:
        return
    near = near_spellings(value, known, cutoff=0.5)
    hint = f"near it are {', '.join(near)}" if near else f"there are {', '.join(known[:5])}"
    more = "" if len(near) == len(known) else "; asnrules lookup shows all"
    raise NotFoundError(f"no {what} {value!r} in the catalog; {hint}{more}")
