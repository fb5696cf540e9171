"""From pools to associations: what a library call gives, writes and records."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from asnrules.catalog.open import connect_catalog
from asnrules.errors import NotFoundError, OutputError, PoolError, UsageError
from asnrules.workflows.generate import Options, Orphan, Report, generate
from cli.small_pools import nrc_image, without, write_pool


@pytest.fixture
def sqlite(templates: Any) -> Engine:
    return connect_catalog(templates.seeded("sqlite"))


def written(engine: Engine, tmp_path: Path, *rows: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Generate, without a record, and give the files by name."""
    pool = write_pool(tmp_path / "pool.csv", *rows)
    report = generate(engine, [pool], Options(output=tmp_path / "out", record=False))
    return {Path(path).name: json.loads(Path(path).read_text()) for path in report.files}


def members(document: dict[str, Any]) -> list[tuple[str, str]]:
    (product,) = document["products"]
    return [(member["expname"], member["exptype"]) for member in product["members"]]


def number_of_runs(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM runs")).scalar_one())


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("folder", ["out", "out/../out", "link"])
@pytest.mark.parametrize("case", [str, str.upper])
def test_orphans_do_not_take_the_place_of_an_association(
    catalog: Engine, tmp_path: Path, overwrite: bool, folder: str, case: Any
) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image(1), nrc_image(3, exp_type="nrc_dark"))
    (tmp_path / "link").symlink_to("out")
    (tmp_path / "out").mkdir()
    orphans = tmp_path / folder / case("jw00001-o001_image2_00001_asn.json")
    options = Options(output=tmp_path / "out", save_orphans=orphans, overwrite=overwrite)
    with pytest.raises(UsageError, match="name another"):
        generate(catalog, [pool], options)
    assert (list((tmp_path / "out").iterdir()), number_of_runs(catalog)) == ([], 0)


# ------------------------------------------------------------------ the report


def test_the_report_counts(catalog: Engine, tmp_path: Path) -> None:
    rows = [nrc_image(1), nrc_image(2, tsovisit="t"), nrc_image(3, exp_type="nrc_dark")]
    pool = write_pool(tmp_path / "pool.csv", *rows)
    report = generate(catalog, [pool], Options(output=tmp_path / "out"))
    assert report == Report(
        run_id=1,
        ruleset="jwst-3.0.0",
        exposures=3,
        associations=2,
        unassociated=1,
        files=[
            str(tmp_path / "out" / "jw00001-o001_tso-image2_00001_asn.json"),
            str(tmp_path / "out" / "jw00001-o001_image2_00001_asn.json"),
        ],
        diagnostics=[],
        by_rule={("tso-image2", "Asn_Lv2ImageTSO"): 1, ("image2", "Asn_Lv2Image"): 1},
        orphans=[Orphan(rows[2]["filename"], "NRC_DARK", "no rule takes its EXP_TYPE")],
    )
    assert sorted(str(path) for path in (tmp_path / "out").iterdir()) == sorted(report.files)
    assert number_of_runs(catalog) == 1


def test_by_default_nothing_is_written_and_the_run_is_recorded(
    catalog: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image())
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    report = generate(catalog, [pool], Options())
    assert (report.run_id, report.files) == (1, [])
    assert list(here.iterdir()) == []


def test_neither_files_nor_record(catalog: Engine, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image())
    report = generate(catalog, [pool], Options(record=False))
    assert (report.run_id, report.files, report.associations) == (None, [], 1)
    assert number_of_runs(catalog) == 0


def test_the_caller_is_told_how_far_it_is(sqlite: Engine, tmp_path: Path) -> None:
    rows = [nrc_image(1), nrc_image(2, asn_candidate="[('o002', 'observation')]")]
    pool = write_pool(tmp_path / "pool.csv", *rows)
    told: list[tuple[str, int, int]] = []
    generate(sqlite, [pool], Options(record=False), lambda *step: told.append(step))
    size = Path(pool).stat().st_size
    assert ("bytes", size, size) in told
    assert [step for step in told if step[0] == "candidates"] == [
        ("candidates", 1, 2),
        ("candidates", 2, 2),
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (Options(ruleset="hubble"), "'hubble'"),
        (Options(ruleset="2026-03-20"), "kind table"),
        (Options(as_of=dt.date(2021, 5, 23)), "2021-05-23"),
    ],
)
def test_no_such_rules(catalog: Engine, tmp_path: Path, options: Options, words: str) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image())
    with pytest.raises(NotFoundError, match=words):
        generate(catalog, [pool], options)
    assert number_of_runs(catalog) == 0


# ------------------------------------------------------------------ what is made


def test_an_image_and_its_background(sqlite: Engine, tmp_path: Path) -> None:
    found = written(sqlite, tmp_path, nrc_image(1), nrc_image(2, bkgdtarg="t"))
    first, second = nrc_image(1)["filename"], nrc_image(2)["filename"]
    assert {name: members(document) for name, document in found.items()} == {
        "jw00001-o001_image2_00001_asn.json": [(second.replace("uncal", "rate"), "science")],
        "jw00001-o001_image2_00002_asn.json": [
            (first.replace("uncal", "rate"), "science"),
            (second.replace("uncal", "rate"), "background"),
        ],
    }


def test_a_background_taken_with_another_filter_does_not_join(
    sqlite: Engine, tmp_path: Path
) -> None:
    found = written(sqlite, tmp_path, nrc_image(1), nrc_image(2, bkgdtarg="t", filter="f150w"))
    assert sorted(len(members(document)) for document in found.values()) == [1, 1]


def test_a_time_series_has_members_with_all_integrations(sqlite: Engine, tmp_path: Path) -> None:
    found = written(sqlite, tmp_path, nrc_image(1, tsovisit="t"))
    (document,) = found.values()
    assert members(document) == [("jw00001001001_02101_00001_nrca1_rateints.fits", "science")]
    assert document["products"][0]["name"] == "jw00001001001_02101_00001_nrca1"


def test_a_file_of_another_kind_keeps_its_name(sqlite: Engine, tmp_path: Path) -> None:
    found = written(sqlite, tmp_path, nrc_image(filename="some_exposure.fits"))
    (document,) = found.values()
    assert members(document) == [("some_exposure.fits", "science")]
    assert document["products"][0]["name"] == "some_exposure"


def test_values_are_lower_case_and_programs_have_five_digits(
    sqlite: Engine, tmp_path: Path
) -> None:
    row = {name: value.upper() for name, value in nrc_image(program="123").items()}
    found = written(sqlite, tmp_path, row)
    assert list(found) == ["jw00123-o001_image2_00001_asn.json"]
    (document,) = found.values()
    assert (document["program"], document["asn_id"]) == ("00123", "o001")
    assert members(document) == [("jw00001001001_02101_00001_nrca1_rate.fits", "science")]


def test_an_exposure_with_an_error_is_pointed_out(sqlite: Engine, tmp_path: Path) -> None:
    rows = [nrc_image(1), nrc_image(2, exposerr="Moving_Shutter")]
    fine, degraded = reversed(written(sqlite, tmp_path, *rows).values())
    assert fine["degraded_status"] == "No known degraded exposures in association."
    assert degraded["degraded_status"].startswith("One or more members have an error")
    assert degraded["products"][0]["members"][0]["exposerr"] == "moving_shutter"


def test_without_the_column_the_error_is_null(sqlite: Engine, tmp_path: Path) -> None:
    (document,) = written(sqlite, tmp_path, without(nrc_image(), "exposerr")).values()
    assert document["products"][0]["members"][0]["exposerr"] is None


def test_each_candidate_counts_for_itself(sqlite: Engine, tmp_path: Path) -> None:
    rows = [
        nrc_image(1),
        nrc_image(2),
        nrc_image(3, asn_candidate="[('o002', 'observation')]"),
    ]
    assert list(written(sqlite, tmp_path, *rows)) == [
        "jw00001-o001_image2_00001_asn.json",
        "jw00001-o001_image2_00002_asn.json",
        "jw00001-o002_image2_00001_asn.json",
    ]


def test_the_same_association_for_two_observations_is_made_once(
    sqlite: Engine, tmp_path: Path
) -> None:
    row = nrc_image(asn_candidate="[('o001', 'observation'), ('o002', 'observation')]")
    assert list(written(sqlite, tmp_path, row)) == ["jw00001-o002_image2_00001_asn.json"]


@pytest.mark.parametrize("candidate", ["[('c1000', 'mosaic')]", "7", "null", ""])
def test_only_observations_and_backgrounds_make_associations(
    sqlite: Engine, tmp_path: Path, candidate: str
) -> None:
    assert written(sqlite, tmp_path, nrc_image(asn_candidate=candidate)) == {}


def test_a_background_candidate_needs_a_background(sqlite: Engine, tmp_path: Path) -> None:
    candidate = "[('c1000', 'background')]"
    alone = nrc_image(1, asn_candidate=candidate)
    assert written(sqlite, tmp_path, alone) == {}
    background = nrc_image(2, bkgdtarg="t", asn_candidate=candidate)
    found = written(sqlite, tmp_path, alone, background)
    assert [[kind for _, kind in members(document)] for document in found.values()] == [
        ["science", "background"]
    ]


def test_programs_do_not_mix(sqlite: Engine, tmp_path: Path) -> None:
    found = written(sqlite, tmp_path, nrc_image(1), nrc_image(2, program="2", bkgdtarg="t"))
    assert [(document["program"], len(members(document))) for document in found.values()] == [
        ("00002", 1),
        ("00001", 1),
    ]


def test_the_pool_of_an_association_is_that_of_its_first_exposure(
    sqlite: Engine, tmp_path: Path
) -> None:
    pools = [
        write_pool(tmp_path / "b.csv", nrc_image(1)),
        write_pool(tmp_path / "a.csv", nrc_image(2)),
    ]
    report = generate(sqlite, pools, Options(output=tmp_path / "out", record=False))
    documents = [json.loads(Path(path).read_text()) for path in report.files]
    assert [document["asn_pool"] for document in documents] == ["a.csv", "b.csv"]


def test_an_exposure_that_is_in_two_pools_is_taken_once(sqlite: Engine, tmp_path: Path) -> None:
    pools = [
        write_pool(tmp_path / "a.csv", nrc_image(1)),
        write_pool(tmp_path / "b.csv", nrc_image(1), nrc_image(2)),
    ]
    report = generate(sqlite, pools, Options(record=False))
    assert (report.exposures, report.associations) == (3, 2)


# ------------------------------------------------------------------ what is refused


def test_the_same_pool_twice(sqlite: Engine, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image())
    with pytest.raises(UsageError, match="twice"):
        generate(sqlite, [pool, pool], Options(record=False))


def test_a_column_is_missing_in_the_second_pool(sqlite: Engine, tmp_path: Path) -> None:
    pools = [
        write_pool(tmp_path / "good.csv", nrc_image(1)),
        write_pool(tmp_path / "bad.csv", without(nrc_image(2), "pntgtype")),
    ]
    with pytest.raises(PoolError, match=r"bad\.csv: no column PNTGTYPE"):
        generate(sqlite, pools, Options(record=False))


def test_another_file_of_the_name_is_in_the_way(catalog: Engine, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image())
    blocking = tmp_path / "jw00001-o001_image2_00001_asn.json"
    blocking.write_text("mine")
    with pytest.raises(OutputError, match="differs"):
        generate(catalog, [pool], Options(output=tmp_path))
    assert blocking.read_text() == "mine"
    assert number_of_runs(catalog) == 0


def test_a_name_that_leads_elsewhere_is_refused_even_if_nothing_is_written(
    catalog: Engine, tmp_path: Path
) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image(program="../x"))
    with pytest.raises(PoolError, match="PROGRAM"):
        generate(catalog, [pool], Options())
    assert number_of_runs(catalog) == 0


def test_programs_that_filling_makes_the_same_are_numbered_together(
    catalog: Engine, tmp_path: Path
) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image(1, program="1"), nrc_image(2, program="01"))
    report = generate(catalog, [pool], Options(output=tmp_path / "out"))
    assert [Path(path).name for path in report.files] == [
        "jw00001-o001_image2_00001_asn.json",
        "jw00001-o001_image2_00002_asn.json",
    ]
