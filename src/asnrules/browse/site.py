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
from urllib.parse import urlencode

from datasette import Response, hookimpl
from datasette.app import Datasette
from datasette.database import Database, QueryInterrupted, Results
from datasette.plugins import DEFAULT_PLUGINS, pm
from markupsafe import Markup

from asnrules.browse.reference import Reference, read_reference, slug
from asnrules.browse.statements import Interrupted, Statements
from asnrules.database.names import reading_uri

NAME = "catalog"
"""The name of the database in the addresses of the pages."""
TITLE = "asnrules catalog"

SECONDS = 30
"""How long a statement may take."""

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

LINKS: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("v_runs", "exposure_count"): ("v_decisions", ("run_id",)),
    ("v_runs", "association_count"): ("v_associations", ("run_id",)),
    ("v_runs", "unassociated_count"): ("v_unassociated", ("run_id",)),
    ("v_rules", "asn_rule"): ("v_rule_conditions", ("ruleset", "asn_rule")),
    ("v_exposures", "filename"): ("v_decisions", ("run_id", "filename")),
    ("v_exposure_candidates", "filename"): ("v_decisions", ("run_id", "filename")),
    ("v_decisions", "filename"): ("v_association_members", ("run_id", "filename")),
    ("v_associations", "asn_name"): ("v_association_members", ("run_id", "asn_name")),
    ("v_associations", "asn_rule"): ("v_rule_conditions", ("ruleset", "asn_rule")),
    ("v_association_members", "filename"): ("v_decisions", ("filename",)),
    ("v_unassociated", "filename"): ("v_decisions", ("filename",)),
    ("v_exposure_modes", "exp_type"): ("v_exposure_modes_history", ("exp_type",)),
    ("v_imported_associations", "asn_name"): ("v_association_members", ("run_id", "asn_name")),
}
"""From a column of a view to the view that its values lead to, and the columns in common."""

COLUMNS = {
    "v_decisions": (
        "run_id", "filename", "exp_type", "member_type", "special", "agrees",
        "association_count", "reason",
    ),
    "v_unassociated": ("run_id", "filename", "exp_type", "member_type", "special", "reason"),
    "v_associations": (
        "run_id", "asn_name", "asn_type", "asn_rule", "asn_id", "product_count", "member_count",
        "keys",
    ),
    "v_association_members": (
        "run_id", "asn_name", "asn_rule", "product", "expname", "exptype", "filename", "exp_type",
    ),
}  # fmt: skip
"""What links show of wide views, so that the reason is not beyond the edge of the screen."""

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


class Pages:
    """What our pages have beyond those of Datasette."""

    __name__ = "asnrules"

    def __init__(self, reference: Reference) -> None:
        self._reference = reference

    @hookimpl
    def render_cell(
        self, row: Any, value: Any, column: str, table: str | None, datasette: Datasette
    ) -> str | None:
        """Link a value to what belongs to it; leave an address that came from a pool a text."""
        if value is None:
            return None
        view, names = LINKS.get((table or "", column), ("", ()))
        if view and all(name in row.keys() for name in names):  # noqa: SIM118
            address = page_of(datasette, view, {name: row[name] for name in names})
            return Markup('<a href="{}">{}</a>').format(address, value)
        if isinstance(value, str) and value.strip().lower().startswith("http"):
            return value[: datasette.setting("truncate_cells_html")]
        return None

    @hookimpl
    def handle_exception(self, datasette: Datasette, request: Any, exception: Exception) -> Any:
        """Say on the page what went wrong, and nothing on the terminal."""
        status = getattr(exception, "status", 500)
        message = getattr(exception, "message", None) or str(exception) or type(exception).__name__
        if getattr(exception, "message_is_html", False):
            # Datasette's own, for queries that take too long, speaks of its settings.
            message = f"the query took longer than {SECONDS} s, and was stopped; ask for less"
        title = getattr(exception, "title", None)
        if request.path.endswith(".json"):
            return Response.json({"ok": False, "error": message, "status": status}, status=status)
        return self._error_page(datasette, error=message, status=status, title=title)

    async def _error_page(self, datasette: Datasette, **values: Any) -> Response:
        template = datasette.jinja_env.get_template("error.html")
        css_hash = datasette.app_css_hash()
        text = await template.render_async(
            **values, urls=datasette.urls, app_css_hash=css_hash, menu_links=list
        )
        return Response.html(text, status=values["status"])

    @hookimpl
    def extra_template_vars(self, template: str, datasette: Datasette) -> Any:
        """Return what the first page shows."""
        if template != "index.html":
            return {}
        return lambda: self._overview(datasette)

    async def _overview(self, datasette: Datasette) -> dict[str, Any]:
        database = datasette.get_database(NAME)
        results = {
            name: [dict(row) for row in (await database.execute(sql)).rows]
            for name, sql in _OVERVIEW.items()
        }
        return {
            **results,
            "questions": [
                (_address(datasette, slug(one.title), list(one.examples.items())), one)
                for one in self._reference.questions
            ],
            "views": self._reference.views.items(),
            "catalog": datasette.urls.database(NAME),
            "page_of": lambda view, **values: page_of(datasette, view, values),
        }


_OVERVIEW = {
    "table": "SELECT ruleset, COUNT(*) AS modes FROM v_exposure_modes GROUP BY ruleset",
    "revisions": "SELECT COUNT(*) AS number FROM v_rulesets "
    "WHERE kind = 'table' AND status = 'published'",
    "changes": "SELECT COUNT(*) AS number FROM v_ruleset_changes",
    "rulesets": "SELECT COUNT(*) AS number FROM v_rulesets",
    "recorded": "SELECT COUNT(*) AS number FROM v_runs",
    "runs": "SELECT run_id, origin, REPLACE(SUBSTR(started_at, 1, 16), 'T', ' ') AS started_at, "
    "operator, ruleset, "
    "exposure_count, association_count, unassociated_count, note, (SELECT GROUP_CONCAT(pool, ', ') "
    "FROM v_run_pools AS p WHERE p.run_id = v_runs.run_id) AS pools "
    "FROM v_runs ORDER BY run_id DESC LIMIT 12",
}


def make_site(path: Path) -> Datasette:
    """Make the pages of a catalog in an SQLite file; `app()` of what is given serves them."""
    reference = read_reference()
    for plugin in pm.get_plugins():
        if getattr(plugin, "__name__", "") not in _PLUGINS:
            pm.unregister(plugin)
    pm.register(Pages(reference), "asnrules")
    site = Datasette(
        settings=SETTINGS,
        metadata={
            "title": TITLE,
            "databases": {NAME: _metadata(path, reference)},
            "extra_css_urls": ["/-/asnrules/browse.css"],
        },
        template_dir=str(_FOLDER / "templates"),
        static_mounts=[("-/asnrules", str(_FOLDER / "static"))],
    )
    # Datasette's own database, in memory: its statements would run in this process.
    site.remove_database("_memory")
    site.add_database(CatalogFile(site, path), name=NAME)
    return site


def page_of(datasette: Datasette, view: str, values: Mapping[str, Any]) -> str:
    """Return the address of the rows of a view that have these values."""
    query = [(f"{name}__exact", value) for name, value in values.items()]
    query += [("_col", name) for name in COLUMNS.get(view, ())]
    return _address(datasette, view, query)


def _address(datasette: Datasette, page: str, query: Sequence[tuple[str, Any]]) -> str:
    address = datasette.urls.table(NAME, page)
    return f"{address}?{urlencode(query)}" if query else str(address)


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
