"""What the public methods give: each result shows itself briefly and becomes tables."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from astropy.table import Table

from asnrules import (
    Audit,
    Catalog,
    Curator,
    ImportOptions,
    Options,
    RunFilter,
    make_pool,
    open_catalog,
)
from asnrules.errors import UsageError
from asnrules.util.results import Results
from cli.small_pools import nrc_image, write_pool
from pools.fits_files import image_name, write_fits
from seeds import SEEDS

POOL = [nrc_image(1), nrc_image(2), nrc_image(3, exp_type="nrc_dark")]
MIMF = nrc_image(4, exp_type="nrs_mimf")
KINDS = {"to_pandas": pd.DataFrame, "to_polars": pl.DataFrame, "to_astropy": Table}
GIVES_NO_TABLE = {
    "Catalog.close", "Catalog.check_database", "Curator.export_ruleset", "Audit.report",
}  # fmt: skip
TAKES_LONG = {"Curator.conform"}


def public(*classes: type) -> dict[str, Callable[..., Any]]:
    """Give the public methods of classes by their names."""
    return {
        f"{one.__name__}.{name}": method
        for one in classes
        for name, method in vars(one).items()
        if not name.startswith("_") and inspect.isfunction(method)
    }


METHODS = public(Catalog, Audit, Curator)


@pytest.fixture
def own(templates: Any, tmp_path: Path) -> Catalog:
    """Give a catalog of the test's own; the database does not matter here."""
    shutil.copyfile(templates.seeded("sqlite"), tmp_path / "catalog.db")
    return open_catalog(tmp_path / "catalog.db")


@pytest.fixture
def answers(own: Catalog, tmp_path: Path) -> dict[str, Callable[[], Any]]:
    """Give for each public method a call that has something to tell."""
    audit, curator = own.audit, own.curator
    pool, made = write_pool(tmp_path / "pool.csv", *POOL, MIMF), tmp_path / "made"
    names = [exposure["filename"] for exposure in POOL]
    write_fits(tmp_path / image_name())
    report = own.generate(pool, options=Options(output=made))
    own.generate(pd.DataFrame(POOL[:1]))
    asn_name = report.made[0].asn_name
    drafts = [curator.import_ruleset(SEEDS / "2026-03-20", one) for one in ("mine", "other")]
    checksum = drafts[0].info.checksum
    judging = ImportOptions(dry_run=True)
    return {
        "Catalog.rulesets": own.rulesets,
        "Catalog.lookup": lambda: own.lookup("NRS_IFU"),
        "Catalog.blame": lambda: own.blame("NRS_IFU"),
        "Catalog.history": lambda: own.history("NRS_IFU"),
        "Catalog.classify": lambda: own.classify({"exp_type": "NRS_IFU"}),
        "Catalog.classify_pool": lambda: own.classify_pool(pool),
        "Catalog.generate": lambda: own.generate(pool, options=Options(record=False)),
        "Catalog.candidates": lambda: own.candidates(pool),
        "Catalog.make_pool": lambda: own.make_pool(tmp_path),
        "Catalog.why": lambda: own.why(pool, names[2]),
        "Catalog.releases": own.releases,
        "Catalog.show": lambda: own.show("jwst-3.0.0"),
        "Catalog.sql": lambda: own.sql("SELECT * FROM v_unassociated"),
        "Audit.runs": audit.runs,
        "Audit.run": lambda: audit.run(1),
        "Audit.exposure": lambda: audit.exposure(names[0]),
        "Audit.exposure_counts": lambda: audit.exposure_counts(names[0]),
        "Audit.association": lambda: audit.association(asn_name),
        "Audit.needs": lambda: audit.needs(asn_name),
        "Audit.diff": lambda: audit.diff(1, 2),
        "Audit.replay": lambda: audit.replay(1, 2),
        "Audit.import_associations": lambda: audit.import_associations(made, options=judging),
        "Audit.timeline": lambda: audit.timeline(1),
        "Audit.verify": lambda: audit.verify("0" * 64),
        "Curator.import_ruleset": lambda: curator.import_ruleset(SEEDS / "2026-03-20", "mine"),
        "Audit.digest": audit.digest,
        "Audit.export": lambda: audit.export(tmp_path / "lake", "parquet"),
        "Curator.check": lambda: curator.check("jwst-3.0.0"),
        "Curator.diff": lambda: curator.diff("2025-05-02", "mine"),
        "Curator.impact": lambda: curator.impact("2021-06-15"),
        "Curator.publish": lambda: curator.publish("mine", checksum, effective_from="2031-01-01"),
        "Curator.discard": lambda: curator.discard("other"),
    }


def held_by(found: Any) -> list[Any]:
    """Give the first of each list that a result is, or holds."""
    fields = [getattr(found, name) for name in getattr(found, "__dataclass_fields__", ())]
    lists = [one for one in (found, *fields) if isinstance(one, list) and one]
    return [one[0] for one in lists if type(one[0]) not in {dict, str, tuple}]


def test_each_result_shows_itself_and_becomes_a_table(
    answers: dict[str, Callable[[], Any]],
) -> None:
    assert answers.keys() | GIVES_NO_TABLE | TAKES_LONG == METHODS.keys()
    for name, answer in answers.items():
        found = answer()
        if isinstance(found, Iterator):
            assert len(repr(found)) < 250, name
            found = list(found)
        for one in (found, *held_by(found)):
            shown = "" if type(one) is list else repr(one)
            assert " object at " not in shown, name
            assert len(shown) < 250, (name, shown)
        for method, kind in KINDS.items():
            given = Results(found) if type(found) is list else found
            table = getattr(given, method)()
            assert type(table) is kind, name
            assert len(table) > 0, name


def test_a_list_that_a_result_holds_becomes_a_table_by_its_name(
    answers: dict[str, Callable[[], Any]],
) -> None:
    for name, part, columns in (
        ("Catalog.why", "misses", {"asn_rule", "keyword", "found", "wanted"}),
        ("Catalog.generate", "orphans", {"filename", "exp_type", "reason"}),
        ("Catalog.blame", "parts", {"change", "why", "source"}),
        ("Audit.run", "by_rule", {"asn_type", "asn_rule", "associations"}),
        ("Audit.run", "pools", {"pool", "sha256"}),
        ("Audit.diff", "removed", {"asn_name", "products"}),
        ("Audit.verify", "findings", {"run_id", "table", "finding"}),
        ("Curator.diff", "changes", {"what", "name"}),
    ):
        for method in KINDS:
            table = getattr(answers[name](), method)(part)
            assert columns <= set(getattr(table, "colnames", getattr(table, "columns", ()))), name
    with pytest.raises(UsageError, match=r"no part 'by_rules'.*near it are.*by_rule"):
        answers["Audit.run"]().to_pandas("by_rules")
    with pytest.raises(UsageError, match="no part 'x'"):
        answers["Audit.runs"]().to_pandas("x")


def test_a_table_without_rows_has_its_columns(own: Catalog, tmp_path: Path) -> None:
    frame = pd.DataFrame(POOL)
    own.generate(frame)
    own.generate(frame)
    for found in (
        own.lookup("NRS_IFU", asn_type="N/A", special="N/A"),
        own.generate(frame.iloc[2:], options=Options(record=False)),
        own.audit.diff(1, 2),
        own.audit.verify(),
        own.audit.runs(RunFilter(program="99")),
        own.audit.import_associations(tmp_path / "none", options=ImportOptions(dry_run=True)),
        own.curator.check("2026-03-20"),
        own.curator.diff("2026-03-20", "2026-03-20"),
        own.curator.impact("jwst-3.0.0"),
    ):
        for method in KINDS:
            table = getattr(found, method)()
            assert len(table) == 0
            assert len(getattr(table, "colnames", getattr(table, "columns", ()))) > 3


def test_a_made_pool_becomes_a_table(tmp_path: Path) -> None:
    made = make_pool([str(write_fits(tmp_path / image_name()))])
    assert made.to_pandas()["filename"].tolist() == [image_name()]
    assert made.to_polars("notes")["notes"].to_list() == made.notes
