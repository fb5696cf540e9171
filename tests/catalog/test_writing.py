"""Rulesets written as files: reading them gives the same content."""

from __future__ import annotations

import datetime as dt
import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from asnrules.catalog import store
from asnrules.database.engines import transaction
from asnrules.errors import OutputError, RulesetError
from asnrules.rules.content import RulesetContent
from asnrules.rules.read import read_ruleset
from asnrules.rules.rows import build_ruleset
from asnrules.rules.write import ruleset_files
from asnrules.rules.write_text import write_file, write_folder
from asnrules.util.environment import shipped

SEEDS = shipped("seed") / "rulesets"


def rows_of(label: str) -> RulesetContent:
    """Give a ruleset without the files that it was written in."""
    return replace(read_ruleset(SEEDS / label), files={})


LABELS = sorted(path.name for path in SEEDS.iterdir())
EXECUTABLE = "jwst-3.0.0"


def test_every_ruleset_of_the_catalog_comes_back(kept_seeds: Engine, tmp_path: Path) -> None:
    with transaction(kept_seeds) as connection:
        for label in sorted(store.labels(connection)):
            key = store.ruleset_id(connection, label)
            assert key is not None
            content = store.read_content(connection, key)
            for name, one in (("kept", content), ("rows", replace(content, files={}))):
                write_folder(tmp_path / name / label, ruleset_files(one))
                assert read_ruleset(tmp_path / name / label).checksum() == content.checksum()
            assert store.stored_checksum(connection, key) == content.checksum()
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == LABELS


@pytest.mark.parametrize("label", [label for label in LABELS if label.startswith("20")])
def test_published_ruleset_is_written_as_it_was(label: str) -> None:
    files = ruleset_files(read_ruleset(SEEDS / label))
    assert files == {
        path.name: path.read_text(encoding="utf-8") for path in (SEEDS / label).iterdir()
    }


def test_dates_are_written(tmp_path: Path) -> None:
    content = read_ruleset(SEEDS / "2020-12-07")
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
        key = store.ruleset_id(connection, EXECUTABLE)
        assert key is not None
        files = ruleset_files(store.read_content(connection, key))
    assert files == in_files(SEEDS / EXECUTABLE)


def test_files_of_a_ruleset_with_another_header_keep_the_rest(tmp_path: Path) -> None:
    content = read_ruleset(SEEDS / EXECUTABLE)
    seed = in_files(SEEDS / EXECUTABLE)
    start = dt.date(2031, 1, 1)
    for number, other in enumerate(
        (
            replace(content, label="mine", title="Mine", effective_from=start),
            replace(content, effective_from=None),
            replace(content, effective_until=start),
        )
    ):
        files = ruleset_files(other)
        assert {**files, "ruleset.toml": ""} == {**seed, "ruleset.toml": ""}
        rest = seed["ruleset.toml"].partition("\n# What a rule has")
        assert files["ruleset.toml"].partition("\n# What a rule has")[1:] == rest[1:]
        write_folder(tmp_path / str(number), files)
        again = read_ruleset(tmp_path / str(number))
        assert again == other
        assert again.checksum() == other.checksum()
        # And back, where the file lacks what the header has.
        back = ruleset_files(replace(content, files=again.files))
        assert back == seed or number == 1


def test_files_that_do_not_say_what_the_rows_do_are_not_written(tmp_path: Path) -> None:
    content = read_ruleset(SEEDS / EXECUTABLE)
    rules = [{**row, "title": "changed in the table"} for row in content.tables["asn_rules"]]
    changed = replace(content, tables={**content.tables, "asn_rules": rules})
    for number, files in enumerate(
        (content.files, {**content.files, "keys.toml": "[keys"}, {"ruleset.toml": "= ["})
    ):
        found = ruleset_files(replace(changed, files=files))
        write_folder(tmp_path / str(number), found)
        assert read_ruleset(tmp_path / str(number)).checksum() == changed.checksum()


@pytest.mark.parametrize(
    "path", ["../outside.toml", "/outside.toml", "rules/../../outside.toml", "rules\\x", "a\0b"]
)
def test_path_from_the_database_leads_nowhere(tmp_path: Path, path: str) -> None:
    content = read_ruleset(SEEDS / EXECUTABLE)
    files = ruleset_files(replace(content, files={**content.files, path: "x"}))
    assert path not in files
    write_folder(tmp_path / "inside", files)
    assert [one.name for one in tmp_path.iterdir()] == ["inside"]


def test_rows_alone_are_written_for_people() -> None:
    files = ruleset_files(rows_of(EXECUTABLE))
    assert files["ifu_path.csv"] == (SEEDS / EXECUTABLE / "ifu_paths.csv").read_text()
    assert files["lamp_path.csv"] == (SEEDS / EXECUTABLE / "lamp_paths.csv").read_text()
    assert (
        '[[rule]]\nasn_rule = "Asn_Lv2FGS"\nasn_type = "image2"\n'
        'title = "An image of the fine guidance sensor"\nkeys = ["program", "is_tso"]\n'
        'requires = ["fgs_imaging", "not wavefront_sensing"]\n\n'
        '[[rule.role]]\nname = "science"\nrequires = ["science_class"]\nsingle = true\n'
    ) in files["rules/image2.toml"]
    assert '[flagged_psf]\ntext = "IS_PSF is set"\n' in files["conditions.toml"]
    assert all(len(text.splitlines()) > 1 for text in files.values())


def test_rules_of_written_files_run_alike(tmp_path: Path) -> None:
    content = rows_of(EXECUTABLE)
    write_folder(tmp_path / "copy", ruleset_files(content))
    assert build_ruleset(read_ruleset(tmp_path / "copy")) == build_ruleset(content)


# ------------------------------------------------------------------------- any executable ruleset

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
)
TERMS = st.one_of(
    st.just([("set", [])]),
    st.just([("empty", [])]),
    st.tuples(st.sampled_from(["in", "not_in", "listed"]), VALUES).map(lambda term: [term]),
    VALUES.map(lambda values: [("set", []), ("not_in", values)]),
    st.just([("matches", ["a+"])]),
)
ALTERNATIVES = st.lists(st.dictionaries(KEYWORDS, TERMS, min_size=1), min_size=1, max_size=9)
TITLES = st.text(min_size=1).filter(str.isprintable)


def with_condition(content: RulesetContent, text: str, alternatives: Any) -> RulesetContent:
    terms = [
        {
            "condition": "drawn", "alternative": number, "position": position,
            "keyword": keyword, "operator": operator, "term_values": json.dumps(values),
        }
        for number, alternative in enumerate(alternatives, 1)
        for position, (keyword, operator, values) in enumerate(
            (
                (keyword, operator, values)
                for keyword, tests in alternative.items()
                for operator, values in tests
            ),
            1,
        )
    ]  # fmt: skip
    tables = content.tables
    return replace(
        content,
        tables={
            **tables,
            "conditions": [*tables["conditions"], {"condition": "drawn", "text": text}],
            "condition_terms": [*tables["condition_terms"], *terms],
        },
    )


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(alternatives=ALTERNATIVES, text=TITLES, number=st.integers(0, 10**6))
def test_any_condition_comes_back(
    tmp_path: Path, alternatives: Any, text: str, number: int
) -> None:
    content = with_condition(rows_of(EXECUTABLE), text, alternatives)
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    write_folder(folder, ruleset_files(content))
    assert read_ruleset(folder).checksum() == content.checksum()


NAMES = ["flagged_psf", "tso", "science_class", "ifu_path"]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_rule_comes_back(tmp_path: Path, data: st.DataObject) -> None:
    content = rows_of(EXECUTABLE)
    tables = {name: [dict(row) for row in rows] for name, rows in content.tables.items()}
    rule = data.draw(st.sampled_from(tables["asn_rules"]))
    rule |= {
        "title": data.draw(TITLES),
        "as_science": data.draw(st.booleans()),
        "companion_class": data.draw(st.sampled_from([None, "imprint", "direct_image"])),
    }
    uses = st.lists(
        st.tuples(st.sampled_from(NAMES), st.booleans(), st.sampled_from([None, "t", "'"])),
        max_size=4,
    )
    name = rule["asn_rule"]
    of_rule = [row for row in tables["asn_rule_conditions"] if row["asn_rule"] != name]
    for scope in ("exposure", "candidate", "rateints"):
        of_rule += [
            {
                "asn_rule": name, "scope": scope, "role": "", "position": position,
                "condition": condition, "negated": negated,
                "when_key": value and "is_tso", "when_value": value,
            }
            for position, (condition, negated, value) in enumerate(data.draw(uses), 1)
        ]  # fmt: skip
    tables["asn_rule_conditions"] = of_rule
    steps = data.draw(st.lists(st.sampled_from(["nod_split", "science_required"]), max_size=3))
    tables["asn_rule_steps"] = [
        *(row for row in tables["asn_rule_steps"] if row["asn_rule"] != name),
        *(
            {"asn_rule": name, "position": position, "step": step}
            for position, step in enumerate(steps, 1)
        ),
    ]
    content = replace(content, tables=tables)
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    write_folder(folder, ruleset_files(content))
    assert read_ruleset(folder).checksum() == content.checksum()


def test_row_that_no_file_says_is_refused() -> None:
    content = rows_of(EXECUTABLE)
    apart = with_condition(content, "x", [{"lamp": [("set", [])]}])
    rows = apart.tables["condition_terms"]
    rows += [
        {**rows[-1], "position": 2, "keyword": "filter"},
        {**rows[-1], "position": 3, "keyword": "lamp"},
    ]
    with pytest.raises(RulesetError, match="condition drawn: terms of lamp are apart"):
        ruleset_files(apart)


def test_key_of_two_meanings_is_refused() -> None:
    content = rows_of(EXECUTABLE)
    rows = [dict(row) for row in content.tables["asn_rule_keys"]]
    next(row for row in rows if row["key"] == "detector")["required"] = False
    changed = replace(content, tables={**content.tables, "asn_rule_keys": rows})
    with pytest.raises(RulesetError, match="key detector means two things"):
        ruleset_files(changed)


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
