"""Numbers that are none to jwst: what they cost is said, and nothing else is."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import asnrules
from asnrules import Catalog, Options, Report
from cli.small_pools import nrc_image, pool_text

NOD = {
    "exp_type": "nrs_fixedslit", "instrume": "nirspec", "detector": "nrs1", "filter": "f170lp",
    "grating": "g235h", "fxd_slit": "s400a1", "pupil": "null", "channel": "null",
    "patttype": "2-point-nod", "numdthpt": "2", "subpxpts": "1", "subpxpns": "null",
    "expspcin": "1", "mostilno": "1", "dithptin": "1",
}  # fmt: skip


@pytest.fixture
def kept(templates: Any) -> Catalog:
    """Give the catalog that all tests share: nothing is recorded there."""
    return asnrules.open_catalog(templates.seeded("sqlite"))


def nods(**changes: str) -> list[dict[str, str]]:
    numbers = changes.pop("patt_num", "1 2").split()
    return [
        nrc_image(place, **NOD, **{"patt_num": number}) | changes
        for place, number in enumerate(numbers, 1)
    ]


def made(kept: Catalog, folder: Path, rows: list[dict[str, str]], mark: str = "|") -> Report:
    text = pool_text(*rows)
    if mark == ",":
        text = "".join(
            ",".join(f'"{cell}"' for cell in line.split("|")) + "\n" for line in text.splitlines()
        )
    (folder / "pool.csv").write_text(text)
    return kept.generate(folder / "pool.csv", options=Options(record=False))


def backgrounds(report: Report) -> int:
    members = [one for made in report.made for product in made.products for one in product.members]
    return sum(member.exptype == "background" for member in members)


def test_whole_numbers_are_not_spoken_of(kept: Catalog, tmp_path: Path) -> None:
    report = made(kept, tmp_path, nods())
    assert (backgrounds(report), report.diagnostics) == (2, [])


def test_a_float_costs_the_backgrounds_and_that_is_said(kept: Catalog, tmp_path: Path) -> None:
    report = made(kept, tmp_path, nods(patt_num="1.0 2.0"))
    assert backgrounds(report) == 0
    assert report.diagnostics == [
        "pool.csv: PATT_NUM 1.0, 2.0 is not a whole number to jwst, and so here (exposures: 2); "
        "no background by it; write 1, not 1.0"
    ]


def test_in_a_table_that_jwst_does_not_read_it_costs_nothing(kept: Catalog, tmp_path: Path) -> None:
    report = made(kept, tmp_path, nods(patt_num="1.0 2.0", numdthpt="2.0"), ",")
    assert (backgrounds(report), report.diagnostics) == (2, [])


@pytest.mark.parametrize(
    ("changes", "keywords"),
    [
        ({"numdthpt": "6.0"}, ["NUMDTHPT"]),
        ({"subpxpts": "1.0"}, ["SUBPXPTS"]),
        ({"subpxpts": "null", "subpxpns": "1.0"}, ["SUBPXPNS"]),
        ({"subpxpts": "1.0", "subpxpns": "1"}, []),
        ({"subpxpts": "null"}, []),
        ({"patt_num": "one two"}, ["PATT_NUM"]),
        ({"patt_num": "1.0 2.0", "numdthpt": "2.0", "subpxpts": "1.0"},
         ["NUMDTHPT", "PATT_NUM", "SUBPXPTS"]),
        # No step of the rules reads these as numbers.
        ({"exp_type": "nrs_ifu", "fxd_slit": "null", "patttype": "null",
          "patt_num": "1.0 2.0"}, []),
    ],
)  # fmt: skip
def test_every_number_that_a_step_reads(
    changes: dict[str, str], keywords: list[str], kept: Catalog, tmp_path: Path
) -> None:
    report = made(kept, tmp_path, nods(**changes))
    assert [line.split()[1] for line in report.diagnostics] == keywords
    given = {name.upper(): value.split()[0] for name, value in changes.items()}
    for line, keyword in zip(report.diagnostics, keywords, strict=True):
        value = given[keyword]
        whole = value.removesuffix(".0")
        assert line.endswith(f"write {whole}, not {value}" if whole != value else "give one")


def test_a_direct_image_is_not_chosen_by_a_float(kept: Catalog, tmp_path: Path) -> None:
    grism = nrc_image(1, exp_type="nrc_wfss", pupil="grismr") | {"expspcin": "1.0"}
    direct = nrc_image(2) | {"expspcin": "2.0"}
    report = made(kept, tmp_path, [grism, direct])
    (line,) = [one for one in report.diagnostics if "EXPSPCIN" in one]
    assert "EXPSPCIN 1.0, 2.0 is not a whole number" in line
    assert "no direct image is chosen by it" in line


def test_a_float_in_names_is_told(kept: Catalog, tmp_path: Path) -> None:
    report = made(kept, tmp_path, [nrc_image(1, program="1.0", targetid="7.0")])
    assert [line.split(" is ")[0] for line in report.diagnostics] == ["PROGRAM 1.0"]
    grism = nrc_image(1, exp_type="nrc_wfss", pupil="grismr", targetid="7.0")
    report = made(kept, tmp_path, [grism, nrc_image(2, targetid="7.0")])
    assert [line.split(" is ")[0] for line in report.diagnostics] == ["TARGETID 7.0"]
    (direct, *_) = [one for asn in report.made for one in asn.products[0].members
                    if one.exptype == "direct_image"]  # fmt: skip
    assert "_t7\\.0_" in direct.expname


@pytest.mark.parametrize("keyword", ["mostilno", "program", "expspcin", "targetid", "dithptin"])
def test_a_number_that_is_written_in_two_ways(keyword: str, kept: Catalog, tmp_path: Path) -> None:
    one, other = nods()
    for written in ("5.0", "05"):
        report = made(kept, tmp_path, [one | {keyword: "5"}, other | {keyword: written}])
        (line,) = [one for one in report.diagnostics if "is written" in one]
        both = " and ".join(sorted(["5", written]))
        assert line.startswith(f"{keyword.upper()} is written {both}: 2 values to jwst")
        # An imprint with another one is not preferred, but it is still taken.
        assert ("are not put with those" in line) == (keyword != "dithptin")
    alike = made(kept, tmp_path, [one | {keyword: "5.0"}, other | {keyword: "5.0"}])
    assert [line for line in alike.diagnostics if "is written" in line] == []


@pytest.mark.parametrize("written", ["true", "y", "1"])
def test_a_flag_that_is_not_t_is_told(written: str, kept: Catalog, tmp_path: Path) -> None:
    report = made(kept, tmp_path, [nrc_image(1, tsovisit=written)])
    assert [asn.asn_type for asn in report.made] == ["image2"]
    assert report.diagnostics == [f"TSOVISIT {written} is not t to jwst, and so here; write t"]
    assert made(kept, tmp_path, [nrc_image(1, bkgdtarg=written)]).diagnostics == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"patt_num": "1.0 2.0"}, "its PATT_NUM is 1.0, not a whole number to jwst"),
        ({"subpxpts": "null", "subpxpns": "1.0"},
         "its SUBPXPNS is 1.0, not a whole number to jwst"),
        ({"numdthpt": "2.0"}, "the science's NUMDTHPT is 2.0, not a whole number to jwst"),
        ({"patt_num": "null 2"}, "its PATT_NUM is not given"),
    ],
)  # fmt: skip
def test_why_names_the_number_that_costs_the_background(
    changes: dict[str, str], reason: str, kept: Catalog, tmp_path: Path
) -> None:
    rows = nods(**changes)
    made(kept, tmp_path, rows)
    found = kept.why(tmp_path / "pool.csv", rows[0]["filename"])
    assert any((fate.reason or "").endswith(f"as {reason}") for fate in found.dropped)


def test_a_repeated_header_is_told_and_replayed(templates: Any, tmp_path: Path) -> None:
    shutil.copyfile(templates.seeded("sqlite"), tmp_path / "catalog.db")
    opened = asnrules.open_catalog(str(tmp_path / "catalog.db"))
    text = pool_text(nrc_image(1))
    (tmp_path / "pool.csv").write_text(text + pool_text(nrc_image(2)))
    report = opened.generate(tmp_path / "pool.csv")
    assert (report.exposures, report.associations) == (2, 2)
    assert report.diagnostics == [
        "pool.csv: the header once more in line 3; skipped, as it is not an exposure"
    ]
    (again,) = opened.audit.replay(report.run_id or 0)
    assert again.verdict == "identical"
