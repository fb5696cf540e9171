"""The pages of the catalog, made by Datasette from the views and their descriptions.

Datasette opens the file read only. Of its plugins only those that come with it are used, and one
of ours, which links rows to what belongs to them.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from datasette.app import Datasette
from datasette.database import Database, QueryInterrupted, Results
from datasette.plugins import DEFAULT_PLUGINS, pm
from sqlalchemy import Engine

from asnrules.browse.pages import NAME, SECONDS, STYLE, Pages
from asnrules.browse.reference import Reference, read_reference, slug
from asnrules.browse.statements import Interrupted, Statements
from asnrules.database.names import reading_uri

TITLE = "asnrules catalog"

SETTINGS = {
    "allow_download": False,
    "default_cache_ttl": 0,
    "suggest_facets": False,
    "sql_time_limit_ms": SECONDS * 1000,
}

FACETS = {
    "v_exposure_modes": ["instrument", "member_type", "asn_type"],
    "v_exposure_modes_history": ["ruleset"],
    "v_ruleset_changes": ["ruleset", "change"],
    "v_rules": ["ruleset", "asn_type"],
}
NEWEST_FIRST = {"v_runs", "v_run_pools"}

# Datasette's own way with errors is a traceback on the terminal.
_PLUGINS = set(DEFAULT_PLUGINS) - {"datasette.handle_exception"}
_FOLDER = Path(__file__).parent


class CatalogFile(Database):  # type: ignore[misc]
    """The catalog's file, which can be read while others write it."""

    def __init__(self, site: Datasette, path: Path) -> None:
        super().__init__(site, path=str(path), is_mutable=True)
        self._statements = Statements(path)

    def connect(self, write: bool = False) -> sqlite3.Connection:
        """Open it, to read it only."""
        if write:
            raise sqlite3.OperationalError("the catalog is read only here")
        # Datasette's own would take a `?` or `#` in the path for the end of it.
        address = reading_uri(Path(self.path))
        connection = sqlite3.connect(address, uri=True, check_same_thread=False)
        connection.execute("PRAGMA query_only = ON")
        self._all_file_connections.append(connection)
        return connection

    async def execute(
        self,
        sql: str,
        params: Any = None,
        truncate: bool = False,
        custom_time_limit: int | None = None,
        page_size: int | None = None,
        log_sql_errors: bool = False,
    ) -> Results:
        """Run a query in another process, as what it takes must have an end."""
        most = self.ds.max_returned_rows
        # With one row more than a page, Datasette knows that another page follows.
        most += most == (page_size or self.ds.page_size)
        milliseconds = min(custom_time_limit or SECONDS * 1000, self.ds.sql_time_limit_ms)
        # Datasette's own kind of mapping cannot be sent.
        values = dict(params) if isinstance(params, Mapping) else list(params or ())
        rows = most if truncate else None
        run = partial(self._statements.run, sql, values, rows, milliseconds / 1000)
        try:
            found = await asyncio.get_running_loop().run_in_executor(self.ds.executor, run)
        except Interrupted as error:
            raise QueryInterrupted(error, sql, params) from error
        cursor = _cursor_of(found.columns)
        made = [sqlite3.Row(cursor, row) for row in found.rows]
        return Results(made, found.truncated, cursor.description)


def _cursor_of(columns: Sequence[str]) -> sqlite3.Cursor:
    """Return a cursor with columns of these names, which rows of Datasette's kind need."""
    names = ["NULL AS " + '"' + name.replace('"', '""') + '"' for name in columns]
    with closing(sqlite3.connect(":memory:")) as connection:
        return connection.execute("SELECT " + (", ".join(names) or "NULL"))


def make_site(engine: Engine) -> Datasette:
    """Make the pages of a catalog in an SQLite file; `app()` of what is given serves them."""
    path = Path(engine.url.database or "")
    reference = read_reference()
    for plugin in pm.get_plugins():
        if getattr(plugin, "__name__", "") not in _PLUGINS:
            pm.unregister(plugin)
    pm.register(Pages(engine, reference), "asnrules")
    site = Datasette(
        settings=SETTINGS,
        metadata={
            "title": TITLE,
            "databases": {NAME: _metadata(path, reference)},
            "extra_css_urls": [STYLE],
        },
        template_dir=str(_FOLDER / "templates"),
        static_mounts=[("-/asnrules", str(_FOLDER / "static"))],
    )
    # Datasette's own database, in memory: its statements would run in this process.
    site.remove_database("_memory")
    site.add_database(CatalogFile(site, path), name=NAME)
    return site


def _metadata(path: Path, reference: Reference) -> dict[str, Any]:
    with closing(sqlite3.connect(reading_uri(path), uri=True)) as connection:
        found = connection.execute("SELECT name, type FROM sqlite_master").fetchall()
        columns = {
            name: [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')]
            for name, kind in found
            if kind == "view"
        }
    tables: dict[str, Any] = {name: {"hidden": True} for name, kind in found if kind == "table"}
    for view, names in columns.items():
        tables[view] = {"columns": reference.column_help(view, names)}
        if view in reference.views:
            tables[view]["description"] = reference.views[view].description
        if view in FACETS:
            tables[view]["facets"] = FACETS[view]
        if view in NEWEST_FIRST:
            tables[view]["sort_desc"] = "run_id"
    queries = {
        slug(one.title): {
            "title": one.title,
            "description": one.description,
            "sql": one.parametrised,
        }
        for one in reference.questions
    }
    return {"title": "All views and questions", "tables": tables, "queries": queries}
