"""`asnrules audit import`: what it prints, and the code with which it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.conftest import Command, Process
from cli.small_pools import nrc_image, write_pool
from imports.foreign import NAME, document, member, stem, write

OTHER = "jw00001-o001_image2_00002_asn"
COUNTS = ("explained", "differs", "contradicts", "unexplained")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with an association that the rules make, and one that they do not."""
    folder = tmp_path / "given"
    write(folder, document(member(1)))
    write(folder, document(member(2), asn_type="spec2"), OTHER)
    return folder


@pytest.fixture
def pool(tmp_path: Path) -> str:
    return write_pool(tmp_path / "pool.csv", nrc_image(1), nrc_image(2))


def test_json_has_the_run_and_a_verdict_on_each_file(
    asnrules_on_copy: Command, folder: Path, pool: str
) -> None:
    found = asnrules_on_copy("audit", "import", str(folder), "--pool", pool, "-f", "json").json
    assert list(found) == [
        "run_id", "imported", "refused", "verdicts", "runs", "files", "errors",
    ]  # fmt: skip
    counts = dict(zip(COUNTS, (1, 0, 1, 0), strict=True))
    assert (found["run_id"], found["imported"], found["refused"]) == (1, 2, 0)
    assert found["verdicts"] == counts
    assert found["runs"] == [
        {"run_id": 1, "ruleset": "jwst-3.0.0", "associations": 2, "verdicts": counts}
    ]
    assert found["errors"] == []
    assert [(file["file"], file["asn_name"], file["verdict"]) for file in found["files"]] == [
        (str(folder / f"{NAME}.json"), NAME, "explained"),
        (str(folder / f"{OTHER}.json"), OTHER, "contradicts"),
    ]
    assert found["files"][0]["asn_rule"] == "Asn_Lv2Image"
    assert found["files"][0]["explanation"].startswith("the rules make exactly this: image2 by ")


def test_the_table_has_the_counts_and_then_each_verdict(
    asnrules_on_copy: Command, folder: Path, pool: str
) -> None:
    result = asnrules_on_copy("audit", "import", f"{folder}/*.json", "--pool", pool)
    result.assert_fine()
    lines = result.out.splitlines()
    assert lines[0].split() == ["run", "ruleset", "imported", *COUNTS]
    assert lines[2].split() == ["1", "jwst-3.0.0", "2", "1", "0", "1", "0"]
    assert lines[4] == f"{NAME}: explained"
    assert lines[5].startswith("  the rules make exactly this: image2 by Asn_Lv2Image")
    assert lines[7] == f"{OTHER}: contradicts"


def test_rows_have_a_line_for_each_file(asnrules_on_copy: Command, folder: Path) -> None:
    for output in ("csv", "jsonl"):
        result = asnrules_on_copy("audit", "import", str(folder), "-f", output)
        found = result.csv if output == "csv" else result.jsonl
        assert [row["asn_name"] for row in found] == [NAME, OTHER]
        assert [row["verdict"] for row in found] == ["unexplained", "unexplained"]


def test_what_is_refused_is_a_line_each_and_code_2(
    asnrules_on_copy: Command, folder: Path, tmp_path: Path
) -> None:
    (folder / "cut_asn.json").write_text("{")
    write(folder, document(asn_type="spec3"), "jw00001-o001_spec3_00001_asn")
    result = asnrules_on_copy("audit", "import", str(folder), str(tmp_path / "no"), "-f", "json")
    assert result.code == 2
    lines = result.err.splitlines()
    for line, name in zip(lines, ("cut", "jw00001-o001_spec3_00001", "no"), strict=True):
        assert line.startswith("asnrules: ")
        assert name in line
    found = json.loads(result.out)
    assert (found["run_id"], found["imported"], found["refused"]) == (1, 2, 3)
    assert [f"asnrules: {error}" for error in found["errors"]] == lines


def test_where_all_is_refused_there_is_no_run(asnrules_on_file: Command, tmp_path: Path) -> None:
    result = asnrules_on_file("audit", "import", str(tmp_path), "-f", "json")
    assert result.code == 2
    assert json.loads(result.out)["run_id"] is None
    assert "is a folder without *asn.json files" in result.err
    for dry in ((), ("--dry-run",)):
        assert asnrules_on_file("audit", "import", str(tmp_path), *dry).out == ""


def test_wrong_use_is_one_line(asnrules_on_file: Command, folder: Path, tmp_path: Path) -> None:
    run = asnrules_on_file
    run("audit", "import").assert_error(2, "FILE...")
    run("audit", "import", str(folder), "--ruleset", "none").assert_error(3, "no ruleset 'none'")
    run("audit", "import", str(folder), "--as-of", "2021-01-01").assert_error(3, "2021-01-01")
    both = ("--ruleset", "jwst-3.0.0", "--as-of", "2026-09-01")
    run("audit", "import", str(folder), *both).assert_error(2, "exclude each other")
    none = str(tmp_path / "none.csv")
    run("audit", "import", str(folder), "--pool", none).assert_error(2, "none.csv")


def test_nothing_of_a_file_is_obeyed(asnrules_on_copy: Command, tmp_path: Path) -> None:
    secret = tmp_path / "secret_uncal.fits"
    given = document(member(1, expname=f"../../{secret}"), member(2, expname="-rf"), asn_id="../x")
    given["products"][0]["name"] = str(tmp_path / "made")
    write(tmp_path, given)
    write(tmp_path, document(asn_rule="\x1b]0;owned\x07"), "escape_asn")
    (tmp_path / "\x1b[31mred_asn.json").write_text("{}")
    before = sorted(tmp_path.rglob("*"))
    pool = write_pool(tmp_path / "pool.csv", nrc_image(1))
    result = asnrules_on_copy("audit", "import", str(tmp_path), "--pool", pool)
    assert result.code == 2
    assert (result.out + result.err).replace("\n", "").isprintable()
    assert len(result.err.splitlines()) == 2
    after = {path for path in tmp_path.rglob("*") if not path.name.startswith("asnrules.db")}
    assert after == {*before, Path(pool)} - {tmp_path / "asnrules.db"}


def test_the_record_answers_afterwards(asnrules_on_copy: Command, folder: Path, pool: str) -> None:
    asnrules_on_copy("audit", "import", str(folder), "--pool", pool).assert_fine()
    query = (
        "SELECT asn_name, asn_rule, verdict FROM v_imported_associations "
        "WHERE verdict <> 'explained'"
    )
    assert asnrules_on_copy("sql", query, "-f", "json").json == [
        {"asn_name": OTHER, "asn_rule": "candidate_Asn_Lv2Image", "verdict": "contradicts"}
    ]
    query = "SELECT filename, association_count, origin FROM v_decisions ORDER BY position"
    assert asnrules_on_copy("sql", query, "-f", "json").json == [
        {"filename": f"{stem(number)}_uncal.fits", "association_count": 1, "origin": "imported"}
        for number in (1, 2)
    ]


def test_a_process_ends_with_code_2(process: Process, tmp_path: Path) -> None:
    (tmp_path / "deep_asn.json").write_text("[" * 1_000_000)
    result = process("audit", "import", "deep_asn.json")
    assert result.code == 2
    assert result.err == (
        "asnrules: deep_asn.json: is nested too deeply; give an association file\n"
    )


def test_a_dry_run_judges_and_records_nothing(
    asnrules_on_copy: Command, folder: Path, pool: str
) -> None:
    given = ("audit", "import", str(folder), "--pool", pool, "-f", "json")
    found = asnrules_on_copy(*given, "--dry-run").json
    assert (found["run_id"], found["imported"], found["runs"][0]["run_id"]) == (None, 0, None)
    assert asnrules_on_copy("audit", "runs", "-f", "json").json == []
    recorded = asnrules_on_copy(*given).json
    assert found["verdicts"] == recorded["verdicts"]
    for one, other in zip(found["files"], recorded["files"], strict=True):
        assert one | {"run_id": 1} == other


def test_a_dry_run_says_what_the_rules_make(
    asnrules_on_file: Command, folder: Path, pool: str
) -> None:
    given = ("audit", "import", str(folder / f"{OTHER}.json"), "--pool", pool, "--dry-run")
    result = asnrules_on_file(*given)
    result.assert_fine()
    assert result.out.splitlines()[0].split() == ["ruleset", "judged", *COUNTS]
    name = "jw00001-o001_image2_00001_asn"
    made = [
        {
            "asn_name": name,
            "asn_type": "image2", "asn_rule": "Asn_Lv2Image", "asn_id": "o001",
            "products": [
                {
                    "name": stem(2),
                    "members": [{"expname": f"{stem(2)}_rate.fits", "exptype": "science"}],
                }
            ],
        }
    ]  # fmt: skip
    assert f"  by the rules: {name}, image2 by Asn_Lv2Image for o001, {stem(2)}" in result.out
    assert f"    {stem(2)}_rate.fits (science)" in result.out
    assert asnrules_on_file(*given, "-f", "json").json["files"][0]["by_rules"] == made


@pytest.mark.parametrize("dry_run", [["--dry-run"], []])
def test_members_that_are_not_in_the_folder_are_named(
    asnrules_on_copy: Command, tmp_path: Path, dry_run: list[str]
) -> None:
    path = write(
        tmp_path,
        document(
            member(1, expname=f"./data/{stem(1)}_rate.fits"),
            member(2, "background"),
            member(3, "background"),
        ),
    )
    data = tmp_path / "data"
    data.mkdir()
    given = ("audit", "import", path, "--members", str(data), *dry_run)
    for name in (f"{stem(1)}_rate.fits", f"{stem(2)}_uncal.fits"):
        (data / name).touch()
    result = asnrules_on_copy(*given)
    assert result.code == 1
    assert (
        f"  not in {data}: {stem(2)}_rate.fits ({stem(2)}_uncal.fits is), {stem(3)}_rate.fits\n"
    ) in result.out
    for name in (f"{stem(2)}_rate.fits", f"{stem(3)}_rate.fits"):
        (data / name).touch()
    path = write(tmp_path, document(member(1), member(2), member(3)), OTHER)
    result = asnrules_on_copy("audit", "import", path, *given[3:], "-f", "json")
    result.assert_fine()
    assert result.json["files"][0]["missing"] == []


def test_a_folder_of_members_has_to_be_there(
    asnrules_on_file: Command, folder: Path, tmp_path: Path
) -> None:
    given = ("audit", "import", str(folder), "--dry-run", "--members")
    asnrules_on_file(*given, str(tmp_path / "no")).assert_error(2, "--members")
    asnrules_on_file(*given, str(folder / f"{NAME}.json")).assert_error(2, "--members")


def test_what_was_not_imported_is_not_in_no_association(
    asnrules_on_copy: Command, folder: Path, tmp_path: Path
) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image(1), nrc_image(2), nrc_image(3))
    asnrules_on_copy("audit", "import", str(folder), "--pool", pool).assert_fine()
    page = tmp_path / "run.html"
    assert asnrules_on_copy("audit", "report", "1", "--output", str(page)).code == 0
    shown = [
        asnrules_on_copy("audit", "exposure", stem(3)).out,
        asnrules_on_copy("audit", "run", "1").out,
        page.read_text(),
        asnrules_on_copy("sql", "SELECT * FROM v_not_imported").out,
    ]
    for text in shown:
        assert "not imported" in text.lower()
        assert "in no association" not in text.lower()
    assert "  not imported: by the rules, in 1\n" in shown[0]
    assert asnrules_on_copy("sql", "SELECT * FROM v_unassociated", "--format", "json").json == []
    (listed,) = asnrules_on_copy("audit", "runs", "--format", "json").json
    run = asnrules_on_copy("audit", "run", "1", "--format", "json").json
    for found in (listed, run):
        assert (found["unassociated"], found["not_imported"]) == (None, 1)
