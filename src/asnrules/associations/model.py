"""What a Stage 2 association consists of."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple

from asnrules.util.results import shown_briefly

NO_DEGRADED = "No known degraded exposures in association."
DEGRADED = (
    "One or more members have an error associated with them."
    "\nDetails can be found in the member.exposerr attribute."
)
"""The two texts of `degraded_status` that jwst writes, and its readers look for."""

DISCOVERED = "discovered"
"""The type of candidate of associations that are made for no candidate in particular."""


class Member(NamedTuple):
    """A member of a product."""

    expname: str
    """The file that the pipeline takes."""
    exptype: str
    """Its role: science, background, imprint ..."""
    exposerr: str | None
    """The raw text of the exposure's EXPOSERR; None if the pool has no such column."""
    exposure: int | None
    """The exposure, by its place in canonical order; None for a file made later (a catalog).
    On record, by its row in the pool; None for a file that is in no pool of the run."""
    pool_id: int | None = None
    """On record, the pool."""
    role: str = ""
    """The role in which the rule took the exposure; it is not recorded."""

    def document(self) -> dict[str, str | None]:
        """Give what is recorded of it, as the command line prints it."""
        return {"expname": self.expname, "exptype": self.exptype, "exposerr": self.exposerr}


class Product(NamedTuple):
    """A product that the pipeline makes from its members."""

    name: str
    members: tuple[Member, ...]


def members_of(products: Iterable[Product]) -> list[Member]:
    """Give all members of products."""
    return [member for product in products for member in product.members]


@shown_briefly
class Association(NamedTuple):
    """An association as it is written and recorded."""

    asn_name: str
    """The name of its file less `.json`."""
    asn_type: str | None
    """None where an imported file tells none."""
    asn_rule: str
    """The rule that made it, as the ruleset names it."""
    asn_id: str
    """Id of the candidate that it was made for."""
    candidate_type: str
    program: str
    """Of the exposure that created it, as are target and pool."""
    target: str
    degraded_status: str
    """One of `NO_DEGRADED` and `DEGRADED`."""
    keys: str
    """The keys that held: what exposures have in common, some of them in one role only."""
    products: tuple[Product, ...]
    """One; several in merged associations."""
    asn_pool: str = ""
    """Of what is made here; in its file, and not recorded, as is what follows."""
    version_id: str | None = None
    """What was asked for."""
    ruleset: str = ""
    asked: str = ""
    """What the rule asks of each exposure, in words."""

    @property
    def placed(self) -> list[tuple[str, Member]]:
        """All members, each with the name of its product."""
        return [(product.name, member) for product in self.products for member in product.members]

    def recorded(self) -> dict[str, Any]:
        """Give what is recorded of it, as the command line prints it."""
        products = [
            {"name": name, "members": [one.document() for one in members]}
            for name, members in self.products
        ]
        return {**{name: getattr(self, name) for name in RECORDED}, "products": products}

    @property
    def constraints(self) -> str:
        """In words, the conditions and keys that held."""
        return (
            f"{self.asn_rule} of {self.ruleset} for candidate {self.asn_id} "
            f"({self.candidate_type})\n"
            f"each exposure: {self.asked}\n"
            f"keys: {self.keys}"
        )

    @property
    def origin(self) -> str:
        """Tell in jwst's words whether it was made for a candidate."""
        return "discover" if self.candidate_type == DISCOVERED else "candidate"

    @property
    def file_name(self) -> str:
        """The name of its file."""
        return f"{self.asn_name}.json"

    def text(self, code_version: str) -> bytes:
        """Give the text of its file, made by this software and ruleset.

        It is what `json.dumps` writes with an indent of 4, in a small part of the time.
        """
        fields = {
            "asn_type": self.asn_type,
            "asn_rule": f"{self.origin}_{self.asn_rule}",
            "version_id": self.version_id,
            "code_version": code_version,
            "degraded_status": self.degraded_status,
            "program": self.program,
            "constraints": self.constraints,
            "asn_id": self.asn_id,
            "asn_pool": self.asn_pool,
            "target": self.target,
        }
        lines = [f'    "{name}": {_encoded(value)},\n' for name, value in fields.items()]
        products = _listed(map(_product_text, self.products), " " * 4)
        return f'{{\n{"".join(lines)}    "products": {products}\n}}\n'.encode("ascii")


def _encoded(value: str | None) -> str:
    return "null" if value is None else encode_basestring_ascii(value)


def _listed(texts: Iterable[str], margin: str) -> str:
    inner = ",\n".join(texts)
    return f"[\n{inner}\n{margin}]" if inner else "[]"


def _product_text(product: Product) -> str:
    members = _listed(map(_member_text, product.members), " " * 12)
    return (
        f'        {{\n            "name": {_encoded(product.name)},\n'
        f'            "members": {members}\n        }}'
    )


@lru_cache(maxsize=1 << 14)
def _member_text(member: Member) -> str:
    """Write a member; it is held, as an exposure is a member of many associations near by."""
    fields = member.document()
    if member.exposure is None:
        # A file that is made later has no exposure whose error could be told.
        del fields["exposerr"]
    margin = " " * 20
    lines = [f'{margin}"{name}": {_encoded(value)}' for name, value in fields.items()]
    return " " * 16 + "{\n" + ",\n".join(lines) + "\n" + " " * 16 + "}"


RECORDED = Association._fields[: Association._fields.index("products")]
"""The fields of an association that are recorded, but for its products."""
