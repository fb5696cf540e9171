"""What lies where a file is to be written is treated one way by everything that writes one."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asnrules.associations.writer import written_files
from asnrules.errors import OutputError
from asnrules.impact.report import Impact, write_report
from asnrules.pools.fits.pool import MadePool
from asnrules.pools.fits.pool import write_pool as write_made_pool
from asnrules.pools.tables import TableSource
from asnrules.rules.write import write_file, write_folder
from asnrules.util.atomic_files import whole_file
from associations.test_writer import FIRST, association
from cli.conftest import Command, Result
from cli.small_pools import nrc_image, write_pool
from recorded import fill_ledger

COMMANDS = {
    "save-orphans": ("generate", "pool.csv", "--no-files", "--no-record", "--save-orphans", "{}"),
    "classify": ("classify", "pool.csv", "--format", "parquet", "--output", "{}"),
    "audit export": ("audit", "export", "--output", "{}"),
    "audit report": ("audit", "report", "1", "--output", "{}"),
}


@pytest.fixture
def kept(
    command: Callable[[str | None], Command],
    templates: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Command:
    """Give a function that runs a command in a folder with a pool."""
    database = templates.get("sqlite", "ledger", lambda engine: fill_ledger(engine, tmp_path))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    write_pool(Path("pool.csv"), nrc_image())
    return command(database)


def whole(path: Path, overwrite: bool) -> None:
    with whole_file(path, overwrite=overwrite) as stream:
        stream.write(b"ours")


def pool_make(path: Path, overwrite: bool) -> None:
    source = TableSource("made", ["filename"], [["a.fits"]])
    write_made_pool(MadePool(source, 1, [], [], []), path, overwrite=overwrite)


def generated(path: Path, overwrite: bool) -> None:
    path.parent.mkdir(exist_ok=True)
    with written_files(path.parent, [association(path.stem)], "asnrules 1", overwrite=overwrite):
        pass


OVERWRITING = {"whole file": whole, "pool make": pool_make, "generate": generated}
NEVER_OVERWRITING = {
    "rulesets export page": lambda path, _: write_file(path, "ours"),
    "rulesets impact": lambda path, _: write_report(path, Impact({}, [])),
    "rulesets export": lambda path, _: write_folder(path, {"a.txt": "ours"}),
}


def lay(what: str, path: Path) -> None:
    """Lay something in the way."""
    if "link" in what:
        other = path.with_name("other")
        if what.startswith("link to "):
            lay(what.removeprefix("link to "), other)
        path.symlink_to(path.name if what == "circular link" else other)
    elif what == "folder":
        path.mkdir()
        (path / "mine.txt").write_text("mine")
    elif what == "FIFO":
        os.mkfifo(path)
    elif what == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    else:
        path.write_text("mine")
        path.chmod(0o444 if what == "read-only file" else 0o644)


def state(path: Path) -> dict[str, Any]:
    """Give what is in a folder: kinds, link texts and contents."""
    return {
        one.name: (
            one.lstat().st_mode,
            one.readlink() if one.is_symlink() else None,
            one.read_bytes() if one.is_file() else None,
        )
        for one in path.iterdir()
    }


REPLACED = ["file", "read-only file", "link to file", "dangling link", "circular link"]
NEVER = ["folder", "FIFO", "socket", "link to folder", "link to FIFO", "link to socket"]


@pytest.mark.parametrize("what", REPLACED + NEVER)
@pytest.mark.parametrize("writer", [*COMMANDS, *OVERWRITING, *NEVER_OVERWRITING])
def test_nothing_is_replaced_unasked(kept: Command, writer: str, what: str) -> None:
    path = Path(f"{FIRST}.json")
    lay(what, path)
    before = state(Path())
    message = refused(kept, writer, path)
    assert FIRST in message
    assert message.isprintable()
    assert state(Path()) == before


def test_an_export_into_a_folder_is_told_its_format(kept: Command) -> None:
    Path("lake").mkdir()
    kept("audit", "export", "lake").assert_error(2, "lake: is a folder", "--format parquet")


@pytest.mark.parametrize("what", NEVER)
@pytest.mark.parametrize("writer", [*COMMANDS, *OVERWRITING])
def test_what_is_no_file_is_never_replaced(kept: Command, writer: str, what: str) -> None:
    path = Path(f"{FIRST}.json")
    lay(what, path)
    before = state(Path())
    assert "never replaced" in refused(kept, writer, path, "--overwrite")
    assert state(Path()) == before


@pytest.mark.parametrize("what", REPLACED)
@pytest.mark.parametrize("writer", [*COMMANDS, *OVERWRITING])
def test_files_and_links_are_replaced_if_asked_for(kept: Command, writer: str, what: str) -> None:
    path = Path(f"{FIRST}.json")
    lay(what, path)
    before = state(Path())
    if writer in COMMANDS:
        assert run(kept, writer, path, "--overwrite").code == 0
    else:
        OVERWRITING[writer](path, True)
    after = state(Path())
    assert path.is_file()
    assert not path.is_symlink()
    assert path.read_bytes() != b"mine"
    # What a link led to is as it was.
    assert {**after, path.name: None} == {**before, path.name: None}


def run(kept: Command, writer: str, path: Path, *more: str) -> Result:
    return kept(*(word.replace("{}", str(path)) for word in COMMANDS[writer]), *more)


def refused(kept: Command, writer: str, path: Path, *more: str) -> str:
    if writer in COMMANDS:
        result = run(kept, writer, path, *more)
        result.assert_error(2, str(path))
        return result.err.strip()
    with pytest.raises(OutputError) as caught:
        {**OVERWRITING, **NEVER_OVERWRITING}[writer](path, bool(more))
    return str(caught.value)


def test_what_another_has_written_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "page.html"

    def write() -> None:
        with whole_file(path) as stream:
            stream.write(b"ours")
            path.write_text("mine")

    with pytest.raises(OutputError, match="is there already"):
        write()
    assert [one.read_text() for one in tmp_path.iterdir()] == ["mine"]


def test_a_long_name_is_fine(tmp_path: Path) -> None:
    whole(tmp_path / ("a" * 255), False)
    assert [len(one.name) for one in tmp_path.iterdir()] == [255]


def test_a_file_that_failed_leaves_nothing(tmp_path: Path) -> None:
    def write() -> None:
        with whole_file(tmp_path / "page.html") as stream:
            stream.write(b"ours")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert list(tmp_path.iterdir()) == []
