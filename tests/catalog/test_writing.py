"""Rulesets written as files: reading them gives the same content."""

from __future__ import annotations

import datetime as dt
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

import labels
from asnrules.catalog import store
from asnrules.database.engines import transaction
from asnrules.errors import OutputError, RulesetError
from asnrules.rules.checksums import checksum
from asnrules.rules.from_rows import from_rows
from asnrules.rules.model import AnyRuleset, Condition, Operator, Requirement, Term
from asnrules.rules.read import RulesetReader, read_ruleset
from asnrules.rules.rows import to_rows
from asnrules.rules.write import ruleset_files, write_file, write_folder
from seeds import SEEDS, seed

EXECUTABLE = "jwst-3.0.0"


def stored(connection: Connection, key: int) -> AnyRuleset:
    """Load a ruleset with the files that it was written in."""
    ruleset = store.load(connection, key)
    if ruleset.kind == "table":
        return ruleset
    return replace(ruleset, files=store.stored_files(connection, key))


def test_rulesets_of_the_catalog_come_back(kept_seeds: Engine, tmp_path: Path) -> None:
    reader = RulesetReader()
    with transaction(kept_seeds) as connection:
        keys = store.ruleset_ids(connection)
        for label in (*labels.TABLES, *labels.TRIED):
            key = keys[label]
            ruleset = stored(connection, key)
            write_folder(tmp_path / "kept" / label, ruleset_files(ruleset))
            again = reader.read(tmp_path / "kept" / label)
            assert again == ruleset
            content, _ = store.stored_checksums(connection, key)
            assert content == checksum(again) == checksum(ruleset)


@pytest.mark.parametrize("label", labels.TABLES)
def test_published_ruleset_is_written_as_it_was(label: str) -> None:
    files = ruleset_files(seed(label))
    assert files == {
        path.name: path.read_text(encoding="utf-8") for path in (SEEDS / label).iterdir()
    }


def test_dates_are_written(tmp_path: Path) -> None:
    content = seed("2020-12-07")
    undated = replace(content, effective_from=None)
    assert "effective" not in ruleset_files(undated)["ruleset.toml"]
    assert content.effective_from is not None
    ended = replace(content, effective_until=content.effective_from.replace(year=2021))
    write_folder(tmp_path / "ended", ruleset_files(ended))
    assert read_ruleset(tmp_path / "ended") == ended


def in_files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_executable_ruleset_is_written_as_it_was(kept_seeds: Engine) -> None:
    """Groups, comments and all, from the database."""
    with transaction(kept_seeds) as connection:
        key = store.ruleset_ids(connection)[EXECUTABLE]
        assert key is not None
        files = ruleset_files(stored(connection, key))
    assert files == in_files(SEEDS / EXECUTABLE)


def test_files_of_a_ruleset_with_another_header_keep_the_rest(tmp_path: Path) -> None:
    content = seed()
    written = in_files(SEEDS / EXECUTABLE)
    start = dt.date(2031, 1, 1)
    for number, other in enumerate(
        (
            replace(content, label="mine", title="Mine", effective_from=start),
            replace(content, effective_from=start.replace(day=2)),
            replace(content, effective_until=start),
        )
    ):
        files = ruleset_files(other)
        assert {**files, "ruleset.toml": ""} == {**written, "ruleset.toml": ""}
        rest = written["ruleset.toml"].partition("\n# What a rule has")
        assert files["ruleset.toml"].partition("\n# What a rule has")[1:] == rest[1:]
        write_folder(tmp_path / str(number), files)
        again = read_ruleset(tmp_path / str(number))
        assert again == other
        assert checksum(again) == checksum(other)
        # And back, where the file lacks what the header has.
        back = ruleset_files(replace(content, files=again.files))
        write_folder(tmp_path / f"{number} back", back)
        assert read_ruleset(tmp_path / f"{number} back") == content
        assert back["ruleset.toml"].partition("\n# What a rule has")[1:] == rest[1:]


REFUSED = "ruleset 'jwst-3.0.0' has no files that say what its rows do"


@pytest.mark.parametrize("changes", [{}, {"keys.toml": "[keys"}, {"ruleset.toml": "= ["}])
def test_files_that_do_not_say_what_the_rows_do_are_not_written(changes: dict[str, str]) -> None:
    content = seed()
    rules = tuple(rule._replace(title="changed in the table") for rule in content.rules)
    with pytest.raises(RulesetError, match=REFUSED):
        ruleset_files(replace(content, rules=rules, files={**content.files, **changes}))


def test_rules_without_files_are_not_written() -> None:
    with pytest.raises(RulesetError, match=REFUSED):
        ruleset_files(replace(seed(), files={}))


@pytest.mark.parametrize(
    "path", ["../outside.toml", "/outside.toml", "rules/../../outside.toml", "rules\\x", "a\0b"]
)
def test_path_from_the_database_leads_nowhere(tmp_path: Path, path: str) -> None:
    content = seed()
    with pytest.raises(RulesetError, match=REFUSED):
        ruleset_files(replace(content, files={**content.files, path: "x"}))
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------- any rules

KEYWORDS = st.sampled_from(["filter", "grating", "detector", "lamp", "candidate_id"])
VALUES = st.lists(
    st.one_of(
        st.sampled_from(["(set)", "(empty)", "!x", "a b", "nrs1", "'", '"', "\\", "#", "[x]", "="]),
        st.text(st.characters(codec="utf-8", categories=["Ll", "Nd", "Po", "So"]), min_size=1)
        .map(str.lower)
        .filter(str.isprintable),
    ),
    min_size=1,
    max_size=3,
).map(tuple)
TERMS = st.lists(
    st.builds(
        lambda keyword, operator, values: Term(
            keyword, Operator(operator), () if operator in {"set", "empty"} else values
        ),
        KEYWORDS,
        st.sampled_from(["set", "empty", "in", "not_in", "listed"]),
        VALUES,
    ),
    min_size=1,
    max_size=4,
).map(tuple)
TITLES = st.text(min_size=1).filter(str.isprintable)


@settings(max_examples=10)
@given(alternatives=st.lists(TERMS, min_size=1, max_size=12).map(tuple), text=TITLES)
def test_any_condition_comes_back(alternatives: Any, text: str) -> None:
    drawn = Condition("a_drawn_one", text, alternatives)
    ruleset = seed()
    ruleset = replace(ruleset, conditions=(drawn, *ruleset.conditions))
    assert from_rows("rules", ruleset.header(), to_rows(ruleset)) == ruleset


@settings(max_examples=10)
@given(data=st.data())
def test_any_rule_comes_back(data: st.DataObject) -> None:
    ruleset = seed()
    number = data.draw(st.integers(0, len(ruleset.rules) - 1))
    uses = st.lists(
        st.builds(
            lambda condition, negated, value: Requirement(
                condition, negated, value and "is_tso", value
            ),
            st.sampled_from(ruleset.conditions),
            st.booleans(),
            st.sampled_from([None, "t", "'"]),
        ),
        max_size=4,
    ).map(tuple)
    steps = sorted({step for rule in ruleset.rules for step in rule.steps}, key=str)
    rules = [*ruleset.rules]
    rules[number] = rules[number]._replace(
        title=data.draw(TITLES),
        as_science=data.draw(st.booleans()),
        companion_class=data.draw(st.sampled_from([None, "imprint", "direct_image"])),
        groups=(),
        requirements=data.draw(uses),
        candidate_requirements=data.draw(uses),
        rateints=data.draw(uses),
        keys=tuple(data.draw(st.lists(st.sampled_from(ruleset.keys), max_size=3))),
        steps=tuple(data.draw(st.lists(st.sampled_from(steps), max_size=3))),
    )
    ruleset = replace(ruleset, rules=tuple(rules))
    assert from_rows("rules", ruleset.header(), to_rows(ruleset)) == ruleset


# ------------------------------------------------------------------------- on disk


def test_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="something already"):
        write_folder(tmp_path, {"a.txt": "a"})
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_empty_folder_may_be_filled(tmp_path: Path) -> None:
    write_folder(tmp_path / "new" / "folder", {"rules/a.txt": "a\n"})
    (tmp_path / "empty").mkdir()
    write_folder(tmp_path / "empty", {"a.txt": "a\n"})
    assert (tmp_path / "new" / "folder" / "rules" / "a.txt").read_text() == "a\n"
    assert stat.S_IMODE((tmp_path / "empty").stat().st_mode) & 0o700 == 0o700
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "new"]


def test_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="something already"):
        write_folder(tmp_path / "file", {})
    with pytest.raises(OutputError, match="name another folder"):
        write_folder(tmp_path / "file" / "folder", {"a.txt": ""})


def test_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "page.rst"
    write_file(path, "one\n")
    with pytest.raises(OutputError, match="is there already; name another file"):
        write_file(path, "two\n")
    assert path.read_text() == "one\n"
    with pytest.raises(OutputError, match="name another file"):
        write_file(tmp_path / "none" / "page.rst", "")
