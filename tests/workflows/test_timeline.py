"""What becomes of a recorded pool under each ruleset, and by which changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from asnrules.errors import NotFoundError, UsageError
from asnrules.workflows.generate import Options, generate
from asnrules.workflows.timeline import Timeline, timeline
from labels import RULES
from recorded import POOL_NAME, image, record, stem, write_pool

pytestmark = pytest.mark.usefixtures("read_once")

OLD = next((Path(__file__).parents[2] / "examples" / "2022").glob("*_pool.csv"))
WFSC, NOD = "jw01098002001_02101_00001_nrs1", "jw01098003001_02101_00001_nrs1"


@pytest.fixture
def old(catalog: Engine) -> Engine:
    """Give a catalog with the pool of August 2022 on record."""
    record(catalog, [str(OLD)], ruleset="jwst-1.5.3")
    return catalog


def events(found: Timeline) -> list[tuple[Any, ...]]:
    return [
        (
            event.info.ruleset,
            event.what,
            event.association.asn_rule,
            [change.change for change in event.changes],
        )
        for event in found.events
        if event.what != "first"
    ]


def test_an_exposure(old: Engine) -> None:
    found = timeline(old, f"{WFSC}_uncal.fits")
    assert [info.ruleset for info in found.rulesets] == RULES
    assert (found.run.run_id, found.refused) == (1, [])
    assert [event.association.asn_type for event in found.events] == ["wfs-image2", "image2"]
    assert events(found) == [("jwst-2.0.0", "changes", "Asn_Lv2WFSC", ["2.0.0-wfsc-image2"])]
    (turned,) = found.turned()
    assert (turned.change.source, turned.associations) == ("jwst pull request 10124", 1)


def test_a_whole_run(old: Engine) -> None:
    told: list[tuple[str, int, int]] = []
    found = timeline(old, 1, lambda *one: told.append(one))
    assert events(found) == [
        ("jwst-1.19.0", "changes", "Asn_Lv2NRSFSS", ["1.19.0-nod-target"]),
        ("jwst-1.19.0", "changes", "Asn_Lv2NRSFSS", ["1.19.0-nod-target"]),
        ("jwst-2.0.0", "changes", "Asn_Lv2WFSC", ["2.0.0-wfsc-image2"]),
    ]
    assert len(found.events) == 7
    # What another exposure became does not count for one.
    assert events(timeline(old, NOD)) == events(found)[:2]
    assert ("rulesets", len(RULES), len(RULES)) in told


def test_the_newest_run_counts_and_its_options(old: Engine) -> None:
    generate(old, [str(OLD)], Options(candidates=["o002"]))
    assert timeline(old, f"{WFSC}_rate.fits").run.run_id == 2
    assert [event.info.ruleset for event in timeline(old, NOD).events] == []


def test_rules_that_cannot_evaluate_the_pool(catalog: Engine, tmp_path: Path) -> None:
    row = image(1, exp_type="nrc_coron", detector="nrca2", filter="f210m")
    lacking = {name: value for name, value in row.items() if name not in ("pupil", "subarray")}
    record(catalog, [write_pool(tmp_path / "pool.csv", lacking)], ruleset="jwst-1.2.0")
    found = timeline(catalog, 1)
    assert found.refused == RULES[RULES.index("jwst-1.11.0") :]
    assert [event.what for event in found.events] == ["first"]


@pytest.mark.parametrize(
    ("what", "error", "words"),
    [
        (f"{stem(9)}_uncal.fits", NotFoundError, f"near it are .*{stem(4)}_uncal.fits"),
        (77, NotFoundError, "no run 77 on record; the last is 5"),
        (4, UsageError, "the pool of run 4 is not on record"),
    ],
)
def test_what_is_not_on_record(ledger: Engine, what: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        timeline(ledger, what)


def test_an_import_with_its_pool(ledger: Engine) -> None:
    found = timeline(ledger, f"{stem(3)}_uncal.fits")
    assert (found.run.run_id, found.run.pools) == (5, [POOL_NAME])
    assert events(found)[0][3] != []
