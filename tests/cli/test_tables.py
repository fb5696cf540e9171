"""Tables on a terminal: as wide as that, or rows as lines; through a pipe as wide as they are."""

from __future__ import annotations

import pytest

from asnrules.cli.tables import fitted

HEADER = ["exp_type", "footnote", "nothing"]
ROWS = [
    ["NRS_IFU", "a footnote of some words that goes on", ""],
    ["MIR_LRS-FIXEDSLIT", "short", ""],
]


def test_a_table_that_fits_is_left_as_it_is() -> None:
    assert fitted(HEADER, ROWS, 65) is None
    assert fitted(["a"], [], 1) is None


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


def test_words_are_broken_after_their_parts_first() -> None:
    assert fitted(HEADER, ROWS, 24) == "\n".join(
        [
            "exp_type     footnote",
            "-----------  -----------",
            "NRS_IFU      a footnote",
            "             of some",
            "             words that",
            "             goes on",
            "MIR_LRS-     short",
            "FIXEDSLIT",
        ]
    )


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
