"""Which runs there are, and what the record says of each."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import Engine

import recorded
from asnrules.errors import NotFoundError, UsageError
from asnrules.record.queries.runs import RunFilter, list_runs, report_run
from recorded import LATER_NAME, NEXT, POOL_NAME, moment, stem


def numbers(engine: Engine, limit: int | None = None, **wanted: Any) -> list[int]:
    with engine.connect() as connection:
        return [run.run_id for run in list_runs(connection, RunFilter(**wanted), limit)]


def test_all_runs_the_latest_first(ledger: Engine) -> None:
    assert numbers(ledger) == [5, 4, 3, 2, 1]


WANTED: list[tuple[dict[str, Any], list[int]]] = [
    ({"operator": "anna"}, [2, 1]),
    ({"operator": "Anna"}, []),
    ({"ruleset": NEXT}, [3]),
    ({"origin": "imported"}, [5, 4]),
    ({"pool": POOL_NAME}, [5, 3, 1]),
    ({"pool": LATER_NAME.upper()}, [2]),
    ({"pool": "jw04231"}, []),
    ({"program": "4231"}, [5, 4, 3, 2, 1]),
    ({"program": "04231"}, [5, 4, 3, 2, 1]),
    ({"program": "423"}, []),
    ({"since": dt.date(2026, 12, 1)}, [5, 4, 3]),
    ({"until": dt.date(2026, 12, 1)}, [3, 2, 1]),
    ({"since": dt.date(2026, 12, 1), "until": dt.date(2026, 12, 2)}, [4, 3]),
    ({"since": dt.date(2026, 11, 5), "until": dt.date(2026, 11, 5)}, [2, 1]),
    ({"until": dt.date.max}, [5, 4, 3, 2, 1]),
    ({"operator": "anna", "pool": POOL_NAME}, [1]),
    ({"run_ids": [4, 2, 99]}, [4, 2]),
    ({"run_ids": []}, []),
]


@pytest.mark.parametrize(("wanted", "found"), WANTED)
def test_filters(ledger: Engine, wanted: dict[str, Any], found: list[int]) -> None:
    assert numbers(ledger, **wanted) == found


@pytest.mark.parametrize("limit", [0, -1, -(10**30)])
def test_a_limit_that_is_not_a_number_of_runs(ledger: Engine, limit: int) -> None:
    with pytest.raises(UsageError, match=f"limit: {limit} is not a number of runs"):
        numbers(ledger, limit)


def test_a_limit_leaves_the_latest(ledger: Engine) -> None:
    assert numbers(ledger, 2) == [5, 4]
    assert numbers(ledger, 1, operator="anna") == [2]


def test_a_program_of_one_letter_less_is_another(ledger: Engine) -> None:
    assert numbers(ledger, program="0") == []
    assert numbers(ledger, program="") == []


def test_an_unknown_ruleset_is_not_found(ledger: Engine) -> None:
    with pytest.raises(NotFoundError, match=r"jwst-4.*jwst-1\.4\.2"):
        numbers(ledger, ruleset="jwst-4")


def test_a_run_as_a_whole(ledger: Engine) -> None:
    with ledger.connect() as connection:
        (run,) = list_runs(connection, RunFilter(run_ids=[1]))
    assert run._asdict() == {
        "run_id": 1, "origin": "generated", "started_at": moment("2026-11-05T10:15"),
        "finished_at": moment("2026-11-05T10:15"), "operator": "anna", "host": "here",
        "software_version": "0.1.0", "ruleset": "jwst-3.0.0", "pools": [POOL_NAME],
        "exposures": 6, "associations": 3, "unassociated": 3, "not_imported": None, "note": None,
    }  # fmt: skip


def test_a_run_of_several_pools_names_them_in_order(catalog: Engine, tmp_path: Any) -> None:
    paths = [
        recorded.write_pool(tmp_path / name, recorded.image(number))
        for number, name in enumerate(("b.csv", "a.csv"), 1)
    ]
    recorded.record(catalog, paths)
    with catalog.connect() as connection:
        (run,) = list_runs(connection)
    assert run.pools == ["b.csv", "a.csv"]


def report(engine: Engine, run_id: int) -> dict[str, Any]:
    with engine.connect() as connection:
        return report_run(connection, run_id).document()


def test_what_is_on_record_about_a_run(ledger: Engine) -> None:
    found = report(ledger, 1)
    assert [(pool["pool"], pool["exposures"], pool["first_run_id"]) for pool in found["pools"]] == [
        (POOL_NAME, 6, 1)
    ]
    assert found["options"] == {
        "candidates": [], "dms": False, "merge": False, "version_id": None,
    }  # fmt: skip
    assert found["by_rule"] == [
        {"asn_type": "image2", "asn_rule": "Asn_Lv2Image", "associations": 2},
        {"asn_type": "image2", "asn_rule": "Asn_Lv2ImageSpecial", "associations": 1},
    ]
    left_out = {one["exp_type"]: one for one in found["left_out"]}
    assert left_out["NRC_DARK"] == {
        "exp_type": "NRC_DARK", "reason": "no rule takes its EXP_TYPE", "exposures": 1,
        "first": f"{stem(4)}_uncal.fits",
    }  # fmt: skip
    assert left_out["NRC_IMAGE"]["reason"] == "it belongs to no candidate"
    assert left_out["NRC_NEW"]["reason"].startswith("no rule: the table has no row for NRC_NEW")
    assert found["verdicts"] == []
    assert found["previous_digest"] == "0" * 64
    assert report(ledger, 2)["previous_digest"] == found["digest"]


def test_a_pool_that_is_run_again_says_who_brought_it(ledger: Engine) -> None:
    assert [pool["first_run_id"] for pool in report(ledger, 3)["pools"]] == [1]


def test_an_imported_run_has_verdicts(ledger: Engine) -> None:
    found = report(ledger, 4)
    assert found["pools"] == []
    assert [(one["asn_name"], one["verdict"], one["explanation"]) for one in found["verdicts"]] == [
        ("jw04231-o001_image2_00001_asn", "unexplained", "the pool is not at hand"),
        ("jw04231-o001_image2_00002_asn", "contradicts", "NRC_DARK makes no association"),
    ]
    assert found["verdicts"][0]["file_name"] == "jw04231-o001_image2_00001_asn.json"
    assert found["verdicts"][0]["asn_rule"] == "candidate_Asn_Lv2Image"


@pytest.mark.parametrize("run_id", [0, -1, 6, 2**40, 2**70])
def test_a_run_that_is_not_there(ledger: Engine, run_id: int) -> None:
    with pytest.raises(NotFoundError, match=f"no run {run_id} on record; the last is 5"):
        report(ledger, run_id)


def test_a_run_of_an_empty_ledger(kept_seeds: Engine) -> None:
    with pytest.raises(NotFoundError, match="there is none yet"):
        report(kept_seeds, 1)
