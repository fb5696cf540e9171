"""What a visitor may ask has an end, in time and in memory, and only a visitor may ask."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from asnrules.browse import statements
from asnrules.browse.statements import Interrupted, Statements
from browse.conftest import Serve, Site

NUMBERS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT"
LONG = "WITH v(a) AS (SELECT replace(hex(zeroblob(240000)), '0', 'a')) SELECT"
DOUBLED = ", ".join(f"a{n + 1} AS (SELECT 1 AS x FROM a{n}, a{n})" for n in range(60))

LARGE = {
    "SELECT hex(randomblob(500000000))": "too big",
    "SELECT randomblob(2000000000)": "too big",
    "SELECT zeroblob(500000000)": "too big",
    f"{NUMBERS} group_concat(hex(zeroblob(50000))) FROM (SELECT x FROM n LIMIT 1000)": "too big",
    f"{NUMBERS} json_group_array(hex(zeroblob(50000))) FROM (SELECT 1 FROM n LIMIT 99)": "too big",
    f"{NUMBERS} x, zeroblob(900000) AS z FROM n LIMIT 900": "more than 20 MB",
    "SELECT " + ", ".join(f"zeroblob(900000) AS z{n}" for n in range(150)): "more than 20 MB",
    f"{NUMBERS} x, randomblob(900000) AS z FROM (SELECT x FROM n LIMIT 5000) ORDER BY z": "memory",
    "SELECT " + ", ".join("1" for _ in range(300)): "too many columns",
    "SELECT 'a' LIKE replace(hex(zeroblob(2000)), '0', '%a')": "too complex",
    "ATTACH ':memory:' AS other": "attached",
}
"""Statements that take too much memory, and what is said."""

ENDLESS = [
    f"{NUMBERS} count(*) FROM n",
    f"{NUMBERS} max(x) FROM (SELECT x FROM n ORDER BY x)",
    f"{NUMBERS} x FROM n WHERE x < 0",
    "SELECT length(printf('%.*c', 2000000000, 'x'))",
    f"{LONG} instr(a || a, substr(a, 1, 400000) || 'b') FROM v",
    f"{LONG} length(replace(a || a, substr(a, 1, 400000) || 'b', '')) FROM v",
    f"{LONG} length(trim(replace(a, 'a', 'b'), substr(a, 1, 80000) || 'b')) FROM v",
]
"""Statements that take too long, some of them in a single step."""


@pytest.fixture(scope="module")
def running(ledger_file: str) -> Statements:
    return Statements(Path(ledger_file))


def test_rows_are_given(running: Statements) -> None:
    query = "SELECT run_id AS a, :x AS b FROM runs ORDER BY 1"
    assert running.run(query, {"x": "y"}, 2, 30) == (["a", "b"], [(1, "y"), (2, "y")], True)
    assert running.run(query, {"x": None}, 5, 30).truncated is False
    assert len(running.run(query, {"x": 1}, None, 30).rows) == 5
    assert running.run("SELECT ? AS a", ["x"], None, 30).rows == [("x",)]


@pytest.mark.parametrize("query", LARGE)
def test_a_statement_that_takes_too_much_is_refused(running: Statements, query: str) -> None:
    with pytest.raises(statements.sqlite3.OperationalError, match=LARGE[query]):
        running.run(query, {}, 1000, 30)
    assert running.run("SELECT 1 AS a", {}, 1, 30).rows == [(1,)]


@pytest.mark.parametrize("query", ENDLESS)
def test_a_statement_that_takes_too_long_is_ended(running: Statements, query: str) -> None:
    started = time.monotonic()
    with pytest.raises(Interrupted):
        running.run(query, {}, 1000, 0.3)
    assert time.monotonic() - started < 0.3 + statements.GRACE_SECONDS + 30
    assert running.run("SELECT 1 AS a", {}, 1, 30).rows == [(1,)]


def test_a_statement_that_doubles_is_ended_by_time_or_memory(running: Statements) -> None:
    query = f"WITH a0 AS (SELECT 1 AS x), {DOUBLED} SELECT count(*) FROM a60"
    # Which of the two comes first is a matter of how fast the machine is.
    with pytest.raises((Interrupted, statements.sqlite3.OperationalError)):
        running.run(query, {}, 1000, 0.3)


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM runs", "CREATE TABLE a (x)", "CREATE TEMP TABLE a (x)", "PRAGMA query_only = 0",
     "SELECT 1; SELECT 2", "nothing", "SELECT load_extension('x')"],
)  # fmt: skip
def test_nothing_is_changed(running: Statements, ledger_file: str, statement: str) -> None:
    before = Path(ledger_file).read_bytes()
    try:
        running.run(statement, {}, 1, 30)
    except statements.sqlite3.OperationalError as error:
        assert str(error)  # noqa: PT017
    assert Path(ledger_file).read_bytes() == before


def test_pages_say_it_and_go_on(served: Serve, ledger_file: str) -> None:
    with served(ledger_file) as site:
        assert site.get("catalog/v_runs")[0] == 200
        before = site.memory() if sys.platform == "linux" else 0
        for query, words in LARGE.items():
            status, text = site.get("catalog.json", sql=query)
            if not query.startswith(("ATTACH",)):
                assert (status, words in json.loads(text)["error"]) == (400, True), text
        if sys.platform == "linux":
            assert site.memory() - before < 3 * statements.MEMORY_BYTES
        assert site.get("catalog/v_runs")[0] == 200
        assert site.interrupt() == (0, "")


def test_no_other_database_is_served(served: Serve, ledger_file: str) -> None:
    with served(ledger_file) as site:
        found = json.loads(site.get("-/databases.json")[1])
        assert [one["name"] for one in found] == ["catalog"]
        for name in ("_memory", "_internal"):
            assert site.get(f"{name}.json", sql="SELECT 1 AS asked")[0] in {403, 404}


def test_processes_end_with_the_one_who_serves(served: Serve, ledger_file: str) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells of processes")
    with served(ledger_file) as site:
        site.get("catalog/v_runs")
        mine = list(children(site.process_id))
        assert mine
        os.kill(site.process_id, 9)
    deadline = time.monotonic() + 120
    while any(Path(f"/proc/{one}").exists() for one in mine):
        assert time.monotonic() < deadline
        os.sched_yield()


def children(parent: int) -> Iterator[int]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[1]) == parent:
            yield int(folder.name)


# ------------------------------------------------------------------ other sites

ASKED = "catalog.json?" + urlencode({"sql": "SELECT 1 AS asked"})
PATHS = ["", ASKED, "catalog/v_runs", "catalog/v_runs.json?_where=1", "catalog/v_runs.csv"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("mode", ["navigate", "no-cors", "cors", "websocket"])
@pytest.mark.parametrize("place", ["cross-site", "same-site", "something new"])
def test_another_site_is_refused(site: Site, path: str, mode: str, place: str) -> None:
    headers = {"Sec-Fetch-Site": place, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": "document"}
    status, text = site.get(path, headers=headers)
    assert (status, text.splitlines()[0][:12]) == (403, "Another site")
    assert f"{site.address}/" in text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Referer": "http://elsewhere.example/page"},
        {"Referer": "http://127.0.0.1:1/"},
        {"Referer": "{own}.elsewhere.example/"},
        {"Sec-Fetch-Site": "cross-site", "Referer": "{own}/", "Origin": "{own}"},
    ],
)
def test_what_older_browsers_tell_of_another_site(site: Site, headers: dict[str, str]) -> None:
    filled = {name: value.replace("{own}", site.address) for name, value in headers.items()}
    assert site.get(ASKED, headers=filled)[0] == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Referer": "{own}/catalog", "Origin": "{own}"},
    ],
)
def test_visitors_are_answered(site: Site, headers: dict[str, str]) -> None:
    filled = {name: value.replace("{own}", site.address) for name, value in headers.items()}
    status, text = site.get(ASKED, headers=filled)
    assert (status, json.loads(text)["rows"]) == (200, [[1]])
