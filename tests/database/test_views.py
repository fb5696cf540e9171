"""Views that take apart what a column of text holds: keywords and candidates of exposures."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import Engine, inspect, text

from asnrules.pools import parse_candidates
from asnrules.rules.words import shipped_words
from filled import without_guards

LISTED = [
    "[('o001', 'observation')]",
    "[('o001', 'observation'), ('c1000', 'background')]",
    "(('o001', 'observation'),)",
    "[('o001','observation'),]",
    "[['o001', 'observation'], ]",
    "[(\"c1001\", \"some type\"), ('c1001', 'some type')]",
    "[ ( 'o001' ,  'observation' ) , ('o002', 'observation',) ]",
    "[]",
    "null",
    "17",
    "0017",
    "#! never expanded ('o001', 'observation')",
    "@!x",
]


@pytest.fixture
def open_catalog(full_catalog: Engine) -> Engine:
    without_guards(full_catalog)
    return full_catalog


def test_candidates_are_those_that_rules_see(open_catalog: Engine) -> None:
    query = "SELECT asn_id, candidate_type FROM v_exposure_candidates WHERE position = 1"
    change = text("UPDATE exposures SET asn_candidate = :listed WHERE position = 1")
    with open_catalog.begin() as connection:
        for listed in LISTED:
            connection.execute(change, {"listed": listed})
            found = connection.execute(text(query)).all()
            assert found == list(parse_candidates(listed)), listed


def test_an_exposure_without_the_column_has_no_candidates(open_catalog: Engine) -> None:
    with open_catalog.begin() as connection:
        connection.execute(text("UPDATE exposures SET asn_candidate = NULL"))
        assert connection.scalar(text("SELECT count(*) FROM v_exposure_candidates")) == 0


def test_each_keyword_has_a_column(open_catalog: Engine) -> None:
    columns = [column["name"] for column in inspect(open_catalog).get_columns("v_exposures")]
    known = {keyword.lower() for keyword in shipped_words().keywords}
    assert set(columns) - {"run_id", "pool", "position"} == known

    values = {keyword: f"of {keyword}" for keyword in known}
    with open_catalog.begin() as connection:
        change = text("UPDATE exposures SET keyword_values = :values WHERE position = 1")
        connection.execute(change, {"values": json.dumps(values)})
        first, second = connection.execute(
            text("SELECT * FROM v_exposures ORDER BY position")
        ).mappings()
    others = known - {"filename", "program", "exp_type", "asn_candidate"}
    assert {name: first[name] for name in others} == {name: f"of {name}" for name in others}
    assert {second[name] for name in others} == {None}
