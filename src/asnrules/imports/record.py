"""Put an imported run into the tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from asnrules.associations.reader import ForeignAssociation
from asnrules.database.schema import associations, imported_associations
from asnrules.imports.verdicts import Judged
from asnrules.record.write import IMPORTED, Run, add_decisions, run_values, writing_run


class Imported(NamedTuple):
    """An association to be recorded; its members know the exposures that they stand for."""

    association: ForeignAssociation
    candidate_type: str
    judged: Judged


def record_import(connection: Connection, run: Run, imported: Sequence[Imported]) -> int:
    """Record an imported run in a writing transaction, which the caller commits; give its id."""
    with writing_run(connection) as writer:
        pool_ids = writer.add_pools(run.pools)
        add_decisions(writer, run, pool_ids)
        writer.add(associations, _association_rows(writer.run_id, imported))
        products = [one.association.products for one in imported]
        writer.add_members(products, run.exposures, pool_ids)
        writer.add(imported_associations, _imported_rows(writer.run_id, imported))
        writer.seal(run_values(run, IMPORTED, len(imported)))
    return writer.run_id


def _association_rows(run_id: int, imported: Sequence[Imported]) -> Iterable[tuple[Any, ...]]:
    for position, (one, candidate_type, _) in enumerate(imported, 1):
        yield (
            run_id, position, one.asn_name, one.asn_type, one.asn_rule, one.asn_id,
            candidate_type, one.program, one.target, one.degraded_status, one.told.keys,
        )  # fmt: skip


def _imported_rows(run_id: int, imported: Sequence[Imported]) -> Iterable[tuple[Any, ...]]:
    for position, (one, _, judged) in enumerate(imported, 1):
        yield (
            run_id, position, one.file_name, one.sha256, one.raw_rule, one.code_version,
            one.version_id, one.asn_pool, judged.verdict.value, judged.explanation,
        )  # fmt: skip
