"""Companions that do not fit: the nearest is named, with what keeps it out, from both sides.

Whether that is what keeps it out is tried: with the values of the science it is a companion.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asnrules.engine.generation import Generation, Outcome, Wanted
from asnrules.pools import parse_candidates
from engine.building import POOL, Exposure, exposure, image, work_of
from engine.pools import FAMILIES, pools

C1 = "('c1001', 'background')"
HERE = f"[('o001', 'observation'), {C1}]"
THERE = f"[('o002', 'observation'), {C1}]"


def worked(pool: list[Exposure], watched: int | None = None) -> Outcome:
    work = work_of(pool)
    texts = {work.value(at, "asn_candidate") or "null" for at in range(len(work.rows))}
    candidates = {text: parse_candidates(text) for text in texts}
    return Generation(work, candidates, [POOL] * len(work.rows), Wanted(watched=watched)).run()


def told(pool: list[Exposure], filename: str) -> list[str]:
    """Give all that is said of an exposure: its fates, and what it lacks."""
    place = sorted(one["filename"] for one in pool).index(filename)
    outcome = worked(pool, place)
    return [
        *(f"{one.rule.name} {one.candidate[0]}: {one.reason}" for one in outcome.fates),
        *(one.text() for one in outcome.missing),
    ]


def together(pool: list[Exposure], exptype: str) -> bool:
    """Tell whether an association has the science `a` and the companion `b`."""
    members = [
        {(member.expname, member.exptype) for member in product.members}
        for one in worked(pool).associations
        for product in one.products
    ]
    return any({("a", "science"), ("b", exptype)} <= one for one in members)


def cube(filename: str, **values: str) -> Exposure:
    optics = {"instrume": "nirspec", "detector": "nrs1", "filter": "f290lp", "grating": "g395h"}
    return exposure(filename, "nrs_ifu", **(optics | {"mostilno": "1", "dithptin": "1"} | values))


def mrs(filename: str, **values: str) -> Exposure:
    optics = {"instrume": "miri", "detector": "mirifushort", "band": "short", "channel": "12"}
    return exposure(filename, "mir_mrs", **(optics | {"mostilno": "1"} | values))


def lrs(filename: str, **values: str) -> Exposure:
    optics = {"instrume": "miri", "detector": "mirimage", "filter": "p750l"}
    own = {"subarray": "slitlessprism", "obs_id": "v1"}
    return exposure(filename, "mir_lrs-slitless", **(optics | own | values))


def slit(filename: str, **values: str) -> Exposure:
    optics = {"instrume": "nirspec", "detector": "nrs1", "filter": "f290lp", "grating": "g395h"}
    own = {"fxd_slit": "s200a1", "expspcin": "1", "numdthpt": "2", "subpxpts": "1"}
    return exposure(filename, "nrs_fixedslit", **(optics | own | {"patt_num": "1"} | values))


def shutters(filename: str, **values: str) -> Exposure:
    one = slit(filename, **({"msametfl": "m1.fits"} | values)) | {"exp_type": "nrs_msaspec"}
    return {name: value for name, value in one.items() if name != "fxd_slit"}


def grism(filename: str, **values: str) -> Exposure:
    optics = {"instrume": "niriss", "detector": "nis", "filter": "gr150r", "pupil": "f150w"}
    return exposure(filename, "nis_wfss", **(optics | {"subarray": "full"} | values))


def direct(filename: str, **values: str) -> Exposure:
    return grism(filename, **({"filter": "clear"} | values)) | {"exp_type": "nis_image"}


def of_nircam(one: Exposure) -> Exposure:
    values = {"instrume": "nircam", "detector": "nrcalong", "filter": "f444w", "pupil": "grismr"}
    return one | values | {"exp_type": one["exp_type"].replace("nis", "nrc")}


def nod(filename: str, **values: str) -> Exposure:
    one = lrs(filename, **({"patttype": "along-slit-nod"} | values))
    return one | {"exp_type": "mir_lrs-fixedslit"}


class Case(NamedTuple):
    """A science `a`, and `b`, which is no companion of it for some values."""

    science: Exposure
    companion: Exposure
    exptype: str
    rule: str
    of_science: str
    """What the science is told ends so; what the companion is told, as the next says."""
    of_companion: str
    mended: Exposure


def sky(one: Exposure) -> Exposure:
    return one | {"bkgdtarg": "t", "asn_candidate": THERE}


def differing(
    make: object, exptype: str, keyword: str, here: str, there: str, *, rule: str, **flags: str
) -> Case:
    """Give a case in which one keyword of a background in the candidate differs."""
    assert callable(make)
    word = keyword.upper()
    return Case(
        make("a", **({keyword: here} | {"asn_candidate": HERE})),
        make("b", **({keyword: there} | {"asn_candidate": THERE, "bkgdtarg": "t"} | flags)),
        exptype,
        rule,
        f"b: its {word} is {there}, here {here}",
        f"a: its {word} is {here}, here {there}",
        {keyword: here},
    )


IMPRINT = {"is_imprt": "t"}
NOT_SET = "wanted: t"
NO_IMAGE = "Asn_Lv2WFSSNIS found no direct image for it"
NO_SERIES = "wanted: not a time-series science exposure"

CASES = {
    "image, FILTER": differing(
        image, "background", "filter", "f200w", "f150w", rule="Asn_Lv2Image"
    ),
    "image, SUBARRAY": differing(
        image, "background", "subarray", "full", "sub64", rule="Asn_Lv2Image"
    ),
    "image, DETECTOR": differing(
        image, "background", "detector", "nrca1", "nrcb1", rule="Asn_Lv2Image"
    ),
    "IFU, GRATING": differing(cube, "background", "grating", "g395h", "g395m", rule="Asn_Lv2Spec"),
    "IFU, program": differing(cube, "background", "program", "1", "2", rule="Asn_Lv2Spec"),
    "MRS, BAND": differing(mrs, "background", "band", "short", "medium", rule="Asn_Lv2Spec"),
    "MRS, CHANNEL": differing(mrs, "background", "channel", "12", "34", rule="Asn_Lv2Spec"),
    "LRS, SUBARRAY": differing(
        lrs, "background", "subarray", "slitlessprism", "full", rule="Asn_MIRLRSTAConfirm"
    ),
    "fixed slit, FXD_SLIT": differing(
        slit, "background", "fxd_slit", "s200a1", "s400a1", rule="Asn_Lv2NRSFSS"
    ),
    "shutters, MSAMETFL": differing(
        shutters, "background", "msametfl", "m1.fits", "m2.fits", rule="Asn_Lv2NRSMSA"
    ),
    "the flag is missing": Case(
        cube("a", asn_candidate=HERE),
        cube("b", asn_candidate=THERE, bkgdtarg="f"),
        "background",
        "Asn_Lv2Spec",
        f"b: its BKGDTARG is f, {NOT_SET}",
        f"a: its BKGDTARG is not given, {NOT_SET}",
        {"bkgdtarg": "t"},
    ),
    "another flag comes first": Case(
        cube("a", asn_candidate=HERE),
        cube("b", asn_candidate=THERE, bkgdtarg="t", is_psf="t", grating="g395m"),
        "background",
        "Asn_Lv2Spec",
        "b: its IS_PSF is t, wanted: f; its GRATING is g395m, here g395h",
        "",
        {"is_psf": "f", "grating": "g395h"},
    ),
    "a time series": Case(
        lrs("a", asn_candidate=HERE, tsovisit="t"),
        lrs("b", asn_candidate=THERE, tsovisit="t", bkgdtarg="t"),
        "background",
        "Asn_MIRLRSTAConfirm",
        f"b: its TSOVISIT is t, {NO_SERIES}",
        f"a: TSOVISIT is t here, {NO_SERIES}",
        {"tsovisit": "f"},
    ),
    "a nod pattern": Case(
        cube("a", asn_candidate=HERE, patttype="4-point-nod"),
        cube("b", asn_candidate=THERE, bkgdtarg="t"),
        "background",
        "Asn_Lv2NRSIFUNod",
        "b: its PATTTYPE is not given, here 4-point-nod",
        "a: its PATTTYPE is 4-point-nod, here not given",
        {"patttype": "4-point-nod"},
    ),
    "no candidate": Case(
        cube("a"),
        cube("b", bkgdtarg="t", asn_candidate="[('o002', 'observation')]"),
        "background",
        "Asn_Lv2Spec",
        "b fits, but the observations are not linked: no candidate of type background has both",
        "a fits, but the observations are not linked: no candidate of type background has both",
        {"asn_candidate": "[('o001', 'observation')]"},
    ),
    "an imprint of another tile": Case(
        cube("a"),
        cube("b", mostilno="2", **IMPRINT),
        "imprint",
        "Asn_Lv2Spec",
        "b: its MOSTILNO is 2, here 1",
        "a: its MOSTILNO is 1, here 2",
        {"mostilno": "1"},
    ),
    "an imprint of other optics": Case(
        cube("a"),
        cube("b", grating="g395m", **IMPRINT),
        "imprint",
        "Asn_Lv2Spec",
        "b: its GRATING is g395m, here g395h",
        "a: its GRATING is g395h, here g395m",
        {"grating": "g395h"},
    ),
    "a direct image, PUPIL": Case(
        grism("a"),
        direct("b", pupil="f200w"),
        "direct_image",
        "Asn_Lv2WFSSNIS",
        "b: its PUPIL is f200w, here f150w",
        "a: its PUPIL is f150w, here f200w",
        {"pupil": "f150w"},
    ),
    "a direct image, TARGETID": Case(
        grism("a"),
        direct("b", targetid="8"),
        "direct_image",
        "Asn_Lv2WFSSNIS",
        "b: its TARGETID is 8, here 7",
        "a: its TARGETID is 7, here 8",
        {"targetid": "7"},
    ),
    "a direct image, DETECTOR": Case(
        of_nircam(grism("a")),
        of_nircam(direct("b")) | {"detector": "nrcblong"},
        "direct_image",
        "Asn_Lv2WFSSNRC",
        "b: its DETECTOR is nrcblong, here nrcalong",
        "a: its DETECTOR is nrcalong, here nrcblong",
        {"detector": "nrcalong"},
    ),
    "a direct image of another observation": Case(
        grism("a"),
        direct("b", asn_candidate="[('o002', 'observation')]"),
        "direct_image",
        "Asn_Lv2WFSSNIS",
        "b fits, but the observations are not linked: no candidate has both",
        "a fits, but the observations are not linked: no candidate has both",
        {"asn_candidate": "[('o001', 'observation')]"},
    ),
    "a confirmation": Case(
        lrs("a"),
        lrs("b", program="2") | {"exp_type": "mir_taconfirm"},
        "target_acquisition",
        "Asn_MIRLRSTAConfirm",
        "b: its PROGRAM is 2, here 1",
        "a: its PROGRAM is 1, here 2",
        {"program": "1"},
    ),
    "nods along a slit, EXPSPCIN": Case(
        slit("a"),
        slit("b", patt_num="2", expspcin="2"),
        "background",
        "Asn_Lv2NRSFSS",
        "b: its EXPSPCIN is 2, here 1",
        "a: its EXPSPCIN is 1, here 2",
        {"expspcin": "1"},
    ),
    "nods of LRS at one place": Case(
        nod("a", patt_num="1"),
        nod("b", patt_num="1"),
        "background",
        "Asn_Lv2MIRLRSFixedSlitNod",
        "b: its PATT_NUM is 1, here 1, wanted another value",
        "a: its PATT_NUM is 1, here 1, wanted another value",
        {"patt_num": "2"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_science_and_companion_are_told_what_keeps_them_from_each_other(name: str) -> None:
    case = CASES[name]
    for filename, text in (("a", case.of_science), ("b", case.of_companion)):
        found = told([case.science, case.companion], filename)
        assert any(case.rule in one and one.endswith(text) for one in found), found


@pytest.mark.parametrize("name", CASES)
def test_it_is_that_which_keeps_it_out(name: str) -> None:
    case = CASES[name]
    mended = case.companion | case.mended
    if case.exptype == "direct_image":
        pool = [case.science, case.companion]
        made = [len(worked([case.science, one]).associations) for one in (pool[1], mended)]
        assert made[1] > made[0]
        return
    assert not together([case.science, case.companion], case.exptype)
    assert together([case.science, mended], case.exptype)


def test_of_several_the_nearest_is_named() -> None:
    pool = [
        cube("a", asn_candidate=HERE),
        cube("b", asn_candidate=THERE, bkgdtarg="t", grating="g235h", filter="f170lp"),
        cube("c", asn_candidate=THERE, bkgdtarg="t", grating="g395m"),
        mrs("d", asn_candidate=THERE, bkgdtarg="t"),
    ]
    assert worked(pool).reasons == {}
    (found,) = [one for one in told(pool, "a") if "c1001" in one]
    assert found.endswith("the nearest is c: its GRATING is g395m, here g395h")


def test_another_exposure_of_the_observation_is_not_taken_for_a_background() -> None:
    pool = [cube("a", asn_candidate=HERE), cube("b", asn_candidate=HERE, dithptin="2")]
    (found,) = [one for one in told(pool, "a") if "c1001" in one]
    assert found.endswith("candidate c1001 has no background for it")


def test_no_exposure_is_the_nearest_to_itself() -> None:
    other = {"asn_candidate": f"[('o003', 'observation'), {C1}]"}
    pool = [cube("a", asn_candidate=HERE), cube("b", asn_candidate=HERE), cube("c", **other)]
    reasons = [next(one for one in told(pool, name) if "c1001" in one) for name in "abc"]
    named = [one.partition("the nearest is ")[2][:1] for one in reasons]
    assert named == ["c", "c", "a"]
    alone = [grism("a"), grism("b")]
    assert worked(alone).reasons == dict.fromkeys(range(2), NO_IMAGE)


def test_a_grism_exposure_is_not_taken_for_a_direct_image() -> None:
    pool = [grism("a"), grism("b", targetid="8"), direct("c", targetid="9", pupil="f200w")]
    assert worked(pool).reasons[0] == (
        f"{NO_IMAGE}; the nearest is c: its TARGETID is 9, here 7; its PUPIL is f200w, here f150w"
    )


def test_of_many_obstacles_some_are_named() -> None:
    other = {"detector": "nrs2", "filter": "clear", "grating": "prism", "subarray": "x"}
    pool = [
        slit("a", asn_candidate=HERE, subarray="y"),
        slit("b", asn_candidate=THERE, bkgdtarg="t", fxd_slit="s200b1", **other),
    ]
    (found,) = [one for one in told(pool, "a") if "c1001" in one]
    assert found.endswith(
        "the nearest is b: its DETECTOR is nrs2, here nrs1; its FILTER is clear, here f290lp; its "
        "GRATING is prism, here g395h; and 2 more"
    )


def test_a_companion_that_is_one_is_told_of_no_other_science() -> None:
    pool = [
        cube("a", asn_candidate=HERE),
        cube("b", asn_candidate=THERE, bkgdtarg="t"),
        cube("c", asn_candidate=HERE, grating="g395m"),
    ]
    assert [one for one in told(pool, "b") if "nearest" in one or "fits" in one] == []


def test_reasons_of_a_run_are_those_that_are_told() -> None:
    pool = [grism("a"), direct("b", pupil="f200w")]
    reason = worked(pool).reasons[0]
    assert f"Asn_Lv2WFSSNIS o001: {reason}" in told(pool, "a")


def test_a_run_of_very_many_gives_short_reasons_at_last() -> None:
    number = 260
    pool = [grism(f"a{at:04}", targetid=str(at)) for at in range(number)]
    pool += [direct(f"b{at:04}", targetid=str(-at - 1)) for at in range(number)]
    reasons = worked(pool).reasons
    assert "the nearest is b0000" in reasons[0]
    assert reasons[number - 1] == NO_IMAGE


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=5)
@given(data=st.data())
def test_what_is_told_is_so_in_any_pool(family: str, data: st.DataObject) -> None:
    pool = data.draw(pools(family, regular=False))
    place = data.draw(st.integers(0, len(pool) - 1))
    work = work_of(pool)
    for one in worked(pool, place).missing:
        near = one.near
        assert near.place != place
        assert near.filename == work.value(near.place, "filename")
        science, companion = (near.place, place) if near.is_science else (place, near.place)
        for obstacle in near.mismatches:
            assert obstacle.found == work.value(companion, obstacle.keyword)
            if obstacle.science is not None:
                assert obstacle.science == work.value(science, obstacle.keyword)
                is_other = obstacle.science != obstacle.found
                assert is_other is (obstacle.wanted is None)
