"""The pools of the parity folder, and what releases of jwst made of them."""

from __future__ import annotations

import importlib.util
import json
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from asnrules.engine.exposures import Work, canonical_order
from asnrules.engine.generation import Generation, Wanted
from asnrules.pools import read_pool
from asnrules.pools.evaluation import check_columns
from asnrules.rules.model import Ruleset
from asnrules.rules.read import RulesetReader
from asnrules.rules.text_files import read_csv
from asnrules.util.environment import shipped

PARITY = Path(__file__).parents[3] / "shared" / "parity"

RULESETS = shipped("seed") / "rulesets"

Document = dict[str, Any]


class Case:
    """A pool with its expected associations."""

    def __init__(self, folder: Path, within: Path) -> None:
        self.name = folder.relative_to(within).as_posix()
        self.folder = folder

    @property
    def given(self) -> list[Document] | None:
        """What comes out for the rows as they stand; None if jwst stopped with an exception."""
        return self._read("expected.json")

    @property
    def in_order(self) -> list[Document] | None:
        """What comes out for the rows sorted by file name."""
        found = self._read("expected_sorted.json")
        if found is None:
            found = self.given
        return self.made_by("3.0.0") if found is None else found

    @property
    def by_1_3_0(self) -> list[Document] | None:
        """What jwst 1.2.1 to 1.3.1 make of the rows in order; None if they stop."""
        return self.made_by("1.3.1")

    @cached_property
    def changes(self) -> tuple[str, ...]:
        """The releases, in their order, at which what is made changes; the first is 1.2.0."""
        found = {path.stem for path in self.folder.glob("history/*")}
        return tuple(sorted(found, key=version))

    def made_by(self, release: str) -> list[Document] | None:
        """What a release makes of the rows in order; None if it stops, or that is not known."""
        until = [one for one in self.changes if version(one) <= version(release)]
        return self._read(f"history/{until[-1]}.json") if until else None

    @cached_property
    def rules(self) -> set[str]:
        expected = (self.given or []) + (self.in_order or [])
        return {one["asn_rule"].removeprefix("candidate_") for one in expected}

    @property
    def is_in_scope(self) -> bool:
        """Whether the ruleset has all the rules that made the expected associations."""
        return self.rules <= {rule.name for rule in ruleset("jwst-3.0.0").rules}

    def generated(self, rules: Ruleset | None = None) -> list[tuple[str, Document]]:
        """Give the name and document of each association that the engine makes.

        By the newest rules if none are given: by these with all reasons, as users have it.
        """
        wanted = Wanted(diagnosed=False, explained=False) if rules else Wanted()
        rules = rules or ruleset("jwst-3.0.0")
        keywords, pool = all_keywords(), self._pool
        check_columns(rules, pool)
        order = canonical_order(
            pool.rows, keywords.index("filename"), keywords.index("asn_candidate")
        )
        rows, others = ([one[place] for place in order] for one in (pool.rows, pool.others))
        work = Work.judged(rules, keywords, rows, others)
        outcome = Generation(work, pool.candidates, [pool.name] * len(pool.rows), wanted).run()
        return [(one.asn_name, json.loads(one.text("test"))) for one in outcome.associations]

    @cached_property
    def _pool(self) -> Any:
        return read_pool(self.folder / "pool.csv", all_keywords(), compares=True)

    def _read(self, name: str) -> list[Document] | None:
        path = self.folder / name
        if not path.exists():
            return None
        found: list[Document] = json.loads(path.read_text())
        return found


def version(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))


@cache
def ruleset(label: str, beside: Path = RULESETS) -> Ruleset:
    """Give a ruleset; one that extends another looks for it beside itself, then here."""
    found = _reader(beside).read(beside / label)
    assert isinstance(found, Ruleset)
    return found


@cache
def _reader(beside: Path) -> RulesetReader:
    """Give the one reader of a folder, which has the chain of rulesets once it was read."""
    assert beside.is_dir()
    return RulesetReader()


@cache
def all_keywords() -> tuple[str, ...]:
    rows = read_csv(shipped("seed") / "vocabulary" / "keywords.csv")
    return tuple(sorted(row["keyword"].lower() for row in rows))


@cache
def cases(folder: Path = PARITY) -> tuple[Case, ...]:
    return tuple(Case(path.parent, folder) for path in sorted(folder.glob("**/pool.csv")))


@cache
def script(name: str) -> ModuleType:
    """Import a script of the parity folder."""
    spec = importlib.util.spec_from_file_location(f"parity_{name}", PARITY / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
