"""A part of a pool: candidates with all that it takes to make their associations elsewhere.

It can be pickled, and is as small as its exposures. Where it is made the rest of the pool is not
known, so what is true of all of it comes along; and exposures have other numbers, those of the
part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from asnrules.associations.model import Member
from asnrules.engine.associator import Associator, Made
from asnrules.engine.candidates import SubPool
from asnrules.engine.conditions import Row
from asnrules.engine.exposures import Work
from asnrules.engine.naming import Naming
from asnrules.engine.pruning import digest_of
from asnrules.engine.signatures import Judge


@dataclass(frozen=True, slots=True)
class Part:
    """Candidates and their exposures; of a pool whose exposures do not all hang together."""

    keywords: tuple[str, ...]
    rows: Sequence[Row]
    places: Sequence[int]
    """The number of each exposure in the pool."""
    identities: Sequence[int]
    """See `Work`, as of the following."""
    has_other_names: bool
    has_repeated_names: bool
    pools: Sequence[SubPool]
    """The candidates, with the numbers that exposures have here."""
    diagnosed: bool

    @classmethod
    def of(cls, work: Work, pools: Sequence[SubPool], *, diagnosed: bool) -> Self:
        """Cut candidates out of a pool."""
        places = sorted({place for pool in pools for place in pool.places})
        numbers = {place: number for number, place in enumerate(places)}
        return cls(
            tuple(work.places),
            [work.rows[place] for place in places],
            places,
            [work.identities[place] for place in places],
            work.has_other_names,
            work.has_repeated_names,
            [one._replace(places=[numbers[place] for place in one.places]) for one in pools],
            diagnosed,
        )

    def make(self, judge: Judge, told: Callable[[int, int], None] | None = None) -> Made:
        """Make the associations, up to their names, with the numbers that exposures have there.

        The judge is that of the rules and of these keywords.
        """
        work = replace(
            Work.judged_by(judge, self.keywords, self.rows),
            identities=self.identities,
            has_other_names=self.has_other_names,
            has_repeated_names=self.has_repeated_names,
        )
        made = Associator(work, Naming(work, (), None), diagnosed=self.diagnosed).make(
            self.pools, told
        )
        return _renumbered(made, self.places)


def _renumbered(made: Made, places: Sequence[int]) -> Made:
    """Give exposures their numbers in the pool; of no exposure are all fates kept."""
    # Associations share members.
    members: dict[int, Member] = {}

    def renumbered(member: Member) -> Member:
        if member.exposure is None:
            return member
        found = members.get(id(member))
        if found is None:
            found = members[id(member)] = member._replace(exposure=places[member.exposure])
        return found

    return Made(
        unnamed=[
            one._replace(
                creator=places[one.creator],
                product=one.product._replace(members=tuple(map(renumbered, one.product.members))),
            )
            for one in made.unnamed
        ],
        refused=[
            one._replace(places=[places[place] for place in one.places]) for one in made.refused
        ],
        order_dependent=[
            one._replace(places=[places[place] for place in one.places])
            for one in made.order_dependent
        ],
    )


def digested(made: Made) -> Made:
    """Digest anew what another process made: Python digests text differently in each."""
    made.unnamed = [
        one if one.digest is None else one._replace(digest=sum(map(digest_of, one.product.members)))
        for one in made.unnamed
    ]
    return made
