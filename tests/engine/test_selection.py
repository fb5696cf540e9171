"""Selected candidates: what is worked for them, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asnrules.engine.candidates import Selection
from asnrules.engine.generation import Generation, Outcome, Wanted
from asnrules.errors import NotFoundError
from asnrules.pools import parse_candidates
from engine.building import POOL, Exposure, coronagraph, files, image, summary, work_of
from engine.pools import FAMILIES, pools

BOTH = "[('o001', 'observation'), ('c1000', 'background')]"
OTHER = "[('o002', 'observation'), ('c1000', 'background')]"
ALONE = "[('o003', 'observation'), ('c1001', 'background')]"

# A science with a background of another observation, and one that has nothing to do with them.
SCIENCE = image("a", asn_candidate=BOTH)
SKY = image("b", bkgdtarg="t", asn_candidate=OTHER)
APART = image("c", asn_candidate=ALONE)
EXPOSURES = [SCIENCE, SKY, APART]

WITH_SKY = ("jw00001-c1000_image2_00001_asn", "Asn_Lv2Image", ["a science", "b background"])
SKY_ALONE = ("jw00001-o002_image2_00001_asn", "Asn_Lv2ImageSpecial", ["b science"])
SCIENCE_ALONE = ("jw00001-o001_image2_00001_asn", "Asn_Lv2Image", ["a science"])
APART_ALONE = ("jw00001-o003_image2_00001_asn", "Asn_Lv2Image", ["c science"])


def selected(
    pool: Iterable[Exposure],
    *ids: str,
    dms: bool = False,
    merge: bool = False,
    seen: list[tuple[int, int]] | None = None,
) -> Outcome:
    work = work_of(pool)
    texts = {work.value(place, "asn_candidate") or "null" for place in range(len(work.rows))}
    candidates = {text: parse_candidates(text) for text in texts}
    wanted = Wanted(selection=Selection(frozenset(ids), dms), merge=merge)
    names = [POOL] * len(work.rows)
    progress = [] if seen is None else seen
    generation = Generation(work, candidates, names, wanted)
    return generation.run(lambda done, total: progress.append((done, total)))


def made(*ids: str, dms: bool = False) -> list[tuple[str, str, list[str]]]:
    return summary(selected(EXPOSURES, *ids, dms=dms).associations)


# Which candidates


def test_without_ids_all_are_worked() -> None:
    assert made() == [WITH_SKY, SKY_ALONE, APART_ALONE]


def test_one_candidate_is_worked_as_if_there_were_no_other() -> None:
    assert made("o001") == [SCIENCE_ALONE]
    assert made("o002") == [SKY_ALONE]
    assert made("c1000") == [WITH_SKY]


def test_several_candidates_are_worked_together() -> None:
    assert made("o001", "o003") == [SCIENCE_ALONE, APART_ALONE]
    assert made("o001", "c1000", "o002") == [WITH_SKY, SKY_ALONE]


def test_a_candidate_that_makes_nothing_is_no_error() -> None:
    assert made("c1001") == []


def test_only_the_candidates_selected_are_worked() -> None:
    seen: list[tuple[int, int]] = []
    selected(EXPOSURES, "o001", "o003", seen=seen)
    assert seen == [(1, 2), (2, 2)]


def test_exposures_of_other_candidates_are_said_not_to_be_selected() -> None:
    outcome = selected(EXPOSURES, "o001")
    assert outcome.memberships == [1, 0, 0]
    expected = "its candidates were not selected"
    assert outcome.reasons == {1: expected, 2: expected}


# An id that is not there


def test_an_unknown_candidate_is_not_found_and_near_ones_are_named() -> None:
    with pytest.raises(NotFoundError, match=r"no candidate 'o00l' in the pool; there are .*o001"):
        made("o00l")


def test_one_unknown_candidate_of_several_is_named() -> None:
    with pytest.raises(NotFoundError, match=r"no candidate 'o009' in the pool"):
        made("o001", "o009", "c1000")


def test_an_unknown_candidate_of_a_few_is_answered_with_all() -> None:
    with pytest.raises(NotFoundError, match=r"there are c1000, c1001, o001, o002, o003$"):
        made("xyzzy")


def test_part_of_an_id_is_no_candidate() -> None:
    with pytest.raises(NotFoundError, match="no candidate 'o00'"):
        made("o00")


# An id of two types


def test_of_an_id_with_two_types_the_first_counts() -> None:
    background = image("a", bkgdtarg="t", asn_candidate="[('c1000', 'background')]")
    mosaic = image("b", asn_candidate="[('c1000', 'mosaic')]")
    before = selected([background, mosaic], "c1000").associations
    assert [(one.asn_id, one.candidate_type) for one in before] == [("c1000", "background")]
    after = selected([background | {"filename": "z"}, mosaic], "c1000").associations
    assert after == []


def test_of_an_id_with_two_types_one_can_be_named() -> None:
    background = image("z", bkgdtarg="t", asn_candidate="[('c1000', 'background')]")
    mosaic = image("b", asn_candidate="[('c1000', 'mosaic')]")
    for dms in (False, True):
        found = selected([background, mosaic], "c1000:background", dms=dms).associations
        assert [(one.asn_id, one.candidate_type) for one in found] == [("c1000", "background")]
    with pytest.raises(NotFoundError, match=r"there are .*c1000:background"):
        selected([background, mosaic], "c1000:backgrounds")


# With the background candidates of its exposures


def test_dms_leaves_out_what_a_background_candidate_makes_of_the_same_science() -> None:
    assert made("o001") == [SCIENCE_ALONE]
    assert made("o001", dms=True) == []


def test_dms_keeps_what_no_background_candidate_outdoes() -> None:
    assert made("o002", dms=True) == [SKY_ALONE]
    assert made("o003", dms=True) == [APART_ALONE]


def test_dms_keeps_what_a_selected_background_candidate_makes() -> None:
    assert made("c1000", dms=True) == [WITH_SKY]
    assert made("o001", "c1000", dms=True) == [WITH_SKY]


def test_dms_numbers_what_it_keeps_from_one() -> None:
    names = [name for name, _, _ in made("o002", "o003", dms=True)]
    assert names == ["jw00001-o002_image2_00001_asn", "jw00001-o003_image2_00001_asn"]


def test_dms_works_the_background_candidates_that_share_exposures_and_no_others() -> None:
    seen: list[tuple[int, int]] = []
    selected(EXPOSURES, "o001", dms=True, seen=seen)
    assert seen == [(1, 2), (2, 2)]


def test_dms_without_ids_changes_nothing() -> None:
    assert made(dms=True) == made() != []


def test_dms_refuses_an_unknown_candidate() -> None:
    with pytest.raises(NotFoundError, match="no candidate 'o009'"):
        made("o009", dms=True)


def test_dms_does_not_say_of_an_exposure_that_it_was_not_selected_if_it_was() -> None:
    pool = [
        coronagraph("a", subarray="sub320", asn_candidate=BOTH),
        coronagraph("b", subarray="sub320", bkgdtarg="t", asn_candidate=OTHER),
        coronagraph("c", subarray="sub320", asn_candidate=ALONE),
    ]
    outcome = selected(pool, "o001", dms=True)
    assert outcome.memberships == [0, 0, 0]
    assert outcome.reasons[2] == "its candidates were not selected"
    assert outcome.reasons[0] != "its candidates were not selected"


# Nothing but the exposures makes a difference


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=6)
@given(data=st.data())
def test_the_order_of_rows_and_of_pairs_makes_no_difference(
    family: str, data: st.DataObject
) -> None:
    pool = data.draw(pools(family, regular=False))
    for number, one in enumerate(pool):
        one["filename"] = f"{number}_uncal.fits"
    turned = []
    for one in data.draw(st.permutations(pool)):
        pairs = list(parse_candidates(one["asn_candidate"]))
        shuffled = [tuple(pair) for pair in data.draw(st.permutations(pairs))]
        text = one["asn_candidate"] if one["asn_candidate"] == "null" else str(shuffled)
        turned.append(one | {"asn_candidate": text})
    there = sorted({pair.id for one in pool for pair in parse_candidates(one["asn_candidate"])})
    ids = data.draw(st.lists(st.sampled_from(there), unique=True)) if there else []
    how = {"dms": data.draw(st.booleans()), "merge": data.draw(st.booleans())}
    first, again = selected(pool, *ids, **how), selected(turned, *reversed(ids), **how)
    assert list(files(again.associations).items()) == list(files(first.associations).items())
    assert (again.memberships, again.reasons) == (first.memberships, first.reasons)
    assert again.order_dependent == first.order_dependent


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=6)
@given(data=st.data())
def test_only_the_selected_candidates_have_associations(family: str, data: st.DataObject) -> None:
    pool = data.draw(pools(family, regular=True))
    there = sorted({pair.id for one in pool for pair in parse_candidates(one["asn_candidate"])})
    ids = data.draw(st.lists(st.sampled_from(there), min_size=1, unique=True)) if there else []
    outcome = selected(pool, *ids, dms=data.draw(st.booleans()))
    assert {one.asn_id for one in outcome.associations} <= set(ids)


def test_the_order_of_pairs_makes_no_other_reason() -> None:
    listed = ["('o001', 'observation')", "('c1000', 'background')"]
    images = [image("a_uncal.fits"), image("b_uncal.fits")]
    images[0]["asn_candidate"] = f"[{', '.join(listed)}]"
    outcomes = []
    for pairs in (listed, listed[::-1]):
        images[1]["asn_candidate"] = f"[{', '.join(pairs)}]"
        outcomes.append(selected(images, "c1000").reasons)
    # Both are of one observation, so that neither is meant as the background of the other.
    assert outcomes == [dict.fromkeys(range(2), "candidate c1000 has no background for it")] * 2
