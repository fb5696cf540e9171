"""Whatever is changed, added, removed or reordered in the ledger is found."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from asnrules.database.engines import transaction
from asnrules.database.schema.all_tables import metadata
from asnrules.database.schema.record import runs
from asnrules.errors import UsageError
from asnrules.record import shared_digests
from asnrules.record.chain import GENESIS, SECTIONS, head
from asnrules.record.verify import Verification, verify
from cli.small_pools import nrc_image, write_pool
from filled import copied, record_runs, seed_few, small, without_guards
from record.tampering import unguarded

AUDIT = (*SECTIONS, runs)
OTHERS = [table for table in metadata.tables.values() if table not in AUDIT]
SOME = [*AUDIT, *(OTHERS if os.environ.get("ASNRULES_TAMPERING") else OTHERS[::8])]
"""The tables of runs, and some of the many that are treated alike."""


@pytest.fixture
def full_catalog(
    engine_name: str, templates: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Engine]:
    """Give a copy without guards, which each test would have to drop."""

    def fill(engine: Engine) -> None:
        seed_few(engine, small)
        record_runs(engine)
        without_guards(engine)

    template = templates.get(engine_name, "unguarded", fill, empty=True)
    yield from copied(engine_name, template, tmp_path, request)


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> Callable[[Engine], Verification]:
    """Give a function that verifies, alone and by several workers, who find the same."""
    monkeypatch.setattr(shared_digests, "_WORTH_SHARING", 0)

    def both(engine: Engine) -> Verification:
        alone = verify(engine)
        assert verify(engine, workers=2) == alone
        return alone

    return both


Verified = Callable[[Engine], Verification]


def found(engine: Engine, against: str | None = None) -> set[tuple[int | None, str | None]]:
    return {(one.run_id, one.table) for one in verify(engine, against).findings}


def execute(engine: Engine, *statements: str) -> None:
    with unguarded(engine) as connection:
        for statement in statements:
            assert connection.exec_driver_sql(statement).rowcount > 0


def last_digest(engine: Engine) -> str:
    with transaction(engine) as connection:
        return head(connection).digest


# ------------------------------------------------------------------ nothing was changed


def test_every_table_has_rows(full_catalog: Engine) -> None:
    with full_catalog.connect() as connection:
        for table in AUDIT:
            assert connection.execute(table.select()).first() is not None


def test_untouched_ledger_matches(full_catalog: Engine, verified: Verified) -> None:
    result = verified(full_catalog)
    assert result.findings == []
    assert (result.runs, result.rows) == (2, 13)
    assert result.head == (2, last_digest(full_catalog))
    assert result.known is None


def test_empty_ledger_matches(kept_seeds: Engine) -> None:
    result = verify(kept_seeds)
    assert result == Verification()
    assert result.head == (0, GENESIS)


def test_digest_is_that_of_the_rows_as_json(full_catalog: Engine) -> None:
    with full_catalog.connect() as connection:
        row = connection.execute(runs.select().where(runs.c.run_id == 2)).mappings().one()
    sections = json.loads(row["section_digests"])
    members = '[[2,1,1,"jw1","jw1_rate.fits","science",null,null,null]]'
    assert sections["association_members"] == [1, hashlib.sha256(members.encode()).hexdigest()]
    assert sections["decisions"] == [0, hashlib.sha256(b"[]").hexdigest()]
    assert set(sections) == {table.name for table in SECTIONS} | {"catalog_entries"}


def test_runs_that_are_generated_match(catalog: Engine, tmp_path: Any) -> None:
    from asnrules.workflows.generate import Options, generate

    first = write_pool(tmp_path / "first.csv", nrc_image(1), nrc_image(2, bkgdtarg="t"))
    second = write_pool(tmp_path / "second.csv", nrc_image(3), nrc_image(4, exp_type="nrc_dark"))
    for pools in ([first], [first, second], [second]):
        generate(catalog, pools, Options(note="é — \N{GRINNING FACE}", operator="o'neil"))
    result = verify(catalog)
    assert (result.runs, result.findings) == (3, [])
    with catalog.connect() as connection:
        owners = connection.execute(text("SELECT run_id FROM pools ORDER BY pool_id")).scalars()
        assert list(owners) == [1, 2]


# ------------------------------------------------------------------ rows and flags


@pytest.mark.parametrize("value", [2, -1])
def test_number_in_place_of_a_flag_is_found(full_catalog: Engine, value: int) -> None:
    if full_catalog.dialect.name == "sqlite":
        execute(full_catalog, f"UPDATE traces SET agrees = {value}")
    else:
        execute(full_catalog, "UPDATE traces SET agrees = NULL")
    assert found(full_catalog) == {(1, "traces")}


@pytest.mark.parametrize("table", [table.name for table in SECTIONS])
def test_removed_row_is_found(full_catalog: Engine, table: str) -> None:
    execute(full_catalog, f"DELETE FROM {table}")
    assert table in {name for _, name in found(full_catalog)}


ADDED = {
    "pools": "(9, 'new', '[]', '[]', 0, 1)",
    "exposures": "(1, 9, 'new', NULL, NULL, NULL, '{}')",
    "run_pools": "(1, 9, 1, 'new')",
    "traces": "(9, (SELECT max(ruleset_id) FROM runs), 'new', NULL, NULL, NULL, NULL, '', '', 1)",
    "decisions": "(2, 1, 1, 1, 1, NULL)",
    "associations": "(1, 9, 'new', 'image2', '', '', '', '', '', '', '')",
    "association_members": "(1, 1, 9, '', '', '', NULL, NULL, NULL)",
    "imported_associations": "(1, 1, '', '', '', NULL, NULL, NULL, 'differs', '')",
}


@pytest.mark.parametrize("table", ADDED)
def test_added_row_is_found(full_catalog: Engine, table: str) -> None:
    execute(full_catalog, f"INSERT INTO {table} VALUES {ADDED[table]}")
    assert {name for _, name in found(full_catalog)} == {table}


STRAYS = {
    "pools": "(9, 'new', '[]', '[]', 0, 9)",
    "exposures": "(9, 9, 'new', NULL, NULL, NULL, '{}')",
    "run_pools": "(9, 9, 1, 'new')",
    "traces": "(9, (SELECT max(ruleset_id) FROM runs), 'new', NULL, NULL, NULL, NULL, '', '', 9)",
    "decisions": "(9, 1, 1, 1, 1, NULL)",
    "associations": "(9, 9, 'new', 'image2', '', '', '', '', '', '', '')",
    "association_members": "(9, 1, 9, '', '', '', NULL, NULL, NULL)",
    "imported_associations": "(9, 1, '', '', '', NULL, NULL, NULL, 'differs', '')",
}


@pytest.mark.parametrize("table", STRAYS)
def test_row_of_no_run_is_found(full_catalog: Engine, table: str) -> None:
    execute(full_catalog, f"INSERT INTO {table} VALUES {STRAYS[table]}")
    assert found(full_catalog) == {(None, table)}


def test_reordered_rows_are_found(full_catalog: Engine) -> None:
    members = "UPDATE association_members SET position = {} WHERE run_id = 1 AND position = {}"
    execute(full_catalog, members.format(9, 1), members.format(1, 2), members.format(2, 9))
    assert found(full_catalog) == {(1, "association_members")}


# ------------------------------------------------------------------ whole runs

OF_A_RUN = ("imported_associations", "association_members", "associations", "runs")


def test_removed_run_is_found(full_catalog: Engine) -> None:
    execute(full_catalog, "DELETE FROM runs WHERE run_id = 1")
    assert (2, "runs") in found(full_catalog)
    assert (None, "decisions") in found(full_catalog)


def test_reordered_runs_are_found(full_catalog: Engine) -> None:
    swaps = [f"UPDATE {{}} SET run_id = {new} WHERE run_id = {old}" for new, old in
             ((9, 1), (1, 2), (2, 9))]  # fmt: skip
    execute(full_catalog, *[swap.format("runs") for swap in swaps])
    assert {(1, "runs"), (2, "runs")} <= found(full_catalog)


def test_removed_tail_is_found_by_a_digest_that_was_kept(full_catalog: Engine) -> None:
    kept = last_digest(full_catalog)
    execute(full_catalog, *[f"DELETE FROM {table} WHERE run_id = 2" for table in OF_A_RUN])
    assert found(full_catalog) == set()
    assert found(full_catalog, kept) == {(None, None)}


def test_ledger_that_was_made_anew_is_found_by_a_digest_that_was_kept(
    full_catalog: Engine,
) -> None:
    kept = last_digest(full_catalog)
    first = "(SELECT digest FROM runs WHERE run_id = 1)"
    execute(full_catalog, "UPDATE runs SET operator = 'nobody'")
    # As somebody would who can compute digests as well.
    for run_id in (1, 2):
        previous = f"'{GENESIS}'" if run_id == 1 else first
        with unguarded(full_catalog) as connection:
            connection.exec_driver_sql(
                f"UPDATE runs SET previous_digest = {previous} WHERE run_id = {run_id}"
            )
        digest = digest_of(full_catalog, run_id)
        execute(full_catalog, f"UPDATE runs SET digest = '{digest}' WHERE run_id = {run_id}")
    assert found(full_catalog) == set()
    assert found(full_catalog, kept) == {(None, None)}


def digest_of(engine: Engine, run_id: int) -> str:
    """Compute a run's digest apart from the code that is tested."""
    with engine.connect() as connection:
        row = dict(
            connection.execute(runs.select().where(runs.c.run_id == run_id)).mappings().one()
        )
        label, checksum = connection.execute(
            text("SELECT label, checksum FROM rulesets WHERE ruleset_id = :key"),
            {"key": row["ruleset_id"]},
        ).one()
    sections = json.loads(row.pop("section_digests"))
    previous = row.pop("previous_digest")
    del row["digest"]
    for name in ("started_at", "finished_at"):
        row[name] = row[name].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    header = {**row, "ruleset": label, "ruleset_checksum": checksum}
    content = {"run": header, "sections": sections, "previous": previous}
    return hashlib.sha256(
        json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


@pytest.mark.parametrize("run_id", [1, 2])
def test_digest_of_any_run_that_was_kept_is_known(full_catalog: Engine, run_id: int) -> None:
    kept = digest_of(full_catalog, run_id)
    result = verify(full_catalog, f" {kept.upper()}\n")
    assert (result.known, result.findings) == (run_id, [])


@pytest.mark.parametrize("digest", ["", "abc", "g" * 64, "0" * 63, "0" * 65])
def test_what_is_no_digest_is_refused(kept_seeds: Engine, digest: str) -> None:
    with pytest.raises(UsageError, match="--against"):
        verify(kept_seeds, digest)


# ------------------------------------------------------------------ the rules that runs went by


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE rulesets SET checksum = 'new' WHERE label = 'jwst-3.0.0'",
         {(1, "runs"), (2, "runs"), (None, "rulesets")}),
        ("UPDATE rulesets SET label = 'new' WHERE label = 'jwst-3.0.0'",
         {(1, "runs"), (2, "runs"), (None, "rulesets")}),
        ("UPDATE rulesets SET title = 'new' WHERE label = 'jwst-3.0.0'", {(None, "rulesets")}),
        ("UPDATE asn_rules SET title = 'new' WHERE asn_rule = 'Asn_Lv2Image'",
         {(None, "rulesets")}),
    ],
)  # fmt: skip
def test_changed_ruleset_of_a_run_is_found(
    full_catalog: Engine, statement: str, expected: set[tuple[int | None, str]]
) -> None:
    execute(full_catalog, statement)
    assert found(full_catalog) == expected


def test_removed_ruleset_of_a_run_is_found(full_catalog: Engine) -> None:
    execute(full_catalog, "DELETE FROM rulesets WHERE label = 'jwst-3.0.0'")
    rows = {(None, "asn_rules"), (None, "conditions"), (None, "ruleset_files")}
    assert {(1, "runs"), (2, "runs"), (None, "rulesets"), *rows} <= found(full_catalog)


# ------------------------------------------------------------------ tables and columns


GONE = (
    "runs", "rulesets", "pools", "exposures", "decisions", "catalog_entries", "known_differences",
    "keywords",
)  # fmt: skip


@pytest.mark.parametrize("table", GONE)
def test_table_that_is_gone_is_found_and_the_rest_verified(
    full_catalog: Engine, table: str
) -> None:
    cascade = "" if full_catalog.dialect.name == "sqlite" else " CASCADE"
    with unguarded(full_catalog) as connection:
        if not cascade:
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql(f"DROP TABLE {table}{cascade}")
    other = "associations" if table in {"pools", "decisions"} else "decisions"
    assert (None, table) in found(full_catalog)
    if table not in {"runs", "rulesets", "pools", other}:
        execute(full_catalog, f"DELETE FROM {other}")
        assert (1, other) in found(full_catalog)


def forged(table: str) -> tuple[str, set[tuple[int | None, str | None]]]:
    """Give a forgery in a table that nothing of the given one tells about, and its finding."""
    if table == "associations":
        return "UPDATE association_members SET exptype = 'imprint'", {(2, "association_members")}
    return "UPDATE associations SET asn_type = 'image2x'", {(2, "associations")}


KEYS = [(table.name, table.columns.keys()[0]) for table in SOME]


def alter(engine: Engine, *statements: str) -> None:
    with unguarded(engine) as connection:
        if engine.dialect.name == "sqlite":
            # Views of what is renamed are left as they are.
            connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.mark.parametrize(("table", "column"), [*KEYS, ("runs", "note"), ("errata", "reason")])
def test_renamed_column_is_found_and_the_rest_verified(
    full_catalog: Engine, verified: Verified, table: str, column: str
) -> None:
    statement, forgery = forged(table)
    execute(full_catalog, statement)
    alter(full_catalog, f"ALTER TABLE {table} RENAME COLUMN {column} TO other")
    result = verified(full_catalog)
    assert (result.runs, result.rows) == (2, 13)
    structural = [one.finding for one in result.findings if one.table == table]
    assert structural == [f"columns are gone: {column}", "columns were added: 'other'"]
    others = {(one.run_id, one.table) for one in result.findings if one.table != table}
    assert others >= forgery


@pytest.mark.parametrize("table", [table.name for table in SOME])
def test_removed_column_is_found_and_the_rest_verified(full_catalog: Engine, table: str) -> None:
    column = metadata.tables[table].columns.keys()[-1]
    statement, forgery = forged(table)
    execute(full_catalog, statement)
    # As if it had been removed: of two that were added, none is known to be the one.
    alter(
        full_catalog,
        f"ALTER TABLE {table} RENAME COLUMN {column} TO other",
        f"ALTER TABLE {table} ADD COLUMN another TEXT",
    )
    result = verify(full_catalog)
    assert result.runs == 2
    assert (None, table, None, f"columns are gone: {column}") in result.findings
    assert {(one.run_id, one.table) for one in result.findings} >= forgery


def test_renamed_column_hides_no_change_of_its_own_table(full_catalog: Engine) -> None:
    execute(full_catalog, "UPDATE runs SET operator = 'nobody' WHERE run_id = 1")
    alter(full_catalog, "ALTER TABLE runs RENAME COLUMN note TO other")
    assert found(full_catalog) == {(None, "runs"), (1, "runs")}


def test_added_column_is_found_in_any_table(full_catalog: Engine) -> None:
    alter(full_catalog, *(f"ALTER TABLE {table} ADD COLUMN evil TEXT" for table in metadata.tables))
    assert sorted(one.words() for one in verify(full_catalog).findings) == sorted(
        f"table {table}: columns were added: 'evil'" for table in metadata.tables
    )


def test_view_in_place_of_a_table_is_found(full_catalog: Engine, verified: Verified) -> None:
    alter(
        full_catalog,
        "ALTER TABLE decisions RENAME TO hidden",
        "CREATE VIEW decisions AS SELECT * FROM hidden",
    )
    result = verified(full_catalog)
    assert [one.words() for one in result.findings] == [
        "table decisions: the table is gone, and a view stands in its place"
    ]
    assert (result.runs, result.rows) == (2, 13)


# ------------------------------------------------------------------ going on from a run


def test_since_a_run_only_later_rows_are_read(full_catalog: Engine) -> None:
    whole = verify(full_catalog)
    later = verify(full_catalog, since=1)
    assert (later.runs, later.findings, later.head) == (2, [], whole.head)
    assert later.rows == 3
    last = verify(full_catalog, whole.head.digest, since=2)
    assert (last.rows, last.known, last.findings) == (0, 2, [])


@pytest.mark.parametrize(
    ("statement", "is_found"),
    [
        ("UPDATE association_members SET product = 'x' WHERE run_id = 2", True),
        ("UPDATE association_members SET product = 'x' WHERE run_id = 1", False),
        ("UPDATE runs SET operator = 'x' WHERE run_id = 1", True),
        ("UPDATE runs SET digest = 'x' WHERE run_id = 1", True),
        ("UPDATE association_members SET run_id = 3 WHERE run_id = 2", True),
        ("UPDATE rulesets SET title = 'x'", True),
        ("UPDATE exposures SET pool_id = 7", True),
    ],
)
def test_since_a_run_what_is_told_is_looked_at(
    full_catalog: Engine, statement: str, is_found: bool
) -> None:
    execute(full_catalog, statement)
    assert bool(verify(full_catalog, since=1).findings) is is_found
    assert verify(full_catalog).findings


def test_since_a_run_that_is_not_there_is_a_finding(full_catalog: Engine) -> None:
    (finding,) = verify(full_catalog, since=3).findings
    assert finding.words() == "run 3, table runs: there is no run 3: it was removed, or never was"
