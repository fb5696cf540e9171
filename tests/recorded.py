"""A ledger of five runs: two of today's rules, one of others, two imported ones.

======  ================  ========  ==========  ==============  ===============================
run     started           operator  origin      ruleset         what
======  ================  ========  ==========  ==============  ===============================
1       2026-11-05 10:15  anna      generated   jwst-3.0.0      POOL
2       2026-11-05 16:00  anna      generated   jwst-3.0.0      LATER: the first image is a
                                                                background now
3       2026-12-01 09:00  bruno     generated   jwst-next       POOL; backgrounds make no
                                                                association of their own
4       2026-12-02 12:00  clara     imported    jwst-3.0.0      two associations, without a pool
5       2026-12-03 12:00  clara     imported    jwst-3.0.0      one association, with POOL
======  ================  ========  ==========  ==============  ===============================
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from asnrules.catalog import store
from asnrules.catalog.open import upgrade_catalog
from asnrules.database.engines import transaction
from asnrules.database.schema import all_tables as schema
from asnrules.engine.generation import Wanted
from asnrules.pools import read_pool
from asnrules.pools.evaluation import evaluate_pools
from asnrules.record.write import Run, record_run, writing_run
from asnrules.rules.read import read_ruleset
from asnrules.util.environment import shipped
from asnrules.workflows.diagnostics import diagnostics_of
from asnrules.workflows.generate import Options, make_associations
from cli.small_pools import nrc_image, write_pool
from record.tampering import with_few_rulesets
from seeds import connected

NEXT = "jwst-next"
NOTHING_WRONG = "No known degraded exposures in association."


def stem(number: int) -> str:
    return f"jw04231001001_02101_{number:05}_nrca1"


def image(number: int, **changes: str) -> dict[str, str]:
    changes = {"program": "4231", "filename": f"{stem(number)}_uncal.fits", **changes}
    return nrc_image(number, **changes)


# In the order of the pool: a dark, two images, of which one has an error, their background, an
# image of no candidate, and an exposure of a type that nobody knows.
POOL = [
    image(4, exp_type="nrc_dark"),
    image(1),
    image(2, exposerr="moving_shutter"),
    image(3, bkgdtarg="t"),
    image(5, asn_candidate="null"),
    image(6, exp_type="nrc_new"),
]
LATER = [image(1, bkgdtarg="t"), image(2)]
POOL_NAME = "jw04231_20261105_pool.csv"
LATER_NAME = "jw04231_20261106_pool.csv"


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{text}:00Z")


def next_ruleset(label: str = NEXT) -> Any:
    """Give the rules of jwst 3.0.0 but for one: backgrounds make nothing of their own."""
    content = read_ruleset(shipped("seed") / "rulesets" / "jwst-3.0.0", label=label)
    left_out = "Asn_Lv2ImageSpecial"
    return replace(
        content,
        label=label,
        effective_from=dt.date(2030, 1, 1),
        rules=tuple(rule for rule in content.rules if rule.name != left_out),
        intended_overlaps=tuple(
            one for one in content.intended_overlaps if left_out not in (one.asn_rule, one.stays)
        ),
    )


def record(
    engine: Engine,
    paths: Sequence[str],
    *,
    started: str = "2026-11-05T10:15",
    operator: str = "anna",
    ruleset: str = "jwst-3.0.0",
    **options: Any,
) -> int:
    """Generate and record a run as of a moment."""
    given = Options(**options)
    worked = evaluate_pools(engine, paths, ruleset)
    outcome = make_associations(worked, Wanted.by(given.recorded()))
    run = Run(
        started_at=moment(started), finished_at=moment(started), operator=operator,
        host="here", software_version="0.1.0", ruleset_id=worked.info.ruleset_id,
        options={
            "candidates": list(given.candidates), "dms": given.dms, "merge": given.merge,
            "version_id": given.version_id,
        },
        note=None, evaluated=worked, memberships=outcome.memberships, reasons=outcome.reasons,
        associations=outcome.associations, diagnostics=diagnostics_of(worked, outcome),
    )  # fmt: skip
    with transaction(engine, writing=True) as connection:
        return record_run(connection, run)


def fill_ledger(engine: Engine, folder: Path) -> None:
    """Make the ledger."""
    upgrade_catalog(engine)
    with transaction(engine, writing=True) as connection:
        store.publish(
            connection, [store.insert_draft(connection, next_ruleset())], moment("2026-11-30T00:00")
        )
    pool = write_pool(folder / POOL_NAME, *POOL)
    later = write_pool(folder / LATER_NAME, *LATER)
    record(engine, [pool])
    record(engine, [later], started="2026-11-05T16:00")
    record(engine, [pool], started="2026-12-01T09:00", operator="bruno", ruleset=NEXT)
    _import_without_pool(engine)
    _import_with_pool(engine, pool)


def fill_few_ledger(engine: Engine, folder: Path) -> None:
    """Make the ledger with few rulesets, for tests that copy or verify it again and again."""
    with pytest.MonkeyPatch.context() as patch:
        with_few_rulesets(patch)
        fill_ledger(engine, folder)


def _association(number: int, asn_type: str = "image2") -> tuple[str, ...]:
    return (
        f"jw04231-o001_{asn_type}_{number:05}_asn", asn_type, "Asn_Lv2Image", "o001",
        "observation", "04231", "1", NOTHING_WRONG, "",
    )  # fmt: skip


def _imported(number: int, verdict: str, explanation: str) -> tuple[Any, ...]:
    return (
        f"jw04231-o001_image2_{number:05}_asn.json", f"{number:064x}", "candidate_Asn_Lv2Image",
        "1.17.1", "20251105t101500", POOL_NAME, verdict, explanation,
    )  # fmt: skip


def _import_without_pool(engine: Engine) -> None:
    with transaction(engine, writing=True) as connection, writing_run(connection) as ledger:
        run = ledger.run_id
        science, dark = f"{stem(1)}_rate.fits", f"{stem(4)}_rate.fits"
        ledger.add(
            schema.record.associations, [(run, 1, *_association(1)), (run, 2, *_association(2))]
        )
        ledger.add(
            schema.record.association_members,
            [
                (run, 1, 1, stem(1), science, "science", "null", None, None),
                (run, 2, 1, stem(4), dark, "science", None, None, None),
                (run, 2, 2, stem(4), "jw04231001001_cat.ecsv", "sourcecat", None, None, None),
            ],
        )
        ledger.add(
            schema.record.imported_associations,
            [
                (run, 1, *_imported(1, "unexplained", "the pool is not at hand")),
                (run, 2, *_imported(2, "contradicts", "NRC_DARK makes no association")),
            ],
        )
        ledger.seal(_run_values(connection, "2026-12-02T12:00", 0, 2))


def _import_with_pool(engine: Engine, path: str) -> None:
    with transaction(engine, writing=True) as connection, writing_run(connection) as ledger:
        run = ledger.run_id
        pool = read_pool(path, sorted(_keywords(connection)))
        (pool_id,) = ledger.add_pools([pool])
        ledger.add(schema.record.associations, [(run, 1, *_association(3))])
        ledger.add(
            schema.record.association_members,
            [
                (run, 1, 1, stem(1), f"{stem(1)}_rate.fits", "science", "null", pool_id, 2),
                (run, 1, 2, stem(1), f"{stem(3)}_rate.fits", "background", "null", pool_id, 4),
            ],
        )
        ledger.add(
            schema.record.imported_associations,
            [(run, 1, *_imported(3, "explained", "Asn_Lv2Image"))],
        )
        ledger.seal(_run_values(connection, "2026-12-03T12:00", 6, 1))


def _keywords(connection: Any) -> list[str]:
    return [name.lower() for name in connection.execute(schema.catalog.keywords.select()).scalars()]


def _run_values(connection: Any, started: str, exposures: int, made: int) -> dict[str, Any]:
    return {
        "origin": "imported", "started_at": moment(started), "finished_at": moment(started),
        "operator": "clara", "host": "there", "software_version": "0.1.0",
        "ruleset_id": store.ruleset_ids(connection)["jwst-3.0.0"], "options": "{}", "note": None,
        "exposure_count": exposures, "association_count": made, "unassociated_count": 0,
        "diagnostics": "[]",
    }  # fmt: skip


@pytest.fixture
def ledger_database(
    engine_name: str, templates: Any, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """Give the path or URL of the ledger, for tests that change nothing."""
    database: str = templates.get(
        engine_name,
        "ledger",
        lambda engine: fill_ledger(engine, tmp_path_factory.mktemp("pools")),
    )
    return database


@pytest.fixture
def ledger(ledger_database: str) -> Engine:
    return connected(ledger_database)
