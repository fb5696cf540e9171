"""What the settings of a ruleset, and parameters of its steps and roles, change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asnrules.engine.candidates import Selection
from asnrules.engine.generation import Generation, Wanted
from asnrules.pools import parse_candidates
from asnrules.rules.model import Ruleset
from asnrules.rules.steps import DirectImageProducts, NodSplit, Step
from engine.building import POOL, Exposure, exposure, image, ruleset, summary, work_of

OLD = ruleset("jwst-1.2.1")
MSA = {
    "instrume": "nirspec", "detector": "nrs1", "filter": "f290lp", "grating": "g395h",
    "msametfl": "a_msa.fits", "expspcin": "1", "numdthpt": "3",
}  # fmt: skip
NIRCAM = {"instrume": "nircam", "detector": "nrcalong", "filter": "f444w", "channel": "long"}


def having(rules: Ruleset, **settings: object) -> Ruleset:
    return replace(rules, settings=rules.settings._replace(**settings))


def stepped(rules: Ruleset, step: Step) -> Ruleset:
    """Give rules with another step in the place of those of its kind."""
    changed = (
        rule._replace(
            steps=tuple(step if isinstance(one, type(step)) else one for one in rule.steps)
        )
        for rule in rules.rules
    )
    return replace(rules, rules=tuple(changed))


def made(
    rules: Ruleset, *exposures: Exposure, selection: Selection | None = None
) -> list[tuple[str, str, list[str]]]:
    """Give name, rule and members of the associations."""
    work = work_of(exposures, rules=rules)
    texts = {work.value(place, "asn_candidate") or "null" for place in range(len(work.rows))}
    candidates = {text: parse_candidates(text) for text in texts}
    wanted = Wanted(selection=selection or Selection())
    outcome = Generation(work, candidates, [POOL] * len(work.rows), wanted).run()
    return summary(outcome.associations)


def nod(name: str, position: str, **values: str) -> Exposure:
    return exposure(f"{name}_uncal.fits", "nrs_msaspec", **(MSA | {"patt_num": position} | values))


# Order


def test_rules_rank_as_exposures_first_meet_them() -> None:
    first = image("a_uncal.fits", tsovisit="t")
    guider = exposure(
        "b_uncal.fits", "fgs_image", instrume="fgs", detector="guider1", filter="na", tsovisit="t"
    )
    by_row = [rule for _, rule, _ in made(OLD, first, guider)]
    by_rule = [rule for _, rule, _ in made(having(OLD, generation_order="by_rule"), first, guider)]
    assert sorted(by_row) == ["Asn_Lv2FGS", "Asn_Lv2ImageTSO"]
    assert by_rule == ["Asn_Lv2ImageTSO", "Asn_Lv2ImageTSO"]


def test_numbers_follow_generation_or_count_back() -> None:
    pool = [image(f"{name}_uncal.fits") for name in "ab"]
    assert [members for _, _, members in made(OLD, *pool)] == [
        ["a_rate.fits science"],
        ["b_rate.fits science"],
    ]
    names = {members[0]: name for name, _, members in made(ruleset(), *pool)}
    assert names["b_rate.fits science"] < names["a_rate.fits science"]


# What is taken once


@pytest.mark.parametrize(
    ("unit", "backgrounds"), [("row", ["a", "a"]), ("member", ["a"]), ("file", ["a"])]
)
def test_two_rows_of_a_file(unit: str, backgrounds: list[str]) -> None:
    pool = [nod("a", "1"), nod("a", "1", dms_note="again"), nod("b", "2")]
    (members,) = (
        members
        for _, _, members in made(having(OLD, taken_once=unit), *pool)
        if "b_rate.fits science" in members
    )
    assert [one[0] for one in members if one.endswith("background")] == backgrounds


def test_equal_rows_are_one_in_any_ruleset() -> None:
    pool = [nod("a", "1"), nod("a", "1"), nod("b", "2")]
    results = [made(having(OLD, taken_once=unit), *pool) for unit in ("row", "member", "file")]
    assert results[0] == results[1] == results[2]


# Empty values


def test_false_sets_a_flag_where_it_is_a_value() -> None:
    flagged = image("a_uncal.fits", bkgdtarg="false")
    assert [rule for _, rule, _ in made(OLD, flagged)] == ["Asn_Lv2ImageSpecial"]
    same = having(OLD, empty_values=ruleset().settings.empty_values)
    assert [rule for _, rule, _ in made(same, flagged)] == ["Asn_Lv2Image"]


# DMS mode

BOTH = "[('o001', 'observation'), ('c1000', 'background')]"


def test_dms_mode() -> None:
    pool = [
        image("a_uncal.fits", asn_candidate=BOTH, bkgdtarg="f"),
        image("b_uncal.fits", bkgdtarg="t", asn_candidate=BOTH.replace("o001", "o002")),
    ]
    asked = Selection(frozenset({"o001"}), dms=True)

    def ids(mode: str, selection: Selection) -> set[str]:
        rules = having(ruleset(), dms_mode=mode, overall=())
        return {
            name[8:].partition("_")[0] for name, _, _ in made(rules, *pool, selection=selection)
        }

    assert ids("ignored", asked) == {"o001"}
    assert ids("backgrounds_added", asked) == {"o001"}
    assert ids("background_rows_left_out", asked) == set()
    every = Selection(dms=True)
    assert ids("ignored", every) == {"o001", "o002", "c1000"}
    assert ids("background_rows_left_out", every) == {"o002", "c1000"}
    stays = [rule for _, rule, _ in made(ruleset(), *pool, selection=asked)]
    assert stays == []


# Nods


@pytest.mark.parametrize(
    ("step", "pairs"),
    [
        (NodSplit(False, "", False, False, ""), {"ab", "ac", "ba", "bc", "ca", "cb"}),
        (NodSplit(True, "", False, False, ""), {"ab", "ba"}),
        (NodSplit(False, "own_subpixels", False, True, ""), {"ab", "ba", "bc", "cb"}),
        # b lacks SUBPXPTS, so SUBPXPNS of both counts, by which a and b are at one point.
        (NodSplit(False, "common_subpixels", False, True, ""), {"bc", "cb"}),
        (NodSplit(False, "own_subpixels", True, True, ""), {"ab", "ba", "bc", "cb"}),
    ],
)
def test_nod_split(step: NodSplit, pairs: set[str]) -> None:
    pool = [
        nod("a", "1", subpxpts="1", subpxpns="2", targetid="7"),
        nod("b", "2", subpxpns="2" if step.other_point == "common_subpixels" else "1"),
        nod("c", "3", subpxpts="4", subpxpns="2", targetid="8"),
    ]
    found = {
        science[0] + other[0]
        for _, _, members in made(stepped(OLD, step), *pool)
        for science in members
        for other in members
        if science.endswith("science") and other.endswith("background")
    }
    assert found == pairs


def test_unknown_points() -> None:
    pool = [nod("a", "1", subpxpts="1", numdthpt="null"), nod("b", "2", subpxpts="1")]

    def backgrounds(*parameters: bool) -> int:
        step = NodSplit(False, "own_subpixels", *parameters, "")
        return sum(len(members) - 1 for _, _, members in made(stepped(OLD, step), *pool))

    assert backgrounds(False, True) == 2
    assert backgrounds(True, True) == 1  # That of b, whose pattern is known.
    assert backgrounds(True, False) == 2


# Direct images


def grism(**values: str) -> Exposure:
    return exposure("a_uncal.fits", "nrc_wfss", **(NIRCAM | {"pupil": "grismr"} | values))


def direct(name: str, **values: str) -> Exposure:
    return exposure(f"{name}_uncal.fits", "nrc_image", **(NIRCAM | {"pupil": "clear"} | values))


@pytest.mark.parametrize(
    ("choice", "optics", "chosen"),
    [
        ("first", (), "fb"),
        ("first_long", (), "fd"),
        ("next", (), "fc"),
        ("next", (("nrc_image", "channel"),), "fd"),
        ("next", (("nis_image", "channel"),), "fc"),
    ],
)
def test_choice_of_the_direct_image(
    choice: str, optics: tuple[tuple[str, str], ...], chosen: str
) -> None:
    pool = [
        grism(expspcin="2"),
        direct("b", expspcin="9", filter="fb"),
        direct("c", expspcin="3", filter="fc", channel="short"),
        direct("d_long", expspcin="4", filter="fd"),
    ]
    step = DirectImageProducts(choice, optics, False, ())  # type: ignore[arg-type]
    (members,) = (
        members for _, rule, members in made(stepped(OLD, step), *pool) if rule == "Asn_Lv2WFSS"
    )
    assert members[1] == f"jw00001-o001_t007_nircam_clear-{chosen}_i2d.fits direct_image"


def test_a_pool_that_stays_unfinished() -> None:
    o002 = "[('o002', 'observation')]"
    unknown = direct("b", expspcin="3", channel="null")
    nods = [nod("c", "1", asn_candidate=o002), nod("d", "2", asn_candidate=o002)]
    pool = [grism(expspcin="2"), unknown, *nods]
    assert made(OLD, *pool) == [
        ("jw00001-o001_spec2_001_asn", "Asn_Lv2WFSS",
         ["a_rate.fits science", "b_rate.fits direct_image"]),
        ("jw00001-o001_image2_001_asn", "Asn_Lv2Image", ["b_rate.fits science"]),
        ("jw00001-o002_spec2_001_asn", "Asn_Lv2NRSMSA",
         ["c_rate.fits science", "d_rate.fits science"]),
    ]  # fmt: skip
    # What was generated before has the products of its direct images.
    first = grism(expspcin="2", targetid="6") | {"filename": "0_uncal.fits"}
    known = direct("01", expspcin="3", targetid="6")
    (members,) = (
        members
        for _, rule, members in made(OLD, first, known, *pool)
        if rule == "Asn_Lv2WFSS" and "0_rate.fits science" in members
    )
    assert [one.split()[1] for one in members] == ["science", "direct_image", "sourcecat", "segmap"]
    assert len(made(OLD, grism(expspcin="null"), unknown, *nods)) == 4


# Roles


def imprint(name: str, **values: str) -> Exposure:
    values = {"is_imprt": "t", "mostilno": "1"} | values
    return spectrum(name, **values)


def spectrum(name: str, **values: str) -> Exposure:
    optics = {"instrume": "miri", "detector": "mirifulong", "band": "long", "mostilno": "1"}
    return exposure(f"{name}_uncal.fits", "mir_mrs", **(optics | {"bkgdtarg": "t"} | values))


def test_a_role_that_asks_for_the_class_of_the_creating_exposure() -> None:
    special = next(rule for rule in ruleset().rules if rule.name == "Asn_Lv2SpecSpecial")
    roles = tuple(
        role._replace(not_created_by=role.not_after, not_after=None) for role in special.roles
    )
    rules = replace(
        ruleset(),
        rules=tuple(
            special._replace(roles=roles, steps=()) if rule is special else rule
            for rule in ruleset().rules
        ),
    )
    pool = [imprint("a"), spectrum("b"), imprint("c")]

    def members(rules: Ruleset) -> list[list[str]]:
        return [found for _, rule, found in made(rules, *pool) if rule == "Asn_Lv2SpecSpecial"]

    by_creator = members(having(rules, overall=()))
    assert ["b_rate.fits science", "c_rate.fits imprint", "a_rate.fits imprint"] in by_creator
    assert not any(one[0] == "a_rate.fits science" and len(one) > 1 and "imprint" in one[-1]
                   for one in by_creator)  # fmt: skip
