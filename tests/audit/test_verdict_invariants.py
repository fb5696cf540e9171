"""What holds of verdicts whatever is imported: nothing altered is explained, nothing fails."""

from __future__ import annotations

import copy
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asnrules.associations.reader import read_association
from asnrules.audit.foreign.choice import Choice
from asnrules.audit.foreign.made import Made
from asnrules.audit.foreign.table import Table
from asnrules.audit.foreign.verdicts import Judged, Rules, Verdict, judge
from asnrules.catalog.modes import look_up
from asnrules.catalog.opening import connect_catalog
from asnrules.catalog.rulesets import list_rulesets
from asnrules.database.engines import transaction
from asnrules.engine.generation import Wanted
from asnrules.worked import work_pools
from audit.foreign import NAME, constraints

EXAMPLE = Path(__file__).parents[2] / "examples" / "jw04231_20261105t101500_pool.csv"
TYPES = ("image2", "spec2", "tso-image2", "tso-spec2", "nrslamp-spec2", "wfs-image2")
GIVEN = partial(
    settings,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Example:
    """The example pool, what the rules make of it, and a judge."""

    def __init__(self, database: str) -> None:
        engine = connect_catalog(database)
        worked = work_pools(engine, [str(EXAMPLE)], "jwst-3.0.0")
        with transaction(engine) as connection:
            rulesets = list_rulesets(connection)
            tables = {
                info.ruleset: Table(info.ruleset, look_up(connection, info))
                for info in rulesets
                if info.kind == "published"
            }
        info = next(one for one in rulesets if one.ruleset == "jwst-3.0.0")
        then = next(one for one in rulesets if one.ruleset == "2021-06-15")
        self.choice = Choice(info, "as asked", then)
        self.rules = Rules(tables["2026-03-20"], tables, Made(worked))
        outcome = worked.generation(Wanted()).run()
        self.documents = [one.document("test") for one in outcome.associations]
        self.names = [row[worked.work.places["filename"]] or "" for row in worked.work.rows]

    def judge(self, folder: Path, document: dict[str, Any], *, pool: bool = True) -> Judged:
        path = folder / f"{NAME}.json"
        path.write_text(json.dumps(document))
        rules = self.rules if pool else self.rules._replace(made=None)
        return judge(read_association(str(path), TYPES), self.choice, rules)


@pytest.fixture(scope="session")
def example(templates: Any) -> Example:
    return Example(templates.seeded("sqlite"))


def test_all_that_the_rules_make_is_explained(example: Example, tmp_path: Path) -> None:
    verdicts = [example.judge(tmp_path, document).verdict for document in example.documents]
    assert verdicts == [Verdict.EXPLAINED] * 344


def _drop(document: dict[str, Any], draw: st.DrawFn, _: Example) -> None:
    members = document["products"][0]["members"]
    if len(members) > 1:
        del members[draw(st.integers(0, len(members) - 1))]
    else:
        document["products"][0]["name"] += "x"


def _add(document: dict[str, Any], draw: st.DrawFn, example: Example) -> None:
    members = document["products"][0]["members"]
    name = draw(st.sampled_from(example.names)).replace("_uncal", "_rate")
    exptype = draw(st.sampled_from(["background", "imprint", "science"]))
    members.append({"expname": name, "exptype": exptype, "exposerr": "null"})


def _alter(document: dict[str, Any], draw: st.DrawFn, _: Example) -> None:
    members = document["products"][0]["members"]
    one = members[draw(st.integers(0, len(members) - 1))]
    key = draw(st.sampled_from(["expname", "exptype", "exposerr"]))
    values = {"expname": f"x{one['expname']}", "exptype": "flat", "exposerr": "moving_shutter"}
    one[key] = values[key]


def _rename(document: dict[str, Any], draw: st.DrawFn, _: Example) -> None:
    key = draw(st.sampled_from(["asn_type", "asn_rule", "program", "asn_id"]))
    others = {
        "asn_type": [name for name in TYPES if name != document["asn_type"]],
        "asn_rule": ["Asn_Lv2WFSC", f"{document['asn_rule']}2"],
        "program": ["04232", "x"],
        "asn_id": ["o999", "c9999"],
    }
    document[key] = draw(st.sampled_from(others[key]))


def _double(document: dict[str, Any], draw: st.DrawFn, example: Example) -> None:
    other = draw(st.sampled_from(example.documents))["products"][0]
    document["products"].append(copy.deepcopy(other) | {"name": "another"})


@GIVEN(max_examples=300)
@given(data=st.data())
def test_nothing_altered_is_explained(example: Example, tmp_path: Path, data: Any) -> None:
    document = copy.deepcopy(data.draw(st.sampled_from(example.documents)))
    alter = data.draw(st.sampled_from([_drop, _add, _alter, _rename, _double]))
    alter(document, data.draw, example)
    found = example.judge(tmp_path, document)
    assert found.verdict is not Verdict.EXPLAINED, found.explanation
    assert found.explanation.isprintable()


TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="/\\"),
    min_size=1,
    max_size=9,
)


@GIVEN(max_examples=300)
@given(data=st.data())
def test_anything_gets_a_verdict(example: Example, tmp_path: Path, data: Any) -> None:
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
        found = example.judge(tmp_path, document, pool=pool)
        assert found.verdict in Verdict
        assert found.explanation
        assert pool or found.verdict in {Verdict.CONTRADICTS, Verdict.UNEXPLAINED}
