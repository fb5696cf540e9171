"""What headers do not tell: EXPSPCIN by file names, and a line for each keyword that matters."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from asnrules.pools.fits.activities import GROUPS, NAMELESS, OTHERWISE, numbers_of
from asnrules.pools.fits.declared import Declarations
from asnrules.pools.fits.pool import MadePool, make_pool
from asnrules.rules.model import Ruleset
from pools.fits_files import SLIT, write_fits
from seeds import seed

IFU: dict[str, object] = {
    **SLIT, "EXP_TYPE": "NRS_IFU", "IS_IMPRT": False, "PNTGTYPE": "SCIENCE", "DITHPTIN": 1,
    "MOSTILNO": 1, "FXD_SLIT": None,
}  # fmt: skip
GRISM: dict[str, object] = {
    "EXP_TYPE": "NIS_WFSS", "INSTRUME": "NIRISS", "DETECTOR": "NIS", "FILTER": "GR150R",
    "CHANNEL": None, "IS_IMPRT": False, "PNTGTYPE": "SCIENCE", "EXPSPCIN": 1,
}  # fmt: skip
VISIT = "jw01234001001"


@pytest.fixture(scope="module")
def ruleset() -> Ruleset:
    return seed()


def file(
    group: str, activity: str, number: int = 1, sequence: str = "1", visit: str = VISIT
) -> str:
    return f"{visit}_{group}{sequence}{activity}_{number:05}_nrs1_rate.fits"


def numbers(made: MadePool) -> list[str | None]:
    text = b"".join(made.source.blocks()).decode()
    return [row.get("expspcin") for row in csv.DictReader(io.StringIO(text), delimiter="|")]


@pytest.mark.parametrize(
    ("names", "told", "expected"),
    [
        ([file("03", "01"), file("03", "01", 2), file("03", "02")], {}, ["1", "1", "2"]),
        ([file("03", "0a"), file("03", "1C")], {}, ["10", "48"]),
        ([f"{VISIT}_03102_00001-seg002_nrs1_rate.fits"], {}, ["2"]),
        (["nod1_rate.fits", file("03", "02")], {}, [NAMELESS, "2"]),
        ([file("03", "01"), file("05", "01")], {}, [GROUPS, GROUPS]),
        # Another visit or parallel sequence counts by itself.
        ([file("03", "01"), file("05", "02", visit="jw01234001002")], {}, ["1", "2"]),
        ([file("03", "01"), file("05", "02", sequence="2")], {}, ["1", "2"]),
        ([file("03", "01"), file("03", "02")], {0: "1"}, ["1", "2"]),
        ([file("03", "01"), file("03", "02")], {0: "4"}, [OTHERWISE, OTHERWISE]),
        ([file("03", "01"), file("03", "02")], {0: "null"}, ["1", "2"]),
    ],
)  # fmt: skip
def test_numbers_by_name(names: list[str], told: dict[int, str], expected: list[str]) -> None:
    found = numbers_of(names, [told.get(place) for place in range(len(names))])
    assert [one.value or one.reason for one in found] == expected


def test_what_is_told_stays_and_the_rest_is_by_name(tmp_path: Path, ruleset: Ruleset) -> None:
    paths = [
        write_fits(tmp_path / file("03", "01"), **SLIT, EXPSPCIN=1),
        write_fits(tmp_path / file("03", "02"), **SLIT),
    ]
    made = make_pool(paths, ruleset=ruleset)
    assert numbers(made) == ["1", "2"]
    (line,) = [line for line in made.notes if "EXPSPCIN" in line]
    assert line == (
        "headers do not tell EXPSPCIN (NRS_FIXEDSLIT), so the activity in file names is taken; "
        "declare what is so by --set"
    )
    declared = Declarations(keywords=["*_03102_*:EXPSPCIN=7"])
    assert numbers(make_pool(paths, declared, ruleset=ruleset)) == ["1", "7"]
    declared = Declarations(keywords=["EXPSPCIN="])
    assert numbers(make_pool(paths, declared, ruleset=ruleset)) == ["null", "null"]


def test_names_are_not_asked_where_no_rule_looks(tmp_path: Path, ruleset: Ruleset) -> None:
    image = write_fits(tmp_path / f"{VISIT}_03102_00001_nrca1_rate.fits")
    made = make_pool([image], ruleset=ruleset)
    assert numbers(made) == [None]
    assert not any("EXPSPCIN" in line for line in made.notes)


def test_why_names_do_not_tell(tmp_path: Path, ruleset: Ruleset) -> None:
    names = [file("03", "01"), file("05", "01"), "mine_rate.fits"]
    made = make_pool([write_fits(tmp_path / name, **SLIT) for name in names], ruleset=ruleset)
    assert numbers(made) == [None] * 3
    lines = [line for line in made.notes if "EXPSPCIN" in line]
    assert [line.split(": ")[1].split(";")[0] for line in lines] == [GROUPS, NAMELESS]


def said(value: str) -> str:
    """Say what is in a pool then."""
    is_taken = value.startswith("the ")
    return (
        f"so {value} is {'taken' if is_taken else 'assumed'}" if value else "and nothing is assumed"
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"PNTGTYPE": "science"}),
        ({"PNTGTYPE": "SCIENCE"}, {}),
        ({"TSOVISIT": None, "IS_PSF": None}, {"PNTGTYPE": "science", "IS_PSF": "", "TSOVISIT": ""}),
        ({"FILTER": None}, {"PNTGTYPE": "science", "BAND or FILTER": ""}),
        ({"EXP_TYPE": "NRC_DARK", "IS_PSF": None}, {"PNTGTYPE": "science"}),
        ({**SLIT} | {"FXD_SLIT": None, "EXPSPCIN": 1, "IS_IMPRT": False, "PNTGTYPE": "SCIENCE"},
         {"FXD_SLIT": ""}),
        ({**SLIT} | {"EXP_TYPE": "NRS_MSASPEC", "EXPSPCIN": 1, "IS_IMPRT": False,
                 "PNTGTYPE": "SCIENCE"}, {"MSAMETFL": ""}),
        # Several that are missing together are each told, and EXPSPCIN is by name.
        ({**SLIT} | {"SUBPXPTS": None, "IS_IMPRT": False, "PNTGTYPE": "SCIENCE", "NUMDTHPT": None},
         {"EXPSPCIN": "the activity in file names", "NUMDTHPT": "", "SUBPXPNS or SUBPXPTS": ""}),
        # Another rule takes it as well, but for special candidates only.
        (GRISM | {"PUPIL": None}, {"PUPIL": ""}),
        # No pattern, no nods: a header says NONE where there is none.
        (IFU | {"PATTTYPE": None}, {"PATTTYPE": ""}),
        (IFU | {"PATTTYPE": "NONE"}, {}),
    ],
)  # fmt: skip
def test_a_line_for_each_keyword_that_matters(
    changes: dict[str, object], expected: dict[str, str], tmp_path: Path, ruleset: Ruleset
) -> None:
    made = make_pool([write_fits(tmp_path / file("03", "01"), **changes)], ruleset=ruleset)
    kind = changes.get("EXP_TYPE", "NRC_IMAGE")
    end = "; declare what is so by --set"
    assert made.notes == [
        f"headers do not tell {keyword} ({kind}), {said(value)}{end}"
        for keyword, value in expected.items()
    ]
