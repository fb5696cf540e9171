"""A pool comes back from the record as it was read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from asnrules.catalog.vocabulary import keyword_names
from asnrules.pools import Pool, read_pool
from asnrules.record.pools import stored_pools, unrecorded
from asnrules.record.write import writing_run
from recorded import image, write_pool

OTHER_COLUMNS = {"filename", "asn_candidate", "exp_type", "note", "filter", "is_psf"}


def put(connection: Connection, pools: list[Pool]) -> int:
    with writing_run(connection) as ledger:
        ledger.add_pools(pools)
    return ledger.run_id


@contextmanager
def undone(catalog: Engine) -> Iterator[Connection]:
    """Open a transaction that leaves nothing."""
    connection = catalog.connect()
    with connection, connection.execution_options(writing=True).begin() as begun:
        yield connection
        begun.rollback()


def assert_comes_back(catalog: Engine, paths: list[str]) -> None:
    with undone(catalog) as connection:
        keywords = keyword_names(connection)
        # That the file left cells blank is not on record, only what they were read as.
        pools = [replace(read_pool(path, keywords), blanks={}) for path in paths]
        assert stored_pools(connection, put(connection, pools), keywords) == pools


def test_of_all_columns(catalog: Engine, tmp_path: Path) -> None:
    rows = [image(1), image(2, bkgdtarg="t", filter="null"), image(3, exposerr='it is "bad"')]
    assert_comes_back(catalog, [write_pool(tmp_path / "pool.csv", *rows)])


def test_missing_columns_are_no_null_cells(catalog: Engine, tmp_path: Path) -> None:
    rows = [{name: value for name, value in image(1).items() if name in OTHER_COLUMNS}]
    rows[0] |= {"note": "kept by nobody", "is_psf": "null"}
    (tmp_path / "pool.csv").write_text("|".join(rows[0]) + "\n" + "|".join(rows[0].values()))
    assert_comes_back(catalog, [str(tmp_path / "pool.csv")])


def test_of_no_exposures(catalog: Engine, tmp_path: Path) -> None:
    (tmp_path / "pool.csv").write_text("filename|asn_candidate\n")
    assert_comes_back(catalog, [str(tmp_path / "pool.csv")])


def test_of_several_in_their_order(catalog: Engine, tmp_path: Path) -> None:
    paths = [
        write_pool(tmp_path / name, image(number), image(5))
        for number, name in enumerate(("b.csv", "a.csv"))
    ]
    assert_comes_back(catalog, paths)


def test_a_run_without_pools_has_none(ledger: Engine) -> None:
    with ledger.connect() as connection:
        assert stored_pools(connection, 4, keyword_names(connection)) == []


def test_progress_counts_exposures(catalog: Engine, tmp_path: Path) -> None:
    paths = [write_pool(tmp_path / f"{number}.csv", image(number), image(5)) for number in range(3)]
    seen: list[tuple[int, int]] = []
    with undone(catalog) as connection:
        keywords = keyword_names(connection)
        run_id = put(connection, [read_pool(path, keywords) for path in paths])
        stored_pools(connection, run_id, keywords, lambda *done: seen.append(done))
    assert seen == [(2, 6), (4, 6), (6, 6)]


def test_a_keyword_that_came_later_is_known_to_be_lost(catalog: Engine, tmp_path: Path) -> None:
    path = write_pool(tmp_path / "pool.csv", image(1))
    with undone(catalog) as connection:
        keywords = keyword_names(connection)
        before = [name for name in keywords if name not in {"pupil", "lamp"}]
        run_id = put(connection, [read_pool(path, before)])
        # The pool has no column LAMP, so that nothing of it is lost.
        assert unrecorded(connection, run_id, keywords) == ["pupil"]
        assert unrecorded(connection, run_id, before) == []
        (pool,) = stored_pools(connection, run_id, keywords)
        assert pool.rows[0][keywords.index("pupil")] is None
        assert pool.rows[0][keywords.index("filter")] == "f200w"


cells = st.one_of(
    st.sampled_from(["", " ", "null", "NULL", "t", "f", "0", "None", "true", "{}", "é", "\\"]),
    st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters='|"#'), max_size=8),
)
candidates = st.sampled_from(["null", "12", "[('o001', 'observation')]", "#!x", "[]"])
names = st.text("abcdefgh0123_.", min_size=1, max_size=12)


@given(data=st.data())
@settings(max_examples=60)
@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_any_pool(catalog: Engine, tmp_path: Path, data: st.DataObject) -> None:
    columns = data.draw(
        st.lists(
            st.sampled_from(
                ["program", "exp_type", "exposerr", "is_psf", "filter", "dms_note", "own", "other"]
            ),
            unique=True,
        )
    )
    rows = data.draw(
        st.lists(st.tuples(names, candidates, *(cells for _ in columns)), min_size=1, max_size=5)
    )
    lines = ["|".join(["filename", "asn_candidate", *columns]), *("|".join(row) for row in rows)]
    path = tmp_path / "pool.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert_comes_back(catalog, [str(path)])


@pytest.mark.parametrize("program", ["4231", "04231", "104231", "x", "null", "0"])
def test_programs_as_the_pool_has_them(catalog: Engine, tmp_path: Path, program: str) -> None:
    assert_comes_back(catalog, [write_pool(tmp_path / "pool.csv", image(1, program=program))])
