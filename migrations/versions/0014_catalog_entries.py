"""What the catalog has had is on record: each word, and each published ruleset with its files."""

import datetime as dt
import hashlib
import json

import sqlalchemy as sa
from alembic import op

from asnrules.database.types import Day, Number, UtcTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

MESSAGE = "what is on record of the catalog cannot be changed"
VOCABULARY = {
    "instruments": ("instrument",),
    "exp_types": ("exp_type", "instrument"),
    "member_types": ("member_type", "description"),
    "keywords": ("keyword", "description", "assumed"),
    "specials": ("special", "keyword", "position"),
    "asn_types": ("asn_type", "pipeline"),
}
HEADER = (
    "label", "kind", "status", "title", "source", "effective_from", "effective_until", "checksum",
    "published_at",
)  # fmt: skip
TYPES = {"effective_from": Day(), "effective_until": Day(), "published_at": UtcTime()}


def upgrade() -> None:
    op.create_table(
        "catalog_entries",
        sa.Column("number", Number, nullable=False, autoincrement=False),
        sa.Column("entry_table", sa.Text(), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_catalog_entries")),
        sa.UniqueConstraint(
            "entry_table", "entry", name=op.f("uq_catalog_entries_entry_table_entry")
        ),
        sqlite_strict=True,
    )
    connection = op.get_bind()
    entries = [*_words(connection), *_rulesets(connection)]
    if entries:
        names = ("number", "entry_table", "entry", "sha256")
        op.bulk_insert(
            sa.table("catalog_entries", *[sa.column(name) for name in names]),
            [dict(zip(names, (n, *one), strict=True)) for n, one in enumerate(entries, 1)],
        )
    if connection.dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def downgrade() -> None:
    # The triggers go with their table.
    op.drop_table("catalog_entries")


def _words(connection: sa.Connection) -> list[tuple[str, str, str]]:
    found = []
    for name, columns in VOCABULARY.items():
        table = sa.table(name, *[sa.column(column) for column in columns])
        rows = connection.execute(sa.select(*table.c)).all()
        found += [(name, row[0], _digest(list(row))) for row in sorted(rows)]
    return found


def _rulesets(connection: sa.Connection) -> list[tuple[str, str, str]]:
    names = ("ruleset_id", "implements", *HEADER)
    table = sa.table("rulesets", *[sa.column(name, TYPES.get(name)) for name in names])
    rows = connection.execute(sa.select(*table.c)).mappings().all()
    labels = {row["ruleset_id"]: row["label"] for row in rows}
    files = sa.text("SELECT path, text FROM ruleset_files WHERE ruleset_id = :key")
    found = []
    for row in rows:
        if row["status"] != "published":
            continue
        content = {name: _plain(row[name]) for name in HEADER}
        content["implements"] = labels.get(row["implements"])
        kept = connection.execute(files, {"key": row["ruleset_id"]}).all()
        content["files"] = dict(map(tuple, kept))
        found.append(("rulesets", row["label"], _digest(content)))
    return sorted(found)


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value.isoformat() if isinstance(value, dt.date) else value


def _digest(content: object) -> str:
    written = json.dumps(content, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(written.encode("ascii")).hexdigest()


def _guard_sqlite() -> None:
    # SQLite's REPLACE removes the row that is in the way without asking the triggers for DELETE.
    late = (
        "WHEN EXISTS (SELECT 1 FROM catalog_entries WHERE number = NEW.number) "
        "OR EXISTS (SELECT 1 FROM catalog_entries "
        "WHERE entry_table = NEW.entry_table AND entry = NEW.entry)"
    )
    for event, when in (("insert", late), ("update", ""), ("delete", "")):
        op.execute(
            f"CREATE TRIGGER guard_catalog_entries_{event} BEFORE {event.upper()} "
            f"ON catalog_entries {when} BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
        )


def _guard_postgresql() -> None:
    for name, events, scope in (
        ("guard", "UPDATE OR DELETE", "ROW"),
        ("keep", "TRUNCATE", "STATEMENT"),
    ):
        op.execute(
            f"CREATE TRIGGER {name}_catalog_entries BEFORE {events} ON catalog_entries "
            f"FOR EACH {scope} EXECUTE FUNCTION asnrules_refuse('{MESSAGE}')"
        )
    op.execute(
        "GRANT SELECT ON catalog_entries TO asnrules_reader, asnrules_recorder, asnrules_curator"
    )
    op.execute("GRANT INSERT ON catalog_entries TO asnrules_curator")
