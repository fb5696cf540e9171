"""The canonical order: nothing but the values of the exposures has an influence on it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asnrules.engine.exposures import canonical_order
from engine.building import exposure, outcome_of, work_of

PAIRS = ("('o001', 'observation')", "('c1000', 'background')", "('c1001', 'mosaic')")
values = st.sampled_from(["", "a", "b", None])


def listed(*pairs: str) -> str:
    return f"[{', '.join(pairs)}]"


def test_names_come_first_and_then_the_remaining_values() -> None:
    rows = [("x", "b", "1"), ("y", "a", "0"), ("z", "a", "2"), (None, "a", "2")]
    assert canonical_order(rows, filename=1, candidates=0) == [3, 1, 2, 0]


def test_the_order_of_the_candidates_of_an_exposure_counts_for_nothing() -> None:
    here, there = listed(*PAIRS), listed(*reversed(PAIRS))
    assert canonical_order([(here, "a", "2"), (there, "a", "1")], 1, 0) == [1, 0]
    assert canonical_order([(there, "a", "2"), (here, "a", "1")], 1, 0) == [1, 0]
    assert canonical_order([(here, "a", "1"), (there, "a", "2")], 1, 0) == [0, 1]


def test_other_candidates_count() -> None:
    one, other = listed(PAIRS[0]), listed(PAIRS[1])
    assert canonical_order([(one, "a"), (other, "a")], 1, 0) == [1, 0]
    assert canonical_order([(other, "a"), (one, "a")], 1, 0) == [0, 1]


@given(
    rows=st.lists(
        st.tuples(st.sampled_from(["null", "[]", *PAIRS]), st.sampled_from("ab"), values, values)
    ),
    data=st.data(),
)
def test_the_order_of_the_rows_counts_for_nothing(
    rows: list[tuple[str | None, ...]], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(rows))
    first = [rows[place] for place in canonical_order(rows, 1, 0)]
    second = [shuffled[place] for place in canonical_order(shuffled, 1, 0)]
    blank = [tuple(value or "" for value in row) for row in first]
    assert blank == [tuple(value or "" for value in row) for row in second]


def test_an_exposure_listed_twice_is_the_same_whatever_the_order_of_its_candidates() -> None:
    optics = {"instrume": "miri", "detector": "mirimage", "filter": "f560w", "subarray": "full"}
    made = set()
    for pairs in (PAIRS[:2], PAIRS[1::-1]):
        pool = [
            exposure("a_uncal.fits", "mir_image", **optics, asn_candidate=listed(*pairs)),
            exposure(
                "a_uncal.fits",
                "mir_image",
                **optics,
                targetid="1",
                asn_candidate=listed(*PAIRS[:2]),
            ),
        ]
        found = outcome_of(work_of(pool)).associations
        made.add(tuple((one.asn_name, one.target, one.products) for one in found))
    assert len(made) == 1
