"""Which associations change: both rulesets make them again, from the same exposures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from itertools import chain

from asnrules.associations.comparison import field_differences, paired, surplus
from asnrules.associations.model import Association, members_of
from asnrules.engine.candidates import linked_exposures
from asnrules.engine.exposures import Work, canonical_order
from asnrules.engine.generation import Generation, Wanted
from asnrules.engine.signatures import SCIENCE, Judge
from asnrules.impact.decisions import Decisions
from asnrules.impact.remake import Remade, turned
from asnrules.impact.report import Changed, Reason
from asnrules.impact.turning import Named, RulesetCache
from asnrules.pools import parse_candidates
from asnrules.record.compare import content_of
from asnrules.record.pools import RecordedExposure, RunWithPools, stored_program


def affected_parts(
    exposures: Sequence[RecordedExposure], keywords: Sequence[str], decisions: Decisions
) -> list[list[RecordedExposure]]:
    """Give the exposures of linked candidates, as far as the draft may change their associations.

    What these are, `linked_exposures` tells.
    """
    names, texts = (
        [exposure.row[keywords.index(name)] for exposure in exposures]
        for name in ("filename", "asn_candidate")
    )
    parsed = {text: parse_candidates(text) for text in set(texts) if text is not None}
    return [
        [exposures[place] for place in part]
        for part in linked_exposures(texts, parsed, names)
        if any(decisions.decide(exposures[place].row).is_affected for place in part)
    ]


class Regrouping:
    """Makes the associations of exposures that could come together by two rulesets, and compares.

    The options of the run are followed: candidates, DMS mode, merging. What is compared is what a
    replay compares, and of the numbers in names how many digits they have.
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
        made = RulesetCache(lambda ruleset: Remade(self._made(decisions.judge(ruleset))))
        old, new = (made(judge.ruleset).associations for judge in decisions.judges)
        pairs = paired(surplus(old, new, content_of), surplus(new, old, content_of), [_same])
        named: Sequence[Named] = [()] * len(pairs)
        if decisions.chain is not None and pairs:
            named = turned(decisions.chain, made, pairs).associations
        for pair, changes in zip(pairs, named, strict=True):
            yield self._changed(*pair, changes, decisions)
        others = [after for _, after in pairs if after is not None]
        yield from self._renumbered(surplus(new, others, content_of), decisions)

    def _renumbered(self, same: Sequence[Association], decisions: Decisions) -> Iterator[Changed]:
        """Give associations that are the same but for how many digits their numbers have."""
        before, after = (judge.ruleset.settings.sequence_digits for judge in decisions.judges)
        if before == after:
            return
        turned_by: Named = ()
        if decisions.chain is not None:
            turned_by = decisions.chain.turned(lambda ruleset: ruleset.settings.sequence_digits)
        why = _whys(turned_by) or f"the setting sequence_digits is {after}, not {before}"
        for one in same:
            change = f"{_named(one)}: number of {before} digits -> {after}"
            yield self._told(one, change, why, turned_by)

    def _made(self, judge: Judge) -> list[Association]:
        work = Work.judged_by(judge, self._keywords, self._rows)
        wanted = Wanted.by(self._run.options).again(chain.from_iterable(self._candidates.values()))
        if wanted is None:
            return []
        return Generation(work, self._candidates, self._pools, wanted).run().associations

    def _changed(
        self,
        before: Association | None,
        after: Association | None,
        turned_by: Named,
        decisions: Decisions,
    ) -> Changed:
        """Say what changes, and why: by the changes that turned it, or else by what is known."""
        one = before or after
        assert one is not None  # noqa: S101
        why = _whys(turned_by)
        if not why:
            rules = {end.asn_rule for end in (before, after) if end is not None}
            why = decisions.why(rules, [self._rows[place] for place in _places(one)])
        return self._told(one, _change(before, after), why, turned_by)

    def _told(self, one: Association, change: str, why: str, turned_by: Named) -> Changed:
        place = _places(one)[0]
        values = dict(zip(self._keywords, self._rows[place], strict=True))
        return Changed(
            Reason("association", change, why),
            self._run.run_id,
            self._pools[place],
            stored_program(values["program"]),
            (values["exp_type"] or "").upper() or None,
            one.products[0].name,
            turned_by,
        )


def _whys(changes: Named) -> str:
    return "; ".join(change.why.rstrip(".") for change in changes)


def _places(one: Association) -> list[int]:
    """Give its exposures, those of sciences first."""
    members = sorted(members_of(one.products), key=lambda member: member.exptype != SCIENCE)
    return [member.exposure for member in members if member.exposure is not None]


def _same(one: Association) -> Hashable:
    """Give what makes it the same association, though something of it changed."""
    return one.asn_id, one.candidate_type, tuple(product.name for product in one.products)


def _change(before: Association | None, after: Association | None) -> str:
    if before is None or after is None or field_differences(before, after, _TYPE_AND_RULE):
        return f"{_named(before)} -> {_named(after)}"
    these, others = (_placed(one) for one in (before, after))
    parts = []
    for sign, members in (("-", these - others), ("+", others - these)):
        counts = Counter(exptype for _, exptype in members.elements())
        parts += [f"{sign}{count} {exptype}" for exptype, count in sorted(counts.items())]
    return f"{_named(before)}: members {', '.join(parts)}"


_TYPE_AND_RULE = ("asn_type", "asn_rule")


def _placed(one: Association) -> Counter[tuple[str, str]]:
    return Counter((member.expname, member.exptype) for _, member in one.placed)


def _named(one: Association | None) -> str:
    return "none" if one is None else f"{one.asn_type} by {one.asn_rule}"
