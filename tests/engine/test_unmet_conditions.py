"""What would make a rule take an exposure: the keyword, and the values that would fit."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asnrules.engine.conditions import ANY, requirement_holds
from asnrules.engine.signatures import CLASS, SET
from asnrules.engine.unmet_conditions import Effort, Failure, Repair, UnmetConditions, kind_keywords
from asnrules.rules.model import Condition, Operator, Requirement, Role, Rule, Ruleset, Term
from engine.building import ruleset

IS_SET = Term("lamp", Operator.SET)
NOT_SET = Term("lamp", Operator.EMPTY)
IN = Term("lamp", Operator.IN, ("line1", "line2"))
NOT_IN = Term("lamp", Operator.NOT_IN, ("line1", "line2"))
LISTED = Term("lamp", Operator.LISTED, ("line1", "flat", "test"))
MATCHES = Term("lamp", Operator.MATCHES, ("c[0-9]{4}", ".+wfsc.+"))


def condition(*alternatives: tuple[Term, ...]) -> Condition:
    return Condition("asked", "what is asked", alternatives)


def term(keyword: str, *values: str) -> Term:
    return Term(keyword, Operator.IN, values)


def failure(
    asked: Condition, values: Mapping[str, str | None], *, negated: bool = False
) -> Failure:
    """Explain why a rule that asks for this alone does not take an exposure."""
    use = Requirement(asked, negated)
    role = Role("science")
    rule = Rule("Asn_Lv2One", "spec2", "One", (use,), (), (), (role,), (), False, None, ())
    repairs = UnmetConditions(
        Ruleset(
            label="one",
            rules=(rule,),
            class_rules=(),
            default_class="science",
            settings=ruleset().settings,
        )
    )
    (found,) = repairs.failures(rule, role, [use], {**values, CLASS: "science"})
    return found


def repairs_of(found: Failure) -> list[tuple[str, str | None, str]]:
    return [(one.keyword, one.found, one.wanted) for one in found.repairs]


@pytest.mark.parametrize(
    ("asked", "found", "wanted"),
    [
        (IS_SET, None, "a value"),
        (NOT_SET, "flat1", "no value"),
        (IN, "flat1", "line1 or line2"),
        (NOT_IN, "line1", "anything but line1 or line2"),
        (LISTED, "ref", "line1, flat or test"),
        (MATCHES, "c100", "a match of c[0-9]{4} or a value with wfsc inside"),
    ],
)
def test_a_failure_says_what_was_found_and_what_wanted(
    asked: Term, found: str | None, wanted: str
) -> None:
    explained = failure(condition((asked,)), {"lamp": found})
    assert explained.text == "what is asked"
    assert repairs_of(explained) == [("lamp", found, wanted)]


@pytest.mark.parametrize(
    ("asked", "found", "wanted"),
    [
        (IS_SET, "flat1", "no value"),
        (NOT_SET, None, "a value"),
        (IN, "line1", "anything but line1 or line2"),
        (NOT_IN, "flat1", "line1 or line2"),
        (LISTED, "flat4", "anything but line1, flat or test"),
        (MATCHES, "c1000", "anything but a match of c[0-9]{4} or a value with wfsc inside"),
    ],
)
def test_a_negated_failure_wants_the_opposite(asked: Term, found: str | None, wanted: str) -> None:
    explained = failure(condition((asked,)), {"lamp": found}, negated=True)
    assert explained.text == "not what is asked"
    assert repairs_of(explained) == [("lamp", found, wanted)]


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (Term("lamp", Operator.MATCHES, (".+wfsc.+",)), "anything without wfsc inside"),
        (Term("lamp", Operator.MATCHES, (".*a_b-1.+",)), "anything without a_b-1 inside"),
        (Term("lamp", Operator.MATCHES, ("xwfsc.*",)), "anything but a match of xwfsc.*"),
    ],
)
def test_a_pattern_is_said_by_what_is_inside(asked: Term, wanted: str) -> None:
    (repair,) = failure(condition((asked,)), {"lamp": "xwfsc_a_b-1x"}, negated=True).repairs
    assert repair.wanted == wanted


@pytest.mark.parametrize(
    ("found", "negated", "sentence"),
    [
        (None, False, "TSOVISIT is not set, wanted t"),
        ("x", False, "TSOVISIT is 'x', wanted t"),
        ("t", True, "TSOVISIT is 't', wanted f"),
    ],
)
def test_a_flag_is_set_or_not(found: str | None, negated: bool, sentence: str) -> None:
    explained = failure(condition((term("tsovisit", "t"),)), {"tsovisit": found}, negated=negated)
    assert explained.sentence() == sentence


def test_what_cannot_be_lost_is_told_by_what_the_exposure_is() -> None:
    series = Condition("series", "a time series", ((Term("lamp", Operator.SET),),))
    assert failure(series, {"lamp": "flat1"}, negated=True).sentence() == "it is a time series"
    either = condition((Term("lamp", Operator.SET), term("grating", "prism")))
    explained = failure(either, {"lamp": "flat1", "grating": "prism"}, negated=True)
    assert repairs_of(explained) == [("grating", "prism", "anything but prism")]


@pytest.mark.parametrize("value", [None])
def test_an_empty_value_is_found_as_none(value: str | None) -> None:
    assert failure(condition((IN,)), {"lamp": value}).repairs[0].found is None


PATHS = condition(
    (term("opmode", "ifu"), term("grating", "g140h"), term("lamp", "flat1", "flat2")),
    (term("opmode", "ifu"), term("grating", "g140h"), term("lamp", "flat3")),
    (term("opmode", "fixedslit"), term("grating", "prism"), term("lamp", "line4")),
)


def test_all_values_are_wanted_that_fit_the_other_keywords() -> None:
    found = failure(PATHS, {"opmode": "ifu", "grating": "g140h", "lamp": "nonsense"})
    assert repairs_of(found) == [("lamp", "nonsense", "flat1, flat2 or flat3")]


def test_each_keyword_that_would_do_is_named_and_what_is_missing_first() -> None:
    found = failure(PATHS, {"opmode": "fixedslit", "grating": "prism", "lamp": "flat1"})
    assert repairs_of(found) == [("lamp", "flat1", "line4")]
    two = condition(
        (term("grating", "prism"), term("filter", "clear")),
        (term("grating", "g140m"), term("filter", "f070lp")),
        (term("grating", "g140m"), term("filter", "f100lp")),
        (term("grating", "g395m"), term("filter", "f290lp")),
    )
    found = failure(two, {"grating": "g140m", "filter": "f290lp"})
    assert repairs_of(found) == [
        ("filter", "f290lp", "f070lp or f100lp"),
        ("grating", "g140m", "g395m"),
    ]
    assert found.sentence() == (
        "what is asked: FILTER is 'f290lp', wanted f070lp or f100lp, "
        "or GRATING is 'g140m', wanted g395m"
    )
    shutter_file = condition((Term("opmode", Operator.NOT_IN, ("msaspec",)),), (IS_SET,))
    found = failure(shutter_file, {"opmode": "msaspec"})
    assert repairs_of(found) == [
        ("lamp", None, "a value"),
        ("opmode", "msaspec", "anything but msaspec"),
    ]


def test_if_no_keyword_alone_would_do_the_nearest_alternative_is_said() -> None:
    found = failure(PATHS, {"opmode": "fixedslit", "grating": "mirror", "lamp": "flat1"})
    assert found.is_joint
    assert repairs_of(found) == [("grating", "mirror", "prism"), ("lamp", "flat1", "line4")]
    assert found.sentence() == (
        "what is asked: GRATING is 'mirror', wanted prism, and LAMP is 'flat1', wanted line4"
    )


def test_alternatives_of_one_keyword_are_wanted_together() -> None:
    asked = condition((term("opmode", "image"),), (Term("opmode", Operator.EMPTY),))
    found = failure(asked, {"opmode": "ifu"})
    assert repairs_of(found) == [("opmode", "ifu", "image or no value")]


def test_a_negated_failure_names_what_its_maker_could_have_done_otherwise() -> None:
    asked = condition((IN,), (term("exp_type", "nrc_tsgrism"), term("detector", "nrcblong")))
    values = {"lamp": "flat1", "exp_type": "nrc_tsgrism", "detector": "nrcblong"}
    found = failure(asked, values, negated=True)
    assert repairs_of(found) == [("detector", "nrcblong", "anything but nrcblong")]


def test_another_exp_type_is_wanted_only_if_nothing_else_would_do() -> None:
    found = failure(condition((term("exp_type", "nrs_ifu"),)), {"exp_type": "nrc_image"})
    assert repairs_of(found) == [("exp_type", "nrc_image", "nrs_ifu")]
    assert found.effort is Effort.TYPE


def test_a_value_that_may_be_any_is_not_what_failed() -> None:
    asked = condition((IN, term("grating", "prism")))
    found = failure(asked, {"lamp": ANY, "grating": "g395h"})
    assert repairs_of(found) == [("grating", "g395h", "prism")]


def test_of_what_is_only_looked_at_for_whether_it_is_set_no_value_is_shown() -> None:
    repair = Repair("is_imprt", SET, "f", Effort.KIND)
    assert repair.sentence() == "IS_IMPRT is set, wanted f"
    assert repair.shown == "(set)"


@pytest.mark.parametrize("label", ["jwst-3.0.0", "jwst-1.2.1"])
def test_what_an_exposure_is_follows_from_classes_and_from_what_divides_rules(label: str) -> None:
    assert kind_keywords(ruleset(label)) == {
        "exp_type", "pntgtype", "is_psf", "is_imprt", "bkgdtarg", "tsovisit", "visitype",
    }  # fmt: skip


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
    st.sampled_from(["lamp", "grating"]), st.sampled_from(["a", "b", "ab", "c", None, ANY])
)


@given(conditions, st.booleans(), values)
def test_what_is_wanted_makes_it_hold(
    asked: Condition, negated: bool, found: dict[str, str | None]
) -> None:
    requirement = Requirement(asked, negated)
    if requirement_holds(requirement, found):
        return
    explained = failure(asked, found, negated=negated)
    named = {term.keyword for terms in asked.alternatives for term in terms}
    for repair in explained.repairs:
        assert repair.keyword in named
        value = found.get(repair.keyword)
        assert repair.found == value
    if explained.is_joint or not explained.repairs:
        return
    for keyword, _, wanted, _ in explained.repairs:
        tried = {"a", "b", "ab", "c", "zz", None}
        for value in tried:
            if requirement_holds(requirement, {**found, keyword: value}):
                break
        else:
            assert "match" in wanted
        if not wanted.startswith(("a value", "anything but", "a match", "no value")):
            for value in re.split(", | or ", wanted.removesuffix(" or no value")):
                if not value.startswith("a match"):
                    assert requirement_holds(requirement, {**found, keyword: value})
