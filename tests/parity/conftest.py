"""The cases of the parity folder: pools, and what jwst 3.0.0 made of them."""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from asnrules.engine.exposures import Work, canonical_order
from asnrules.engine.generation import Generation
from asnrules.pools import read_pool
from asnrules.pools.evaluation import check_columns
from asnrules.rules.model import Ruleset
from asnrules.rules.read import read_ruleset
from asnrules.rules.text_files import read_csv
from asnrules.util.environment import shipped

PARITY = Path(__file__).parents[3] / "shared" / "parity"


class Case:
    """A pool with its expected associations."""

    def __init__(self, folder: Path) -> None:
        self.name = folder.relative_to(PARITY).as_posix()
        self.folder = folder

    @property
    def given(self) -> list[dict[str, Any]] | None:
        """What comes out for the rows as they stand; None if jwst stopped with an exception."""
        return self._read("expected.json")

    @property
    def in_order(self) -> list[dict[str, Any]] | None:
        """What comes out for the rows sorted by file name."""
        found = self._read("expected_sorted.json")
        if found is None:
            found = self.given
        return self._by_history("3.0.0") if found is None else found

    @property
    def by_1_3_0(self) -> list[dict[str, Any]] | None:
        """What jwst 1.2.1 to 1.3.1 make of the rows in order; None if they stop."""
        return self._by_history("1.3.1")

    @property
    def rules(self) -> set[str]:
        expected = (self.given or []) + (self.in_order or [])
        return {one["asn_rule"].removeprefix("candidate_") for one in expected}

    @property
    def is_in_scope(self) -> bool:
        """Whether the ruleset has all the rules that made the expected associations."""
        return self.rules <= {rule.name for rule in ruleset().rules}

    def generated(self, label: str = "jwst-3.0.0") -> list[tuple[str, dict[str, Any]]]:
        """Give the name and document of each association that the engine makes."""
        keywords = all_keywords()
        pool = read_pool(self.folder / "pool.csv", keywords, compares=True)
        check_columns(ruleset(label), pool)
        order = canonical_order(
            pool.rows, keywords.index("filename"), keywords.index("asn_candidate")
        )
        rows, others = ([one[place] for place in order] for one in (pool.rows, pool.others))
        work = Work.judged(ruleset(label), keywords, rows, others)
        outcome = Generation(work, pool.candidates, [pool.name] * len(pool.rows)).run()
        return [(one.asn_name, one.document("test")) for one in outcome.associations]

    def _by_history(self, release: str) -> list[dict[str, Any]] | None:
        """What a release makes of the rows in order; None if it stops, or that is not known."""
        files = [path for path in self.folder.glob("history/*") if _is_until(path, release)]
        newest = max(files, key=_release, default=None)
        if newest is None or newest.suffix != ".json":
            return None
        return self._read(f"history/{newest.name}")

    def _read(self, name: str) -> list[dict[str, Any]] | None:
        path = self.folder / name
        if not path.exists():
            return None
        found: list[dict[str, Any]] = json.loads(path.read_text())
        return found


def _release(path: Path) -> tuple[int, ...]:
    return tuple(map(int, path.stem.split(".")))


def _is_until(path: Path, release: str) -> bool:
    return _release(path) <= tuple(map(int, release.split(".")))


@cache
def ruleset(label: str = "jwst-3.0.0") -> Ruleset:
    return read_ruleset(shipped("seed") / "rulesets" / label)


@cache
def all_keywords() -> tuple[str, ...]:
    rows = read_csv(shipped("seed") / "vocabulary" / "keywords.csv")
    return tuple(sorted(row["keyword"].lower() for row in rows))


@cache
def cases() -> tuple[Case, ...]:
    return tuple(Case(path.parent) for path in sorted(PARITY.glob("**/pool.csv")))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    choices = {
        "case": lambda case: case.in_order is not None,
        "whole_case": lambda case: case.given is not None and "fuzz/" not in case.name,
        "older_case": lambda case: case.by_1_3_0 is not None,
        "stopped_case": lambda case: case.in_order is None,
    }
    for fixture, is_chosen in choices.items():
        if fixture in metafunc.fixturenames:
            chosen = [case for case in cases() if is_chosen(case) and case.is_in_scope]
            missing = pytest.param(None, marks=pytest.mark.skip(reason=_absence()))
            metafunc.parametrize(
                fixture, chosen or [missing], ids=[case.name for case in chosen] or ["none"]
            )


def _absence() -> str:
    if not PARITY.is_dir():
        return "the folder shared/parity is not beside this checkout"
    return "no case is in the scope of the ruleset"


@pytest.fixture(scope="session")
def all_cases() -> tuple[Case, ...]:
    if not PARITY.is_dir():
        pytest.skip(_absence())
    return cases()


@pytest.fixture(scope="session")
def canon() -> ModuleType:
    return _script("canon")


@pytest.fixture(scope="session")
def compare() -> ModuleType:
    return _script("compare")


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"parity_{name}", PARITY / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
