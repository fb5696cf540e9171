"""What is given to the public methods: each is taken for what it means, or refused by its name."""

from __future__ import annotations

import datetime as dt
import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import asnrules
from asnrules import Catalog, ImportOptions, Options, RunFilter
from asnrules.errors import NotFoundError, UsageError
from asnrules.util.arguments import settings, taken
from cli.small_pools import nrc_image, write_pool
from test_api_results import METHODS

POOL = [nrc_image(1), nrc_image(2)]
DAY = dt.date(2021, 7, 1)


@pytest.fixture
def own(catalog: Any) -> Catalog:
    """Give a catalog of the test's own."""
    return Catalog(catalog)


@pytest.fixture
def kept(kept_seeds: Any) -> Catalog:
    """Give a catalog that the test leaves as it is."""
    return Catalog(kept_seeds)


@pytest.mark.parametrize(
    ("annotation", "given", "expected"),
    [
        ("int", "7", 7),
        ("int | None", np.int64(7), 7),
        ("int | None", None, None),
        ("str | int", np.int64(7), 7),
        ("str | int", "7", "7"),
        ("bool", np.True_, True),
        ("bool", "F", False),
        ("bool", "true", True),
        ("Day | None", "2021-07-01", DAY),
        ("Day | None", DAY, DAY),
        ("Path | str", Path("a"), Path("a")),
        ("Path | str | None", "a", "a"),
        ("Sequence[str]", "o001", ["o001"]),
        ("Sequence[str]", ("o001", "o002"), ["o001", "o002"]),
        ("Sequence[str]", pd.Series(["o001"]), ["o001"]),
        ("Sequence[int] | None", np.array([1, 2]), [1, 2]),
        ("Sequence[PoolInput]", "pool.csv", ["pool.csv"]),
        ("Progress | None", 3, 3),
    ],
)
def test_what_is_meant_is_taken(annotation: str, given: Any, expected: Any) -> None:
    found = taken("x", annotation, given)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("annotation", "given", "words"),
    [
        ("int", True, "x: True is not a whole number"),
        ("int | None", "one", "x: \"'one'\" is not a whole number"),
        ("int", 1.5, "x: '1.5' is not a whole number"),
        ("bool", "maybe", "is not a truth value"),
        ("bool", 1, "is not a truth value"),
        ("str", None, "x: 'None' is not text"),
        ("Path | str", 3, "x: '3' is not a path or text"),
        ("Day", 2021, "x: '2021' is not a datetime.date"),
        ("Sequence[str]", [1], "is not a list of texts"),
    ],
)
def test_what_is_not_meant_is_refused(annotation: str, given: Any, words: str) -> None:
    with pytest.raises(UsageError) as found:
        taken("x", annotation, given)
    assert words.replace("'", "").replace('"', "") in str(found.value).replace("'", "").replace(
        '"', ""
    )


FITTING = {"str": "x", "int": 1, "Path": "x", "Day": DAY, "bool": True}
CHECKED = {*FITTING, "Sequence[str]", "None"}


def test_each_argument_of_each_method_is_refused_by_its_name(kept: Catalog) -> None:
    owners = {"Catalog": kept, "Audit": kept.audit, "Curator": kept.curator}
    seen = set()
    for path, method in METHODS.items():
        owner, name = path.split(".")
        parameters = list(inspect.signature(method).parameters.values())[1:]
        needed = {one.name: one for one in parameters if one.default is one.empty}
        for wrong in parameters:
            if not set(str(wrong.annotation).split(" | ")) <= CHECKED:
                continue
            given: list[Any] = []
            named: dict[str, Any] = {}
            for one in parameters:
                fitting = FITTING.get(str(one.annotation).split(" | ")[0], "x")
                value = object() if one is wrong else fitting
                if one.kind is one.VAR_POSITIONAL:
                    given += [value] * (one is wrong)
                elif one.kind is one.KEYWORD_ONLY:
                    named |= {one.name: value} if one is wrong or one.name in needed else {}
                elif one is wrong or one.name in needed:
                    named |= {one.name: value} if not given else {}
            if any(one.kind is one.VAR_POSITIONAL for one in parameters):
                given = [
                    named.pop(one.name)
                    for one in parameters
                    if one.name in named and one.kind is one.POSITIONAL_OR_KEYWORD
                ] + given
            with pytest.raises(UsageError, match=f"^{wrong.name}: "):
                getattr(owners[owner], name)(*given, **named)
            seen.add(f"{path} {wrong.name}")
    assert len(seen) > 60


def test_several_may_come_as_a_list(kept: Catalog, tmp_path: Path) -> None:
    both = kept.lookup("NRS_IFU", "MIR_MRS")
    assert kept.lookup(["NRS_IFU", "MIR_MRS"]) == both
    path = write_pool(tmp_path / "pool.csv", *POOL)
    assert kept.generate([path, pd.DataFrame(POOL)[:0]], record="false").exposures == 2
    for function in (kept.generate, kept.candidates, kept.classify_pool):
        with pytest.raises(UsageError, match="there is no pool"):
            function()
    with pytest.raises(UsageError, match="there are no files"):
        kept.audit.import_associations()


def test_options_may_be_named(kept: Catalog, tmp_path: Path) -> None:
    path = write_pool(tmp_path / "pool.csv", *POOL)
    report = kept.generate(path, output=tmp_path / "out", record=False, as_of="2021-07-01")
    assert (report.ruleset, len(report.files)) == ("jwst-1.2.1", 2)
    given = Options(record=False, ruleset="jwst-2.0.0")
    assert kept.generate(path, options=given, ruleset="jwst-3.0.0").ruleset == "jwst-3.0.0"
    dry = kept.audit.import_associations(tmp_path / "out", pools=path, dry_run=True)
    assert [one.verdict for one in dry.files] == ["explained"] * 2
    assert kept.audit.runs(program=4231, since="2026-01-01", limit=np.int64(3)) == []
    with pytest.raises(UsageError, match=r"no option 'outputs'.*near it are output"):
        kept.generate(path, outputs="out")
    with pytest.raises(UsageError, match=r"is not Options"):
        kept.generate(path, options=RunFilter())
    with pytest.raises(UsageError, match="run_ids: "):
        kept.audit.replay(RunFilter())
    with pytest.raises(UsageError, match="dry_run: "):
        kept.audit.import_associations(path, dry_run=3)


def test_exposures_and_associations_are_named_by_their_files(own: Catalog, tmp_path: Path) -> None:
    report = own.generate(pd.DataFrame(POOL), output=tmp_path)
    name = POOL[0]["filename"]
    assert own.audit.exposure(tmp_path / name) == own.audit.exposure(name)
    assert own.why(tmp_path / name, run=1) == own.why(name, run=1)
    asn_name = report.made[0].asn_name
    for file in (report.files[0], Path(report.files[0])):
        assert own.audit.association(file) == own.audit.association(asn_name)
        assert own.audit.needs(file) == own.audit.needs(asn_name)
    assert [one.verdict for one in own.audit.replay(1, workers=2)] == ["identical"]
    assert own.audit.verify(workers=2).findings == []
    assert own.curator.impact("jwst-2.0.0", program=1, workers=2).changed == []


def test_a_part_of_a_list_becomes_a_table_too(kept: Catalog) -> None:
    some = kept.lookup("NRS")[:3]
    assert len(some.to_pandas()) == 3
    assert list(kept.lookup("NRS")[:0].to_pandas()) == list(some.to_pandas())


def test_settings_are_checked_and_kept() -> None:
    assert settings(RunFilter, RunFilter(run_ids=[1]), {"program": 7}) == RunFilter(
        program=7, run_ids=[1]
    )
    assert settings(ImportOptions, None, {"pools": "a.csv"}).pools == ["a.csv"]


def test_an_exp_type_may_stand_alone(kept: Catalog) -> None:
    assert kept.classify("nrs_ifu") == kept.classify({"EXP_TYPE": "NRS_IFU"})
    for other in ("pool.csv", pd.DataFrame(POOL), None):
        with pytest.raises(UsageError, match="classify_pool"):
            kept.classify(other)


def test_numbers_of_numpy_are_values(kept: Catalog) -> None:
    given: dict[str, Any] = {"EXP_TYPE": "NRS_IFU", "MOSTILNO": 3, "IS_IMPRT": True}
    numpy = {**given, "MOSTILNO": np.int64(3), "IS_IMPRT": np.True_}
    assert kept.classify(numpy) == kept.classify(given)
    assert kept.classify({**numpy, "MOSTILNO": np.float32("nan")}) == kept.classify(
        {**given, "MOSTILNO": None}
    )
    with pytest.raises(UsageError, match="MOSTILNO: a value of type ndarray"):
        kept.classify({**given, "MOSTILNO": np.array([1, 2])})


def test_rows_are_a_pool(kept: Catalog) -> None:
    for given in (POOL, [POOL]):
        assert kept.generate(given, record=False).associations == 2
    rows = [POOL[0], {**POOL[1], "more": 1}]
    assert [name for name, _ in kept.classify_pool(rows)] == [one["filename"] for one in POOL]


def test_a_label_and_a_day_exclude_each_other(kept: Catalog) -> None:
    both: dict[str, Any] = {"ruleset": "jwst-3.0.0", "as_of": "2021-07-01"}
    for ask in (
        lambda: kept.lookup(**both),
        lambda: kept.classify("NRS_IFU", **both),
        lambda: kept.generate(POOL, record=False, **both),
        lambda: kept.why(POOL, POOL[0]["filename"], **both),
        lambda: kept.blame("NRS_IFU", **both),
    ):
        with pytest.raises(UsageError, match="ruleset and as_of exclude each other"):
            ask()
    with pytest.raises(UsageError, match="database: "):
        asnrules.open_catalog(3)


def test_a_word_without_rows_says_when_it_had_some(kept: Catalog) -> None:
    found = kept.lookup("wfs-image2")
    assert found == []
    assert "from 2020-12-07 to 2026-01-23" in found.notes[0]
    assert found.notes[0] in repr(found)
    assert kept.lookup("NRS_IFU").notes == []
    with pytest.raises(NotFoundError, match="NRS_IFU"):
        kept.lookup("NRS_IFO")


@pytest.mark.parametrize("name", [name for name in asnrules.__all__ if name[0].isupper()])
def test_what_is_made_without_arguments_shows_itself(name: str) -> None:
    kind = getattr(asnrules, name)
    try:
        made = kind()
    except TypeError:
        return
    assert len(repr(made)) < 150
