"""parse_candidates: what is taken, what is refused, and how that is said."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asnrules.pools import Candidate, CandidateSyntaxError, parse_candidates

O001 = Candidate("o001", "observation")
C1000 = Candidate("c1000", "background")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[('o001', 'observation'), ('c1000', 'background')]", (O001, C1000)),
        ('[("o001", "observation"), ("c1000", "background")]', (O001, C1000)),
        ("[(\"o001\", 'observation')]", (O001,)),
        ("(('o001', 'observation'), ('c1000', 'background'))", (O001, C1000)),
        ("[['o001', 'observation'], ('c1000', 'background')]", (O001, C1000)),
        ("[('o001','observation')]", (O001,)),
        ("[('o001', 'observation',),]", (O001,)),
        ("(('o001', 'observation'),)", (O001,)),
        ("[\t( 'o001' ,\n'observation' )\u00a0, ]", (O001,)),
        ("  [('o001', 'observation')]  ", (O001,)),
        ("[('o001', 'observation'), ('o001', 'observation')]", (O001, O001)),
        ("[('c1000', 'background'), ('o001', 'observation')]", (C1000, O001)),
        ("[('c1000', 'moon shadow, [(')]", (Candidate("c1000", "moon shadow, [("),)),
        ("[('ö1', 'ß')]", (Candidate("ö1", "ß"),)),
        ("[]", ()),
        ("()", ()),
        ("[ ]", ()),
        ("null", ()),
        ("1000", (Candidate("1000", "unknown"),)),
        ("#!fmt_cand([(obsnum.value, 'observation')])", ()),
        ("@!fmt_cand([(obsnum.value, 'observation')])", ()),
        ("#!", ()),
    ],
)
def test_reads(text: str, expected: tuple[Candidate, ...]) -> None:
    assert parse_candidates(text) == expected


@pytest.mark.parametrize(
    ("text", "found", "at"),
    [
        ("", "the end", 1),
        ("o001", "'o'", 1),
        ("-1", "'-'", 1),
        ("10.5", "'1'", 1),
        ("٣", "'\u0663'", 1),
        ("{'o001'}", "'{'", 1),
        ("[", "the end", 2),
        ("[,]", "','", 2),
        ("['a', 'b']", '"\'"', 2),
        ("[none]", "'n'", 2),
        ("[()]", "')'", 3),
        ("[(1, 'b')]", "'1'", 3),
        ("[(b'a', 'b')]", "'b'", 3),
        ("[([('a', 'b')], 'b')]", "'['", 3),
        ("[('a')]", "')'", 6),
        ("[('a' 'b')]", '"\'"', 7),
        ("[('a',)]", "')'", 7),
        ("[('a', none)]", "'n'", 8),
        ("[('a', 'b', 'c')]", '"\'"', 13),
        ("[('a', 'b']", "']'", 11),
        ("[['a', 'b')]", "')'", 11),
        ("[('a', 'b'))", "')'", 12),
        ("[('a', 'b')", "the end", 12),
        ("[('a', 'b') ('c', 'd')]", "'('", 13),
        ("[('a', 'b'),,]", "','", 13),
        ("[('a', 'b')] + []", "'+'", 14),
        ("[] []", "'['", 4),
        ("[('a', 'b]", "the quote ' is not closed", 8),
        ("[('a\", 'b')]", "an id holds '\"'", 5),
        ("[(\"a'\", 'b')]", 'an id holds "\'"', 5),
        ("[('a', 'b\\n')]", "a type holds '\\\\'", 10),
        ("[('', 'b')]", "an id is blank", 3),
        ("[('a', '  ')]", "a type is blank", 8),
        ("[('a\tb', 'b')]", "an id holds '\\t'", 5),
        ("[('a', 'b\x1b')]", "a type holds '\\x1b'", 10),
        ("[('a', '\u202eb')]", "a type holds '\\u202e'", 9),
    ],
)
def test_refuses_and_says_what_it_found_where(text: str, found: str, at: int) -> None:
    with pytest.raises(CandidateSyntaxError) as caught:
        parse_candidates(text)
    assert str(caught.value).startswith(found)
    assert f", at character {at} of " in str(caught.value)


def test_the_message_ends_with_the_value() -> None:
    with pytest.raises(CandidateSyntaxError) as caught:
        parse_candidates("[('a')]")
    assert str(caught.value) == ("')' where ',' is expected, at character 6 of \"[('a')]\"")


def test_a_long_value_is_cut_to_60_characters() -> None:
    with pytest.raises(CandidateSyntaxError) as caught:
        parse_candidates("x" * 1_000_000)
    shown = str(caught.value).partition(" at character 1 of ")[2]
    assert shown == "'" + "x" * 56 + "..."


def test_the_error_is_a_value_error() -> None:
    assert issubclass(CandidateSyntaxError, ValueError)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1_000_000,
        "(" * 1_000_000 + ")" * 1_000_000,
        "[" + " " * 1_000_000,
        "[('a', 'b')" + "," * 1_000_000,
        "['" * 500_000,
        "[('" + "\\" * 1_000_000 + "', 'b')]",
        "[('" + '"' * 1_000_000 + "', 'b')]",
        "[" + "('a', 'b'), " * 80_000 + "x",
    ],
    ids=["open", "nested", "blank", "commas", "quotes", "backslashes", "double quotes", "pairs"],
)
def test_hostile_text_is_refused_in_linear_time(text: str) -> None:
    began = time.process_time()
    with pytest.raises(CandidateSyntaxError):
        parse_candidates(text)
    assert time.process_time() - began < 15


_WORDS = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789_-"), min_size=1)
_PAIRS = st.lists(st.tuples(_WORDS, _WORDS))
_SPACES = st.sampled_from(["", " ", "  ", "\t", "\n"])


@given(_PAIRS, st.data())
def test_what_is_written_out_reads_back(pairs: list[tuple[str, str]], data: st.DataObject) -> None:
    def written(parts: list[str], brackets: list[str]) -> str:
        opening, closing = data.draw(st.sampled_from(brackets))
        text = opening + data.draw(_SPACES)
        for place, part in enumerate(parts):
            text += part + data.draw(_SPACES)
            if place < len(parts) - 1 or data.draw(st.booleans()):
                text += "," + data.draw(_SPACES)
        return text + closing

    def quoted(word: str) -> str:
        quote = data.draw(st.sampled_from(["'", '"']))
        return f"{quote}{word}{quote}"

    brackets = ["[]", "()"]
    text = written([written([quoted(a), quoted(b)], brackets) for a, b in pairs], brackets)
    assert [tuple(candidate) for candidate in parse_candidates(text)] == pairs


@given(st.one_of(st.text(), st.text(st.sampled_from("[](),'\"\\ ab#!1\t\x00\ud800"))))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        candidates = parse_candidates(text)
    except CandidateSyntaxError as error:
        message = str(error)
        assert message.isprintable()
        assert len(message) < 250
    else:
        assert all(candidate.id and candidate.type for candidate in candidates)


def test_an_id_longer_than_any_is_refused() -> None:
    assert parse_candidates(f"[('{'o' * 64}', 'observation')]")
    with pytest.raises(CandidateSyntaxError, match="more than 64 characters, at character 3 "):
        parse_candidates(f"[('{'o' * 65}', 'observation')]")
