"""How two rulesets differ: rows field by field, and answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from asnrules.analysis.behaviour import AnswerChange, answer_changes
from asnrules.analysis.items import changes
from asnrules.engine.signatures import judge_values
from asnrules.rules.checksums import checksum
from asnrules.rules.model import Ruleset
from asnrules.rules.settings import Settings
from catalog.analysis.rulesets import OVERALL, Edits, edited, vocabulary
from seeds import SEEDS, seed

Compared = dict[tuple[str, str, str], AnswerChange]


def compared(*pair: Ruleset, combinations: int = 100) -> Compared:
    found, count = answer_changes(*pair, vocabulary())
    assert count > combinations
    return {(change.aspect, change.before, change.after): change for change in found}


def only(content: Ruleset, *names: str) -> Ruleset:
    """Leave a few rules, as all of them take long to compare."""
    return replace(content, rules=tuple(rule for rule in content.rules if rule.name in names))


# Edits that have nothing to do with each other.
SEVERAL: Edits = {
    "ifu_paths.csv": ("g235h,f170lp,nrs1 nrs2", "g235h,f170lp,nrs1"),
    "conditions.toml": (
        '"mir_darkall", "mir_darkimg"',
        '"mir_coroncal", "mir_image", "mir_darkall", "mir_darkimg"',
    ),
    "rules/nirspec_nods.toml": ('keys = ["msametfl", "expspcin"]', 'keys = ["msametfl"]'),
    "rules/image.toml": ('asn_rule = "Asn_Lv2WFSC"', 'asn_rule = "Asn_Lv2Wavefront"'),
}


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Ruleset:
    found: Ruleset = edited(tmp_path_factory.mktemp("several"), SEVERAL)
    return found


@pytest.fixture(scope="module")
def found(content: Ruleset) -> Compared:
    return compared(seed(), content, combinations=10_000_000)


def test_a_ruleset_does_not_differ_from_itself(tmp_path: Path) -> None:
    content = edited(tmp_path, {})
    assert changes(seed(), content) == []
    some = ("Asn_Lv2Spec", "Asn_Lv2WFSSNIS")
    assert compared(only(seed(), *some), only(content, *some)) == {}


def test_rows_of_published_tables() -> None:
    found = changes(seed("2021-06-15"), seed("2026-03-20"))
    assert [tuple(change) for change in found] == [
        ("row", "MIR_WFSS, N/A", "added", None, None, "member_type: science; asn_type: spec2"),
        ("row", "NRS_MIMF, N/A", "changed", "asn_type", "wfs-image2", "image2"),
    ]
    back = changes(seed("2026-03-20"), seed("2021-06-15"))
    assert [(change.change, change.before, change.after) for change in back] == [
        ("removed", "member_type: science; asn_type: spec2", None),
        ("changed", "image2", "wfs-image2"),
    ]


def test_revisions_without_a_change_do_not_differ() -> None:
    assert changes(seed("2020-12-07"), seed("2021-03-19")) == []


EDITS: list[tuple[Edits, list[tuple[object, ...]]]] = [
    (
        {"rules/image.toml": ('"fgs_imaging", "not wavefront_sensing"', '"fgs_imaging"')},
        [("rule", "Asn_Lv2FGS", "changed", "requires", ["not wavefront_sensing"], [])],
    ),
    (
        {"ifu_paths.csv": ("prism,clear,nrs1\n", "prism,clear,nrs1 nrs2\n")},
        [
            (
                "condition", "ifu_path", "changed", "alternatives",
                ["grating in prism and filter in clear and detector in nrs1"],
                ["grating in prism and filter in clear and detector in nrs1, nrs2"],
            )
        ],
    ),
    (
        {
            "rules/nirspec_nods.toml": (
                '"science_required",\n    "candidate_validity",\n    "imprint_pruning"',
                '"imprint_pruning",\n    "science_required",\n    "candidate_validity"',
            )
        },
        [
            (
                "rule", "Asn_Lv2NRSIFUNod", "changed", "steps",
                ["science_required", "candidate_validity", "imprint_pruning", "nod_split"],
                ["imprint_pruning", "science_required", "candidate_validity", "nod_split"],
            )
        ],
    ),
    (
        {"suffixes.csv": ("whtlt\n", "")},
        [("product suffixes", "product suffixes", "changed", "suffixes", ["whtlt"], [])],
    ),
    (
        {"classes.toml": ('class = "psf"', 'class = "science"')},
        [
            (
                "classes", "classes", "changed", "lines",
                ["flagged_psf: psf"], ["flagged_psf: science"],
            )
        ],
    ),
]  # fmt: skip
FIRST = 'overall = [{ prune_products = { keeps = "first", removes = "same_files" } }]'
# The line of each setting, another one, and the values of both.
SETTINGS: dict[str, tuple[str, str, object, object]] = {
    "sequence_digits": ("sequence_digits = 5", "sequence_digits = 3", 5, 3),
    "numbers_reversed": ("numbers_reversed = true", "numbers_reversed = false", True, False),
    "generation_order": ('"by_candidate"', '"by_rule"', "by_candidate", "by_rule"),
    "candidate_rows": ('"containing"', '"listed"', "containing", "listed"),
    "taken_once": ('taken_once = "file"', 'taken_once = "row"', "file", "row"),
    "empty_values": ('"false", ', "", ["false"], []),
    "dms_mode": ('"backgrounds_added"', '"ignored"', "backgrounds_added", "ignored"),
    "several_selected": ('"each"', '"first"', "each", "first"),
    "discovered_id": ('discovered_id = "a3001"', 'discovered_id = ""', "a3001", None),
    "overall": (
        OVERALL,
        FIRST,
        ["prune_memberships (removes found)", "prune_products (keeps longer, removes found)"],
        ["prune_products (keeps first, removes same_files)"],
    ),
}


@pytest.mark.parametrize("name", Settings._fields)
def test_settings(tmp_path: Path, name: str) -> None:
    old, new, before, after = SETTINGS[name]
    content = edited(tmp_path, {"ruleset.toml": (old, new)})
    assert checksum(content) != checksum(replace(seed(), label=content.label))
    expected = ("setting", name, "changed", "value", before, after)
    assert [tuple(change) for change in changes(seed(), content)] == [expected]


def test_a_value_list_is_told_once(tmp_path: Path) -> None:
    edits = {"value_lists.toml": ('"nrs_verify", "nrs_wata"', '"nrs_wata"')}
    assert [tuple(change) for change in changes(seed(), edited(tmp_path, edits))] == [
        ("value list", "acquisition_types", "changed", "values", ["nrs_verify"], []),
    ]  # fmt: skip


def test_another_pruning_gets_another_answer(tmp_path: Path) -> None:
    content = edited(tmp_path, {"ruleset.toml": (OVERALL, "overall = []")})
    some = ("Asn_Lv2FGS", "Asn_Lv2Image", "Asn_Lv2Spec")
    found = compared(only(seed(), *some), only(content, *some))
    both = "image2 by Asn_Lv2FGS, image2 by Asn_Lv2Image"
    assert [*found] == [("associations", "image2 by Asn_Lv2Image", both)]
    assert found["associations", "image2 by Asn_Lv2Image", both].exp_types == ["FGS_IMAGE"]


@pytest.mark.parametrize(("edits", "expected"), EDITS)
def test_rows_of_rules(tmp_path: Path, edits: Edits, expected: list[tuple[object, ...]]) -> None:
    assert [tuple(change) for change in changes(seed(), edited(tmp_path, edits))] == expected


COLUMNS = '[[required_columns]]\ncolumn = "{}"\n'


def test_another_order_of_required_columns(tmp_path: Path) -> None:
    one, other = map(COLUMNS.format, ("pntgtype", "targetid"))
    content = edited(tmp_path, {"ruleset.toml": (one + other, other + one)})
    (change,) = changes(seed(), content)
    assert change[:4] == ("required columns", "required columns", "changed", "order")
    assert isinstance(change.after, list)
    assert change.after[:2] == ["targetid", "pntgtype"]


@pytest.mark.parametrize("line", [1, 15, 30, 55, 70])
def test_another_order_of_known_differences_says_the_same(tmp_path: Path, line: int) -> None:
    lines = (SEEDS / "jwst-3.0.0" / "known_differences.csv").read_text().splitlines()
    one, other = lines[line], lines[line + 1]
    old, new = f"{one}\n{other}\n", f"{other}\n{one}\n"
    content = edited(tmp_path, {"known_differences.csv": (old, new)})
    assert changes(seed(), content) == []
    less = edited(tmp_path / "less", {"known_differences.csv": (old, f"{other}\n")})
    assert [found.change for found in changes(seed(), less)] == ["removed"]
    assert checksum(content) == checksum(seed()) != checksum(less)


def test_another_path_gets_another_answer(content: Ruleset, found: Compared) -> None:
    change = found["associations", "spec2 by Asn_Lv2Spec", "none"]
    assert change.exp_types == ["NRS_IFU"]
    example = {name.lower(): value and value.lower() for name, value in change.example.items()}
    assert [example[name] for name in ("grating", "filter", "detector")] == [
        "g235h", "f170lp", "nrs2",
    ]  # fmt: skip
    before, after = (judge_values(one, example).takers for one in (seed(), content))
    assert before
    assert not after
    names = {name for change in found.values() for name in change.exp_types}
    # Of types of imaging a beginning may be enough.
    imaging = tuple(name.upper() for name in seed().value_lists["imaging_types"])
    others = {name for name in names if not name.startswith(imaging)}
    assert others == {"NRS_IFU", "MIR_CORONCAL", "NRS_MSASPEC"}


def test_another_class_and_what_comes_of_it(found: Compared) -> None:
    assert found["class", "science", "dark"].exp_types == ["MIR_CORONCAL", "MIR_IMAGE"]
    assert found["associations", "image2 by Asn_Lv2Image", "none"].exp_types == ["MIR_IMAGE"]
    assert ("associations", "image2 by Asn_Lv2ImageNonScience", "none") not in found


def test_exposures_put_together_in_another_way(found: Compared) -> None:
    aspect = ("Asn_Lv2NRSMSA", "taken", "taken, and put together in another way")
    assert found[aspect].exp_types == ["NRS_MSASPEC"]
    # Without the key an exposure without its keyword is taken as well.
    assert found["associations", "none", "spec2 by Asn_Lv2NRSMSA"].exp_types == ["NRS_MSASPEC"]


def test_a_rule_more_and_a_rule_less(content: Ruleset, found: Compared) -> None:
    rows = [(one.what, one.name, one.change) for one in changes(seed(), content)]
    assert ("rule", "Asn_Lv2Wavefront", "added") in rows
    assert ("rule", "Asn_Lv2WFSC", "removed") in rows
    made = found["associations", "image2 by Asn_Lv2WFSC", "image2 by Asn_Lv2Wavefront"]
    assert "NRC_IMAGE" in made.exp_types
