"""Which associations stand, by the type of their candidate."""

from __future__ import annotations

import pytest

from engine.building import Exposure, exposure, generated, image, summary


def of(candidates: str, *pool: Exposure) -> list[Exposure]:
    return [one | {"asn_candidate": candidates} for one in pool]


def candidate(identifier: str, kind: str) -> str:
    return f"[('{identifier}', '{kind}')]"


OBSERVATION = candidate("o001", "observation")
BACKGROUND = candidate("c1000", "background")


def test_an_observation_stands_with_and_without_a_background() -> None:
    sky = image("b", bkgdtarg="t")
    assert len(generated(of(OBSERVATION, image("a"))).associations) == 1
    rules = [one.asn_rule for one in generated(of(OBSERVATION, image("a"), sky)).associations]
    assert sorted(rules) == ["Asn_Lv2Image", "Asn_Lv2ImageSpecial"]


def test_a_background_candidate_stands_with_a_background() -> None:
    pool = of(BACKGROUND, image("a"), image("b", bkgdtarg="t"))
    assert summary(generated(pool).associations) == [
        ("jw00001-c1000_image2_00001_asn", "Asn_Lv2Image", ["a science", "b background"])
    ]


def test_a_background_candidate_does_not_stand_without_one() -> None:
    outcome = generated(of(BACKGROUND, image("a"), image("b", filter="f150w")))
    assert outcome.associations == []
    expected = "candidate c1000 has no background for it"
    assert outcome.reasons == {0: expected, 1: expected}


def test_a_background_calibrated_as_science_is_none_for_its_candidate() -> None:
    outcome = generated(of(BACKGROUND, image("a", bkgdtarg="t")))
    assert outcome.associations == []
    assert list(outcome.reasons) == [0]


@pytest.mark.parametrize("kind", ["mosaic", "direct_image", "group", "coronagraphic", "pool"])
def test_another_candidate_does_not_stand_even_with_a_background(kind: str) -> None:
    pool = of(candidate("c1000", kind), image("a"), image("b", bkgdtarg="t"))
    outcome = generated(pool)
    assert outcome.associations == []
    expected = f"candidate c1000 is of type {kind}"
    assert outcome.reasons == {0: expected, 1: expected}


def test_what_stands_for_one_candidate_needs_no_reason_for_another() -> None:
    both = "[('o001', 'observation'), ('c1000', 'mosaic')]"
    outcome = generated(of(both, image("a")))
    assert [one.asn_id for one in outcome.associations] == ["o001"]
    assert outcome.reasons == {}


def test_an_id_of_two_types_stands_by_the_one_that_may() -> None:
    pool = [
        image("a", asn_candidate=candidate("c1000", "mosaic")),
        image("b", bkgdtarg="t", asn_candidate=BACKGROUND),
    ]
    made = generated(pool).associations
    assert [(one.asn_id, one.candidate_type) for one in made] == [("c1000", "background")]


def spectrum(filename: str, **values: str) -> Exposure:
    """Give a nod along the slit of MIRI's low-resolution spectrometer."""
    optics = {"instrume": "miri", "detector": "mirimage", "filter": "p750l", "obs_id": "v1"}
    nods = {"patttype": "along-slit-nod", "numdthpt": "2"}
    return exposure(filename, "mir_lrs-fixedslit", **(optics | nods | values))


def test_nods_along_the_slit_are_not_split_for_a_background_candidate() -> None:
    pool = [
        spectrum("a", patt_num="1"),
        spectrum("b", patt_num="2"),
        spectrum("c", patt_num="1", bkgdtarg="t"),
    ]
    made = summary(generated(of(BACKGROUND, *pool)).associations)
    assert sorted((rule, members) for _, rule, members in made) == [
        ("Asn_MIRLRSTAConfirm", ["a science", "c background"]),
        ("Asn_MIRLRSTAConfirm", ["b science", "c background"]),
    ]


def test_nods_along_the_slit_are_split_for_an_observation() -> None:
    pool = of(OBSERVATION, spectrum("a", patt_num="1"), spectrum("b", patt_num="2"))
    made = summary(generated(pool).associations)
    assert sorted((rule, members) for _, rule, members in made) == [
        ("Asn_Lv2MIRLRSFixedSlitNod", ["a science", "b background"]),
        ("Asn_Lv2MIRLRSFixedSlitNod", ["b science", "a background"]),
    ]
