"""Look up rows of the exposure-mode table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import NamedTuple

from sqlalchemy import Connection, literal, select, union_all

from asnrules.catalog.rulesets import TABLE, RulesetInfo, list_rulesets, published
from asnrules.catalog.vocabulary import what_is_meant
from asnrules.database.schema.catalog import (
    asn_types,
    exp_types,
    exposure_modes,
    instruments,
    member_types,
    specials,
)
from asnrules.errors import NotFoundError
from asnrules.util.results import shown_briefly
from asnrules.util.text import near_spellings, shown


@shown_briefly
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
    """Which rows are wanted; an empty field wants all.

    A word is an EXP_TYPE, the beginning of some (NRS, MIR_LRS), or a value of another column; all
    may be patterns (`NRS_*`), in any case. Words for the exposure, for its class and for its
    association each narrow what the others leave, and are alternatives among themselves.
    """

    words: Sequence[str] = ()
    instrument: str | None = None
    member_type: str | None = None
    special: str | None = None
    asn_type: str | None = None


_NAMED = {
    "exp_type": exp_types.c.exp_type,
    "instrument": instruments.c.instrument,
    "asn_type": asn_types.c.asn_type,
    "pipeline": asn_types.c.pipeline,
    "member_type": member_types.c.member_type,
    "special": specials.c.special,
}
"""The columns that words are looked for in, in this order, and where all that they may say is."""

_SUBJECTS: tuple[tuple[str, ...], ...] = (
    ("exp_type", "instrument"),
    ("asn_type", "pipeline"),
    ("member_type", "special"),
)
"""Columns that say one thing of a row."""

_NONE = "N/A"
_MAY_BE_NONE = frozenset({"special", "asn_type"})


class _Wanted(NamedTuple):
    """The values of columns that one word stands for."""

    word: str
    values: set[tuple[str, str]]

    def has(self, mode: ExposureMode) -> bool:
        return any((getattr(mode, field) or _NONE) == one for field, one in self.values)


def look_up(
    connection: Connection, info: RulesetInfo, wanted: Filter | None = None
) -> list[ExposureMode]:
    """Give rows of a table, in their order.

    What is wanted may be in any case; `N/A` for special and asn_type wants the rows that have none.
    A value that the catalog does not know is a NotFoundError, which suggests near spellings. If all
    are known, but no row fits, the answer is empty; see `rowless`.
    """
    modes = _modes(connection, info)
    if wanted is None or not any(wanted):
        return modes
    words, options = _read(connection, wanted)
    found = [mode for mode in modes if all(one.has(mode) for one in options)]
    for fields in _SUBJECTS:
        if own := [one for one in words if any(field in fields for field, _ in one.values)]:
            found = [mode for mode in found if any(one.has(mode) for one in own)]
    return found


def look_up_all(
    connection: Connection, info: RulesetInfo, wanted: Filter
) -> tuple[list[ExposureMode], list[str]]:
    """Give rows of a table, and say which of the words that are wanted none of its rows has."""
    modes = look_up(connection, info, wanted)
    # One word of which there are rows has some itself.
    return modes, rowless(connection, info, wanted) if len(wanted.words) > 1 or not modes else []


def rowless(connection: Connection, info: RulesetInfo, wanted: Filter) -> list[str]:
    """Say which of the values that are wanted no row of a table has, and when one had them."""
    words, options = _read(connection, wanted)
    modes = _modes(connection, info)
    rare = [one for one in (*words, *options) if not any(map(one.has, modes))]
    if not rare:
        return []
    infos = published(list_rulesets(connection), TABLE)
    tables = [(one, _modes(connection, one)) for one in infos]
    texts = []
    for one in rare:
        having = [any(map(one.has, modes)) for _, modes in tables]
        periods = ", ".join(_periods(infos, having))
        texts.append(
            f"{shown(one.word)} has no row in {info.ruleset}, "
            + (f"but in the tables in force {periods}" if periods else "nor in any other table")
        )
    return texts


def _periods(infos: Sequence[RulesetInfo], having: Sequence[bool]) -> Iterator[str]:
    """Say in which periods a row was in force, by the tables that have it."""
    starts = [
        at for at, (before, now) in enumerate(pairwise((False, *having))) if now and not before
    ]
    for start in starts:
        end = next((at for at in range(start, len(having)) if not having[at]), len(having)) - 1
        until = infos[end].effective_until
        yield f"from {infos[start].effective_from} to {until or 'further notice'}"


def _read(connection: Connection, wanted: Filter) -> tuple[list[_Wanted], list[_Wanted]]:
    """Give the values that the words and the other fields of a filter stand for."""
    known: dict[str, list[str]] = {field: [] for field in _NAMED}
    every = (select(literal(field), column).distinct() for field, column in _NAMED.items())
    for field, value in connection.execute(union_all(*every)):
        known[field].append(value)
    words = [_of_word(connection, word, known) for word in wanted.words]
    options = []
    for field in ("instrument", "member_type", "special", "asn_type"):
        if (word := getattr(wanted, field)) is not None:
            values = [*sorted(known[field]), *([_NONE] * (field in _MAY_BE_NONE))]
            if not (fitting := _fitting(word, values)):
                raise _unknown(connection, field, word, values)
            options.append(_Wanted(word, {(field, value) for value in fitting}))
    return words, options


def _of_word(connection: Connection, word: str, known: dict[str, list[str]]) -> _Wanted:
    of_types: tuple[str, ...] = ("exp_type",)
    for fields in (of_types, *_SUBJECTS):
        values = {(field, one) for field in fields for one in _fitting(word, known[field])}
        if not values and fields == of_types:
            start = word.strip().upper().rstrip("_-")
            begin = (f"{start}_", f"{start}-")
            values = {("exp_type", one) for one in known["exp_type"] if one.startswith(begin)}
        if values:
            return _Wanted(word, values)
    every = sorted(one for own in known.values() for one in own)
    raise _unknown(connection, "EXP_TYPE or other word of the table:", word, every)


def _fitting(word: str, values: Iterable[str]) -> list[str]:
    pattern = word.strip().casefold().replace("[", "[[]")
    return [value for value in values if fnmatchcase(value.casefold(), pattern)]


def _unknown(connection: Connection, what: str, word: str, known: Sequence[str]) -> NotFoundError:
    near = _near_patterns(word, known) or what_is_meant(connection, word, known)
    return NotFoundError(
        f"no {what} {shown(word)} in the catalog; {near}; asnrules lookup shows all"
    )


def _near_patterns(word: str, known: Sequence[str]) -> str:
    """Say which patterns fit something and begin most like one; what instruments' begin with."""
    start = re.split(r"[*?]", word.strip(), maxsplit=1)[0]
    if not start or start == word.strip():
        return ""
    # Of one that is written in two ways, the last counts: that of EXP_TYPEs.
    starts = sorted({one[: len(start)] for one in known if len(one) >= len(start)}, reverse=True)
    near = near_spellings(start, starts)
    if near:
        return f"near it are {', '.join(f'{one}*' for one in near)}"
    families = sorted({one.partition("_")[0] for one in known if "_" in one and one.isupper()})
    return f"nothing is near it; EXP_TYPEs begin with {', '.join(families)}"


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
