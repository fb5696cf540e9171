"""Patterns: what is accepted means what `re` makes of it, and takes no time for any value."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from asnrules.analysis.partition import partition
from asnrules.errors import RulesetError
from asnrules.rules.from_rows import from_rows
from asnrules.rules.model import Operator, Term
from asnrules.rules.patterns import Patterns, fits, pattern_problem
from asnrules.rules.read import read_ruleset
from asnrules.rules.rows import to_rows
from asnrules.util.limits import PATTERN_LENGTH, PATTERN_STATES, PATTERNS
from asnrules.util.text import EMPTY
from seeds import SEEDS, seed

FOR_EVER = [
    "(a+)+",
    "(a+)+$",
    "(a|a)*",
    "(a|a)*$",
    "(a|aa)+",
    "(a*)*b",
    "(a?){30}a{30}",
    "(.*a){20}",
    r"^(\w+\s?)*$",
    r"(\w+\s?)*",
    r"([a-z]+)*\d",
    r"(a)\1",
    r"(?P<one>a+)(?P=one)",
    "(?=a+)a",
    "(?!a+)b",
    "(?<=a)b",
    "(?:a+)+",
    "(?i)a",
    "(?>a+)a",
    "a++",
    "a*+",
    "a+?",
    "(?:x(?:x(?:x+)+)+)+y",
    "^a",
    "a$",
    r"\Aa\Z",
    r"\ba",
    "a|b",
    "a{1,1000}",
    "x{9999}",
    "x{9999999999}",
    "x{99999}{99999}",
    ".*a.{20}",
    "[ab]*a[ab]{16}",
    ".*a" + "." * 20,
    "[z-a]",
    "[a--b]",
    "[[a]]",
    "a{3,2}",
    "(",
    "[",
    "a{",
    "\\",
    "*",
    "a" * (PATTERN_LENGTH + 1),
]

GOOD = ["", "c[0-9]{4}", ".+wfsc.+", "nrs_.*", "f[0-9]+w", r"jw\d{5}\.fits", "[^a-z]?x{2,5}", "-+_"]


@pytest.mark.parametrize("pattern", FOR_EVER)
def test_what_may_take_for_ever_is_refused_at_once(pattern: str) -> None:
    started = time.process_time()
    problem = pattern_problem(pattern)
    assert problem is not None
    assert problem.isprintable()
    assert time.process_time() - started < 5


@pytest.mark.parametrize("pattern", GOOD)
def test_others_are_taken(pattern: str) -> None:
    assert pattern_problem(pattern) is None


_characters = st.sampled_from(
    ["a", "b", ".", "[ab]", "[^a]", r"\d", r"\w", r"\.", r"[a-c_\-]", "-"]
)
_counted = st.sampled_from(["", "", "*", "+", "?", "{0}", "{2}", "{1,3}", "{2,}", "{,2}"])
patterns = st.lists(st.tuples(_characters, _counted), max_size=8).map(
    lambda parts: "".join(character + count for character, count in parts if count != "{,2}")
)


@settings(max_examples=300)
@given(patterns, st.text("abc1.-_é ", max_size=14))
def test_a_pattern_means_what_re_makes_of_it(pattern: str, value: str) -> None:
    assume(pattern_problem(pattern) is None)
    assert fits(pattern, value) is (re.fullmatch(pattern, value, re.ASCII) is not None)


@settings(max_examples=25)
@given(patterns, st.sampled_from(["a", "ab", "aab", "é", "-_", "a1"]), st.sampled_from("!a\t"))
def test_a_hostile_value_takes_no_time(pattern: str, part: str, end: str) -> None:
    """Also the one that `re` would need some million years for, as it is ever undecided."""
    assume(pattern_problem(pattern) is None)
    value = (part * 10_000)[:10_000] + end
    started = time.process_time()
    fits(pattern, value)
    assert time.process_time() - started < 5


def test_time_grows_with_the_length_of_a_value_only() -> None:
    pattern = "a*b?" * 20 + "c"
    assert pattern_problem(pattern) is None
    looked_at = 0

    class Counted(str):
        __slots__ = ()

        def __iter__(self):  # type: ignore[no-untyped-def]
            nonlocal looked_at
            for character in str(self):
                looked_at += 1
                yield character

    assert not fits(pattern, Counted("a" * 10_000))
    assert looked_at == 10_000


@settings(max_examples=20)
@given(st.lists(patterns, min_size=1, max_size=2))
def test_the_check_can_work_out_each_pattern(chosen: list[str]) -> None:
    assume(not any(map(pattern_problem, chosen)))
    values = partition([Term("filter", Operator.MATCHES, (pattern,)) for pattern in chosen], EMPTY)
    assert values[0] is None


def test_a_draft_with_some_is_not_imported(tmp_path: Path) -> None:
    folder = tmp_path / "draft"
    shutil.copytree(SEEDS / "jwst-3.0.0", folder)
    conditions = folder / "conditions.toml"
    some = FOR_EVER[::9]
    text = conditions.read_text().replace('["c[0-9]{4}"]', json.dumps(some))
    conditions.write_text(text)
    with pytest.raises(RulesetError) as caught:
        read_ruleset(folder, label="draft")
    assert len(caught.value.details) == len(some)
    for line in caught.value.details:
        assert re.search(r"conditions\.toml, line \d+: bad pattern", line)


def test_one_that_is_stored_is_not_used() -> None:
    ruleset = seed()
    rows = to_rows(ruleset)
    for row in rows["condition_terms"]:
        row["term_values"] = row["term_values"] and row["term_values"].replace(".+wfsc.+", "(a+)+")
    with pytest.raises(RulesetError, match="bad pattern"):
        from_rows(ruleset.kind, ruleset.header(), rows)


def test_the_patterns_are_counted() -> None:
    patterns = Patterns()
    assert [patterns.problem(f"a{count}") for count in range(PATTERNS)] == [None] * PATTERNS
    assert patterns.problem("a0") is None
    assert "take out some" in str(patterns.problem("b"))


def test_the_states_are_counted() -> None:
    assert pattern_problem("a" * (PATTERN_STATES - 2)) is None
    assert "states" in str(pattern_problem(f"a{{{PATTERN_STATES}}}"))
