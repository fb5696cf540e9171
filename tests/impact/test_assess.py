"""What a draft would change of what is on record."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from asnrules.catalog import store
from asnrules.database.engines import transaction
from asnrules.errors import NotFoundError, OutputError
from asnrules.impact import assess
from asnrules.impact.assess import assess_impact
from asnrules.impact.report import Impact, write_report
from asnrules.rules.checksums import checksum
from asnrules.workflows.generate import Options, generate
from catalog.analysis.rulesets import OVERALL, Edits, edited
from cli.small_pools import nrc_image, write_pool
from filled import copied, seed_few

MRS = {
    "exp_type": "mir_mrs", "instrume": "miri", "detector": "mirifulong", "filter": "null",
    "band": "long", "channel": "34", "pupil": "null", "mostilno": "1", "patttype": "null",
}  # fmt: skip


def mrs(number: int, program: str = "2", **changes: str) -> dict[str, str]:
    name = f"jw{program:0>5}001001_02101_{number:05}_mirifulong_uncal.fits"
    return nrc_image(number, **MRS, filename=name, program=program, **changes)


def columns(exposure: dict[str, str]) -> dict[str, str]:
    """Give an exposure the columns of all, in one order."""
    return {name: exposure.get(name, "null") for name in (*nrc_image(), *mrs(1))}


def recorded(engine: Engine, folder: Path, name: str, *exposures: dict[str, str]) -> None:
    path = write_pool(folder / name, *map(columns, exposures))
    generate(engine, [path], Options())


def drafted(engine: Engine, folder: Path, edits: Edits, label: str = "draft") -> str:
    content = edited(folder, edits, label=label)
    with transaction(engine, writing=True) as connection:
        store.insert_draft(connection, content)
    return checksum(content)


def groups(impact: Impact) -> dict[tuple[str, str], int]:
    counts: Counter[tuple[str, str]] = Counter()
    for group in impact.groups():
        counts[group.reason.what, group.reason.change] += group.count
    return dict(counts)


NO_MRS: Edits = {
    "conditions.toml": (
        'exp_type = { in = ["mir_mrs", "mir_wfss", "nis_soss"',
        'exp_type = { in = ["mir_wfss", "nis_soss"',
    )
}


SPECTRA = ("spectra.csv", mrs(1), mrs(2), mrs(3, program="3"))


@pytest.fixture
def engine(
    engine_name: str, templates: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Engine]:
    """Give a catalog with two pools on record: NIRCam images, and MRS of two programs."""

    def fill(engine: Engine) -> None:
        seed_few(engine)
        recorded(engine, tmp_path, "images.csv", nrc_image(1), nrc_image(2))
        recorded(engine, tmp_path, *SPECTRA)

    template = templates.get(engine_name, "impact", fill, empty=True)
    yield from copied(engine_name, template, tmp_path, request)


def test_a_draft_that_says_the_same_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    checksum = drafted(engine, tmp_path, {})
    impact = assess_impact(engine, "draft")
    assert (impact.runs, impact.exposures, impact.regrouped) == (2, 5, 0)
    assert impact.signatures == 2
    assert impact.changed == []
    assert impact.draft == {"ruleset": "draft", "checksum": checksum}
    assert [one["ruleset"] for one in impact.against] == ["jwst-3.0.0"]


def test_what_no_rule_takes_any_more(engine: Engine, tmp_path: Path) -> None:
    drafted(engine, tmp_path, NO_MRS)
    impact = assess_impact(engine, "draft")
    taken = "spec2, rate or rateints, as science"
    assert groups(impact) == {
        ("association", "spec2 by Asn_Lv2Spec -> none"): 3,
        ("decision", f"Asn_Lv2Spec: {taken} -> not taken"): 3,
    }
    assert (impact.decisions, impact.associations, impact.regrouped) == (3, 3, 3)
    (decision,) = (group for group in impact.groups() if group.reason.what == "decision")
    assert "EXP_TYPE is 'mir_mrs'" in decision.reason.why
    assert decision.exp_types == ["MIR_MRS"]
    assert "jw00002001001_02101_00001_mirifulong_uncal.fits" in decision.examples


def test_exposures_put_together_in_another_way(engine: Engine, tmp_path: Path) -> None:
    background = mrs(4, program="4", bkgdtarg="t", targetid="9")
    recorded(engine, tmp_path, "nods.csv", mrs(1, program="4"), background)
    # Backgrounds of other targets stay out.
    edits: Edits = {
        "rules/spectral.toml": (
            'groups = ["base", "mode"]\nkeys = ["exp_type"]\nrequires = ["spectral_general"',
            'groups = ["base", "mode"]\nkeys = ["exp_type", "target"]\n'
            'requires = ["spectral_general"',
        )
    }
    drafted(engine, tmp_path, edits)
    impact = assess_impact(engine, "draft")
    assert groups(impact) == {("association", "spec2 by Asn_Lv2Spec: members -1 background"): 1}
    (changed,) = impact.changed
    assert changed.reason.why == "Asn_Lv2Spec puts exposures together in another way"
    assert (changed.program, changed.exp_type) == ("00004", "MIR_MRS")
    assert changed.name == "jw00004001001_02101_00001_mirifulong"
    # The images are left alone.
    assert impact.regrouped == 5


def test_candidates_that_share_no_exposure_are_left_alone(engine: Engine, tmp_path: Path) -> None:
    other = nrc_image(7, program="5", asn_candidate="[('o002', 'observation')]")
    linked = "[('o003', 'observation'), ('c1000', 'background')]"
    both = "[('o001', 'observation'), ('c1000', 'background')]"
    recorded(
        engine, tmp_path, "mixed.csv",
        mrs(1, program="5", asn_candidate=both), nrc_image(8, program="5", asn_candidate=linked),
        other,
    )  # fmt: skip
    drafted(engine, tmp_path, NO_MRS)
    impact = assess_impact(engine, "draft", program="5")
    assert (impact.exposures, impact.decisions, impact.regrouped) == (3, 1, 2)


def test_another_type_and_another_class(engine: Engine, tmp_path: Path) -> None:
    edits: Edits = {
        "rules/image.toml": ('asn_type = "image2"', 'asn_type = "tso-image2"'),
        "conditions.toml": ('in = ["mir_darkall"', 'in = ["mir_mrs", "mir_darkall"'),
    }
    drafted(engine, tmp_path, edits)
    found = groups(assess_impact(engine, "draft"))
    assert found["association", "image2 by Asn_Lv2Image -> tso-image2 by Asn_Lv2Image"] == 2
    assert found["decision", "class science -> dark"] == 3
    assert found["association", "spec2 by Asn_Lv2Spec -> none"] == 3


@pytest.mark.parametrize(
    ("edit", "changes", "why"),
    [
        (
            ("sequence_digits = 5", "sequence_digits = 3"),
            ["spec2 by Asn_Lv2Spec: number of 5 digits -> 3"],
            "the setting sequence_digits is 3, not 5",
        ),
        (
            (OVERALL, "overall = []"),
            ["none -> spec2 by Asn_Lv2Spec"],
            "the setting overall is nothing, not prune_memberships (removes found), "
            "prune_products (keeps longer, removes found)",
        ),
        (
            ('"containing"', '"listed"'),
            ["none -> spec2 by Asn_Lv2Spec", "spec2 by Asn_Lv2Spec -> none"],
            "the setting candidate_rows is listed, not containing",
        ),
    ],
)
def test_settings(
    catalog: Engine, tmp_path: Path, edit: tuple[str, str], changes: list[str], why: str
) -> None:
    # Two candidates with the same members, and one whose id another contains.
    twice = mrs(1, asn_candidate="[('o001', 'observation'), ('o002', 'observation')]")
    other = mrs(2, asn_candidate="[('ao001', 'observation')]")
    recorded(catalog, tmp_path, "settings.csv", twice, other)
    drafted(catalog, tmp_path, {"ruleset.toml": edit})
    impact = assess_impact(catalog, "draft")
    assert (impact.decisions, impact.associations > 0) == (0, True)
    assert {(one.reason.change, one.reason.why) for one in impact.changed} == {
        (change, why) for change in changes
    }


def test_the_order_of_numbers_in_names_does_not_count(engine: Engine, tmp_path: Path) -> None:
    edit = ("numbers_reversed = true", "numbers_reversed = false")
    drafted(engine, tmp_path, {"ruleset.toml": edit})
    impact = assess_impact(engine, "draft")
    assert (impact.changed, impact.regrouped) == ([], 0)


IFU = {
    "exp_type": "nrs_ifu", "instrume": "nirspec", "detector": "nrs1", "filter": "f170lp",
    "grating": "g235h", "mostilno": "1", "bkgdtarg": "t",
}  # fmt: skip


def ifu(number: int, **values: str) -> dict[str, str]:
    name = f"jw00001001001_02101_{number:05}_nrs1_uncal.fits"
    return nrc_image(number, **IFU, filename=name, **values)


def test_the_changes_of_the_chain_that_turned_it(catalog: Engine, tmp_path: Path) -> None:
    # The second is an imprint by one change, and a companion of the first by another.
    rows = [ifu(1, is_imprt="f"), ifu(2, is_imprt="t")]
    generate(catalog, [write_pool(tmp_path / "flags.csv", *rows)], Options(ruleset="jwst-1.9.0"))
    for draft, against in (("jwst-1.9.6", None), ("jwst-1.9.0", "jwst-1.9.5")):
        impact = assess_impact(catalog, draft, against=against)
        found = {
            (one.name.rpartition("_02101_0000")[2][0], one.reason.change.partition(":")[0]): [
                change.change.removeprefix("1.9.4-") for change in one.changes
            ]
            for one in impact.changed
        }
        assert found["1", "spec2 by Asn_Lv2SpecSpecial"] == ["flag-order", "special-imprint"]
        assert found["2", "Asn_Lv2Spec"] == ["flag-order", "imprint-offered-again"]
        assert found["2", "Asn_Lv2SpecSpecial"] == ["special-imprint"]
        assert found["2", "Asn_Lv2SpecImprint"] == ["imprint-own"]
        counts = {one.change.change: one[1:] for one in impact.by_change()}
        assert counts == {
            "1.9.4-flag-order": (2, 1), "1.9.4-special-imprint": (1, 1),
            "1.9.4-imprint-own": (1, 1), "1.9.4-imprint-offered-again": (1, 0),
        }  # fmt: skip


def test_a_program_and_a_day(engine: Engine, tmp_path: Path) -> None:
    drafted(engine, tmp_path, NO_MRS)
    impact = assess_impact(engine, "draft", program="0003")
    assert (impact.exposures, impact.decisions, impact.associations) == (1, 1, 1)
    with pytest.raises(NotFoundError, match="no exposure of program '77' is on record"):
        assess_impact(engine, "draft", program="77")
    tomorrow = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=2)
    assert assess_impact(engine, "draft", since=tomorrow).exposures == 0
    assert assess_impact(engine, "draft", since=dt.date(2026, 1, 1)).exposures == 5


def test_a_pool_that_was_run_twice_counts_once(engine: Engine, tmp_path: Path) -> None:
    recorded(engine, tmp_path, *SPECTRA)
    drafted(engine, tmp_path, NO_MRS)
    impact = assess_impact(engine, "draft")
    assert (impact.runs, impact.decisions) == (2, 3)
    assert {one.run_id for one in impact.changed} == {3}


def test_two_drafts_against_each_other(engine: Engine, tmp_path: Path) -> None:
    drafted(engine, tmp_path, NO_MRS, "draft")
    with transaction(engine, writing=True) as connection:
        content = edited(tmp_path, {}, label="other")
        store.insert_draft(connection, replace(content, effective_from=dt.date(2032, 1, 1)))
    impact = assess_impact(engine, "other", against="draft")
    assert [one["ruleset"] for one in impact.against] == ["draft"]
    assert groups(impact)["association", "none -> spec2 by Asn_Lv2Spec"] == 3
    whys = {one.reason.why for one in impact.changed if one.reason.what == "decision"}
    assert all(why.startswith("no longer asked: ") for why in whys)


@pytest.mark.parametrize("candidate", ["o002", "O002"])
def test_the_options_of_the_run_are_followed(
    catalog: Engine, tmp_path: Path, candidate: str
) -> None:
    path = write_pool(
        tmp_path / "two.csv",
        *map(columns, (mrs(1), mrs(2, asn_candidate="[('o002', 'observation')]"))),
    )
    generate(catalog, [path], Options(candidates=[candidate]))
    drafted(catalog, tmp_path, NO_MRS)
    impact = assess_impact(catalog, "draft")
    assert (impact.decisions, impact.associations) == (2, 1)


def test_the_report_is_kept_and_names_the_draft(engine: Engine, tmp_path: Path) -> None:
    checksum = drafted(engine, tmp_path, NO_MRS)
    impact = assess_impact(engine, "draft")
    path = tmp_path / "report.json"
    write_report(path, impact)
    kept = json.loads(path.read_text())
    assert kept == json.loads(json.dumps(impact.document()))
    assert kept["draft"] == {"ruleset": "draft", "checksum": checksum}
    assert len(kept["changes"]) == kept["decisions_changed"] + kept["associations_changed"] == 6
    with pytest.raises(OutputError, match="is there already"):
        write_report(path, impact)
    with pytest.raises(OutputError, match="No such file"):
        write_report(tmp_path / "nowhere" / "report.json", impact)
    assert sorted(found.name for found in tmp_path.glob(".*")) == []


@pytest.mark.parametrize("length", [1, 2])
def test_shared_by_processes_it_comes_to_the_same(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    drafted(engine, tmp_path, NO_MRS)
    alone = assess_impact(engine, "draft")
    monkeypatch.setattr(assess, "_LENGTH", length)
    seen: list[tuple[str, int, int]] = []
    together = assess_impact(engine, "draft", workers=2, progress=lambda *told: seen.append(told))
    assert replace(together, seconds=0, changed=[]) == replace(alone, seconds=0, changed=[])
    assert Counter(together.changed) == Counter(alone.changed)
    assert {stage for stage, _, _ in seen} == {"exposures", "associations"}


def test_an_unknown_draft(engine: Engine) -> None:
    with pytest.raises(NotFoundError, match="no ruleset 'drafd'"):
        assess_impact(engine, "drafd")
    with pytest.raises(NotFoundError, match="is of kind table"):
        assess_impact(engine, "jwst-3.0.0", against="2026-03-20")
