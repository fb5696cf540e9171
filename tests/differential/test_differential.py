"""On random pools, the engine makes the associations that jwst 3.0.0 makes.

Needs jwst beside asnrules. ASNRULES_DIFFERENTIAL_EXAMPLES is the number of pools of a kind.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, assume, event, given, settings
from hypothesis import strategies as st

from asnrules.engine.candidates import Selection
from asnrules.engine.exposures import Work, canonical_order
from asnrules.engine.generation import Generation, Wanted
from asnrules.errors import PoolError
from asnrules.pools import read_pool
from asnrules.pools.evaluation import check_columns
from asnrules.rules.model import Ruleset
from asnrules.rules.read import read_ruleset
from asnrules.rules.text_files import read_csv
from asnrules.util.environment import shipped
from differential.families import FAMILIES
from differential.observations import programs, real_observations, real_rows
from differential.pools import Asked, RandomPool, options, pools

pytest.importorskip("jwst", reason="jwst 3.0.0 is not installed beside asnrules")

from differential.oracle import RULES, oracle_associations

EXAMPLES = int(os.environ.get("ASNRULES_DIFFERENTIAL_EXAMPLES", "10"))
FIELDS = ("asn_type", "asn_rule", "asn_id", "program", "target", "degraded_status")

Associations = list[tuple[str, dict[str, Any]]]


KINDS = {
    **{name: pools(family) for name, family in FAMILIES.items()},
    "observed": programs(disturbed=False),
    "disturbed": programs(disturbed=True),
}
PARITY = Path(__file__).parents[3] / "shared" / "parity"
if PARITY.is_dir():
    KINDS["rows of real pools"] = real_rows(real_observations(PARITY))


def expectation(path: Path, asked: Asked) -> Associations | None:
    """Give what the oracle makes; None where it stops with an exception."""
    try:
        return oracle_associations(path, asked)
    except Exception as error:
        event(f"the oracle stops: {type(error).__name__}")
        return None


@pytest.fixture(scope="module")
def pool_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("random") / "pool.csv"


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_makes_what_the_oracle_makes(kind: str, data: st.DataObject, pool_path: Path) -> None:
    pool = data.draw(KINDS[kind], label="pool")
    asked = data.draw(options(pool), label="options")
    pool_path.write_text(pool.text())
    refusal = None
    made: Associations = []
    try:
        made = engine_associations(pool_path, asked)
    except PoolError as error:
        refusal = error
    pool_path.write_text(pool.text(is_sorted=True))
    expected = expectation(pool_path, asked)
    if expected is None:
        return
    assert refusal is None, f"{refusal}\n{pool.brief()}"
    wanted, found = summary(expected), summary(made)
    event("with associations" if wanted else "without associations")
    assert wanted == found, f"{asked}\n{difference(pool, wanted, found)}"


@settings(max_examples=3, phases=[Phase.generate])
@given(data=st.data())
def test_the_oracle_in_process_is_the_program(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pool = data.draw(pools(FAMILIES["wild"]), label="pool")
    asked = data.draw(options(pool), label="options")
    folder = tmp_path_factory.mktemp("program")
    path = folder / "pool.csv"
    path.write_text(pool.text(is_sorted=True))
    expected = expectation(path, asked)
    assume(expected)
    given_options = [
        *(["-i", *asked.candidates] if asked.candidates else []),
        *(["--DMS"] if asked.dms else []),
        *(["--merge"] if asked.merge else []),
        *(["--version-id", asked.version_id] if asked.version_id else []),
    ]
    command = "import sys; from jwst.associations.main import main; main(sys.argv[1:])"
    subprocess.run(
        [
            sys.executable, "-c", command, str(path),
            "--ignore-default", "-r", RULES, "-p", str(folder), *given_options,
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    written = [(path.stem, json.loads(path.read_text())) for path in folder.glob("*_asn.json")]
    assert summary(written) == summary(expected or []), pool.brief()


def engine_associations(path: Path, asked: Asked) -> Associations:
    keywords = all_keywords()
    pool = read_pool(path, keywords)
    check_columns(ruleset(), pool)
    order = canonical_order(pool.rows, keywords.index("filename"), keywords.index("asn_candidate"))
    work = Work.judged(ruleset(), keywords, [pool.rows[place] for place in order])
    wanted = Wanted(
        selection=Selection(frozenset(asked.candidates), asked.dms),
        merge=asked.merge,
        version_id=asked.version_id,
    )
    outcome = Generation(work, pool.candidates, [pool.name] * len(pool.rows), wanted).run()
    return [(one.asn_name, json.loads(one.text("test"))) for one in outcome.associations]


@cache
def ruleset() -> Ruleset:
    return read_ruleset(shipped("seed") / "rulesets" / "jwst-3.0.0")


@cache
def all_keywords() -> tuple[str, ...]:
    rows = read_csv(shipped("seed") / "vocabulary" / "keywords.csv")
    return tuple(sorted(row["keyword"].lower() for row in rows))


def summary(associations: Associations) -> Counter[tuple[object, ...]]:
    return Counter(
        (name, *(one[field] for field in FIELDS), product["name"], members(product))
        for name, one in associations
        for product in one["products"]
    )


def members(product: dict[str, Any]) -> tuple[tuple[str, str, str | None], ...]:
    # Each as often as it is there.
    found = [(one["expname"], one["exptype"], one.get("exposerr")) for one in product["members"]]
    return tuple(sorted(found, key=str))


def difference(
    pool: RandomPool, wanted: Counter[tuple[object, ...]], found: Counter[tuple[object, ...]]
) -> str:
    lines = [pool.brief()]
    for title, left in (("only jwst:", wanted - found), ("only asnrules:", found - wanted)):
        for *fields, its_members in sorted(left.elements(), key=str):
            lines.append(f"{title} {' '.join(map(str, fields))}")
            lines += [f"    {' '.join(map(str, one))}" for one in its_members]
    return "\n".join(lines)
