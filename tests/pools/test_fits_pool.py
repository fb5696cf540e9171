"""Pools made from headers: columns, defaults, declarations, and what is said about them."""

from __future__ import annotations

import csv
import gzip
import io
import random
from pathlib import Path

import pytest

from asnrules.errors import OutputError, PoolError, UsageError
from asnrules.pools.fits.declared import Declarations
from asnrules.pools.fits.keywords import assumed
from asnrules.pools.fits.pool import MadePool, make_pool, write_pool
from pools.fits_files import image_name, write_fits


def rows_of(made: MadePool) -> list[dict[str, str]]:
    text = b"".join(made.source.blocks()).decode()
    return list(csv.DictReader(io.StringIO(text), delimiter="|"))


@pytest.fixture
def two(tmp_path: Path) -> list[str]:
    return [
        write_fits(tmp_path / image_name(1, 1)),
        write_fits(tmp_path / image_name(1, 2), OBSERVTN="002", TARGNAME="M 33", EXTRA="x"),
    ]


def test_columns_and_defaults_are_those_of_asn_make_pool(two: list[str]) -> None:
    first, second = rows_of(make_pool(two))
    assert list(first) == sorted(first)
    # Seen by running asn_make_pool of jwst 3.0.0 on such files, but for t and f.
    assert first == {
        "asn_candidate": "[('o001', 'observation')]", "bitpix": "8", "bkgdtarg": "f",
        "channel": "SHORT", "detector": "NRCA1", "dithptin": "1", "dms_note": "null",
        "exp_type": "NRC_IMAGE", "extra": "null", "filename": image_name(1, 1),
        "filter": "F200W", "instrume": "NIRCAM", "is_imprt": "f", "is_psf": "f",
        "mostilno": "1", "naxis": "0", "observtn": "001", "patt_num": "1", "pntgtype": "science",
        "program": "01234", "pupil": "CLEAR", "simple": "t", "subarray": "FULL", "targetid": "1",
        "targname": "NGC 604", "telescop": "JWST", "tsovisit": "f",
        "visitype": "PRIME_TARGETED_FIXED",
    }  # fmt: skip
    assert (second["asn_candidate"], second["targetid"]) == ("[('o002', 'observation')]", "2")
    assert second["extra"] == "x"


@pytest.mark.parametrize(
    ("keyword", "value", "expected"),
    [
        ("IS_IMPRT", True, "t"), ("IS_IMPRT", False, "f"), ("IS_IMPRT", "T", "t"),
        ("IS_IMPRT", "true", "t"), ("IS_IMPRT", "False", "f"), ("IS_IMPRT", "", "f"),
        ("IS_IMPRT", 1, "t"), ("IS_IMPRT", 0, "f"), ("TSOVISIT", "YES", "t"), ("IS_PSF", "N", "f"),
        ("MOSTILNO", "N/A", "1"), ("PNTGTYPE", "NULL", "science"), ("TARGETID", "null", "1"),
        ("IS_PSF", "TRUE", "t"), ("BKGDTARG", "t", "t"), ("TSOVISIT", "True", "t"),
        ("PNTGTYPE", "PARALLEL", "PARALLEL"), ("PNTGTYPE", "", "science"),
        ("DMS_NOTE", "WFSC_LOS_JITTER", "WFSC_LOS_JITTER"),
        ("DITHPTIN", 4, "4"), ("MOSTILNO", 3, "3"), ("MOSTILNO", 3.0, "3"),
        ("EXPSPCIN", 2, "2"), ("PATT_NUM", 1.0, "1"), ("PATT_NUM", "2.0", "2"),
        ("SUBPXPTS", 1.5, "1.5"), ("TARGETID", 9, "9"), ("TARGNAME", "1.0", "1.0"),
    ],
)  # fmt: skip
def test_a_header_is_believed(keyword: str, value: object, expected: str, tmp_path: Path) -> None:
    path = write_fits(tmp_path / image_name(), **{keyword: value})
    (row,) = rows_of(make_pool([path]))
    assert row[keyword.lower()] == expected


@pytest.mark.parametrize("keyword", sorted(assumed()))
def test_what_one_header_tells_is_assumed_of_the_others_alone(keyword: str, tmp_path: Path) -> None:
    value: object = True if keyword == "is_imprt" else "7"
    told = write_fits(tmp_path / image_name(1), **{keyword.upper(): value})
    other = write_fits(tmp_path / image_name(2))
    made = make_pool([told, other])
    first, second = (row[keyword] for row in rows_of(made))
    assert first == ("t" if keyword == "is_imprt" else "7")
    assert second == (assumed()[keyword] or "null")
    assert any(keyword.upper() in line for line in made.notes)
    assert not any(keyword.upper() in line for line in make_pool([told]).notes)


def test_targets_of_headers_and_names_are_told_apart(tmp_path: Path) -> None:
    paths = [
        write_fits(tmp_path / image_name(number), TARGNAME=name, TARGETID=target)
        for number, (name, target) in enumerate(
            [("A", 2), ("B", None), ("A", None), ("C", 1), ("D", None), ("B", None)], 1
        )
    ]
    assert [row["targetid"] for row in rows_of(make_pool(paths))] == ["2", "3", "2", "1", "4", "3"]


def test_targets_are_counted_by_name_in_order_of_file_name(tmp_path: Path) -> None:
    names = ["B", "A", "B", "b", ""]
    paths = [
        write_fits(tmp_path / image_name(number), TARGNAME=name)
        for number, name in enumerate(names, 1)
    ]
    expected = ["1", "2", "1", "3", "4"]
    for seed in range(4):
        random.Random(seed).shuffle(paths)
        assert [row["targetid"] for row in rows_of(make_pool(paths))] == expected


def test_a_file_is_named_without_folder_and_gz(tmp_path: Path) -> None:
    plain = write_fits(tmp_path / image_name())
    packed = Path(plain + ".gz")
    packed.write_bytes(gzip.compress(Path(plain).read_bytes()))
    assert rows_of(make_pool([str(packed)]))[0]["filename"] == image_name()
    with pytest.raises(PoolError, match="a second file of this name"):
        make_pool([plain, str(packed)])
    with pytest.raises(PoolError, match="a second file of this name"):
        make_pool([plain, plain])
    assert make_pool([plain, plain], skip=True).exposures == 1


def test_declarations_for_all_and_by_pattern(two: list[str]) -> None:
    made = make_pool(
        two,
        Declarations(
            asn_candidate=[
                "[('C1000', 'background')]", "JW01234002*=[('c1001','background')]",
            ],
            keywords=[
                "DMS_NOTE=WFSC_LOS_JITTER:a=b", "is_imprt=t", "*002001_*:IS_IMPRT=F",
                "jw01234001*: pntgtype = target_acquisition", "EXPSPCIN=2", "filter=F090W",
                "FILTER=F115W", "*.fits:EXPOSERR=",
            ],
        ),
    )  # fmt: skip
    first, second = rows_of(made)
    assert first["asn_candidate"] == "[('o001', 'observation'), ('c1000', 'background')]"
    assert second["asn_candidate"] == (
        "[('o002', 'observation'), ('c1000', 'background'), ('c1001', 'background')]"
    )
    assert (first["is_imprt"], second["is_imprt"]) == ("t", "f")
    assert (first["pntgtype"], second["pntgtype"]) == ("target_acquisition", "science")
    assert first["dms_note"] == "WFSC_LOS_JITTER:a=b"
    assert (first["expspcin"], first["filter"], first["exposerr"]) == ("2", "F115W", "null")
    assert [line.split(" (")[0] for line in made.notes] == [
        "headers do not tell PNTGTYPE",
        "headers do not tell DITHPTIN",
        "headers do not tell MOSTILNO",
    ]


def test_what_is_declared_makes_candidate_and_target(two: list[str]) -> None:
    made = make_pool(two, Declarations(keywords=["OBSERVTN=007", "TARGNAME=Sirius"]))
    assert [row["asn_candidate"] for row in rows_of(made)] == ["[('o007', 'observation')]"] * 2
    assert [row["targetid"] for row in rows_of(made)] == ["1", "1"]


@pytest.mark.parametrize(
    ("declarations", "words"),
    [
        (Declarations(keywords=["IS_IMPRT=maybe"]), "--set: IS_IMPRT is 'maybe', neither t nor f"),
        (Declarations(keywords=["*nrs1*:IS_IMPRT=t"]), "the pattern '*nrs1*' fits no file"),
        (Declarations(keywords=["IS_IMPRT"]), "--set: 'IS_IMPRT' is not KEYWORD=VALUE"),
        (Declarations(keywords=["=1"]), "--set: '=1' is not KEYWORD=VALUE"),
        (Declarations(keywords=["FILENAME=a"]), "--set: FILENAME cannot be set"),
        (Declarations(keywords=["ASN_CANDIDATE=a"]), "declare candidates by --asn-candidate"),
        (Declarations(asn_candidate=["c1000"]), "--asn-candidate: not a list of candidates"),
        (Declarations(asn_candidate=["__import__('os')"]), "not a list of candidates"),
        (Declarations(keywords=["DMS_NOTE=a\x1b[31m"]), "--set: 'a\\x1b[31m' holds control"),
        (Declarations(keywords=["PNTGTYPE=a\nb"]), "--set: 'a\\nb' holds control"),
    ],
)
def test_a_declaration_that_is_none(declarations: Declarations, words: str, two: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        make_pool(two, declarations)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


def test_every_file_that_is_no_exposure_is_named(two: list[str], tmp_path: Path) -> None:
    (tmp_path / "b.fits").write_bytes(b"nothing")
    hst = write_fits(tmp_path / "c.fits", TELESCOP="HST")
    with pytest.raises(PoolError) as caught:
        make_pool([*two, str(tmp_path / "b.fits"), hst])
    assert str(caught.value).startswith("2 of 4 files make no exposure of a pool; ")
    assert caught.value.details == [
        f"{tmp_path / 'b.fits'}: not a FITS file",
        f"{hst}: not a JWST exposure: TELESCOP is 'HST'",
    ]
    made = make_pool([*two, str(tmp_path / "b.fits"), hst], skip=True)
    assert made.exposures == 2
    assert made.skipped == caught.value.details


def test_a_single_file_that_is_no_exposure_is_the_error(tmp_path: Path) -> None:
    with pytest.raises(PoolError, match=r"none\.fits: cannot be read: No such file") as caught:
        make_pool([str(tmp_path / "none.fits")])
    assert caught.value.details == ()
    with pytest.raises(PoolError, match=r"none\.fits: cannot be read: No such file"):
        make_pool([str(tmp_path / "none.fits")], skip=True)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"OBSERVTN": None}, "no OBSERVTN, so no candidate"),
        ({"OBSERVTN": "o'), ('c1"}, "OBSERVTN is \"o'), ('c1\", so no candidate"),
        ({"PROGRAM": None, "INSTRUME": ""}, "its header has no PROGRAM, INSTRUME"),
        ({"EXP_TYPE": None, "OBSERVTN": None}, "its header has no EXP_TYPE; no OBSERVTN"),
    ],
)
def test_what_cannot_be_placed_is_said(
    changes: dict[str, object], words: str, tmp_path: Path
) -> None:
    made = make_pool([write_fits(tmp_path / image_name(), **changes)])
    (line,) = made.unplaced
    assert line.endswith(f"cannot be placed: {words}")
    assert made.exposures == 1
    if "OBSERVTN" in changes:
        assert rows_of(made)[0]["asn_candidate"] == "null"


def test_values_with_separators_and_marks_of_comments_are_quoted(tmp_path: Path) -> None:
    path = write_fits(tmp_path / "#a|b_uncal.fits", TARGNAME='x|"y"')
    (row,) = rows_of(make_pool([path]))
    assert (row["filename"], row["targname"]) == ("#a|b_uncal.fits", 'x|"y"')


def test_a_name_that_cannot_be_printed(tmp_path: Path) -> None:
    path = write_fits(tmp_path / "a\x1b[31m_uncal.fits")
    with pytest.raises(PoolError, match="cannot be printed") as caught:
        make_pool([path])
    assert str(caught.value).isprintable()


def test_a_pool_is_written_once(two: list[str], tmp_path: Path) -> None:
    target = tmp_path / "pool.csv"
    made = make_pool(two)
    write_pool(made, target)
    assert target.read_bytes() == b"".join(made.source.blocks())
    with pytest.raises(OutputError, match="is there already"):
        write_pool(made, target)
    write_pool(make_pool(two[:1]), target, overwrite=True)
    assert len(target.read_text().splitlines()) == 2
    with pytest.raises(OutputError, match="No such file or directory"):
        write_pool(made, tmp_path / "none" / "pool.csv")
    assert sorted(path.name for path in tmp_path.glob("*pool*")) == ["pool.csv"]
