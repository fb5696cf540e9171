"""Put a run on record: pools, exposures, decisions with reasons, associations, members."""

from __future__ import annotations

import datetime as dt
import json
import platform
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from itertools import islice, zip_longest
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, insert, select

from asnrules.associations.journal import RunMark
from asnrules.associations.model import RECORDED, Association, Member, Product
from asnrules.catalog.classification import Classification
from asnrules.database.bulk import Inserting, inserting, lifted
from asnrules.database.engines import database_name, transaction
from asnrules.database.locks import take_ledger
from asnrules.database.references import check_references
from asnrules.database.schema.record import (
    association_members,
    associations,
    decisions,
    exposures,
    imported_associations,
    pools,
    run_pools,
    runs,
    traces,
)
from asnrules.engine.signatures import SET, Judgement
from asnrules.errors import AsnrulesError, OutputError
from asnrules.pools import Pool
from asnrules.pools.evaluation import EvaluatedPools, Origins
from asnrules.record.chain import (
    CATALOG,
    SECTIONS,
    RowsDigest,
    digest_of_rows,
    entry_rows,
    head,
    header_of,
    ruleset_of,
    run_digest,
)
from asnrules.record.pools import Place, exposure_rows
from asnrules.util.canonical import canonical

GENERATED, IMPORTED = "generated", "imported"
"""Where the associations of a run were made: here, or elsewhere."""

_BATCH = 10_000
_BULK = (exposures, decisions, associations, association_members)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run to be recorded."""

    started_at: dt.datetime
    """Aware, as is `finished_at`."""
    finished_at: dt.datetime = field(default_factory=partial(dt.datetime.now, dt.UTC))
    operator: str
    host: str = field(default_factory=platform.node)
    software_version: str = field(default_factory=partial(version, "asnrules"))
    ruleset_id: int
    options: Mapping[str, Any]
    """As given on the command line."""
    note: str | None
    evaluated: EvaluatedPools | None
    """Its exposures; None where associations are imported without a pool."""
    memberships: Sequence[int]
    """For each exposure, in how many associations it is."""
    reasons: Mapping[int, str]
    """For exposures in none, where the rules alone do not say why."""
    associations: Sequence[Association]
    imported: Sequence[Sequence[Any]] | None = None
    """For each association of an import, what its row in imported_associations holds after its
    number; None where they were made here."""
    diagnostics: Sequence[str] = ()


class RunRecorder:
    """Records one run in a transaction of its own.

    `told` is told the id of the run once it is on record, however that ends.
    """

    def __init__(self, engine: Engine, told: Callable[[int], None] | None = None) -> None:
        self._engine = engine
        self._told = told
        self._mark: RunMark | None = None
        self._committing = False

    def mark(self, run: Run) -> RunMark:
        """Give that by which `has` finds the run that is to be recorded."""
        self._mark = RunMark(database_name(self._engine.url), run.started_at, run.host)
        return self._mark

    def record(self, run: Run) -> int:
        """Record a run; give its id."""
        mark = self.mark(run)
        try:
            with transaction(self._engine, writing=True, by_row=False) as connection:
                run_id = record_run(connection, run)
                if self._engine.dialect.name == "sqlite":
                    check_references(connection, run_id)
                self._committing = True
        except BaseException:
            # An interrupt, or the loss of the connection, can come after the commit.
            with suppress(AsnrulesError):
                self._tell(self._find(mark) if self._committing else None)
            raise
        self._tell(run_id)
        return run_id

    def has(self, mark: RunMark) -> bool:
        """Tell whether a run was recorded; raise OutputError if another database would know."""
        if mark == self._mark and not self._committing:
            return False
        if mark.database != database_name(self._engine.url):
            raise OutputError(
                "the output folder holds files of a run that was cut off, and only the database "
                f"{mark.database} knows whether it was recorded; run once with that --database, "
                "or remove the folders .asnrules-stage-* there to keep the files as they are"
            )
        return self._find(mark) is not None

    def _find(self, mark: RunMark) -> int | None:
        found = select(runs.c.run_id).where(
            runs.c.started_at == mark.started_at, runs.c.host == mark.host
        )
        with transaction(self._engine) as connection:
            # A server may still be at the commit of a process that was killed.
            take_ledger(connection)
            return connection.execute(found).scalars().first()

    def _tell(self, run_id: int | None) -> None:
        if self._told is not None and run_id is not None:
            self._told(run_id)


def record_run(connection: Connection, run: Run) -> int:
    """Record a run in a writing transaction, which the caller commits; give its id."""
    with writing_run(connection) as writer:
        found = Origins(())
        pool_ids: list[int] = []
        if run.evaluated is not None:
            # Known ones are looked for, which would wait for exposures that are being inserted.
            trace_ids = _add_traces(writer, run.ruleset_id, run.evaluated)
            pool_ids = writer.add_pools(run.evaluated.pools)
            _add_decisions(writer, run, run.evaluated, pool_ids, trace_ids)
            found = run.evaluated.exposures
        headers = (
            (writer.run_id, number, *one[: len(RECORDED)])
            for number, one in enumerate(run.associations, 1)
        )
        writer.add(associations, headers)
        members = _member_rows(writer.run_id, run.associations, found, pool_ids)
        writer.add(association_members, members)
        rows = enumerate(run.imported or (), 1)
        writer.add(imported_associations, ((writer.run_id, number, *row) for number, row in rows))
        writer.seal(_run_values(run))
    return writer.run_id


def _run_values(run: Run) -> dict[str, Any]:
    """Give what the columns of a run hold."""
    same = (
        "started_at", "finished_at", "operator", "host", "software_version", "ruleset_id", "note",
    )  # fmt: skip
    return {
        **{name: getattr(run, name) for name in same},
        "origin": GENERATED if run.imported is None else IMPORTED,
        "options": json.dumps(run.options, sort_keys=True),
        "exposure_count": len(run.memberships),
        "association_count": len(run.associations),
        "unassociated_count": sum(count == 0 for count in run.memberships),
        "diagnostics": json.dumps(list(run.diagnostics)),
    }


def _member_rows(
    run_id: int,
    made: Sequence[Association],
    found: Origins,
    pool_ids: Sequence[int],
) -> Iterator[tuple[Any, ...]]:
    """Give the members of associations as they are recorded, from where each exposure is."""
    pools, rows = found.pools, found.rows
    for number, association in enumerate(made, 1):
        for at, (product, member) in enumerate(association.placed, 1):
            if member.exposure is None:
                yield (run_id, number, at, product, *member[:3], None, None)
            else:
                pool_id = pool_ids[pools[member.exposure]]
                position = rows[member.exposure] + 1
                yield (run_id, number, at, product, *member[:3], pool_id, position)


def _add_traces(
    writer: RunWriter, ruleset_id: int, evaluated: EvaluatedPools
) -> dict[Judgement, int]:
    """Add the traces that explain exposures; give the id of each."""
    signatures = {one: signature_text(one) for one in set(evaluated.work.judgements)}
    classified = evaluated.classifications()
    found = {signatures[key]: trace_values(one) for key, one in classified.items()}
    trace_ids = writer.add_traces(ruleset_id, found)
    return {key: trace_ids[signature] for key, signature in signatures.items()}


def _add_decisions(
    writer: RunWriter,
    run: Run,
    evaluated: EvaluatedPools,
    pool_ids: Sequence[int],
    trace_ids: Mapping[Judgement, int],
) -> None:
    """Add what became of each exposure."""
    found, judgements = evaluated.exposures, evaluated.work.judgements

    def decided(at: int) -> tuple[Any, ...]:
        result = trace_ids[judgements[at]], run.memberships[at], run.reasons.get(at)
        return (writer.run_id, pool_ids[found.pools[at]], found.rows[at] + 1, *result)

    in_order = sorted(range(len(found)), key=found.rows.__getitem__)
    in_order.sort(key=found.pools.__getitem__)
    writer.add(decisions, map(decided, in_order))


def signature_text(judgement: Judgement) -> str:
    """Write the signature of exposures, as it is recorded."""
    values = judgement.values.items()
    given = {name: "(set)" if value == SET else value for name, value in values if value}
    return json.dumps(given, sort_keys=True)


def trace_values(classification: Classification) -> tuple[Any, ...]:
    """Give what is recorded of a classification: what the columns after the signature hold."""
    published = classification.published
    return (
        classification.member_type,
        classification.special,
        None if published is None else published.position,
        classification.agrees,
        classification.reason,
        json.dumps([answer._asdict() for answer in classification.rules]),
    )


def recorded(one: Association, places: Sequence[Place]) -> Association:
    """Give an association as it is on record, from where each exposure is."""
    return one._replace(
        products=tuple(
            Product(name, tuple(_recorded(member, places) for member in members))
            for name, members in one.products
        )
    )


def _recorded(member: Member, places: Sequence[Place]) -> Member:
    pool_id, position = _place(member, places)
    return Member(*member[:3], position, pool_id)


def _place(member: Member, places: Sequence[Place]) -> Place | tuple[None, None]:
    return (None, None) if member.exposure is None else places[member.exposure]


class RunWriter:
    """Adds one run: its rows, then the run itself, chained to the one before; see `writing_run`."""

    def __init__(self, inserts: Inserting) -> None:
        self._inserts = inserts
        last = head(inserts.connection)
        self.run_id = last.run_id + 1
        self._previous = last.digest
        self._digests = {table.name: RowsDigest() for table in SECTIONS}

    def add(self, table: Table, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows to a section, those that are added later after those before in their key.

        They have a value for each column of the table: text, an integer, a boolean or None.
        """
        digest = self._digests[table.name]
        rows = iter(rows)
        while batch := list(islice(rows, _BATCH)):
            self._inserts.add(table, batch)
            digest.add(batch)

    def add_pools(self, given: Sequence[Pool]) -> list[int]:
        """Add pools with their exposures, each once however often it is run; give their ids."""
        following = self._next(pools.c.pool_id)
        ids = []
        for pool in given:
            keywords = json.dumps(pool.keywords)
            pool_id, count = self._known_pool(pool, keywords)
            if pool_id is None:
                pool_id, following = following, following + 1
                columns = json.dumps(pool.columns)
                told = _distinct(keywords, count)
                row = (pool_id, pool.sha256, told, columns, len(pool.rows), self.run_id)
                self.add(pools, [row])
                self.add(exposures, exposure_rows(pool_id, pool))
            ids.append(int(pool_id))
        named = zip(ids, given, strict=True)
        rows = ((self.run_id, at, pool_id, one.name) for at, (pool_id, one) in enumerate(named, 1))
        self.add(run_pools, rows)
        return ids

    def _known_pool(self, pool: Pool, keywords: str) -> tuple[int | None, int]:
        """Give the id of a pool that is on record with the same content.

        Another pool may be there under the same digest: an older version may have read the file
        otherwise, and any recorder can insert one. The second number counts the pools of this
        digest and these keywords.
        """
        statement = select(pools.c.pool_id, pools.c.keywords, pools.c.column_names).where(
            pools.c.sha256 == pool.sha256
        )
        rows = self._inserts.connection.execute(statement)
        found = [row for row in rows if row.keywords.rstrip() == keywords]
        columns = json.dumps(pool.columns)
        for row in found:
            if row.column_names == columns and self._has_exposures(row.pool_id, pool):
                return row.pool_id, len(found)
        return None, len(found)

    def _has_exposures(self, pool_id: int, pool: Pool) -> bool:
        statement = (
            select(*exposures.c)
            .where(exposures.c.pool_id == pool_id)
            .order_by(exposures.c.position)
            .execution_options(yield_per=_BATCH)
        )
        with self._inserts.connection.execute(statement) as found:
            pairs = zip_longest(found, exposure_rows(pool_id, pool))
            return all(kept is not None and tuple(kept) == row for kept, row in pairs)

    def add_traces(self, ruleset_id: int, found: Mapping[str, Sequence[Any]]) -> dict[str, int]:
        """Add the traces that are new for a ruleset, or that another version explained otherwise.

        They are found by their signature, and have what the columns after it hold. What is
        returned leads from the signature to the id of the trace.
        """
        # Without the run that added it.
        columns = list(traces.c)[:-1]
        statement = select(*columns).where(traces.c.ruleset_id == ruleset_id)
        known: dict[tuple[Any, ...], int] = {}
        counts: Counter[str] = Counter()
        for trace_id, _, told, *values in self._inserts.connection.execute(statement):
            signature = told.rstrip()
            known[signature, *values] = trace_id
            counts[signature] += 1
        following = self._next(traces.c.trace_id)
        ids = {}
        added: list[tuple[Any, ...]] = []
        for signature, explained in found.items():
            trace_id = known.get((signature, *explained))
            if trace_id is None:
                trace_id = following + len(added)
                told = _distinct(signature, counts[signature])
                added.append((trace_id, ruleset_id, told, *explained, self.run_id))
            ids[signature] = trace_id
        self.add(traces, added)
        return ids

    def seal(self, values: Mapping[str, Any]) -> None:
        """Add the run itself, from `_run_values`; after that nothing can join it."""
        run = {"run_id": self.run_id, **values}
        ruleset, checksum = ruleset_of(self._inserts.connection, values["ruleset_id"])
        sections = {name: digest.finished() for name, digest in self._digests.items()}
        sections[CATALOG] = digest_of_rows(entry_rows(self._inserts.connection))
        self._inserts.connection.execute(
            insert(runs).values(
                **run,
                section_digests=canonical(sections).decode(),
                previous_digest=self._previous,
                digest=run_digest(header_of(run, ruleset, checksum), sections, self._previous),
            )
        )

    def _next(self, key: Any) -> int:
        """Give the next free number of a table; no other run can take it meanwhile."""
        last = self._inserts.connection.execute(select(func.max(key))).scalar()
        return int(last or 0) + 1


@contextmanager
def writing_run(connection: Connection) -> Iterator[RunWriter]:
    """Take the turn to add a run in a writing transaction, which the caller commits.

    What it yields is to be filled and sealed.
    """
    take_ledger(connection)
    with lifted(connection, _BULK), inserting(connection) as inserts:
        yield RunWriter(inserts)


def _distinct(text: str, count: int) -> str:
    """Write JSON that is there many times already as another text of the same meaning.

    The tables take each text once, for each digest of a pool or ruleset.
    """
    return text + " " * count
