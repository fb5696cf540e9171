"""What is said to have turned an association: only what a comparison finds, the same everywhere."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from asnrules.catalog.changes import NamedChange
from asnrules.impact.assess import assess_impact
from asnrules.workflows.generate import Options, generate
from asnrules.workflows.import_associations import ImportOptions, import_associations
from asnrules.workflows.replay import replay, runs_to_replay
from asnrules.workflows.timeline import timeline
from parity.cases import PARITY

pytestmark = [
    pytest.mark.usefixtures("shared", "read_once"),
    pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True),
]

CHANGES = PARITY / "changes"


def recorded(engine: Engine, change: str, ruleset: str = "jwst-3.0.0") -> None:
    """Record a run of the small pool that shows a change."""
    generate(engine, [str(CHANGES / change / "pool.csv")], Options(ruleset=ruleset))


def names(changes: Iterable[NamedChange]) -> list[str]:
    return [change.change for change in changes]


# A consequence of a change that holds nothing of its own is not found by leaving it out; a change
# for NIRISS does not need that for NIRCam, nor the other way round.
@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("2.0.0-lrs-taconfirm", ["2.0.0-lrs-taconfirm"]),
        ("2.0.0-lrs-tso", ["2.0.0-lrs-taconfirm"]),
        ("1.16.0-nod-unknowns", ["1.14.0-msa-primary", "1.16.0-nod-unknowns"]),
        ("1.7.1-wfss-nis-pupil", ["1.7.1-wfss-nis-pupil"]),
        ("1.7.1-wfss-nrc-detector", ["1.7.1-wfss-nrc-detector"]),
        (
            "1.14.0-tie-by-name",
            ["1.8.5-tie-by-rule-rank", "1.11.0-prune-memberships", "1.14.0-tie-by-name"],
        ),
    ],
)
def test_no_change_is_named_that_did_nothing(
    catalog: Engine, change: str, found: list[str]
) -> None:
    recorded(catalog, change)
    life = timeline(catalog, 1)
    assert sorted(names(one.change for one in life.turned())) == sorted(found)
    # From the first rules to today's no other may be named.
    impact = assess_impact(catalog, "jwst-1.2.0")
    (again,) = replay(catalog, runs_to_replay(catalog, [1]), "jwst-1.2.0")
    turned = again.turned.associations if again.turned else []
    told = [one for one in impact.changed if one.reason.what == "association"]
    # A replay compares no numbers.
    numbers = [one.changes for one in told if one.reason.change.endswith("5 digits -> 3")]
    assert all(names(one) == ["1.8.1-five-digits"] for one in numbers)
    associations = [one.changes for one in told if one.changes not in numbers]
    assert len(turned) == len(associations)
    for changes in (*turned, *associations):
        assert changes
        assert set(names(changes)) <= set(found)


@pytest.mark.parametrize(
    ("change", "ruleset"),
    [("1.11.0-prune-products", "jwst-1.10.0"), ("1.12.0-prune-alike", "jwst-1.2.0")],
)
def test_why_is_what_the_changes_say(catalog: Engine, change: str, ruleset: str) -> None:
    recorded(catalog, change, ruleset)
    impact = assess_impact(catalog, "jwst-3.0.0")
    associations = [one for one in impact.changed if one.reason.what == "association"]
    assert associations
    for one in associations:
        assert one.changes
        assert one.reason.why == "; ".join(it.why.rstrip(".") for it in one.changes)


def test_what_came_again_needs_what_it_came_by_first(catalog: Engine) -> None:
    # It came with its rule in 1.11.0, went in 1.12.0, and came again in 1.20.0.
    both = ["1.11.0-coron-as-rate", "1.20.0-prune-identity"]
    recorded(catalog, "1.12.0-prune-alike")
    (found,) = replay(catalog, runs_to_replay(catalog, [1]), "jwst-1.2.0")
    assert found.turned is not None
    turned = [
        (one.products[0].name[-11:-6], names(changes))
        for one, changes in zip(found.associations.removed, found.turned.associations, strict=False)
    ]
    assert sorted(turned) == [("00001", both), ("00002", both[:1])]
    impact = assess_impact(catalog, "jwst-1.2.0")
    assert both in [names(one.changes) for one in impact.changed]
    # Made under rules that have the rule, it was taken away and brought back: nothing turned it.
    (later,) = replay(catalog, runs_to_replay(catalog, [1]), "jwst-1.11.0")
    assert later.turned is None or both not in map(names, later.turned.associations)


# Of each file that a release made: the changes that are named, by its number.
@pytest.mark.parametrize(
    ("change", "release", "found"),
    [
        (
            "1.12.0-prune-alike", "1.2.0",
            {"001": ["1.10.0-psf-science", "1.10.0-single-is-science"], "002": []},
        ),
        ("1.12.0-prune-alike", "1.10.0", {"00001": [], "00002": []}),
        # The only difference is how often a file is listed.
        (
            "1.8.5-member-once", "1.8.1",
            {
                "00001": [], "00002": ["1.8.5-member-once"],
                "00003": ["1.8.5-member-once"],
            },
        ),
    ],
)  # fmt: skip
def test_an_imported_file_has_the_changes_of_its_own(
    catalog: Engine, tmp_path: Path, change: str, release: str, found: dict[str, list[str]]
) -> None:
    made = json.loads((CHANGES / change / "history" / f"{release}.json").read_text())
    for document in made:
        path = tmp_path / f"{document['asn_name']}.json"
        path.write_text(json.dumps(document | {"code_version": release}))
    options = ImportOptions([str(CHANGES / change / "pool.csv")])
    report = import_associations(catalog, [str(tmp_path)], options)
    named = {}
    for file in report.files:
        said = file.explanation.partition("changed since by ")[2].partition("; rules: ")[0]
        named[file.asn_name.split("_")[2]] = [
            text.partition(":")[0] for text in said.split("; and by ") if text
        ]
        assert bool(said) != ("today's rules (jwst-3.0.0) make the same" in file.explanation)
    assert named == found
