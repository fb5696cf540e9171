"""Make the page of a run from its templates.

Every value is escaped where it is put in, as the templates cannot do otherwise; and the page
forbids the browser, by its Content-Security-Policy, to run or load anything but the style and the
script that are part of it.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from asnrules.database.engines import transaction
from asnrules.database.locks import take_snapshot
from asnrules.database.stored import Finding, any_text
from asnrules.report.page_data import page_data, picture_data
from asnrules.report.picture import BAR, LEFT, RIGHT, UNREADABLE, WIDTH
from asnrules.util.atomic_files import whole_file
from asnrules.util.parallel import Progress
from asnrules.util.text import printable

if TYPE_CHECKING:
    from jinja2 import Template

LONGEST = 1_000
"""How many letters of a text are shown."""
ROLES = ("science", "background", "imprint")
"""The roles that have a colour of their own."""

_GEOMETRY = {"width": WIDTH, "left": LEFT, "right": RIGHT, "bar": BAR}
_TEMPLATES = Path(__file__).parent / "templates"


def write_page(
    engine: Engine,
    run_id: int,
    path: Path,
    findings: list[Finding] | None = None,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> int:
    """Write a run as an HTML page, whole or not at all; give its size in bytes.

    For findings see `Reader`: without a list for them, the first is an error. It is a
    NotFoundError if there is no such run, an OutputError if the file cannot be written, or is there
    already and may not be replaced.
    """
    with whole_file(path, overwrite=overwrite) as stream:
        return sum(stream.write(text.encode()) for text in page(engine, run_id, findings, progress))


def page(
    engine: Engine,
    run_id: int,
    findings: list[Finding] | None = None,
    progress: Progress | None = None,
) -> Iterator[str]:
    """Give the page of a run, piece by piece; see `write_page`."""
    with transaction(engine) as connection, any_text(connection):
        take_snapshot(connection)
        data = page_data(connection, run_id, findings, progress)
    from markupsafe import Markup

    style, script = _part("report.css") + _part("picture.css"), _part("report.js")
    # Both are shipped files, not values from a pool.
    return _template("report.html").generate(
        page=data,
        run=data["report"].run,
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        style_hash=_hash(style),
        script_hash=_hash(script),
        picture=data["picture"],
        geometry=_GEOMETRY,
        software=f"asnrules {version('asnrules')}",
    )


def figure(engine: Engine, run_id: int) -> str:
    """Give where the exposures of a run went, as markup for another page, with its style.

    That page has to say which colours `--science`, `--ink` and the like are. It is "" if there is
    nothing to draw, and a NotFoundError if there is no such run.
    """
    with transaction(engine) as connection, any_text(connection):
        take_snapshot(connection)
        run, picture = picture_data(connection, run_id)
    if not picture.bands:
        return ""
    drawn = _template("picture.html").render(run=run, picture=picture, geometry=_GEOMETRY)
    return f"<style>{_part('picture.css')}</style>{drawn}"


@cache
def _template(name: str) -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=readable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        readable=readable, number=number, moment=moment, role=role, by_colour=by_colour
    )
    return environment.get_template(name)


def readable(value: Any, longest: int = LONGEST) -> Any:
    """Cut a text that is too long to read, and write out what cannot be seen, or reorders text.

    None is what cannot be read: the templates themselves say what stands for no value.
    """
    if value is None:
        return UNREADABLE
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    text = value if len(value) <= longest else f"{value[:longest]} ... ({len(value):,} letters)"
    return printable(text, kept="\n\t")


def number(value: int | None) -> str:
    """Write a number with separators."""
    return UNREADABLE if value is None else f"{value:,}"


def moment(value: dt.datetime | None) -> str:
    """Write a moment."""
    return UNREADABLE if value is None else f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"


def role(name: str) -> str:
    """Give the name of the colour of a role."""
    if not name:
        return "none"
    return name if name in ROLES else "other"


def by_colour(roles: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Put the roles of one colour together, those with a colour of their own first."""
    groups: dict[str, list[str]] = {}
    for name in roles:
        groups.setdefault(role(name), []).append(name)
    return sorted(groups.items(), key=lambda group: group[0] not in ROLES)


def _part(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
