"""The Python API: what the commands do, from Python, and its documents."""

from __future__ import annotations

import datetime as dt
import doctest
import inspect
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from astropy.table import Table

import asnrules
import commands
import described
from asnrules import Catalog, ImportOptions, Options, RunFilter
from asnrules.errors import NotFoundError, OutputError, PoolError, RulesetError, UsageError
from cli.small_pools import nrc_image, write_pool
from pools.fits_files import image_name, write_fits
from record.tampering import with_few_rulesets
from seeds import SEEDS

ROOT = Path(__file__).parents[1]
POOL = [nrc_image(1), nrc_image(2), nrc_image(3, exp_type="nrc_dark")]


@pytest.fixture
def kept(kept_seeds: object) -> Catalog:
    """Give a catalog that the test leaves as it is."""
    return Catalog(kept_seeds)  # type: ignore[arg-type]


@pytest.fixture
def own(catalog: object) -> Catalog:
    """Give a catalog of the test's own."""
    return Catalog(catalog)  # type: ignore[arg-type]


def test_opening_makes_a_catalog(tmp_path: Path) -> None:
    with asnrules.open_catalog(str(tmp_path / "new.db")) as catalog:
        assert "jwst-3.0.0" in [info.ruleset for info in catalog.rulesets()]
    assert (tmp_path / "new.db").is_file()


def test_opening_goes_by_what_is_given_then_by_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with_few_rulesets(monkeypatch)
    given, named, default = (tmp_path / name / "a.db" for name in ("given", "named", "default"))
    monkeypatch.setenv("XDG_DATA_HOME", str(default.parent))
    monkeypatch.setenv("ASNRULES_DATABASE", str(named))
    with asnrules.open_catalog(str(given)) as catalog:
        assert catalog.engine.url.database == str(given)
    assert not named.exists()
    with asnrules.open_catalog() as catalog:
        assert catalog.engine.url.database == str(named)
    monkeypatch.setenv("ASNRULES_DATABASE", "postgresql:///x?nonsense=1")
    with pytest.raises(UsageError, match="--database"):
        asnrules.open_catalog()
    assert not default.parent.exists()
    for nothing in ("", None):
        if nothing is None:
            monkeypatch.delenv("ASNRULES_DATABASE")
        else:
            monkeypatch.setenv("ASNRULES_DATABASE", nothing)
        with asnrules.open_catalog(writing=True) as catalog:
            assert catalog.engine.url.database == str(default.parent / "asnrules" / "asnrules.db")


def test_what_is_given_has_all_that_is_promised(own: Catalog, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", *POOL)
    reports = [own.generate(pool, options=Options(output=tmp_path / "out")), own.generate(pool)]
    ((name,), *_), ((asn_name,), *_) = (
        own.sql(f"SELECT {column} FROM {table}")[1]
        for column, table in (("filename", "exposures"), ("asn_name", "associations"))
    )
    drafted = own.curator.import_ruleset(SEEDS / "2026-03-20", "mine")
    given = {
        own.rulesets: own.rulesets()[0],
        own.lookup: own.lookup("NRS_IFU")[0],
        own.blame: own.blame("NRS_IFU"),
        own.history: own.history("NRS_IFU")[0],
        own.classify: own.classify({"exp_type": "NRS_IFU"}),
        own.generate: reports[0],
        own.candidates: own.candidates(pool)[0],
        own.show: own.show("jwst-3.0.0"),
        own.releases: own.releases()[0],
        own.audit.digest: own.audit.digest(),
        own.audit.export: own.audit.export(tmp_path / "ledger.jsonl"),
        own.audit.runs: own.audit.runs()[0],
        own.audit.run: own.audit.run(1),
        own.audit.exposure: own.audit.exposure(name)[0],
        own.audit.association: own.audit.association(asn_name)[0],
        own.audit.diff: own.audit.diff(1, 2),
        own.audit.replay: next(own.audit.replay(1)),
        own.audit.verify: own.audit.verify(),
        own.audit.import_associations: own.audit.import_associations(tmp_path / "out"),
        own.curator.import_ruleset: drafted,
        own.curator.check: own.curator.check("mine")[0],
        own.curator.diff: own.curator.diff("2025-05-02", "mine"),
        own.curator.impact: own.curator.impact("jwst-2.0.0"),
        own.curator.publish: own.curator.publish(
            "mine", drafted.info.checksum, effective_from="2031-01-01"
        ),
    }
    promised = 0
    for method, found in given.items():
        (text,) = re.findall(
            r"\n(?:Returns|Yields)\n-+\n(.*?)(?:\n\nRaises|\Z)", inspect.getdoc(method) or "", re.S
        )
        names = set(re.findall(r"`(\w+)(?:\(\))?`", text)) - {"verify"}
        assert [one for one in names if not hasattr(found, one)] == [], method
        promised += len(names)
    assert promised > 50
    for found in (own, own.audit, own.lookup(), own.sql("SELECT 1 AS one"), *given.values()):
        shown = repr(found)
        assert type(found).__name__ in shown or isinstance(found, list) or "rows" in shown
        assert len(shown) < 250, type(found)
        assert " object at " not in shown
    for method in (own.audit.exposure, own.audit.association, own.audit.diff, own.audit.replay):
        assert json.dumps(given[method].document(), default=str), method  # type: ignore[attr-defined]


def test_looking_up(kept: Catalog) -> None:
    (mode,) = kept.lookup("nrs_mimf", as_of=dt.date(2021, 7, 1))
    assert (mode.ruleset, mode.asn_type) == ("2021-06-15", "wfs-image2")
    imprints = kept.lookup(special="imprint", instrument="nirspec", ruleset="2026-03-20")
    assert {mode.member_type for mode in imprints} == {"imprint"}
    with pytest.raises(NotFoundError, match="NRS_IFU"):
        kept.lookup("NRS_IFO")


def test_a_day_is_text_or_a_date(own: Catalog) -> None:
    for day in (dt.date(2021, 7, 1), "2021-07-01"):
        assert [mode.ruleset for mode in own.lookup("nrs_mimf", as_of=day)] == ["2021-06-15"]
        report = own.generate(pd.DataFrame(POOL), options=Options(as_of=day))
        assert report.ruleset == "jwst-1.2.1"
        assert own.audit.run(report.run_id or 0).options["as_of"] == "2021-07-01"
        assert own.audit.runs(RunFilter(until=day)) == []
        assert len(own.audit.runs(RunFilter(since=day))) == report.run_id
    for odd in ("1 July", "2021-7-1", dt.datetime(2021, 7, 1, tzinfo=dt.UTC)):
        with pytest.raises(UsageError, match="as_of"):
            own.lookup("nrs_mimf", as_of=odd)


def test_a_path_is_text_or_a_path(tmp_path: Path) -> None:
    path = str(write_fits(tmp_path / image_name()))
    with asnrules.open_catalog(tmp_path / "a.db") as catalog:
        for place in (tmp_path / "one", str(tmp_path / "two")):
            folder = Path(place)
            asnrules.write_pool(asnrules.make_pool([path]), f"{place}.csv")
            options = Options(
                output=place, save_orphans=type(place)(f"{place}.orphans"), record=False
            )
            assert catalog.generate(f"{place}.csv", options=options).associations == 1
            assert len(list(folder.iterdir())) == 1
            assert Path(f"{place}.orphans").is_file()


def test_values_of_keywords_are_text_numbers_or_truth_values(kept: Catalog) -> None:
    science = kept.classify({"exp_type": "MIR_IMAGE"})
    background = kept.classify({"exp_type": "MIR_IMAGE", "bkgdtarg": "T"})
    assert (science.member_type, background.member_type) == ("science", "background")
    for value, expected in ((True, background), (False, science), (None, science), ("f", science)):
        assert kept.classify({"EXP_TYPE": "mir_image", "BKGDTARG": value}) == expected
    with pytest.raises(UsageError, match="BKGDTARG"):
        kept.classify({"EXP_TYPE": "MIR_IMAGE", "BKGDTARG": ["t"]})


def test_classifying_one_exposure(kept: Catalog) -> None:
    found = kept.classify({"exp_type": "MIR_IMAGE", "BKGDTARG": "T"})
    assert (found.member_type, found.agrees) == ("background", False)
    with pytest.raises(UsageError, match="NO_SUCH"):
        kept.classify({"NO_SUCH": "x"})


def test_classifying_pools_of_all_kinds(kept: Catalog, tmp_path: Path) -> None:
    path = write_pool(tmp_path / "pool.csv", *POOL)
    expected = [(exposure["filename"], found) for exposure, found in zip(
        POOL, ["science", "science", "dark"], strict=True
    )]  # fmt: skip
    columns = {name: [exposure[name] for exposure in POOL] for name in POOL[0]}
    for pool in (path, Path(path), pd.DataFrame(POOL), pl.DataFrame(POOL), Table(POOL), columns):
        found = [(name, one.member_type) for name, one in kept.classify_pool(pool)]
        assert found == expected, type(pool)
    assert len(list(kept.classify_pool(path, pd.DataFrame(POOL)))) == 6


def test_classifying_files(kept: Catalog, tmp_path: Path) -> None:
    paths = [write_fits(tmp_path / image_name(number)) for number in (1, 2)]
    with pytest.warns(UserWarning, match="PNTGTYPE"):
        found = [(name, one.exp_type) for name, one in kept.classify_pool(*paths)]
    assert found == [(image_name(number), "NRC_IMAGE") for number in (1, 2)]


def test_generating_and_asking_the_record(own: Catalog, tmp_path: Path) -> None:
    frame = pd.DataFrame(POOL)
    report = own.generate(frame, options=Options(note="from a frame", output=tmp_path / "out"))
    assert (report.run_id, report.exposures, report.associations) == (1, 3, 2)
    assert {f"{one.asn_name}.json" for one in report.made} == {
        Path(name).name for name in report.files
    }
    (run,) = own.audit.runs()
    assert (run.note, run.pools, run.unassociated) == ("from a frame", ["table"], 1)
    assert own.audit.runs(RunFilter(program="99")) == []
    assert own.audit.verify().findings == []
    assert own.sql("SELECT filename FROM v_unassociated") == (
        ["filename"],
        [(POOL[2]["filename"],)],
    )
    with pytest.raises(UsageError, match="the same pool is given twice"):
        own.generate(frame, pl.DataFrame(POOL))
    own.generate(frame, options=Options(record=False))
    assert len(own.audit.runs()) == 1


def test_asking_the_record_as_the_commands_do(own: Catalog, tmp_path: Path) -> None:
    path = write_fits(tmp_path / image_name(), TSOVISIT=True)
    own.generate(path, options=Options(record=True))
    own.generate(pd.DataFrame(POOL))
    assert own.audit.run(1).run.pools == ["fits_headers"]
    (decision,) = own.audit.exposure(image_name())
    assert [one.asn_name for one in decision.memberships] == ["jw01234-o001_tso-image2_00001_asn"]
    assert len(own.audit.association("jw01234-o001_tso-image2_00001_asn")) == 1
    found = own.audit.diff(1, 2)
    assert (found.unchanged, len(found.removed), len(found.added)) == (0, 1, 2)
    assert [one.verdict for one in own.audit.replay(1, 2)] == ["identical", "identical"]
    with pytest.raises(NotFoundError):
        own.audit.run(3)


KINDS = {"to_pandas": pd.DataFrame, "to_polars": pl.DataFrame, "to_astropy": Table}


@pytest.mark.parametrize("method", KINDS)
def test_results_become_tables(own: Catalog, method: str) -> None:
    report = own.generate(pd.DataFrame(POOL), options=Options(note="a note"))
    own.generate(pd.DataFrame(POOL))
    asn_name = report.made[0].asn_name
    statement = "SELECT filename, 1 AS a, 2 AS a FROM v_unassociated ORDER BY run_id"
    for found, length, columns in (
        (own.rulesets(), 33, {"ruleset", "effective_from", "changes"}),
        (own.lookup("NRS_IFU"), 3, {"exp_type", "special", "position"}),
        (own.lookup("NRS_IFU", asn_type="N/A", special="N/A"), 0, {"exp_type", "special"}),
        (own.history("NRS_IFU"), None, {"date", "became", "changes"}),
        (own.classify_pool(pd.DataFrame(POOL)), 3, {"filename", "published_asn_type", "agrees"}),
        (report, 2, {"asn_name", "expname", "exptype"}),
        (own.sql(statement), 2, {"filename", "a", "a_2"}),
        (own.audit.runs(), 2, {"run_id", "started_at", "pools", "note"}),
        (own.audit.exposure(POOL[0]["filename"]), 2, {"run_id", "reason"}),
        (own.audit.association(asn_name), 2, {"run_id", "asn_rule"}),
        (own.audit.replay(1, 2), 2, {"run_id", "verdict"}),
        (own.audit.diff(1, 2), 0, set()),
    ):
        table = getattr(found, method)()
        assert type(table) is KINDS[method]
        assert length in {None, len(table)}
        assert columns <= set(getattr(table, "colnames", getattr(table, "columns", ())))


def test_cells_of_tables_keep_what_they_are(own: Catalog) -> None:
    own.generate(pd.DataFrame(POOL), options=Options(note="a note"))
    own.generate(pd.DataFrame(POOL))
    runs = own.audit.runs()
    pandas, polars, astropy = runs.to_pandas(), runs.to_polars(), runs.to_astropy()
    assert pandas["run_id"].tolist() == polars["run_id"].to_list() == [2, 1]
    assert list(astropy["run_id"]) == [2, 1]
    assert pandas["note"].isna().tolist() == polars["note"].is_null().to_list() == [True, False]
    assert astropy["note"].mask.tolist() == [True, False]
    assert polars["started_at"].to_list() == [run.started_at for run in runs]
    assert pandas["started_at"].tolist() == [run.started_at for run in runs]
    days = own.rulesets().to_polars().filter(pl.col("ruleset") == "2021-06-15")["effective_from"]
    assert days.to_list() == [dt.date(2021, 6, 15)]


def test_explaining(kept: Catalog) -> None:
    explanation = kept.why(pd.DataFrame(POOL), POOL[2]["filename"])
    assert explanation.kept == []
    assert explanation.reason == "no rule takes its EXP_TYPE"


def test_explaining_without_the_pool_as_the_command_does(own: Catalog, tmp_path: Path) -> None:
    frame = pd.DataFrame(POOL)
    one, other, dark = (exposure["filename"] for exposure in POOL)
    report = own.generate(frame, options=Options(output=tmp_path))
    assert own.why(one, run=1).document() == own.why(frame, one).document()
    pair = own.why(frame, one, other)
    assert (pair.science, pair.other) == (one, other)
    assert own.why(one, other, run=1).document() == pair.document()
    name = report.made[0].asn_name
    for association in (name, tmp_path / f"{name}.json", str(tmp_path / f"{name}.json")):
        found = own.why(association)
        assert [member.expname for member, _ in found.members] == [
            member.expname for member in report.made[0].products[0].members
        ]
    assert str(own.why(frame, dark)).splitlines()[0] == f"{dark}: NRC_DARK, class dark"
    with pytest.raises(UsageError, match="name an exposure of the pool"):
        own.why(frame)


def test_the_record_is_exported_and_shown_as_the_commands_do(own: Catalog, tmp_path: Path) -> None:
    own.generate(pd.DataFrame(POOL))
    digest = own.audit.digest()
    assert (digest.run_id, own.audit.verify(digest.digest).known) == (1, 1)
    written = own.audit.export(str(tmp_path / "ledger.jsonl"))
    assert (written.head, written.runs, written.findings) == (digest, 1, [])
    assert json.loads((tmp_path / "ledger.jsonl").read_text().splitlines()[-1]) == {
        "head": digest.digest, "runs": 1,
    }  # fmt: skip
    assert [own.audit.export(tmp_path / "lake", "parquet").runs for _ in range(2)] == [1, 0]
    own.audit.report(1, tmp_path / "run.html")
    assert "jwst-3.0.0" in (tmp_path / "run.html").read_text()
    for path, wanted, overwrite, message in (
        ("ledger.jsonl", "jsonl", False, "ledger.jsonl"),
        ("lake", "jsonl", True, "is a folder"),
        ("lake", "parquet", True, "never replaced"),
        ("other", "csv", False, "'csv'"),
    ):
        with pytest.raises((UsageError, OutputError), match=message):
            own.audit.export(tmp_path / path, wanted, overwrite=overwrite)


def test_a_pool_of_files_is_made_by_the_rules_and_taken_as_a_pool(
    own: Catalog, tmp_path: Path
) -> None:
    path = write_fits(tmp_path / image_name())
    for given in (path, Path(path), tmp_path):
        made = own.make_pool(given)
        assert made.exposures == 1
        assert own.generate(made, options=Options(record=False)).associations == 1
        assert asnrules.make_pool(given).exposures == 1


def test_what_is_assumed_of_files_is_a_warning(kept: Catalog, tmp_path: Path) -> None:
    path = write_fits(tmp_path / image_name())
    assumed = kept.generate(path, record=False).diagnostics
    assert assumed
    for ask in (lambda: kept.why(path, image_name()), lambda: list(kept.classify_pool(path))):
        with pytest.warns(UserWarning, match="assumed") as told:
            ask()
        assert [str(one.message) for one in told] == assumed


def test_what_is_refused_is_an_error_of_ours(kept: Catalog) -> None:
    with pytest.raises(UsageError, match="a int is not a pool"):
        kept.generate(3)
    with pytest.raises(PoolError, match="table, header: no column asn_candidate"):
        kept.generate({"filename": ["a"]})
    with pytest.raises(PoolError, match="no column PNTGTYPE"):
        kept.generate({"filename": ["a"], "asn_candidate": [""]})


def test_files_are_imported_with_their_pool(own: Catalog, tmp_path: Path) -> None:
    frame, folder = pd.DataFrame(POOL), tmp_path / "made"
    own.generate(frame, options=Options(output=folder, record=False))
    dry = own.audit.import_associations(
        folder, options=ImportOptions(pools=[frame], dry_run=True, members=tmp_path)
    )
    assert ([one.verdict for one in dry.files], own.audit.runs()) == (["explained"] * 2, [])
    report = own.audit.import_associations(
        *map(str, folder.iterdir()), options=ImportOptions(pools=[frame], as_of="2026-11-01")
    )
    table = report.to_pandas()
    assert table[["run_id", "verdict"]].values.tolist() == [[1, "explained"]] * 2
    assert [run.origin for run in own.audit.runs()] == ["imported"]


def test_a_ruleset_lives_from_draft_to_publication(own: Catalog, tmp_path: Path) -> None:
    curator = own.curator
    curator.export_ruleset("2026-03-20", str(tmp_path / "page.rst"))
    done = curator.import_ruleset(str(tmp_path / "page.rst"), "mine")
    (checked,) = curator.check("mine")
    assert (checked.checksum, checked.open_findings()) == (done.info.checksum, [])
    assert curator.discard("mine").ruleset == "mine"
    with pytest.raises(NotFoundError, match="'mine'"):
        curator.publish("mine", checked.checksum, effective_from="2031-01-01")
    curator.export_ruleset("2026-03-20", tmp_path / "folder")
    curator.import_ruleset(tmp_path / "folder", "mine", effective_from=dt.date(2031, 1, 1))
    with pytest.raises(RulesetError, match="not the one with checksum"):
        curator.publish("mine", "0" * 64)
    with pytest.raises(RulesetError, match="past days"):
        curator.publish("mine", checked.checksum, effective_from="2026-04-01")
    published = curator.publish("mine", checked.checksum[:12], operator="me")
    assert (published.info.published_by, published.info.effective_from) == (
        "me", dt.date(2031, 1, 1),
    )  # fmt: skip
    assert published.ended is not None


# ------------------------------------------------------------------ its documents


def test_the_document_is_that_of_the_docstrings() -> None:
    assert described.DOCUMENT.read_text() == described.described()


def test_every_command_is_in_the_document_with_its_functions() -> None:
    groups = {one.path for one in commands.walk() if hasattr(one.command, "commands")}
    every = {one.path for one in commands.walk()} - groups
    told = described.FUNCTIONS.keys() | described.COMMANDS_ONLY.keys()
    assert {f"asnrules {name}" for name in told} == every
    functions = " ".join(described.FUNCTIONS.values()).split()
    entries = re.findall(r"^##+ (\S+)$", described.DOCUMENT.read_text(), re.M)
    assert [name for name in functions if name not in entries] == []
    methods = [name for name in entries if "." in name]
    assert [name for name in methods if name not in {*functions, "Catalog.close"}] == []


def test_every_name_is_there_and_described() -> None:
    assert set(asnrules.__all__) <= set(dir(asnrules))
    for name in asnrules.__all__:
        assert inspect.getdoc(getattr(asnrules, name)), name
    with pytest.raises(AttributeError, match="no_such_name"):
        asnrules.no_such_name  # noqa: B018


@pytest.mark.parametrize("name", ["notebook.md", "auditor.md", "curator.md"])
def test_a_notebook_runs(
    templates: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    shutil.copyfile(templates.seeded("sqlite"), tmp_path / "example.db")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASNRULES_DATABASE", "example.db")
    result = doctest.testfile(str(ROOT / "examples" / name), module_relative=False)
    assert result.failed == 0
    assert result.attempted > 15


def test_importing_the_package_imports_nothing_else() -> None:
    program = (
        "import sys; before = set(sys.modules); import asnrules; "
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "['__future__', 'asnrules']\n"


def test_optional_libraries_are_not_imported_by_a_command(templates: Any, tmp_path: Path) -> None:
    shutil.copyfile(templates.seeded("sqlite"), tmp_path / "catalog.db")
    program = (
        "import sys, asnrules\n"
        "catalog = asnrules.open_catalog('catalog.db')\n"
        f"list(catalog.classify_pool({write_pool(tmp_path / 'pool.csv', *POOL)!r}))\n"
        "catalog.generate('pool.csv')\n"
        "print({'astropy', 'numpy', 'pyarrow', 'pandas', 'polars'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout == "set()\n"


def test_the_package_is_typed() -> None:
    assert (Path(inspect.getfile(asnrules)).parent / "py.typed").is_file()
