"""Make the associations of each candidate by all rules, and take them through the steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import islice
from typing import Any, NamedTuple

from asnrules.associations.model import DISCOVERED, Member, Product
from asnrules.engine.candidates import Pair, SubPool, cannot_stand, discovers, refusal
from asnrules.engine.exposures import Work
from asnrules.engine.grouping import Grouping
from asnrules.engine.growing import Fate, GrowingAssociation, Lack, exptype_of, find
from asnrules.engine.joint_candidates import JointCandidates
from asnrules.engine.naming import Naming
from asnrules.engine.order_sensitivity import Numbered, OrderDependence, OrderSensitivity
from asnrules.engine.pruning import Unnamed
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.steps import finish, unfinished_steps
from asnrules.rules.model import Key

OF_SCIENCE, OF_NO_CANDIDATE, OF_COMPANION, OF_OTHER_CANDIDATE = range(4)
"""How much a reason says of an exposure: of an association that it would have been the science of,
of a candidate, of an association that it would have helped, of what a rule is for."""

_SAME_CANDIDATE = Key("candidate", ("asn_candidate",))


class Refused(NamedTuple):
    """Exposures of an association that did not come about."""

    rank: int
    """How much the reason says: the lower, the more."""
    places: list[int]
    lack: Lack
    """Why it did not come about."""
    number: int
    """The place of the rule in the ruleset."""
    candidate: Pair


class Origin(NamedTuple):
    """What an association was made of."""

    number: int
    """The place of the rule in the ruleset."""
    creator: int
    candidate: Pair


@dataclass(slots=True)
class Made:
    """What came of some candidates."""

    unnamed: list[Unnamed] = field(default_factory=list)
    """The associations, in order of generation."""
    finished: list[GrowingAssociation] = field(default_factory=list)
    """The same before they were named; only where an exposure is watched."""
    refused: list[Refused] = field(default_factory=list)
    """Exposures of associations that did not come about, and why not."""
    fates: list[Fate] = field(default_factory=list)
    """What became of the watched exposure in associations that did not come about."""
    order_dependent: list[OrderDependence] = field(default_factory=list)
    """Groups for which jwst's answer depends on the order of the rows."""
    unfinished: list[Origin] = field(default_factory=list)
    """Those associations that leave all of the pool unfinished."""

    def add(self, other: Made) -> None:
        """Take in what came of the candidates that follow."""
        for one in fields(self):
            getattr(self, one.name).extend(getattr(other, one.name))

    def __getstate__(self) -> tuple[Any, ...]:
        """Give it to another process in columns, each member once: that takes less of everything.

        What follows the members is which of them each association has, one after the other.
        """
        numbers: dict[int, int] = {}
        members: list[Member] = []
        listed: list[int] = []
        made = self.unnamed
        for one in made:
            for member in one.product.members:
                number = numbers.setdefault(id(member), len(members))
                if number == len(members):
                    members.append(member)
                listed.append(number)
        columns: list[list[Any]] = [
            [getattr(one, name) for one in made] for name in Unnamed._fields if name != "product"
        ]
        columns.append([one.product.name for one in made])
        columns.append([len(one.product.members) for one in made])
        refused = [(one.rank, one.places, *one.lack, *one[3:]) for one in self.refused]
        others = self.finished, self.fates, self.order_dependent, self.unfinished
        return _columns(members), listed, columns, refused, *others

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        columns, listed, made, refused, *others = state
        self.finished, self.fates, self.order_dependent, self.unfinished = others
        members = list(map(Member, *columns))
        numbers = iter(listed)
        self.unnamed = []
        for rule, candidate, creator, digest, degraded, keys, name, count in zip(
            *made, strict=True
        ):
            of_one = tuple([members[number] for number in islice(numbers, count)])
            product = Product(name, of_one)
            self.unnamed.append(Unnamed(rule, candidate, creator, product, digest, degraded, keys))
        self.refused = [
            Refused(rank, places, Lack(text, exptype), number, candidate)
            for rank, places, text, exptype, number, candidate in refused
        ]


def _columns(members: Sequence[Member]) -> list[list[Any]]:
    return [[member[at] for member in members] for at in range(len(Member._fields))]


class Associator:
    """Makes associations, up to their names.

    Of the `watched` exposure all fates are kept; if `diagnosed`, groups are looked for for which
    jwst's answer depends on the order of the rows. Where the pool is to stay unfinished,
    `has_products` tells which associations have the products of their direct images. Rules of
    `joint` are processed for all candidates at once.
    """

    def __init__(
        self,
        work: Work,
        naming: Naming,
        *,
        watched: int | None = None,
        diagnosed: bool = True,
        has_products: Callable[[Origin], bool] | None = None,
        joint: JointCandidates | None = None,
    ) -> None:
        self._work = work
        self._naming = naming
        self._watched = watched
        self._has_products = has_products
        self._joint = joint
        self._numbers = {rule.name: number for number, rule in enumerate(work.ruleset.rules)}
        self._sensitivity = OrderSensitivity(work) if diagnosed else None
        self._groupings: dict[int, Grouping] = {}
        self._made = Made()
        self._last_refused: dict[int, Refused] = {}

    def make(
        self, pools: Sequence[SubPool], progress: Callable[[int, int], None] | None = None
    ) -> Made:
        """Make the associations of candidates.

        Progress counts the candidates done, of all candidates.
        """
        for done, pool in enumerate(pools, 1):
            grown, irregular = self._grow(pool)
            finished = self._finish(grown)
            if self._sensitivity is not None:
                self._made.order_dependent += self._sensitivity.of_candidate(
                    pool.candidate, irregular, finished
                )
            self._keep(finished)
            if progress is not None:
                progress(done, len(pools))
        self._keep(self._finish(self._grow_jointly()))
        return self._made

    def discover(self, lone: Mapping[Pair, Sequence[int]]) -> Made:
        """Make the associations that are discovered, of exposures that list one candidate only.

        What of them does not come about is told of the candidates themselves.
        """
        settings, rules = self._work.ruleset.settings, self._work.ruleset.rules
        grown: list[GrowingAssociation] = []
        for number, rule in enumerate(rules):
            if not discovers(rule) or settings.discovered_id is None:
                continue
            places = sorted(
                place
                for pair, found in lone.items()
                if refusal(rule, pair) is None
                for place in found
                if number in self._work.judgements[place].takers
            )
            if places:
                # What they have in common is the candidate as well.
                keyed = rule._replace(keys=(_SAME_CANDIDATE, *rule.keys))
                ruleset = replace(
                    self._work.ruleset, rules=(*rules[:number], keyed, *rules[number + 1 :])
                )
                candidate = settings.discovered_id, DISCOVERED
                grouping = Grouping(replace(self._work, ruleset=ruleset), number)
                grown += grouping.associations(places, candidate)
        self._keep(self._finish(grown, telling=False))
        return self._made

    def _keep(self, finished: list[GrowingAssociation]) -> None:
        self._made.unnamed += map(self._naming.unnamed, finished)
        if self._watched is not None:
            self._made.finished += finished

    def _grow(self, pool: SubPool) -> tuple[list[GrowingAssociation], list[Numbered]]:
        """Give the associations of a candidate, and the groups that are not regular."""
        taken: dict[int, list[int]] = {}
        for place in pool.places:
            for number in self._work.judgements[place].takers:
                taken.setdefault(number, []).append(place)
        grown: list[GrowingAssociation] = []
        irregular: list[Numbered] = []
        for number, exposures in taken.items():
            reason = refusal(self._work.ruleset.rules[number], pool.candidate)
            if reason is not None:
                self._refuse(number, pool.candidate, exposures, reason)
                continue
            if self._joint is not None and number in self._joint.rules:
                continue
            grouping = self._groupings.get(number)
            if grouping is None:
                grouping = self._groupings[number] = Grouping(self._work, number)
            grown += grouping.associations(exposures, pool.candidate)
            irregular += [(number, group) for group in grouping.irregular]
        return grown, irregular

    def _grow_jointly(self) -> list[GrowingAssociation]:
        """Give the associations of rules for which the candidates are processed together."""
        if self._joint is None:
            return []
        return [
            one
            for number in sorted(self._joint.rules)
            for one in self._joint.associations(number)
            if refusal(one.rule, one.candidate) is None
        ]

    def _refuse(self, number: int, candidate: Pair, exposures: list[int], reason: str) -> None:
        rank = OF_NO_CANDIDATE if cannot_stand(candidate) == reason else OF_OTHER_CANDIDATE
        self._refused(Refused(rank, exposures, Lack(reason), number, candidate))
        if self._watched in exposures:
            rule = self._work.ruleset.rules[number]
            self._made.fates.append(Fate(rule, candidate, None, reason))

    def _refused(self, one: Refused) -> None:
        """Keep exposures with those that were refused before them, if it is for the same reason."""
        last = self._last_refused.get(one.rank)
        if last is not None and last[2:] == one[2:]:
            last.places.extend(one.places)
            return
        self._last_refused[one.rank] = one
        self._made.refused.append(one)

    def _finish(
        self, grown: list[GrowingAssociation], *, telling: bool = True
    ) -> list[GrowingAssociation]:
        grown.sort(key=lambda one: (one.creator, one.rule.name))
        made: list[GrowingAssociation] = []
        for one in grown:
            origin = Origin(self._numbers[one.rule.name], one.creator, one.candidate)
            steps = None
            if self._has_products is not None:
                steps = unfinished_steps(one, has_products=self._has_products(origin))
            finished, lacks = finish(one, self._work, steps)
            if one.is_unfinished:
                self._made.unfinished.append(origin)
            made += finished
            if self._watched is not None:
                watched = find(one.members, self._watched)
                for same in (one, *finished):
                    same.watched = watched
            for lack in lacks if telling else ():
                self._drop(one, lack)
        return made

    def _drop(self, dropped: GrowingAssociation, lack: Lack) -> None:
        number = self._numbers[dropped.rule.name]
        for is_science in (True, False):
            places = [
                member.exposure
                for member in dropped.members
                if member.exposure is not None and (member.exptype == SCIENCE) is is_science
            ]
            rank = OF_SCIENCE if is_science else OF_COMPANION
            if places:
                self._refused(Refused(rank, places, lack, number, dropped.candidate))
        if dropped.watched is not None:
            fate = Fate(dropped.rule, dropped.candidate, dropped.watched, lack.text)
            science = dropped.first(self._work, exptype_of, SCIENCE)
            self._made.fates.append(
                fate._replace(lacked=lack.exptype, science=science and science.exposure)
            )
