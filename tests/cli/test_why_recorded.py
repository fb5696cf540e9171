"""`asnrules why` of a run on record, and of an association: why is each member in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.conftest import Command
from cli.test_why import EXPOSURES, cube, write
from labels import TRIED


@pytest.fixture
def recorded(asnrules_on_copy: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Record a run, write its files into the folder `made`, and give its pool."""
    monkeypatch.chdir(tmp_path)
    pool = write(tmp_path / "pool.csv", *EXPOSURES.values())
    assert asnrules_on_copy("generate", pool, "--output", "made").code == 0
    return pool


def named(run: Command, *words: str) -> str:
    """Name the association of the imprints, as it is made."""
    found = run("why", *words, "imprint1", "--format", "json").json["associations"]
    (name,) = (one["asn_name"] for one in found if one["role"] == "imprint")
    return str(name)


def test_a_run_without_its_pool(asnrules_on_copy: Command, recorded: str) -> None:
    run = asnrules_on_copy
    wanted = {
        name: run("why", recorded, name, "--format", "json").json
        for name in ("sky_rate", "imprint2", "lonely")
    }
    pair = run("why", recorded, "cube", "imprint2", "--format", "json").json
    Path(recorded).unlink()
    for name, document in wanted.items():
        assert run("why", "--run", "1", name, "--format", "json").json == document
    assert run("why", "--run", "1", "cube", "imprint2", "--format", "json").json == pair
    run("why", "--run", "1", "cubes").assert_error(3, "in run 1", "cube_uncal.fits")
    run("why", "--run", "7", "cube").assert_error(3, "the last is 1")
    run("why", "--run", "1", "pool.csv", "cube", "sky").assert_error(2, "--run")


def test_a_run_is_explained_by_its_own_rules_and_options(
    asnrules_on_copy: Command, tmp_path: Path
) -> None:
    pool = write(tmp_path / "pool.csv", *EXPOSURES.values())
    options = ("--ruleset", TRIED[0], "--candidate", "o002", "--no-files")
    assert asnrules_on_copy("generate", pool, *options).code == 0
    found = asnrules_on_copy("why", "--run", "1", "twice", "--format", "json").json
    assert found["ruleset"] == TRIED[0]
    assert {one["candidate"] for one in found["associations"]} == {"o002"}
    today = asnrules_on_copy("why", "--run", "1", "cube", "--ruleset", "jwst-3.0.0")
    assert "its candidates were not selected" in today.out


def test_an_association_on_record(asnrules_on_copy: Command, recorded: str) -> None:
    run = asnrules_on_copy
    name = named(run, recorded)
    Path(recorded).unlink()
    found = run("why", name, "--format", "json").json
    assert (found["asn_name"], found["of"], found["asn_rule"]) == (name, "run 1", "Asn_Lv2Spec")
    members = {one["expname"]: one for one in found["members"]}
    assert {expname: one["role"] for expname, one in members.items()} == {
        "cube_rate.fits": "science",
        "imprint1_rate.fits": "imprint",
    }
    imprint = members["imprint1_rate.fits"]
    assert "a valid NIRSpec IFU optical path, or no NRS_IFU" in imprint["asked"]
    keys = {one["keyword"]: (one["value"], one["of_role"]) for one in imprint["keys"].values()}
    assert keys["GRATING"] == ("g395h", False)
    assert keys["MOSTILNO"] == ("1", True)
    assert keys["IS_IMPRT"] == ("t", True)
    of_science = {one["keyword"] for one in members["cube_rate.fits"]["keys"].values()}
    assert "IS_IMPRT" not in of_science
    assert run("why", f"{name}.json", "--run", "1", "--format", "json").json == found
    told = run("why", name)
    told.assert_fine()
    for word in ("cube_rate.fits: science", "imprint1_rate.fits: imprint", "GRATING g395h"):
        assert word in told.out


def test_an_association_file(asnrules_on_copy: Command, recorded: str, tmp_path: Path) -> None:
    run = asnrules_on_copy
    name = named(run, recorded)
    on_record = run("why", name, "--format", "json").json
    file = f"made/{name}.json"
    assert run("why", file, "--format", "json").json == on_record
    of_pool = run("why", recorded, file, "--format", "json").json
    assert of_pool == {**on_record, "of": "the pool"}
    # Its members say more than its number.
    other = tmp_path / "jw00001-o001_spec2_00999_asn.json"
    other.write_bytes(Path(file).read_bytes())
    assert run("why", recorded, str(other), "--format", "json").json == of_pool
    changed = json.loads(other.read_text())
    changed["products"][0]["members"][1]["expname"] = "imprint2_rate.fits"
    other.write_text(json.dumps(changed))
    run("why", recorded, str(other)).assert_error(3, "with these members", "audit import")


def test_an_imported_run_tells_what_is_on_record_from_what_rules_make(
    asnrules_on_copy: Command, recorded: str, tmp_path: Path
) -> None:
    run = asnrules_on_copy
    name = named(run, recorded)
    (tmp_path / "mine_asn.json").write_bytes(Path(f"made/{name}.json").read_bytes())
    assert run("audit", "import", "mine_asn.json", "--pool", recorded).code == 0

    science = run("why", "--run", "2", "cube", "--format", "json").json
    assert science["on_record"] == [{"asn_name": "mine_asn", "exptype": "science"}]
    told = run("why", "--run", "2", "cube").out
    assert told.index("Run 2 is an import; on record of it: mine_asn (science)") < told.index(name)
    # The whole pool makes more than was imported.
    sky = run("why", "--run", "2", "twice", "--format", "json").json
    assert sky["on_record"] == []
    assert sky["associations"]
    assert "Run 2 is an import; on record of it: it is not imported" in (
        run("why", "--run", "2", "twice").out
    )
    rows = run("why", "--run", "2", "cube", "--format", "csv").csv
    assert [row["asn_name"] for row in rows if row["what"] == "on_record"] == ["mine_asn"]

    both = run("why", "--run", "2", "cube", "imprint1", "--format", "json").json
    assert both["on_record"] == [{"asn_name": "mine_asn", "exptype": "science", "other": "imprint"}]
    assert "mine_asn (science, imprint)" in run("why", "--run", "2", "cube", "imprint1").out
    assert "on record of it: no association that has both" in (
        run("why", "--run", "2", "cube", "imprint2").out
    )

    found = run("why", "mine_asn", "--format", "json").json
    assert (found["asn_name"], found["by_rules"], found["of"]) == ("mine_asn", name, "run 2")
    assert run("why", "mine_asn").out.startswith("mine_asn: spec2 by Asn_Lv2Spec, ")
    generated = run("why", "--run", "1", "cube", "--format", "json").json
    assert generated == {**science, "on_record": None}
    assert "import" not in run("why", "--run", "1", "cube").out


def test_an_imported_run_without_its_pool(asnrules_on_copy: Command, recorded: str) -> None:
    run = asnrules_on_copy
    name = named(run, recorded)
    assert run("audit", "import", f"made/{name}.json").code == 0
    remedy = "why POOL"
    run("why", "--run", "2", name).assert_error(2, "the pool of run 2 is not on record", remedy)
    run("why", "--run", "2", "cube").assert_error(2, "the pool of run 2 is not on record", remedy)


def test_products_of_direct_images_are_told_apart(asnrules_on_copy: Command, recorded: str) -> None:
    (name,) = (
        one["asn_name"]
        for one in asnrules_on_copy("why", recorded, "grism", "--format", "json").json[
            "associations"
        ]
    )
    found = asnrules_on_copy("why", recorded, name, "--format", "json").json
    roles = {one["exptype"]: one["role"] for one in found["members"]}
    assert roles["science"] is not None
    assert [roles[one] for one in ("direct_image", "sourcecat", "segmap")] == [None] * 3


def test_associations_that_are_not_there(asnrules_on_copy: Command, recorded: str) -> None:
    run = asnrules_on_copy
    run("why", "jw00001-o001_spec2_00099_asn").assert_error(3, "near it are jw00001-")
    run("why", recorded, "jw00001-o001_spec2_00099_asn").assert_error(3, "of this name")
    run("why", "nowhere/x_asn.json").assert_error(2, "cannot be read")
    run("why", recorded).assert_error(2, "name an exposure")
    name = named(run, recorded)
    run("why", name, "--run", "9").assert_error(3, "run 9 has no association", "1")


@pytest.mark.parametrize("label", TRIED)
def test_an_association_of_a_pool_by_each_ruleset(
    asnrules_on_file: Command, tmp_path: Path, label: str
) -> None:
    pool = write(tmp_path / "pool.csv", cube("cube_uncal.fits"))
    words = ("--ruleset", label, "--format", "json")
    (made,) = asnrules_on_file("why", pool, "cube", *words).json["associations"]
    found = asnrules_on_file("why", pool, made["asn_name"], *words).json
    assert found["asn_name"] == made["asn_name"]
    (member,) = found["members"]
    assert [member[name] for name in ("role", "asked", "keys")] == [
        made[name] for name in ("role", "asked", "keys")
    ]
