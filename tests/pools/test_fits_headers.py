"""Reading primary headers: what is found, and what is not a JWST exposure."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asnrules.pools.fits.headers import HeaderError, is_fits, read_header, read_headers
from pools.fits_files import image_name, with_card, write_fits


def refusal(path: Path | str) -> str:
    with pytest.raises(HeaderError) as caught:
        read_header(str(path))
    return str(caught.value)


def test_values_are_text_and_truth_values_one_letter(tmp_path: Path) -> None:
    path = write_fits(
        tmp_path / "a.fits", TSOVISIT=True, PATT_NUM=2, EXPSTART=59000.5, TARGNAME='  NGC | "604" '
    )
    found = read_header(path)
    assert found["tsovisit"] == "t"
    assert found["bkgdtarg"] == "f"
    assert found["patt_num"] == "2"
    assert found["expstart"] == "59000.5"
    assert found["targname"] == 'NGC | "604"'
    assert found["exp_type"] == "NRC_IMAGE"


def test_comments_and_keywords_beside_the_standard_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    write_fits(path, COMMENT="words", HISTORY="more")
    with_card(path, b"HIERARCH a long | one = 'x'")
    assert {"comment", "history", ""} & set(read_header(str(path))) == set()
    assert [name for name in read_header(str(path)) if "long" in name] == []


def test_a_keyword_without_a_value_is_blank(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    write_fits(path)
    assert read_header(with_card(path, b"MSAMETFL="))["msametfl"] == ""


def test_a_long_text_is_read_whole(tmp_path: Path) -> None:
    text = "a long text, " * 20
    assert read_header(write_fits(tmp_path / "a.fits", TARGDESC=text))["targdesc"] == text.strip()


def test_gzipped(tmp_path: Path) -> None:
    plain = write_fits(tmp_path / "a.fits")
    packed = tmp_path / "b.fits.gz"
    packed.write_bytes(gzip.compress(Path(plain).read_bytes()))
    assert read_header(str(packed)) == read_header(plain)
    assert is_fits(packed)


def test_the_data_are_not_looked_at(tmp_path: Path) -> None:
    path = Path(write_fits(tmp_path / "a.fits"))
    expected = read_header(str(path))
    path.write_bytes(path.read_bytes() + b"\0" * 100)
    assert read_header(str(path)) == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"filename|asn_candidate\n", "not a FITS file"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 3000, "not a FITS file"),
        (b"SIMPLE  =                    T", "truncated or broken"),
        (b"SIMPLE  =" + b"x" * 10_000_000, "longer than 262,144 bytes"),
        (gzip.compress(b"SIMPLE  =" + b"\0" * 50_000_000), "longer than 262,144 bytes"),
        (gzip.compress(b"SIMPLE  =" + b"x" * 5000)[:-20], "gzip"),
        (b"\x1f\x8b\x08\x00rubbish", "gzip"),
    ],
    ids=["empty", "pool", "png", "short", "endless", "bomb", "cut gzip", "no gzip"],
)
def test_what_is_no_fits_file(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    path.write_bytes(content)
    assert words in refusal(path)


def test_a_header_that_is_cut_off(tmp_path: Path) -> None:
    path = Path(write_fits(tmp_path / "a.fits"))
    path.write_bytes(path.read_bytes()[:1000])
    assert "truncated or broken" in refusal(path)


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.fits") == "cannot be read: No such file or directory"
    assert refusal(tmp_path) == "cannot be read: Is a directory"
    assert "cannot be read" in refusal("a\0b.fits")


def test_another_telescope(tmp_path: Path) -> None:
    path = write_fits(tmp_path / "a.fits", TELESCOP="HST")
    assert refusal(path) == "not a JWST exposure: TELESCOP is 'HST'"
    path = write_fits(tmp_path / "a.fits", TELESCOP=None, EXP_TYPE=None)
    assert refusal(path) == "not a JWST exposure: neither TELESCOP nor EXP_TYPE"


@pytest.mark.parametrize("card", [b"TARGPROP= 'a\x1b[31mb'", b"TARGPROP= 'a\nb'"])
def test_a_card_with_bytes_that_none_may_hold(card: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    write_fits(path)
    message = refusal(with_card(path, card))
    assert message.isprintable()


READABLE = {
    b"MSAMETFL=": ("msametfl", ""),
    b"MSAMETFL": ("msametfl", ""),
    b"PATT_NUM= 99999999999999999999999999999999999999999999": ("exp_type", "NRC_IMAGE"),
    b"PATT_NUM= 1E999": ("exp_type", "NRC_IMAGE"),
    b"EXP_TYPE= 'MIR_MRS '": ("exp_type", "NRC_IMAGE"),
    b"TARGPROP= 'caf\xe9'": ("exp_type", "NRC_IMAGE"),
    b"TARGPROP= 'abc&'": ("targprop", "abc&"),
    b"COMMENT \xff\xfe": ("comment", None),
    b"\xff" * 80: ("exp_type", "NRC_IMAGE"),
    b"=========": ("exp_type", "NRC_IMAGE"),
    b"HIERARCH ESO A = 'x": ("exp_type", "NRC_IMAGE"),
}
UNREADABLE = [
    b"TARGPROP= 'unbalanced", b"TARGPROP= 'a''b", b"TARGPROP= 'a\tb'", b"TARGPROP= 'a\0b'",
    b"TARGPROP= 'a\x1b[31mb'", b"NUMDTHPT= 1.2.3", b"NUMDTHPT= inf", b"DITHPTIN= X",
    b"TARGPROP= unquoted text",
]  # fmt: skip


@pytest.mark.parametrize("card", READABLE)
def test_an_odd_card_does_not_stop_the_header(card: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    write_fits(path)
    keyword, value = READABLE[card]
    found = read_header(with_card(path, card))
    assert found.get(keyword) == value


@pytest.mark.parametrize("card", UNREADABLE)
def test_a_broken_card_is_named(card: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    write_fits(path)
    keyword = card.split(b"=")[0].strip().decode()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        message = refusal(with_card(path, card))
    assert re.fullmatch(rf"card \d+ \({keyword}\) of its header cannot be read", message)


@pytest.mark.parametrize("text", [b"'stray'", b"stray", b"'a' 'b", b"\xff", b""])
@pytest.mark.parametrize("place", [3, 4, 8, 12, 16, 19])
def test_a_stray_continuation_is_refused(text: bytes, place: int, tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    content = Path(write_fits(path)).read_bytes()
    card = (b"CONTINUE  " + text).ljust(80)
    path.write_bytes(content[: place * 80] + card + content[place * 80 : -80])
    assert refusal(path) == f"card {place + 1} (CONTINUE) of its header continues no text"


def test_long_texts_go_on(tmp_path: Path) -> None:
    for text in ("it's a long ' text, " * 30, "x" * 200, "a&b " * 40):
        path = write_fits(tmp_path / "a.fits", TARGPROP=text)
        assert read_header(path)["targprop"] == text.strip()


@pytest.mark.parametrize("naxis", [b"'abc'", b"-999999999999999999", b"1E30", b"nonsense", b""])
def test_what_the_header_says_of_the_data_is_not_followed(naxis: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    content = Path(write_fits(path)).read_bytes()
    card = b"NAXIS   =                    0"
    assert card in content
    path.write_bytes(content.replace(card, b"NAXIS   =" + naxis.rjust(21)))
    (found,) = read_headers([str(path)])
    assert found.problem in {None, "card 3 (NAXIS) of its header cannot be read"}


@pytest.mark.parametrize(
    "content", [b"", b"x", b"SIMPLE", b"filename|asn_candidate\n", b"\x1f\x8b"]
)
def test_other_files_are_told_from_fits(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    path.write_bytes(content)
    assert not is_fits(path)
    assert not is_fits(tmp_path)
    assert not is_fits(tmp_path / "none")


@settings(max_examples=150)
@given(data=st.data())
def test_any_change_of_bytes_is_read_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    write_fits(path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 12))):
        place = data.draw(st.integers(0, 80 * 22))
        content[place : place + 1] = data.draw(st.binary(max_size=3))
    path.write_bytes(
        content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (found,) = read_headers([str(path)])
    assert found.problem is None or found.problem.isprintable()
    assert all("\n" not in value and "\x1b" not in value for value in found.keywords.values())


def test_several_processes_find_the_same(tmp_path: Path) -> None:
    content = Path(write_fits(tmp_path / "one.fits", PATT_NUM=1)).read_bytes()
    card = b"PATT_NUM=                    1"
    assert card in content
    paths = [str(tmp_path / image_name(number)) for number in range(1, 421)]
    for number, path in enumerate(paths, 1):
        Path(path).write_bytes(content.replace(card, b"PATT_NUM= %20d" % number))
    (tmp_path / "broken.fits").write_bytes(b"SIMPLE  =")
    paths.insert(100, str(tmp_path / "broken.fits"))
    program = (
        "import sys\nfrom asnrules.pools.fits.headers import read_headers\n"
        "if __name__ == '__main__':\n"
        "    counts = []\n"
        "    found = read_headers(sys.argv[1:], workers=2, progress=counts.append)\n"
        "    assert counts == sorted(counts) and 0 < counts[-1] <= 421\n"
        "    print(*(one.problem or one.keywords['patt_num'] for one in found), sep='\\n')\n"
    )
    script = tmp_path / "script.py"
    script.write_text(program)
    done = subprocess.run(
        [sys.executable, str(script), *paths], capture_output=True, text=True, check=True
    )
    alone = [one.problem or one.keywords["patt_num"] for one in read_headers(paths)]
    assert done.stdout.splitlines() == alone
    assert done.stderr == ""
    assert alone[:2] == ["1", "2"]
    assert "truncated" in alone[100]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "jw01234001001_02101_00001_nis_uncal.fits"
    os.mkfifo(path)
    with pytest.raises(HeaderError, match="not a regular file"):
        read_header(str(path))


def test_a_reference_file_is_no_exposure(tmp_path: Path) -> None:
    path = write_fits(tmp_path / "jwst_nircam_flat_0042.fits", REFTYPE="FLAT")
    assert refusal(path) == "a reference file: REFTYPE is 'FLAT'"
