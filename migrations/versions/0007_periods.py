"""Rulesets may end on a day of their own, drafts need no date, periods of a kind never overlap."""

import datetime as dt
import re
from typing import Any

import sqlalchemy as sa
from alembic import op

from asnrules.database.types import Day, Number, UtcTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KINDS = ("published", "executable")
PERIOD = (
    "effective_until IS NULL OR (effective_from IS NOT NULL AND effective_until > effective_from)"
)
DATED = "status = 'draft' OR effective_from IS NOT NULL"
COLUMNS = (
    "ruleset_id", "label", "kind", "status", "title", "source", "effective_from", "implements",
    "checksum", "published_at",
)  # fmt: skip

CHANGED = "a published ruleset cannot be changed"
OVERLAP = "another ruleset of its kind is in force at that time"

# Without an end of its own a ruleset is in force until the next of its kind starts, so that only
# its first day can be in the way of another.
OVERLAPS = (
    "o.status = 'published' AND o.kind = NEW.kind AND (o.effective_from = NEW.effective_from "
    "OR (o.effective_from < NEW.effective_from AND NEW.effective_from < o.effective_until) "
    "OR (NEW.effective_from < o.effective_from AND o.effective_from < NEW.effective_until))"
)

RULESETS = """
CREATE {replace}VIEW v_rulesets AS
SELECT r.label AS ruleset, r.kind, r.status, r.title, r.source, r.effective_from,
       {until} AS effective_until,
       i.label AS implements, r.checksum, r.published_at, r.ruleset_id
FROM rulesets AS r LEFT JOIN rulesets AS i ON i.ruleset_id = r.implements
"""
NEXT = """CASE WHEN r.status = 'published' THEN
           LEAD(r.effective_from) OVER (
               PARTITION BY r.kind, r.status ORDER BY r.effective_from)
       END"""
UNTIL = f"COALESCE(r.effective_until, {NEXT})"

# How a downgrade keeps what the older schema has no place for.
KEPT = re.compile(r" \[in force: (\d{4}-\d\d-\d\d)?\.\.(\d{4}-\d\d-\d\d)?\]\Z")


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        rows = _rows(*COLUMNS)
        op.execute("DROP VIEW v_rulesets")
        _replace_table(_new_columns(), [_with_period(row) for row in rows])
        _guard(("ruleset_id",), ("label",))
        _guard_periods()
        op.execute(RULESETS.format(replace="", until=UNTIL))
        return
    op.drop_constraint("uq_rulesets_kind_effective_from", "rulesets")
    op.alter_column("rulesets", "effective_from", nullable=True)
    op.add_column("rulesets", sa.Column("effective_until", Day()))
    _rewrite([_with_period(row) for row in _rows(*COLUMNS)])
    op.create_check_constraint(op.f("ck_rulesets_period"), "rulesets", PERIOD)
    op.create_check_constraint(op.f("ck_rulesets_dated"), "rulesets", DATED)
    # One for each kind, as a constraint over the kind as well would need an extension.
    for kind in KINDS:
        op.execute(
            f"ALTER TABLE rulesets ADD CONSTRAINT ex_rulesets_{kind} EXCLUDE USING gist ("
            "daterange(effective_from, COALESCE(effective_until, effective_from + 1)) WITH &&) "
            f"WHERE (status = 'published' AND kind = '{kind}')"
        )
    op.execute(RULESETS.format(replace="OR REPLACE ", until=UNTIL))


def downgrade() -> None:
    rows = [_without_period(row) for row in _rows(*COLUMNS, "effective_until")]
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP VIEW v_rulesets")
        _replace_table(_old_columns(), rows)
        _guard(("ruleset_id",), ("label",), ("kind", "effective_from"))
        op.execute(RULESETS.format(replace="", until=NEXT))
        return
    op.execute(RULESETS.format(replace="OR REPLACE ", until=NEXT))
    for kind in KINDS:
        op.drop_constraint(f"ex_rulesets_{kind}", "rulesets")
    op.drop_constraint("ck_rulesets_dated", "rulesets")
    op.drop_constraint("ck_rulesets_period", "rulesets")
    _rewrite(rows)
    op.drop_column("rulesets", "effective_until")
    op.alter_column("rulesets", "effective_from", nullable=False)
    op.create_unique_constraint(
        op.f("uq_rulesets_kind_effective_from"), "rulesets", ["kind", "effective_from"]
    )


# ------------------------------------------------------------------------- data

Row = dict[str, Any]


def _table(*columns: str) -> sa.TableClause:
    days = {"effective_from", "effective_until"}
    return sa.table(
        "rulesets",
        *[
            sa.column(
                name, Day() if name in days else UtcTime() if name == "published_at" else None
            )
            for name in columns
        ],
    )


def _rows(*columns: str) -> list[Row]:
    rows = op.get_bind().execute(sa.select(*_table(*columns).c)).mappings()
    return [dict(row) for row in rows]


def _without_period(row: Row) -> Row:
    start, end = row["effective_from"], row["effective_until"]
    if row["status"] == "draft" or end is not None:
        row["source"] += f" [in force: {start or ''}..{end or ''}]"
    if row["status"] == "draft":
        # The older schema wants a date for each, and no date twice.
        row["effective_from"] = dt.date.max - dt.timedelta(days=row["ruleset_id"])
    del row["effective_until"]
    return row


def _with_period(row: Row) -> Row:
    row["effective_until"] = None
    if kept := KEPT.search(row["source"]):
        row["source"] = row["source"][: kept.start()]
        for name, day in zip(("effective_from", "effective_until"), kept.groups(), strict=True):
            row[name] = dt.date.fromisoformat(day) if day else None
    return row


def _rewrite(rows: list[Row]) -> None:
    op.execute("ALTER TABLE rulesets DISABLE TRIGGER USER")
    for row in rows:
        table = _table(*row)
        period = [name for name in row if name.startswith("effective")]
        op.execute(
            sa.update(table)
            .where(table.c.ruleset_id == row["ruleset_id"])
            .values({name: row[name] for name in ("source", *period)})
        )
    op.execute("ALTER TABLE rulesets ENABLE TRIGGER USER")


# ------------------------------------------------------------------------- SQLite


def _old_columns() -> list[sa.schema.SchemaItem]:
    return [
        *_columns(sa.Column("effective_from", Day(), nullable=False)),
        sa.UniqueConstraint("kind", "effective_from", name=op.f("uq_rulesets_kind_effective_from")),
        sa.UniqueConstraint("label", name=op.f("uq_rulesets_label")),
    ]


def _new_columns() -> list[sa.schema.SchemaItem]:
    return [
        *_columns(
            sa.Column("effective_from", Day(), nullable=True),
            sa.Column("effective_until", Day(), nullable=True),
        ),
        sa.CheckConstraint(PERIOD, name=op.f("ck_rulesets_period")),
        sa.CheckConstraint(DATED, name=op.f("ck_rulesets_dated")),
        sa.UniqueConstraint("label", name=op.f("uq_rulesets_label")),
    ]


def _columns(*period: sa.Column[dt.date]) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("ruleset_id", Number, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        *period,
        sa.Column("implements", Number, nullable=True),
        sa.Column("checksum", sa.Text(), nullable=False),
        sa.Column("published_at", UtcTime(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'executable') = (implements IS NOT NULL)", name=op.f("ck_rulesets_implements")
        ),
        sa.CheckConstraint(
            "(status = 'published') = (published_at IS NOT NULL)",
            name=op.f("ck_rulesets_published_at"),
        ),
        sa.CheckConstraint("kind IN ('published', 'executable')", name=op.f("ck_rulesets_kind")),
        sa.CheckConstraint("status IN ('draft', 'published')", name=op.f("ck_rulesets_status")),
        sa.ForeignKeyConstraint(
            ["implements"], ["rulesets.ruleset_id"], name=op.f("fk_rulesets_implements")
        ),
        sa.PrimaryKeyConstraint("ruleset_id", name=op.f("pk_rulesets")),
    ]


def _replace_table(columns: list[sa.schema.SchemaItem], rows: list[Row]) -> None:
    # SQLite cannot drop a constraint. What refers to the table is checked at the end.
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.drop_table("rulesets")
    op.create_table("rulesets", *columns, sqlite_strict=True)
    if rows:
        op.bulk_insert(_table(*rows[0]), rows)


def _guard(*keys: tuple[str, ...]) -> None:
    for event in ("update", "delete"):
        _trigger(event, event, "OLD.status = 'published'", CHANGED)
    _trigger("insert", "replace", _in_the_way(keys), CHANGED)
    others = "status = 'published' AND ruleset_id <> OLD.ruleset_id AND "
    _trigger("update", "move", _in_the_way(keys, others), CHANGED)


def _in_the_way(keys: tuple[tuple[str, ...], ...], others: str = "") -> str:
    return " OR ".join(
        f"EXISTS (SELECT 1 FROM rulesets WHERE {others}"
        + " AND ".join(f"{column} = NEW.{column}" for column in key)
        + ")"
        for key in keys
    )


def _guard_periods() -> None:
    for event, others in (("insert", ""), ("update", "o.ruleset_id <> OLD.ruleset_id AND ")):
        _trigger(
            event,
            f"period_{event}",
            "NEW.status = 'published' "
            f"AND EXISTS (SELECT 1 FROM rulesets AS o WHERE {others}{OVERLAPS})",
            OVERLAP,
        )


def _trigger(event: str, name: str, when: str, message: str) -> None:
    op.execute(
        f"CREATE TRIGGER guard_rulesets_{name} BEFORE {event.upper()} ON rulesets "
        f"WHEN {when} BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )
