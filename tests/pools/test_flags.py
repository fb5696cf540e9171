"""Flags: read as people write them where jwst does not read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import asnrules
from asnrules import Catalog, Options
from asnrules.errors import PoolError, UsageError
from asnrules.pools import PoolReader
from asnrules.pools.fits.declared import Declarations
from asnrules.pools.fits.keywords import flags
from asnrules.pools.fits.pool import make_pool
from cli.small_pools import nrc_image, pool_text
from pools.fits_files import image_name, write_fits

SET = ["t", "T", "True", "TRUE", "yes", "Y", "1", "1.0"]
UNSET = ["f", "F", "False", "no", "N", "0", "0.0"]
NONE = ["", "null", "N/A", "--", "None", "NaN", "nan", "#N/A", "-", "<NA>"]
NEITHER = ["maybe", "2", "perhaps", "10"]
KEYWORDS = ("filename", "asn_candidate", "fxd_slit")
CLASSES = {"is_imprt": "imprint", "bkgdtarg": "background", "is_psf": "psf"}


@pytest.fixture
def kept(templates: Any) -> Catalog:
    """Give the catalog that all tests share: nothing is recorded there."""
    return asnrules.open_catalog(templates.seeded("sqlite"))


def class_of(kept: Catalog, pool: object) -> str | None:
    ((_, found),) = kept.classify_pool(pool)
    return found.member_type


def written(folder: Path, mark: str, **changes: str) -> Path:
    text = pool_text(nrc_image(1, **changes))
    if mark == ",":
        text = "".join(
            ",".join(f'"{cell}"' for cell in line.split("|")) + "\n" for line in text.splitlines()
        )
    (folder / "pool.csv").write_text(text)
    return folder / "pool.csv"


def test_flags_are_data() -> None:
    assert flags() >= CLASSES.keys() | {"tsovisit"}


@pytest.mark.parametrize("value", [*SET, *UNSET, *NONE])
@pytest.mark.parametrize("keyword", CLASSES)
def test_a_flag_is_read_as_people_write_it(
    keyword: str, value: str, kept: Catalog, tmp_path: Path
) -> None:
    wanted = CLASSES[keyword] if value in SET else "science"
    assert kept.classify({"EXP_TYPE": "NRC_IMAGE", keyword: value}).member_type == wanted
    assert class_of(kept, written(tmp_path, ",", **{keyword: value})) == wanted
    table = {name: [cell] for name, cell in nrc_image(1, **{keyword: value}).items()}
    assert class_of(kept, table) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(True, "imprint"), (1, "imprint"), (1.0, "imprint"), (False, "science"), (0, "science"),
     (0.0, "science"), (None, "science"), (float("nan"), "science")],
)  # fmt: skip
def test_a_flag_that_is_no_text(value: object, wanted: str, kept: Catalog) -> None:
    assert kept.classify({"EXP_TYPE": "NRS_IFU", "IS_IMPRT": value}).member_type == wanted
    table = {name: [cell] for name, cell in nrc_image(1).items()} | {"is_imprt": [value]}
    assert class_of(kept, table) == wanted


@pytest.mark.parametrize("value", NEITHER)
def test_what_is_no_flag_is_refused_by_name(value: str, kept: Catalog, tmp_path: Path) -> None:
    words = f"IS_IMPRT is '{value}', neither t nor f"
    with pytest.raises(UsageError, match=words):
        kept.classify({"EXP_TYPE": "NRS_IFU", "IS_IMPRT": value})
    pool = written(tmp_path, ",", is_imprt=value)
    with pytest.raises(PoolError, match=rf"pool.csv, line 2, column is_imprt: {words}"):
        class_of(kept, pool)
    with pytest.raises(PoolError, match=words):
        kept.generate(pool, options=Options(record=False))


@pytest.mark.parametrize("value", ["maybe", 2, 0.5])
def test_a_header_with_what_is_no_flag(value: object, tmp_path: Path) -> None:
    path = write_fits(tmp_path / image_name(), BKGDTARG=value)
    with pytest.raises(PoolError, match=f"{image_name()}: BKGDTARG is '{value}', neither t nor f"):
        make_pool([path])
    (record,) = make_pool([path], Declarations(keywords=["BKGDTARG=f"])).records()
    assert record["bkgdtarg"] == "f"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0, "f"), (1.0, "t"), ("0.0", "f"), ("NONE", "null"), ("N/A", "null"), ("nan", "null")],
)
def test_a_header_with_a_flag_in_other_words(value: object, expected: str, tmp_path: Path) -> None:
    (record,) = make_pool([write_fits(tmp_path / image_name(), BKGDTARG=value)]).records()
    assert record.get("bkgdtarg", "null") == expected


def diagnostics(kept: Catalog, pool: Path) -> list[str]:
    return kept.generate(pool, options=Options(record=False)).diagnostics


@pytest.mark.parametrize(
    ("value", "mend"),
    [("0", "write f, not 0"), ("no", "write f, not no"), ("nan", "write null, not nan"),
     ("maybe", "write t or f")],
)  # fmt: skip
@pytest.mark.parametrize("keyword", CLASSES)
def test_what_a_flag_is_to_jwst_and_what_it_costs_is_said(
    keyword: str, value: str, mend: str, kept: Catalog, tmp_path: Path
) -> None:
    pool = written(tmp_path, "|", **{keyword: value})
    assert class_of(kept, pool) == CLASSES[keyword]
    assert diagnostics(kept, pool) == [
        f"pool.csv: {keyword.upper()} {value} is set to jwst, and so here (exposures: 1); "
        f"{CLASSES[keyword]} by it; {mend}"
    ]


@pytest.mark.parametrize("value", ["t", "True", "y", "1", "f", "N", "null", "N/A", "--"])
@pytest.mark.parametrize("keyword", CLASSES)
def test_a_flag_that_jwst_reads_as_it_is_meant_is_not_spoken_of(
    keyword: str, value: str, kept: Catalog, tmp_path: Path
) -> None:
    assert diagnostics(kept, written(tmp_path, "|", **{keyword: value})) == []


def test_background_targets_are_all_counted(tmp_path: Path) -> None:
    for number, value in enumerate((True, 1, 1.0, "yes", 0.0, False), 1):
        write_fits(tmp_path / image_name(number), BKGDTARG=value)
    (note,) = [one for one in make_pool(tmp_path).notes if "background targets" in one]
    assert "(exposures: 4)" in note


@pytest.mark.parametrize("value", ["NaN", "nan", "None", "<NA>", "#N/A", "-"])
def test_no_value_as_programs_write_it_costs_nothing(
    value: str, kept: Catalog, tmp_path: Path
) -> None:
    blanks = {"is_imprt": value, "is_psf": value, "dms_note": value, "exposerr": value}
    report = kept.generate(written(tmp_path, ",", **blanks), options=Options(record=False))
    plain = written(tmp_path, ",", **dict.fromkeys(blanks, "null"))
    wanted = kept.generate(plain, options=Options(record=False))
    assert (report.made, report.diagnostics) == (wanted.made, [])
    assert [made.asn_rule for made in report.made] == ["Asn_Lv2Image"]


def test_none_in_capitals_is_a_value(tmp_path: Path) -> None:
    with PoolReader(written(tmp_path, ",", fxd_slit="NONE"), KEYWORDS) as reader:
        assert [row[2] for row in reader] == ["none"]
    with PoolReader(written(tmp_path, "|", fxd_slit="nan"), KEYWORDS) as reader:
        assert [row[2] for row in reader] == ["nan"]


def test_a_row_of_commas_that_is_too_long_is_mended_by_quotes(tmp_path: Path) -> None:
    path = tmp_path / "pool.csv"
    path.write_text("filename,asn_candidate,targname\na_uncal.fits,null,M 31, the core\n")
    with (
        pytest.raises(PoolError, match="quote a cell that holds ','"),
        PoolReader(path, KEYWORDS) as reader,
    ):
        list(reader)
