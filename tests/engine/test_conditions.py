"""Conditions: when a term, an alternative and a requirement hold, and why they do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asnrules.engine.conditions import (
    ANY,
    condition_holds,
    known_values,
    requirement_holds,
    term_holds,
)
from asnrules.rules.model import Condition, Operator, Requirement, Term
from engine.building import ruleset

EMPTIES = [None, "", "null", "--", "n", "f", "false", "n/a"]
VALUES = ["none", "clear", "0", "y", "t", "1", "true", "f200w", "nan", " "]

SET = Term("lamp", Operator.SET)
NOT_SET = Term("lamp", Operator.EMPTY)
IN = Term("lamp", Operator.IN, ("line1", "line2"))
NOT_IN = Term("lamp", Operator.NOT_IN, ("line1", "line2"))
LISTED = Term("lamp", Operator.LISTED, ("line1", "flat", "test"))
MATCHES = Term("lamp", Operator.MATCHES, ("c[0-9]{4}", ".+wfsc.+"))


def condition(*alternatives: tuple[Term, ...]) -> Condition:
    return Condition("asked", "what is asked", alternatives)


# Values


def test_the_empty_values_are_these_and_no_others() -> None:
    assert set(EMPTIES) == ruleset().empty
    pool = {str(number): value for number, value in enumerate([*EMPTIES, *VALUES])}
    assert list(known_values(ruleset(), pool).values()) == [None] * len(EMPTIES) + VALUES


def test_false_is_a_value_where_the_ruleset_says_so() -> None:
    assert ruleset().empty - ruleset("jwst-1.2.1").empty == {"false"}


# Operators


def test_of_no_value_only_empty_and_not_in_hold() -> None:
    terms = [SET, NOT_SET, IN, NOT_IN, LISTED, MATCHES]
    assert [term_holds(term, None) for term in terms] == [False, True, False, True, False, False]


@pytest.mark.parametrize("value", VALUES)
def test_every_other_value_is_set(value: str) -> None:
    assert term_holds(SET, value)
    assert not term_holds(NOT_SET, value)


@pytest.mark.parametrize(
    ("value", "holds"),
    [("line1", True), ("line2", True), ("line", False), ("line11", False), ("flat1", False)],
)
def test_in_compares_whole_values_and_not_in_is_its_opposite(value: str, holds: bool) -> None:
    assert term_holds(IN, value) is holds
    assert term_holds(NOT_IN, value) is not holds


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        ("line1", True),
        ("line11", True),
        ("flat", True),
        ("flat4", True),
        ("flat-ext", True),
        ("test", True),
        ("test1", False),
        ("line", False),
        ("fla", False),
        ("xflat", False),
        ("xtest", False),
    ],
)
def test_listed_takes_a_prefix_for_all_values_but_the_last(value: str, holds: bool) -> None:
    assert term_holds(LISTED, value) is holds


def test_listed_with_one_value_takes_that_value_only() -> None:
    one = Term("lamp", Operator.LISTED, ("line1",))
    assert term_holds(one, "line1")
    assert not term_holds(one, "line11")


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        ("c1000", True),
        ("xc1000", False),
        ("c10000", False),
        ("c100", False),
        ("a_wfsc_b", True),
        ("wfsc_b", False),
        ("a_wfsc", False),
    ],
)
def test_matches_takes_the_whole_value(value: str, holds: bool) -> None:
    assert term_holds(MATCHES, value) is holds


words = st.text("ab-/n", max_size=4)


@given(words, st.lists(words, min_size=1, max_size=4))
def test_what_is_in_a_list_is_listed_there(value: str, values: list[str]) -> None:
    if term_holds(Term("lamp", Operator.IN, tuple(values)), value):
        assert term_holds(Term("lamp", Operator.LISTED, tuple(values)), value)
    last = Term("lamp", Operator.LISTED, (*values, value))
    assert term_holds(last, value)


# A value that may be any


@pytest.mark.parametrize("term", [IN, NOT_IN, LISTED, MATCHES])
@pytest.mark.parametrize("benefit", [False, True])
def test_a_value_that_may_be_any_gets_the_benefit_of_the_doubt(term: Term, benefit: bool) -> None:
    assert term_holds(term, ANY, benefit=benefit) is benefit
    assert condition_holds(condition((term,)), {"lamp": ANY}, benefit=benefit) is benefit


@pytest.mark.parametrize("benefit", [False, True])
def test_a_value_that_may_be_any_is_a_value(benefit: bool) -> None:
    assert term_holds(SET, ANY, benefit=benefit)
    assert not term_holds(NOT_SET, ANY, benefit=benefit)


def test_a_value_that_may_be_any_has_no_benefit_unless_asked_for() -> None:
    assert not term_holds(IN, ANY)
    assert not condition_holds(condition((IN,)), {"lamp": ANY})


@pytest.mark.parametrize("negated", [False, True])
def test_a_requirement_holds_for_a_value_that_may_be_any(negated: bool) -> None:
    requirement = Requirement(condition((IN,)), negated)
    assert requirement_holds(requirement, {"lamp": ANY})


# Conditions and requirements


def test_all_terms_of_one_alternative_have_to_hold() -> None:
    grating = Term("grating", Operator.IN, ("prism",))
    asked = condition((IN, grating), (Term("opmode", Operator.IN, ("msaspec",)),))
    assert condition_holds(asked, {"lamp": "line1", "grating": "prism"})
    assert condition_holds(asked, {"opmode": "msaspec"})
    assert not condition_holds(asked, {"lamp": "line1", "grating": "g395h"})
    assert not condition_holds(asked, {"lamp": "flat1", "grating": "prism"})
    assert not condition_holds(asked, {})


def test_a_condition_without_alternatives_never_holds() -> None:
    assert not condition_holds(condition(), {"lamp": "line1"})


@pytest.mark.parametrize("lamp", [None, "n/a", "line1", "flat1"])
def test_a_negated_requirement_holds_where_the_condition_does_not(lamp: str | None) -> None:
    plain, negated = Requirement(condition((IN,))), Requirement(condition((IN,)), negated=True)
    assert requirement_holds(plain, {"lamp": lamp}) is (lamp == "line1")
    assert requirement_holds(negated, {"lamp": lamp}) is (lamp != "line1")
