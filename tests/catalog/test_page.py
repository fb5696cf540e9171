"""The published page: read, corrected, refused, and written as it was printed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asnrules.errors import AsnrulesError, RulesetError, UsageError
from asnrules.rules.errata import CorrectedPage, correct_page, parse_accepted
from asnrules.rules.model import Mode
from asnrules.rules.page import read_page
from asnrules.rules.words import shipped_words
from asnrules.rules.write_page import page_text
from seeds import SEEDS, seed

LABELS = sorted(path.name for path in SEEDS.glob("20*"))
WORDS = shipped_words()

PAGE = """\
.. a-label:

Level 2 Associations: Rules
===========================

Some words before :ref:`the table <somewhere>`, and a list:

- one

=====  =====
other  table
=====  =====
1      2
=====  =====

.. list-table:: Exposure Modes for Level 2 Processing
   :widths: 20 20 20 20
   :header-rows: 1

   * - EXP_TYPE
     - Member Exposure Type
     - Specials
     - Association Type
   * - MIR_MRS
     - background
     - BACKGROUND
     - spec2
   * - MIR_MRS
     - science
     - N/A
     - spec2
   * -
     -
     -
     -
   * - NIS_IMAGE
     - science
     - N/A
     - image2
   * - NRC_IMAGE [#one]_
     - science
     - N/A
     - image2
   * - NRS_LAMP [2]_
     - science
     - N/A
     - nrslamp-spec2

Notes
-----

.. [#one] A footnote of *several*
   lines, with ``LAMP``.
.. [2] Depends on the lamp.

Words after it.
"""
ROWS = [
    ("MIR_MRS", "background", "BACKGROUND", "spec2", None),
    ("MIR_MRS", "science", None, "spec2", None),
    ("NIS_IMAGE", "science", None, "image2", None),
    ("NRC_IMAGE", "science", None, "image2", "A footnote of several lines, with LAMP."),
    ("NRS_LAMP", "science", None, "nrslamp-spec2", "Depends on the lamp."),
]


def line_of(text: str, words: str) -> int:
    return text[: text.index(words)].count("\n") + 1


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., CorrectedPage]:
    def read_text(text: str, *accepted: str) -> CorrectedPage:
        path = tmp_path / "page.rst"
        path.write_bytes(text.encode())
        return correct_page(read_page(path), WORDS, parse_accepted(accepted))

    return read_text


def cells(page: CorrectedPage) -> list[tuple[str | None, ...]]:
    return [tuple(row[1:]) for row in page.modes]


def errata(page: CorrectedPage) -> list[tuple[object, ...]]:
    return [tuple(erratum) for erratum in page.errata]


# ------------------------------------------------------------------------- what is read


def test_document_is_the_revision_of_the_catalog(shared: Path) -> None:
    page = correct_page(read_page(shared / "reference" / "stage2_rules_2021-06-15.rst"), WORDS, {})
    catalog = seed("2021-06-15")
    assert page.modes == catalog.modes
    assert page.errata == catalog.errata
    assert page.new_exp_types == set()


@pytest.mark.parametrize("label", LABELS)
def test_revision_written_and_read_again_is_equal(tmp_path: Path, label: str) -> None:
    content = seed(label)
    path = tmp_path / "page.rst"
    path.write_text(page_text(content), encoding="utf-8")
    page = correct_page(read_page(path), WORDS, {})
    assert page.modes == content.modes
    assert page.errata == content.errata


def test_written_page_has_what_was_printed() -> None:
    text = page_text(seed("2020-12-07"))
    lines = text.splitlines()
    focus = lines.index("   * - NRC_FOCUS")
    assert lines[focus : focus + 4] == [
        "   * - NRC_FOCUS", "     - science", "     - N/A/", "     - image2",
    ]  # fmt: skip
    assert lines[lines.index("   * - NIS_IMAGE") + 3] == "     - images"
    assert "   * - NRC_GRISM [#f1]_" in lines
    assert "   * - NRS_LAMP [#f2]_" in lines
    assert ".. [#f1] Deprecated." in lines
    assert lines.count("   * -") == 4, "a blank row between the five instruments"


def test_rows_of_a_page_with_text_around(read: Callable[..., CorrectedPage]) -> None:
    page = read(PAGE)
    assert cells(page) == ROWS
    assert [mode.position for mode in page.modes] == [1, 2, 3, 4, 5]
    assert page.errata == ()


@pytest.mark.parametrize("order", [(3, 2, 1, 0), (1, 0, 3, 2), (2, 3, 0, 1)])
def test_columns_in_another_order(
    read: Callable[..., CorrectedPage], order: tuple[int, ...]
) -> None:
    def turned(row: re.Match[str]) -> str:
        found = [row[number + 1] for number in order]
        return f"   * -{found[0]}\n" + "".join(f"     -{cell}\n" for cell in found[1:])

    text, count = re.subn(r"   \* -(.*)\n     -(.*)\n     -(.*)\n     -(.*)\n", turned, PAGE)
    assert count == 7
    assert cells(read(text)) == ROWS


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("     - Specials", "     - Special"),
        ("     - Member Exposure Type", "     - Member  Exposure type"),
        ("   * - EXP_TYPE", "   * - Exposure Type"),
        ("     - Association Type", "     - Association Types"),
        ("     - Association Type", "     - Level 2 Association Type"),
        ("     - Association Type", "     - Association Type (Stage 2)"),
        ("   :header-rows: 1\n", ""),
        ("   :widths: 20 20 20 20\n", ""),
        ("Exposure Modes for Level 2 Processing", ""),
        ("     - image2\n   * - NRC_IMAGE", "     -   image2   \n   * -   NRC_IMAGE"),
        ("     - image2\n", "     - ``image2``\n"),
        ("\n", "\r\n"),
    ],
)
def test_page_of_another_wording(read: Callable[..., CorrectedPage], old: str, new: str) -> None:
    assert old in PAGE
    page = read(PAGE.replace(old, new))
    assert cells(page) == ROWS
    assert page.errata == ()


def test_page_with_a_byte_order_mark(read: Callable[..., CorrectedPage]) -> None:
    assert cells(read("\ufeff" + PAGE)) == ROWS


# ------------------------------------------------------------------------- corrections


@pytest.mark.parametrize(
    ("row", "old", "new", "field", "printed", "reason"),
    [
        (2, "N/A", "N/A/", "special", "N/A", "a stray slash"),
        (2, "N/A", "n/a", "special", "N/A", "letter case"),
        (2, "N/A", "N / A", "special", "N/A", "stray or missing signs"),
        (2, "N/A", "NA", "special", "N/A", "stray or missing signs"),
        (2, "N/A", "N\\\\A", "special", "N/A", "stray or missing signs"),
        (1, "BACKGROUND", "Background", "special", "BACKGROUND", "letter case"),
        (1, "background", "Background", "member_type", "background", "letter case"),
        (2, "spec2", "spec-2", "asn_type", "spec2", "stray or missing signs"),
        (5, "nrslamp-spec2", "NRSLAMP-SPEC2", "asn_type", "nrslamp-spec2", "letter case"),
        (3, "image2", "images", "asn_type", "image2",
         "no association type has this name; every other imaging row says image2"),
        (3, "image2", "imgae2", "asn_type", "image2",
         "no association type has this name; every other imaging row says image2"),
        (3, "science", "sciences", "member_type", "science",
         "no member type has this name; every other imaging row says science"),
        (3, "NIS_IMAGE", "NIS-IMAGE", "exp_type", "NIS_IMAGE", "stray or missing signs"),
        (3, "NIS_IMAGE", "Nis_Image", "exp_type", "NIS_IMAGE", "letter case"),
    ],
)  # fmt: skip
def test_certain_correction_is_an_erratum(
    read: Callable[..., CorrectedPage], row: int, old: str, new: str, field: str, printed: str,
    reason: str,
) -> None:  # fmt: skip
    page = read(changed(row, old, new))
    assert cells(page) == ROWS
    shown = " ".join(new.replace("\\\\", "\\").split())
    assert errata(page) == [(row, field, shown, printed, reason)]


def changed(row: int, old: str, new: str) -> str:
    """Change a cell of a row of PAGE, counted from 1 without the blank one."""
    blocks = PAGE.split("   * -")
    number = row + 1 if row < 3 else row + 2
    assert old in blocks[number]
    before, _, after = blocks[number].partition(f" {old}")
    blocks[number] = f"{before} {new}{after}"
    return "   * -".join(blocks)


@pytest.mark.parametrize(
    ("row", "old", "new", "words"),
    [
        # One letter away, but nobody else has such rows.
        (2, "spec2", "spec3", ["association type 'spec3'", "'spec2'", "--accept 2=VALUE"]),
        # One letter away, but other imaging rows say image2.
        (3, "image2", "spec", ["association type 'spec'", "--accept 3=VALUE"]),
        (2, "N/A", "none", ["special 'none'", "--accept 2=VALUE"]),
        (2, "N/A", "", ["special ''", "--accept 2=VALUE"]),
        (1, "BACKGROUND", "BACK", ["special 'BACK'"]),
        (1, "background", "bg", ["member type 'bg'"]),
        (3, "NIS_IMAGE", "NIS_IMAG", ["EXP_TYPE 'NIS_IMAG'", "'NIS_IMAGE'", "--accept 3=NIS_IMAG"]),
        (3, "NIS_IMAGE", "NIS_NEWMODE", ["EXP_TYPE 'NIS_NEWMODE'", "--accept 3=NIS_NEWMODE"]),
    ],
)
def test_uncertain_correction_is_asked_with_row_and_line(
    read: Callable[..., CorrectedPage], row: int, old: str, new: str, words: list[str]
) -> None:
    text = changed(row, old, new)
    exp_type = new if old == "NIS_IMAGE" else ROWS[row - 1][0]
    line = line_of(text, f"   * - {exp_type}") + (4 if row == 2 else 0)
    with pytest.raises(RulesetError, match=rf"page\.rst, line {line}: row {row}: ") as caught:
        read(text)
    for word in words:
        assert word in str(caught.value)


def test_all_questions_are_asked_at_once(read: Callable[..., CorrectedPage]) -> None:
    text = PAGE.replace("- spec2", "- spectrum").replace("- nrslamp-spec2", "- lamp")
    with pytest.raises(RulesetError, match=r"page\.rst: 3 things are wrong") as caught:
        read(text)
    assert [line.split(": ")[1] for line in caught.value.details] == ["row 1", "row 2", "row 5"]


def test_whatever_is_wrong_on_a_page_is_told_at_once(read: Callable[..., CorrectedPage]) -> None:
    text = PAGE.replace("   * - NIS_IMAGE", "   * - XYZ_IMAGE").replace("[#one]_", "[#two]_", 1)
    text = text.replace("     - background\n     - BACKGROUND", "     - science\n     - N/A")
    text = text.replace("- nrslamp-spec2", "- lamp")
    with pytest.raises(RulesetError, match=r"page\.rst: 4 things are wrong") as caught:
        read(text)
    told = "\n".join(caught.value.details)
    for words in ("no instrument", "footnote", "row 2 is the same as row 1", "--accept 5=VALUE"):
        assert words in told


@pytest.mark.parametrize(
    ("row", "old", "new", "accepted", "field", "value"),
    [
        (2, "spec2", "spec3", "2=spec2", "asn_type", "spec2"),
        (2, "spec2", "nothing", "2=N/A", "asn_type", None),
        (2, "N/A", "none", "2=N/A", "special", None),
        (2, "N/A", "none", "2.special=IMPRINT", "special", "IMPRINT"),
        (3, "NIS_IMAGE", "NIS_IMAG", "3=NIS_IMAGE", "exp_type", "NIS_IMAGE"),
        (3, "NIS_IMAGE", "NSI_IMAGE", "3=NIS_IMAGE", "exp_type", "NIS_IMAGE"),
        # A certain one is overruled where the field is named.
        (3, "image2", "images", "3.asn_type=spec2", "asn_type", "spec2"),
    ],
)
def test_accepted_value_is_an_erratum(
    read: Callable[..., CorrectedPage], row: int, old: str, new: str, accepted: str, field: str,
    value: str | None,
) -> None:  # fmt: skip
    page = read(changed(row, old, new), accepted)
    assert getattr(page.modes[row - 1], field) == value
    (erratum,) = errata(page)
    assert erratum[:4] == (row, field, new, value or "N/A")
    assert "accepted" in str(erratum[4])


def test_new_exp_type_is_accepted_and_no_erratum(read: Callable[..., CorrectedPage]) -> None:
    page = read(changed(3, "NIS_IMAGE", "NIS_NEWMODE"), "3=NIS_NEWMODE")
    assert page.modes[2].exp_type == "NIS_NEWMODE"
    assert page.errata == ()
    assert page.new_exp_types == {"NIS_NEWMODE"}


@pytest.mark.parametrize(
    ("accepted", "words"),
    [
        (["2=spec9"], "'spec9' is not a known association type; did you mean 'spec2'"),
        (["2=spec2", "4=image2"], "row 4 .* nothing that is not certain"),
        (["2=spec2", "99=image2"], "row 99"),
        (["2=spec2", "2=spec2"], "row 2 is given twice"),
        (["2"], "'2' is not ROW=VALUE"),
        (["2="], "'2=' is not ROW=VALUE"),
        (["two=spec2"], "not ROW=VALUE"),
        (["2.asn=spec2"], "asn_type"),
        (["2=spec2\n3=x"], "not ROW=VALUE"),
    ],
)
def test_answer_that_makes_no_sense_is_refused(
    read: Callable[..., CorrectedPage], accepted: list[str], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        read(changed(2, "spec2", "spec3"), *accepted)


def test_new_exp_type_has_to_be_of_an_instrument(read: Callable[..., CorrectedPage]) -> None:
    with pytest.raises(UsageError, match="'XYZ_MODE' is not a known EXP_TYPE"):
        read(changed(3, "NIS_IMAGE", "NIS_NEWMODE"), "3=XYZ_MODE")


# ------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("old", "new", "at", "words"),
    [
        ("   * - NIS_IMAGE", "   * - XYZ_IMAGE", "   * - XYZ_IMAGE",
         ["'XYZ_IMAGE'", "no instrument", "_IMAGE'"]),
        ("   * - NIS_IMAGE", "   * - MIR_MRS",
         "   * - MIR_MRS\n     - science\n     - N/A\n     - image2",
         ["row 3 contradicts row 2", "leave one out"]),
        ("     - background\n     - BACKGROUND", "     - science\n     - N/A", None,
         ["row 2 is the same as row 1", "leave one out"]),
        ("NRC_IMAGE [#one]_", "NRC_IMAGE [#two]_", "   * - NRC_IMAGE", ["footnote"]),
        ("     - Specials\n", "     - Remarks\n", "   * - EXP_TYPE", ["unknown column 'Remarks'"]),
        ("     - Specials\n", "     - EXP_TYPE\n", "   * - EXP_TYPE", ["'EXP_TYPE' comes twice"]),
    ],
)  # fmt: skip
def test_page_is_refused_with_the_line(
    read: Callable[..., CorrectedPage], old: str, new: str, at: str | None, words: list[str]
) -> None:
    assert old in PAGE
    text = PAGE.replace(old, new, 1)
    line = line_of(text, "   * - MIR_MRS") + 4 if at is None else line_of(text, at)
    with pytest.raises(RulesetError, match=rf"page\.rst, line {line}: ") as caught:
        read(text)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("widths", "words"),
    [
        ("", "the table has no column 'specials'"),
        ("   :widths: 20 20 20\n", "the table has no column 'specials'"),
        ("   :widths: 20 20 20 20\n", r"the table is broken: .* columns in table \(3\)"),
    ],
)
def test_missing_column_is_named(
    read: Callable[..., CorrectedPage], widths: str, words: str
) -> None:
    text, count = re.subn(r"(   \* -.*\n     -.*\n)     -.*\n", r"\1", PAGE)
    assert count == 7
    with pytest.raises(RulesetError, match=rf"page\.rst, line \d+: {words}"):
        read(text.replace("   :widths: 20 20 20 20\n", widths))


def test_ragged_table_is_refused_with_its_line(read: Callable[..., CorrectedPage]) -> None:
    text = PAGE.replace("     - nrslamp-spec2\n", "")
    line = line_of(text, "   * - NRS_LAMP")
    with pytest.raises(RulesetError, match=rf"line {line}: the table is broken: Error .*uniform"):
        read(text)


@pytest.mark.parametrize(
    "text", ["", "Only words.\n", PAGE[: PAGE.index(".. list-table")], "x" * 20_000]
)
def test_page_without_the_table_is_refused(read: Callable[..., CorrectedPage], text: str) -> None:
    with pytest.raises(RulesetError, match="no table of exposure modes"):
        read(text)


def test_second_table_is_refused(read: Callable[..., CorrectedPage]) -> None:
    table = PAGE[PAGE.index(".. list-table") : PAGE.index("   * -\n")]
    with pytest.raises(RulesetError, match=r"line \d+: a second table"):
        read(PAGE + "\n" + table)


def test_table_without_rows_is_refused(read: Callable[..., CorrectedPage]) -> None:
    text = PAGE[: PAGE.index("   * - MIR_MRS")] + "   * -\n     -\n     -\n     -\n"
    with pytest.raises(RulesetError, match="the table has no row"):
        read(text)


def test_page_in_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "page.rst"
    path.write_bytes(b"one\ntwo \xe9\n")
    with pytest.raises(RulesetError, match="line 2: not UTF-8"):
        read_page(path)


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x85", "\r", "\f"])
def test_control_character_is_refused_with_its_line(
    read: Callable[..., CorrectedPage], character: str
) -> None:
    text = PAGE.replace("NIS_IMAGE", f"NIS_{character}IMAGE")
    line = line_of(PAGE, "NIS_IMAGE")
    with pytest.raises(RulesetError, match=rf"page\.rst, line {line}: a control character"):
        read(text)


def test_page_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RulesetError, match=r"none\.rst: No such file"):
        read_page(tmp_path / "none.rst")


# ------------------------------------------------------------------------- untrusted pages


@pytest.mark.parametrize(
    "directive",
    [
        ".. include:: {secret}",
        ".. raw:: html\n   :file: {secret}",
        ".. raw:: html\n\n   <script>alert(1)</script>",
        ".. csv-table::\n   :file: {secret}",
        ".. literalinclude:: {secret}",
        ".. role:: raw-html(raw)\n   :format: html",
        ".. code:: python\n   :include: {secret}",
    ],
)
def test_page_opens_no_file(
    read: Callable[..., CorrectedPage], tmp_path: Path, directive: str
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("EXP_TYPE,Member Type,Special,Association Type\nsecret,,,\n")
    page = read(directive.format(secret=secret) + "\n\n" + PAGE)
    assert cells(page) == ROWS


def test_no_configuration_of_docutils_is_read(
    read: Callable[..., CorrectedPage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docutils.conf").write_text("[general]\nfile_insertion_enabled: yes\nhalt_level: 1")
    monkeypatch.chdir(tmp_path)
    secret = tmp_path / "secret.txt"
    secret.write_text(PAGE)
    with pytest.raises(RulesetError, match="no table of exposure modes"):
        read(f".. include:: {secret}\n")


@pytest.mark.parametrize(
    "text",
    [
        "".join("  " * depth + "- x\n\n" for depth in range(400)),
        "".join(f".. |a{n + 1}| replace:: |a{n}||a{n}||a{n}|\n" for n in range(30)) + "\n|a30|\n",
        "`" * 5000,
        "[" * 5000 + "_",
        "*" * 3000 + " " + "|" * 3000,
        ".. |a| replace:: |a|\n\n|a|\n",
    ],
)
def test_hostile_page_ends_as_an_error(read: Callable[..., CorrectedPage], text: str) -> None:
    with pytest.raises(RulesetError) as caught:
        read(text)
    assert "\n" not in str(caught.value)


def test_page_that_is_too_big_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "page.rst"
    path.write_bytes(PAGE.encode() + b"\n" * 300_000)
    with pytest.raises(RulesetError, match="more than 64,000 bytes"):
        read_page(path)


BITS = st.sampled_from(
    ["   * -", "     -", "\n", "N/A", "EXP_TYPE", "[#one]_", ".. ", "::", "``", "*", "|", "\\", "_",
     "  ", "\x00", "\x1b[2J", "\u202e", "MIR_MRS", "=====", ":ref:`x`", "\t", "spec2", ".. [#a] b"]
)  # fmt: skip


@settings(max_examples=30)
@given(data=st.data())
def test_mutated_page_is_read_or_refused(
    read: Callable[..., CorrectedPage], data: st.DataObject
) -> None:
    text = PAGE
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        length = data.draw(st.sampled_from([0, 0, 1, 3, 20, 200]))
        text = (
            text[:start] + data.draw(st.one_of(BITS, st.text(max_size=5))) + text[start + length :]
        )
    try:
        page = read(text.encode(errors="replace").decode())
    except AsnrulesError:
        return
    for row in page.modes:
        assert row.exp_type in WORDS.exp_types
        assert row.member_type in WORDS.member_types
        assert row.special in WORDS.specials | {None}
        assert row.asn_type in WORDS.asn_types | {None}


TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co"]),
    min_size=1, max_size=30,
).map(lambda text: " ".join(text.split())).filter(str.isprintable).filter(bool)  # fmt: skip


@settings(max_examples=30)
@given(
    exp_types=st.lists(
        st.sampled_from(sorted(WORDS.exp_types)), min_size=1, max_size=6, unique=True
    ),
    notes=st.lists(st.one_of(st.none(), TEXT), min_size=6, max_size=6),
    title=TEXT,
)
def test_any_table_written_and_read_again_is_equal(
    tmp_path: Path, exp_types: list[str], notes: list[str | None], title: str
) -> None:
    modes = tuple(
        Mode(position, exp_type, "science", None, "spec2", note)
        for position, (exp_type, note) in enumerate(zip(exp_types, notes, strict=False), 1)
    )
    content = replace(seed("2026-03-20"), title=title, source=title, modes=modes, errata=())
    path = tmp_path / "page.rst"
    path.write_text(page_text(content), encoding="utf-8", newline="\n")
    page = correct_page(read_page(path), WORDS, {})
    assert page.modes == modes
    assert page.errata == ()
