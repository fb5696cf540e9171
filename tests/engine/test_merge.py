"""Merging: one association for each type and candidate, with a product for each science."""

from __future__ import annotations

import json

from asnrules.associations.model import Association, Member, Product
from asnrules.engine.generation import Generation, Outcome, Wanted
from asnrules.engine.naming import merge
from asnrules.pools import parse_candidates
from engine.building import POOL, Exposure, exposure, image, work_of


def association(
    asn_name: str, *products: Product, asn_type: str = "image2", asn_id: str = "o001"
) -> Association:
    fields = {name: f"{name} of {asn_name}" for name in Association._fields}
    return Association(
        **fields
        | {"asn_name": asn_name, "asn_type": asn_type, "asn_id": asn_id, "products": products}
    )


def product(name: str, **members: str) -> Product:
    """Give a product; members by expname, numbered as exposures in their order."""
    numbered = enumerate(members.items())
    return Product(name, tuple(Member(one, kind, None, at) for at, (one, kind) in numbered))


def contents(associations: list[Association]) -> list[tuple[str, dict[str, list[str]]]]:
    """Give name, products and members (`file exptype`) of each association."""
    return [
        (
            one.asn_name,
            {
                made.name: [f"{member.expname} {member.exptype}" for member in made.members]
                for made in one.products
            },
        )
        for one in associations
    ]


# Of one type and candidate


def test_nothing_comes_of_nothing() -> None:
    assert merge([]) == []


def test_one_association_stays_as_it_is() -> None:
    one = association("x", product("p", a="science"))
    assert merge([one]) == [one]


def test_products_stand_together_in_their_order() -> None:
    merged = merge(
        [
            association("x", product("q", a="science")),
            association("y", product("p", b="science", c="background")),
        ]
    )
    assert contents(merged) == [
        ("x", {"q": ["a science"], "p": ["b science", "c background"]}),
    ]


def test_all_else_is_that_of_the_first() -> None:
    first = association("x", product("p", a="science"))
    second = association("y", product("q", b="science"))
    (merged,) = merge([first, second])
    assert merged._replace(products=()) == first._replace(products=())
    (turned,) = merge([second, first])
    assert turned._replace(products=()) == second._replace(products=())


def test_products_of_one_name_are_one_with_each_member_once() -> None:
    merged = merge(
        [
            association("x", product("p", a="science", b="background")),
            association("y", product("p", a="science", c="background")),
            association("z", product("p", c="background", d="background")),
        ]
    )
    assert contents(merged) == [
        ("x", {"p": ["a science", "b background", "c background", "d background"]}),
    ]


def test_a_member_stays_what_it_is_in_the_first() -> None:
    merged = merge(
        [
            association("x", product("p", a="science")),
            association("y", product("p", a="background", b="science")),
        ]
    )
    assert contents(merged) == [("x", {"p": ["a science", "b science"]})]


# Of others


def test_other_types_and_candidates_stay_apart() -> None:
    given = [
        association("x", product("p", a="science")),
        association("y", product("p", a="science"), asn_type="spec2"),
        association("z", product("p", a="science"), asn_id="o002"),
    ]
    assert merge(given) == given


def test_they_stand_in_the_order_of_the_first_of_each() -> None:
    merged = merge(
        [
            association("x", product("p", a="science")),
            association("y", product("q", b="science"), asn_id="o002"),
            association("z", product("r", c="science")),
        ]
    )
    assert contents(merged) == [
        ("x", {"p": ["a science"], "r": ["c science"]}),
        ("y", {"q": ["b science"]}),
    ]


# In a pool


def merged_of(*pool: Exposure) -> Outcome:
    work = work_of(pool)
    texts = {work.value(place, "asn_candidate") or "null" for place in range(len(work.rows))}
    candidates = {text: parse_candidates(text) for text in texts}
    return Generation(work, candidates, [POOL] * len(work.rows), Wanted(merge=True)).run()


def test_the_associations_of_a_pool_are_merged_after_they_are_numbered() -> None:
    outcome = merged_of(
        image("a_uncal.fits"),
        image("b_uncal.fits", tsovisit="t"),
        image("c_uncal.fits", filter="f150w"),
        image("d_uncal.fits", asn_candidate="[('o002', 'observation')]"),
    )
    assert contents(outcome.associations) == [
        (
            "jw00001-o001_image2_00001_asn",
            {"c": ["c_rate.fits science"], "a": ["a_rate.fits science"]},
        ),
        ("jw00001-o001_tso-image2_00001_asn", {"b": ["b_rateints.fits science"]}),
        ("jw00001-o002_image2_00001_asn", {"d": ["d_rate.fits science"]}),
    ]


def test_the_document_has_all_products() -> None:
    (one,) = merged_of(image("a"), image("b")).associations
    assert [made["name"] for made in json.loads(one.text("asnrules 1"))["products"]] == ["b", "a"]


def test_an_exposure_counts_in_each_product() -> None:
    outcome = merged_of(image("a"), image("b"), image("c", bkgdtarg="t"))
    assert contents(outcome.associations) == [
        (
            "jw00001-o001_image2_00001_asn",
            {
                "c": ["c science"],
                "b": ["b science", "c background"],
                "a": ["a science", "c background"],
            },
        )
    ]
    assert outcome.memberships == [1, 1, 3]


def test_spectra_and_the_images_of_their_field_are_of_two_types() -> None:
    place = {"instrume": "niriss", "detector": "nis", "pupil": "f150w", "subarray": "full"}
    outcome = merged_of(
        exposure("a", "nis_wfss", **place, filter="gr150r"),
        exposure("b", "nis_image", **place, filter="clear"),
        exposure("c", "nis_wfss", **place, filter="gr150c"),
    )
    assert [
        (one.asn_type, [made.name for made in one.products]) for one in outcome.associations
    ] == [("spec2", ["c", "a"]), ("image2", ["b"])]
