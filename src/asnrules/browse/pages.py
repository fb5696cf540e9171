"""What our pages have beyond those of Datasette: links, the search, and the pages of things."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from datasette import NotFound, Response, hookimpl
from datasette.app import Datasette
from markupsafe import Markup
from sqlalchemy import Engine

from asnrules.browse import cells, questions, search, told
from asnrules.browse.cells import cell, link
from asnrules.browse.reference import Question, Reference, slug
from asnrules.browse.things import KINDS, TOLD, address_of, label_of, thing_in
from asnrules.browse.told import Told
from asnrules.errors import NotFoundError
from asnrules.report.rendering import page as report_page
from asnrules.report.rendering import readable

NAME = "catalog"
"""The name of the database in the addresses of the pages."""

STYLE = "/-/asnrules/browse.css"
"""The address of the looks of our pages."""

SECONDS = 30
"""How long a statement may take."""

MOST = 200
"""How many rows of a section are shown."""

LINKS: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("v_runs", "exposure_count"): ("v_decisions", ("run_id",)),
    ("v_runs", "association_count"): ("v_associations", ("run_id",)),
    ("v_runs", "unassociated_count"): ("v_unassociated", ("run_id",)),
    ("v_runs", "not_imported_count"): ("v_not_imported", ("run_id",)),
}
"""From a column of a view to the view that its values lead to, and the columns in common."""

_LEFT_OUT = ("run_id", "filename", "exp_type", "member_type", "special", "reason")
COLUMNS = {
    "v_decisions": (
        "run_id", "filename", "exp_type", "member_type", "special", "agrees",
        "association_count", "reason",
    ),
    "v_unassociated": _LEFT_OUT,
    "v_not_imported": _LEFT_OUT,
    "v_associations": (
        "run_id", "asn_name", "asn_type", "asn_rule", "asn_id", "product_count", "member_count",
        "keys",
    ),
    "v_association_members": (
        "run_id", "asn_name", "asn_rule", "product", "expname", "exptype", "filename", "exp_type",
    ),
}  # fmt: skip
"""What links show of wide views, so that the reason is not beyond the edge of the screen."""


class Pages:
    """What our pages have beyond those of Datasette."""

    __name__ = "asnrules"

    def __init__(self, engine: Engine, reference: Reference) -> None:
        self._engine = engine
        self._reference = reference
        # One of each at a time, as what is told may make associations again.
        self._telling: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._questions = {
            f"/{NAME}/{slug(one.title)}": one for one in reference.questions if one.examples
        }

    @hookimpl
    def register_routes(self) -> list[tuple[str, Callable[..., Any]]]:
        """Give the search and the pages of things their addresses."""
        things = "|".join(KINDS)
        return [
            (r"^/search$", self._search),
            (r"^/report$", self._report),
            (rf"^/(?P<kind>{things})$", self._thing),
            *(
                (rf"^/(?P<kind>{kind})/(?P<part>{section.later})$", self._part)
                for kind, one in KINDS.items()
                for section in one.sections
                if section.later
            ),
        ]

    @hookimpl
    def asgi_wrapper(self, datasette: Datasette) -> Callable[[Any], Any]:
        """Lead a question without values to the same with some that give an answer."""

        def wrapped(app: Any) -> Any:
            async def answered(scope: Any, receive: Any, send: Any) -> None:
                question = self._questions.get(scope.get("path", ""))
                if question is None or scope.get("query_string"):
                    await app(scope, receive, send)
                else:
                    address = await _asked(datasette, question)
                    await Response.redirect(address).asgi_send(send)

            return answered

        return wrapped

    async def _search(self, request: Any, datasette: Datasette) -> Response:
        asked = request.args.get("q") or ""
        found = await search.find(_execute(datasette), asked)
        if len(found.hits) == 1:
            return Response.redirect(found.hits[0].address)
        tried = await search.examples(_execute(datasette))
        values = {"asked": asked, "found": found, "examples": tried}
        page = await datasette.render_template("found.html", values, request=request)
        return Response.html(page, status=200 if found.hits or not asked else 404)

    async def _report(self, request: Any) -> Response:
        """Give the page of a run that `audit report` writes."""
        run_id = request.args.get("run_id") or ""
        if not re.fullmatch("[0-9]{1,15}", run_id):
            raise NotFound("name a run: /report?run_id=1")
        async with self._telling["report"]:
            try:
                text = await asyncio.to_thread(
                    lambda: "".join(report_page(self._engine, int(run_id), []))
                )
            except NotFoundError as error:
                raise NotFound(str(error)) from error
        return Response.html(text)

    async def _thing(self, request: Any, datasette: Datasette) -> Response:
        kind = KINDS[request.url_vars["kind"]]
        execute = _execute(datasette)
        values = {name: request.args.get(name) for name in kind.parameters}
        if kind.within and not values[kind.within]:
            for row in await execute(kind.latest, values):
                values[kind.within] = next(iter(row.values()))
        sections = await self._sections(datasette, request.url_vars["kind"], values)
        return await self._shown(request, datasette, values, sections)

    async def _sections(
        self, datasette: Datasette, name: str, values: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Give the sections of a page that have rows, each value with its link."""
        sections: list[dict[str, Any]] = []
        for section in KINDS[name].sections:
            if section.later and sections:
                page = f"{name}/{section.later}"
                asked = {"asks": section.asks, "page": f"/{page}", "values": values}
                come = asked if section.asks else {"later": address_of(page, values)}
                sections.append({"title": section.title, **come})
            elif section is TOLD and sections:
                found = await self._told(name, values)
                sections += [_told_section(one, values) for one in found]
            elif section.sql and (rows := await _execute(datasette)(section.sql, values)):
                shown = _section(section.title, rows, values, is_facts=section.is_facts)
                if section.view:
                    view, names = section.view
                    shown["all"] = page_of(datasette, view, {one: values[one] for one in names})
                sections.append(shown)
        return sections

    async def _part(self, request: Any, datasette: Datasette) -> Response:
        """Show a section for which the page of a thing does not wait."""
        kind, part = request.url_vars["kind"], request.url_vars["part"]
        values = {name: request.args.get(name) for name in KINDS[kind].parameters}
        asks = next(one.asks for one in KINDS[kind].sections if one.later == part)
        asked = {asks: request.args.get(asks)} if asks else {}
        found = await self._told(f"{kind}/{part}", {**values, **asked})
        sections = [_told_section(one, values) for one in found]
        return await self._shown(request, datasette, values, sections)

    async def _told(self, what: str, values: Mapping[str, Any]) -> list[Told]:
        async with self._telling[what]:
            return await asyncio.to_thread(told.tell, self._engine, what, values)

    async def _shown(
        self,
        request: Any,
        datasette: Datasette,
        values: Mapping[str, Any],
        sections: Sequence[Mapping[str, Any]],
    ) -> Response:
        kind = KINDS[request.url_vars["kind"]]
        name = values[kind.name] if kind.name else ""
        shown = {
            "kind": kind,
            "name": name,
            "where": f"{kind.within.removesuffix('_id')} {values[kind.within]}"
            if kind.within and values[kind.within] is not None
            else "",
            "sections": sections,
            "search": f"/search?{urlencode({'q': name or ''})}",
            "most": MOST,
            "whole": address_of(request.url_vars["kind"], values)
            if "part" in request.url_vars
            else None,
            "report": f"/report?{urlencode(values)}" if kind is KINDS["run"] else None,
        }
        page = await datasette.render_template("thing.html", shown, request=request)
        return Response.html(page, status=200 if sections else 404)

    @hookimpl
    def render_cell(
        self, row: Any, value: Any, column: str, table: str | None, datasette: Datasette
    ) -> str | None:
        """Link a value to what belongs to it; leave an address that came from a pool a text."""
        if value is None:
            return None
        columns = row.keys()
        view, names = LINKS.get((table or "", column), ("", ()))
        if view and all(name in columns for name in names):
            address = page_of(datasette, view, {name: row[name] for name in names})
            return link(address, value)
        page = thing_in(column, row, columns)
        if page is not None:
            return link(page, value)
        is_address = isinstance(value, str) and value.strip().lower().startswith("http")
        if is_address or (isinstance(value, str) and not value.isprintable()):
            return str(readable(value, datasette.setting("truncate_cells_html")))
        return None

    @hookimpl
    def handle_exception(self, datasette: Datasette, request: Any, exception: Exception) -> Any:
        """Say on the page what went wrong, and nothing on the terminal."""
        status = getattr(exception, "status", 500)
        message = getattr(exception, "message", None) or str(exception) or type(exception).__name__
        if getattr(exception, "message_is_html", False):
            # Datasette's own, for queries that take too long, speaks of its settings.
            message = f"the query took longer than {SECONDS} s, and was stopped; ask for less"
        if message == "Database not found":
            # What Datasette takes the first word of an unknown address for.
            message = "there is no such page; the search finds what there is"
        title = getattr(exception, "title", None)
        if request.path.endswith(".json"):
            return Response.json({"ok": False, "error": message, "status": status}, status=status)
        return self._error_page(datasette, error=message, status=status, title=title)

    async def _error_page(self, datasette: Datasette, **values: Any) -> Response:
        template = datasette.jinja_env.get_template("error.html")
        css_hash = datasette.app_css_hash()
        text = await template.render_async(
            **values,
            urls=datasette.urls,
            app_css_hash=css_hash,
            extra_css_urls=[{"url": STYLE}],
            menu_links=list,
        )
        return Response.html(text, status=values["status"])

    @hookimpl
    def extra_template_vars(self, template: str, datasette: Datasette) -> Any:
        """Return what the first page shows, and how questions name what they ask about."""
        if template == "index.html":
            return lambda: self._overview(datasette)
        return {
            "asked_label": questions.label_of, "column_label": label_of, "readable": cells.shown,
        }  # fmt: skip

    async def _overview(self, datasette: Datasette) -> dict[str, Any]:
        database = datasette.get_database(NAME)
        results = {
            name: [dict(row) for row in (await database.execute(sql)).rows]
            for name, sql in _OVERVIEW.items()
        }
        return {
            **results,
            "examples": await search.examples(_execute(datasette)),
            "readable": cells.shown,
            "questions": [
                (_address(datasette, slug(one.title), ()), one) for one in self._reference.questions
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
    "exposure_count, association_count, COALESCE(unassociated_count, not_imported_count) AS "
    "left_out_count, note, (SELECT GROUP_CONCAT(pool, ', ') "
    "FROM v_run_pools AS p WHERE p.run_id = v_runs.run_id) AS pools "
    "FROM v_runs ORDER BY run_id DESC LIMIT 12",
}


def _execute(datasette: Datasette) -> search.Execute:
    async def execute(sql: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        results = await datasette.get_database(NAME).execute(sql, dict(values), truncate=True)
        return [dict(row) for row in results.rows]

    return execute


async def _asked(datasette: Datasette, question: Question) -> str:
    values = await questions.defaults(_execute(datasette), question)
    return _address(datasette, slug(question.title), list(values.items()))


def _told_section(one: Told, values: Mapping[str, Any]) -> dict[str, Any]:
    shown = _section(one.title, one.rows, values, is_facts=one.is_facts)
    # Every value in the picture is escaped already.
    return {**shown, "note": one.note, "picture": Markup(one.picture)}  # noqa: S704


def _section(
    title: str, rows: Sequence[Mapping[str, Any]], values: Mapping[str, Any], *, is_facts: bool
) -> dict[str, Any]:
    columns = [
        column
        for column in dict.fromkeys(column for row in rows for column in row)
        if not column.startswith("_") and any(row[column] not in (None, "") for row in rows)
    ]
    return {
        "title": title,
        "is_facts": is_facts,
        "columns": columns,
        "rows": [
            [(column, cell(column, row, values)) for column in columns] for row in rows[:MOST]
        ],
        "is_cut": len(rows) > MOST,
    }


def page_of(datasette: Datasette, view: str, values: Mapping[str, Any]) -> str:
    """Return the address of the rows of a view that have these values."""
    query = [(f"{name}__exact", value) for name, value in values.items()]
    query += [("_col", name) for name in COLUMNS.get(view, ())]
    return _address(datasette, view, query)


def _address(datasette: Datasette, page: str, query: Sequence[tuple[str, Any]]) -> str:
    address = datasette.urls.table(NAME, page)
    return f"{address}?{urlencode(query)}" if query else str(address)
