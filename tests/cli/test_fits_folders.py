"""Folders of FITS files as they are downloaded: other inputs of the kinds in `shared/cases`."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from astropy.io import fits

from cli.conftest import Command
from pools.fits_files import SLIT, write_fits

CUBE: Mapping[str, object] = {
    **SLIT, "EXP_TYPE": "NRS_IFU", "FXD_SLIT": None, "SUBARRAY": "FULL", "FILTER": "F290LP",
    "GRATING": "G395H", "PATTTYPE": "4-POINT-NOD", "NUMDTHPT": 4,
}  # fmt: skip
SHUTTERS: Mapping[str, object] = {
    **SLIT, "EXP_TYPE": "NRS_MSASPEC", "FXD_SLIT": None, "SUBARRAY": "FULL",
    "PATTTYPE": "2-POINT-NOD", "NUMDTHPT": 2, "MSAMETFL": "jw01234001001_01_msa.fits",
}  # fmt: skip
GRISM: Mapping[str, object] = {
    "INSTRUME": "NIRISS", "DETECTOR": "NIS", "EXP_TYPE": "NIS_WFSS", "FILTER": "GR150R",
    "PUPIL": "F150W", "CHANNEL": None,
}  # fmt: skip
SERIES: Mapping[str, object] = {"EXP_TYPE": "NRC_TSIMAGE", "TSOVISIT": True}


def name(activity: str, number: int, detector: str = "nrs1", product: str = "rate") -> str:
    return f"jw01234001001_{activity}_{number:05}_{detector}_{product}.fits"


def made(run: Command, folder: Path, *options: str) -> Counter[tuple[str, tuple[str, ...]]]:
    """Count what `generate` makes of a folder: rules, with the roles of the members."""
    out = folder.parent / "out"
    done = run("generate", str(folder), "--no-record", "--output", str(out), *options)
    assert done.code == 0, done.err
    found = [json.loads(path.read_text()) for path in out.glob("*_asn.json")]
    return Counter(
        (
            one["asn_rule"].partition("_Asn_")[2],
            tuple(sorted(member["exptype"] for member in one["products"][0]["members"])),
        )
        for one in found
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder"


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (SLIT, {}),
        (SLIT, {"PATTTYPE": "3-POINT-NOD", "SUBPXPTS": 1.0, "NUMDTHPT": "3"}),
        (SLIT, {"DETECTOR": "NRS2", "GRATING": "G395H", "FILTER": "F290LP"}),
        (SHUTTERS, {}),
        (SHUTTERS, {"MSASTATE": "CONFIGURED", "GRATING": "PRISM", "FILTER": "CLEAR"}),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_nods(
    asnrules_on_file: Command,
    folder: Path,
    kind: Mapping[str, object],
    changes: Mapping[str, object],
    packed: bool,
) -> None:
    for number in (1, 2):
        for product in ("uncal", "rate", "cal", "x1d"):
            path = folder / name("03101", number, product=product)
            write_fits(path, **{**kind, **changes}, PATT_NUM=float(number))
            if packed:
                path.with_suffix(".fits.gz").write_bytes(gzip.compress(path.read_bytes()))
                path.unlink()
    rule = "Lv2NRSFSS" if kind is SLIT else "Lv2NRSMSA"
    assert made(asnrules_on_file, folder) == {(rule, ("background", "science")): 2}


@pytest.mark.parametrize(
    ("flag", "none"), [("T", "F"), ("true", "false"), (1, 0), ("YES", "NO"), (True, None)]
)
def test_imprints(asnrules_on_file: Command, folder: Path, flag: object, none: object) -> None:
    for number in (1, 2):
        write_fits(folder / name("03101", number), **CUBE, PATT_NUM=number, IS_IMPRT=none)
        write_fits(folder / name("03102", number), **CUBE, PATT_NUM=number, IS_IMPRT=flag)
    assert made(asnrules_on_file, folder) == {
        ("Lv2NRSIFUNod", ("background", "imprint", "imprint", "science")): 2,
        ("Lv2SpecImprint", ("science",)): 2,
    }


def test_imprints_that_no_header_tells_are_declared(
    asnrules_on_file: Command, folder: Path
) -> None:
    for activity in ("03101", "03102"):
        write_fits(folder / name(activity, 1), **CUBE, PATT_NUM=1)
    declared = ("--set", "*_03102_*:IS_IMPRT=t")
    assert made(asnrules_on_file, folder, *declared) == {
        ("Lv2NRSIFUNod", ("imprint", "science")): 1,
        ("Lv2SpecImprint", ("science",)): 1,
    }


def test_backgrounds_are_linked_by_declaration(asnrules_on_file: Command, folder: Path) -> None:
    cube = {**CUBE, "PATTTYPE": "NONE"}
    write_fits(folder / name("03101", 1), **cube)
    sky = name("03101", 1).replace("jw01234001", "jw01234002")
    write_fits(folder / sky, **cube, OBSERVTN="002", BKGDTARG=True, TARGNAME="SKY")
    alone = {("Lv2Spec", ("science",)): 1, ("Lv2SpecSpecial", ("science",)): 1}
    assert made(asnrules_on_file, folder) == alone
    linked = ("--asn-candidate", "[('c1000', 'background')]")
    assert ("Lv2Spec", ("background", "science")) in made(asnrules_on_file, folder, *linked)


def test_a_grism_with_its_direct_image(asnrules_on_file: Command, folder: Path) -> None:
    direct = {**GRISM, "EXP_TYPE": "NIS_IMAGE", "FILTER": "CLEAR"}
    write_fits(folder / name("02101", 1, "nis"), **direct)
    write_fits(folder / name("02102", 1, "nis"), **GRISM)
    assert made(asnrules_on_file, folder) == {
        ("Lv2Image", ("science",)): 1,
        ("Lv2WFSSNIS", ("direct_image", "science", "segmap", "sourcecat")): 1,
    }


@pytest.mark.parametrize(
    ("changes", "wanted", "products"),
    [
        ({}, "rate", ["uncal", "rate", "rateints", "cal", "i2d"]),
        ({}, "rate", ["rate", "ramp", "jump", "crf"]),
        ({}, "rate", ["uncal"]),
        (SERIES, "rateints", ["uncal", "rate", "rateints", "calints", "x1dints"]),
        (SERIES, "rateints", ["rateints"]),
    ],
)
def test_several_exposures_each_with_several_products(
    asnrules_on_file: Command,
    folder: Path,
    changes: Mapping[str, object],
    wanted: str,
    products: list[str],
) -> None:
    for number, detector in ((1, "nrca1"), (2, "nrca1"), (1, "nrcalong")):
        below = folder / "mastDownload" / f"{detector}_{number}"
        below.mkdir(parents=True)
        for product in products:
            path = below / name("02101", number, detector, product)
            write_fits(path, **{**changes, "DETECTOR": detector.upper()})
        (below / "preview.jpg").write_text("")
    write_fits(folder / "jw01234-o001_t001_nircam_clear-f200w_i2d.fits")
    write_fits(folder / "jw01234001001_01_msa.fits", TELESCOP=None, EXP_TYPE=None)
    out = folder.parent / "out"
    report = json.loads(
        asnrules_on_file(
            "generate", str(folder), "--no-record", "--output", str(out), "--format", "json"
        ).out
    )
    assert (report["associations"], report["unassociated"]) == (3, 0)
    members = sorted(
        member["expname"]
        for path in out.glob("*_asn.json")
        for member in json.loads(path.read_text())["products"][0]["members"]
    )
    assert members == sorted(
        name("02101", number, detector, wanted)
        for number, detector in ((1, "nrca1"), (2, "nrca1"), (1, "nrcalong"))
    )


def test_real_products_have_more_than_a_header(asnrules_on_file: Command, folder: Path) -> None:
    path = folder / name("02101", 1, "nrca1")
    write_fits(path, DATAMODL="ImageModel", CAL_VER="1.14.0", **{"DATE-OBS": "2024-01-01"})
    with fits.open(path, mode="append") as file:
        file.append(fits.ImageHDU(name="SCI", header=fits.Header({"EXP_TYPE": "NRS_IFU"})))
        columns = [fits.Column("group", "J", array=[1, 2])]
        file.append(fits.BinTableHDU.from_columns(columns, name="GROUP"))
    assert made(asnrules_on_file, folder) == {("Lv2Image", ("science",)): 1}
