"""The tables of the record: pools and runs, with all that was decided and made."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer

from asnrules.database.schema.columns import (
    check,
    integer,
    json,
    number,
    optional,
    primary,
    refer,
    refer_row,
    table,
    text,
    time,
    unique,
)
from asnrules.database.types import Flag, Number

# Short rows by the million: on SQLite they are kept in the order of their key.
_SHORT = {"sqlite_with_rowid": False}


def _run_id() -> Column[int]:
    # The run itself comes last, when all that it owns is there: nothing joins it afterwards.
    return number("run_id", ForeignKey("runs.run_id", deferrable=True, initially="DEFERRED"))


pools = table(
    "pools",
    Column("pool_id", Number, primary_key=True, autoincrement=False),
    text("sha256"),
    json("keywords", list, str),
    json("column_names", list, str),
    integer("exposure_count"),
    _run_id(),
    unique("sha256", "keywords"),
    Index(None, "run_id"),
)

exposures = table(
    "exposures",
    refer("pools.pool_id"),
    integer("position"),
    text("filename"),
    optional("program", "exp_type", "asn_candidate"),
    json("keyword_values", dict, str),
    primary("pool_id", "position"),
    Index(None, "filename"),
    Index(None, "program"),
)

runs = table(
    "runs",
    # The next number under the writer's lock, so that a gap is a run that was taken away.
    Column("run_id", Number, primary_key=True, autoincrement=False),
    text("origin"),
    time("started_at", "finished_at"),
    text("operator", "host", "software_version"),
    refer("rulesets.ruleset_id"),
    json("options", dict),
    optional("note"),
    integer("exposure_count", "association_count", "unassociated_count"),
    json("diagnostics", list, str),
    json("section_digests", dict, list),
    text("previous_digest", "digest"),
    # No two runs follow the same one: the chain has no branches.
    unique("previous_digest"),
    unique("digest"),
    check("origin", "origin IN ('generated', 'imported')"),
)

run_pools = table(
    "run_pools",
    _run_id(),
    integer("position"),
    refer("pools.pool_id"),
    text("name"),
    primary("run_id", "position"),
    Index(None, "pool_id"),
)

traces = table(
    "traces",
    Column("trace_id", Number, primary_key=True, autoincrement=False),
    refer("rulesets.ruleset_id"),
    json("signature", dict),
    optional("member_type", "special"),
    Column("table_position", Integer),
    Column("agrees", Flag),
    text("reason"),
    json("trace", list, dict),
    _run_id(),
    unique("ruleset_id", "signature"),
    Index(None, "run_id"),
)

decisions = table(
    "decisions",
    _run_id(),
    number("pool_id"),
    integer("position"),
    refer("traces.trace_id"),
    integer("association_count"),
    optional("reason"),
    primary("run_id", "pool_id", "position"),
    refer_row(["pool_id", "position"], "exposures", ["pool_id", "position"]),
    check("reason", "association_count = 0 OR reason IS NULL"),
    **_SHORT,
)

associations = table(
    "associations",
    _run_id(),
    integer("position"),
    text("asn_name"),
    # A file that was written by hand may lack it.
    refer("asn_types.asn_type", optional=True),
    text("asn_rule", "asn_id", "candidate_type", "program", "target", "degraded_status", "keys"),
    primary("run_id", "position"),
    unique("run_id", "asn_name"),
    **_SHORT,
)

association_members = table(
    "association_members",
    number("run_id"),
    integer("association", "position"),
    text("product", "expname", "exptype"),
    optional("exposerr"),
    Column("pool_id", Number),
    Column("exposure", Integer),
    primary("run_id", "association", "position"),
    refer_row(["run_id", "association"], "associations", ["run_id", "position"]),
    refer_row(["pool_id", "exposure"], "exposures", ["pool_id", "position"]),
    check("exposure", "(pool_id IS NULL) = (exposure IS NULL)"),
    Index(None, "run_id", "pool_id", "exposure"),
    **_SHORT,
)
Index(None, association_members.c.expname, sqlite_where=association_members.c.exposure.is_(None))

imported_associations = table(
    "imported_associations",
    number("run_id"),
    integer("position"),
    text("file_name", "sha256", "asn_rule"),
    optional("code_version", "version_id", "asn_pool"),
    text("verdict", "explanation"),
    primary("run_id", "position"),
    refer_row(["run_id", "position"], "associations", ["run_id", "position"]),
    check("verdict", "verdict IN ('explained', 'differs', 'contradicts', 'unexplained')"),
)
