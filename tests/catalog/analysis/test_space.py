"""The cells of exposures: each is what the engine says of it, and none is missing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asnrules.analysis.answers import Answer, Answering
from asnrules.analysis.space import Cell, Space
from asnrules.engine.anchors import anchored
from asnrules.engine.candidates import refusal
from asnrules.engine.exposures import Work
from asnrules.engine.signatures import Judgement, judge_values
from asnrules.rules.model import (
    ClassRule,
    Condition,
    Key,
    Operator,
    Requirement,
    Role,
    Rule,
    Ruleset,
    Term,
)
from asnrules.rules.steps import MembershipPruning, ProductPruning, ScienceRequired
from catalog.analysis.rulesets import EXECUTABLE, vocabulary
from seeds import seed

KEYWORDS = vocabulary().keywords()
RULES = seed()


STRIDE = int(os.environ.get("ASNRULES_CELL_STRIDE", "9"))
"""Every how many cells one is taken where there are many; 1 for all of them."""
MANY = 200


def some(cells: Sequence[Cell]) -> Sequence[Cell]:
    return cells[:: STRIDE if len(cells) > MANY else 1]


@cache
def space() -> Space:
    return Space([RULES], (), vocabulary().fitting, vocabulary().usual)


@cache
def cells(exp_type: str | None) -> tuple[Cell, ...]:
    return tuple(space().cells(exp_type))


def judged(ruleset: Ruleset, values: dict[str, str | None]) -> tuple[object, ...]:
    """Say what the engine decides of an exposure, as far as cells hold it."""
    judgement: Judgement = judge_values(ruleset, values)
    return judgement.exposure_class, *(
        (verdict.rule.name, tuple(role.name for role in verdict.fitting))
        for verdict in judgement.verdicts
        if verdict.matched
    )


def celled(answer: Answer) -> tuple[object, ...]:
    return answer.exposure_class, *((one.rule.name, one.roles) for one in answer.taken)


@pytest.mark.parametrize("exp_type", [name.lower() for name in vocabulary().exp_types])
def test_the_engine_says_the_same_of_every_example(exp_type: str) -> None:
    answering = Answering([RULES], KEYWORDS)
    for cell in some(cells(exp_type)):
        (answer,) = answering.answers(cell)
        assert judged(RULES, cell.example) == celled(answer)


@pytest.mark.parametrize("exp_type", ["nrc_coron", "nrs_ifu", "mir_lrs-fixedslit", "fgs_image"])
def test_the_engine_makes_the_same_of_every_example_alone(exp_type: str) -> None:
    answering = Answering([RULES], KEYWORDS)
    for cell in cells(exp_type):
        (answer,) = answering.answers(cell)
        row = tuple(cell.example.get(keyword) for keyword in KEYWORDS)
        work = Work.judged(RULES, KEYWORDS, [row])
        # The engine drops rules for other candidates as well as what pruning drops.
        made = {rule.name for rule in anchored(work, 0)}
        assert made <= {one.rule.name for one in answer.anchored()}
        assert bool(made) == bool(answer.anchored())
        rateints = {
            verdict.rule.name: verdict.is_rateints
            or bool(verdict.rateints and cell.example.get("tsovisit") == "t")
            for verdict in work.judgements[0].verdicts
        }
        assert all(one.rateints == rateints[one.rule.name] for one in answer.taken)


STEPS = (
    MembershipPruning("found"),
    MembershipPruning("alike"),
    ProductPruning("first", "same_files"),
    ProductPruning("superset", "found"),
    ProductPruning("longer", "found"),
)
PRUNINGS = [tuple(steps) for length in range(3) for steps in permutations(STEPS, length)]


@pytest.mark.parametrize("exp_type", ["nrs_lamp", "nrs_ifu", "mir_lrs-fixedslit", "fgs_image"])
@pytest.mark.parametrize("label", EXECUTABLE)
def test_check_and_classify_agree_however_a_ruleset_prunes(label: str, exp_type: str) -> None:
    rules = seed(label)
    found = Space([rules], (), vocabulary().fitting, vocabulary().usual).cells(exp_type)
    examples = some([cell for cell in found if cell.state.rules])
    told_apart = set()
    for number, cell in enumerate(examples):
        for overall in (rules.settings.overall, PRUNINGS[number % len(PRUNINGS)]):
            changed = replace(rules, settings=rules.settings._replace(overall=overall))
            answering = Answering([changed], KEYWORDS)
            (answer,) = answering.answers(cell)
            pruned = {overlap.asn_rule for overlap in answering.overlaps(answer)}
            standing = {
                one.rule.name
                for one in answer.anchored()
                if one.stands and refusal(one.rule, ("o001", "observation")) is None
            }
            row = tuple(cell.example.get(keyword) for keyword in KEYWORDS)
            made = {rule.name for rule in anchored(Work.judged(changed, KEYWORDS, [row]), 0)}
            if standing:
                assert made == standing - pruned, (cell.example, overall)
                told_apart.add((len(standing), len(made)))
    # One rule alone, and rules of which pruning drops some.
    assert {(1, 1), (2, 1)} <= told_apart


def _values() -> dict[str, st.SearchStrategy[str | None]]:
    """Give for each keyword representatives, and values that are not among them."""
    odd = ["t", "1", "zzz", "nrs1x", "f200w", "2-point-nod-extra", "primewfscvisit", "wfsc", "psf"]
    return {
        keyword: st.sampled_from([*space().classes.get(keyword, ()), None, *odd])
        for keyword in KEYWORDS
        if keyword != "exp_type"
    }


@settings(max_examples=100)
@given(
    exp_type=st.sampled_from([name.lower() for name in vocabulary().exp_types]),
    values=st.fixed_dictionaries(_values()),
)
def test_every_exposure_is_in_a_cell(exp_type: str, values: dict[str, str | None]) -> None:
    answering = Answering([RULES], KEYWORDS)
    known = {celled(answering.answers(cell)[0])[1:] for cell in cells(exp_type)}
    assert judged(RULES, {**values, "exp_type": exp_type})[1:] in known


# ------------------------------------------------------------------------- against all products

TSO = Condition("tso", "tso", ((Term("tsovisit", Operator.IN, ("t",)),),))
FLAG = Condition("flag", "flag", ((Term("bkgdtarg", Operator.SET),),))
POINTING = Condition(
    "pointing",
    "pointing",
    ((Term("pntgtype", Operator.SET), Term("pntgtype", Operator.NOT_IN, ("science",))),),
)
PATH = Condition(
    "path",
    "path",
    (
        (Term("filter", Operator.IN, ("a", "b")), Term("grating", Operator.IN, ("x",))),
        (Term("filter", Operator.LISTED, ("c", "d")), Term("grating", Operator.NOT_IN, ("x",))),
    ),
)
SCIENCE = Condition("science", "science", ((Term("class", Operator.IN, ("science",)),),))
SMALL = Ruleset(
    label="small",
    rules=tuple(
        Rule(
            name, "spec2", name, requirements, (), keys,
            (
                Role("background", (Requirement(FLAG),)),
                Role("science", (Requirement(SCIENCE),), single=True),
            ),
            (), False, None, (ScienceRequired(),),
        )
        for name, requirements, keys in (
            ("one", (Requirement(PATH), Requirement(TSO, negated=True)), ()),
            ("two", (Requirement(TSO),), (Key("filter", ("filter", "band")),)),
        )
    ),
    class_rules=(ClassRule(POINTING, None, "pntgtype"), ClassRule(FLAG, "background")),
    default_class="science",
    settings=seed().settings,
)  # fmt: skip


def test_cells_are_the_product_of_all_classes() -> None:
    small = Space([SMALL], (), {"filter", "grating"})
    found: set[tuple[object, ...]] = set()
    combinations = 0
    answering = Answering([SMALL], ["filename", *small.classes])
    for cell in small.cells(None):
        found.add(celled(answering.answers(cell)[0]))
        combinations += cell.combinations
    names = sorted(small.classes)
    assert found == {
        judged(SMALL, dict(zip(names, values, strict=True)))
        for values in product(*(small.classes[name] for name in names))
    }
    # pntgtype 3, tsovisit 2 (t or not), bkgdtarg 2, filter 4, band 2, grating 2 (x or not).
    assert combinations == small.combinations == 3 * 2 * 2 * 4 * 2 * 2


def test_cells_of_a_setting_differ_in_the_last_keywords_only() -> None:
    small = Space([SMALL], (), {"filter", "grating", "band"})
    answers: dict[int, set[str | tuple[object, ...]]] = {}
    for cell in small.cells(None):
        answers.setdefault(cell.setting, set()).add(cell.state.classes[0])
    assert all(len(classes) == 1 for classes in answers.values())
    assert len(answers) > 1
