"""Which associations change: both rulesets make them again, from the same exposures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from functools import partial
from itertools import chain

from asnrules.associations.comparison import field_differences, paired, surplus
from asnrules.associations.model import Association, members_of
from asnrules.engine.candidates import linked_exposures
from asnrules.engine.exposures import Work, canonical_order
from asnrules.engine.generation import Generation, Wanted
from asnrules.engine.signatures import SCIENCE, Judge
from asnrules.impact.decisions import Decisions
from asnrules.impact.report import Changed, Reason
from asnrules.impact.turning import Once
from asnrules.pools import parse_candidates
from asnrules.record.pools import RecordedExposure, RunWithPools, stored_program
from asnrules.rules.model import Ruleset


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

    The options of the run are followed: candidates, DMS mode, merging. What is compared is type,
    rule, candidate, products and members; of the number in a name only how many digits it has.
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
        made = Once(lambda ruleset: self._made(decisions.judge(ruleset)))
        counts = Once(lambda ruleset: Counter(map(_content, made(ruleset))))
        rulesets = [judge.ruleset for judge in decisions.judges]
        digits = [ruleset.settings.sequence_digits for ruleset in rulesets]
        old, new = map(made, rulesets)
        if digits[0] == digits[1]:
            old, new = surplus(old, new, _content), surplus(new, old, _content)

        def state(ruleset: Ruleset, contents: Sequence[Hashable]) -> Hashable:
            return _digits(ruleset, contents), *(counts(ruleset)[one] for one in contents)

        for before, after in paired(old, new, [_same]):
            changed = self._changed(before, after, digits, decisions)
            if decisions.chain is not None:
                contents = [_content(one) for one in (before, after) if one is not None]
                turned = decisions.chain.turned(partial(state, contents=contents))
                changed = changed._replace(changes=turned)
            yield changed

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
        digits: Sequence[int],
        decisions: Decisions,
    ) -> Changed:
        """Say what changes, and why: by a reason of its exposures, those of sciences first."""
        one = before or after
        assert one is not None  # noqa: S101
        change = f"none -> {_named(one)}" if before is None else _change(before, after, digits)
        members = sorted(members_of(one.products), key=lambda member: member.exptype != SCIENCE)
        places = [member.exposure for member in members if member.exposure is not None]
        pairs = [decisions.decide(self._rows[place]) for place in places]
        why = next((reason for pair in pairs for _, reason in pair.changes), None)
        regroups = next((pair.regroups for pair in pairs if pair.regroups is not None), None)
        text = regroups or "the other exposures of the group"
        if why is not None:
            text = f"{why.change}: {why.why}"
        values = dict(zip(self._keywords, self._rows[places[0]], strict=True))
        return Changed(
            Reason("association", change, text),
            self._run.run_id,
            self._pools[places[0]],
            stored_program(values["program"]),
            (values["exp_type"] or "").upper() or None,
            one.products[0].name,
        )


def _same(one: Association) -> Hashable:
    """Give what makes it the same association, though something of it changed."""
    return one.asn_id, one.candidate_type, tuple(product.name for product in one.products)


def _content(one: Association) -> Hashable:
    return one.asn_type, one.asn_rule, one.asn_id, one.candidate_type, _contents(one)


def _digits(ruleset: Ruleset, contents: Sequence[Hashable]) -> int | None:
    """Give the digits of numbers, where they are what differs in an association."""
    is_same = len(contents) == 2 and contents[0] == contents[1]
    return ruleset.settings.sequence_digits if is_same else None


def _contents(one: Association) -> tuple[tuple[str, frozenset[tuple[str, str]]], ...]:
    return tuple(
        (product.name, frozenset((member.expname, member.exptype) for member in product.members))
        for product in one.products
    )


def _change(before: Association, after: Association | None, digits: Sequence[int]) -> str:
    if after is None:
        return f"{_named(before)} -> none"
    if field_differences(before, after, ("asn_type", "asn_rule")):
        return f"{_named(before)} -> {_named(after)}"
    old, new = _contents(before), _contents(after)
    if old == new:
        return f"{_named(before)}: number of {digits[0]} digits -> {digits[1]}"
    these, others = ([one for _, members in side for one in members] for side in (old, new))
    parts = []
    for sign, members in (
        ("-", surplus(these, others, tuple)),
        ("+", surplus(others, these, tuple)),
    ):
        counts = Counter(exptype for _, exptype in members)
        parts += [f"{sign}{count} {exptype}" for exptype, count in sorted(counts.items())]
    return f"{_named(before)}: members {', '.join(parts)}"


def _named(one: Association) -> str:
    return f"{one.asn_type} by {one.asn_rule}"
