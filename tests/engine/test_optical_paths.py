"""Valid NIRSpec optical paths: those of these tables and no others."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from asnrules.engine.signatures import judge_values
from engine.building import rule_named, ruleset

GRATINGS = ["prism", "g140m", "g235m", "g395m", "g140h", "g235h", "g395h", "mirror"]
FILTERS = ["clear", "f070lp", "f100lp", "f170lp", "f290lp", "f110w"]
DETECTORS = ["nrs1", "nrs2"]
SLITS = ["s200a1", "s200a2", "s400a1", "s1600a1", "s200b1"]
LAMPS = ["flat1", "flat2", "flat3", "flat4", "flat5", "line1", "line2", "line3", "line4", "ref"]

Path = tuple[str, str, str]


def paths(text: str) -> set[Path]:
    """Read lines of grating, filter and detectors."""
    words = [line.split() for line in text.strip().splitlines()]
    return {(line[0], line[1], detector) for line in words for detector in line[2:]}


IFU = paths("""
    prism clear  nrs1
    g140m f070lp nrs1
    g140m f100lp nrs1
    g235m f170lp nrs1
    g395m f290lp nrs1
    g140h f070lp nrs1
    g140h f100lp nrs1 nrs2
    g235h f170lp nrs1 nrs2
    g395h f290lp nrs1 nrs2
""")
FIXED_SLIT = paths("""
    prism clear  nrs1
    g395h f290lp nrs1 nrs2
    g235h f170lp nrs1 nrs2
    g140h f100lp nrs1 nrs2
    g140h f070lp nrs1
    g395m f290lp nrs1
    g235m f170lp nrs1
    g140m f100lp nrs1
    g140m f070lp nrs1
""")
S200B1 = paths("""
    prism clear  nrs2
    g395h f290lp nrs2
    g235h f170lp nrs2
    g140h f100lp nrs2
    g140h f070lp nrs1 nrs2
    g395m f290lp nrs2
    g235m f170lp nrs2
    g140m f100lp nrs2
    g140m f070lp nrs1 nrs2
""")
FIXED_SLIT_LAMPS = {
    ("prism", "line4"), ("prism", "flat5"), ("prism", "test"),
    ("g395h", "flat3"), ("g395h", "line3"),
    ("g235h", "flat2"), ("g235h", "line2"),
    ("g140h", "flat1"), ("g140h", "ref"), ("g140h", "line1"), ("g140h", "flat4"),
    ("g395m", "flat3"), ("g395m", "line3"),
    ("g235m", "flat2"), ("g235m", "line2"),
    ("g140m", "flat1"), ("g140m", "line1"), ("g140m", "flat4"),
}  # fmt: skip
IFU_LAMPS_BOTH = {"g395h", "g235h"}
IFU_LAMPS_NRS1 = {"g395m", "g235m", "g140m", "prism"}

RULES = {
    rule: replace(ruleset(), rules=(rule_named(rule),))
    for rule in ("Asn_Lv2SpecImprint", "Asn_Lv2SpecTSO", "Asn_Lv2NRSLAMPSpectral")
}


def takes(rule: str, exp_type: str, **values: str) -> bool:
    common = {"program": "1", "instrume": "nirspec", "pntgtype": "science", "exp_type": exp_type}
    return bool(judge_values(RULES[rule], common | values).takers)


def lamp(opmode: str, grating: str, name: str, detector: str, **values: str) -> bool:
    values = {"opmode": opmode, "grating": grating, "lamp": name, "detector": detector} | values
    return takes("Asn_Lv2NRSLAMPSpectral", "nrs_lamp", filter="opaque", **values)


@pytest.mark.parametrize("grating", GRATINGS)
def test_ifu_paths(grating: str) -> None:
    combinations = list(product([grating], FILTERS, DETECTORS))
    valid = {
        (grating, element, detector)
        for _, element, detector in combinations
        if takes(
            "Asn_Lv2SpecImprint",
            "nrs_ifu",
            grating=grating,
            filter=element,
            detector=detector,
            is_imprt="t",
        )
    }
    assert valid == {path for path in IFU if path[0] == grating}


def test_other_exposure_types_pass_the_ifu_test() -> None:
    flags = {"is_imprt": "t", "grating": "mirror", "filter": "f110w", "detector": "nrs2"}
    assert takes("Asn_Lv2SpecImprint", "nrs_msaspec", **flags)
    assert not takes("Asn_Lv2SpecImprint", "nrs_ifu", **flags)


@pytest.mark.parametrize("slit", SLITS)
@pytest.mark.parametrize("grating", GRATINGS)
def test_fixed_slit_paths(slit: str, grating: str) -> None:
    valid = {
        (grating, element, detector)
        for element, detector in product(FILTERS, DETECTORS)
        if takes(
            "Asn_Lv2SpecTSO",
            "nrs_brightobj",
            fxd_slit=slit,
            grating=grating,
            filter=element,
            detector=detector,
        )
    }
    table = S200B1 if slit == "s200b1" else FIXED_SLIT
    assert valid == {path for path in table if path[0] == grating}


@pytest.mark.parametrize("missing", ["fxd_slit", "grating", "filter", "detector"])
def test_a_fixed_slit_path_needs_all_its_elements(missing: str) -> None:
    path = {"fxd_slit": "s1600a1", "grating": "prism", "filter": "clear", "detector": "nrs1"}
    assert takes("Asn_Lv2SpecTSO", "nrs_brightobj", **path)
    assert not takes("Asn_Lv2SpecTSO", "nrs_brightobj", **(path | {missing: "n/a"}))


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("grating", GRATINGS)
@pytest.mark.parametrize("name", [*LAMPS, "test"])
def test_lamp_paths_through_the_fixed_slits(detector: str, grating: str, name: str) -> None:
    assert lamp("fixedslit", grating, name, detector) is ((grating, name) in FIXED_SLIT_LAMPS)


@pytest.mark.parametrize("name", LAMPS)
@pytest.mark.parametrize("grating", GRATINGS)
def test_lamp_paths_through_the_ifu(name: str, grating: str) -> None:
    on_both = grating in IFU_LAMPS_BOTH or grating == "g140h"
    assert lamp("ifu", grating, name, "nrs1") is (on_both or grating in IFU_LAMPS_NRS1)
    assert lamp("ifu", grating, name, "nrs2") is (on_both and (grating, name) != ("g140h", "flat4"))


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("grating", [grating for grating in GRATINGS if grating != "mirror"])
def test_lamp_paths_through_the_shutters_are_all_valid(detector: str, grating: str) -> None:
    assert lamp("msaspec", grating, "flat1", detector, msametfl="m.fits")
    assert not lamp("msaspec", grating, "flat1", detector)


@pytest.mark.parametrize("opmode", ["grating-only", "image", "n/a", "other"])
def test_lamp_paths_of_other_modes_are_invalid(opmode: str) -> None:
    assert lamp("fixedslit", "prism", "line4", "nrs1")
    assert not lamp(opmode, "prism", "line4", "nrs1")


@pytest.mark.parametrize("name", ["nolamp", "n/a"])
@pytest.mark.parametrize("opmode", ["ifu", "fixedslit", "msaspec"])
def test_a_lamp_spectrum_needs_a_lamp(opmode: str, name: str) -> None:
    assert lamp(opmode, "g140m", "flat1", "nrs1", msametfl="m.fits")
    assert not lamp(opmode, "g140m", name, "nrs1", msametfl="m.fits")


@pytest.mark.parametrize("element", ["f100lp", "clear", "n/a"])
def test_a_lamp_spectrum_needs_the_opaque_filter(element: str) -> None:
    values = {"opmode": "ifu", "grating": "g140m", "lamp": "flat1", "detector": "nrs1"}
    assert takes("Asn_Lv2NRSLAMPSpectral", "nrs_autowave", filter="opaque", **values)
    assert not takes("Asn_Lv2NRSLAMPSpectral", "nrs_autowave", filter=element, **values)
