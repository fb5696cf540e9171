"""Turn finished drafts into associations: names, numbers, pruning, merging."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import PurePosixPath
from typing import NamedTuple

from asnrules.associations.model import DEGRADED, NO_DEGRADED, Association, Member, Product
from asnrules.engine.conditions import keys_text, requirements_text
from asnrules.engine.exposures import Work
from asnrules.engine.growing import Draft, Locked
from asnrules.engine.pruning import Entry, digest_of, prune
from asnrules.engine.shared_members import DraftMember
from asnrules.engine.signatures import SCIENCE
from asnrules.rules.model import Rule
from asnrules.util.text import program_name

_SEPARATOR = re.compile("[_-]")
_UNCAL = re.compile(r"(?P<stem>.+)_uncal(?P<extension>\..+)")

UNDEFINED_PRODUCT = "undefined"
"""The name of a product that has no science member to take one from."""


def member_name(filename: str, *, rateints: bool) -> str:
    """Give the expname of a member: its countrate product.

    Parameters
    ----------
    filename : str
        Of the exposure, such as `jw01234001001_02101_00001_nrca1_uncal.fits`.
    rateints : bool
        Whether the product with a slope for each integration is meant.

    Returns
    -------
    str
        The same name with `rate` or `rateints` for `uncal`; any other name stays.
    """
    match = _UNCAL.fullmatch(filename)
    if match is None:
        return filename
    return f"{match['stem']}_{'rateints' if rateints else 'rate'}{match['extension']}"


@lru_cache(maxsize=16)
def _longest(suffixes: frozenset[str]) -> int:
    return max(map(len, suffixes), default=0)


def product_name(expname: str, suffixes: frozenset[str]) -> str:
    """Give the name of the product of a science member.

    Parameters
    ----------
    expname : str
        Of the member.
    suffixes : frozenset of str
        Known product suffixes; one of them is taken off, the longest that fits.

    Returns
    -------
    str
        The member's name less extension and suffix, with its folder if it has one.
    """
    stem = _stem(expname)
    for separator in _SEPARATOR.finditer(stem, max(1, len(stem) - _longest(suffixes) - 1)):
        if stem[separator.end() :] in suffixes:
            return stem[: separator.start()]
    return stem


def _stem(expname: str) -> str:
    if "/" in expname or expname.startswith("."):
        path = PurePosixPath(expname)
        return str(path.parent / path.stem)
    stem, dot, extension = expname.rpartition(".")
    return stem if dot and extension else expname


def association_name(
    program: str,
    asn_id: str,
    asn_type: str,
    sequence: int,
    version_id: str | None,
    digits: int = 5,
) -> str:
    """Give the name of an association, which is its file name less `.json`.

    Parameters
    ----------
    program : str
        Five digits.
    asn_id : str
        The id of the candidate.
    asn_type : str
        The type of the association.
    sequence : int
        Counts from 1 within an asn_id and asn_type.
    version_id : str or None
        Stands after the id if given.
    digits : int
        With how many digits at least the sequence number is written.
    """
    version = f"_{version_id}" if version_id else ""
    return f"jw{program}-{asn_id}{version}_{asn_type}_{sequence:0{digits}d}_asn".lower()


class Made(NamedTuple):
    """What of a draft is needed for its association."""

    rule: Rule
    candidate: tuple[str, str]
    creator: int
    product: Product
    digest: int | None
    degraded: bool
    keys: str


class Naming:
    """Names the associations of one pool.

    Parameters
    ----------
    work : Work
        The judged exposures.
    pool_names : sequence of str
        For each exposure, the name of its pool.
    version_id : str or None
        To be put into names.
    """

    def __init__(self, work: Work, pool_names: Sequence[str], version_id: str | None) -> None:
        self._work = work
        self._pool_names = pool_names
        self._version_id = version_id
        # Names come again and again, so each is made and held once.
        self._stems: dict[str, str] = {}
        self._rate: dict[int, str] = {}
        self._rateints: dict[int, str] = {}
        self._keys: dict[int, tuple[Locked, str]] = {}
        self._texts: dict[tuple[tuple[str, tuple[str, str]], ...], str] = {}
        self._filename = work.places["filename"]
        self._exposerr = work.places.get("exposerr")
        self._asked = {rule.name: requirements_text(rule) for rule in work.ruleset.rules}

    def made(self, drafts: Sequence[Draft], *, keep: bool = False) -> list[Made]:
        """Give what associations are made of.

        Parameters
        ----------
        drafts : sequence of Draft
            Associations with all their members.
        keep : bool
            Whether the drafts are needed afterwards; they are emptied otherwise, as a million
            of them take as much memory as what is made of them.
        """
        made = []
        for draft in drafts:
            made.append(self._made(draft))
            if not keep:
                draft.own, draft.shared, draft.keys = [], (), {}
        return made

    def name(self, made: Sequence[Made]) -> list[tuple[Association, int]]:
        """Prune, number and name associations.

        Parameters
        ----------
        made : sequence of Made
            In order of generation.

        Returns
        -------
        list of (Association, int)
            Those that stay, in the order in which they are numbered, with their places in
            `made`.
        """
        entries = [
            Entry(
                one.candidate[0],
                one.product,
                one.digest,
                partial(self._twins, one),
                one.rule.asn_type,
            )
            for one in made
        ]
        numbers: Counter[tuple[str, str]] = Counter()
        named = []
        for place in prune(entries, self._work.ruleset.settings.overall):
            one = made[place]
            counted = (one.candidate[0], one.rule.asn_type)
            numbers[counted] += 1
            named.append((self._association(one, numbers[counted]), place))
        return named

    def _made(self, draft: Draft) -> Made:
        # Drafts of a group hold the same keys, and groups have the same again and again.
        held = self._keys.get(id(draft.keys))
        if held is None:
            pairs = tuple(draft.keys.items())
            text = self._texts.get(pairs)
            if text is None:
                text = self._texts[pairs] = keys_text(pairs)
            held = self._keys[id(draft.keys)] = draft.keys, text
        product, digest = self._product(draft)
        return Made(
            draft.rule, draft.candidate, draft.creator, product, digest, draft.degraded, held[1]
        )

    def _product(self, draft: Draft) -> tuple[Product, int | None]:
        """Give the product of a draft, and the digest of its members."""
        members = [self._member(self._work, member) for member in draft.own]
        digest = sum(map(digest_of, members))
        for stretch in draft.shared:
            members += stretch.facets(self._member)
            digest += stretch.total(self._digest)
        if self._work.has_other_names and len({one.expname for one in members}) < len(members):
            return Product(self._name(members), tuple(members)), None
        return Product(self._name(members), tuple(members)), digest

    def _name(self, members: Sequence[Member]) -> str:
        for member in members:
            if member.exptype == SCIENCE:
                return self._stem(member.expname)
        return UNDEFINED_PRODUCT

    def _digest(self, work: Work, member: DraftMember) -> int:
        return digest_of(self._member(work, member))

    def _member(self, _work: Work, member: DraftMember) -> Member:
        if member.place is None:
            return Member(member.expname or "", member.exptype, None, None)
        names = self._rateints if member.rateints else self._rate
        expname = names.get(member.place)
        if expname is None:
            filename = self._work.rows[member.place][self._filename] or ""
            expname = names[member.place] = member_name(filename, rateints=member.rateints)
        error = self._exposerr
        exposerr = None if error is None else self._work.rows[member.place][error]
        return Member(expname, member.exptype, exposerr, member.place)

    def _twins(self, made: Made) -> object:
        """Say with what others an association is equal but for the suffixes of its members."""
        members = tuple(
            sorted((self._stem(member.expname), member.exptype) for member in made.product.members)
        )
        return made.rule.asn_type, made.candidate[0][0], members

    def _stem(self, expname: str) -> str:
        stem = self._stems.get(expname)
        if stem is None:
            stem = self._stems[expname] = product_name(expname, self._work.ruleset.suffixes)
        return stem

    def _association(self, made: Made, sequence: int) -> Association:
        work = self._work
        program = program_name(work.value(made.creator, "program"))
        asn_id, candidate_type = made.candidate
        asn_type = made.rule.asn_type
        return Association(
            asn_name=association_name(
                program,
                asn_id,
                asn_type,
                sequence,
                self._version_id,
                work.ruleset.settings.sequence_digits,
            ),
            asn_type=asn_type,
            asn_rule=made.rule.name,
            asn_id=asn_id,
            candidate_type=candidate_type,
            program=program,
            target=work.value(made.creator, "targetid") or "",
            asn_pool=self._pool_names[made.creator],
            version_id=self._version_id,
            degraded_status=DEGRADED if made.degraded else NO_DEGRADED,
            keys=made.keys,
            ruleset=work.ruleset.label,
            asked=self._asked[made.rule.name],
            products=(made.product,),
        )


def merge(associations: Sequence[Association]) -> list[Association]:
    """Merge the associations of the same type and candidate into one with several products.

    The first gives all but the products; products of one name are merged, each member once.

    Source: behaviour of jwst 3.0.0, by running it.
    """
    merged: dict[tuple[str, str], Association] = {}
    products: dict[tuple[str, str], dict[str, Product]] = {}
    for association in associations:
        key = (association.asn_type, association.asn_id)
        merged.setdefault(key, association)
        held = products.setdefault(key, {})
        for product in association.products:
            other = held.get(product.name)
            held[product.name] = product if other is None else _merged(other, product)
    return [
        association._replace(products=tuple(products[key].values()))
        for key, association in merged.items()
    ]


def _merged(one: Product, other: Product) -> Product:
    names = {member.expname for member in one.members}
    added = tuple(member for member in other.members if member.expname not in names)
    return Product(one.name, one.members + added)
