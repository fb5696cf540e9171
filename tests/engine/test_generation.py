"""Generation: what is made of a pool, in any order of its rows, and why some is not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asnrules.associations.model import DEGRADED, NO_DEGRADED
from asnrules.engine.generation import Generation
from asnrules.pools import parse_candidates
from engine.building import POOL, coronagraph, exposure, files, generated, image, summary, work_of
from engine.pools import FAMILIES, pools

O001 = "[('o001', 'observation')]"
C1000 = "[('c1000', 'background')]"


# The order of rows


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=12)
@given(data=st.data())
def test_the_order_of_rows_makes_no_difference(family: str, data: st.DataObject) -> None:
    pool = data.draw(pools(family, regular=False))
    shuffled = data.draw(st.permutations(pool))
    made, again = generated(pool), generated(shuffled)
    assert list(files(again.associations).items()) == list(files(made.associations).items())
    assert (again.memberships, again.reasons) == (made.memberships, made.reasons)


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=12)
@given(data=st.data())
def test_what_is_made_of_any_pool_is_consistent(family: str, data: st.DataObject) -> None:
    pool = data.draw(pools(family, regular=False))
    outcome = generated(pool)
    names = [one.asn_name for one in outcome.associations]
    assert len(names) == len(set(names))
    counts = [0] * len(pool)
    for one in outcome.associations:
        (product,) = one.products
        assert any(member.exptype == "science" for member in product.members)
        for member in product.members:
            if member.exposure is not None:
                counts[member.exposure] += 1
    assert outcome.memberships == counts
    assert all(counts[place] == 0 for place in outcome.reasons)


def test_members_stand_in_the_order_of_file_names() -> None:
    pool = [image("b", bkgdtarg="t"), image("c", bkgdtarg="t"), image("a")]
    found = {rule: members for _, rule, members in summary(generated(pool).associations)}
    assert found["Asn_Lv2Image"] == ["a science", "b background", "c background"]


# The document


def test_an_association_is_written_with_all_that_is_known_of_it() -> None:
    (one,) = generated([image("a_uncal.fits", exposerr="null")]).associations
    document = json.loads(one.text("asnrules 1"))
    assert document.pop("constraints").startswith("Asn_Lv2Image of jwst-3.0.0 for candidate o001")
    assert document == {
        "asn_type": "image2",
        "asn_rule": "candidate_Asn_Lv2Image",
        "version_id": None,
        "code_version": "asnrules 1",
        "degraded_status": "No known degraded exposures in association.",
        "program": "00001",
        "asn_id": "o001",
        "asn_pool": POOL,
        "target": "7",
        "products": [
            {
                "name": "a",
                "members": [{"expname": "a_rate.fits", "exptype": "science", "exposerr": "null"}],
            }
        ],
    }


def test_target_is_that_of_the_exposure_that_created_the_association() -> None:
    sky = image("a_uncal.fits", targetid="99", bkgdtarg="t")
    after = generated([sky, image("b_uncal.fits")]).associations
    assert {one.asn_rule: one.target for one in after} == {
        "Asn_Lv2Image": "99",
        "Asn_Lv2ImageSpecial": "99",
    }
    before = generated([sky, image("0_uncal.fits")]).associations
    assert {one.asn_rule: one.target for one in before} == {
        "Asn_Lv2Image": "7",
        "Asn_Lv2ImageSpecial": "99",
    }


def test_the_program_is_filled_to_five_digits() -> None:
    found = generated([image("a", program="12"), image("b", program="54321")]).associations
    assert [(one.program, one.asn_name) for one in found] == [
        ("54321", "jw54321-o001_image2_00001_asn"),
        ("00012", "jw00012-o001_image2_00002_asn"),
    ]


# Errors of exposures


@pytest.mark.parametrize("value", ["", "null", "n/a", "f"])
def test_no_error_of_a_member_means_no_degradation(value: str) -> None:
    (one,) = generated([image("a", exposerr=value)]).associations
    assert one.degraded_status == NO_DEGRADED
    assert one.products[0].members[0].exposerr == value


def test_an_error_of_any_member_degrades_the_association() -> None:
    pool = [image("a"), image("b", bkgdtarg="t", exposerr="saturated"), image("c", filter="f1")]
    found = {one.products[0].name: one for one in generated(pool).associations}
    assert {name: one.degraded_status for name, one in found.items()} == {
        "a": DEGRADED,
        "b": DEGRADED,
        "c": NO_DEGRADED,
    }
    assert [member.exposerr for member in found["a"].products[0].members] == ["null", "saturated"]


def test_a_pool_without_the_column_has_members_without_an_error() -> None:
    (one,) = generated([image("a")], without=["exposerr"]).associations
    assert one.degraded_status == NO_DEGRADED
    assert one.products[0].members[0].exposerr is None


# Candidates


def test_an_observation_gives_associations() -> None:
    assert len(generated([image("a", asn_candidate=O001)]).associations) == 1


@pytest.mark.parametrize("kind", ["mosaic", "group", "unknown", "direct_image"])
def test_candidates_of_other_types_give_none(kind: str) -> None:
    outcome = generated([image("a", asn_candidate=f"[('c1000', '{kind}')]")])
    assert outcome.associations == []
    assert outcome.memberships == [0]
    assert outcome.reasons == {0: f"candidate c1000 is of type {kind}"}


def test_a_bare_number_gives_none() -> None:
    outcome = generated([image("a", asn_candidate="1")])
    assert outcome.associations == []
    assert outcome.reasons == {0: "candidate 1 is of type unknown"}


def test_a_background_candidate_needs_a_background() -> None:
    outcome = generated(
        [coronagraph("a", asn_candidate=C1000), coronagraph("b", asn_candidate=C1000)]
    )
    assert outcome.associations == []
    expected = "candidate c1000 has no background for it"
    assert outcome.reasons == {0: expected, 1: expected}


def test_a_background_candidate_gives_the_associations_with_a_background() -> None:
    values = {"asn_candidate": C1000, "subarray": "sub320"}
    pool = [
        coronagraph("a", **values),
        coronagraph("b", **values, bkgdtarg="t"),
        coronagraph("c", **values, filter="f335m"),
    ]
    outcome = generated(pool)
    assert summary(outcome.associations) == [
        ("jw00001-c1000_image2_00001_asn", "Asn_Lv2Image", ["a science", "b background"])
    ]
    assert outcome.memberships == [1, 1, 0]
    assert set(outcome.reasons) == {2}
    assert outcome.reasons[2].startswith(
        "candidate c1000 has no background for it; the nearest is b: its FILTER is f210m, "
        "here f335m"
    )


def test_exposures_of_different_candidates_are_not_worked_together() -> None:
    pool = [image("a"), image("b", bkgdtarg="t", asn_candidate="[('o002', 'observation')]")]
    assert summary(generated(pool).associations) == [
        ("jw00001-o001_image2_00001_asn", "Asn_Lv2Image", ["a science"]),
        ("jw00001-o002_image2_00001_asn", "Asn_Lv2ImageSpecial", ["b science"]),
    ]


# Exposures that are in no association


def test_an_exposure_without_a_candidate_is_in_none() -> None:
    outcome = generated([image("a", asn_candidate="null"), image("b", asn_candidate="[]")])
    assert outcome.associations == []
    expected = "it belongs to no candidate"
    assert outcome.reasons == {0: expected, 1: expected}


def test_a_reason_is_not_given_where_the_rules_say_it_already() -> None:
    outcome = generated([exposure("a", "nrc_dark"), coronagraph("b", filter="opaque")])
    assert outcome.associations == []
    assert outcome.memberships == [0, 0]
    assert outcome.reasons == {}


def test_an_exposure_that_is_a_member_needs_no_reason() -> None:
    both = "[('o001', 'observation'), ('c1000', 'background')]"
    outcome = generated([image("a", asn_candidate=both)])
    assert outcome.memberships == [1]
    assert outcome.reasons == {}


def test_progress_counts_the_candidates() -> None:
    seen: list[tuple[int, int]] = []
    candidates = {text: parse_candidates(text) for text in (O001, C1000)}
    work = work_of([image("a", asn_candidate=O001), image("b", asn_candidate=C1000)])
    Generation(work, candidates, [POOL, POOL]).run(lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def test_an_exposure_under_two_names_is_a_member_once() -> None:
    background = image("x_uncal.fits", bkgdtarg="t")
    rows = [background, {**background, "filename": "x_rate.fits"}, image("b_uncal.fits")]
    made = generated(rows).associations
    (association,) = (one for one in made if one.asn_rule == "Asn_Lv2Image")
    names = [member.expname for member in association.products[0].members]
    assert sorted(names) == ["b_rate.fits", "x_rate.fits"]
