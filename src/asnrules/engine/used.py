"""Direct images that are members of nothing, though what is made of them is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from asnrules.associations.model import Association
from asnrules.engine.candidates import Pair, SubPool
from asnrules.engine.exposures import Work
from asnrules.engine.growing import Draft, lock_keys
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.steps.direct_images import DIRECT_IMAGE, products_of
from asnrules.rules.model import Rule


def used_directs(
    work: Work,
    pools: Sequence[SubPool],
    associations: Sequence[Association],
    places: Iterable[int],
) -> dict[int, str]:
    """Say of direct images in which associations their products are.

    Parameters
    ----------
    work : Work
        The judged exposures.
    pools : sequence of SubPool
        The candidates with their exposures.
    associations : sequence of Association
        All that were made.
    places : iterable of int
        Exposures that are members of none of them.

    Returns
    -------
    dict of int to str
        For those whose products are members, in words how they are used.
    """
    asked = {place: rules for place in places if (rules := _taking(work, place))}
    if not asked:
        return {}
    holders = _holders(associations)
    ids = {association.asn_id for association in associations}
    found: dict[int, str] = {}
    for pool in pools:
        if pool.candidate[0] in ids:
            for place in asked.keys() & set(pool.places) - found.keys():
                for made in _products(work, asked[place], pool.candidate, place):
                    if made[0] in holders:
                        found[place] = _text(made, holders[made[0]])
                        break
    return found


def _taking(work: Work, place: int) -> list[Rule]:
    """Give the rules that take an exposure as a direct image."""
    judgement = work.judgements[place]
    name = judgement.exposure_class
    if work.ruleset.written_as.get(name, name) != SCIENCE:
        return []
    return [
        work.ruleset.rules[number]
        for number in judgement.takers
        if any(role.science_as == DIRECT_IMAGE for role in judgement.verdicts[number].fitting)
    ]


def _holders(associations: Sequence[Association]) -> Mapping[str, list[str]]:
    """Give the names of the associations that have each file that is made later."""
    holders: dict[str, list[str]] = {}
    for association in associations:
        for product in association.products:
            for member in product.members:
                if member.exposure is None:
                    holders.setdefault(member.expname, []).append(association.asn_name)
    return holders


def _products(
    work: Work, rules: Sequence[Rule], candidate: Pair, place: int
) -> Iterator[Sequence[str]]:
    """Give what would be made of a direct image for associations of a candidate."""
    for rule in rules:
        draft = Draft(rule, candidate, place)
        if lock_keys(work, rule.keys, place, draft.keys):
            yield products_of(draft, work, place)


def _text(made: Sequence[str], names: Sequence[str]) -> str:
    others = len(set(names)) - 1
    more = f" and {others} more" if others else ""
    *first, last = made
    return (
        f"it is used as a direct image: {', '.join(first)} and {last}, made of it, are members of "
        f"{names[0]}{more}"
    )
