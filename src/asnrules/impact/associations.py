"""Which associations change: both rulesets make them again, from the same exposures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

from asnrules.associations.comparison import paired, surplus
from asnrules.associations.model import Association
from asnrules.engine.candidates import Links, Selection, qualified, sub_pools
from asnrules.engine.exposures import Work, canonical_order
from asnrules.engine.generation import Generation, Wanted
from asnrules.engine.signatures import SCIENCE, Judge
from asnrules.impact.decisions import Decisions
from asnrules.impact.report import Changed, Reason
from asnrules.pools import parse_candidates
from asnrules.record.pools import RecordedExposure, RunWithPools
from asnrules.record.write import stored_program


class _Content(NamedTuple):
    """What is compared of an association; of its number, only how many digits it has."""

    asn_type: str
    asn_rule: str
    asn_id: str
    candidate_type: str
    products: tuple[tuple[str, frozenset[tuple[str, str]]], ...]
    digits: int

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        """What makes it the same association, though something of it changed."""
        return self.asn_id, self.candidate_type, tuple(name for name, _ in self.products)


_Made = tuple[_Content, list[int]]
"""An association, and the places of its exposures, sciences first."""


def affected_parts(
    exposures: Sequence[RecordedExposure], keywords: Sequence[str], decisions: Decisions
) -> list[list[RecordedExposure]]:
    """Give the exposures of linked candidates, as far as the draft may change their associations.

    Exposures come together for a candidate, and pruning compares associations that share members:
    exposures that no candidate links, directly or through others, do not affect each other.
    """
    candidate = keywords.index("asn_candidate")
    texts = [exposure.row[candidate] for exposure in exposures]
    parsed = {text: parse_candidates(text) for text in set(texts) if text is not None}
    links = Links()
    for pool in sub_pools(texts, parsed):
        for place in pool.places:
            links.join(pool.places[0], place)
    parts: dict[Hashable, list[int]] = defaultdict(list)
    for place in range(len(exposures)):
        parts[links.root(place)].append(place)
    return [
        [exposures[place] for place in part]
        for part in parts.values()
        if any(decisions.decide(exposures[place].row).is_affected for place in part)
    ]


class Regrouping:
    """Makes the associations of exposures that could come together by two rulesets, and compares.

    The options of the run are followed: candidates, DMS mode, merging.
    """

    def __init__(
        self, run: RunWithPools, keywords: Sequence[str], exposures: Sequence[RecordedExposure]
    ) -> None:
        self._run = run
        self._keywords = keywords
        rows = [exposure.row for exposure in exposures]
        candidate = keywords.index("asn_candidate")
        order = canonical_order(rows, keywords.index("filename"), candidate)
        self._rows = [rows[place] for place in order]
        self._pools = [run.pools[exposures[place].pool].name for place in order]
        texts = {row[candidate] or "null" for row in self._rows}
        self._candidates = {text: parse_candidates(text) for text in texts}

    def changes(self, decisions: Decisions) -> Iterator[Changed]:
        """Give the associations that change, come or go."""
        old, new = (self._made(judge) for judge in decisions.judges)
        went, came = surplus(old, new, _of), surplus(new, old, _of)
        pairs = paired(went, came, [lambda one: one[0].key])
        for at, (content, places) in enumerate(went):
            other = came[pairs[at]][0] if at in pairs else None
            yield self._changed(places, content, _change(content, other), decisions)
        for at, (content, places) in enumerate(came):
            if at not in pairs.values():
                yield self._changed(places, content, _change(None, content), decisions)

    def _made(self, judge: Judge) -> list[_Made]:
        """Give the associations, each with the places of its exposures, sciences first."""
        work = Work.judged_by(judge, self._keywords, self._rows)
        pairs = {pair for found in self._candidates.values() for pair in found}
        ids = {pair.id for pair in pairs} | set(map(qualified, pairs))
        asked = frozenset(self._run.options.get("candidates") or ())
        if asked and not asked & ids:
            return []
        wanted = Wanted(
            selection=Selection(asked & ids, bool(self._run.options.get("dms"))),
            merge=bool(self._run.options.get("merge")),
            diagnosed=False,
            explained=False,
        )
        outcome = Generation(work, self._candidates, self._pools, wanted).run()
        digits = work.ruleset.settings.sequence_digits
        return [(_content(one, digits), _places(one)) for one in outcome.associations]

    def _changed(
        self, places: Sequence[int], content: _Content, change: str, decisions: Decisions
    ) -> Changed:
        pairs = [decisions.decide(self._rows[place]) for place in places]
        why = next((pair.reasons[0] for pair in pairs if pair.reasons), None)
        regroups = next((pair.regroups for pair in pairs if pair.regroups is not None), None)
        text = "the other exposures of the group"
        if why is not None:
            text = f"{why.change}: {why.why}"
        elif regroups is not None:
            text = regroups
        values = dict(zip(self._keywords, self._rows[places[0]], strict=True))
        return Changed(
            Reason("association", change, text),
            self._run.run_id,
            self._pools[places[0]],
            stored_program(values["program"]),
            (values["exp_type"] or "").upper() or None,
            content.products[0][0],
        )


def _of(made: _Made) -> _Content:
    return made[0]


def _content(association: Association, digits: int) -> _Content:
    return _Content(
        association.asn_type,
        association.asn_rule,
        association.asn_id,
        association.candidate_type,
        tuple(
            (
                product.name,
                frozenset((member.expname, member.exptype) for member in product.members),
            )
            for product in association.products
        ),
        digits,
    )


def _places(association: Association) -> list[int]:
    members = [member for product in association.products for member in product.members]
    members.sort(key=lambda member: member.exptype != SCIENCE)
    return [member.exposure for member in members if member.exposure is not None]


def _change(before: _Content | None, after: _Content | None) -> str:
    if after is None:
        return f"{_named(before)} -> none"
    if before is None:
        return f"none -> {_named(after)}"
    if (before.asn_type, before.asn_rule) != (after.asn_type, after.asn_rule):
        return f"{_named(before)} -> {_named(after)}"
    if before.products != after.products:
        return f"{_named(before)}: {_members(before, after)}"
    return f"{_named(before)}: number of {before.digits} digits -> {after.digits}"


def _named(content: _Content | None) -> str:
    return "none" if content is None else f"{content.asn_type} by {content.asn_rule}"


def _members(before: _Content, after: _Content) -> str:
    """Say how members differ, by exptype."""
    old, new = (
        [one for _, members in side.products for one in members] for side in (before, after)
    )
    parts = []
    for sign, members in (("-", surplus(old, new, tuple)), ("+", surplus(new, old, tuple))):
        counts = Counter(exptype for _, exptype in members)
        parts += [f"{sign}{count} {exptype}" for exptype, count in sorted(counts.items())]
    return "members " + ", ".join(parts)
