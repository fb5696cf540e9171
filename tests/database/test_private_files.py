"""An SQLite catalog and the files beside it are readable by their owner only, wherever they lie."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from asnrules.catalog.open import connect_catalog, open_catalog
from asnrules.database.engines import transaction
from seeds import ship_only


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    ship_only(monkeypatch, "2026-03-20")


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o777)
    return folder


def modes(folder: Path) -> dict[str, str]:
    return {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in sorted(folder.iterdir())}


def test_a_new_catalog_and_its_companions(open_folder: Path) -> None:
    engine = open_catalog(str(open_folder / "rules.db"))
    with transaction(engine, writing=True) as connection:
        connection.exec_driver_sql("INSERT INTO instruments VALUES ('NEW')")
        assert modes(open_folder) == dict.fromkeys(
            ("rules.db", "rules.db-shm", "rules.db-wal"), "0o600"
        )
    assert set(modes(open_folder).values()) == {"0o600"}


def test_the_journal_of_a_file_that_is_not_in_wal_mode(open_folder: Path) -> None:
    engine = connect_catalog(str(open_folder / "rules.db"))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE one (x INTEGER)")
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO one VALUES (1)")
        assert modes(open_folder) == {"rules.db": "0o600", "rules.db-journal": "0o600"}


def test_a_folder_that_is_made_for_it(open_folder: Path) -> None:
    open_catalog(str(open_folder / "new" / "rules.db"))
    assert modes(open_folder) == {"new": "0o700"}
    assert modes(open_folder / "new") == {"rules.db": "0o600"}


def test_a_file_that_was_there_empty(open_folder: Path) -> None:
    (open_folder / "rules.db").touch(0o666)
    open_catalog(str(open_folder / "rules.db"))
    assert modes(open_folder) == {"rules.db": "0o600"}


@pytest.mark.parametrize("there", [True, False])
def test_through_a_link(open_folder: Path, tmp_path: Path, there: bool) -> None:
    target = open_folder / "rules.db"
    if there:
        target.touch(0o666)
    link = tmp_path / "link.db"
    link.symlink_to(target)
    open_catalog(str(link))
    assert modes(open_folder) == {"rules.db": "0o600"}


def test_a_file_that_is_shared_on_purpose_stays_so(open_folder: Path) -> None:
    path = open_folder / "rules.db"
    open_catalog(str(path))
    path.chmod(0o640)
    with transaction(open_catalog(str(path)), writing=True) as connection:
        connection.exec_driver_sql("INSERT INTO instruments VALUES ('NEW')")
    assert modes(open_folder)["rules.db"] == "0o640"
