"""The fates of one exposure: what it is in each association, and why it is not in others."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asnrules.engine.generation import Generation, Outcome, Wanted
from asnrules.engine.growing import Fate
from asnrules.pools import parse_candidates
from engine.building import POOL, Exposure, exposure, image, work_of
from engine.pools import FAMILIES, pools

BOTH = "[('o001', 'observation'), ('c1000', 'background')]"


def watching(place: int | None, *pool: Exposure) -> Outcome:
    work = work_of(pool)
    texts = {work.value(at, "asn_candidate") or "null" for at in range(len(work.rows))}
    candidates = {text: parse_candidates(text) for text in texts}
    wanted = Wanted(watched=place)
    return Generation(work, candidates, [POOL] * len(work.rows), wanted).run()


def fates(filename: str, *pool: Exposure) -> list[Fate]:
    names = sorted(one["filename"] for one in pool)
    return watching(names.index(filename), *pool).fates


def kept(found: list[Fate]) -> list[tuple[str, str, str]]:
    """Give rule, role and exptype of an exposure where it is a member."""
    return sorted(
        (one.rule.name, one.member.role, one.member.exptype)
        for one in found
        if one.association is not None and one.member is not None
    )


def dropped(found: list[Fate]) -> list[tuple[str, str, str | None]]:
    """Give rule, candidate and reason where it is not."""
    return sorted(
        (one.rule.name, one.candidate[0], one.reason) for one in found if one.association is None
    )


def cube(filename: str, **values: str) -> Exposure:
    optics = {"instrume": "nirspec", "detector": "nrs1", "filter": "clear", "grating": "prism"}
    return exposure(filename, "nrs_ifu", **(optics | {"mostilno": "1"} | values))


def grism(filename: str, **values: str) -> Exposure:
    optics = {"instrume": "niriss", "detector": "nis", "pupil": "f150w", "subarray": "full"}
    return exposure(filename, "nis_wfss", **(optics | {"filter": "gr150r"} | values))


def direct(filename: str, **values: str) -> Exposure:
    return grism(filename, **values) | {"exp_type": "nis_image", "filter": "clear"}


# Where it is a member


def test_a_science_and_its_background() -> None:
    pool = [image("a"), image("b", bkgdtarg="t")]
    assert kept(fates("a", *pool)) == [("Asn_Lv2Image", "science", "science")]
    assert kept(fates("b", *pool)) == [
        ("Asn_Lv2Image", "background", "background"),
        ("Asn_Lv2ImageSpecial", "science", "science"),
    ]


def test_a_fate_names_the_association_and_what_its_members_have_in_common() -> None:
    (found,) = [one for one in fates("a", image("a")) if one.association is not None]
    assert found.association is not None
    assert found.association.asn_name == "jw00001-o001_image2_00001_asn"
    assert (found.candidate, found.reason) == (("o001", "observation"), None)
    assert found.keys["opt_elem"] == ("filter", "f200w")


def test_a_nod_is_the_science_once_and_a_background_of_the_others() -> None:
    nods = [cube(name, patttype="4-point-nod") for name in "abc"]
    found = kept(fates("b", *nods))
    assert found == [
        ("Asn_Lv2NRSIFUNod", "exposure", "background"),
        ("Asn_Lv2NRSIFUNod", "exposure", "background"),
        ("Asn_Lv2NRSIFUNod", "exposure", "science"),
    ]


def test_nothing_is_kept_of_an_exposure_that_is_not_watched() -> None:
    assert watching(None, image("a"), image("b")).fates == []


def test_the_associations_of_others_are_no_fates() -> None:
    found = fates("a", image("a"), image("b", filter="f150w"))
    assert [one.association.asn_name for one in found if one.association is not None] == [
        "jw00001-o001_image2_00002_asn"
    ]


def test_watching_changes_nothing_else() -> None:
    pool = [image("a"), image("b", bkgdtarg="t", asn_candidate=BOTH)]
    watched, unwatched = watching(0, *pool), watching(None, *pool)
    assert watched.associations == unwatched.associations != []
    assert watched.memberships == unwatched.memberships
    assert watched.reasons == unwatched.reasons


# Where it is not


def test_a_candidate_of_another_type() -> None:
    found = fates("a", image("a", asn_candidate="[('c1000', 'mosaic')]", filter="f1"))
    assert kept(found) == []
    assert ("Asn_Lv2Image", "c1000", "candidate c1000 is of type mosaic") in dropped(found)


def test_a_candidate_that_a_rule_is_not_for() -> None:
    background = {"asn_candidate": "[('c1000', 'background')]", "patttype": "along-slit-nod"}
    optics = {"instrume": "miri", "detector": "mirimage", "filter": "p750l", "patt_num": "1"}
    found = dropped(fates("a", exposure("a", "mir_lrs-fixedslit", **background, **optics)))
    assert [(rule, candidate) for rule, candidate, _ in found] == [
        ("Asn_Lv2MIRLRSFixedSlitNod", "c1000"),
        ("Asn_MIRLRSTAConfirm", "c1000"),
    ]
    assert found[1][2] == "candidate c1000 has no background for it"
    assert found[0][2] is not None
    assert found[0][2].startswith("candidate c1000 is a background candidate")


def test_a_grism_exposure_without_a_direct_image() -> None:
    found = dropped(fates("a", grism("a")))
    assert ("Asn_Lv2WFSSNIS", "o001", "Asn_Lv2WFSSNIS found no direct image for it") in found


def test_backgrounds_of_no_science() -> None:
    found = fates("a", image("a", bkgdtarg="t"))
    assert kept(found) == [("Asn_Lv2ImageSpecial", "science", "science")]
    assert ("Asn_Lv2Image", "o001", "Asn_Lv2Image found no science for it") in dropped(found)


def test_an_imprint_that_does_not_match_is_left_out() -> None:
    values = {"is_imprt": "t", "bkgdtarg": "f"}
    pool = [
        cube("a", dithptin="1", bkgdtarg="f"),
        cube("b", dithptin="1", **values),
        cube("c", dithptin="2", **values),
    ]
    assert kept(fates("b", *pool)) == [
        ("Asn_Lv2Spec", "imprint", "imprint"),
        ("Asn_Lv2SpecImprint", "science", "science"),
    ]
    found = fates("c", *pool)
    assert kept(found) == [("Asn_Lv2SpecImprint", "science", "science")]
    (left_out,) = [one for one in found if one.association is None]
    assert left_out.rule.name == "Asn_Lv2Spec"
    assert left_out.member is not None
    assert (left_out.member.role, left_out.member.exptype) == ("imprint", "imprint")
    assert left_out.reason


def test_a_direct_image_gives_way_to_its_products() -> None:
    pool = [grism("a"), direct("b")]
    found = fates("b", *pool)
    assert kept(found) == [("Asn_Lv2Image", "science", "science")]
    assert "Asn_Lv2WFSSNIS" in {rule for rule, _, _ in dropped(found)}


def test_of_associations_with_the_same_members_one_stays() -> None:
    candidates = "[('o001', 'observation'), ('o002', 'observation')]"
    found = fates("a", image("a", asn_candidate=candidates, filter="f1"))
    stays = (
        "duplicate: another association has the same members, or the same product and more members"
    )
    assert [one.candidate[0] for one in found if one.association is not None] == ["o002"]
    assert ("Asn_Lv2Image", "o001", stays) in dropped(found)


def test_of_associations_of_one_product_that_with_more_members_stays() -> None:
    pool = [
        image("a", asn_candidate=BOTH),
        image("b", bkgdtarg="t", asn_candidate="[('c1000', 'background')]"),
    ]
    found = fates("a", *pool)
    stays = (
        "duplicate: another association has the same members, or the same product and more members"
    )
    assert [one.candidate[0] for one in found if one.association is not None] == ["c1000"]
    assert ("Asn_Lv2Image", "o001", stays) in dropped(found)


def test_an_exposure_of_no_candidate_has_no_fate() -> None:
    assert fates("a", image("a", asn_candidate="null"), image("b")) == []


def test_an_exposure_that_no_rule_takes_has_no_fate() -> None:
    assert fates("a", exposure("a", "nrc_dark"), image("b")) == []


# In any pool


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=8)
@given(data=st.data())
def test_an_exposure_has_a_fate_for_each_association_that_it_is_in(
    family: str, data: st.DataObject
) -> None:
    pool = data.draw(pools(family, regular=False))
    place = data.draw(st.integers(0, len(pool) - 1))
    outcome = watching(place, *pool)
    found = {one.association.asn_name for one in outcome.fates if one.association is not None}
    expected = {
        one.asn_name
        for one in outcome.associations
        if place in [member.exposure for member in one.products[0].members]
    }
    assert found == expected
    assert all((one.association is None) is bool(one.reason) for one in outcome.fates)


@pytest.mark.parametrize("one", [image("a_uncal.fits"), cube("a_uncal.fits")])
def test_a_row_that_stands_twice_is_told_so(one: Exposure) -> None:
    outcome = watching(None, one, one, image("b_uncal.fits"))
    assert len(outcome.memberships) == 3
    unused = {at for at, count in enumerate(outcome.memberships) if not count}
    assert len(unused) == 1
    assert outcome.reasons == dict.fromkeys(
        unused, "the pool lists it more than once; another row of it is used"
    )
