"""The words that a ruleset may use, and the nearest spelling of one that is not among them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from asnrules.rules.text_files import read_csv
from asnrules.util.environment import shipped
from asnrules.util.text import near_spellings, nearest_words

INSTRUMENT_PREFIXES = {
    "FGS": "FGS",
    "MIR": "MIRI",
    "NIS": "NIRISS",
    "NRC": "NIRCAM",
    "NRS": "NIRSPEC",
}
"""What the EXP_TYPEs of an instrument begin with, up to the first underscore."""

WORD_TABLES = ("exp_types", "keywords", "member_types", "specials", "asn_types")
"""The tables of words, as their files and the fields of `Words` are called."""

LABEL = r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}"
LABEL_PROBLEM = "label {value}: use up to 64 letters, digits, '.', '_', '+' and '-'"

_FEW = 12


@dataclass(frozen=True, slots=True)
class Words:
    """The vocabulary, as it is written in the files of a ruleset."""

    exp_types: frozenset[str]
    """Upper case, as keywords and specials are."""
    keywords: frozenset[str]
    member_types: frozenset[str]
    specials: frozenset[str]
    asn_types: frozenset[str]
    tables: frozenset[str] | None = None
    """Labels of the tables that rules may implement; None if that is not known."""


def shipped_words() -> Words:
    """Give the words of the shipped vocabulary."""
    folder = shipped("seed") / "vocabulary"
    return Words(
        **{
            name: frozenset(next(iter(row.values())) for row in read_csv(folder / f"{name}.csv"))
            for name in WORD_TABLES
        }
    )


def instrument_of(exp_type: str) -> str | None:
    """Give the instrument that an EXP_TYPE is of, by its first letters; None if of none."""
    found = re.fullmatch(r"([A-Z]{3})_[A-Z0-9_-]{1,60}", exp_type)
    return None if found is None else INSTRUMENT_PREFIXES.get(found[1])


def near(word: str, words: Iterable[str]) -> str:
    """Suggest the word that was meant; the nearest ones, or all, where none is plainly it."""
    known = sorted(words)
    if found := near_spellings(word, known, 1):
        return f"did you mean {found[0]!r}?"
    return nearest_words(word, known, few=_FEW)


def unknown(what: str, word: str, words: Iterable[str]) -> str:
    """Say that a word is not known, with the nearest that is."""
    return f"unknown {what} {word[:80]!r}; {near(word, words)}"
