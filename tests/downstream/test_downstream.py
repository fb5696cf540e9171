"""What is made here is what the pipeline takes: jwst's schema, its loaders, and asn_generate.

Needs jwst beside asnrules. ASNRULES_DIFFERENTIAL_EXAMPLES is the number of pools of a family.
"""

from __future__ import annotations

import csv
import json
import logging
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

import asnrules
from asnrules import Catalog, Options
from asnrules.errors import PoolError
from asnrules.pools.fits.keywords import assumed
from asnrules.pools.fits.pool import make_pool, write_pool
from differential.families import FAMILIES
from differential.pools import RandomPool, pools

pytest.importorskip("jwst", reason="jwst 3.0.0 is not installed beside asnrules")

import jsonschema
from jwst.associations import AssociationRegistry, load_asn
from jwst.associations.lib import rules_level2b
from jwst.associations.load_as_asn import LoadAsLevel2Asn
from jwst.associations.mkpool import mkpool

POOLS = int(os.environ.get("ASNRULES_DIFFERENTIAL_EXAMPLES", "4"))
RULES = rules_level2b.__file__
SCHEMA = json.loads((Path(RULES).parent / "asn_schema_jw_level2b.json").read_text())
EXAMPLES = Path(__file__).parents[2] / "examples"
EXAMPLE_POOL = EXAMPLES / "jw04231_20261105t101500_pool.csv"

# What a file says of its making, not of what it holds.
OWN = ("asn_pool", "code_version", "constraints", "version_id")


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    with asnrules.open_catalog(str(tmp_path_factory.mktemp("catalog") / "catalog.db")) as opened:
        yield opened


@pytest.fixture(scope="module")
def registry() -> Any:
    logging.disable()
    yield AssociationRegistry([RULES], include_default=False)
    logging.disable(logging.NOTSET)


def assert_accepted(files: list[str], registry: Any) -> None:
    for name in files:
        text = Path(name).read_text()
        jsonschema.validate(json.loads(text), SCHEMA)
        loaded = load_asn(text, registry=registry)
        assert loaded["products"] == json.loads(text)["products"]
        assert LoadAsLevel2Asn.load(name)["products"] == loaded["products"]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"merge": True},
        {"version_id": "20261125t101500"},
        {"candidates": ["c1000", "o013"]},
    ],
)
def test_every_file_of_the_example_is_accepted(
    options: Mapping[str, Any], catalog: Catalog, registry: Any, tmp_path: Path
) -> None:
    report = catalog.generate(
        EXAMPLE_POOL, options=Options(record=False, output=tmp_path / "out", **options)
    )
    assert report.files
    assert_accepted(report.files, registry)


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=POOLS)
@given(data=st.data())
def test_every_file_of_random_pools_is_accepted(
    family: str,
    data: st.DataObject,
    catalog: Catalog,
    registry: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    pool: RandomPool = data.draw(pools(FAMILIES[family]), label="pool")
    folder = tmp_path_factory.mktemp("random")
    (folder / "pool.csv").write_text(pool.text())
    options = Options(record=False, output=folder / "out")
    try:
        report = catalog.generate(folder / "pool.csv", options=options)
    except (PoolError, asnrules.OutputError):
        return
    assert_accepted(report.files, registry)


# ------------------------------------------------------------------ pools from FITS


def exposures() -> dict[str, dict[str, Any]]:
    """Give headers of many modes: those of every fifth exposure of the example."""
    lines = [line for line in EXAMPLE_POOL.read_text().splitlines() if line[:1] != "#"]
    flags = {"T": True, "F": False}
    found = {}
    for row in list(csv.DictReader(lines, delimiter="|"))[::5]:
        values = {
            name: flags.get(value, value)
            for name, value in row.items()
            if len(name) <= 8 and value and value.lower() != "null"
        }
        found[row["FILENAME"]] = {
            **values, "TELESCOP": "JWST", "OBSERVTN": row["OBS_NUM"].zfill(3),
        }  # fmt: skip
    return found


@pytest.fixture(scope="module")
def fits_files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("fits")
    headers = exposures() | runpy.run_path(str(EXAMPLES / "make_exposures.py"))["EXPOSURES"]
    common = runpy.run_path(str(EXAMPLES / "make_exposures.py"))["COMMON"]
    for name, keywords in headers.items():
        header = fits.Header({**common, **keywords})
        fits.PrimaryHDU(header=header).writeto(folder / name)
    return [str(folder / name) for name in sorted(headers)]


def asn_generate(pool: Path, folder: Path) -> dict[str, Any]:
    """Give what the program writes, by file name."""
    command = "import sys; from jwst.associations.main import main; main(sys.argv[1:])"
    options = ["--ignore-default", "-r", RULES, "-p", str(folder)]
    folder.mkdir()
    subprocess.run(
        [sys.executable, "-c", command, str(pool), *options], check=True, capture_output=True
    )
    return {path.name: content(path) for path in folder.glob("*_asn.json")}


def content(path: Path) -> dict[str, Any]:
    document = json.loads(path.read_text())
    products = [
        {**one, "members": sorted(one["members"], key=lambda member: member["expname"])}
        for one in document["products"]
    ]
    return {
        **{name: value for name, value in document.items() if name not in OWN},
        "products": products,
    }


def test_a_pool_from_fits_is_one_that_asn_generate_reads_with_the_same_result(
    fits_files: list[str], catalog: Catalog, registry: Any, tmp_path: Path
) -> None:
    write_pool(make_pool(fits_files), tmp_path / "pool.csv")
    expected = asn_generate(tmp_path / "pool.csv", tmp_path / "oracle")
    options = Options(record=False, output=tmp_path / "direct")
    report = catalog.generate(*fits_files, options=options)
    assert {Path(name).name: content(Path(name)) for name in report.files} == expected
    assert len({one["asn_type"] for one in expected.values()}) >= 3
    assert_accepted(report.files, registry)


def test_a_pool_from_fits_has_the_columns_and_values_of_asn_make_pool(
    fits_files: list[str], tmp_path: Path
) -> None:
    mkpool(fits_files).write(tmp_path / "theirs.csv")
    write_pool(make_pool(fits_files), tmp_path / "ours.csv")
    theirs, ours = rows_of(tmp_path / "theirs.csv"), rows_of(tmp_path / "ours.csv")
    assert set(theirs[0]) == set(ours[0])
    words = {"True": "t", "False": "f", "": "null"}
    names: set[str] = set()
    for their_row, our_row, path in zip(theirs, ours, fits_files, strict=True):
        names.add(their_row["targname"])
        # Theirs counts the names so far: a target that comes again takes another one's number.
        assert their_row.pop("targetid") == str(len(names))
        header = fits.getheader(path)
        # Theirs has these whatever the header has.
        for keyword in ("targetid", *assumed()):
            their_row.pop(keyword, None)
            own = our_row.pop(keyword, None)
            if keyword.upper() in header:
                value = header[keyword.upper()]
                assert own == words.get(str(value), str(value))
        their_row["filename"] = Path(their_row["filename"]).name
        assert {name: words.get(value, value) for name, value in their_row.items()} == our_row


def test_a_time_series_is_lost_where_truth_values_are_words(
    fits_files: list[str], tmp_path: Path
) -> None:
    series = [name for name in fits_files if name.endswith("_nis_uncal.fits")][-1:]
    mkpool(series).write(tmp_path / "theirs.csv")
    write_pool(make_pool(series), tmp_path / "ours.csv")
    made = {
        name: [
            one["asn_type"]
            for one in asn_generate(tmp_path / name, tmp_path / f"{name}.d").values()
        ]
        for name in ("theirs.csv", "ours.csv")
    }
    assert made == {"theirs.csv": ["spec2"], "ours.csv": ["tso-spec2"]}


def rows_of(pool: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(pool.read_text().splitlines(), delimiter="|"))
