"""The inputs of `shared/cases`, as they stand there, with what is right for each."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Command, Result

Case = Callable[[str], Path]


@pytest.fixture
def case(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Give a function that copies a case, makes its FITS files, and goes there."""
    if not (shared / "cases").is_dir():
        pytest.skip("shared/ has no folder cases")

    def enter(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for file in (shared / "cases" / name).iterdir():
            shutil.copyfile(file, folder / file.name)
        if (folder / "make.py").exists():
            subprocess.run([sys.executable, "make.py"], cwd=folder, check=True, timeout=120)
        monkeypatch.chdir(folder)
        return folder

    return enter


def made(asnrules: Command, *pools: str) -> list[dict[str, Any]]:
    """Give the files that `generate` writes, by name."""
    done = asnrules("generate", *pools, "--no-record", "--output", "out")
    assert done.code == 0, done.err
    return [json.loads(path.read_text()) for path in sorted(Path("out").glob("*_asn.json"))]


def members(association: dict[str, Any]) -> list[tuple[str, str]]:
    found = association["products"][0]["members"]
    return sorted((member["exptype"], member["expname"]) for member in found)


def words(result: Result) -> str:
    assert result.code == 0, result.err
    return result.out + result.err


def test_nods_of_a_fixed_slit_are_told_by_the_names_of_files(
    asnrules_on_file: Command, case: Case
) -> None:
    files = sorted(path.name for path in case("fits-fixed-slit-no-expspcin").glob("*.fits"))
    associations = made(asnrules_on_file, *files)
    rules = [association["asn_rule"] for association in associations]
    assert rules == ["candidate_Asn_Lv2NRSFSS"] * 3
    told = words(asnrules_on_file("generate", *files, "--dry-run", "--no-record"))
    assert "headers do not tell EXPSPCIN (NRS_FIXEDSLIT), so the activity in file names is" in told


def test_the_reason_of_a_fixed_slit_from_fits_is_what_no_header_has(
    asnrules_on_file: Command, case: Case
) -> None:
    folder = case("fits-fixed-slit-no-expspcin")
    files = [
        path.rename(folder / f"nod{number}_rate.fits").name
        for number, path in enumerate(sorted(folder.glob("*.fits")))
    ]
    told = words(asnrules_on_file("generate", *files, "--dry-run", "--no-record"))
    assert "headers do not tell EXPSPCIN (NRS_FIXEDSLIT), and nothing is assumed" in told
    assert told.count("EXPSPCIN is empty, wanted a value") == 3


@pytest.mark.parametrize("pool", ["declared.csv", "pool-with-expspcin.csv"])
def test_nods_of_a_fixed_slit_with_a_declared_keyword(
    asnrules_on_file: Command, case: Case, pool: str
) -> None:
    files = sorted(path.name for path in case("fits-fixed-slit-no-expspcin").glob("*.fits"))
    declared = ("--set", "*:EXPSPCIN=1")
    done = asnrules_on_file("pool", "make", *files, *declared, "--output", "declared.csv")
    assert done.code == 0, done.err
    associations = made(asnrules_on_file, pool)
    assert [association["asn_rule"] for association in associations] == [
        "candidate_Asn_Lv2NRSFSS"
    ] * 3
    for association in associations:
        assert [role for role, _ in members(association)] == ["background", "background", "science"]
        assert sorted(name for _, name in members(association)) == files


def test_imprints_are_told_by_their_headers(asnrules_on_file: Command, case: Case) -> None:
    files = sorted(path.name for path in case("fits-is-imprt-ignored").glob("*.fits"))
    associations = made(asnrules_on_file, *files)
    rules = sorted(association["asn_rule"] for association in associations)
    assert rules == ["candidate_Asn_Lv2NRSIFUNod"] * 2 + ["candidate_Asn_Lv2SpecImprint"] * 2
    for association in associations:
        if association["asn_rule"] == "candidate_Asn_Lv2NRSIFUNod":
            roles = {name: role for role, name in members(association)}
            imprints = {name for name, role in roles.items() if role == "imprint"}
            assert imprints <= {name for name in files if "_03102_" in name}
            assert imprints


def test_products_of_one_exposure_are_one_exposure(asnrules_on_file: Command, case: Case) -> None:
    files = sorted(path.name for path in case("fits-products-as-inputs").glob("*.fits"))
    [association] = made(asnrules_on_file, *files)
    assert members(association) == [("science", "jw01234004001_03101_00001_nrcblong_rate.fits")]
    told = words(asnrules_on_file("generate", *files, "--dry-run", "--no-record"))
    for product in ("uncal", "rateints", "cal", "i2d"):
        assert f"jw01234004001_03101_00001_nrcblong_{product}.fits" in told


@pytest.mark.parametrize(
    ("name", "arguments", "verdict", "says"),
    [
        (
            "import-asn-from-list",
            ["l2_asn.json"],
            "unexplained",
            ["made by hand (rule DMSLevel2bBase)"],
        ),
        (
            "import-code-version-ignored",
            ["jw01234-c1001_20260714t164831_spec2_00001_asn.json", "--pool", "pool.csv"],
            "explained",
            ["jwst-2.0.0, those of 2.0.1, by which it was made (code_version)"],
        ),
        (
            "import-path-in-expname",
            ["path_asn.json", "--pool", "pool.csv"],
            "explained",
            ["expname of the science has a folder (./data/)"],
        ),
    ],
)
def test_associations_that_were_made_elsewhere(
    asnrules_on_copy: Command,
    case: Case,
    name: str,
    arguments: list[str],
    verdict: str,
    says: list[str],
) -> None:
    case(name)
    told = words(asnrules_on_copy("audit", "import", *arguments))
    assert f": {verdict}\n" in told
    for word in says:
        assert word in told
    assert "the rules make none" not in told


def test_exposures_with_a_direct_image_candidate_alone(
    asnrules_on_file: Command, case: Case
) -> None:
    folder = case("pool-direct-image-only")
    expected = json.loads((folder / "expected.json").read_text())
    found = {
        (association["asn_id"], association["products"][0]["name"], tuple(members(association)))
        for association in made(asnrules_on_file, "pool.csv")
    }
    assert found == {
        (association["asn_id"], association["products"][0]["name"], tuple(members(association)))
        for association in expected
    }
    told = words(asnrules_on_file("generate", "pool.csv", "--dry-run", "--no-record"))
    assert "it is used as a direct image" in told


def test_the_header_once_more(asnrules_on_file: Command, case: Case) -> None:
    case("pool-header-repeated")
    assert len(made(asnrules_on_file, "pool.csv")) == 6
    told = words(asnrules_on_file("generate", "pool.csv", "--dry-run", "--no-record"))
    assert "the header once more in line 5" in told


def test_whole_numbers_with_a_point(asnrules_on_file: Command, case: Case) -> None:
    case("pool-number-as-float")
    told = words(asnrules_on_file("generate", "pool.csv", "--dry-run", "--no-record"))
    assert "PATT_NUM 1.0, 2.0 is not a whole number to jwst" in told
    for association in made(asnrules_on_file, "pool.csv"):
        assert [role for role, _ in members(association)] == ["science"]


@pytest.mark.parametrize(
    ("name", "exposure", "rule", "miss"),
    [
        (
            "reason-bots-nrs2",
            "jw01234015001_02101_00001_nrs2_uncal.fits",
            "Asn_Lv2SpecTSO",
            "DETECTOR is 'nrs2', wanted nrs1",
        ),
        (
            "reason-science-is-no-imprint",
            "jw01234001001_02101_00001_nrs2_uncal.fits",
            "Asn_Lv2NRSFSS",
            "DETECTOR is 'nrs2', wanted nrs1",
        ),
        (
            "reason-wfsc-jitter",
            "jw01234001001_02103_00001_nrca3_uncal.fits",
            "Asn_Lv2WFSC",
            "DMS_NOTE is 'wfsc_los_jitter'",
        ),
    ],
)
def test_the_nearest_miss(
    asnrules_on_file: Command, case: Case, name: str, exposure: str, rule: str, miss: str
) -> None:
    case(name)
    told = words(asnrules_on_file("why", "pool.csv", exposure))
    [reason] = [line for line in told.splitlines() if line.startswith("It is in no association")]
    assert f"nearest is {rule}: " in reason
    assert miss in reason


@pytest.mark.parametrize(
    ("pool", "miss", "both"),
    [
        ("other-grating", "its GRATING is g395m, here g395h", "GRATING g395m, wanted g395h"),
        ("other-band", "its BAND is medium, here short", "BAND medium, wanted short"),
        ("flag-missing", "its BKGDTARG is f", "BKGDTARG f, wanted: t"),
        ("lrs-slitless-tso", "its TSOVISIT is t", "TSOVISIT t, wanted: not a time-series"),
        ("not-linked", "no candidate of type background has both", "are not linked"),
    ],
)
def test_why_a_background_is_not_subtracted(
    asnrules_on_file: Command, case: Case, pool: str, miss: str, both: str
) -> None:
    folder = case("why-background-does-not-fit")
    science = next(
        line.split("|")[0]
        for line in (folder / f"{pool}.csv").read_text().splitlines()[1:]
        if line.startswith("jw01234001001")
    )
    told = words(asnrules_on_file("why", f"{pool}.csv", science))
    assert miss in told
    assert "jw01234002001_02101_00001" in told
    pair = words(asnrules_on_file("why", f"{pool}.csv", science, "jw01234002001_02101_00001"))
    assert both in pair
