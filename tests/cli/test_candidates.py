"""`asnrules candidates`: groups of candidates as data, and as options of generate."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from cli.conftest import Command
from cli.small_pools import nrc_image, write_pool

pytestmark = pytest.mark.usefixtures("read_once")

EXAMPLE = Path(__file__).parents[2] / "examples" / "jw04231_20261105t101500_pool.csv"


@pytest.fixture
def pool(tmp_path: Path) -> str:
    both = "[('o001', 'observation'), ('c1000', 'background')]"
    exposures = [nrc_image(1, asn_candidate=both), nrc_image(2, asn_candidate=both)]
    odd = nrc_image(3, asn_candidate="[('o 3;', 'observation')]")
    return write_pool(tmp_path / "pool.csv", *exposures, odd)


def test_groups_are_data(asnrules: Command, pool: str) -> None:
    assert asnrules("candidates", pool, "--format", "jsonl").jsonl == [
        {"candidates": ["c1000", "o001"], "exposures": 2},
        {"candidates": ["o 3;"], "exposures": 1},
    ]
    assert asnrules("candidates", pool).table == [["2", "c1000; o001"], ["1", "o 3;"]]


def test_groups_are_options_that_a_shell_takes(asnrules_on_file: Command, pool: str) -> None:
    result = asnrules_on_file("candidates", pool, "--format", "options")
    result.assert_fine()
    assert result.out == "--candidate=c1000 --candidate=o001\n'--candidate=o 3;'\n"


def test_the_jobs_of_the_example_make_what_one_run_makes(
    asnrules_on_file: Command, tmp_path: Path
) -> None:
    # Its c1000 is a mosaic of some observations, and a background candidate of others.
    lines = asnrules_on_file("candidates", str(EXAMPLE), "--format", "options").out.splitlines()
    assert any("c1000:background" in line for line in lines)
    for line in lines:
        done = asnrules_on_file(
            "generate", str(EXAMPLE), "--no-record", "--output", str(tmp_path / "parts"),
            *shlex.split(line),
        )  # fmt: skip
        assert done.code == 0
    asnrules_on_file("generate", str(EXAMPLE), "--no-record", "--output", str(tmp_path / "whole"))
    parts, whole = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("parts", "whole")
    )
    assert len(whole) == 344
    assert parts == whole


def test_a_pool_in_which_associations_are_discovered_is_refused(
    asnrules_on_file: Command, tmp_path: Path
) -> None:
    lone = {"asn_candidate": "[('c1000', 'direct_image')]"}
    grism = {"exp_type": "nrc_wfss"}
    pool = write_pool(tmp_path / "pool.csv", nrc_image(1, **lone), nrc_image(2, **grism, **lone))
    asnrules_on_file("candidates", pool).assert_error(2, "one candidate alone", "in one run")
    alone = write_pool(tmp_path / "alone.csv", nrc_image(1, **lone))
    asnrules_on_file("candidates", alone).assert_fine()


def test_an_unknown_ruleset_is_not_found(asnrules_on_file: Command, pool: str) -> None:
    asnrules_on_file("candidates", pool, "--ruleset", "jwst-9").assert_error(3, "jwst-9")
