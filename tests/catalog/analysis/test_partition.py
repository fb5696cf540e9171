"""The partition of values: exact, and no larger than it has to be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asnrules.analysis.partition import partition
from asnrules.engine.conditions import term_holds
from asnrules.rules.model import Operator, Term
from asnrules.util.text import EMPTY


def term(operator: Operator, *values: str) -> Term:
    return Term("filter", operator, values)


def test_a_keyword_that_only_needs_a_value_has_two_classes() -> None:
    empty, given_value = partition([term(Operator.SET)], EMPTY)
    assert empty is None
    assert given_value is not None


def test_texts_that_no_term_tells_apart_are_one_class() -> None:
    values = partition([term(Operator.IN, "f200w", "f277w"), term(Operator.SET)], EMPTY)
    assert values[:2] == (None, "f200w")
    assert len(values) == 3


def test_a_beginning_is_a_class_of_its_own_where_the_whole_text_counts_elsewhere() -> None:
    values = partition([term(Operator.LISTED, "nod", "end"), term(Operator.IN, "nod")], EMPTY)
    assert [value for value in values if value and value.startswith("nod")] == [
        "nod",
        *[value for value in values if value and value.startswith("nod") and value != "nod"],
    ]
    assert len(values) == 5 - 1  # none; nod; nod and more, with end; anything else


def test_a_text_that_no_exposure_can_have_is_no_class() -> None:
    assert len(partition([term(Operator.IN, "F200W", "null", " f200w")], EMPTY)) == 2


def test_values_of_patterns_are_found() -> None:
    values = partition([term(Operator.MATCHES, ".+wfsc.+"), term(Operator.MATCHES, "p.*")], EMPTY)
    held = {tuple(bool(value and wanted(value)) for wanted in (_wfsc, _p)) for value in values}
    assert held == {(True, True), (True, False), (False, True), (False, False)}


def _wfsc(value: str) -> bool:
    return "wfsc" in value[1:-1]


def _p(value: str) -> bool:
    return value.startswith("p")


def test_a_pattern_inside_another_makes_no_empty_class() -> None:
    values = partition(
        [term(Operator.MATCHES, "c[0-9]{4}"), term(Operator.MATCHES, "c1000")], EMPTY
    )
    assert "c1000" in values
    assert len(values) == 4


def held(*patterns: str) -> set[tuple[bool, ...]]:
    """Say which patterns hold for the values of a partition."""
    terms = [term(Operator.MATCHES, pattern) for pattern in patterns]
    return {
        tuple(term_holds(one, value) for one in terms) for value in partition(terms, EMPTY) if value
    }


def test_ranges_of_characters_are_told_apart_between_their_ends() -> None:
    assert held("[à-ü]", "[à-î]", "[ð-ü]") == {
        (False, False, False), (True, True, False), (True, False, True), (True, False, False),
    }  # fmt: skip


def test_values_begin_and_end_with_no_blank() -> None:
    assert held(r"[^!-~]", r"a\s?") == {(True, False), (False, True), (False, False)}
    assert held(r"a?\s+") == {(False,)}


LETTERS = "ab"
TEXTS = st.text(LETTERS, min_size=1, max_size=3)
TERMS = st.one_of(
    st.sampled_from([term(Operator.SET), term(Operator.EMPTY)]),
    st.builds(
        lambda operator, values: term(operator, *values),
        st.sampled_from([Operator.IN, Operator.NOT_IN, Operator.LISTED]),
        st.lists(TEXTS, min_size=1, max_size=3),
    ),
    st.sampled_from(
        [term(Operator.MATCHES, pattern) for pattern in ("a.*", ".+b.+", "a{2}b?", "[^a]+")]
    ),
)
VALUES = st.one_of(st.none(), st.text(LETTERS + "c", min_size=1, max_size=5))


def answers(terms: list[Term], value: str | None) -> tuple[bool, ...]:
    return (value is None, *(term_holds(one, value) for one in terms))


@given(st.lists(TERMS, min_size=1, max_size=4), VALUES)
def test_every_value_has_its_representative(terms: list[Term], value: str | None) -> None:
    found = {answers(terms, one) for one in partition(terms, EMPTY)}
    assert answers(terms, value) in found


@given(st.lists(TERMS, min_size=1, max_size=4))
def test_no_class_has_two_representatives(terms: list[Term]) -> None:
    values = partition(terms, EMPTY)
    assert len({answers(terms, value) for value in values}) == len(values)
    assert all(value is None or value not in EMPTY for value in values)
