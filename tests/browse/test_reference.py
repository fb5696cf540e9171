"""docs/sql.md as the pages understand it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect

from asnrules.browse.reference import Reference, read_reference

DOCUMENT = """
# Views

### v_one

What it *is*, on
two lines.

And more.

| column | meaning |
|---|---|
| a, b | `both`; see [there](x.md) |

### v_two

It has the columns above, and

| column | meaning |
|---|---|
| c | own |
| a | another |

## Questions

### Which ones?

Because.

```sql name=it day='2026-01-31 00:00Z'
SELECT 'it', 'itself' FROM v_one WHERE d = '2026-01-31 00:00Z'
```

### Which others?

```sql
SELECT 1
```
"""


@pytest.fixture
def reference(tmp_path: Path) -> Reference:
    path = tmp_path / "sql.md"
    path.write_text(DOCUMENT)
    return read_reference(path)


def test_views(reference: Reference) -> None:
    assert reference.views["v_one"].description == "What it is, on two lines."
    assert reference.views["v_one"].columns == dict.fromkeys("ab", "both; see there")
    assert list(reference.views) == ["v_one", "v_two"]


def test_help_that_is_lacking_is_taken_from_above(reference: Reference) -> None:
    help_ = reference.column_help("v_two", ["a", "b", "c", "d"])
    assert help_ == {"a": "another", "b": "both; see there", "c": "own"}
    assert reference.column_help("v_one", ["a", "c"]) == {"a": "both; see there"}
    assert reference.column_help("v_unknown", ["a"]) == {}


def test_questions(reference: Reference) -> None:
    first, second = reference.questions
    assert (first.title, first.description) == ("Which ones?", "Because.")
    assert first.parametrised == "SELECT :name, 'itself' FROM v_one WHERE d = :day"
    assert (second.description, second.examples, second.sql) == ("", {}, "SELECT 1")


def test_each_column_of_each_view_has_help(kept_seeds: Engine) -> None:
    reference, found = read_reference(), inspect(kept_seeds)
    for view in found.get_view_names():
        columns = [column["name"] for column in found.get_columns(view)]
        assert list(reference.column_help(view, columns)) == columns
        assert reference.views[view].description.endswith("."), view


def test_examples_stand_in_their_queries() -> None:
    for question in read_reference().questions:
        for name, value in question.examples.items():
            assert f"'{value}'" in question.sql
            assert f"'{value}'" not in question.parametrised
            assert re.search(rf":{name}\b", question.parametrised)
