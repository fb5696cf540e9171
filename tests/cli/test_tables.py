"""Tables on a terminal: as wide as that, or rows as lines; through a pipe as wide as they are."""

from __future__ import annotations

import pytest
from tabulate import tabulate

from asnrules.cli.tables import fitted

HEADER = ["exp_type", "footnote", "nothing"]
ROWS = [
    ["NRS_IFU", "a footnote of some words that goes on", ""],
    ["MIR_LRS-FIXEDSLIT", "short", ""],
]


def test_a_table_that_fits_is_left_as_it_is() -> None:
    assert fitted(HEADER, ROWS, 67) is None
    assert fitted(["a"], [["abc"]], 3) is None


def test_the_blanks_beside_names_of_columns_count() -> None:
    header, rows = ["name", "other_name"], [["a", "b"]]
    printed = tabulate(rows, header, tablefmt="simple")
    widest = max(map(len, printed.splitlines()))
    assert fitted(header, rows, widest) is None
    text = fitted(header, rows, widest - 1)
    assert text is not None
    assert text.splitlines()[0] == "name  other_name"


def test_a_cell_that_is_too_wide_goes_on_below_and_an_empty_column_is_left_out() -> None:
    assert fitted(HEADER, ROWS, 40) == "\n".join(
        [
            "exp_type           footnote",
            "-----------------  ---------------------",
            "NRS_IFU            a footnote of some",
            "                   words that goes on",
            "MIR_LRS-FIXEDSLIT  short",
        ]
    )


def test_no_word_is_broken_in_a_table_and_rows_are_listed_instead() -> None:
    assert fitted(HEADER, ROWS, 24) == "\n".join(
        [
            "exp_type  NRS_IFU",
            "footnote  a footnote of",
            "          some words",
            "          that goes on",
            "",
            "exp_type  MIR_LRS-",
            "          FIXEDSLIT",
            "footnote  short",
        ]
    )


NOTE = "a text that is as long as a footnote is"
MODES = ["ruleset", "exp_type", "class", "footnote"]
MANY = [["2026-03-20", f"NRS_{at}", "science", NOTE if at == 3 else ""] for at in range(8)]


def test_what_is_so_of_all_rows_is_said_once_and_texts_of_few_rows_stand_below() -> None:
    text = fitted(MODES, MANY, 24)
    assert text is not None
    lines = text.splitlines()
    assert lines[:5] == [
        "ruleset: 2026-03-20,",
        "class: science",
        "",
        "exp_type",
        "---------",
    ]
    assert lines[5:13] == [f"NRS_{at}" + " (1)" * (at == 3) for at in range(8)]
    assert lines[13] == ""
    assert " ".join(lines[14:]) == f"(1) footnote: {NOTE}"


def test_no_more_is_said_once_than_has_to_be() -> None:
    text = fitted(MODES[:3], [row[:3] for row in MANY], 20)
    assert text is not None
    assert text.splitlines()[:4] == [
        "ruleset: 2026-03-20",
        "",
        "exp_type  class",
        "-" * 8 + "  -------",
    ]


def test_names_of_columns_are_broken_after_their_parts() -> None:
    rows = [["2026-03-20", "2026-03-21"]] * 2
    rows[1] = ["2026-03-21", ""]
    text = fitted(["effective_from", "effective_until"], rows, 22)
    assert text == "\n".join(
        [
            "effective_  effective_",
            "from        until",
            "----------  ----------",
            "2026-03-20  2026-03-21",
            "2026-03-21",
        ]
    )


def test_of_many_rows_the_last_columns_are_left_out_by_name_if_they_may() -> None:
    header = [f"column_{at}" for at in range(9)]
    rows = [[f"cell{at}-{row}" for at in range(9)] for row in range(9)]
    text = fitted(header, rows, 50, may_leave_out=True)
    assert text is not None
    lines = text.splitlines()
    assert [f"cell{at}-8" for at in range(5)] in [line.split() for line in lines]
    assert "column_5, column_6, column_7, column_8;" in " ".join(lines[-2:])
    assert max(map(len, lines)) <= 50
    for few, may in ((rows, False), (rows[:5], True)):
        listed = fitted(header, few, 50, may_leave_out=may)
        assert listed is not None
        assert listed.startswith("column_0  cell0-0\ncolumn_1  cell1-0\n")


def test_a_row_lists_no_empty_cell() -> None:
    text = fitted(["first_name", "second", "third"], [["a" * 30, "", "b"], ["", "c", "d"]], 30)
    assert text is not None
    assert [line.split()[0] for line in text.splitlines() if line and line[0] != " "] == [
        "first_name", "third", "second", "third",
    ]  # fmt: skip


def test_rows_of_too_many_columns_are_a_line_for_each_cell() -> None:
    header = [f"column_{number}" for number in range(9)]
    rows = [["a value of some words"] + ["x"] * 8, ["b"] + ["y"] * 8]
    text = fitted(header, rows, 20)
    assert text is not None
    lines = text.splitlines()
    assert lines[:3] == ["column_0  a value of", "          some words", "column_1  x"]
    assert lines[10:12] == ["", "column_0  b"]


@pytest.mark.parametrize("width", range(1, 120, 7))
def test_no_line_is_wider_and_no_character_is_lost(width: int) -> None:
    header = ["ruleset", "what_it_is", "x"]
    rows = [
        ["jwst-3.0.0", "0123456789abcdefghijklmnopqrstuvwxyz", "y"],
        ["", "many, many words", ""],
    ]
    text = fitted(header, rows, width)
    if text is None:
        assert width >= 10 + 36 + 1 + 4
        return
    if width >= 19:
        assert max(map(len, text.splitlines())) <= width
    # Each line of it is in another one of the text.
    assert set("0123456789abcdefghijklmnopqrstuvwxyz") <= set(text)
