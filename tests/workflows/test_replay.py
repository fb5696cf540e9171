"""Recorded runs run again: identical under their own rules, and what would change under others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

import filled
from asnrules.catalog import store
from asnrules.database.engines import transaction
from asnrules.errors import NotFoundError, UsageError
from asnrules.record.queries.runs import RunFilter
from asnrules.rules.model import RequiredColumn
from asnrules.workflows.replay import Replay, Verdict, replay, runs_to_replay
from recorded import NEXT, POOL, image, moment, next_ruleset, record, stem, write_pool

pytestmark = pytest.mark.usefixtures("read_once")

EXAMPLE = str(next((Path(__file__).parents[2] / "examples").glob("*_pool.csv")))


def again(engine: Engine, *run_ids: int, ruleset: str | None = None) -> list[Replay]:
    return list(replay(engine, runs_to_replay(engine, run_ids), ruleset))


def only(engine: Engine, run_id: int = 1, ruleset: str | None = None) -> Replay:
    (found,) = again(engine, run_id, ruleset=ruleset)
    return found


def publish_next(engine: Engine, **changes: Any) -> None:
    with transaction(engine, writing=True) as connection:
        content = replace(next_ruleset(), **changes)
        key = store.insert_draft(connection, content)
        store.publish(connection, [key], moment("2026-11-30T00:00"))


def change(engine: Engine, statement: str, **values: Any) -> None:
    filled.without_guards(engine)
    with engine.begin() as connection:
        assert connection.execute(text(statement), values).rowcount > 0


# ------------------------------------------------------------------ identical

OPTIONS: list[dict[str, Any]] = [
    {},
    {"candidates": ["o009"]},
    {"candidates": ["O009", "c1001"], "dms": True},
    {"merge": True},
    {"version_id": "20261105t101500"},
    {"candidates": ["c1001"], "merge": True, "version_id": "v1"},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_the_example_comes_out_identical(catalog: Engine, options: dict[str, Any]) -> None:
    run_id = record(catalog, [EXAMPLE], **options)
    found = only(catalog, run_id)
    assert (found.verdict, found.fields, found.decisions) == (Verdict.IDENTICAL, [], [])
    assert not found.associations
    assert found.associations.unchanged == found.run.associations > 0
    assert found.is_fine


def test_pools_together_come_out_identical(catalog: Engine, tmp_path: Path) -> None:
    first = write_pool(tmp_path / "b.csv", image(1), image(4, exp_type="nrc_dark"))
    second = write_pool(tmp_path / "a.csv", image(2), image(3, bkgdtarg="t"))
    # A pool that is on record already keeps its key, so that keys are in no order.
    record(catalog, [second])
    record(catalog, [first, second])
    assert [one.verdict for one in again(catalog, 1, 2)] == [Verdict.IDENTICAL] * 2


def test_rows_in_any_order_come_out_identical(catalog: Engine, tmp_path: Path) -> None:
    record(catalog, [write_pool(tmp_path / "pool.csv", *POOL[::-1])])
    assert only(catalog).verdict is Verdict.IDENTICAL


def test_a_pool_of_nothing_comes_out_identical(catalog: Engine, tmp_path: Path) -> None:
    (tmp_path / "pool.csv").write_text("filename|asn_candidate\n")
    record(catalog, [str(tmp_path / "pool.csv")])
    assert only(catalog).verdict is Verdict.IDENTICAL


def test_a_run_of_other_rules_goes_by_its_own(ledger: Engine) -> None:
    found = only(ledger, 3)
    assert (found.verdict, found.ruleset) == (Verdict.IDENTICAL, NEXT)


def test_rows_that_differ_in_what_is_not_recorded_stay_two(catalog: Engine, tmp_path: Path) -> None:
    msa = {
        "exp_type": "nrs_msaspec", "instrume": "nirspec", "detector": "nrs1", "filter": "f170lp",
        "grating": "g235h", "expspcin": "1", "numdthpt": "2", "subpxpts": "1", "patttype": "none",
        "msametfl": "shutters.fits",
    }  # fmt: skip
    rows = [
        image(number, **msa, patt_num=str(number), gsc_ver=version)
        for number, version in ((1, "a"), (1, "b"), (1, "b"), (2, "a"))
    ]
    pool = write_pool(tmp_path / "pool.csv", *rows)
    for label in ("jwst-1.2.0", "jwst-3.0.0"):
        record(catalog, [pool], ruleset=label)
    old, new = again(catalog, 1, 2)
    assert (old.verdict, new.verdict) == (Verdict.IDENTICAL, Verdict.IDENTICAL)
    assert old.run.associations > 0


# ------------------------------------------------------------------ found out

ASSOCIATION = "WHERE run_id = 1 AND position = 2"
TAMPERED: list[tuple[str, str, dict[str, Any]]] = [
    ("associations", f"UPDATE associations SET asn_rule = 'Asn_Other' {ASSOCIATION}", {}),
    ("associations", f"UPDATE associations SET asn_type = 'spec2' {ASSOCIATION}", {}),
    ("associations", f"UPDATE associations SET target = '2' {ASSOCIATION}", {}),
    ("associations", f"UPDATE associations SET keys = '' {ASSOCIATION}", {}),
    ("associations", f"UPDATE associations SET asn_name = 'jw1' {ASSOCIATION}", {}),
    ("associations", f"UPDATE associations SET degraded_status = '' {ASSOCIATION}", {}),
    (
        "associations",
        "UPDATE association_members SET exptype = 'imprint' "
        "WHERE run_id = 1 AND association = 2 AND position = 2",
        {},
    ),
    (
        "associations",
        "UPDATE association_members SET exposerr = 'x' "
        "WHERE run_id = 1 AND association = 3 AND position = 1",
        {},
    ),
    ("associations", "DELETE FROM association_members WHERE run_id = 1 AND association = 2", {}),
    ("decisions", "UPDATE decisions SET association_count = 7 WHERE position = 4", {}),
    ("decisions", "UPDATE decisions SET reason = 'because' WHERE position = 1", {}),
    ("decisions", "UPDATE decisions SET reason = NULL WHERE position = 5", {}),
    ("decisions", "DELETE FROM decisions WHERE position = 2", {}),
    (
        "decisions",
        "UPDATE decisions SET trace_id = (SELECT trace_id FROM decisions WHERE position = 4) "
        "WHERE position = 2",
        {},
    ),
    ("decisions", "UPDATE traces SET member_type = 'psf' WHERE member_type = 'dark'", {}),
    ("decisions", "UPDATE traces SET special = 'PSF' WHERE member_type = 'dark'", {}),
    ("decisions", "UPDATE traces SET reason = 'x' WHERE member_type = 'dark'", {}),
    ("decisions", "UPDATE traces SET table_position = 1 WHERE member_type = 'dark'", {}),
    ("decisions", "UPDATE traces SET trace = '[]' WHERE member_type = 'dark'", {}),
    ("decisions", "UPDATE traces SET signature = '{}' WHERE member_type = 'dark'", {}),
    ("decisions", "UPDATE traces SET agrees = NULL WHERE member_type = 'dark'", {}),
    ("fields", "UPDATE runs SET unassociated_count = 0", {}),
    ("fields", "UPDATE runs SET exposure_count = 0", {}),
    ("fields", "UPDATE runs SET association_count = 0", {}),
    ("fields", "UPDATE runs SET diagnostics = :value", {"value": '["x"]'}),
]


@pytest.fixture
def one_run(
    engine_name: str, templates: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Engine]:
    """Give a catalog of few rulesets with a run of POOL."""

    def fill(engine: Engine) -> None:
        filled.seed_few(engine)
        record(engine, [write_pool(tmp_path / "pool.csv", *POOL)])

    template = templates.get(engine_name, "one run", fill, empty=True)
    yield from filled.copied(engine_name, template, tmp_path, request)


@pytest.mark.parametrize(("where", "statement", "values"), TAMPERED)
def test_a_record_that_was_changed_is_not_identical(
    one_run: Engine, where: str, statement: str, values: dict[str, Any]
) -> None:
    change(one_run, statement, **values)
    found = only(one_run)
    assert found.verdict is Verdict.DIFFERS
    assert not found.is_fine
    differing = {name for name in ("associations", "decisions", "fields") if getattr(found, name)}
    assert differing == {where}


def test_an_exposure_that_was_changed_changes_what_is_made(catalog: Engine, tmp_path: Path) -> None:
    record(catalog, [write_pool(tmp_path / "pool.csv", *POOL)])
    change(catalog, "UPDATE exposures SET asn_candidate = 'null' WHERE position = 2")
    found = only(catalog)
    assert found.verdict is Verdict.DIFFERS
    assert [[p.name for p in one.products] for one in found.associations.removed] == [[stem(1)]]
    (one, other) = found.decisions
    assert (one.filename, one.words()) == (
        f"{stem(1)}_uncal.fits",
        ["associations: 0, was 1", "reason: it belongs to no candidate, was none"],
    )
    assert (other.filename, other.words()) == (
        f"{stem(3)}_uncal.fits", ["associations: 2, was 3"],
    )  # fmt: skip


def test_what_a_rule_says_otherwise_is_told_by_rule(catalog: Engine, tmp_path: Path) -> None:
    record(catalog, [write_pool(tmp_path / "pool.csv", image(1))])
    with catalog.connect() as connection:
        trace = json.loads(connection.execute(text("SELECT trace FROM traces")).scalar_one())
    answers = {one["asn_rule"]: one for one in trace}
    answers["Asn_Lv2ImageTSO"]["failed_condition"] = "it is cloudy"
    change(catalog, "UPDATE traces SET trace = :trace", trace=json.dumps(trace))
    (decision,) = only(catalog).decisions
    assert decision.words() == [
        "rule Asn_Lv2ImageTSO: a time-series science exposure: TSOVISIT is not set, wanted t, "
        "was it is cloudy"
    ]


# ------------------------------------------------------------------ other rules


def test_other_rules_show_what_would_change(ledger: Engine) -> None:
    found = only(ledger, 1, NEXT)
    assert (found.verdict, found.ruleset, found.run.ruleset) == (
        Verdict.DIFFERS, NEXT, "jwst-3.0.0",
    )  # fmt: skip
    assert [one.asn_rule for one in found.associations.removed] == ["Asn_Lv2ImageSpecial"]
    assert (found.associations.added, found.associations.changed) == ([], [])
    assert found.associations.unchanged == 2
    (decision,) = found.decisions
    assert (decision.filename, decision.words()) == (
        f"{stem(3)}_uncal.fits", ["associations: 2, was 3"],
    )  # fmt: skip
    assert found.document()["decisions"] == [
        {
            "filename": f"{stem(3)}_uncal.fits", "position": 4,
            "fields": [{"field": "associations", "before": 3, "after": 2}], "turned_by": [],
        }
    ]  # fmt: skip


def test_an_exposure_that_would_be_left_out_says_why(catalog: Engine, tmp_path: Path) -> None:
    publish_next(catalog)
    record(catalog, [write_pool(tmp_path / "pool.csv", image(3, bkgdtarg="t"))])
    (decision,) = only(catalog, 1, NEXT).decisions
    (count, reason) = decision.fields
    assert count == ("associations", 1, 0)
    assert (reason.field, reason.before) == ("reason", None)
    assert reason.after


def test_other_rules_that_change_nothing_here(catalog: Engine, tmp_path: Path) -> None:
    publish_next(catalog)
    record(catalog, [write_pool(tmp_path / "pool.csv", image(1), image(2))])
    found = only(catalog, 1, NEXT)
    assert (found.verdict, found.is_fine) == (Verdict.SAME, True)
    # Named, it is the run's own all the same.
    assert only(catalog, 1, "jwst-3.0.0").verdict is Verdict.IDENTICAL


def test_rules_that_cannot_work_a_pool(catalog: Engine, tmp_path: Path) -> None:
    content = next_ruleset()
    needed = (*content.required_columns, RequiredColumn("lamp", None))
    publish_next(catalog, required_columns=needed)
    record(catalog, [write_pool(tmp_path / "pool.csv", image(1))])
    record(catalog, [write_pool(tmp_path / "b.csv", image(2, lamp="null"))])
    refused, fine = again(catalog, 1, 2, ruleset=NEXT)
    assert (refused.verdict, refused.is_fine) == (Verdict.REFUSED, False)
    assert "no column LAMP" in (refused.reason or "")
    assert fine.verdict is Verdict.SAME


def test_a_keyword_that_was_not_recorded(catalog: Engine, tmp_path: Path) -> None:
    publish_next(catalog)
    record(catalog, [write_pool(tmp_path / "pool.csv", image(1))])
    change(
        catalog,
        "UPDATE pools SET keywords = replace(keywords, '\"pupil\", ', '')",
    )
    found = only(catalog, 1, NEXT)
    assert found.verdict is Verdict.REFUSED
    assert "PUPIL" in (found.reason or "")


def test_unknown_rules(ledger: Engine) -> None:
    with pytest.raises(NotFoundError, match="jwst-9"):
        only(ledger, 1, "jwst-9")
    with pytest.raises(NotFoundError, match="of kind table"):
        only(ledger, 1, "2026-03-20")


# ------------------------------------------------------------------ of imported runs


def test_an_import_without_a_pool_has_nothing_to_replay(ledger: Engine) -> None:
    found = only(ledger, 4)
    assert (found.verdict, found.is_fine) == (Verdict.NOTHING, True)
    assert "pool" in (found.reason or "")


def test_an_import_with_a_pool_is_compared_with_what_the_rules_make(ledger: Engine) -> None:
    found = only(ledger, 5)
    assert (found.verdict, found.is_fine) == (Verdict.SAME, True)
    assert found.associations.unchanged == 1
    # What else the rules make is told, but an import need not have everything.
    assert [one.asn_rule for one in found.associations.added] == [
        "Asn_Lv2ImageSpecial", "Asn_Lv2Image",
    ]  # fmt: skip


def test_an_import_that_the_rules_do_not_make(
    catalog: Engine, tmp_path: Path, database_url: str
) -> None:
    from recorded import fill_ledger

    fill_ledger(catalog, tmp_path)
    change(
        catalog,
        "UPDATE association_members SET exptype = 'imprint' WHERE run_id = 5 AND position = 2",
    )
    found = only(catalog, 5)
    assert (found.verdict, found.is_fine) == (Verdict.DIFFERS, False)
    (one,) = found.associations.changed
    assert one.words() == [
        f"without {stem(3)}_rate.fits as imprint in {stem(1)}",
        f"with {stem(3)}_rate.fits as background in {stem(1)}",
    ]


# ------------------------------------------------------------------ which runs


def chosen(engine: Engine, run_ids: Sequence[int], wanted: RunFilter | None) -> list[int]:
    return [run.run_id for run in runs_to_replay(engine, run_ids, wanted)]


def test_runs_are_replayed_in_their_order(ledger: Engine) -> None:
    assert chosen(ledger, (), RunFilter()) == [1, 2, 3, 4, 5]
    assert chosen(ledger, (), RunFilter(ruleset=NEXT)) == [3]
    assert chosen(ledger, (3, 1), None) == [3, 1]


def test_what_is_meant_has_to_be_said(ledger: Engine) -> None:
    with pytest.raises(UsageError, match="--all"):
        chosen(ledger, (), None)
    with pytest.raises(UsageError, match="--all"):
        chosen(ledger, (1,), RunFilter())
    with pytest.raises(NotFoundError, match="no run 9"):
        chosen(ledger, (1, 9), None)


@pytest.mark.parametrize("ruleset", [None, NEXT])
def test_shared_by_several_it_comes_to_the_same(ledger: Engine, ruleset: str | None) -> None:
    runs = runs_to_replay(ledger, (), RunFilter())
    assert len(runs) > 3
    alone = [one.document() for one in replay(ledger, runs, ruleset)]
    shared = [one.document() for one in replay(ledger, runs, ruleset, workers=2)]
    assert shared == alone


def test_all_at_once_with_progress(ledger: Engine) -> None:
    seen = []
    found = replay(
        ledger, runs_to_replay(ledger, (), RunFilter()), None, lambda *told: seen.append(told)
    )
    assert [one.verdict.value for one in found] == [
        "identical", "identical", "identical", "nothing to replay", "same",
    ]  # fmt: skip
    assert [told for told in seen if told[0] == "runs"] == [
        ("runs", number, 5) for number in range(5)
    ]
    assert {told[0] for told in seen} == {"runs", "exposures", "candidates"}


# ------------------------------------------------------------------ which changes turned it

IFU = {
    "exp_type": "nrs_ifu", "instrume": "nirspec", "detector": "nrs1", "filter": "f170lp",
    "grating": "g235h", "mostilno": "1", "bkgdtarg": "t",
}  # fmt: skip


def test_the_changes_that_turned_what_differs(catalog: Engine, tmp_path: Path) -> None:
    # The last is an imprint by one change of 1.9.4, and a companion of the first by another.
    rows = [image(1, **IFU, is_imprt="f"), image(2, **IFU, is_imprt="t")]
    record(catalog, [write_pool(tmp_path / "pool.csv", *rows)], ruleset="jwst-1.9.0")
    found = only(catalog, ruleset="jwst-1.9.4")
    assert found.turned is not None
    both = ["1.9.4-flag-order", "1.9.4-special-imprint"]
    names = {
        one.filename: [change.change for change in changes]
        for one, changes in zip(found.decisions, found.turned.decisions, strict=True)
    }
    assert names == {f"{stem(2)}_uncal.fits": both}
    document = found.document()
    changed = document["associations"]["changed"]
    assert {one["after"]["asn_rule"]: one["turned_by"] for one in changed} == {
        "Asn_Lv2SpecSpecial": both, "Asn_Lv2SpecImprint": ["1.9.4-imprint-own"],
    }  # fmt: skip
    counts = {
        one["change"]: (one["decisions"], one["associations"]) for one in document["by_change"]
    }
    assert counts == {
        "1.9.4-flag-order": (1, 1), "1.9.4-special-imprint": (1, 1), "1.9.4-imprint-own": (0, 1),
    }  # fmt: skip
