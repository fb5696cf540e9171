"""`asnrules generate`: association files, and a run in the record, or neither."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from cli.conftest import Command, Process
from cli.small_pools import nrc_image, pool_text, without, write_pool

# Two images with a background, which is an association of its own as well; two in none.
EXPOSURES = [
    nrc_image(1),
    nrc_image(2),
    nrc_image(3, bkgdtarg="t"),
    nrc_image(4, exp_type="nrc_dark"),
    nrc_image(5, asn_candidate="null"),
]
NAMES = [f"jw00001-o001_image2_0000{number}_asn.json" for number in (1, 2, 3)]


@pytest.fixture
def pool(tmp_path: Path) -> str:
    return write_pool(tmp_path / "pool.csv", *EXPOSURES)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "associations"


def tree(folder: Path) -> dict[str, bytes | None]:
    """Give all there is in a folder: the content of files, None for folders."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def number_of_runs(asnrules: Command) -> int:
    (row,) = asnrules("sql", "SELECT count(*) AS runs FROM runs", "--format", "json").json
    return int(row["runs"])


# ------------------------------------------------------------------ what it does


def test_it_writes_files_and_records_a_run(
    asnrules_on_copy: Command, pool: str, output: Path
) -> None:
    result = asnrules_on_copy("generate", pool, "--output", str(output), "--format", "json")
    assert result.json == {
        "run_id": 1,
        "ruleset": "jwst-3.0.0",
        "exposures": 5,
        "associations": 3,
        "unassociated": 2,
        "files": [str(output / name) for name in NAMES],
        "diagnostics": [],
        "orphans": [
            {
                "filename": EXPOSURES[3]["filename"],
                "exp_type": "NRC_DARK",
                "reason": "no rule takes its EXP_TYPE",
            },
            {
                "filename": EXPOSURES[4]["filename"],
                "exp_type": "NRC_IMAGE",
                "reason": "it belongs to no candidate",
            },
        ],
    }
    assert names(output) == NAMES
    assert number_of_runs(asnrules_on_copy) == 1


def test_a_file_holds_an_association_that_the_pipeline_loads(
    asnrules_on_file: Command, pool: str, output: Path
) -> None:
    asnrules_on_file("generate", pool, "--output", str(output), "--no-record").assert_fine()
    document = json.loads((output / NAMES[2]).read_text())
    constraints = document.pop("constraints")
    assert document == {
        "asn_type": "image2",
        "asn_rule": "candidate_Asn_Lv2Image",
        "version_id": None,
        "code_version": f"asnrules {version('asnrules')}, rules jwst-3.0.0",
        "degraded_status": "No known degraded exposures in association.",
        "program": "00001",
        "asn_id": "o001",
        "asn_pool": "pool.csv",
        "target": "1",
        "products": [
            {
                "name": "jw00001001001_02101_00001_nrca1",
                "members": [
                    {
                        "expname": "jw00001001001_02101_00001_nrca1_rate.fits",
                        "exptype": "science",
                        "exposerr": "null",
                    },
                    {
                        "expname": "jw00001001001_02101_00003_nrca1_rate.fits",
                        "exptype": "background",
                        "exposerr": "null",
                    },
                ],
            }
        ],
    }
    assert "an imaging science exposure type" in constraints
    assert "f200w (FILTER)" in constraints


def test_the_summary_counts_by_rule(asnrules_on_copy: Command, pool: str, output: Path) -> None:
    result = asnrules_on_copy("generate", pool, "--output", str(output))
    result.assert_fine()
    rows = [line.split() for line in result.out.splitlines()]
    assert rows[0] == ["run", "ruleset", "exposures", "associations", "unassociated", "files"]
    assert rows[2] == ["1", "jwst-3.0.0", "5", "3", "2", "3"]
    assert rows[4] == ["asn_type", "asn_rule", "associations"]
    assert rows[6:9] == [
        ["image2", "Asn_Lv2Image", "2"],
        ["image2", "Asn_Lv2ImageSpecial", "1"],
        [],
    ]
    assert rows[9] == ["in", "no", "association", "exp_type", "reason"]
    assert [row[:2] for row in rows[11:]] == [
        [EXPOSURES[3]["filename"], "NRC_DARK"],
        [EXPOSURES[4]["filename"], "NRC_IMAGE"],
    ]


def test_a_long_list_of_those_in_no_association_is_cut_short(
    asnrules_on_file: Command, tmp_path: Path
) -> None:
    darks = [nrc_image(number, exp_type="nrc_dark") for number in range(23)]
    pool = write_pool(tmp_path / "pool.csv", *darks)
    result = asnrules_on_file("generate", pool, "--dry-run")
    assert result.code == 0
    assert result.out.count("NRC_DARK") == 20
    assert result.err == ("asnrules: and 3 more in no association; --format json lists them all\n")
    report = asnrules_on_file("generate", pool, "--dry-run", "--format", "json").json
    assert len(report["orphans"]) == 23


def test_csv_and_jsonl_are_one_line(asnrules_on_file: Command, pool: str) -> None:
    (row,) = asnrules_on_file("generate", pool, "--dry-run", "--format", "csv").csv
    assert (row["run_id"], row["associations"], row["unassociated"]) == ("", "3", "2")
    (document,) = asnrules_on_file("generate", pool, "--dry-run", "--format", "jsonl").jsonl
    assert (document["run_id"], document["associations"], document["files"]) == (None, 3, [])


def test_the_output_is_the_current_folder_by_default(
    asnrules_on_file: Command, pool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    asnrules_on_file("generate", pool, "--no-record").assert_fine()
    assert names(here) == NAMES


def test_a_dry_run_leaves_neither_files_nor_a_run(
    asnrules_on_copy: Command, pool: str, output: Path
) -> None:
    arguments = ["--output", str(output), "--dry-run", "--format", "json"]
    report = asnrules_on_copy("generate", pool, *arguments).json
    assert (report["run_id"], report["associations"], report["files"]) == (None, 3, [])
    assert not output.exists()
    assert number_of_runs(asnrules_on_copy) == 0


def test_no_record_writes_files_only(asnrules_on_copy: Command, pool: str, output: Path) -> None:
    result = asnrules_on_copy("generate", pool, "--output", str(output), "--no-record")
    assert "not recorded" in result.out
    assert names(output) == NAMES
    assert number_of_runs(asnrules_on_copy) == 0


def test_no_files_records_only(asnrules_on_copy: Command, pool: str, output: Path) -> None:
    arguments = ["--output", str(output), "--no-files", "--format", "json"]
    report = asnrules_on_copy("generate", pool, *arguments).json
    assert (report["run_id"], report["files"]) == (1, [])
    assert not output.exists()


def test_operator_and_note_are_recorded(asnrules_on_copy: Command, pool: str) -> None:
    arguments = ["--no-files", "--operator", "A. Person", "--note", "first light"]
    asnrules_on_copy("generate", pool, *arguments).assert_fine()
    query = "SELECT operator, note FROM runs"
    assert asnrules_on_copy("sql", query, "--format", "json").json == [
        {"operator": "A. Person", "note": "first light"}
    ]


def test_the_version_id_is_in_names_and_content(
    asnrules_on_file: Command, pool: str, output: Path
) -> None:
    arguments = ["--output", str(output), "--version-id", "v2", "--no-record"]
    asnrules_on_file("generate", pool, *arguments).assert_fine()
    assert names(output) == [
        "jw00001-o001_v2_image2_00001_asn.json",
        "jw00001-o001_v2_image2_00002_asn.json",
        "jw00001-o001_v2_image2_00003_asn.json",
    ]
    documents = [json.loads(path.read_text()) for path in output.iterdir()]
    assert {document["version_id"] for document in documents} == {"v2"}


def test_the_exposures_of_several_pools_are_worked_together(
    asnrules_on_file: Command, tmp_path: Path, output: Path
) -> None:
    pools = [
        write_pool(tmp_path / "backgrounds.csv", nrc_image(3, bkgdtarg="t")),
        write_pool(tmp_path / "sciences.csv", nrc_image(1)),
    ]
    arguments = ["--output", str(output), "--no-record"]
    asnrules_on_file("generate", *pools, *arguments).assert_fine()
    background, image = (json.loads((output / name).read_text()) for name in NAMES[:2])
    assert (background["asn_pool"], image["asn_pool"]) == ("backgrounds.csv", "sciences.csv")
    (product,) = image["products"]
    assert [member["exptype"] for member in product["members"]] == ["science", "background"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder that takes no other one")
def test_an_output_folder_that_takes_nothing_is_named(asnrules_on_file: Command, pool: str) -> None:
    result = asnrules_on_file("generate", pool, "--output", "/proc/self", "--no-record")
    result.assert_error(2, "/proc/self: ", "--output")
    assert "stage" not in result.err


def test_a_pool_from_standard_input(process: Process, tmp_path: Path) -> None:
    arguments = ["--output", "out", "--no-record", "--format", "json"]
    report = process("generate", "-", *arguments, stdin=pool_text(*EXPOSURES)).json
    assert (report["exposures"], report["associations"]) == (5, 3)
    document = json.loads((tmp_path / "out" / NAMES[0]).read_text())
    assert document["asn_pool"] == "stdin"


def test_the_order_of_the_rows_makes_no_difference(
    asnrules_on_file: Command, tmp_path: Path, pool: str, output: Path
) -> None:
    asnrules_on_file("generate", pool, "--output", str(output), "--no-record").assert_fine()
    (tmp_path / "shuffled").mkdir()
    shuffled = write_pool(
        tmp_path / "shuffled" / "pool.csv", *[EXPOSURES[place] for place in (2, 4, 1, 0, 3)]
    )
    other = tmp_path / "other"
    asnrules_on_file("generate", shuffled, "--output", str(other), "--no-record").assert_fine()
    assert len(tree(output)) == 3
    assert tree(other) == tree(output)


def test_a_pool_without_any_exposure_is_a_run_without_associations(
    asnrules_on_copy: Command, tmp_path: Path, output: Path
) -> None:
    pool = tmp_path / "pool.csv"
    pool.write_text("|".join(nrc_image()) + "\n")
    arguments = ["--output", str(output), "--format", "json"]
    report = asnrules_on_copy("generate", str(pool), *arguments).json
    assert (report["run_id"], report["exposures"], report["files"]) == (1, 0, [])
    assert names(output) == []


def test_an_unexpanded_template_mark_is_pointed_out(
    asnrules_on_file: Command, tmp_path: Path
) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image(asn_candidate="@!fmt_cand([('x', 'y')])"))
    result = asnrules_on_file("generate", pool, "--dry-run", "--format", "json")
    assert result.code == 0
    report = json.loads(result.out)
    assert (report["associations"], len(report["diagnostics"])) == (0, 1)
    assert "template mark" in report["diagnostics"][0]
    assert result.err == f"asnrules: {report['diagnostics'][0]}\n"


def test_blank_cells_that_count_as_a_value_are_pointed_out(
    asnrules_on_file: Command, tmp_path: Path
) -> None:
    names = ("a_uncal.fits", "b_uncal.fits")
    pool = write_pool(
        tmp_path / "pool.csv",
        *[
            nrc_image(filename=name, is_psf=psf, bkgdtarg="")
            for name, psf in zip(names, ("", "yes"), strict=True)
        ],
    )
    result = asnrules_on_file("generate", pool, "--dry-run", "--format", "json")
    assert result.code == 0
    of_cells, of_value = json.loads(result.out)["diagnostics"]
    assert of_cells.startswith("pool.csv: blank cells of IS_PSF are the value 'nul' to jwst")
    assert of_value.startswith("pool.csv: IS_PSF nul is set to jwst, and so here (exposures: 1)")


# ------------------------------------------------------------------ files that are there already


def test_the_same_pool_again_is_another_run_with_the_same_files(
    asnrules_on_copy: Command, pool: str, output: Path
) -> None:
    asnrules_on_copy("generate", pool, "--output", str(output)).assert_fine()
    before = tree(output)
    report = asnrules_on_copy("generate", pool, "--output", str(output), "--format", "json").json
    assert report["run_id"] == 2
    assert tree(output) == before


def test_a_file_that_differs_is_not_overwritten(
    asnrules_on_copy: Command, pool: str, output: Path
) -> None:
    output.mkdir()
    (output / NAMES[1]).write_text("mine")
    before = tree(output)
    result = asnrules_on_copy("generate", pool, "--output", str(output))
    result.assert_error(2, NAMES[1], "--overwrite")
    assert tree(output) == before
    assert number_of_runs(asnrules_on_copy) == 0


def test_overwrite_replaces_a_file_that_differs(
    asnrules_on_copy: Command, pool: str, output: Path
) -> None:
    output.mkdir()
    (output / NAMES[1]).write_text("mine")
    (output / "other.json").write_text("mine")
    arguments = ["--output", str(output), "--overwrite"]
    asnrules_on_copy("generate", pool, *arguments).assert_fine()
    assert names(output) == [*NAMES, "other.json"]
    assert json.loads((output / NAMES[1]).read_text())["asn_type"] == "image2"
    assert (output / "other.json").read_text() == "mine"


def test_a_link_is_not_written_through(
    asnrules_on_file: Command, pool: str, tmp_path: Path, output: Path
) -> None:
    output.mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    (output / NAMES[0]).symlink_to(elsewhere)
    arguments = ["--output", str(output), "--no-record"]
    asnrules_on_file("generate", pool, *arguments).assert_error(2, NAMES[0])
    asnrules_on_file("generate", pool, *arguments, "--overwrite").assert_fine()
    assert elsewhere.read_text() == "mine"


def test_an_output_that_is_a_file(asnrules_on_copy: Command, pool: str, output: Path) -> None:
    output.write_text("mine")
    asnrules_on_copy("generate", pool, "--output", str(output)).assert_error(2, "--output")
    assert output.read_text() == "mine"
    assert number_of_runs(asnrules_on_copy) == 0


# ------------------------------------------------------------------ what is refused

HEADER = "|".join(nrc_image()) + "\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["empty"]),
        (b"\n  \n", ["no header"]),
        (bytes(range(256)), ["not a text file"]),
        (b"\x89PNG\r\n\x1a\n", ["line 1"]),
        (b"a|b\n1|2\n", ["line 1", "no column filename"]),
        (b"filename,exp_type\na,b\n", ["line 1", "commas"]),
        (pool_text(nrc_image()).encode() + b"short|row\n", ["line 3", "2 of 16"]),
        (pool_text(nrc_image()).replace("[(", "[[(", 1).encode(), ["line 2", "asn_candidate"]),
        (pool_text(nrc_image(asn_candidate="o001")).encode(), ["line 2", "asn_candidate"]),
        (pool_text(nrc_image(filter="f\x1b[2J")).encode(), ["line 2", "filter", r"\x1b"]),
        (pool_text(nrc_image(filename=" ")).encode(), ["line 2", "filename", "blank"]),
    ],
)  # fmt: skip
def test_a_bad_pool_is_one_line_and_leaves_nothing(
    asnrules_on_file: Command, tmp_path: Path, content: bytes, words: list[str]
) -> None:
    pool = tmp_path / "pool.csv"
    pool.write_bytes(content)
    result = asnrules_on_file("generate", str(pool), "--output", str(tmp_path / "out"))
    result.assert_error(2, "pool.csv", *words)
    assert names(tmp_path) == ["pool.csv"]
    assert number_of_runs(asnrules_on_file) == 0


def test_a_pool_that_is_not_there(asnrules_on_file: Command, tmp_path: Path) -> None:
    result = asnrules_on_file("generate", str(tmp_path / "none.csv"), "--output", str(tmp_path))
    result.assert_error(2, "none.csv", "No such file")
    assert names(tmp_path) == []


def test_a_folder_is_no_pool(asnrules_on_file: Command, tmp_path: Path) -> None:
    asnrules_on_file("generate", str(tmp_path), "--dry-run").assert_error(2, "is a directory")


@pytest.mark.parametrize("column", ["pntgtype", "targetid"])
def test_a_pool_lacks_a_column_that_all_rules_need(
    asnrules_on_file: Command, tmp_path: Path, column: str
) -> None:
    pool = write_pool(tmp_path / "pool.csv", without(nrc_image(), column))
    result = asnrules_on_file("generate", pool, "--output", str(tmp_path / "out"))
    result.assert_error(2, "pool.csv", column.upper())
    assert names(tmp_path) == ["pool.csv"]
    assert number_of_runs(asnrules_on_file) == 0


@pytest.mark.parametrize("column", ["subarray", "pupil"])
def test_a_pool_lacks_a_column_that_coronagraphy_needs(
    asnrules_on_file: Command, tmp_path: Path, column: str
) -> None:
    rows = [nrc_image(1), nrc_image(2, exp_type="nrc_coron")]
    pool = write_pool(tmp_path / "pool.csv", *[without(row, column) for row in rows])
    result = asnrules_on_file("generate", pool, "--dry-run")
    result.assert_error(2, column.upper(), "NRC_CORON", "exposure 2")


def test_a_pool_without_coronagraphy_needs_no_subarray(
    asnrules_on_file: Command, tmp_path: Path
) -> None:
    pool = write_pool(tmp_path / "pool.csv", without(nrc_image(), "subarray", "pupil"))
    report = asnrules_on_file("generate", pool, "--dry-run", "--format", "json").json
    assert report["associations"] == 1


def test_the_same_pool_twice_is_refused(
    asnrules_on_copy: Command, pool: str, tmp_path: Path, output: Path
) -> None:
    copy = tmp_path / "copy.csv"
    copy.write_bytes(Path(pool).read_bytes())
    for second in (pool, str(copy)):
        result = asnrules_on_copy("generate", pool, second, "--output", str(output))
        result.assert_error(2, Path(second).name, "twice")
    assert not output.exists()
    assert number_of_runs(asnrules_on_copy) == 0


@pytest.mark.parametrize(
    ("changes", "keyword"),
    [
        ({"program": "../../x"}, "PROGRAM"),
        ({"program": "a/b"}, "PROGRAM"),
        ({"program": "a\\b"}, "PROGRAM"),
        ({"program": "9" * 300}, "PROGRAM"),
        ({"asn_candidate": "[('o/../../1', 'observation')]"}, "ASN_CANDIDATE"),
        ({"asn_candidate": "[('../o007', 'observation')]"}, "ASN_CANDIDATE"),
    ],
)
@pytest.mark.parametrize("how", ["--no-record", "--no-files"])
def test_a_value_that_makes_no_file_name_is_refused(
    asnrules_on_file: Command, tmp_path: Path, changes: dict[str, str], keyword: str, how: str
) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    pool = write_pool(folder / "pool.csv", nrc_image(1), nrc_image(2, **changes))
    before = tree(tmp_path)
    result = asnrules_on_file("generate", pool, "--output", str(folder / "out"), how)
    result.assert_error(2, keyword)
    assert tree(tmp_path) == before
    assert number_of_runs(asnrules_on_file) == 0


@pytest.mark.parametrize("version_id", ["a/b", "../x", "a\x1b[31m"])
def test_a_version_id_that_makes_no_file_name_is_named(
    asnrules_on_file: Command, pool: str, tmp_path: Path, version_id: str
) -> None:
    before = tree(tmp_path)
    arguments = ["--output", str(tmp_path / "out"), "--version-id", version_id]
    result = asnrules_on_file("generate", pool, *arguments)
    assert "\x1b" not in result.err
    assert tree(tmp_path) == before
    result.assert_error(2, "--version-id")


def test_no_control_character_of_a_name_is_printed(
    asnrules_on_file: Command, tmp_path: Path
) -> None:
    result = asnrules_on_file("generate", str(tmp_path / "a\x1b[31m\x9b\nb.csv"), "--dry-run")
    result.assert_error(2, "No such file")
    assert not set(result.err) & {"\x1b", "\x9b"}


def test_the_name_of_an_output_is_printed_without_control_characters(
    asnrules_on_file: Command, pool: str, tmp_path: Path
) -> None:
    output = str(tmp_path / "out\x1b[31m\x9b")
    for form in ("table", "json", "jsonl", "csv"):
        arguments = ["--output", output, "--no-record", "--format", form]
        result = asnrules_on_file("generate", pool, *arguments)
        result.assert_fine()
        assert not set(result.out) & {"\x1b", "\x9b"}


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--ruleset", "2026-03-20"], "kind table"),
        (["--ruleset", "jwst-9"], "jwst-1.9.4"),
        (["--as-of", "2021-05-23"], "2021-05-24"),
    ],
)
def test_no_such_executable_rules(
    asnrules_on_file: Command, pool: str, tmp_path: Path, options: list[str], word: str
) -> None:
    before = tree(tmp_path)
    result = asnrules_on_file("generate", pool, "--output", str(tmp_path / "out"), *options)
    result.assert_error(3, word)
    assert tree(tmp_path) == before


def test_rules_by_label_and_by_date(asnrules_on_file: Command, pool: str) -> None:
    for options in (["--ruleset", "jwst-3.0.0"], ["--as-of", "2026-07-09"]):
        arguments = [*options, "--dry-run", "--format", "json"]
        # That the day rests on one of a tag is told on stderr.
        report = json.loads(asnrules_on_file("generate", pool, *arguments).out)
        assert (report["ruleset"], report["associations"]) == ("jwst-3.0.0", 3)
