"""What holds of verdicts whatever is imported.

All that the rules make is explained, nothing altered is, and nothing fails.
"""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asnrules.catalog.open import connect_catalog
from asnrules.engine.candidates import Selection
from asnrules.engine.generation import Wanted
from asnrules.imports.judging import Verdict
from cli.small_pools import nrc_image, write_pool
from engine.pools import FAMILIES, pools
from imports.foreign import constraints
from imports.judging import TYPES, Judging, Ruleset

pytestmark = pytest.mark.usefixtures("read_once")

EXAMPLES = Path(__file__).parents[2] / "examples"
EXAMPLE = EXAMPLES / "jw04231_20261105t101500_pool.csv"
FUZZ = Path(__file__).parents[3] / "shared" / "parity" / "fuzz"


@pytest.fixture(scope="session", params=["jwst-3.0.0", "jwst-1.2.1"])
def ruleset(templates: Any, request: pytest.FixtureRequest) -> Ruleset:
    return Ruleset(connect_catalog(templates.seeded("sqlite")), request.param)


@pytest.fixture(scope="session")
def today(templates: Any) -> Ruleset:
    return Ruleset(connect_catalog(templates.seeded("sqlite")))


@pytest.fixture(scope="session")
def example(today: Ruleset, tmp_path_factory: pytest.TempPathFactory) -> Judging:
    return Judging(today, str(EXAMPLE), tmp_path_factory.mktemp("example"))


# ------------------------------------------------------------------ what the rules make


def check_all(judging: Judging, wanted: Iterable[Wanted]) -> int:
    """Expect of all that is made that it is explained, without a remark; count it."""
    count = 0
    for one in wanted:
        for document in judging.documents(one):
            found = judging.judge(document)
            count_of = len(document["products"])
            # What is merged has the status of its first, which may tell of no error.
            begin = "the rules make (exactly )?this" if one.merge else "the rules make exactly this"
            if count_of > 1:
                begin = f"it joins {count_of} products, each as the rules make it"
            what = rf"{document['asn_type']}(?P<what> by \w+|(, \d+ by \w+)+,)"
            what += f" for candidate {document['asn_id']}"
            assert found.verdict is Verdict.EXPLAINED, (one, document, found.explanation)
            match = re.match(f"{begin}: {what}", found.explanation)
            assert match is not None, (one, document, found.explanation)
            assert f" by {document['asn_rule'].removeprefix('candidate_')}" in match["what"]
            how = found.explanation[match.end() :]
            if one.merge and count_of == 1:
                how = how.removeprefix(", merged")
            assert how.startswith("; ") or (one.selection.ids and how.startswith(", if only "))
            count += 1
    return count


def every_way(candidates: Sequence[str], version_id: str | None = None) -> list[Wanted]:
    """Give the ways to make associations: of all, of each candidate, and of each two of them."""
    some = [*itertools.combinations(candidates, 1), *itertools.combinations(candidates, 2)]
    return [
        Wanted(selection=Selection(frozenset(ids), dms), merge=merge, version_id=version_id)
        for ids in ((), *some)
        for dms in ((False, True) if ids else (False,))
        for merge in (False, True)
    ]


BOTH = "[('o001', 'observation'), ('c1000', 'background'), ('c1000', 'mosaic')]"
SKY = "[('o002', 'observation'), ('c1000', 'background')]"
WITH_ERRORS = [
    nrc_image(1, asn_candidate=BOTH),
    nrc_image(2, asn_candidate=BOTH, exposerr="moving_shutter"),
    nrc_image(3, asn_candidate=SKY, bkgdtarg="t", exposerr="unknown"),
    nrc_image(4, asn_candidate="[('o003', 'observation')]"),
    nrc_image(5, asn_candidate="[('o003', 'observation')]", exp_type="nrc_dark"),
    nrc_image(6, asn_candidate="null", exposerr="unknown"),
    nrc_image(7, asn_candidate=SKY, exposerr="data_lost"),
    nrc_image(7, asn_candidate="[('o001', 'observation')]"),
]


def test_all_that_is_made_of_exposures_with_errors_is_explained(
    ruleset: Ruleset, tmp_path: Path
) -> None:
    judging = Judging(ruleset, write_pool(tmp_path / "pool.csv", *WITH_ERRORS), tmp_path)
    assert check_all(judging, every_way(judging.candidates, "20261130t000000")) > 50


def test_all_that_is_made_of_the_examples_is_explained(today: Ruleset, tmp_path: Path) -> None:
    count = 0
    for path in sorted(EXAMPLES.rglob("*pool.csv")):
        judging = Judging(today, str(path), tmp_path)
        wanted = every_way(judging.candidates)
        # Of many candidates some, spread over all of them.
        count += check_all(judging, [*wanted[:2], *wanted[2 :: max(1, len(wanted) // 100)]])
    assert count > 700


@pytest.mark.skipif(not FUZZ.is_dir(), reason="shared/parity is not beside this checkout")
def test_all_that_is_made_of_rows_of_real_pools_is_explained(
    today: Ruleset, tmp_path: Path
) -> None:
    count = 0
    for path in sorted(FUZZ.glob("*/pool.csv"))[::4]:
        judging = Judging(today, str(path), tmp_path)
        count += check_all(judging, every_way(judging.candidates)[::5])
    assert count > 500


@settings(max_examples=40)
@given(data=st.data())
def test_all_that_is_made_of_random_pools_is_explained(
    ruleset: Ruleset, tmp_path: Path, data: Any
) -> None:
    family = data.draw(st.sampled_from(sorted(FAMILIES)))
    exposures = data.draw(pools(family, regular=data.draw(st.booleans())))
    for one in exposures:
        one["exposerr"] = data.draw(st.sampled_from(["null", "moving_shutter"]))
    blank = {name: "n/a" for one in exposures for name in one}
    pool = write_pool(tmp_path / "pool.csv", *(blank | dict(one) for one in exposures))
    judging = Judging(ruleset, pool, tmp_path)
    check_all(judging, [data.draw(st.sampled_from(every_way(judging.candidates)))])


# ------------------------------------------------------------------ what is altered


def _drop(document: dict[str, Any], draw: st.DrawFn, _: Judging) -> None:
    members = document["products"][0]["members"]
    if len(members) > 1:
        del members[draw(st.integers(0, len(members) - 1))]
    else:
        document["products"][0]["name"] += "x"


def _add(document: dict[str, Any], draw: st.DrawFn, example: Judging) -> None:
    members = document["products"][0]["members"]
    name = draw(st.sampled_from(example.names)).replace("_uncal", "_rate")
    exptype = draw(st.sampled_from(["background", "imprint", "science"]))
    members.append({"expname": name, "exptype": exptype, "exposerr": "null"})


def _alter(document: dict[str, Any], draw: st.DrawFn, _: Judging) -> None:
    members = document["products"][0]["members"]
    one = members[draw(st.integers(0, len(members) - 1))]
    key = draw(st.sampled_from(["expname", "exptype", "exposerr"]))
    values = {"expname": f"x{one['expname']}", "exptype": "flat", "exposerr": "moving_shutter"}
    one[key] = values[key]


def _rename(document: dict[str, Any], draw: st.DrawFn, _: Judging) -> None:
    key = draw(st.sampled_from(["asn_type", "asn_rule", "program", "asn_id"]))
    others = {
        "asn_type": [name for name in TYPES if name != document["asn_type"]],
        "asn_rule": ["Asn_Lv2WFSC", f"{document['asn_rule']}2"],
        "program": ["04232", "x"],
        "asn_id": ["o999", "c9999"],
    }
    document[key] = draw(st.sampled_from(others[key]))


def _double(document: dict[str, Any], draw: st.DrawFn, example: Judging) -> None:
    other = draw(st.sampled_from(example.made))["products"][0]
    document["products"].append(copy.deepcopy(other) | {"name": "another"})


@settings(max_examples=150)
@given(data=st.data())
def test_nothing_altered_is_explained(example: Judging, data: Any) -> None:
    document = copy.deepcopy(data.draw(st.sampled_from(example.made)))
    alter = data.draw(st.sampled_from([_drop, _add, _alter, _rename, _double]))
    alter(document, data.draw, example)
    found = example.judge(document)
    assert found.verdict is not Verdict.EXPLAINED, found.explanation
    assert found.explanation.isprintable()


TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="/\\"),
    min_size=1,
    max_size=9,
)


@settings(max_examples=150)
@given(data=st.data())
def test_anything_gets_a_verdict(example: Judging, data: Any) -> None:
    names = st.one_of(TEXT, st.sampled_from(example.names), st.just("jw04231-o1_t1_a_cat.ecsv"))
    member = st.fixed_dictionaries(
        {
            "expname": names,
            "exptype": st.one_of(TEXT, st.sampled_from(["science", "background", "SCIENCE"])),
            "exposerr": st.one_of(st.none(), TEXT),
        }
    )
    product = st.fixed_dictionaries(
        {"name": names, "members": st.lists(member, min_size=1, max_size=4)}
    )
    document = {
        "asn_type": data.draw(st.sampled_from(TYPES)),
        "asn_rule": data.draw(st.one_of(TEXT, st.just("candidate_"))),
        "asn_id": data.draw(st.one_of(TEXT, st.sampled_from(["o001", "c1000", "o013"]))),
        "program": data.draw(TEXT),
        "products": data.draw(
            st.lists(product, min_size=1, max_size=3, unique_by=lambda one: one["name"])
        ),
        "constraints": data.draw(
            st.sampled_from(["", *map(constraints, ["nrs_ifu", "nrc_dark", "x", "nis_lamp|x"])])
        ),
    }
    for pool in (True, False):
        found = example.judge(document, pool=pool)
        assert found.verdict in Verdict
        assert found.explanation
        assert pool or found.verdict in {Verdict.CONTRADICTS, Verdict.UNEXPLAINED}
