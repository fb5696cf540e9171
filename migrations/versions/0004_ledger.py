"""Every row of the record belongs to a run, and runs are chained by digests.

The tables of the record are made anew: SQLite cannot change a constraint, and one way for both
databases is one way to test. Runs that are there are chained in the order of their numbers, which
proves of them only that nothing has changed since this upgrade.
"""

import datetime as dt
import hashlib
import json

import sqlalchemy as sa
from alembic import context, op

from asnrules.database.types import Flag, Number, UtcTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

GENESIS = "0" * 64
BATCH = 10_000

# Those referred to before those that refer, with the order of their rows.
RECORD = {
    "runs": ("run_id",),
    "pools": ("pool_id",),
    "exposures": ("pool_id", "position"),
    "traces": ("trace_id",),
    "run_pools": ("run_id", "position"),
    "decisions": ("run_id", "pool_id", "position"),
    "associations": ("run_id", "position"),
    "association_members": ("run_id", "association", "position"),
}
VIEWS = ("v_association_members", "v_associations", "v_unassociated", "v_decisions")
NEW_INDEXES = {
    "ix_pools_run_id": ("pools", ["run_id"]),
    "ix_run_pools_pool_id": ("run_pools", ["pool_id"]),
    "ix_traces_run_id": ("traces", ["run_id"]),
}


def upgrade() -> None:
    for view in VIEWS:
        op.execute(f"DROP VIEW {view}")
    _set_aside()
    _make(ledger=True)
    connection = op.get_bind()
    first = {
        "pools": "SELECT min(run_id) FROM run_pools AS p WHERE p.pool_id = o.pool_id",
        "traces": "SELECT min(run_id) FROM decisions AS d WHERE d.trace_id = o.trace_id",
    }
    for table in RECORD:
        if table == "runs":
            continue
        names = _columns(table)
        if table in first:
            old = first[table].replace("FROM ", "FROM old_")
            op.execute(
                f"INSERT INTO {table} ({names}, run_id) "
                f"SELECT {names}, ({old}) FROM old_{table} AS o"
            )
        else:
            op.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM old_{table}")
    _chain(connection)
    _drop_old()


def downgrade() -> None:
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM imported_associations")):
        raise ValueError("there are imported runs, which revision 0003 cannot hold")
    op.drop_table("imported_associations")
    _set_aside()
    _make(ledger=False)
    for table in RECORD:
        names = _columns(table)
        op.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM old_{table}")
    _drop_old()
    if op.get_bind().dialect.name == "postgresql":
        for table, key in (("pools", "pool_id"), ("runs", "run_id"), ("traces", "trace_id")):
            op.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', '{key}'), "
                f"(SELECT coalesce(max({key}), 0) + 1 FROM {table}), false)"
            )
    _restore_guards()
    _restore_views()


def _columns(table: str) -> str:
    """Name the columns that a table has at revision 0003, in their order."""
    return ", ".join(COLUMNS[table])


def _set_aside() -> None:
    for table in RECORD:
        op.execute(f"CREATE TEMPORARY TABLE old_{table} AS SELECT * FROM {table}")
    for table in reversed(RECORD):
        op.drop_table(table)


def _drop_old() -> None:
    for table in RECORD:
        op.execute(f"DROP TABLE old_{table}")


def _chain(connection: sa.Connection) -> None:
    """Put the runs back with their digests."""
    names = COLUMNS["runs"]
    typed = {"started_at": UtcTime(), "finished_at": UtcTime(), "run_id": Number}
    old = sa.table("old_runs", *[sa.column(name, typed.get(name)) for name in names])
    runs = sa.table(
        "runs",
        *[sa.column(name, typed.get(name)) for name in names],
        *[sa.column(n) for n in ("origin", "section_digests", "previous_digest", "digest")],
    )
    rulesets = {
        row.ruleset_id: (row.label, row.checksum)
        for row in connection.execute(sa.text("SELECT ruleset_id, label, checksum FROM rulesets"))
    }
    previous = GENESIS
    for row in connection.execute(sa.select(old).order_by(old.c.run_id)).mappings().all():
        header = {name: _plain(value) for name, value in row.items()} | {"origin": "generated"}
        label, checksum = rulesets[row["ruleset_id"]]
        header |= {"ruleset": label, "ruleset_checksum": checksum}
        sections = {name: _section(connection, name, row["run_id"]) for name in SECTIONS}
        sections["imported_associations"] = [0, hashlib.sha256(b"[]").hexdigest()]
        content = {"run": header, "sections": sections, "previous": previous}
        digest = hashlib.sha256(_canonical(content)).hexdigest()
        connection.execute(
            sa.insert(runs).values(
                **row, origin="generated", section_digests=_canonical(sections).decode(),
                previous_digest=previous, digest=digest,
            )
        )  # fmt: skip
        previous = digest


def _section(connection: sa.Connection, table: str, run_id: int) -> list[int | str]:
    owned = "run_id = :run_id"
    if table == "exposures":
        owned = "pool_id IN (SELECT pool_id FROM pools WHERE run_id = :run_id)"
    names = [*COLUMNS[table], *(["run_id"] if table in ("pools", "traces") else [])]
    found = connection.execute(
        sa.text(
            f"SELECT {', '.join(names)} FROM {table} WHERE {owned} ORDER BY "
            + ", ".join(RECORD[table])
        ),
        {"run_id": run_id},
    )
    count, digest = 0, hashlib.sha256(b"[")
    agrees = names.index("agrees") if "agrees" in names else None
    while batch := [list(row) for row in found.fetchmany(BATCH)]:
        for row in batch:
            if agrees is not None and row[agrees] in (0, 1):
                row[agrees] = bool(row[agrees])
        digest.update((b"," if count else b"") + _canonical(batch)[1:-1])
        count += len(batch)
    digest.update(b"]")
    return [count, digest.hexdigest()]


def _canonical(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode("ascii")


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value


COLUMNS = {
    "pools": ("pool_id", "sha256", "keywords", "column_names", "exposures"),
    "exposures": (
        "pool_id", "position", "filename", "program", "exp_type", "asn_candidate",
        "keyword_values",
    ),
    "runs": (
        "run_id", "started_at", "finished_at", "operator", "host", "software_version",
        "ruleset_id", "options", "note", "exposures", "associations", "unassociated",
        "diagnostics",
    ),
    "traces": (
        "trace_id", "ruleset_id", "signature", "member_type", "special", "published_position",
        "agrees", "reason", "trace",
    ),
    "run_pools": ("run_id", "position", "pool_id", "name"),
    "decisions": ("run_id", "pool_id", "position", "trace_id", "associations", "reason"),
    "associations": (
        "run_id", "position", "asn_name", "asn_type", "asn_rule", "asn_id", "candidate_type",
        "program", "target", "degraded_status", "keys",
    ),
    "association_members": (
        "run_id", "association", "position", "product", "expname", "exptype", "exposerr",
        "pool_id", "exposure",
    ),
}  # fmt: skip
SECTIONS = tuple(name for name in RECORD if name != "runs")

TYPES = {
    "started_at": UtcTime(), "finished_at": UtcTime(), "agrees": Flag,
    **dict.fromkeys(("pool_id", "run_id", "trace_id", "ruleset_id"), Number),
    **dict.fromkeys(
        ("position", "published_position", "exposures", "associations", "unassociated",
         "association", "exposure"),
        sa.Integer(),
    ),
}  # fmt: skip
NULLABLE = {
    "exposures": {"program", "exp_type", "asn_candidate"},
    "runs": {"note"},
    "traces": {"member_type", "special", "published_position", "agrees"},
    "decisions": {"reason"},
    "association_members": {"exposerr", "pool_id", "exposure"},
}


def _make(*, ledger: bool) -> None:
    tables = _tables(ledger=ledger)
    for table in RECORD:
        constraints, without_rowid = tables[table]
        names = list(COLUMNS[table])
        if ledger and table == "runs":
            names.insert(1, "origin")
            names += ["section_digests", "previous_digest", "digest"]
        if ledger and table in ("pools", "traces"):
            names.append("run_id")
        # PostgreSQL would number what has one key; the ledger does that itself.
        numbered = {} if not ledger else {"autoincrement": False}
        op.create_table(
            table,
            *[
                sa.Column(
                    name,
                    TYPES.get(name, sa.Text()),
                    nullable=name in NULLABLE.get(table, set()),
                    **(numbered if (name,) == RECORD[table] else {}),
                )
                for name in names
            ],
            *constraints,
            sa.PrimaryKeyConstraint(*RECORD[table], name=op.f(f"pk_{table}")),
            sqlite_strict=True,
            **({"sqlite_with_rowid": False} if without_rowid else {}),
        )
    op.create_index(op.f("ix_exposures_filename"), "exposures", ["filename"])
    op.create_index(op.f("ix_exposures_program"), "exposures", ["program"])
    op.create_index(
        op.f("ix_association_members_run_id_pool_id_exposure"),
        "association_members",
        ["run_id", "pool_id", "exposure"],
    )
    if ledger:
        for name, (table, columns) in NEW_INDEXES.items():
            op.create_index(op.f(name), table, columns)
        _make_imported()


def _make_imported() -> None:
    foreign = sa.text("exposure IS NULL")
    op.create_index(
        op.f("ix_association_members_expname"), "association_members", ["expname"],
        sqlite_where=foreign, postgresql_where=foreign,
    )  # fmt: skip
    optional = ("code_version", "version_id", "asn_pool")
    op.create_table(
        "imported_associations",
        sa.Column("run_id", Number, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        *[sa.Column(n, sa.Text(), nullable=False) for n in ("file_name", "sha256", "asn_rule")],
        *[sa.Column(n, sa.Text(), nullable=True) for n in optional],
        *[sa.Column(n, sa.Text(), nullable=False) for n in ("verdict", "explanation")],
        sa.CheckConstraint(
            "verdict IN ('explained', 'differs', 'contradicts', 'unexplained')",
            name=op.f("ck_imported_associations_verdict"),
        ),
        _key("imported_associations", ("run_id", "position"), "associations"),
        sa.PrimaryKeyConstraint("run_id", "position", name=op.f("pk_imported_associations")),
        sqlite_strict=True,
    )


def _key(
    table: str, columns: tuple[str, ...], other: str, others: tuple[str, ...] = (), *, late=False
) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        columns,
        [f"{other}.{name}" for name in others or columns],
        name=op.f(f"fk_{table}_{'_'.join(columns)}"),
        **({"deferrable": True, "initially": "DEFERRED"} if late else {}),
    )


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def _tables(*, ledger: bool) -> dict[str, tuple[list[sa.Constraint], bool]]:
    """Give the constraints of each table, and whether it is kept in the order of its key."""

    def run(table: str) -> sa.ForeignKeyConstraint:
        return _key(table, ("run_id",), "runs", late=ledger)

    row = ("pool_id", "position")
    return {
        "pools": (
            [_unique("pools", "sha256", "keywords"), *([run("pools")] if ledger else [])], False,
        ),
        "exposures": ([_key("exposures", ("pool_id",), "pools")], False),
        "runs": (
            [
                _key("runs", ("ruleset_id",), "rulesets"),
                *(
                    [
                        _unique("runs", "previous_digest"),
                        _unique("runs", "digest"),
                        sa.CheckConstraint(
                            "origin IN ('generated', 'imported')", name=op.f("ck_runs_origin")
                        ),
                    ]
                    if ledger
                    else []
                ),
            ],
            False,
        ),
        "traces": (
            [
                _key("traces", ("ruleset_id",), "rulesets"),
                _unique("traces", "ruleset_id", "signature"),
                *([run("traces")] if ledger else []),
            ],
            False,
        ),
        "run_pools": ([_key("run_pools", ("pool_id",), "pools"), run("run_pools")], False),
        "decisions": (
            [
                sa.CheckConstraint(
                    "associations = 0 OR reason IS NULL", name=op.f("ck_decisions_reason")
                ),
                _key("decisions", row, "exposures"),
                run("decisions"),
                _key("decisions", ("trace_id",), "traces"),
            ],
            True,
        ),
        "associations": (
            [
                _key("associations", ("asn_type",), "asn_types"),
                run("associations"),
                _unique("associations", "run_id", "asn_name"),
            ],
            True,
        ),
        "association_members": (
            [
                sa.CheckConstraint(
                    "(pool_id IS NULL) = (exposure IS NULL)",
                    name=op.f("ck_association_members_exposure"),
                ),
                _key("association_members", ("pool_id", "exposure"), "exposures", row),
                _key(
                    "association_members", ("run_id", "association"), "associations",
                    ("run_id", "position"),
                ),
            ],
            True,
        ),
    }  # fmt: skip


def _restore_views() -> None:
    views = context.script.get_revision("0002").module
    words = views.WORDS[op.get_bind().dialect.name]
    for view in (views.DECISIONS, views.UNASSOCIATED, views.ASSOCIATIONS):
        op.execute(view.format(**words))
    op.execute(views.MEMBERS)


def _restore_guards() -> None:
    guards = context.script.get_revision("0003").module
    if op.get_bind().dialect.name == "sqlite":
        for table in guards.RECORD:
            for event, name, when in (
                ("UPDATE", "update", ""),
                ("DELETE", "delete", ""),
                ("INSERT", "replace", f"WHEN {guards._in_the_way(table, guards.UNIQUE[table])}"),
            ):
                op.execute(
                    f"CREATE TRIGGER guard_{table}_{name} BEFORE {event} ON {table} {when} "
                    f"BEGIN SELECT RAISE(ABORT, '{guards.RECORDED}'); END"
                )
        return
    for table in guards.RECORD:
        for name, event, each in (
            ("guard", "UPDATE OR DELETE", "ROW"), ("keep", "TRUNCATE", "STATEMENT"),
        ):  # fmt: skip
            op.execute(
                f"CREATE TRIGGER {name}_{table} BEFORE {event} ON {table} "
                f"FOR EACH {each} EXECUTE FUNCTION asnrules_refuse('{guards.RECORDED}')"
            )
