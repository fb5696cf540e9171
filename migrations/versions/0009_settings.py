"""What the rules of a ruleset have in common, such as the digits of sequence numbers."""

import json
import re

import sqlalchemy as sa
from alembic import op

from asnrules.database.types import Number

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

PUBLISHED = "a published ruleset cannot be changed"
EVENTS = {"insert": ("NEW",), "update": ("OLD", "NEW"), "delete": ("OLD",)}

RULESETS = sa.table("rulesets", sa.column("ruleset_id"), sa.column("source"))
SETTINGS = sa.table(
    "ruleset_settings", sa.column("ruleset_id"), sa.column("setting"), sa.column("value")
)

# How a downgrade keeps what the older schema has no place for.
KEPT = re.compile(r" \[settings: (\{.*\})\]\Z")


def upgrade() -> None:
    op.create_table(
        "ruleset_settings",
        sa.Column("ruleset_id", Number, nullable=False),
        sa.Column("setting", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ruleset_id"], ["rulesets.ruleset_id"], name=op.f("fk_ruleset_settings_ruleset_id")
        ),
        sa.PrimaryKeyConstraint("ruleset_id", "setting", name=op.f("pk_ruleset_settings")),
        sqlite_strict=True,
    )
    sources = {}
    for key, source in op.get_bind().execute(sa.select(*RULESETS.c)).all():
        if kept := KEPT.search(source):
            sources[key] = source[: kept.start()]
            rows = [
                {"ruleset_id": key, "setting": setting, "value": json.dumps(value)}
                for setting, value in json.loads(kept[1]).items()
            ]
            op.bulk_insert(SETTINGS, rows)
    _rewrite(sources)
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def downgrade() -> None:
    settings: dict[int, dict[str, object]] = {}
    for key, setting, value in op.get_bind().execute(sa.select(*SETTINGS.c)).all():
        settings.setdefault(key, {})[setting] = json.loads(value)
    rows = op.get_bind().execute(sa.select(*RULESETS.c)).all()
    _rewrite(
        {
            key: f"{source} [settings: {json.dumps(settings[key])}]"
            for key, source in rows
            if key in settings
        }
    )
    op.drop_table("ruleset_settings")


def _rewrite(sources: dict[int, str]) -> None:
    """Change the sources of rulesets, published ones too."""
    bind = op.get_bind()
    is_sqlite = bind.dialect.name == "sqlite"
    trigger = "SELECT sql FROM sqlite_master WHERE name = 'guard_rulesets_update'"
    guard = bind.exec_driver_sql(trigger).scalar_one() if is_sqlite else ""
    op.execute(
        "DROP TRIGGER guard_rulesets_update"
        if is_sqlite
        else "ALTER TABLE rulesets DISABLE TRIGGER USER"
    )
    for key, source in sources.items():
        op.execute(sa.update(RULESETS).where(RULESETS.c.ruleset_id == key).values(source=source))
    op.execute(guard if is_sqlite else "ALTER TABLE rulesets ENABLE TRIGGER USER")


def _guard_sqlite() -> None:
    for event, rows in EVENTS.items():
        ids = ", ".join(f"{row}.ruleset_id" for row in rows)
        op.execute(
            f"CREATE TRIGGER guard_ruleset_settings_{event} BEFORE {event.upper()} "
            "ON ruleset_settings WHEN EXISTS (SELECT 1 FROM rulesets "
            f"WHERE status = 'published' AND ruleset_id IN ({ids})) "
            f"BEGIN SELECT RAISE(ABORT, '{PUBLISHED}'); END"
        )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE TRIGGER guard_ruleset_settings BEFORE INSERT OR UPDATE OR DELETE "
        "ON ruleset_settings FOR EACH ROW "
        f"EXECUTE FUNCTION asnrules_refuse_published('{PUBLISHED}')"
    )
    op.execute(
        "CREATE TRIGGER keep_ruleset_settings BEFORE TRUNCATE ON ruleset_settings "
        f"FOR EACH STATEMENT EXECUTE FUNCTION asnrules_refuse('{PUBLISHED}')"
    )
