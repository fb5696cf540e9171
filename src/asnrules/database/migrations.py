"""Upgrade a database to the schema of this program, and find its revision.

alembic is imported only where a migration runs: a look-up must not wait for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, inspect, text

from asnrules.util.environment import shipped

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0004"
"""The revision that this program works with; a test holds it against the migrations."""

UNNAMED = ""
"""The revision of a database that has tables, but does not name its schema."""


def current_revision(connection: Connection) -> str | None:
    """Return the revision that a database names, `UNNAMED` if it names none; None if it is empty.

    Where there should be one and are several, all are returned, with commas.
    """
    inspector = inspect(connection)
    if inspector.has_table("alembic_version"):
        statement = text("SELECT version_num FROM alembic_version ORDER BY version_num")
        if found := connection.execute(statement).scalars().all():
            return ", ".join(str(one) for one in found)
    tables = set(inspector.get_table_names()) - {"alembic_version"}
    if connection.dialect.name == "postgresql":
        from asnrules.database.schema.all_tables import metadata

        # A server's database may be shared; a file is one program's.
        tables &= set(metadata.tables)
    return UNNAMED if tables else None


def is_newer(revision: str) -> bool:
    """Whether only a newer program can have made a revision."""
    return re.fullmatch(r"[0-9]{4}", revision) is not None and revision > HEAD


def is_known(revision: str) -> bool:
    """Whether this program has a migration to a revision."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(shipped("migrations")))
    return revision in {script.revision for script in scripts.walk_revisions()}


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Upgrade the schema, all of it in the writing transaction that the caller has begun."""
    from alembic import command

    command.upgrade(_config(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Take the schema back to a revision, or `base`; see `upgrade`."""
    from alembic import command

    command.downgrade(_config(connection), revision)


def schema_differences(connection: Connection) -> list[str]:
    """Compare the schema of a database with the one of this program: a line a difference."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from asnrules.database.schema.all_tables import metadata

    opts = {"compare_type": True, "include_object": _is_declared}
    context = MigrationContext.configure(connection, opts=opts)
    return [str(difference) for difference in compare_metadata(context, metadata)]


def _is_declared(item: Any, _name: str, kind: str, reflected: bool, _other: Any) -> bool:
    """Leave out what PostgreSQL adds for itself: a foreign key to each partition of a table."""
    if kind != "foreign_key_constraint" or not reflected:
        return True
    return item.referred_table.schema is None


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
