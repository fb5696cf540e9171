"""Imprints: those that match the science stay."""

from __future__ import annotations

import pytest

from engine.building import Exposure, exposure, generated, summary

SPEC = "Asn_Lv2Spec"
NODS = "Asn_Lv2NRSIFUNod"


def cube(filename: str, **values: str) -> Exposure:
    """Give an exposure of the integral field unit: of target 7, at dither position 1."""
    optics = {"instrume": "nirspec", "detector": "nrs1", "filter": "clear", "grating": "prism"}
    given = {"mostilno": "1", "dithptin": "1", "bkgdtarg": "f"} | values
    return exposure(filename, "nrs_ifu", **(optics | given))


def imprint(filename: str, **values: str) -> Exposure:
    return cube(filename, **({"is_imprt": "t"} | values))


def nod(filename: str, **values: str) -> Exposure:
    return cube(filename, **({"patttype": "2-point-nod"} | values))


def made(rule: str, *pool: Exposure, without: tuple[str, ...] = ()) -> list[list[str]]:
    """Give the members of each association of a rule."""
    found = summary(generated(pool, without=without).associations)
    return sorted(members for _, name, members in found if name == rule)


# The target


def test_imprints_of_another_target_go_if_one_has_the_target_of_the_science() -> None:
    assert made(SPEC, cube("a"), imprint("b"), imprint("c", targetid="9")) == [
        ["a science", "b imprint"]
    ]


def test_imprints_of_another_target_stay_if_none_has_that_of_the_science() -> None:
    pool = [cube("a", dithptin="3"), imprint("b", targetid="8"), imprint("c", targetid="9")]
    assert made(SPEC, *pool) == [["a science", "b imprint", "c imprint"]]


def test_an_imprint_of_another_target_stays_if_it_is_the_only_one() -> None:
    assert made(SPEC, cube("a"), imprint("b", targetid="9")) == [["a science", "b imprint"]]


# The dither position


def test_imprints_of_another_position_go_if_one_has_that_of_the_science() -> None:
    assert made(SPEC, cube("a"), imprint("b"), imprint("c", dithptin="2")) == [
        ["a science", "b imprint"]
    ]


def test_imprints_of_another_position_stay_if_none_has_that_of_the_science() -> None:
    pool = [cube("a", dithptin="3"), imprint("b"), imprint("c", dithptin="2")]
    assert made(SPEC, *pool) == [["a science", "b imprint", "c imprint"]]


def test_several_imprints_of_the_position_stay() -> None:
    pool = [cube("a"), imprint("b"), imprint("c"), imprint("d", dithptin="2")]
    assert made(SPEC, *pool) == [["a science", "b imprint", "c imprint"]]


def test_a_single_imprint_of_another_position_stays() -> None:
    assert made(SPEC, cube("a"), imprint("b", dithptin="2")) == [["a science", "b imprint"]]


def test_each_science_keeps_its_own() -> None:
    pool = [
        cube("a"),
        cube("b", dithptin="2"),
        imprint("c"),
        imprint("d", dithptin="2"),
    ]
    assert made(SPEC, *pool) == [["a science", "c imprint"], ["b science", "d imprint"]]


def test_the_position_is_looked_at_among_imprints_of_the_target_only() -> None:
    pool = [
        cube("a"),
        imprint("b", dithptin="2"),
        imprint("c", dithptin="3"),
        imprint("d", targetid="9"),
    ]
    assert made(SPEC, *pool) == [["a science", "b imprint", "c imprint"]]


def test_one_imprint_of_the_target_stays_whatever_its_position() -> None:
    pool = [cube("a"), imprint("b", dithptin="2"), imprint("c", targetid="9")]
    assert made(SPEC, *pool) == [["a science", "b imprint"]]


@pytest.mark.parametrize("keyword", ["targetid", "dithptin"])
def test_values_are_compared_as_text_even_where_they_are_empty(keyword: str) -> None:
    pool = [
        cube("a", **{keyword: "null"}),
        imprint("b", **{keyword: "null"}),
        imprint("c", **{keyword: "n/a"}),
    ]
    assert made(SPEC, *pool) == [["a science", "b imprint"]]


# As many sciences as imprints


def test_positions_do_not_count_while_there_are_no_more_imprints_than_sciences() -> None:
    pool = [nod("a"), nod("b", dithptin="2")]
    imprints = [nod("c", is_imprt="t"), nod("d", is_imprt="t", dithptin="5")]
    assert made(NODS, *pool, *imprints) == [
        ["a science", "b background", "c imprint", "d imprint"],
        ["b science", "a background", "c imprint", "d imprint"],
    ]


def test_positions_count_once_there_are_more_imprints_than_sciences() -> None:
    pool = [nod("a"), nod("b", dithptin="2")]
    imprints = [
        nod("c", is_imprt="t"),
        nod("d", is_imprt="t", dithptin="5"),
        nod("e", is_imprt="t", dithptin="2"),
    ]
    assert made(NODS, *pool, *imprints) == [
        ["a science", "b background", "c imprint", "e imprint"],
        ["b science", "a background", "c imprint", "e imprint"],
    ]


def test_the_target_of_any_science_will_do() -> None:
    pool = [nod("a"), nod("b", targetid="8")]
    imprints = [
        nod("c", is_imprt="t"),
        nod("d", is_imprt="t", targetid="8"),
        nod("e", is_imprt="t", targetid="9"),
    ]
    assert made(NODS, *pool, *imprints)[0] == [
        "a science",
        "b background",
        "c imprint",
        "d imprint",
    ]


# The background flag


def test_imprints_of_backgrounds_are_not_looked_at_for_a_science() -> None:
    pool = [cube("a"), imprint("b"), imprint("c", bkgdtarg="t", targetid="9", dithptin="4")]
    assert made(SPEC, *pool) == [["a science", "b imprint", "c imprint"]]


def test_imprints_of_backgrounds_do_not_stand_in_for_those_of_the_science() -> None:
    pool = [cube("a"), imprint("b", targetid="9"), imprint("c", bkgdtarg="t")]
    assert made(SPEC, *pool) == [["a science", "b imprint", "c imprint"]]


def test_any_science_with_the_flag_makes_those_of_backgrounds_looked_at() -> None:
    star = nod("a", is_psf="t", bkgdtarg="t")
    imprints = [
        nod("c", is_imprt="t", bkgdtarg="t"),
        nod("d", is_imprt="t", bkgdtarg="t", targetid="9"),
        nod("e", is_imprt="t", targetid="9"),
    ]
    assert made(NODS, star, nod("b"), *imprints)[0] == [
        "a science",
        "b background",
        "c imprint",
        "e imprint",
    ]


@pytest.mark.parametrize("flag", ["f", "null", "y", "1"])
def test_only_t_counts_as_the_flag(flag: str) -> None:
    pool = [cube("a"), imprint("b"), imprint("c", targetid="9", bkgdtarg=flag)]
    assert made(SPEC, *pool) == [["a science", "b imprint"]]


# Columns that are missing

OTHERS = (imprint("b"), imprint("c", targetid="9"), imprint("d", dithptin="2"))


@pytest.mark.parametrize("column", ["targetid", "bkgdtarg"])
def test_nothing_is_pruned_without_the_columns(column: str) -> None:
    assert made(SPEC, cube("a"), *OTHERS, without=(column,)) == [
        ["a science", "b imprint", "c imprint", "d imprint"]
    ]


def test_without_the_position_imprints_are_pruned_by_target() -> None:
    assert made(SPEC, cube("a"), *OTHERS, without=("dithptin",)) == [
        ["a science", "b imprint", "d imprint"]
    ]


# What goes is not lost


def test_an_imprint_that_goes_is_an_association_of_its_own() -> None:
    pool = [cube("a"), imprint("b"), imprint("c", dithptin="2")]
    assert made("Asn_Lv2SpecImprint", *pool) == [["b science"], ["c science"]]
    assert generated(pool).memberships == [1, 2, 1]
