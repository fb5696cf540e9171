"""`asnrules candidates`: groups of candidates as data, and as options of generate."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.conftest import Command
from cli.small_pools import nrc_image, write_pool

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


def test_a_pool_that_cannot_be_spread_is_refused(asnrules_on_file: Command) -> None:
    asnrules_on_file("candidates", str(EXAMPLE)).assert_error(2, "c1000", "in one run")


def test_an_unknown_ruleset_is_not_found(asnrules_on_file: Command, pool: str) -> None:
    asnrules_on_file("candidates", pool, "--ruleset", "jwst-9").assert_error(3, "jwst-9")
