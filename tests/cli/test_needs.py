"""What associations need on disk, as `generate` and `audit association` list it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Command
from cli.test_why import cube, niriss, write
from engine.building import Exposure, exposure
from labels import TRIED

MSA = "jw00001001001_01_msa.fits"
NODS = "Asn_Lv2NRSMSA"
FIELDS = ["asn_name", "kind", "file", "is_made_later"]


def mos(number: int, **values: str) -> Exposure:
    """Give an exposure of the shutters, at a point of a pattern of nods."""
    optics = {"instrume": "nirspec", "detector": "nrs1", "filter": "f170lp", "grating": "g235h"}
    nods = {"numdthpt": "2", "subpxpts": "1", "expspcin": "1", "patt_num": str(number)}
    given = {"msametfl": MSA, "opmode": "msaspec", **values}
    return exposure(f"mos{number}_uncal.fits", "nrs_msaspec", **optics, **nods, **given)


def needs(run: Command, pool: str, *options: str) -> Any:
    done = run("generate", pool, "--dry-run", "--needs", "--format", "json", *options)
    assert done.code == 0, done.err
    return json.loads(done.out)


@pytest.mark.parametrize("label", TRIED)
def test_shutters_need_their_metadata(
    asnrules_on_file: Command, tmp_path: Path, label: str
) -> None:
    pool = write(tmp_path / "pool.csv", mos(1), mos(2))
    found = needs(asnrules_on_file, pool, "--ruleset", label)
    assert all(list(one) == FIELDS for one in found)
    names = {one["asn_name"] for one in found}
    assert names
    for name in names:
        own = {(one["kind"], one["file"]) for one in found if one["asn_name"] == name}
        assert ("msa_metadata", MSA) in own
        assert len([kind for kind, _ in own if kind == "science"]) == 1
    assert not any(one["is_made_later"] for one in found)


def test_files_come_in_lines_each_once(asnrules_on_file: Command, tmp_path: Path) -> None:
    pool = write(tmp_path / "pool.csv", mos(1), mos(2), cube("cube_uncal.fits", msametfl=MSA))
    done = asnrules_on_file("generate", pool, "--dry-run", "--needs")
    assert done.code == 0
    assert sorted(done.out.splitlines()) == [
        "cube_rate.fits", MSA, "mos1_rate.fits", "mos2_rate.fits",
    ]  # fmt: skip
    rows = asnrules_on_file("generate", pool, "--dry-run", "--needs", "--format", "csv").out
    assert rows.splitlines()[0] == ",".join(FIELDS)


def test_only_rules_that_look_at_it_need_it(asnrules_on_file: Command, tmp_path: Path) -> None:
    pool = write(tmp_path / "pool.csv", cube("cube_uncal.fits", msametfl=MSA))
    assert [one["file"] for one in needs(asnrules_on_file, pool)] == ["cube_rate.fits"]


def test_grisms_need_what_is_made_of_direct_images(
    asnrules_on_file: Command, tmp_path: Path
) -> None:
    grism = niriss("grism_uncal.fits", "nis_wfss", "gr150r")
    pool = write(tmp_path / "pool.csv", grism, niriss("direct_uncal.fits", "nis_image", "clear"))
    found = needs(asnrules_on_file, pool)
    root = "jw00001-o001_t007_niriss_clear-f150w"
    assert {one["file"]: one["kind"] for one in found if one["is_made_later"]} == {
        f"{root}_i2d.fits": "direct_image",
        f"{root}_cat.ecsv": "sourcecat",
        f"{root}_segm.fits": "segmap",
    }


def test_an_association_on_record(asnrules_on_copy: Command, tmp_path: Path) -> None:
    run = asnrules_on_copy
    grism = niriss("grism_uncal.fits", "nis_wfss", "gr150r")
    direct = niriss("direct_uncal.fits", "nis_image", "clear")
    pool = write(tmp_path / "pool.csv", mos(1), mos(2), mos(3, msametfl="null"), grism, direct)
    assert run("generate", pool, "--no-files").code == 0
    made = needs(run, pool)
    for name in {one["asn_name"] for one in made}:
        own = [one for one in made if one["asn_name"] == name]
        assert run("audit", "association", name, "--needs", "--format", "json").json == own
        lines = run("audit", "association", name, "--needs").out.splitlines()
        assert lines == [one["file"] for one in own]
    assert any(one["kind"] == "msa_metadata" for one in made)
    run("audit", "association", "x_asn", "--needs").assert_error(3, "no association")


def test_an_import_without_its_pool_has_unknown_needs(
    asnrules_on_copy: Command, tmp_path: Path
) -> None:
    run = asnrules_on_copy
    pool = write(
        tmp_path / "pool.csv", mos(1), mos(2), niriss("image_uncal.fits", "nis_image", "clear")
    )
    assert run("generate", pool, "--output", str(tmp_path / "made"), "--no-record").code == 0
    imported = {}
    for path in sorted((tmp_path / "made").glob("*_asn.json")):
        imported[path] = json.loads(path.read_text())["asn_rule"].removeprefix("candidate_")
    assert run("audit", "import", str(tmp_path / "made")).code == 0
    for path, rule in imported.items():
        members = [
            one["expname"]
            for product in json.loads(path.read_text())["products"]
            for one in product["members"]
        ]
        done = run("audit", "association", str(path), "--needs", "--format", "json")
        found = json.loads(done.out)
        assert [one["file"] for one in found] == members
        assert not any(one["is_made_later"] for one in found)
        says = "the pool of run 1 is not on record, so MSA files are unknown; "
        assert (says in done.err) == (rule == NODS)
    assert set(imported.values()) > {NODS}
    assert run("audit", "import", str(tmp_path / "made"), "--pool", pool).code == 0
    for path, rule in imported.items():
        done = run("audit", "association", str(path), "--needs")
        done.assert_fine()
        assert (MSA in done.out.splitlines()) == (rule == NODS)


def test_the_name_of_an_association_may_have_a_folder(
    asnrules_on_copy: Command, tmp_path: Path
) -> None:
    run = asnrules_on_copy
    assert run("generate", write(tmp_path / "pool.csv", mos(1), mos(2)), "--no-files").code == 0
    (first, *_) = needs(run, str(tmp_path / "pool.csv"))
    name = first["asn_name"]
    for options in ((), ("--needs",)):
        plain = run("audit", "association", name, *options)
        plain.assert_fine()
        for folder in ("made/", "./made/of/", "C:\\made\\"):
            there = run("audit", "association", f"{folder}{name}.json", *options)
            assert (there.code, there.out) == (0, plain.out)
