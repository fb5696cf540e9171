"""Candidates that are worked together: what releases 1.8.5 to 1.14.0 made of the same pools."""

from __future__ import annotations

import pytest

from asnrules.engine.candidates import Selection, candidate_pools, linked
from asnrules.pools import parse_candidates
from engine.building import Exposure, exposure, image, outcome_of, ruleset, summary, work_of

IFU = {
    "instrume": "nirspec", "detector": "nrs1", "filter": "f170lp", "grating": "g235h",
    "mostilno": "1", "bkgdtarg": "t",
}  # fmt: skip
MSA = {
    "instrume": "nirspec", "detector": "nrs1", "filter": "f290lp", "grating": "g395h",
    "msametfl": "a_msa.fits", "expspcin": "1",
}  # fmt: skip


def cell(*names: str) -> str:
    kinds = {"o": "observation", "c": "background", "m": "mosaic"}
    return str([(name, kinds[name[0]]) for name in names])


def flagged(name: str, *candidates: str, **values: str) -> Exposure:
    return exposure(
        f"{name}_uncal.fits", "nrs_ifu", **IFU, asn_candidate=cell(*candidates), **values
    )


def made(label: str, pool: list[Exposure], *selected: str) -> list[tuple[str, str, str]]:
    """Give id, rule and members of each association, in order of their numbers."""
    work = work_of(pool, rules=ruleset(label))
    outcome = outcome_of(work, selection=Selection(frozenset(selected)))
    return [
        (
            name.split("_")[0].partition("-")[2],
            rule.removeprefix("Asn_Lv2"),
            ", ".join(one.replace("_rate.fits", "") for one in members),
        )
        for name, rule, members in sorted(summary(outcome.associations))
    ]


AMONG_OTHERS = [
    flagged("1", "o001", "c1000"),
    flagged("2", "o002", "c1000", is_imprt="t"),
    flagged("3", "o001", is_imprt="t"),
    flagged("4", "o002"),
    flagged("5", "o002", is_imprt="t"),
    flagged("6", "o001", "c1000"),
]


@pytest.mark.parametrize(
    ("label", "members"),
    [("jwst-1.10.0", "2 imprint, 4 science, 5 imprint"), ("jwst-1.14.0", "4 science, 5 imprint")],
)
def test_exposures_of_other_candidates_count_as_offered(label: str, members: str) -> None:
    found = [set(one.split(", ")) for _, _, one in made(label, AMONG_OTHERS)]
    assert set(members.split(", ")) in found


@pytest.mark.parametrize(("label", "groups"), [("jwst-1.10.0", 1), ("jwst-1.14.0", 2)])
def test_candidates_without_an_exposure_in_common_may_hang_together(
    label: str, groups: int
) -> None:
    pool = [flagged("1", "o001"), flagged("2", "o002")]
    texts = {one["asn_candidate"] or "" for one in pool}
    candidates = {text: parse_candidates(text) for text in texts}
    work = work_of(pool, rules=ruleset(label))
    assert len(linked(work, candidate_pools(work, candidates))) == groups


@pytest.mark.parametrize(
    ("selected", "order"), [((), ["1", "3", "4", "2"]), (("o001",), ["1", "2", "3", "4"])]
)
def test_selected_exposures_are_worked_by_row(selected: tuple[str, ...], order: list[str]) -> None:
    pool = [image(f"{name}_uncal.fits") for name in "1234"]
    pool[1] = pool[1] | {"exp_type": "nrc_tacq"}
    found = [members.split()[0] for _, _, members in made("jwst-1.9.4", pool, *selected)]
    assert found == order


def nods(*candidates: str) -> list[Exposure]:
    pool = [
        exposure(
            f"{point}_uncal.fits", "nrs_msaspec", **MSA, patt_num=point,
            asn_candidate=cell(*candidates),
        )
        for point in "12"
    ]  # fmt: skip
    background = {"bkgdtarg": "t", "asn_candidate": cell("o002", "c1000"), "patt_num": "3"}
    return [*pool, exposure("3_uncal.fits", "nrs_msaspec", **MSA, **background)]


@pytest.mark.parametrize(
    ("label", "members"),
    [
        ("jwst-1.8.1", ["1 science, 2 background, 3 background",
                        "2 science, 1 background, 3 background"]),
        ("jwst-1.9.4", ["1 science, 3 background", "2 science, 1 background"]),
        ("jwst-1.9.6", ["1 science, 2 background, 3 background",
                        "2 science, 1 background, 3 background"]),
    ],
)  # fmt: skip
def test_an_exposure_with_several_selected_candidates(label: str, members: list[str]) -> None:
    found = made(label, nods("o001", "c1000"), "o001", "c1000")
    assert [sorted(one.split(", ")) for _, _, one in found] == [
        sorted(one.split(", ")) for one in members
    ]


@pytest.mark.parametrize(("label", "count"), [("jwst-1.8.5", 0), ("jwst-1.9.0", 1)])
def test_the_first_selected_candidate_may_be_of_a_type_that_makes_nothing(
    label: str, count: int
) -> None:
    pool = [image("1_uncal.fits", asn_candidate=cell("m001", "o001"))]
    assert len(made(label, pool, "m001", "o001")) == count
