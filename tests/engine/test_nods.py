"""Nods: each in turn is the science, the others its background, unless their light may overlap."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from asnrules.associations.model import DEGRADED
from engine.building import Exposure, exposure, generated, summary

RULES = ["Asn_Lv2NRSFSS", "Asn_Lv2NRSMSA", "Asn_Lv2NRSIFUNod"]
PRISM = {"instrume": "nirspec", "detector": "nrs1", "filter": "clear", "grating": "prism"}
NODS = {"numdthpt": "2", "subpxpts": "1", "expspcin": "1"}


def slit(filename: str, point: str, **values: str) -> Exposure:
    """Give an exposure through a fixed slit, at a point of a pattern."""
    given = {"fxd_slit": "s200a1", "patt_num": point} | values
    return exposure(filename, "nrs_fixedslit", **(PRISM | NODS | given))


def shutters(filename: str, point: str, **values: str) -> Exposure:
    """Give an exposure through the shutter array, at a point of a pattern."""
    given = {"msametfl": "m1.fits", "patt_num": point} | values
    return exposure(filename, "nrs_msaspec", **(PRISM | NODS | given))


def cube(filename: str, point: str, **values: str) -> Exposure:
    """Give an exposure of the integral field unit, at a point of a pattern."""
    given = {"patttype": "2-point-nod", "mostilno": "1", "patt_num": point} | values
    return exposure(filename, "nrs_ifu", **(PRISM | NODS | given))


KINDS = [slit, shutters, cube]
SLITS = [slit, shutters]
Kind = Callable[..., Exposure]


def split(*pool: Exposure) -> list[list[str]]:
    """Give the members of each association that a rule for nods made."""
    made = summary(generated(pool).associations)
    return sorted(members for _, rule, members in made if rule in RULES)


# Each in turn


@pytest.mark.parametrize("nod", KINDS)
def test_each_nod_in_turn_is_the_science_and_the_others_its_background(nod: Kind) -> None:
    assert split(nod("a", "1"), nod("b", "2"), nod("c", "3")) == [
        ["a science", "b background", "c background"],
        ["b science", "a background", "c background"],
        ["c science", "a background", "b background"],
    ]


@pytest.mark.parametrize("nod", KINDS)
def test_a_single_nod_stays_alone(nod: Kind) -> None:
    assert split(nod("a", "1")) == [["a science"]]


@pytest.mark.parametrize("nod", KINDS)
def test_each_is_named_after_its_science(nod: Kind) -> None:
    made = generated([nod("a_uncal.fits", "1"), nod("b_uncal.fits", "2")]).associations
    found = {one.products[0].name: one.products[0].members[0].expname for one in made}
    assert found == {"a": "a_rate.fits", "b": "b_rate.fits"}


@pytest.mark.parametrize("nod", KINDS)
def test_members_that_are_no_science_go_along(nod: Kind) -> None:
    assert split(nod("a", "1"), nod("b", "2"), nod("z", "1", bkgdtarg="t")) == [
        ["a science", "b background", "z background"],
        ["b science", "a background", "z background"],
    ]


def test_a_background_of_a_slit_goes_along_even_from_the_same_point_of_another_target() -> None:
    assert split(slit("a", "1"), slit("z", "1", targetid="9", bkgdtarg="t")) == [
        ["a science", "z background"]
    ]


def test_imprints_of_the_integral_field_go_along() -> None:
    pool = [cube("a", "1"), cube("b", "2"), cube("z", "1", is_imprt="t")]
    assert split(*pool) == [
        ["a science", "b background", "z imprint"],
        ["b science", "a background", "z imprint"],
    ]


@pytest.mark.parametrize("nod", KINDS)
def test_a_reference_star_is_a_nod_as_any_science(nod: Kind) -> None:
    assert split(nod("a", "1"), nod("b", "2", is_psf="t")) == [
        ["a science", "b background"],
        ["b science", "a background"],
    ]


@pytest.mark.parametrize("nod", KINDS)
def test_without_any_science_there_is_no_association(nod: Kind) -> None:
    assert split(nod("z", "1", bkgdtarg="t")) == []


# Rule 1: the target


@pytest.mark.parametrize("nod", SLITS)
def test_another_target_is_no_background(nod: Kind) -> None:
    assert split(nod("a", "1"), nod("b", "2", targetid="8"), nod("c", "3")) == [
        ["a science", "c background"],
        ["b science"],
        ["c science", "a background"],
    ]


def test_another_target_is_no_background_even_where_numbers_are_missing() -> None:
    unknown = {"patt_num": "none"}
    assert split(shutters("a", "1", **unknown), shutters("b", "1", targetid="8", **unknown)) == [
        ["a science"],
        ["b science"],
    ]


@pytest.mark.parametrize("nod", SLITS)
def test_a_target_without_a_number_is_compared_as_text(nod: Kind) -> None:
    assert split(nod("a", "1", targetid="null"), nod("b", "2", targetid="n/a")) == [
        ["a science"],
        ["b science"],
    ]
    assert split(nod("a", "1", targetid="null"), nod("b", "2", targetid="null")) == [
        ["a science", "b background"],
        ["b science", "a background"],
    ]


# Rule 2: numbers that are missing

MISSING = [
    {"patt_num": "null"},
    {"patt_num": "none"},
    {"patt_num": "1.5"},
    {"numdthpt": "none"},
    {"subpxpts": "none"},
    {"subpxpts": "0"},
]


@pytest.mark.parametrize("missing", MISSING)
def test_a_number_that_is_missing_counts_as_overlap_in_a_slit(missing: Exposure) -> None:
    assert split(slit("a", "1") | missing, slit("b", "2") | missing) == [
        ["a science"],
        ["b science"],
    ]


@pytest.mark.parametrize("missing", [*MISSING, {"numdthpt": "null"}, {"subpxpts": "null"}])
def test_a_number_that_is_missing_counts_as_no_overlap_in_shutters(missing: Exposure) -> None:
    assert split(shutters("a", "1") | missing, shutters("b", "1") | missing) == [
        ["a science", "b background"],
        ["b science", "a background"],
    ]


@pytest.mark.parametrize(("nod", "backgrounds"), [(slit, 0), (shutters, 1)])
def test_one_number_missing_in_one_of_two_is_enough(nod: Kind, backgrounds: int) -> None:
    made = split(nod("a", "none"), nod("b", "2"))
    assert [len(members) - 1 for members in made] == [backgrounds, backgrounds]


@pytest.mark.parametrize("missing", [{"numdthpt": "null"}, {"subpxpts": "null"}])
def test_a_slit_exposure_without_the_numbers_of_its_keys_is_not_taken(missing: Exposure) -> None:
    assert split(slit("a", "1") | missing) == []


# Rule 3: the primary point


@pytest.mark.parametrize("nod", SLITS)
def test_the_same_point_is_no_background(nod: Kind) -> None:
    assert split(nod("a", "1"), nod("b", "1"), nod("c", "2")) == [
        ["a science", "c background"],
        ["b science", "c background"],
        ["c science", "a background", "b background"],
    ]


@pytest.mark.parametrize("nod", SLITS)
def test_subpixel_positions_of_a_point_are_no_background(nod: Kind) -> None:
    sub = {"numdthpt": "6", "subpxpts": "3"}
    pool = [nod(name, point, **sub) for name, point in [("a", "1"), ("b", "3"), ("c", "4")]]
    assert split(*pool) == [
        ["a science", "c background"],
        ["b science", "c background"],
        ["c science", "a background", "b background"],
    ]


@pytest.mark.parametrize("nod", SLITS)
def test_the_number_of_subpixel_positions_is_subpxpts(nod: Kind) -> None:
    apart = {"subpxpts": "1", "subpxpns": "2"}
    assert split(nod("a", "1", **apart), nod("b", "2", **apart)) == [
        ["a science", "b background"],
        ["b science", "a background"],
    ]
    together = {"subpxpts": "2", "subpxpns": "1"}
    assert split(nod("a", "1", **together), nod("b", "2", **together)) == [
        ["a science"],
        ["b science"],
    ]


@pytest.mark.parametrize("nod", SLITS)
def test_without_subpxpts_it_is_subpxpns(nod: Kind) -> None:
    sub = {"subpxpts": "null", "subpxpns": "2"}
    pool = [nod(name, point, **sub) for name, point in [("a", "1"), ("b", "2"), ("c", "3")]]
    assert split(*pool) == [
        ["a science", "c background"],
        ["b science", "c background"],
        ["c science", "a background", "b background"],
    ]


def test_without_the_column_subpxpts_it_is_subpxpns() -> None:
    pool = [slit("a", "1", subpxpns="2"), slit("b", "2", subpxpns="2")]
    made = summary(generated(pool, without=["subpxpts"]).associations)
    assert sorted(members for _, _, members in made) == [["a science"], ["b science"]]


# Rule 4: neighbours in the wide slit

FIVE = {"fxd_slit": "s1600a1", "numdthpt": "5"}


def test_neighbours_of_five_points_overlap_in_the_wide_slit() -> None:
    pool = [slit(name, str(point), **FIVE) for point, name in enumerate("abcde", 1)]
    assert split(*pool) == [
        ["a science", "c background", "d background", "e background"],
        ["b science", "d background", "e background"],
        ["c science", "a background", "e background"],
        ["d science", "a background", "b background"],
        ["e science", "a background", "b background", "c background"],
    ]


def test_five_points_are_counted_without_their_subpixel_positions() -> None:
    sub = FIVE | {"numdthpt": "10", "subpxpts": "2"}
    pool = [slit(name, point, **sub) for name, point in [("a", "1"), ("b", "3"), ("c", "5")]]
    assert split(*pool) == [
        ["a science", "c background"],
        ["b science"],
        ["c science", "a background"],
    ]


@pytest.mark.parametrize(
    "other", [{"fxd_slit": "s200a1"}, {"numdthpt": "3"}, {"numdthpt": "10"}, {"numdthpt": "4"}]
)
def test_neighbours_do_not_overlap_elsewhere(other: Exposure) -> None:
    assert split(slit("a", "1", **(FIVE | other)), slit("b", "2", **(FIVE | other))) == [
        ["a science", "b background"],
        ["b science", "a background"],
    ]


def test_neighbours_do_not_overlap_in_shutters() -> None:
    assert split(shutters("a", "1", **FIVE), shutters("b", "2", **FIVE)) == [
        ["a science", "b background"],
        ["b science", "a background"],
    ]


# The integral field


@pytest.mark.parametrize(
    "values",
    [
        {"targetid": "8"},
        {"patt_num": "1"},
        {"patt_num": "none"},
        {"numdthpt": "none"},
        {"subpxpts": "0"},
        {"subpxpts": "2"},
    ],
)
def test_nods_of_the_integral_field_never_overlap(values: Exposure) -> None:
    assert split(cube("a", "1"), cube("b", "2") | values) == [
        ["a science", "b background"],
        ["b science", "a background"],
    ]


@pytest.mark.parametrize("values", [{"mostilno": "2"}, {"patttype": "4-point-nod"}])
def test_nods_of_another_tile_or_pattern_stay_apart(values: Exposure) -> None:
    assert split(cube("a", "1"), cube("b", "2") | values) == [["a science"], ["b science"]]


# What comes from before the split


@pytest.mark.parametrize("nod", SLITS)
def test_an_error_of_any_nod_degrades_all_even_those_that_leave_it_out(nod: Kind) -> None:
    made = generated([nod("a", "1", exposerr="saturated"), nod("b", "2", targetid="8")])
    assert [(len(one.products[0].members), one.degraded_status) for one in made.associations] == [
        (1, DEGRADED),
        (1, DEGRADED),
    ]


@pytest.mark.parametrize("nod", KINDS)
def test_nods_are_no_backgrounds_for_a_background_candidate(nod: Kind) -> None:
    candidate = {"asn_candidate": "[('c1000', 'background')]"}
    outcome = generated([nod("a", "1", **candidate), nod("b", "2", **candidate)])
    assert outcome.associations == []
    expected = "candidate c1000 has no background for it"
    assert outcome.reasons == {0: expected, 1: expected}


@pytest.mark.parametrize("nod", KINDS)
def test_a_background_candidate_with_a_background_is_split(nod: Kind) -> None:
    candidate = {"asn_candidate": "[('c1000', 'background')]"}
    pool = [nod("a", "1"), nod("b", "2"), nod("z", "1", bkgdtarg="t")]
    assert split(*[one | candidate for one in pool]) == [
        ["a science", "b background", "z background"],
        ["b science", "a background", "z background"],
    ]
