"""The exposures of a pool, judged, in the canonical order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
from typing import Any

from asnrules.associations.model import Member
from asnrules.engine.conditions import Row
from asnrules.engine.signatures import Judge, Judgement
from asnrules.rules.model import Key, Ruleset

_CANDIDATE = re.compile(r"[\[(][^\[\]()]*[\])]")


def canonical_order(rows: Sequence[Row], filename: int, candidates: int) -> list[int]:
    """Give the places of rows in order of file name, then of the remaining values.

    It is told where the file name and the list of candidates stand in a row. The order in which an
    exposure lists its candidates counts for nothing.
    """
    by_name = sorted(range(len(rows)), key=lambda place: rows[place][filename] or "")
    order: list[int] = []
    for _, group in groupby(by_name, key=lambda place: rows[place][filename]):
        same = list(group)
        if len(same) > 1:
            same.sort(key=lambda place: _values(rows[place], candidates))
        order += same
    return order


def _values(row: Row, candidates: int) -> tuple[list[str], ...]:
    listed = sorted(_CANDIDATE.findall(row[candidates] or ""))
    return tuple(
        listed if listed and place == candidates else [value or ""]
        for place, value in enumerate(row)
    )


def whole_number(value: str | None) -> int | None:
    """Read a value as a whole number, as jwst does: `1.0` is none."""
    try:
        return None if value is None else int(value)
    except ValueError:
        return None


def member_name(filename: str, *, rateints: bool) -> str:
    """Give the expname of a member: `rate` or `rateints` for `uncal`; any other name stays."""
    stem, _, extension = filename.rpartition("_uncal.")
    if not (stem and extension):
        return filename
    return f"{stem}_{'rateints' if rateints else 'rate'}.{extension}"


def _identities(
    ruleset: Ruleset, names: Sequence[str], rows: Sequence[Row], others: Sequence[int]
) -> Sequence[int]:
    if len(set(names)) == len(names):
        return range(len(names))
    units: Sequence[Any] = names
    if ruleset.settings.taken_once != "file":
        units = list(zip(rows, others, strict=True)) if others else rows
    seen: dict[Any, int] = {}
    return [seen.setdefault(one, place) for place, one in enumerate(units)]


class KeyFinds(dict[Any, int]):
    """What a key finds in exposures: from the cells of its sources to a number of `pairs`.

    Equal numbers are for equal finds. It learns cells when it first meets them.
    """

    def __init__(self, work: Work, sources: tuple[str, ...]) -> None:
        super().__init__()
        self._known = [source for source in sources if source in work.places]
        self._empty = work.ruleset.empty
        self._numbers: dict[tuple[str, str], int] = {}
        places: list[Any] = [work.places[source] for source in self._known]
        self.cells: Callable[[Row], Any] = itemgetter(*places or [slice(0)])
        """Gives the cells of its sources in a row."""
        self.pairs: list[tuple[str, str] | None] = [None]
        """The keyword and its value; None, which has the number 0, for no value."""

    def __missing__(self, cells: Any) -> int:
        values = (cells,) if len(self._known) == 1 else cells
        pairs = zip(self._known, values, strict=True)
        pair = next((pair for pair in pairs if pair[1] not in self._empty), None)
        number = 0
        if pair is not None:
            number = self._numbers.setdefault(pair, len(self.pairs))
            if number == len(self.pairs):
                self.pairs.append(pair)
        self[cells] = number
        return number

    def pair(self, row: Row) -> tuple[str, str] | None:
        """Give the keyword and its value in a row."""
        return self.pairs[self[self.cells(row)]]


class Members(dict[int, Member]):
    """The members that exposures become in a role, by place; made when they are first asked for."""

    def __init__(self, work: Work, exptype: str, role: str, rateints: bool) -> None:
        super().__init__()
        self._rows, self._exptype, self._role = work.rows, exptype, role
        self._name, self._error = work.places["filename"], work.places.get("exposerr")
        self.rateints = rateints

    def __missing__(self, place: int) -> Member:
        row = self._rows[place]
        name = member_name(row[self._name] or "", rateints=self.rateints)
        error = None if self._error is None else row[self._error]
        made = self[place] = Member(name, self._exptype, error, place, None, self._role)
        return made


@dataclass(frozen=True, slots=True)
class Work:
    """The judged exposures of a pool, each named by its place in canonical order."""

    ruleset: Ruleset
    rows: Sequence[Row]
    places: dict[str, int]
    """The place of a keyword in a row."""
    judgements: Sequence[Judgement]
    has_other_names: bool
    """Whether any exposure is listed under a name that is not that of its uncal product."""
    degraded: AbstractSet[int] = frozenset()
    """The exposures that have an error."""
    has_repeated_names: bool = False
    """Whether any file name comes more than once."""
    ranks: Mapping[int, int] = field(default_factory=dict)
    """For the number of each rule its place in the order in which exposures first meet it."""
    identities: Sequence[int] = ()
    """A number for each exposure; of those with the same, an association takes one."""
    _finds: dict[tuple[str, ...], KeyFinds] = field(default_factory=dict)
    _members: dict[tuple[str, str, bool], Members] = field(default_factory=dict)

    @classmethod
    def judged(
        cls,
        ruleset: Ruleset,
        keywords: Sequence[str],
        rows: Sequence[Row],
        others: Sequence[int] = (),
    ) -> Work:
        """Judge the exposures of a pool, given in canonical order; see `judged_by`."""
        return cls.judged_by(Judge(ruleset, keywords), keywords, rows, others)

    @classmethod
    def judged_by(
        cls, judge: Judge, keywords: Sequence[str], rows: Sequence[Row], others: Sequence[int] = ()
    ) -> Work:
        """Judge exposures by a judge that remembers the signatures of others.

        Rows that are equal but differ in `others`, if given, are not the same row.
        """
        places = {keyword: place for place, keyword in enumerate(keywords)}
        names = [row[places["filename"]] or "" for row in rows]
        empty = judge.ruleset.empty
        error = places.get("exposerr")
        degraded: set[int] = set()
        if error is not None:
            degraded = {place for place, row in enumerate(rows) if row[error] not in empty}
        work = cls(
            judge.ruleset,
            rows,
            places,
            judgements=[judge.judge(row) for row in rows],
            has_other_names=any("_uncal." not in name for name in names),
            degraded=degraded,
            has_repeated_names=len(set(names)) < len(names),
            identities=_identities(judge.ruleset, names, rows, others),
        )
        return replace(work, ranks=work._ranked())

    def part(self, places: Sequence[int]) -> Work:
        """Give some of the exposures, in canonical order, judged as they are here."""
        # What holds of the names of the pool still holds: so do selected candidates see them.
        return replace(
            self,
            rows=[self.rows[place] for place in places],
            judgements=[self.judgements[place] for place in places],
            identities=[self.identities[place] for place in places],
            degraded={number for number, place in enumerate(places) if place in self.degraded},
            _finds={},
            _members={},
        )

    def members(self, exptype: str, role: str, *, rateints: bool) -> Members:
        """Give the exposures as members: their rate or rateints products, if they are uncal ones.

        The same exposure comes as a member again and again, so each is made and held once.
        """
        found = self._members.get((exptype, role, rateints))
        if found is None:
            found = self._members[exptype, role, rateints] = Members(self, exptype, role, rateints)
        return found

    def forget(self) -> None:
        """Forget what was found out for making associations: it takes as much memory as they do."""
        self._members.clear()
        self._finds.clear()

    def value(self, place: int, keyword: str) -> str | None:
        """Give the raw value of an exposure's keyword; None if there is no such column."""
        column = self.places.get(keyword)
        return None if column is None else self.rows[place][column]

    def column(self, keyword: str) -> list[str | None]:
        """Give the raw values of a keyword of all exposures; the column has to be there."""
        at = self.places[keyword]
        return [row[at] for row in self.rows]

    def given(self, place: int, keyword: str) -> str | None:
        """Give the value of an exposure's keyword; None if it is empty."""
        value = self.value(place, keyword)
        return None if value in self.ruleset.empty else value

    def number(self, place: int, keyword: str) -> int | None:
        """Give the value of an exposure's keyword as a whole number; None if it is none."""
        return whole_number(self.value(place, keyword))

    def first_given(self, place: int, sources: Sequence[str]) -> tuple[str, str] | None:
        """Give the first keyword of several that has a value, and the value."""
        for source in sources:
            value = self.given(place, source)
            if value is not None:
                return source, value
        return None

    def _ranked(self) -> dict[int, int]:
        """Give each rule a number in the order in which exposures first meet it, if it counts."""
        ranks: dict[int, int] = {}
        if self.ruleset.settings.generation_order != "by_rule":
            return ranks
        has_candidates = "asn_candidate" in self.places
        for place, judgement in enumerate(self.judgements):
            new = [number for number in judgement.takers if number not in ranks]
            # Exposures without a candidate make no association, and so do not order the rules.
            if new and (not has_candidates or self.given(place, "asn_candidate") is not None):
                for number in new:
                    if self._meets(place, number):
                        ranks[number] = len(ranks)
        return ranks

    def _meets(self, place: int, number: int) -> bool:
        """Tell whether an exposure that a rule can take has the keys of it and of a role."""

        def has(keys: Iterable[Key]) -> bool:
            needed = (key.sources for key in keys if key.required)
            return all(self.first_given(place, sources) is not None for sources in needed)

        fitting = self.judgements[place].verdicts[number].fitting
        return has(self.ruleset.rules[number].keys) and any(has(role.keys) for role in fitting)

    def key(self, sources: tuple[str, ...]) -> KeyFinds:
        """Give what a key with these sources finds in exposures."""
        finds = self._finds.get(sources)
        if finds is None:
            finds = self._finds[sources] = KeyFinds(self, sources)
        return finds

    def distinct(self, keyword: str) -> set[str]:
        """Give the values of a keyword in all exposures, each once; empty ones are left out."""
        at = self.places.get(keyword)
        values = set() if at is None else set(map(itemgetter(at), self.rows))
        return {value for value in values if value is not None and value not in self.ruleset.empty}

    def found(self, sources: tuple[str, ...]) -> list[tuple[str, str]]:
        """Give all that a key with these sources finds in the exposures."""
        finds = KeyFinds(self, sources)
        for cells in dict.fromkeys(map(finds.cells, self.rows)):
            finds[cells]
        return [pair for pair in finds.pairs if pair is not None]
