"""Every column of the tables of runs holds nonsense: the record still gives all the rest.

`ASNRULES_TAMPERING=1` tries every value that there is; a short round always runs, with one
value for each column or fewer.
"""

from __future__ import annotations

import json
import os
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Engine, UniqueConstraint

from asnrules.catalog.open import upgrade_catalog
from asnrules.database.schema.all_tables import metadata
from asnrules.database.schema.record import runs
from asnrules.record.chain import SECTIONS
from cli.conftest import Command
from filled import copied
from record.tampering import Tampering, nonsense, with_few_rulesets, without_constraints
from recorded import fill_ledger, stem

LONG = bool(os.environ.get("ASNRULES_TAMPERING"))
TABLES = sorted([runs.name, *(table.name for table in SECTIONS)])
VERIFIER = Path(__file__).parents[2] / "tools" / "verify_ledger.py"
COMMANDS = {
    "runs": ["audit", "runs"],
    "run 1": ["audit", "run", "1"],
    "run 5": ["audit", "run", "5"],
    "exposure": ["audit", "exposure", f"{stem(6)}_uncal.fits"],
    "exposure of members": ["audit", "exposure", f"{stem(1)}_uncal.fits"],
    "association": ["audit", "association", "jw04231-o001_image2_00001_asn"],
    "report 1": ["audit", "report", "1", "--output", "-"],
    "report 5": ["audit", "report", "5", "--output", "-"],
    "digest": ["audit", "digest"],
    "verify": ["audit", "verify"],
}
PAGES = {"report 1", "report 5"}
PRINTED = {
    "runs": {
        "runs": (
            "origin started_at operator ruleset_id finished_at host software_version note "
            "exposure_count association_count unassociated_count"
        ),
        "run_pools": "name",
    },
    "run 1": {
        "runs": (
            "origin started_at operator ruleset_id finished_at host software_version note "
            "exposure_count association_count unassociated_count options diagnostics "
            "previous_digest digest"
        ),
        "run_pools": "name pool_id",
        "pools": "sha256 exposure_count",
        "associations": "asn_type asn_rule",
        "exposures": "exp_type filename",
        "decisions": "reason trace_id",
        "traces": "reason",
    },
    "report 1": {
        "runs": (
            "origin started_at operator ruleset_id finished_at host software_version note "
            "exposure_count association_count unassociated_count options diagnostics "
            "previous_digest digest"
        ),
        "run_pools": "name pool_id",
        "pools": "sha256 exposure_count",
        "associations": (
            "asn_name asn_type asn_rule asn_id candidate_type program target degraded_status keys"
        ),
        "association_members": "product expname exptype exposerr",
        "exposures": "exp_type filename",
        "decisions": "reason trace_id",
        "traces": "member_type reason",
    },
    "report 5": {
        "imported_associations": (
            "file_name asn_rule code_version version_id asn_pool verdict explanation"
        ),
        "associations": "asn_type",
    },
    "digest": {},
    "run 5": {
        "imported_associations": (
            "file_name asn_rule code_version version_id asn_pool verdict explanation"
        ),
        "associations": "asn_type",
    },
    "exposure": {
        "runs": "started_at origin operator ruleset_id",
        "run_pools": "name",
        "exposures": "exp_type",
        "traces": "member_type special reason",
        "decisions": "association_count reason trace_id",
    },
    "exposure of members": {
        "exposures": "exp_type program asn_candidate keyword_values",
        "associations": "asn_type asn_rule asn_id program",
        "association_members": "product expname exptype",
        "imported_associations": "verdict",
    },
    "association": {
        "runs": "started_at origin operator ruleset_id",
        "associations": "asn_type asn_rule asn_id candidate_type program target keys",
        "association_members": "product expname exptype exposerr pool_id exposure",
        "imported_associations": "verdict explanation file_name",
    },
}
"""The columns that a command reads."""
SOUGHT = {"exposures.filename", "association_members.expname", "run_pools.pool_id"}
"""By which a command finds what it is asked for: without them it may find nothing."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    with_few_rulesets(monkeypatch)


@pytest.fixture
def tampering(
    engine_name: str, templates: Any, tmp_path: Path, request: pytest.FixtureRequest, table: str
) -> Iterator[Tampering]:
    def fill(engine: Engine) -> None:
        folder = tmp_path / "pools"
        folder.mkdir()
        upgrade_catalog(engine)
        fill_ledger(engine, folder)
        without_constraints(engine)

    template = templates.get(engine_name, "unreadable", fill, empty=True)
    for engine in copied(engine_name, template, tmp_path, request):
        yield Tampering(engine, metadata.tables[table])


def changes(
    tampering: Tampering, engine_name: str, step: int
) -> Iterator[tuple[Column[Any], str, bool]]:
    """Give statements that put nonsense in all rows of a column, or in one if it is a key.

    A short round takes each so many of the columns, and fewer on PostgreSQL.
    """
    if LONG:
        step = 1
    elif engine_name == "postgresql":
        step = 4
    start = TABLES.index(tampering.table.name) % step
    for at, column in list(enumerate(tampering.table.columns))[start::step]:
        filled = [row for row in tampering.rows if row._mapping[column.name] is not None]
        row = (filled or tampering.rows)[0]
        values = nonsense(column, row._mapping[column.name], engine_name)
        values.sort(key=lambda one: not one[1])
        bad = max(1, sum(is_unreadable for _, is_unreadable in values))
        for value, is_unreadable in values if LONG else values[at % bad :][:1]:
            where = f" WHERE {tampering.where(row)}" if is_key(column) else ""
            statement = f"UPDATE {column.table} SET {column.name} = {value}{where}"
            yield column, statement, is_unreadable and not column.primary_key


def is_key(column: Column[Any]) -> bool:
    keys = (one for one in column.table.constraints if isinstance(one, UniqueConstraint))
    return column.primary_key or any(column.name in one.columns for one in keys)


def is_printed(name: str, column: Column[Any]) -> bool:
    if name == "verify":
        return True
    return column.name in PRINTED[name].get(column.table.name, "").split()


@pytest.mark.parametrize("table", TABLES)
def test_the_rest_is_given_and_what_cannot_be_read_is_named(
    tampering: Tampering, command: Callable[[str | None], Command], engine_name: str, table: str
) -> None:
    run = command(tampering.engine.url.render_as_string(hide_password=False))
    for column, statement, is_unreadable in changes(tampering, engine_name, 1):
        with tampering.changed(statement):
            others = list(COMMANDS)[len(column.name) % len(COMMANDS) :][:1]
            for name, arguments in COMMANDS.items():
                # What verify finds is tried in tests/record for each column.
                is_wanted = name != "verify" and is_printed(name, column)
                if not (LONG or name in others or is_wanted):
                    continue
                place = (str(column), name)
                # Text for people is what a missing value can break most.
                formats = [[]] if is_wanted or name in PAGES else [["--format", "json"]]
                for output in [[], ["--format", "json"]] if LONG and name not in PAGES else formats:
                    done = run(*arguments, *output)
                    assert "Traceback" not in done.err, place
                    is_there = is_unreadable and str(column) not in SOUGHT
                    assert done.code in ({0, 1} if is_there else {0, 1, 3}), (place, done.err)
                    assert done.out or done.code == 3, place
                    if done.code != 3 and is_unreadable and is_printed(name, column):
                        assert done.code == 1, place
                        said = done.out if name == "verify" else done.err
                        assert table in said, (place, said)
                        assert column.name in said, (place, said)


@pytest.mark.parametrize("table", TABLES)
def test_everything_is_exported_and_the_verifier_finds_it(
    tampering: Tampering,
    command: Callable[[str | None], Command],
    engine_name: str,
    tmp_path: Path,
    table: str,
) -> None:
    run = command(tampering.engine.url.render_as_string(hide_password=False))
    verify_ledger = runpy.run_path(str(VERIFIER))
    out = tmp_path / "ledger.jsonl"
    assert run("audit", "export", "--output", str(out)).code == 0
    lines = out.read_bytes().count(b"\n")
    for column, statement, is_unreadable in changes(tampering, engine_name, 2):
        with tampering.changed(statement):
            done = run("audit", "export", "--output", str(out), "--overwrite")
        assert "Traceback" not in done.err, str(column)
        assert done.code in {0, 1}, (str(column), done.err)
        if is_unreadable:
            assert done.code == 1, str(column)
            # A row that no run brought has no place in a ledger.
            is_stray = column.name == "run_id"
            place = f"table {table}" if is_stray else f"table {table}, column {column.name}"
            assert place in done.err, str(column)
        if not column.primary_key and column.name not in {"run_id", "pool_id"}:
            assert out.read_bytes().count(b"\n") == lines, str(column)
        for line in out.read_bytes().splitlines():
            json.loads(line)
        assert verify_ledger["main"]([str(out)]) in {1, 2}, str(column)


@pytest.mark.parametrize("table", ["runs"])
def test_digest_that_cannot_be_read_is_not_given(
    tampering: Tampering, command: Callable[[str | None], Command], engine_name: str, table: str
) -> None:
    run = command(tampering.engine.url.render_as_string(hide_password=False))
    for value in ["NULL"] + ["CAST(x'ff' AS TEXT)"] * (engine_name == "sqlite"):
        with tampering.changed(f"UPDATE {table} SET digest = {value} WHERE run_id = 5"):
            done = run("audit", "digest")
        assert (done.code, done.out) == (1, "")
        assert "run 5, table runs, column digest: " in done.err


@pytest.mark.parametrize("table", ["condition_terms", "rulesets"])
def test_page_without_rules_that_cannot_be_read(
    tampering: Tampering, command: Callable[[str | None], Command], table: str
) -> None:
    run = command(tampering.engine.url.render_as_string(hide_password=False))
    column = {"condition_terms": "term_values", "rulesets": "title"}[table]
    value = {"condition_terms": "'{'", "rulesets": "NULL"}[table]
    with tampering.changed(f"UPDATE {table} SET {column} = {value}"):
        done = run("audit", "report", "1", "--output", "-")
    assert done.code == 1, done.err
    assert f"table {table}, column {column}: " in done.err
    assert "jw04231-o001_image2_00001_asn" in done.out
    assert "cannot be read" in done.out
