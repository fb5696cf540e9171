"""`asnrules generate` for some candidates, merged, with version ids, orphans and diagnostics."""

from __future__ import annotations

import datetime as dt
import json
import re
from itertools import permutations
from pathlib import Path

import pytest

from cli.conftest import Command, Process
from cli.small_pools import nrc_image, write_pool
from engine.building import Exposure, image, keywords

EXAMPLE = Path(__file__).parents[2] / "examples" / "jw04231_20261105t101500_pool.csv"

BOTH = "[('o001', 'observation'), ('c1000', 'background')]"
OTHER = "[('o002', 'observation'), ('c1000', 'background')]"

# A science with a background of another observation, one that is alone, a dark, one of none.
EXPOSURES = [
    nrc_image(1, asn_candidate=BOTH),
    nrc_image(2, bkgdtarg="t", asn_candidate=OTHER),
    nrc_image(3, asn_candidate="[('o003', 'observation')]"),
    nrc_image(4, exp_type="nrc_dark", asn_candidate="[('o003', 'observation')]"),
    nrc_image(5, asn_candidate="null"),
]
WITH_SKY = "jw00001-c1000_image2_00001_asn.json"
SCIENCE_ALONE = "jw00001-o001_image2_00001_asn.json"
SKY_ALONE = "jw00001-o002_image2_00001_asn.json"
APART = "jw00001-o003_image2_00001_asn.json"


@pytest.fixture
def pool(tmp_path: Path) -> str:
    return write_pool(tmp_path / "pool.csv", *EXPOSURES)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "associations"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def names(folder: Path) -> list[str]:
    return list(contents(folder))


def number_of_runs(asnrules: Command) -> int:
    (row,) = asnrules("sql", "SELECT count(*) AS runs FROM runs", "--format", "json").json
    return int(row["runs"])


# ------------------------------------------------------------------ candidates


def test_only_the_candidate_is_worked(asnrules_on_file: Command, pool: str, output: Path) -> None:
    arguments = ["--output", str(output), "--no-record", "--format", "json"]
    report = asnrules_on_file("generate", pool, "--candidate", "o001", *arguments).json
    assert (report["exposures"], report["associations"], report["unassociated"]) == (5, 1, 4)
    assert names(output) == [SCIENCE_ALONE]


def test_two_candidates_are_worked(asnrules_on_file: Command, pool: str, output: Path) -> None:
    arguments = ["--candidate", "o003", "--candidate", "O002", "--output", str(output)]
    asnrules_on_file("generate", pool, *arguments, "--no-record").assert_fine()
    assert names(output) == [SKY_ALONE, APART]


@pytest.mark.parametrize("extra", [[], ["--dms"], ["--merge"]])
def test_the_order_of_candidates_makes_no_difference(
    asnrules_on_file: Command, pool: str, tmp_path: Path, extra: list[str]
) -> None:
    made = []
    for number, ids in enumerate(permutations(["o001", "c1000", "o003"])):
        output = tmp_path / str(number)
        options = [word for name in ids for word in ("--candidate", name)]
        arguments = [*options, *extra, "--output", str(output), "--no-record"]
        asnrules_on_file("generate", pool, *arguments).assert_fine()
        made.append(contents(output))
    assert list(made[0]) == [WITH_SKY, APART]
    assert made == [made[0]] * 6


def test_an_unknown_candidate_leaves_nothing(
    asnrules_on_copy: Command, pool: str, output: Path
) -> None:
    arguments = ["--candidate", "o001", "--candidate", "o009", "--output", str(output)]
    asnrules_on_copy("generate", pool, *arguments).assert_error(3, "'o009'", "o001")
    assert not output.exists()
    assert number_of_runs(asnrules_on_copy) == 0


def test_dms_leaves_out_what_a_background_candidate_duplicates(
    asnrules_on_file: Command, pool: str, output: Path
) -> None:
    ids = ["--candidate", "o001", "--candidate", "o003"]
    arguments = [*ids, "--dms", "--output", str(output), "--no-record"]
    asnrules_on_file("generate", pool, *arguments).assert_fine()
    assert names(output) == [APART]


def test_the_candidates_are_recorded(asnrules_on_copy: Command, pool: str) -> None:
    ids = ["--candidate", "o003", "--candidate", "o001"]
    asnrules_on_copy("generate", pool, *ids, "--dms", "--merge", "--no-files").assert_fine()
    (row,) = asnrules_on_copy("sql", "SELECT options FROM runs", "--format", "json").json
    options = row["options"] if isinstance(row["options"], dict) else json.loads(row["options"])
    assert (options["candidates"], options["dms"], options["merge"]) == (
        ["o001", "o003"],
        True,
        True,
    )


# ------------------------------------------------------------------ merging


def test_merge_makes_a_file_for_each_type_and_candidate(
    asnrules_on_copy: Command, tmp_path: Path, output: Path
) -> None:
    rows = [nrc_image(1), nrc_image(2), nrc_image(3, tsovisit="t"), nrc_image(4, bkgdtarg="t")]
    pool = write_pool(tmp_path / "merged.csv", *rows)
    arguments = ["--merge", "--output", str(output), "--format", "json"]
    report = asnrules_on_copy("generate", pool, *arguments).json
    assert report["associations"] == 2
    assert names(output) == [SCIENCE_ALONE, "jw00001-o001_tso-image2_00001_asn.json"]
    document = json.loads((output / SCIENCE_ALONE).read_text())
    assert [
        (product["name"][-11:], [member["exptype"] for member in product["members"]])
        for product in document["products"]
    ] == [
        ("00004_nrca1", ["science"]),
        ("00002_nrca1", ["science", "background"]),
        ("00001_nrca1", ["science", "background"]),
    ]
    query = "SELECT count(*) AS members FROM v_association_members"
    assert asnrules_on_copy("sql", query, "--format", "json").json == [{"members": 6}]


# ------------------------------------------------------------------ version ids


def stamps(folder: Path) -> set[str]:
    found = {path.name.split("_")[1] for path in folder.iterdir()}
    documents = [json.loads(path.read_text()) for path in folder.iterdir()]
    assert {document["version_id"] for document in documents} == found
    return found


def assert_now(folder: Path, before: dt.datetime) -> None:
    (stamp,) = stamps(folder)
    assert re.fullmatch(r"\d{8}t\d{6}", stamp)
    at = dt.datetime.strptime(stamp, "%Y%m%dt%H%M%S").replace(tzinfo=dt.UTC)
    assert before.replace(microsecond=0) <= at <= dt.datetime.now(dt.UTC)


@pytest.mark.parametrize(
    "words", [["--version-id", "v7"], ["--version-id=v7"], ["--version-id", "v7", "--no-record"]]
)
def test_a_version_id(asnrules_on_file: Command, pool: str, output: Path, words: list[str]) -> None:
    arguments = [pool, "--output", str(output), "--candidate", "o001", "--no-record", *words]
    asnrules_on_file("generate", *arguments).assert_fine()
    assert names(output) == ["jw00001-o001_v7_image2_00001_asn.json"]
    assert stamps(output) == {"v7"}


def test_a_version_id_before_another_option_is_the_time(
    asnrules_on_file: Command, pool: str, output: Path
) -> None:
    before = dt.datetime.now(dt.UTC)
    arguments = ["--version-id", "--output", str(output), "--no-record"]
    asnrules_on_file("generate", pool, *arguments).assert_fine()
    assert len(names(output)) == 3
    assert_now(output, before)


def test_a_version_id_that_comes_last_is_the_time(
    asnrules_on_file: Command, pool: str, output: Path
) -> None:
    before = dt.datetime.now(dt.UTC)
    arguments = ["--output", str(output), "--no-record", "--version-id"]
    asnrules_on_file("generate", pool, *arguments).assert_fine()
    assert_now(output, before)


@pytest.mark.parametrize("word", ["a/b", "../x", "", "x" * 65, "a b", ".hidden"])
def test_a_version_id_that_makes_no_file_name(
    asnrules_on_file: Command, pool: str, output: Path, word: str
) -> None:
    arguments = [f"--version-id={word}", "--output", str(output), "--no-record"]
    asnrules_on_file("generate", pool, *arguments).assert_error(2, "--version-id")
    assert not output.exists()


# ------------------------------------------------------------------ orphans


def filenames(path: Path) -> list[str]:
    header, *lines = path.read_text().splitlines()
    at = header.split("|").index("filename")
    return [line.split("|")[at] for line in lines]


ORPHANS = [
    "jw00001001001_02101_00004_nrca1_uncal.fits",
    "jw00001001001_02101_00005_nrca1_uncal.fits",
]


def test_orphans_are_the_exposures_in_no_association(
    asnrules_on_copy: Command, pool: str, tmp_path: Path, output: Path
) -> None:
    target = tmp_path / "orphans.csv"
    arguments = ["--save-orphans", str(target), "--output", str(output), "--format", "json"]
    report = asnrules_on_copy("generate", pool, *arguments).json
    assert report["unassociated"] == 2
    assert filenames(target) == ORPHANS
    query = "SELECT filename FROM v_unassociated ORDER BY filename"
    recorded = asnrules_on_copy("sql", query, "--format", "json").json
    assert [row["filename"] for row in recorded] == ORPHANS


def test_orphans_are_a_pool(asnrules_on_file: Command, pool: str, tmp_path: Path) -> None:
    target = tmp_path / "orphans.csv"
    arguments = ["--save-orphans", str(target), "--no-record", "--no-files"]
    asnrules_on_file("generate", pool, *arguments).assert_fine()
    report = asnrules_on_file("generate", str(target), "--dry-run", "--format", "json").json
    assert (report["exposures"], report["associations"], report["unassociated"]) == (2, 0, 2)


def test_orphans_of_selected_candidates_are_all_others(
    asnrules_on_file: Command, pool: str, tmp_path: Path
) -> None:
    target = tmp_path / "orphans.csv"
    arguments = ["--candidate", "o002", "--save-orphans", str(target), "--no-record", "--no-files"]
    asnrules_on_file("generate", pool, *arguments).assert_fine()
    assert [name[20:25] for name in filenames(target)] == ["00001", "00003", "00004", "00005"]


def test_orphans_do_not_replace_a_file(
    asnrules_on_copy: Command, pool: str, tmp_path: Path, output: Path
) -> None:
    target = tmp_path / "orphans.csv"
    target.write_text("mine")
    arguments = ["--save-orphans", str(target), "--output", str(output)]
    asnrules_on_copy("generate", pool, *arguments).assert_error(2, "orphans.csv", "--overwrite")
    assert target.read_text() == "mine"
    assert not output.exists()
    assert number_of_runs(asnrules_on_copy) == 0
    asnrules_on_copy("generate", pool, *arguments, "--overwrite").assert_fine()
    assert filenames(target) == ORPHANS


def test_orphans_are_not_left_behind_by_a_run_that_failed(
    asnrules_on_copy: Command, pool: str, tmp_path: Path, output: Path
) -> None:
    output.mkdir()
    (output / APART).write_text("mine")
    target = tmp_path / "orphans.csv"
    arguments = ["--save-orphans", str(target), "--output", str(output)]
    asnrules_on_copy("generate", pool, *arguments).assert_error(2, APART)
    assert number_of_runs(asnrules_on_copy) == 0
    assert not target.exists()


# ------------------------------------------------------------------ diagnostics

STAR = {"is_psf": "t", "bkgdtarg": "t"}


def unordered(path: Path, groups: int) -> str:
    """Write a pool with groups for which jwst's answer depends on the order of the rows."""
    rows: list[Exposure] = []
    for number in range(groups):
        rows += [
            image(f"{number}a", filter=f"f{number}"),
            image(f"{number}b", filter=f"f{number}", **STAR),
            image(f"{number}c", filter=f"f{number}", **STAR),
        ]
    lines = ["|".join(keywords())]
    lines += ["|".join(one.get(name, "null") for name in keywords()) for one in rows]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_a_diagnostic_names_the_rule_the_candidate_and_the_exposures(
    asnrules_on_file: Command, tmp_path: Path
) -> None:
    result = asnrules_on_file("generate", unordered(tmp_path / "pool.csv", 1), "--dry-run")
    assert result.code == 0
    (line,) = result.err.splitlines()
    assert line.startswith("asnrules: Asn_Lv2Image, candidate o001: ")
    assert "the order of the rows of 0a, 0b, 0c;" in line
    assert "order" not in result.out


@pytest.mark.parametrize("groups", [1, 5])
def test_up_to_five_diagnostics_are_shown(
    asnrules_on_file: Command, tmp_path: Path, groups: int
) -> None:
    pool = unordered(tmp_path / "pool.csv", groups)
    lines = asnrules_on_file("generate", pool, "--dry-run").err.splitlines()
    assert len(lines) == groups
    assert all("candidate o001" in line for line in lines)


def test_of_more_the_rest_is_counted(asnrules_on_file: Command, tmp_path: Path) -> None:
    pool = unordered(tmp_path / "pool.csv", 8)
    lines = asnrules_on_file("generate", pool, "--dry-run").err.splitlines()
    assert len(lines) == 6
    assert lines[5] == "asnrules: and 3 more like these; --format json has them all"


def test_json_and_the_record_have_all_diagnostics(
    asnrules_on_copy: Command, tmp_path: Path
) -> None:
    pool = unordered(tmp_path / "pool.csv", 7)
    result = asnrules_on_copy("generate", pool, "--no-files", "--format", "json")
    assert result.code == 0
    diagnostics = json.loads(result.out)["diagnostics"]
    assert len(set(diagnostics)) == 7
    assert diagnostics == sorted(diagnostics)
    (row,) = asnrules_on_copy("sql", "SELECT diagnostics FROM runs", "--format", "json").json
    recorded = row["diagnostics"]
    assert (recorded if isinstance(recorded, list) else json.loads(recorded)) == diagnostics


def test_a_pool_without_such_groups_has_none(asnrules_on_file: Command, pool: str) -> None:
    assert (
        asnrules_on_file("generate", pool, "--dry-run", "--format", "json").json["diagnostics"]
        == []
    )


# ------------------------------------------------------------------ nothing else makes a difference


def test_the_order_of_rows_makes_no_difference_to_the_example(
    asnrules_on_file: Command, tmp_path: Path
) -> None:
    lines = EXAMPLE.read_text().splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("FILENAME"))
    turned = tmp_path / EXAMPLE.name
    turned.write_text("\n".join([*lines[: start + 1], *reversed(lines[start + 1 :])]) + "\n")
    made, said = [], []
    for number, pool in enumerate([EXAMPLE, turned]):
        output = tmp_path / str(number)
        arguments = [str(pool), "--output", str(output), "--no-record"]
        said.append(asnrules_on_file("generate", *arguments).err)
        made.append(contents(output))
    assert len(made[0]) == 344
    assert made[1] == made[0]
    assert said[1] == said[0] != ""


def test_the_seed_of_hashes_makes_no_difference(process: Process, tmp_path: Path) -> None:
    made, said = [], []
    for seed in "012":
        arguments = ["--output", seed, "--no-record", "--save-orphans", f"{seed}.csv"]
        result = process("generate", str(EXAMPLE), *arguments, PYTHONHASHSEED=seed)
        assert result.code == 0
        made.append(
            contents(tmp_path / seed) | {"orphans": (tmp_path / f"{seed}.csv").read_bytes()}
        )
        said.append((result.out, result.err))
    assert len(made[0]) == 345
    assert made == [made[0]] * 3
    assert said == [said[0]] * 3
