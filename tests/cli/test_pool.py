"""`pool make`, FITS files and tables in place of pools, and classifications as Parquet."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from cli.conftest import Command, Process
from cli.small_pools import nrc_image, write_pool
from pools.fits_files import SLIT, image_name, with_card, write_fits
from pools.test_fits_file_names import AROUND, ROOT

ASSUMED = (
    "asnrules: headers do not tell PNTGTYPE (NRC_IMAGE), so science is assumed; declare what is so "
    "by --set\n"
)


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def two(tmp_path: Path) -> list[str]:
    for number in (1, 2):
        write_fits(tmp_path / image_name(number), PATT_NUM=number)
    return [image_name(number) for number in (1, 2)]


def test_a_pool_from_files_makes_associations(
    asnrules_on_copy: Command, two: list[str], tmp_path: Path
) -> None:
    made = asnrules_on_copy("pool", "make", *two, "--output", "pool.csv", "--format", "json")
    assert (made.code, made.err) == (0, ASSUMED)
    assert json.loads(made.out) == {
        "pool": "pool.csv", "exposures": 2, "unplaced": 0, "skipped": 0,
    }  # fmt: skip
    report = asnrules_on_copy(
        "generate", "pool.csv", "--output", "from_pool", "--format", "json"
    ).json
    assert sorted(Path(name).name for name in report["files"]) == [
        "jw01234-o001_image2_00001_asn.json",
        "jw01234-o001_image2_00002_asn.json",
    ]
    direct = asnrules_on_copy("generate", *reversed(two), "--output", "direct", "--format", "json")
    assert direct.code == 0
    assert f"asnrules: {json.loads(direct.out)['diagnostics'][0]}\n" == direct.err == ASSUMED
    for path in (tmp_path / "from_pool").iterdir():
        written = json.loads((tmp_path / "direct" / path.name).read_text())
        assert {**written, "asn_pool": "pool.csv"} == json.loads(path.read_text())
    digests = asnrules_on_copy(
        "sql", "SELECT sha256 FROM run_pools JOIN pools USING (pool_id)",
        "--format", "jsonl",
    ).jsonl  # fmt: skip
    content = (tmp_path / "pool.csv").read_bytes()
    assert [one["sha256"] for one in digests] == [hashlib.sha256(content).hexdigest()] * 2


def test_a_pool_on_standard_output(asnrules_on_file: Command, two: list[str]) -> None:
    made = asnrules_on_file("pool", "make", *two, "--output", "-", "--set", "*_00002_*:IS_IMPRT=t")
    assert made.code == 0
    header, *rows = made.out.splitlines()
    place = header.split("|").index("is_imprt")
    assert [row.split("|")[place] for row in rows] == ["f", "t"]


def test_each_bad_file_is_one_line(
    asnrules_on_file: Command, two: list[str], tmp_path: Path
) -> None:
    (tmp_path / "cut.fits").write_bytes((tmp_path / two[0]).read_bytes()[:500])
    write_fits(tmp_path / "hst.fits", TELESCOP="HST")
    files = [*two, "cut.fits", "hst.fits", "none.fits"]
    made = asnrules_on_file("pool", "make", *files, "--output", "pool.csv")
    assert (made.code, made.out) == (2, "")
    cut, hst, none, total = made.err.splitlines()
    assert cut.startswith("asnrules: cut.fits: its primary header is truncated or broken")
    assert hst == "asnrules: hst.fits: not a JWST exposure: TELESCOP is 'HST'"
    assert none == "asnrules: none.fits: cannot be read: No such file or directory"
    assert total.startswith("asnrules: 3 of 5 files make no exposure of a pool; leave them out")
    assert not (tmp_path / "pool.csv").exists()
    skipping = asnrules_on_file("pool", "make", *files, "--output", "pool.csv", "--skip")
    assert skipping.code == 0
    assert skipping.err.splitlines()[:3] == [cut, hst, none]
    assert skipping.lines[0].split() == ["pool.csv", "2", "0", "3"]


def test_one_bad_file_is_the_error(
    asnrules_on_copy: Command, two: list[str], tmp_path: Path
) -> None:
    write_fits(tmp_path / "hst.fits", TELESCOP="HST")
    for command in (("generate",), ("classify",)):
        asnrules_on_copy(*command, *two, "hst.fits").assert_error(
            2, "hst.fits: not a JWST exposure", "--skip"
        )
    assert asnrules_on_copy("audit", "runs", "--format", "json").json == []


@pytest.mark.parametrize("words", ["generate", "classify", "candidates", "pool make"])
@pytest.mark.parametrize(
    ("card", "problem"),
    [
        (b"CONTINUE  'stray'", "card 20 (CONTINUE) of its header continues no text"),
        (b"DITHPTIN= X", "card 20 (DITHPTIN) of its header cannot be read"),
        (b"TARGPROP= 'a\0b'", "card 20 (TARGPROP) of its header cannot be read"),
    ],
)
def test_a_broken_card_is_one_line(
    asnrules_on_file: Command, two: list[str], words: str, card: bytes, problem: str
) -> None:
    with_card(Path(two[1]), card)
    options = ["--output", "-"] if words == "pool make" else []
    asnrules_on_file(*words.split(), *two, *options).assert_error(2, f"{two[1]}: {problem}; ")


def test_what_cannot_be_placed_is_said(asnrules_on_file: Command, tmp_path: Path) -> None:
    write_fits(tmp_path / image_name(), OBSERVTN=None)
    done = asnrules_on_file("generate", image_name(), "--dry-run", "--format", "json")
    report = json.loads(done.out)
    assert (report["associations"], report["unassociated"]) == (0, 1)
    assert done.err.startswith(
        f"asnrules: {image_name()}: cannot be placed: no OBSERVTN, so no candidate\n"
    )


def test_content_decides_not_the_name(
    asnrules_on_file: Command, two: list[str], tmp_path: Path
) -> None:
    packed = tmp_path / "pool.csv"
    packed.write_bytes(gzip.compress((tmp_path / two[0]).read_bytes()))
    write_pool(tmp_path / "really.fits", nrc_image(7))
    done = asnrules_on_file("classify", "pool.csv", "really.fits", "--format", "jsonl")
    assert [json.loads(line)["filename"] for line in done.out.splitlines()] == [
        "pool.csv",
        nrc_image(7)["filename"],
    ]


def test_an_exposure_by_its_file(asnrules_on_file: Command, two: list[str]) -> None:
    done = asnrules_on_file("why", two[0], two[0])
    assert done.out.startswith(f"{two[0]}: NRC_IMAGE, class science\n")


def test_a_time_series_is_one(asnrules_on_file: Command, tmp_path: Path) -> None:
    write_fits(tmp_path / image_name(), TSOVISIT=True)
    done = asnrules_on_file("classify", image_name(), "--format", "json")
    assert [one["asn_type"] for one in json.loads(done.out)[0]["associations"]] == ["tso-image2"]


@pytest.mark.parametrize(("series", "product"), [(False, "rate"), (True, "rateints")])
@pytest.mark.parametrize("starts", [["uncal", "rate", "rateints"], ["rate", "rateints"]])
def test_the_rules_name_the_member(
    asnrules_on_file: Command, tmp_path: Path, series: bool, product: str, starts: list[str]
) -> None:
    for name in [f"{ROOT}_{one}.fits" for one in (*starts, "cal", "i2d")]:
        write_fits(tmp_path / name, TSOVISIT=series)
    for name in AROUND:
        (tmp_path / name).write_text("")
    made = asnrules_on_file(
        "generate", *map(str, sorted(tmp_path.iterdir())), "--no-record",
        "--output", str(tmp_path / "out"),
    )  # fmt: skip
    assert made.code == 0
    (file,) = (tmp_path / "out").iterdir()
    (member,) = json.loads(file.read_text())["products"][0]["members"]
    assert (member["expname"], member["exptype"]) == (f"{ROOT}_{product}.fits", "science")
    assert f"{ROOT}_cal.fits, {ROOT}_i2d.fits" in made.err
    assert all(name in made.err for name in AROUND)


@pytest.fixture
def nods(tmp_path: Path) -> Path:
    """Give a folder of three nods, without the names of the observatory, so without EXPSPCIN."""
    folder = tmp_path / "nods" / "below"
    folder.mkdir(parents=True)
    for number in (1, 2, 3):
        write_fits(folder / f"nod{number}_rate.fits", **SLIT, PATT_NUM=number)
    (folder / "plot.png").write_text("")
    return tmp_path / "nods"


def test_a_folder_stands_for_its_files(asnrules_on_file: Command, nods: Path) -> None:
    made = asnrules_on_file("pool", "make", str(nods), "--output", "-")
    assert len(made.out.splitlines()) == 4
    assert asnrules_on_file("generate", "nods", "--dry-run", "--format", "json").code == 0
    (nods / "below" / "nod2_rate.fits").write_text("no FITS")
    broken = asnrules_on_file("pool", "make", str(nods), "--output", "-")
    assert (broken.code, "nod2_rate.fits: not a FITS file" in broken.err) == (2, True)


def test_what_is_declared_is_so_in_each_command(asnrules_on_copy: Command, nods: Path) -> None:
    declared = ("--set", "*:EXPSPCIN=1", "--set", "nod3*:TARGNAME=M 33", "--format", "json")
    report = json.loads(asnrules_on_copy("generate", str(nods), *declared).out)
    assert (report["associations"], report["unassociated"]) == (3, 0)
    run = asnrules_on_copy("audit", "run", "1", "--format", "json").json
    assert run["options"]["set"] == ["*:EXPSPCIN=1", "nod3*:TARGNAME=M 33"]
    assert asnrules_on_copy("audit", "replay", "1").code == 0
    why = json.loads(asnrules_on_copy("why", str(nods), "nod1", *declared).out)
    assert {one["exptype"] for one in why["associations"]} == {"science", "background"}
    linked = ("--asn-candidate", "*=[('c1000', 'background')]")
    groups = json.loads(asnrules_on_copy("candidates", str(nods), *declared, *linked).out)
    assert groups == [{"exposures": 3, "candidates": ["c1000", "o001"]}]
    classes = json.loads(
        asnrules_on_copy("classify", str(nods), "--set", "nod1*:BKGDTARG=t", *declared).out
    )
    assert [one["member_type"] for one in classes] == ["background", "science", "science"]


@pytest.mark.parametrize(
    "words",
    [
        ["generate", "pool.csv", "--dry-run"], ["candidates", "pool.csv"], ["classify", "pool.csv"],
        ["classify", "NRS_IFU"], ["why", "pool.csv", "jw"], ["why", "--run", "1", "jw"],
    ],
)  # fmt: skip
def test_only_fits_files_are_declared(asnrules_on_file: Command, words: list[str]) -> None:
    write_pool(Path("pool.csv"), nrc_image(1))
    for option in (["--set", "EXPSPCIN=1"], ["--asn-candidate", "[('c1000', 'background')]"]):
        asnrules_on_file(*words, *option).assert_error(2, "are for FITS files")


def test_why_says_what_headers_do_not_tell(asnrules_on_file: Command, two: list[str]) -> None:
    assert asnrules_on_file("why", two[0], two[0]).err == ASSUMED


def test_many_files(process: Process, tmp_path: Path) -> None:
    content = Path(write_fits(tmp_path / "one")).read_bytes()
    names = [image_name(number) for number in range(1, 301)]
    for name in names:
        (tmp_path / name).write_bytes(content)
    done = process("pool", "make", *names, "--output", "pool.csv")
    assert (done.code, done.err) == (0, ASSUMED)
    assert len((tmp_path / "pool.csv").read_text().splitlines()) == 301


def test_without_astropy(two: list[str], tmp_path: Path, kept_file: str) -> None:
    # A process of its own, in which the library cannot be imported.
    program = "import sys\nsys.modules['astropy'] = None\nfrom asnrules.cli import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", program, "pool", "make", *two, "--output", "pool.csv"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ASNRULES_DATABASE": kept_file},
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "asnrules: FITS files need astropy, which is not installed; pip install 'asnrules[fits]'\n"
    )
    assert not (tmp_path / "pool.csv").exists()


def example(*words: str, prelude: str = "") -> subprocess.CompletedProcess[str]:
    """Run examples/make_exposures.py."""
    script = Path(__file__).parents[2] / "examples" / "make_exposures.py"
    program = f"""
import runpy, sys
{prelude}
sys.argv = [{str(script)!r}, *sys.argv[1:]]
runpy.run_path({str(script)!r}, run_name="__main__")
"""
    return subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=False
    )


def test_the_example_says_what_it_lacks(tmp_path: Path) -> None:
    missing = example("exposures", prelude="sys.modules['astropy'] = None")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr == (
        "make_exposures.py needs astropy, which is not installed; pip install astropy\n"
    )
    assert list(tmp_path.iterdir()) == []
    unnamed = example()
    assert unnamed.returncode == 1
    assert unnamed.stderr == "which folder? python examples/make_exposures.py FOLDER\n"
    (tmp_path / "taken").write_text("")
    taken = example("taken")
    assert (taken.returncode, taken.stderr.count("\n")) == (1, 1)
    assert example("exposures").returncode == 0
    assert len(list((tmp_path / "exposures").iterdir())) == 5


def test_astropy_says_nothing_without_a_home(process: Process, two: list[str]) -> None:
    done = process(
        "pool", "make", *two, "--output", "pool.csv",
        HOME="/nowhere", XDG_CONFIG_HOME=None, XDG_CACHE_HOME=None,
    )  # fmt: skip
    assert (done.code, done.err) == (0, ASSUMED)


# ------------------------------------------------------------------ Parquet


def rows_of(content: bytes | Path) -> list[dict[str, Any]]:
    source = io.BytesIO(content) if isinstance(content, bytes) else content
    rows: list[dict[str, Any]] = parquet.read_table(source).to_pylist()
    return rows


@pytest.fixture
def pool(tmp_path: Path) -> str:
    return write_pool(
        tmp_path / "pool.csv",
        nrc_image(1),
        nrc_image(2, bkgdtarg="t"),
        nrc_image(3, exp_type="nrc_dark"),
        nrc_image(4, exp_type=""),
    )


@pytest.mark.parametrize("options", [[], ["--explain"], ["--as-of", "2022-09-01"]])
def test_parquet_holds_what_json_does(
    asnrules_on_file: Command, pool: str, tmp_path: Path, options: list[str]
) -> None:
    expected = asnrules_on_file("classify", pool, *options, "--format", "json").json
    asnrules_on_file(
        "classify", pool, *options, "--format", "parquet", "--output", "found.parquet"
    ).assert_fine()
    assert rows_of(tmp_path / "found.parquet") == expected


def test_parquet_of_one_exposure(asnrules_on_file: Command, tmp_path: Path) -> None:
    asnrules_on_file(
        "classify", "EXP_TYPE=MIR_MRS", "--format", "parquet", "--output", "one.parquet"
    ).assert_fine()
    (row,) = rows_of(tmp_path / "one.parquet")
    assert (row["exp_type"], row["published"]["asn_type"]) == ("MIR_MRS", "spec2")


def test_parquet_to_a_pipe_and_not_to_a_terminal(kept_file: str, pool: str) -> None:
    command = [sys.executable, "-m", "asnrules", "classify", pool, "--format", "parquet"]
    environment = {**os.environ, "ASNRULES_DATABASE": kept_file}
    done = subprocess.run(command, capture_output=True, check=True, env=environment)
    assert [row["exp_type"] for row in rows_of(done.stdout)] == [
        "NRC_IMAGE", "NRC_IMAGE", "NRC_DARK", None,
    ]  # fmt: skip
    ours, theirs = pty.openpty()
    refused = subprocess.run(
        command, stdout=theirs, stderr=subprocess.PIPE, check=False, env=environment, text=True
    )
    os.close(theirs)
    os.close(ours)
    assert refused.returncode == 2
    assert refused.stderr == (
        "asnrules: Parquet is not for a terminal; give --output FILE, or a pipe\n"
    )


def test_parquet_replaces_nothing(asnrules_on_file: Command, pool: str, tmp_path: Path) -> None:
    target = tmp_path / "found.parquet"
    target.write_text("mine")
    arguments = ("classify", pool, "--format", "parquet", "--output", "found.parquet")
    asnrules_on_file(*arguments).assert_error(2, "found.parquet: is there already")
    assert target.read_text() == "mine"
    asnrules_on_file(*arguments, "--overwrite").assert_fine()
    assert len(rows_of(target)) == 4


def test_a_bad_pool_leaves_no_parquet(asnrules_on_file: Command, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("filename|asn_candidate\na|\nb|[(\n")
    asnrules_on_file(
        "classify", "bad.csv", "--format", "parquet", "--output", "found.parquet"
    ).assert_error(2, "line 3")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv"]


def test_output_is_for_parquet(asnrules_on_file: Command, pool: str) -> None:
    asnrules_on_file("classify", pool, "--output", "x.json", "--format", "json").assert_error(
        2, "--output is for --format parquet"
    )
