"""Which exposures are worked for which candidate."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asnrules.engine.candidates import SubPool, sub_pools
from asnrules.pools import parse_candidates

O001 = "[('o001', 'observation')]"
O002 = "[('o002', 'observation')]"
BOTH = "[('o001', 'observation'), ('c1000', 'background')]"


def pools_of(*texts: str | None) -> list[SubPool]:
    return sub_pools(texts, {text: parse_candidates(text) for text in texts if text is not None})


def test_exposures_are_worked_by_candidate_in_their_order() -> None:
    assert pools_of(O001, O002, O001) == [
        (("o001", "observation"), [0, 2]),
        (("o002", "observation"), [1]),
    ]


def test_an_exposure_is_worked_for_each_of_its_candidates() -> None:
    assert dict(pools_of(BOTH, O001)) == {
        ("o001", "observation"): [0, 1],
        ("c1000", "background"): [0],
    }


def test_the_order_within_a_text_does_not_matter() -> None:
    turned = "[('c1000', 'background'), ('o001', 'observation')]"
    assert pools_of(BOTH, O001) == pools_of(turned, O001)


def test_an_exposure_is_worked_for_every_id_that_its_text_contains() -> None:
    around = "[('co001x', 'background')]"
    assert pools_of(around, O001) == [
        (("co001x", "background"), [0]),
        (("o001", "observation"), [0, 1]),
    ]


def test_an_id_may_be_contained_in_a_type() -> None:
    assert pools_of("[('o001', 'c1')]", "[('c1', 'background')]") == [
        (("o001", "c1"), [0]),
        (("c1", "background"), [0, 1]),
    ]


def test_types_stand_in_the_order_in_which_they_appear() -> None:
    found = pools_of("[('c1000', 'background')]", O001, "[('c1001', 'background')]", O002)
    assert [pool.candidate for pool in found] == [
        ("c1000", "background"),
        ("c1001", "background"),
        ("o001", "observation"),
        ("o002", "observation"),
    ]


def test_an_id_of_two_types_is_worked_once_for_each() -> None:
    assert pools_of("[('c1000', 'background')]", "[('c1000', 'mosaic')]") == [
        (("c1000", "background"), [0, 1]),
        (("c1000", "mosaic"), [0, 1]),
    ]


def test_a_candidate_named_twice_is_worked_once() -> None:
    assert pools_of("[('o001', 'observation'), ('o001', 'observation')]") == [
        (("o001", "observation"), [0])
    ]


def test_a_bare_number_is_a_candidate_of_unknown_type() -> None:
    assert pools_of("1", "[('c1000', 'background')]") == [
        (("1", "unknown"), [0, 1]),
        (("c1000", "background"), [1]),
    ]


def test_an_exposure_without_candidates_is_worked_for_none() -> None:
    assert pools_of("null", None, "[]") == []


def test_ten_thousand_observations_that_share_a_background() -> None:
    texts = [f"[('o{n:05d}', 'observation'), ('c1000', 'background')]" for n in range(10_000)]
    found = dict(pools_of(*texts))
    assert len(found) == 10_001
    assert found["c1000", "background"] == list(range(10_000))
    assert all(found[f"o{n:05d}", "observation"] == [n] for n in range(10_000))


ids = st.text("oc01", min_size=1, max_size=4)
types = st.sampled_from(["observation", "background", "c", "o1"])
lists = st.lists(st.tuples(ids, types), max_size=3)


@given(st.lists(lists, max_size=6))
def test_the_exposures_of_a_candidate_are_those_whose_text_contains_its_id(
    given_lists: list[list[tuple[str, str]]],
) -> None:
    texts = [str(pairs) for pairs in given_lists]
    found = sub_pools(texts, dict(zip(texts, given_lists, strict=True)))
    pairs = [pair for one in given_lists for pair in one]
    assert {pool.candidate for pool in found} == set(pairs)
    assert len(found) == len(set(pairs))
    for (identifier, _), places in found:
        assert places == [place for place, text in enumerate(texts) if identifier in text]
