"""What a pattern of exposures becomes is made again for others of the pattern."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asnrules.engine.exposures import Work
from asnrules.engine.growing import GrowingAssociation
from asnrules.engine.steps import finish
from engine.building import Exposure, by_grouping, by_procedure, image, ruleset, work_of
from engine.pools import FAMILIES, pools

_EMPTY = {"n/a", "null"}
_RENAMED = ("targetid", "obs_id", "msametfl")
"""Keywords whose values another program has of its own."""

_CHANGES = {
    "targetid": ["1", "2"],
    "obs_id": ["v1", "v2"],
    "msametfl": ["m1.fits", "m2.fits"],
    "patt_num": ["1", "2"],
    "numdthpt": ["2", "4"],
    "dithptin": ["1", "2"],
    "tsovisit": ["f", "t"],
    "is_imprt": ["f", "t"],
    "bkgdtarg": ["f", "t"],
    "expspcin": ["1", "2"],
}


def of_another_program(pool: list[Exposure], program: int) -> list[Exposure]:
    """Give exposures of the same pattern: other names and targets, and another filter."""
    return [
        one
        | {
            name: f"{one[name]}{program}"
            for name in _RENAMED
            if name in one and one[name] not in _EMPTY
        }
        | {"filename": f"{program}-{one['filename']}", "program": str(program)}
        | ({"filter": f"{one['filter']}{program}"} if one.get("filter") in {"f1", "f2"} else {})
        for one in pool
    ]


def with_own_names(pool: list[Exposure]) -> list[Exposure]:
    return [one | {"filename": f"{number}_uncal.fits"} for number, one in enumerate(pool)]


def told(one: GrowingAssociation) -> tuple[Any, ...]:
    return one.rule.name, one.creator, one.members, one.keys, one.degraded


def made(work: Work, grown: list[GrowingAssociation]) -> list[Any]:
    """Give associations, what becomes of each in the finishing steps, and what it lacks."""
    found = []
    for one in grown:
        before = told(one)
        kept, lacks = finish(one, work)
        found.append((before, [told(other) for other in kept], lacks))
    return found


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=25)
@given(data=st.data())
def test_programs_of_one_pattern(family: str, data: st.DataObject) -> None:
    regular = data.draw(st.booleans())
    pool = with_own_names(data.draw(pools(family, regular=regular)))
    # The third differs from the second in one value.
    near = [dict(one) for one in pool]
    keyword = data.draw(st.sampled_from(sorted(_CHANGES)))
    changed = data.draw(st.sampled_from(near))
    changed[keyword] = data.draw(st.sampled_from(_CHANGES[keyword]))
    programs = [pool, of_another_program(pool, 2), of_another_program(near, 3)]
    work = work_of(one for program in programs for one in program)
    for rule in ruleset().rules:
        expected = made(work, by_procedure(work, rule.name))
        assert made(work, by_grouping(work, rule.name)) == expected


def spectra(exp_type: str, **values: str) -> list[Exposure]:
    """Give exposures; the letters of a value are those of the exposures, in order."""
    count = max(map(len, values.values()))
    return [
        image(f"{number}_uncal.fits", grating="g1")
        | {"exp_type": exp_type}
        | {name: letters[number % len(letters)] for name, letters in values.items()}
        for number in range(count)
    ]


NEAR = {
    "target": (
        spectra("mir_mrs", is_imprt="ftt", targetid="111", mostilno="1"),
        spectra("mir_mrs", is_imprt="ftt", targetid="112", mostilno="1"),
    ),
    "dither position": (
        spectra("mir_mrs", is_imprt="ftt", targetid="1", dithptin="111", mostilno="1"),
        spectra("mir_mrs", is_imprt="ftt", targetid="1", dithptin="112", mostilno="1"),
    ),
    "time series": (
        spectra("mir_mrs", tsovisit="f", bkgdtarg="ft"),
        spectra("mir_mrs", tsovisit="t", bkgdtarg="ft"),
    ),
}
"""Exposures of which the first pass the finishing steps, and differ in one keyword."""


@pytest.mark.parametrize("kind", NEAR)
def test_programs_that_differ_in_one_keyword(kind: str) -> None:
    one, other = NEAR[kind]
    work = work_of([*one, *of_another_program(other, 2)])
    for rule in ruleset().rules:
        expected = made(work, by_procedure(work, rule.name))
        assert made(work, by_grouping(work, rule.name)) == expected


def test_it_is_grown_once() -> None:
    pool = [image(f"{number}_uncal.fits", bkgdtarg="ft"[number % 2]) for number in range(4)]
    work = work_of([*pool, *of_another_program(pool, 2)])
    grown = by_grouping(work, "Asn_Lv2Image")
    made(work, grown)
    templates = [one.template for one in grown]
    assert templates[0] is not None
    assert templates[0].stays
    assert len(grown) == 2 * len(set(map(id, templates)))
