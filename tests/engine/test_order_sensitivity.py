"""Groups for which jwst's answer depends on the order of the rows are pointed out, others not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asnrules.engine.generation import Generation, Wanted
from asnrules.pools import parse_candidates
from engine.building import (
    POOL,
    Exposure,
    coronagraph,
    exposure,
    generated,
    image,
    ruleset,
    work_of,
)
from engine.pools import FAMILIES, pools

STAR = {"is_psf": "t", "bkgdtarg": "t"}
Found = list[tuple[str, str, list[str]]]


def dependent(*pool: Exposure, label: str = "jwst-3.0.0") -> Found:
    """Give rule, candidate and file names of the groups that are pointed out."""
    work = work_of(pool, rules=ruleset(label))
    texts = {work.value(place, "asn_candidate") or "null" for place in range(len(work.rows))}
    candidates = {text: parse_candidates(text) for text in texts}
    outcome = Generation(work, candidates, [POOL] * len(work.rows), Wanted()).run()
    return [
        (one.rule.name, one.candidate[0], [work.value(at, "filename") or "" for at in one.places])
        for one in outcome.order_dependent
    ]


def cube(filename: str, **values: str) -> Exposure:
    optics = {"instrume": "nirspec", "detector": "nrs1", "filter": "clear", "grating": "prism"}
    return exposure(filename, "nrs_ifu", **(optics | {"mostilno": "1"} | values))


def nod(filename: str, point: str, **values: str) -> Exposure:
    optics = {"instrume": "miri", "detector": "mirimage", "filter": "p750l", "obs_id": "v1"}
    nods = {"patttype": "along-slit-nod", "patt_num": point}
    return exposure(filename, "mir_lrs-fixedslit", **(optics | nods | values))


def confirmation(filename: str) -> Exposure:
    optics = {"instrume": "miri", "detector": "mirimage", "filter": "f560w", "obs_id": "v1"}
    return exposure(filename, "mir_taconfirm", **optics)


# Where it does


def test_reference_stars_that_are_backgrounds_too() -> None:
    # The stars first: one is the science of an association with the other, beside that with a.
    pool = [image("a"), image("b", **STAR), image("c", **STAR)]
    assert dependent(*pool) == [("Asn_Lv2Image", "o001", ["a", "b", "c"])]


def test_a_confirmation_with_nods_along_the_slit() -> None:
    # The confirmation last: it joins both nods; first: only the one that comes next.
    found = dependent(confirmation("a"), nod("b", "1"), nod("c", "2"))
    assert ("Asn_Lv2MIRLRSFixedSlitNod", "o001", ["a", "b", "c"]) in found


def test_nods_that_change_places_whatever_their_names() -> None:
    # Each of three nods is the science of one association and the background of another; from the
    # last to the first, each two of them have each other's exptypes.
    with_ids = {
        f"o{number:03}": [
            nod(f"{number:03}-{point}", point, bkgdtarg="t", is_psf="t") for point in "123"
        ]
        for number in range(1, 41)
    }
    pool = [
        one | {"asn_candidate": f"[('{asn_id}', 'observation')]", "obs_id": f"v{asn_id}"}
        for asn_id, nods in with_ids.items()
        for one in nods
    ]
    found = dependent(*pool, label="jwst-1.13.0")
    assert [one[:2] for one in found] == [
        ("Asn_Lv2MIRLRSFixedSlitNod", asn_id) for asn_id in with_ids
    ]


def test_backgrounds_of_the_integral_field_with_their_imprints() -> None:
    # An imprint after an imprint joins nothing: of a, b, c only b; of a, c, b only c.
    sky = {"bkgdtarg": "t"}
    imprints = [cube("b", **sky, is_imprt="t"), cube("c", **sky, is_imprt="t")]
    assert dependent(cube("a", **sky), *imprints) == [
        ("Asn_Lv2SpecSpecial", "o001", ["a", "b", "c"])
    ]


def test_direct_images_of_which_the_first_is_chosen() -> None:
    place = {"instrume": "nircam", "detector": "nrcalong", "subarray": "full", "pupil": "clear"}
    pool = [
        exposure("a", "nrc_wfss", **place, filter="f444w", expspcin="1"),
        exposure("b", "nrc_image", **place, filter="f322w2", expspcin="2"),
        exposure("c", "nrc_image", **place, filter="f444w", expspcin="2"),
    ]
    assert dependent(*pool) == [("Asn_Lv2WFSSNRC", "o001", ["a", "b", "c"])]


def test_only_the_exposures_of_the_group_are_named() -> None:
    pool = [image("a"), image("b", **STAR), image("c", **STAR)]
    others = [image("d", filter="f150w"), image("e", filter="f150w", bkgdtarg="t")]
    assert dependent(*pool, *others) == [("Asn_Lv2Image", "o001", ["a", "b", "c"])]


def test_each_candidate_is_named() -> None:
    candidates = {"asn_candidate": "[('o001', 'observation'), ('o002', 'observation')]"}
    pool = [image("a"), image("b", **STAR), image("c", **STAR)]
    assert [(rule, name) for rule, name, _ in dependent(*[one | candidates for one in pool])] == [
        ("Asn_Lv2Image", "o001"),
        ("Asn_Lv2Image", "o002"),
    ]


def test_each_program_of_a_candidate_is_named() -> None:
    pool: list[Exposure] = []
    for program in ("1", "2", "3"):
        own = {"program": program}
        pool += [image(f"{program}a", **own), image(f"{program}d", **own, filter="f150w")]
        pool += [image(f"{program}{star}", **own, **STAR) for star in "bc"]
    assert sorted(names for _, _, names in dependent(*pool)) == [
        ["1a", "1b", "1c"],
        ["2a", "2b", "2c"],
        ["3a", "3b", "3c"],
    ]


# Where it does not


def test_direct_images_of_which_one_is_the_next() -> None:
    place = {"instrume": "nircam", "detector": "nrcalong", "subarray": "full", "pupil": "clear"}
    pool = [
        exposure("a", "nrc_wfss", **place, filter="f444w", expspcin="1"),
        exposure("b", "nrc_image", **place, filter="f322w2", expspcin="2"),
        exposure("c", "nrc_image", **place, filter="f444w", expspcin="3"),
    ]
    assert dependent(*pool) == []


def test_a_regular_mosaic() -> None:
    pool = [
        image(f"{tile}{detector}{dither}", mostilno=tile, detector=detector, dithptin=dither)
        for tile in "12"
        for detector in ("nrca1", "nrca2")
        for dither in "123"
    ]
    outcome = generated(pool)
    assert len(outcome.associations) == 12
    assert outcome.order_dependent == []


def test_sciences_with_backgrounds() -> None:
    pool = [image("a"), image("b", bkgdtarg="t"), image("c"), image("d", bkgdtarg="t")]
    assert dependent(*pool) == []


def test_one_reference_star_that_is_a_background_too() -> None:
    # In any order: each science with the star, and the star alone.
    assert dependent(image("a"), image("b", **STAR), image("c")) == []


def test_a_file_name_that_comes_twice_in_equal_rows() -> None:
    assert dependent(image("a"), image("a"), image("b", bkgdtarg="t"), image("c")) == []


@pytest.mark.parametrize("keyword", ["obs_id", "dithptin", "exposerr"])
def test_a_file_name_that_comes_twice_in_rows_of_the_same_keys(keyword: str) -> None:
    pool = [image("a", **{keyword: "1"}), image("a", **{keyword: "2"}), image("b", bkgdtarg="t")]
    assert dependent(*pool) == []


def test_an_optional_key_that_is_empty_in_some_sciences() -> None:
    assert dependent(image("a", pupil="n/a"), image("b"), image("c", pupil="n/a")) == []


def test_imprints_of_sciences_of_the_integral_field() -> None:
    pool = [
        cube("a", dithptin="1"),
        cube("b", dithptin="2"),
        cube("c", dithptin="1", is_imprt="t"),
        cube("d", dithptin="2", is_imprt="t"),
    ]
    assert dependent(*pool) == []


def test_nods_along_the_slit_without_a_confirmation() -> None:
    assert dependent(nod("a", "1"), nod("b", "2")) == []


def test_full_frame_coronagraphy() -> None:
    assert dependent(coronagraph("a"), coronagraph("b", bkgdtarg="t"), coronagraph("c")) == []


# In any pool


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=8)
@given(data=st.data())
def test_the_order_of_rows_does_not_change_what_is_pointed_out(
    family: str, data: st.DataObject
) -> None:
    pool = data.draw(pools(family, regular=False))
    assert dependent(*data.draw(st.permutations(pool))) == dependent(*pool)


# Nods with a confirmation, and grism exposures with direct images as near, do depend on it.
REGULAR = set(FAMILIES) - {"low resolution", "grisms"}


@pytest.mark.parametrize("family", sorted(REGULAR))
@settings(max_examples=12)
@given(data=st.data())
def test_nothing_is_pointed_out_in_a_pool_of_sciences(family: str, data: st.DataObject) -> None:
    pool = [
        {name: value for name, value in one.items() if not name.startswith(("is_", "bkgd"))}
        for one in data.draw(pools(family, regular=True))
    ]
    assert dependent(*pool) == []
