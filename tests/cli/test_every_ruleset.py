"""Every command that takes a ruleset, on every ruleset of the catalog."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.conftest import Command
from cli.small_pools import nrc_image, write_pool
from imports.foreign import document, member, write
from labels import RULES, TABLES, TRIED
from pools.fits_files import SLIT, image_name, write_fits

pytestmark = pytest.mark.usefixtures("read_once")


@pytest.mark.parametrize("output", ["table", "jsonl", "csv"])
@pytest.mark.parametrize("label", [*TRIED, *TABLES])
def test_show(asnrules_on_file: Command, label: str, output: str) -> None:
    asnrules_on_file("rulesets", "show", label, "--format", output).assert_fine()


@pytest.mark.parametrize("label", [*RULES, *TABLES])
def test_show_as_json(asnrules_on_file: Command, label: str) -> None:
    shown = asnrules_on_file("rulesets", "show", label, "--format", "json")
    shown.assert_fine()
    document = shown.json
    if label in RULES:
        used = {step for rule in document["rules"] for step in rule["steps"]}
        assert set(document["steps"]) == used
        assert list(document["overall"]) == document["settings"]["overall"]
        assert all([*document["steps"].values(), *document["overall"].values()])


@pytest.mark.parametrize("label", RULES)
def test_export_and_classify(asnrules_on_file: Command, tmp_path: Path, label: str) -> None:
    assert asnrules_on_file("rulesets", "export", label, str(tmp_path / label)).code == 0
    answer = asnrules_on_file(
        "classify", "NRC_IMAGE", "--ruleset", label, "--explain", "--format", "json"
    )
    assert [one["asn_rule"] for one in answer.json["associations"]] == ["Asn_Lv2Image"]


@pytest.mark.parametrize("label", TABLES)
def test_look_up_and_export_of_tables(
    asnrules_on_file: Command, tmp_path: Path, label: str
) -> None:
    for words in (["NRC_IMAGE"], ["NRC", "NRC_IMA*", "image2"]):
        rows = asnrules_on_file("lookup", *words, "--ruleset", label, "--format", "json").json
        (row,) = [row for row in rows if row["exp_type"] == "NRC_IMAGE"]
        assert (row["ruleset"], row["asn_type"]) == (label, "image2")
    assert asnrules_on_file("rulesets", "export", label, str(tmp_path / label)).code == 0


@pytest.mark.parametrize("label", TRIED)
def test_generate_why_report_and_replay(
    asnrules_on_copy: Command, tmp_path: Path, label: str
) -> None:
    exposures = [nrc_image(1), nrc_image(2)]
    pool = write_pool(tmp_path / "pool.csv", *exposures)
    made = asnrules_on_copy("generate", pool, "--ruleset", label, "--no-files")
    assert (made.code, made.err) == (0, "")
    explained = asnrules_on_copy("why", pool, exposures[0]["filename"], "--ruleset", label)
    assert "Asn_Lv2Image took it as science" in explained.out
    page = tmp_path / "run.html"
    assert asnrules_on_copy("audit", "report", "1", "--output", str(page)).code == 0
    assert f"<b>{label}</b>: The Stage 2 association rules" in page.read_text()
    assert "program (PROGRAM)" in page.read_text()
    assert asnrules_on_copy("audit", "replay", "1").code == 0
    other = TRIED[TRIED.index(label) - 1]
    assert asnrules_on_copy("rulesets", "impact", other).code in {0, 1}


@pytest.mark.parametrize("label", TRIED)
def test_judging_what_was_made_by_hand(
    asnrules_on_file: Command, tmp_path: Path, label: str
) -> None:
    background = nrc_image(2, bkgdtarg="t", filter="f150w")
    pool = write_pool(tmp_path / "pool.csv", nrc_image(1), background)
    given = document(member(1), member(2, "background"), asn_type="None", asn_rule="DMSLevel2bBase")
    told = ("--pool", pool, "--ruleset", label, "--dry-run", "--format", "json")
    (file,) = asnrules_on_file("audit", "import", write(tmp_path, given), *told).json["files"]
    assert file["verdict"] == "differs"
    assert "(background), but the rules do not: FILTER f150w, wanted f200w; " in file["explanation"]
    (made,) = file["by_rules"]
    assert (made["asn_type"], made["asn_rule"]) == ("image2", "Asn_Lv2Image")
    assert [len(product["members"]) for product in made["products"]] == [1]


@pytest.mark.parametrize("label", TRIED)
def test_a_folder_of_fits_files(asnrules_on_file: Command, tmp_path: Path, label: str) -> None:
    products = ("uncal", "rate", "rateints", "cal", "i2d")
    image = image_name().removesuffix("_uncal.fits")
    files = [write_fits(tmp_path / f"{image}_{product}.fits") for product in products]
    files += [
        write_fits(tmp_path / f"jw01234002001_03104_0000{at}_nrs1_rate.fits", **SLIT, PATT_NUM=at)
        for at in (1, 2, 3)
    ]
    told = ("--ruleset", label, "--no-record", "--output", str(tmp_path / "out"))
    report = json.loads(asnrules_on_file("generate", *files, *told, "--format", "json").out)
    assert (report["exposures"], report["associations"]) == (4, 4)
    (left,) = [line for line in report["diagnostics"] if line.startswith("left alone")]
    assert "listed once, as rate: " in left
    (number,) = [line for line in report["diagnostics"] if "EXPSPCIN" in line]
    assert "so the activity in file names is taken" in number
    members = [
        [member["exptype"] for member in json.loads(path.read_text())["products"][0]["members"]]
        for path in (tmp_path / "out").glob("*_spec2_*")
    ]
    assert [sorted(one) for one in members] == [["background", "background", "science"]] * 3
