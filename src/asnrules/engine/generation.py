"""Make the Stage 2 associations of exposures, and decide what becomes of each exposure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from asnrules.associations.model import DEGRADED, NO_DEGRADED, Association, Member, Product
from asnrules.engine.candidates import Pair, sub_pools
from asnrules.engine.conditions import requirement_holds
from asnrules.engine.drafts import Draft, DraftMember, Work
from asnrules.engine.finishing import STEPS
from asnrules.engine.finishing.names import (
    UNDEFINED_PRODUCT,
    association_name,
    member_name,
    product_name,
    program_name,
)
from asnrules.engine.finishing.pruning import Entry, prune
from asnrules.engine.grouping import Grouping
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.wording import constraints_text


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out for a pool.

    Attributes
    ----------
    associations : list of Association
        In the order in which they are numbered.
    memberships : list of int
        For each exposure, in canonical order, in how many associations it is.
    reasons : dict of int to str
        For each exposure that is in none, why, where the rules alone do not say it.
    """

    associations: list[Association]
    memberships: list[int]
    reasons: dict[int, str]


class Generation:
    """Makes the associations of one pool.

    Parameters
    ----------
    work : Work
        The judged exposures, in canonical order.
    candidates : mapping
        From asn_candidate text to its pairs of id and type.
    pool_names : sequence of str
        For each exposure, the name of its pool.
    version_id : str or None
        To be put into names.
    """

    def __init__(
        self,
        work: Work,
        candidates: Mapping[str, Sequence[Pair]],
        pool_names: Sequence[str],
        version_id: str | None = None,
    ) -> None:
        self._work = work
        self._candidates = candidates
        self._pool_names = pool_names
        self._version_id = version_id
        self._reasons: dict[int, str] = {}

    def run(self, progress: Callable[[int, int], None] | None = None) -> Outcome:
        """Make the associations.

        Parameters
        ----------
        progress : callable, optional
            Called with the candidates done and the candidates there are.
        """
        drafts = self._drafts(progress)
        products = [self._product(draft) for draft in drafts]
        entries = [
            self._entry(draft, product) for draft, product in zip(drafts, products, strict=True)
        ]
        numbers: Counter[tuple[str, str]] = Counter()
        associations = []
        for place in prune(entries):
            draft = drafts[place]
            counted = (draft.candidate[0], draft.rule.asn_type)
            numbers[counted] += 1
            associations.append(self._association(draft, products[place], numbers[counted]))
        return self._outcome(associations)

    def _drafts(self, progress: Callable[[int, int], None] | None) -> list[Draft]:
        """Grow and finish the associations, in order of generation."""
        texts = [self._work.value(place, "asn_candidate") for place in range(len(self._work.rows))]
        pools = sub_pools(texts, self._candidates)
        drafts: list[Draft] = []
        for done, pool in enumerate(pools, 1):
            grown = self._grow(pool.candidate, pool.places)
            grown.sort(key=lambda draft: (draft.creator, draft.rule.name))
            for draft in grown:
                drafts += self._finish(draft)
            if progress is not None:
                progress(done, len(pools))
        return drafts

    def _grow(self, candidate: Pair, places: Sequence[int]) -> list[Draft]:
        taken: dict[int, list[int]] = {}
        for place in places:
            for number in self._work.judgements[place].takers:
                taken.setdefault(number, []).append(place)
        values = {"candidate_id": candidate[0], "candidate_type": candidate[1]}
        grown: list[Draft] = []
        for number, exposures in taken.items():
            rule = self._work.ruleset.rules[number]
            if all(requirement_holds(use, values) for use in rule.candidate_requirements):
                grown += Grouping(self._work, number, candidate).associations(exposures)
        return grown

    def _finish(self, draft: Draft) -> list[Draft]:
        draft.grown = draft.members
        finished = [draft]
        for name in draft.rule.steps:
            following: list[Draft] = []
            for one in finished:
                result = STEPS[name](one, self._work)
                if isinstance(result, str):
                    for member in one.grown:
                        if member.place is not None:
                            self._reasons.setdefault(member.place, result)
                else:
                    following += result
            finished = following
        return finished

    # --------------------------------------------------------------------- naming

    def _product(self, draft: Draft) -> Product:
        members = tuple(self._member(member) for member in draft.members)
        science = next((member for member in members if member.exptype == SCIENCE), None)
        if science is None:
            return Product(UNDEFINED_PRODUCT, members)
        return Product(product_name(science.expname, self._work.ruleset.suffixes), members)

    def _member(self, member: DraftMember) -> Member:
        if member.place is None:
            return Member(member.expname or "", member.exptype, None, None)
        filename = self._work.value(member.place, "filename") or ""
        expname = member_name(filename, rateints=member.rateints)
        exposerr = self._work.value(member.place, "exposerr")
        return Member(expname, member.exptype, exposerr, member.place)

    def _entry(self, draft: Draft, product: Product) -> Entry:
        suffixes = self._work.ruleset.suffixes
        twins = frozenset(
            (product_name(member.expname, suffixes), member.exptype) for member in product.members
        )
        return Entry(
            asn_id=draft.candidate[0],
            product=product.name,
            members={member.expname: member.exptype for member in product.members},
            twins=(draft.rule.asn_type, draft.candidate[0][0], twins),
        )

    def _association(self, draft: Draft, product: Product, sequence: int) -> Association:
        work = self._work
        program = program_name(work.value(draft.creator, "program"))
        asn_id, candidate_type = draft.candidate
        asn_type = draft.rule.asn_type
        degraded = any(
            member.place is not None and work.given(member.place, "exposerr") is not None
            for member in draft.grown
        )
        return Association(
            asn_name=association_name(program, asn_id, asn_type, sequence, self._version_id),
            asn_type=asn_type,
            asn_rule=draft.rule.name,
            asn_id=asn_id,
            candidate_type=candidate_type,
            program=program,
            target=work.value(draft.creator, "targetid") or "",
            asn_pool=self._pool_names[draft.creator],
            version_id=self._version_id,
            degraded_status=DEGRADED if degraded else NO_DEGRADED,
            constraints=constraints_text(draft, work.ruleset.label),
            products=(product,),
        )

    # --------------------------------------------------------------------- decisions

    def _outcome(self, associations: list[Association]) -> Outcome:
        memberships = [0] * len(self._work.rows)
        for association in associations:
            for product in association.products:
                for member in product.members:
                    if member.exposure is not None:
                        memberships[member.exposure] += 1
        reasons = {}
        for place, count in enumerate(memberships):
            if count == 0:
                reason = self._reason(place)
                if reason is not None:
                    reasons[place] = reason
        return Outcome(associations, memberships, reasons)

    def _reason(self, place: int) -> str | None:
        """Say why an exposure that rules would take is in no association."""
        if not self._work.judgements[place].takers:
            return None
        text = self._work.value(place, "asn_candidate")
        if not self._candidates.get(text or ""):
            return "it belongs to no candidate"
        return self._reasons.get(place, "no rule took it for its candidates")
