"""PoolReader and read_pool: what a pool gives, what is refused, and how that is said."""

from __future__ import annotations

import gzip
import hashlib
import os
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asnrules.errors import PoolError
from asnrules.pools import Candidate, Pool, PoolReader, read_pool

KEYWORDS = ("filename", "asn_candidate", "exp_type")
HEADER = "filename|exp_type|asn_candidate\n"
O001 = "[('o001', 'observation')]"
ROW = f"a.fits|nrc_image|{O001}\n"
PLAIN = HEADER + ROW


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(content: str | bytes, keywords: tuple[str, ...] = KEYWORDS) -> Pool:
    path = Path("pool.csv")
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_pool(path, keywords)


def refusal(content: str | bytes) -> str:
    with pytest.raises(PoolError) as caught:
        read(content)
    return str(caught.value)


def values_of(cells: str) -> tuple[str | None, ...]:
    """Return the one row of a pool of the columns filename, exp_type, asn_candidate."""
    (row,) = read(HEADER + cells, ("filename", "exp_type", "asn_candidate")).rows
    return row


# What a pool gives


def test_a_pool() -> None:
    content = (
        "filename|other|exp_type|asn_candidate\na.fits|x|nrc_image|[('o001', 'observation')]\n"
    )
    assert read(content) == Pool(
        name="pool.csv",
        sha256="80ec338426f5cc7106da207c33e769d969485d6ee89d3d3db27dbb705595f0b2",
        columns=("filename", "other", "exp_type", "asn_candidate"),
        keywords=("filename", "asn_candidate", "exp_type"),
        rows=[("a.fits", "[('o001', 'observation')]", "nrc_image")],
        candidates={"[('o001', 'observation')]": (Candidate("o001", "observation"),)},
    )


def test_a_header_alone_is_an_empty_pool() -> None:
    pool = read(HEADER)
    assert pool.rows == []
    assert pool.columns == ("filename", "exp_type", "asn_candidate")
    assert pool.candidates == {}


def test_a_header_without_line_end() -> None:
    assert read(HEADER.rstrip()).columns == ("filename", "exp_type", "asn_candidate")


def test_a_missing_column_is_none_and_a_blank_cell_is_null() -> None:
    pool = read(
        "filename|asn_candidate|band\na||\nb| |long\n", ("filename", "lamp", "band", *KEYWORDS[1:])
    )
    assert pool.rows == [("a", None, "null", "null", None), ("b", None, "long", "null", None)]


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ((), "n"),
        (("t",), "n"),
        (("10", " 1 "), "nu"),
        (("1", '"abc"'), "nul"),
        (("é€x",), "nul"),
        (("abcd", "t"), "null"),
        (("longer", "null"), "null"),
    ],
)
def test_a_blank_is_null_cut_to_the_longest_cell_of_its_column(
    others: tuple[str, ...], expected: str
) -> None:
    # As astropy's reader of tables has it, with which jwst reads a pool.
    lines = [f"{n}|{cell}|{O001}\n" for n, cell in enumerate(("", *others, "  ", '""'))]
    pool = read(HEADER + "".join(lines))
    for place in (0, -2, -1):
        assert pool.rows[place][2] == expected
    assert pool.blanks == {"exp_type": expected}


def test_a_pool_without_blanks_has_none() -> None:
    assert read(PLAIN).blanks == {}


def test_a_blank_candidate_cell_is_null_however_short_the_column() -> None:
    pool = read("filename|asn_candidate|exp_type\na||x\n")
    assert pool.rows == [("a", "null", "x")]
    assert pool.candidates == {"null": ()}
    assert pool.blanks == {}


def test_a_stream_of_rows_has_a_blank_as_null() -> None:
    Path("pool.csv").write_text(HEADER + "a||1000\nb|x|1000\n")
    with PoolReader("pool.csv", KEYWORDS) as reader:
        assert [row[2] for row in reader] == ["null", "x"]
        assert reader.values.has_blanks


def test_rows_follow_the_order_of_the_keywords() -> None:
    assert read(PLAIN, ("exp_type", "asn_candidate", "filename")).rows == [
        ("nrc_image", "[('o001', 'observation')]", "a.fits")
    ]


def test_upper_case_is_lowered() -> None:
    pool = read("FILENAME|Exp_Type|ASN_CANDIDATE\nA.FITS|NRC_IMAGE|[('O001', 'OBSERVATION')]\n")
    assert pool.columns == ("filename", "exp_type", "asn_candidate")
    assert pool.rows == [("a.fits", "[('o001', 'observation')]", "nrc_image")]


def test_names_and_values_are_stripped() -> None:
    pool = read(" filename |\texp_type|asn_candidate\t\n a.fits | nrc image\t|\u00a0null \n")
    assert pool.columns == ("filename", "exp_type", "asn_candidate")
    assert pool.rows == [("a.fits", "null", "nrc image")]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ('"a|b.fits"|x|null', ("a|b.fits", "x", "null")),
        ('a|"x"|null', ("a", "x", "null")),
        ('a|""|null', ("a", "n", "null")),
        ('a|" x "|null', ("a", "x", "null")),
        ('a| "x|y" |null', ("a", "x|y", "null")),
        ('a|"say ""hi"""|null', ("a", 'say "hi"', "null")),
        ('a|""""|null', ("a", '"', "null")),
        ('a|5" disc|null', ("a", '5" disc', "null")),
        ('a|x|"null"', ("a", "x", "null")),
        ('"#a"|x|null', ("#a", "x", "null")),
        ('a|x|"[(""o001"", ""observation"")]"', ("a", "x", '[("o001", "observation")]')),
        ('a|x|[("o001", "observation")]', ("a", "x", '[("o001", "observation")]')),
        ('a|x|"[]"', ("a", "x", "[]")),
        ('a|"x"|', ("a", "x", "null")),
    ],
)
def test_quotes(cells: str, expected: tuple[str, ...]) -> None:
    assert values_of(cells) == expected


def test_a_quoted_header() -> None:
    assert read('"filename"|"a|b"|"asn_candidate"\n').columns == (
        "filename",
        "a|b",
        "asn_candidate",
    )


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("a|#|null", ("a", "#", "null")),
        ("a|x # y|#!fmt_cand([1])", ("a", "x # y", "#!fmt_cand([1])")),
        ("a|n\tm|null", ("a", "n\tm", "null")),
        ("a|ΟΔΟΣ É\ufeff\u2028z|null", ("a", "οδος é\ufeff\u2028z", "null")),
        ("a\u00b0|'x'|null", ("a\u00b0", "'x'", "null")),
        ("a|NULL|1000", ("a", "null", "1000")),
    ],
)
def test_data_that_looks_special(cells: str, expected: tuple[str, ...]) -> None:
    assert values_of(cells) == expected


def test_comments_and_blank_lines_are_skipped() -> None:
    content = f"# made by hand\n\n  \t\n{HEADER}  # the 'first' | \"x\n{ROW}\n#\n"
    assert read(content).rows == [("a.fits", O001, "nrc_image")]


def test_what_each_candidate_text_stands_for() -> None:
    texts = ["[]", "null", "", "1000", "#!FMT_CAND(x)", O001, O001, "[('c1', 'BACKGROUND')]"]
    pool = read(HEADER + "".join(f"{n}|x|{text}\n" for n, text in enumerate(texts)))
    assert pool.candidates == {
        "[]": (),
        "null": (),
        "1000": (Candidate("1000", "unknown"),),
        "#!fmt_cand(x)": (),
        "[('o001', 'observation')]": (Candidate("o001", "observation"),),
        "[('c1', 'background')]": (Candidate("c1", "background"),),
    }


def test_equal_values_share_one_object_however_they_are_written() -> None:
    rows = read(
        HEADER + 'a|nrc_image|null\nb|NRC_IMAGE|\nc| nrc_image |null\nd|"nrc_image"|null'
    ).rows
    assert len({id(row[2]) for row in rows}) == 1
    assert len({id(row[1]) for row in rows}) == 1


def test_cells_and_lines_at_their_limit() -> None:
    longest = "x" * 131_072
    assert values_of(f"a|{longest}|null") == ("a", longest, "null")
    wide = "|".join(f"c{n}" for n in range(9))
    start = "a|null"
    cells = "".join("|" + "y" * 131_000 for _ in range(8))
    last = "|" + "z" * (1_048_576 - len(start) - len(cells) - 2)
    pool = read(
        f"filename|asn_candidate|{wide}\n{start}{cells}{last}\n", ("filename", "asn_candidate")
    )
    assert pool.rows == [("a", "null")]


# Storage


def test_the_digest_is_of_the_stored_bytes() -> None:
    plain = PLAIN.encode()
    packed = gzip.compress(plain)
    assert read(plain).sha256 == hashlib.sha256(plain).hexdigest()
    assert read(packed).sha256 == hashlib.sha256(packed).hexdigest()


@pytest.mark.parametrize("trailing", [b"", b"\n", b"\n\n# end", b"\r\n \r\n"])
def test_the_digest_covers_what_follows_the_last_row(trailing: bytes) -> None:
    content = PLAIN.encode() + trailing
    assert read(content).sha256 == hashlib.sha256(content).hexdigest()


def test_gzip_in_two_members_with_padding() -> None:
    content = gzip.compress(HEADER.encode()) + gzip.compress(ROW.encode()) + bytes(600_000)
    pool = read(content)
    assert pool.rows == [("a.fits", O001, "nrc_image")]
    assert pool.sha256 == hashlib.sha256(content).hexdigest()


def test_gzip_is_known_by_its_content_and_the_name_is_kept() -> None:
    Path("plain.csv.gz").write_text(PLAIN)
    assert read_pool("plain.csv.gz", KEYWORDS).name == "plain.csv.gz"
    Path("packed").write_bytes(gzip.compress(PLAIN.encode()))
    assert read_pool("packed", KEYWORDS).rows == [("a.fits", O001, "nrc_image")]


def test_the_name_is_the_base_name_made_printable() -> None:
    Path("sub").mkdir()
    Path("sub/x\x1b\n.csv").write_text(PLAIN)
    assert read_pool("sub/x\x1b\n.csv", KEYWORDS).name == "x\\x1b\\n.csv"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input(pack: type[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    stored = pack(PLAIN.encode())
    Path("other").write_bytes(stored)
    with Path("other").open() as handle:
        monkeypatch.setattr(sys, "stdin", handle)
        pool = read_pool("-", KEYWORDS)
        assert not handle.buffer.closed
    assert (pool.name, pool.rows) == ("stdin", [("a.fits", O001, "nrc_image")])
    assert pool.sha256 == hashlib.sha256(stored).hexdigest()


def test_lines_are_whole_across_blocks() -> None:
    names = [f"{n:06}-{'x' * (n % 97)}" for n in range(20_000)]
    text = HEADER + "".join(f"{name}|t{n % 7}|null\n" for n, name in enumerate(names))
    for content in (
        text.encode(),
        text.replace("\n", "\r\n").encode(),
        gzip.compress(text.encode()),
    ):
        rows = read(content).rows
        assert [row[0] for row in rows] == names
        assert [row[2] for row in rows[:8]] == ["t0", "t1", "t2", "t3", "t4", "t5", "t6", "t0"]


# The reader and its progress


def test_the_reader_streams() -> None:
    Path("pool.csv").write_text(HEADER + "a|x|1000\nb|y|null\n")
    with PoolReader("pool.csv", KEYWORDS) as reader:
        assert reader.columns == ("filename", "exp_type", "asn_candidate")
        rows = iter(reader)
        assert next(rows) == ("a", "1000", "x")
        assert reader.stored.sha256 == ""
        assert reader.candidates == {"1000": (Candidate("1000", "unknown"),)}
        assert list(rows) == [("b", "null", "y")]
        assert reader.stored.sha256 == hashlib.sha256(Path("pool.csv").read_bytes()).hexdigest()
        assert reader.stored.bytes_read == Path("pool.csv").stat().st_size
    assert reader.keywords == KEYWORDS


def test_progress_counts_stored_bytes() -> None:
    text = HEADER + "".join(f"{n}|x|null\n" for n in range(60_000))
    packed = gzip.compress(text.encode())
    for content in (text.encode(), packed):
        Path("pool.csv").write_bytes(content)
        seen: list[int] = []
        read_pool("pool.csv", KEYWORDS, progress=seen.append)
        assert seen[-1] == len(content)
        assert seen == sorted(seen)
        assert len(seen) == 7
    assert 0 < seen[0] <= len(packed)


# What is refused


def assert_refused(content: str | bytes, place: str, *words: str) -> None:
    """Check that a message names file and place, quotes what is there, and ends with a mend."""
    message = refusal(content)
    where, _, said = message.partition(": ")
    assert where == f"pool.csv{place}", message
    assert all(word in said for word in words), message
    assert said.partition("; ")[2], message


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("a|b", ["no column filename", "'a', 'b'"]),
        ("filename|b", ["no column asn_candidate", "'filename', 'b'"]),
        ("asn_candidate|b", ["no column filename", "'asn_candidate', 'b'"]),
        ("A|b|c|d|e|f", ["no column filename", "'a', 'b', 'c', 'd', 'e', ..."]),
        ("filename,exp_type", ["no column filename", "commas", "'filename,exp_type'"]),
        ("filename\tasn_candidate", ["no column filename", "tabs", "'filename\\tasn_candidate'"]),
        ("hello", ["no column filename", "no '|'", "'hello'"]),
        ("filename", ["no column asn_candidate", "no '|'", "'filename'"]),
        ("z" * 99, ["no column filename", f"'{'z' * 56}..."]),
    ],
)
def test_a_header_without_the_required_columns(header: str, words: list[str]) -> None:
    assert_refused(header + "\n1|2\n", ", line 1", *words)


@pytest.mark.parametrize(
    ("content", "place", "words"),
    [
        (b"", "", ["empty"]),
        (gzip.compress(b"", mtime=0), "", ["empty"]),
        (b"\n# only this\n", "", ["no header"]),
        (b"\xef\xbb\xbf", "", ["no header"]),
        (b"filename|exp_type|Exp_Type |asn_candidate", ", line 1, column 3", ["'exp_type'"]),
        (b"#\n\nfilename||asn_candidate\n", ", line 3, column 2", ["no name"]),
        (b"filename|asn_candidate|\n", ", line 1, column 3", ["no name"]),
        (b"filename|a\x07b|asn_candidate\n", ", line 1, column 2", ["'\\x07' in 'a\\x07b'"]),
        (b'filename|"ab|asn_candidate\n', ", line 1, column 2", ["a quote opens"]),
    ],
)
def test_headers(content: bytes, place: str, words: list[str]) -> None:
    assert_refused(content, place, *words)


FILENAME, EXP_TYPE, CANDIDATE = (
    f", column {name}" for name in ("filename", "exp_type", "asn_candidate")
)


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ("b|x", EXP_TYPE, ["2 of 3", "'asn_candidate'"]),
        ("b", FILENAME, ["1 of 3", "'exp_type'"]),
        ("b|x|null|more|and", CANDIDATE, ["5 cells", "3", "'more'"]),
        ("|x|null", FILENAME, ["blank"]),
        (" \t|x|null", FILENAME, ["blank"]),
        ("NULL|x|null", FILENAME, ["blank"]),
        ('""|x|null', FILENAME, ["blank"]),
        ("b|x|[('o001', observation)]", CANDIDATE, ["character 11 of \"[('o001', observation)]\""]),
        ("b|\x1b[2J|null", EXP_TYPE, ["'\\x1b' in '\\x1b[2j'"]),
        ("b|x\u0085|null", EXP_TYPE, ["'\\x85' in 'x\\x85'"]),
        ("b\rc|x|null", FILENAME, ["'\\r' in 'b\\rc'"]),
        ("b|x\r|null", EXP_TYPE, ["'\\r' in 'x\\r'"]),
        ('b|"x|null', EXP_TYPE, ["a quote opens"]),
        ('b|"x"y|null', EXP_TYPE, ["a quote opens"]),
        ('b|x|"null\n"', CANDIDATE, ["a quote opens"]),
        (f"b|{'y' * 131_073}|null", EXP_TYPE, ["131,072", f"'{'y' * 56}..."]),
        ("b|" + "y" * 1_048_576, "", ["1,048,576"]),
        ("b|\0|null", "", ["NUL"]),
        ("# \0", "", ["NUL"]),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_rows(row: str, column: str, words: list[str], end: str) -> None:
    # Line 2 is a comment, and one that would be refused as a row: only rows are judged.
    content = f"{HEADER}# \x07 |\n{row}{end}{ROW}"
    assert_refused(content, f", line 3{column}", *words)


@pytest.mark.parametrize("end", ["\r\r\n", "\r\r"])
def test_only_one_carriage_return_is_part_of_a_line_end(end: str) -> None:
    place = ", line 2, column asn_candidate"
    assert_refused(f"{HEADER}b|x|null{end}", place, "'\\r' in 'null\\r'")


def test_a_long_column_name_is_cut_and_escaped() -> None:
    long = "c" * 70
    message = refusal(f"filename|asn_candidate|{long}\na|null|\x7f\n")
    assert message.startswith(f"pool.csv, line 2, column {'c' * 57}...: control character")
    message = refusal("filename|asn_candidate|\u202ec\na|null|\x7f\n")
    assert message.startswith("pool.csv, line 2, column '\\u202ec': control character")


@pytest.mark.parametrize("lines_before", [0, 1, 50_000])
def test_bytes_that_are_not_utf8(lines_before: int) -> None:
    content = HEADER.encode() + b"n|x|null\n" * lines_before + b"caf\xe9|x|null\n"
    assert_refused(content, f", line {lines_before + 2}", "UTF-8", "0xe9", "number 4")


def test_the_first_fault_is_the_one_reported() -> None:
    assert refusal(HEADER.encode() + b"a|x\ncaf\xe9|x|null\n").startswith("pool.csv, line 2, ")


@pytest.mark.parametrize(
    "content",
    [
        bytes(5000),
        bytes(range(256)),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\n",
        PLAIN.encode("utf-16"),
        gzip.compress(gzip.compress(b"x") + bytes(9)),
        b"x" * 1_100_000 + b"\0",
    ],
    ids=["zeros", "bytes", "png", "utf-16", "gzip twice", "no lines"],
)
def test_a_binary_file(content: bytes) -> None:
    assert "NUL bytes" in refusal(content)


def test_an_endless_line_is_not_read_to_its_end() -> None:
    Path("pool.csv").write_bytes(b"x" * 50_000_000)
    reader = PoolReader("pool.csv", KEYWORDS)
    with pytest.raises(PoolError, match="line 1: the line is longer than 1,048,576 bytes"):
        reader.__enter__()
    assert reader.stored.bytes_read < 3_000_000


def test_a_gzip_bomb_is_not_unpacked_to_its_end() -> None:
    assert "line 1: the line is longer than" in refusal(gzip.compress(b"x" * 50_000_000))


PACKED = gzip.compress(PLAIN.encode(), mtime=0)


@pytest.mark.parametrize(
    "content",
    [
        PACKED[:-1],
        PACKED[:-9],
        PACKED[:12],
        PACKED[:2],
        PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:],
        PACKED[:12] + b"\xff\xff" + PACKED[14:],
        PACKED + b"trailing",
        PACKED[:2] + b"\x07" + PACKED[3:],
    ],
    ids=["size", "data", "start", "magic", "checksum", "damaged", "trailing", "method"],
)
def test_damaged_gzip(content: bytes) -> None:
    message = refusal(content)
    assert message.startswith("pool.csv: truncated or corrupt gzip data (")
    assert message.endswith("); fetch the file again")


def test_files_that_cannot_be_read() -> None:
    Path("folder").mkdir()
    for path, message in {
        "none.csv": "none.csv: cannot be read: No such file or directory; "
        "name a file that exists and that you may read",
        "folder": "folder: is a directory; name a pool, or a folder of FITS files",
        "": "'': is a directory; name a pool, or a folder of FITS files",
        "a\0b": "'a\\x00b': cannot be read: embedded null byte; "
        "name a file that exists and that you may read",
        "\ud800": "'\\ud800': cannot be read: 'utf-8' codec can't encode character '\\ud800'",
        "x\x1b[31m\n": "'x\\x1b[31m\\n': cannot be read: No such file or directory",
    }.items():
        with pytest.raises(PoolError) as caught:
            read_pool(path, KEYWORDS)
        assert str(caught.value).startswith(message)
        assert str(caught.value).isprintable()


def test_a_long_path_is_cut() -> None:
    with pytest.raises(PoolError) as caught:
        read_pool("d" * 5000, KEYWORDS)
    assert str(caught.value).startswith("d" * 197 + "...: cannot be read: File name too long;")


def test_standard_input_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(PoolError, match=r"^stdin: the file is empty;"):
        read_pool("-", KEYWORDS)


def test_standard_input_without_data_yet_is_not_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with os.fdopen(reading) as handle, os.fdopen(writing, "wb"):
        monkeypatch.setattr(sys, "stdin", handle)
        with pytest.raises(PoolError, match=r"^stdin: cannot be read: no data yet"):
            read_pool("-", KEYWORDS)


# Any input

_CELLS = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters='|"'), max_size=8
)
_NAMES = st.text(st.sampled_from("abcdefgh0123456789_."), min_size=1, max_size=8).map("f{}".format)
_CANDIDATES = st.sampled_from(["", "null", "[]", "1000", O001, "[('o001', 'x'), ('c1000', 'y')]"])


@given(st.lists(st.tuples(_NAMES, _CELLS, _CANDIDATES)))
def test_all_ways_to_store_a_pool_read_equal(rows: list[tuple[str, str, str]]) -> None:
    # Not all upper case comes back by lowering it; what does, is how pools are written.
    rows = [
        (name, cell if cell.isascii() else cell.lower(), candidates)
        for name, cell, candidates in rows
    ]
    text = HEADER + "".join("|".join(row) + "\n" for row in rows)
    plain = read(text)
    assert len(plain.rows) == len(rows)
    upper = HEADER.upper() + "".join(
        "|".join(cell.upper() if cell.isascii() else cell for cell in row) + "\n" for row in rows
    )
    quoted = HEADER + "".join("|".join(f' "{cell}" ' for cell in row) + "\n" for row in rows)
    commented = "# first\n" + text.replace("\n", '\n\n # | "\n')
    for other in (
        text.replace("\n", "\r\n").encode(),
        text.rstrip("\n").encode(),
        b"\xef\xbb\xbf" + text.encode(),
        gzip.compress(text.encode()),
        gzip.compress(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()),
        upper.encode(),
        quoted.encode(),
        commented.encode(),
    ):
        pool = read(other)
        assert (pool.columns, pool.rows) == (plain.columns, plain.rows)
        assert pool.candidates == plain.candidates


_FRAGMENTS = st.sampled_from(
    [
        *(HEADER.encode(), ROW.encode(), PACKED, PACKED[:30], b"a|b|[("),
        *(b"|", b"\n", b"\r", b'"', b"#", b" ", b"\t", b"\0", b"\xff", b"\x1b"),
        *("\ufeff".encode(), "\u0085".encode(), "\u2028".encode()),
    ]
)


@given(
    st.one_of(
        st.binary(),
        st.lists(_FRAGMENTS).map(b"".join),
        st.lists(_FRAGMENTS).map(lambda parts: HEADER.encode() + b"".join(parts)),
        st.binary().map(gzip.compress),
        st.binary().map(lambda tail: b"\x1f\x8b" + tail),
        st.binary(min_size=1, max_size=4).map(lambda damage: PACKED[:20] + damage + PACKED[24:]),
    )
)
def test_any_bytes_are_read_or_refused_in_one_line(content: bytes) -> None:
    try:
        pool = read(content)
    except PoolError as error:
        message = str(error)
        assert message.startswith("pool.csv")
        assert message.splitlines() == [message]
        assert not any(unicodedata.category(character) == "Cc" for character in message)
    else:
        assert pool.sha256 == hashlib.sha256(content).hexdigest()
        assert all(len(row) == len(KEYWORDS) and row[0] for row in pool.rows)


# The header once more, as in pools put together by `cat`


@pytest.mark.parametrize(
    "again",
    [
        HEADER,
        HEADER.upper(),
        " Filename |\tEXP_TYPE  | asn_candidate \r\n",
        '"filename"|"Exp_Type"|"asn_candidate"\n',
        "\ufeff" + HEADER,
        "# a comment\n\n" + HEADER,
    ],
    ids=["same", "case", "spacing", "quoted", "mark", "after a comment"],
)
def test_a_repeated_header_is_no_row(again: str) -> None:
    pool = read(PLAIN + again + ROW.replace("a.fits", "b.fits") + again)
    assert [row[0] for row in pool.rows] == ["a.fits", "b.fits"]
    first = 2 + again.count("\n")
    assert pool.repeated_headers == (first, first + 1 + again.count("\n"))
    assert pool.candidates == {O001: (Candidate("o001", "observation"),)}


def test_a_repeated_header_in_a_table_with_commas() -> None:
    text = "filename,exp_type,asn_candidate\n{}.fits,nrc_image,\"[('o001', 'observation')]\"\n"
    pool = read(text.format("a") + text.format("b"))
    assert [row[0] for row in pool.rows] == ["a.fits", "b.fits"]
    assert pool.repeated_headers == (3,)


def test_pools_put_together_when_they_are_gzipped() -> None:
    pool = read(gzip.compress(PLAIN.encode()) + gzip.compress(PLAIN.replace("a.f", "b.f").encode()))
    assert [row[0] for row in pool.rows] == ["a.fits", "b.fits"]
    assert pool.repeated_headers == (3,)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ("filename|asn_candidate|exp_type\n", "column 2: a second header, with other columns"),
        ("filename|exp_type|asn_candidate|lamp\n", "'lamp' where the first has nothing"),
        ("filename|asn_candidate\n", "column 2: a second header"),
        ("filename|exp_type\n", "column 3: a second header, with other columns: nothing where"),
        ("exp_type|asn_candidate|filename\n", "'exp_type' where the first has 'filename'"),
        ("asn_candidate|exp_type|filename\n", "column 1: a second header"),
        ("FILENAME|Band|ASN_Candidate\n", "'band' where the first has 'exp_type'"),
    ],
)
def test_the_header_of_another_pool_is_refused_with_its_line(other: str, words: str) -> None:
    message = refusal(PLAIN + other + ROW)
    assert message.startswith("pool.csv, line 3, column ")
    assert words in message
    assert message.endswith("; give the rows below it as a pool of their own")


def test_a_row_that_only_looks_like_a_header_is_a_row() -> None:
    pool = read(PLAIN + f"filename|exp_type|{O001}\n")
    assert [row[0] for row in pool.rows] == ["a.fits", "filename"]
    assert pool.repeated_headers == ()


def test_blanks_beside_a_repeated_header_are_null() -> None:
    # To jwst that header is a row, and its cells make the columns wide enough.
    row = f"b.fits||{O001}\n"
    assert read(HEADER + row).blanks == {"exp_type": "n"}
    assert read(HEADER + row + HEADER).blanks == {"exp_type": "null"}


@settings(max_examples=40)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=6))
def test_pools_put_together_have_the_rows_of_all(parts: list[int]) -> None:
    rows = iter(f"{number}.fits|nrc_image|{O001}\n" for number in range(99))
    texts = [HEADER + "".join(next(rows) for _ in range(count)) for count in parts]
    pool = read("".join(texts))
    assert [row[0] for row in pool.rows] == [f"{number}.fits" for number in range(sum(parts))]
    assert len(pool.repeated_headers) == len(parts) - 1
