"""Conditions: when a term, an alternative and a requirement hold, and why they do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asnrules.engine.conditions import (
    Failure,
    condition_holds,
    failure,
    requirement_holds,
    term_holds,
)
from asnrules.engine.model import Condition, Operator, Requirement, Term
from asnrules.engine.values import ANY, EMPTY, is_empty

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
    assert set(EMPTIES) == EMPTY
    assert all(is_empty(value) for value in EMPTIES)
    assert not any(is_empty(value) for value in VALUES)


# Operators


@pytest.mark.parametrize("value", EMPTIES)
def test_of_an_empty_value_only_empty_and_not_in_hold(value: str | None) -> None:
    terms = [SET, NOT_SET, IN, NOT_IN, LISTED, MATCHES]
    assert [term_holds(term, value) for term in terms] == [False, True, False, True, False, False]


@pytest.mark.parametrize("value", [value for value in EMPTIES if value is not None])
def test_an_empty_value_fits_no_term_that_names_it(value: str) -> None:
    named = (value,)
    assert not term_holds(Term("lamp", Operator.IN, named), value)
    assert not term_holds(Term("lamp", Operator.LISTED, named), value)
    assert not term_holds(Term("lamp", Operator.MATCHES, named), value)


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
    assert term_holds(last, value) is (value not in EMPTIES)


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


# Explanations


@pytest.mark.parametrize(
    ("term", "found", "wanted"),
    [
        (SET, None, "a value"),
        (NOT_SET, "flat1", "none"),
        (IN, "flat1", "line1, line2"),
        (NOT_IN, "line1", "anything but line1, line2"),
        (LISTED, "ref", "line1, flat, test"),
        (MATCHES, "c100", "a match of c[0-9]{4}, .+wfsc.+"),
    ],
)
def test_a_failure_says_what_was_found_and_what_wanted(
    term: Term, found: str | None, wanted: str
) -> None:
    assert failure(Requirement(condition((term,))), {"lamp": found}) == Failure(
        "asked", "what is asked", "lamp", found, wanted
    )


@pytest.mark.parametrize(
    ("term", "found", "wanted"),
    [
        (SET, "flat1", "none"),
        (NOT_SET, None, "a value"),
        (IN, "line1", "anything but line1, line2"),
        (NOT_IN, "flat1", "line1, line2"),
        (LISTED, "flat4", "anything but line1, flat, test"),
        (MATCHES, "c1000", "no match of c[0-9]{4}, .+wfsc.+"),
    ],
)
def test_a_negated_failure_wants_the_opposite(term: Term, found: str | None, wanted: str) -> None:
    assert failure(Requirement(condition((term,)), negated=True), {"lamp": found}) == Failure(
        "not asked", "not what is asked", "lamp", found, wanted
    )


@pytest.mark.parametrize("value", EMPTIES)
def test_an_empty_value_is_found_as_none(value: str | None) -> None:
    assert failure(Requirement(condition((IN,))), {"lamp": value}).found is None


def test_the_alternative_that_came_nearest_is_explained() -> None:
    def term(keyword: str, value: str) -> Term:
        return Term(keyword, Operator.IN, (value,))

    asked = condition(
        (term("opmode", "ifu"), term("grating", "g140h"), term("lamp", "flat1")),
        (term("opmode", "fixedslit"), term("grating", "prism"), term("lamp", "line4")),
    )
    values = {"opmode": "fixedslit", "grating": "prism", "lamp": "flat1"}
    assert failure(Requirement(asked), values) == Failure(
        "asked", "what is asked", "lamp", "flat1", "line4"
    )
    values = {"opmode": "ifu", "grating": "prism", "lamp": "flat1"}
    assert failure(Requirement(asked), values) == Failure(
        "asked", "what is asked", "grating", "prism", "g140h"
    )


def test_of_alternatives_equally_near_the_first_is_explained_by_its_first_failing_term() -> None:
    asked = condition(
        (Term("opmode", Operator.IN, ("ifu",)), Term("grating", Operator.IN, ("g140h",))),
        (Term("opmode", Operator.IN, ("fixedslit",)), Term("grating", Operator.IN, ("prism",))),
    )
    assert failure(Requirement(asked), {}) == Failure(
        "asked", "what is asked", "opmode", None, "ifu"
    )


def test_alternatives_of_one_term_on_the_same_keyword_are_wanted_together() -> None:
    opmode = Term("opmode", Operator.IN, ("image",))
    asked = condition((opmode,), (Term("opmode", Operator.EMPTY),), (IN,))
    assert failure(Requirement(asked), {"opmode": "ifu"}) == Failure(
        "asked", "what is asked", "opmode", "ifu", "image or none"
    )


def test_a_negated_failure_names_the_last_term_of_the_alternative_that_held() -> None:
    exp_type = Term("exp_type", Operator.IN, ("nrc_tsgrism",))
    detector = Term("detector", Operator.IN, ("nrcblong",))
    asked = condition((IN,), (exp_type, detector))
    values = {"lamp": "flat1", "exp_type": "nrc_tsgrism", "detector": "nrcblong"}
    assert failure(Requirement(asked, negated=True), values) == Failure(
        "not asked", "not what is asked", "detector", "nrcblong", "anything but nrcblong"
    )


def test_a_value_that_may_be_any_is_not_what_failed() -> None:
    asked = condition((IN, Term("grating", Operator.IN, ("prism",))))
    found = failure(Requirement(asked), {"lamp": ANY, "grating": "g395h"})
    assert (found.keyword, found.found) == ("grating", "g395h")


def test_a_failure_in_one_sentence() -> None:
    given_value = Failure("lamp_set", "LAMP has a value", "lamp", "nolamp", "line1, line2")
    assert given_value.sentence() == ("LAMP has a value: LAMP is 'nolamp', wanted line1, line2")
    no_value = Failure("lamp_set", "LAMP has a value", "lamp", None, "a value")
    assert no_value.sentence() == "LAMP has a value: LAMP is empty, wanted a value"


terms = st.builds(
    Term,
    st.sampled_from(["lamp", "grating"]),
    st.sampled_from(list(Operator)),
    st.lists(st.sampled_from(["a", "b", "n", "ab"]), min_size=1, max_size=3).map(tuple),
)
conditions = st.builds(
    Condition,
    st.just("asked"),
    st.just("what is asked"),
    st.lists(st.lists(terms, min_size=1, max_size=3).map(tuple), min_size=1, max_size=3).map(tuple),
)
values = st.dictionaries(
    st.sampled_from(["lamp", "grating"]), st.sampled_from(["a", "b", "ab", "c", "n", None, ANY])
)


@given(conditions, st.booleans(), values)
def test_what_fails_is_a_term_of_the_condition_and_the_value_found_for_it(
    asked: Condition, negated: bool, found: dict[str, str | None]
) -> None:
    requirement = Requirement(asked, negated)
    if not requirement_holds(requirement, found):
        explained = failure(requirement, found)
        named = {term.keyword for terms in asked.alternatives for term in terms}
        assert explained.keyword in named
        value = found.get(explained.keyword)
        assert explained.found == (None if value in EMPTIES else value)
        assert explained.wanted != ""
