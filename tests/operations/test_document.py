"""What docs/operations.md tells people to type, typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import DBAPIError

from asnrules.catalog.open import check_catalog, connect_catalog, upgrade_catalog
from asnrules.database.locks import take_ledger
from asnrules.database.schema.all_tables import metadata
from asnrules.record.verify import verify
from asnrules.rules.checksums import checksum
from asnrules.workflows.generate import Options, generate
from cli.conftest import Command, command
from cli.small_pools import nrc_image, write_pool
from operations.conftest import ROOT, ask
from seeds import SEEDS, seed

__all__ = ["command"]

TABLE = "2026-03-20"
DOCUMENT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def blocks(heading: str, language: str) -> list[str]:
    """Give the blocks of a language that stand under a heading."""
    (part,) = re.findall(
        rf"^##+ {re.escape(heading)}\n(.*?)(?=^##|\Z)", DOCUMENT, re.MULTILINE | re.DOTALL
    )
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", part, flags=re.MULTILINE | re.DOTALL)
    return [re.sub(f"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


# ------------------------------------------------------------------ a team


@pytest.fixture
def people(postgresql_server: Any, postgresql_url: str) -> Iterator[Callable[[str], str]]:
    """Make a database and logins as the document says; give the URL to connect as each."""
    make, give = blocks("Making it", "sql")
    name = make_url(postgresql_url).database
    postgresql_server.execute(f"DROP DATABASE {name}")
    for statement in make.replace("CREATE DATABASE asnrules", f"CREATE DATABASE {name}").split(";"):
        if statement.strip():
            postgresql_server.execute(statement)

    def url_of(login: str) -> str:
        url = make_url(postgresql_url).set(username=login, password=None)
        return url.render_as_string(hide_password=False)

    upgrade_catalog(connect_catalog(url_of("asnrules_owner")))
    for statement in give.split(";")[:-1]:
        postgresql_server.execute(statement)
    yield url_of
    postgresql_server.execute(f"DROP DATABASE {name}")
    for login in ("pipeline", "scientist", "visitor", "asnrules_owner"):
        postgresql_server.execute(f"DROP ROLE {login}")
    postgresql_server.execute(f"CREATE DATABASE {name}")


def test_logins_may_do_what_the_table_says_and_watch(
    people: Callable[[str], str], command: Callable[[str | None], Command], tmp_path: Path
) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image(1), nrc_image(2, exp_type="nrc_dark"))
    rules = str(SEEDS / TABLE)
    for label in ("one", "another"):
        dates = ("--effective-from", "2031-01-01")
        import_ = ("rulesets", "import", rules, "--label", label, *dates)
        assert command(people("asnrules_owner"))(*import_).code == 0
    commands = {
        "generate": ("generate", pool, "--no-files"),
        "rulesets import": ("rulesets", "import", rules, "--label", "next"),
        "rulesets publish": ("rulesets", "publish", "one", "--checksum", checksum(seed(TABLE))),
        "rulesets discard": ("rulesets", "discard", "another"),
        "audit verify": ("audit", "verify"),
    }
    refused = {
        login: {name for name in commands if f"`{name}`" in cell}
        for login, cell in re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", DOCUMENT, re.MULTILINE)
        if login in {"pipeline", "scientist"}
    }
    drafting = {"rulesets import", "rulesets publish", "rulesets discard"}
    refused["visitor"] = {"generate", *drafting}
    assert refused["pipeline"] == drafting
    assert refused["scientist"] == {"generate"}
    # Last is who may do away with the drafts.
    for login, names in sorted(refused.items(), key=lambda one: one[0] == "scientist"):
        asnrules = command(people(login))
        for name, arguments in commands.items():
            result = asnrules(*arguments)
            if name in names:
                result.assert_error(4, "permission denied", "docs/audit.md")
            else:
                assert result.code == 0, result.err
    _watch(connect_catalog(people("pipeline")), connect_catalog(people("visitor")))


def _watch(recorder: Engine, visitor: Engine) -> None:
    with recorder.begin() as recording, visitor.connect() as connection:
        take_ledger(recording)
        last, days, waiting, sizes = (
            connection.execute(text(query)).mappings().all()
            for query in blocks("What to watch", "sql")
        )
    assert [row["run_id"] for row in last] == [1]
    assert [(row["runs"], row["exposures"], row["unassociated"]) for row in days] == [(1, 2, 1)]
    assert [row["granted"] for row in waiting] == [True]
    assert len(sizes) == 5


# ------------------------------------------------------------------ more than one machine

STANDS_FOR_CITUS = """
CREATE TABLE placed (name text, kind text);
CREATE FUNCTION refuse_triggers(wanted text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = wanted::regclass AND NOT tgisinternal) THEN
        RAISE EXCEPTION 'table % has triggers', wanted;
    END IF;
END $$;
CREATE FUNCTION create_reference_table(wanted text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse_triggers(wanted);
    INSERT INTO placed VALUES (wanted, 'reference');
    IF EXISTS (SELECT 1 FROM pg_constraint JOIN placed ON confrelid = name::regclass
               WHERE conrelid = wanted::regclass AND kind = 'distributed') THEN
        RAISE EXCEPTION 'reference table % refers to a distributed one', wanted;
    END IF;
END $$;
CREATE FUNCTION create_distributed_table(wanted text, key text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    place smallint := (SELECT attnum FROM pg_attribute
                       WHERE attrelid = wanted::regclass AND attname = key);
    one record;
BEGIN
    PERFORM refuse_triggers(wanted);
    INSERT INTO placed VALUES (wanted, 'distributed');
    IF EXISTS (SELECT 1 FROM pg_index WHERE indrelid = wanted::regclass AND indisunique
               AND place <> ALL (indkey::smallint[])) THEN
        RAISE EXCEPTION 'a unique constraint of % is without %', wanted, key;
    END IF;
    FOR one IN SELECT c.*, p.kind FROM pg_constraint AS c
               LEFT JOIN placed AS p ON p.name::regclass = c.confrelid
               WHERE c.conrelid = wanted::regclass AND c.contype = 'f'
    LOOP
        IF one.kind = 'distributed' AND NOT EXISTS (
            SELECT 1 FROM unnest(one.conkey, one.confkey) AS pair (mine, theirs)
            JOIN pg_attribute AS a ON a.attrelid = one.confrelid AND a.attnum = pair.theirs
            WHERE pair.mine = place AND a.attname = key) THEN
            RAISE EXCEPTION 'foreign key % is without %', one.conname, key;
        ELSIF one.kind IS NULL THEN
            RAISE EXCEPTION 'foreign key % refers to a table of one machine', one.conname;
        END IF;
    END LOOP;
END $$;
"""
"""What Citus's manual says that its two functions refuse, asked of PostgreSQL's catalog."""


@pytest.fixture
def empty_catalog(postgresql_server: Any, templates: Any) -> Iterator[Engine]:
    url = postgresql_server.create(templates.seeded("postgresql"))
    postgresql_server.run("psql", url, "--quiet", "--command", STANDS_FOR_CITUS)
    yield connect_catalog(url)
    postgresql_server.drop(url)


def test_the_schema_passes_what_a_distributed_engine_asks(
    postgresql_server: Any, empty_catalog: Engine, tmp_path: Path
) -> None:
    (statements,) = blocks("More than one machine", "sql")
    url = empty_catalog.url.set(drivername="postgresql").render_as_string(hide_password=False)
    options = ["--quiet", "--set", "ON_ERROR_STOP=1", "--command", statements]
    postgresql_server.run("psql", url, *options)
    kinds = "SELECT string_agg(name, ' ' ORDER BY name) FROM placed WHERE kind = 'distributed'"
    by_run = sorted(
        table.name for table in metadata.tables.values() if "run_id" in table.primary_key.columns
    )
    by_run.remove("runs")
    assert ask(empty_catalog, kinds) == " ".join(by_run)
    ask(empty_catalog, "DROP TABLE placed")
    unenforced = "to_jsonb(pg_constraint) ->> 'conenforced' = 'false'"
    assert ask(empty_catalog, f"SELECT count(*) FROM pg_constraint WHERE {unenforced}") == 0
    pool = write_pool(tmp_path / "pool.csv", nrc_image(1), nrc_image(2, bkgdtarg="t"))
    assert generate(empty_catalog, [pool], Options()).run_id == 1
    assert verify(empty_catalog).findings == []
    assert all("trigger" in finding for finding in check_catalog(empty_catalog))


def test_what_stands_for_the_engine_does_refuse(empty_catalog: Engine) -> None:
    def refusal(statement: str) -> str:
        with pytest.raises(DBAPIError) as caught:
            ask(empty_catalog, statement)
        return str(caught.value.orig).split("\n")[0]

    by_run = "SELECT create_distributed_table('{}', 'run_id')"
    assert refusal(by_run.format("decisions")) == "table decisions has triggers"
    for table in ("traces", "decisions", "imported_associations"):
        for kind in ("guard", "keep", "late", "turn"):
            ask(empty_catalog, f"DROP TRIGGER {kind}_{table} ON {table}")
    ask(empty_catalog, "DROP TRIGGER next_traces ON traces")
    ask(empty_catalog, "DROP TRIGGER refer_decisions ON decisions")
    assert refusal(by_run.format("traces")) == "a unique constraint of traces is without run_id"
    assert "refers to a table of one machine" in refusal(by_run.format("decisions"))
    ask(empty_catalog, "INSERT INTO placed VALUES ('exposures', 'distributed')")
    assert "fk_decisions_pool_id_position is without run_id" in refusal(by_run.format("decisions"))
    ask(empty_catalog, "INSERT INTO placed VALUES ('runs', 'distributed')")
    words = refusal("SELECT create_reference_table('traces')")
    assert words == "reference table traces refers to a distributed one"
