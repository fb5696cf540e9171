"""What lies in an output folder is settled only if it is what a run of this user has left there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asnrules.associations import writer as files
from asnrules.associations.journal import RunMark
from asnrules.associations.writer import written_files
from associations.test_writer import FIRST, SECOND, association, kill_inside
from cli.small_pools import nrc_image, write_pool

pytestmark = pytest.mark.skipif(os.name == "nt", reason="without file locks nothing is settled")

PLANTED = ".asnrules-stage-planted"
PATIENCE = 60.0
"""Seconds within which anything that may lie in a folder is dealt with."""

Tree = dict[str, Any]


def never(_mark: RunMark) -> bool:
    return False


def tree(folder: Path) -> Tree:
    """Give all that is below a folder, without following links."""
    found: Tree = {}
    for at, folders, others in os.walk(folder):
        for name in [*folders, *others]:
            path = Path(at, name)
            status = path.lstat()
            content = path.readlink() if path.is_symlink() else path.is_file() and path.read_bytes()
            key = path.relative_to(folder).as_posix()
            found[key] = (status.st_mode, status.st_ino, status.st_nlink, content)
    return found


def assert_left_alone(folder: Path, *words: str) -> None:
    """Check that a run goes on, names the planted thing, and moves nothing that was there."""
    before = tree(folder.parent)
    started = time.monotonic()
    with written_files(folder, [association("new")], "asnrules 1", is_recorded=never) as written:
        pass
    assert time.monotonic() - started < PATIENCE
    assert written.taken_back == 0
    (line,) = written.left_alone
    assert line.startswith(f"{folder / PLANTED}: ")
    assert line.endswith("look at it and remove it by hand")
    assert all(word in line for word in words), line
    after = tree(folder.parent)
    assert after.pop(f"{folder.name}/new.json")
    assert after == before


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a file in it, which a stranger's file lies beside."""
    (tmp_path / "outside.json").write_text("mine")
    folder = tmp_path / "folder"
    folder.mkdir()
    with written_files(folder, [association(FIRST)], "asnrules 1"):
        pass
    return folder


def plant(folder: Path) -> Path:
    """Make a stage as a run leaves it that was cut off before it moved anything."""
    stage = folder / PLANTED
    stage.mkdir(mode=0o700)
    (stage / "aside").mkdir(mode=0o700)
    return stage


def entry(path: Path, *, replaces: bool = False) -> list[Any]:
    """Give the line of a journal that says what a file is."""
    status = path.stat()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return [path.name, status.st_ino, status.st_size, status.st_mtime_ns, digest, replaces]


def journal(stage: Path, /, *entries: Any, mark: Any = None, **changes: Any) -> bytes:
    """Write a journal for a stage, with changes of its header."""
    header = {
        "format": "asnrules stage", "version": 1, "stage": stage.stat().st_ino, "mark": mark,
        **changes,
    }  # fmt: skip
    return "".join(f"{json.dumps(line)}\n" for line in (header, *entries, len(entries))).encode()


def test_a_journal_as_it_has_to_be_is_followed(folder: Path) -> None:
    """The others differ from this one each in one thing."""
    stage = plant(folder)
    path = folder / f"{FIRST}.json"
    (stage / ".journal").write_bytes(journal(stage, entry(path)))
    with written_files(folder, [], "asnrules 1", is_recorded=never) as written:
        pass
    assert (written.taken_back, written.left_alone) == (1, [])
    assert list(folder.iterdir()) == []


NO_JOURNALS = {
    "empty": b"",
    "object": b"{}\n",
    "array": b"[]\n",
    "null": b"null\n",
    "text": b"hello\n",
    "brackets": b"[" * 10_000_000,
    "deep": b"[" * 8_000 + b"]" * 8_000 + b"\n",
    "deep header": b'{"format": ' + b"[" * 16_000 + b"\n",
    "long line": b'"' + b"a" * 10_000_000 + b'"\n',
    "many lines": b"[]\n" * 1_000_000,
    "zeros": bytes(1_000_000),
    "not UTF-8": b"\xff\xfe\n",
    "huge number": b"1" * 5_000 + b"\n",
    "former": b'{"names": ["' + FIRST.encode() + b'.json"], "replaced": [], "mark": null}',
}


@pytest.mark.parametrize("text", NO_JOURNALS.values(), ids=NO_JOURNALS)
@pytest.mark.parametrize("name", [".journal", ".decided"])
def test_what_is_no_journal(folder: Path, name: str, text: bytes) -> None:
    (plant(folder) / name).write_bytes(text)
    assert_left_alone(folder, "journal is not one of asnrules")


def with_number(at: int, value: Any) -> Callable[[Path, Path], bytes]:
    def make(stage: Path, path: Path) -> bytes:
        line = entry(path)
        line[at] = value
        return journal(stage, line)

    return make


def with_mark(*mark: Any) -> Callable[[Path, Path], bytes]:
    return lambda stage, path: journal(stage, entry(path), mark=list(mark))


WHEN = "2026-01-02T00:00:00+00:00"
NEARLY_JOURNALS: dict[str, Callable[[Path, Path], bytes]] = {
    "other format": lambda stage, path: journal(stage, entry(path), format="other"),
    "other version": lambda stage, path: journal(stage, entry(path), version=2),
    "another word": lambda stage, path: journal(stage, entry(path), more=1),
    "no number": lambda stage, path: journal(stage, entry(path), stage=None),
    "another folder's": lambda stage, path: journal(stage, entry(path), stage=1),
    "no end": lambda stage, path: b"".join(
        journal(stage, entry(path)).splitlines(keepends=True)[:-1]
    ),
    "no line end": lambda stage, path: journal(stage, entry(path))[:-1],
    "more behind": lambda stage, path: journal(stage, entry(path)) + b"1\n",
    "wrong count": lambda stage, path: journal(stage, entry(path)).replace(b"\n1\n", b"\n2\n"),
    "twice": lambda stage, path: journal(stage, entry(path), entry(path)),
    "short entry": lambda stage, path: journal(stage, entry(path)[:4]),
    "long entry": lambda stage, path: journal(stage, [*entry(path), 1]),
    "entry of letters": lambda stage, _: journal(stage, "abcdef"),
    "entry as object": lambda stage, _: journal(stage, dict.fromkeys("abcdef", 1)),
    "path": with_number(0, "../outside.json"),
    "absolute": with_number(0, "/outside.json"),
    "no file of ours": with_number(0, "outside.txt"),
    "dots": with_number(0, ".."),
    "stage's own": with_number(0, ".journal"),
    "zero in a name": with_number(0, "a\0.json"),
    "surrogate": with_number(0, "\ud800.json"),
    "number as name": with_number(0, 7),
    "negative": with_number(1, -1),
    "large": with_number(1, 2**64),
    "huge": with_number(2, 10**4_000),
    "fraction": with_number(2, 1.5),
    "truth": with_number(2, True),
    "not a number": with_number(3, float("nan")),
    "text for a number": with_number(3, "1"),
    "short digest": with_number(4, "0" * 63),
    "capitals": with_number(4, "A" * 64),
    "null digest": with_number(4, None),
    "text for a truth": with_number(5, "false"),
    "mark of one word": with_mark("db"),
    "mark of four": with_mark("db", WHEN, "here", 1),
    "mark of numbers": with_mark("db", WHEN, 1),
    "yesterday": with_mark("db", "yesterday", "here"),
    "no zone": with_mark("db", "2026-01-02T00:00:00", "here"),
    "before all time": with_mark("db", "0001-01-01T00:00:00+14:00", "here"),
    "zero in a host": with_mark("db", WHEN, "he\0re"),
    "surrogate in a host": with_mark("db", WHEN, "\udc80"),
    "mark as object": lambda stage, path: journal(stage, entry(path), mark={"db": 1}),
    "mark as text": lambda stage, path: journal(stage, entry(path), mark="abc"),
}


@pytest.mark.parametrize("make", NEARLY_JOURNALS.values(), ids=NEARLY_JOURNALS)
def test_what_is_nearly_a_journal(folder: Path, make: Callable[[Path, Path], bytes]) -> None:
    stage = plant(folder)
    (stage / ".journal").write_bytes(make(stage, folder / f"{FIRST}.json"))
    assert_left_alone(folder, "journal")


@pytest.mark.parametrize("at", range(1, 5))
def test_a_file_that_is_another_stays(folder: Path, at: int) -> None:
    """A planted journal can name a file of a run on record, but not know what it is."""
    stage = plant(folder)
    path = folder / f"{FIRST}.json"
    line = entry(path)
    line[at] = line[at] + 1 if at < 4 else "0" * 64
    (stage / ".journal").write_bytes(journal(stage, line))
    before = tree(folder)[path.name]
    with written_files(folder, [], "asnrules 1", is_recorded=never) as written:
        pass
    assert (written.taken_back, written.left_alone) == (0, [])
    assert tree(folder) == {path.name: before}


def test_a_copy_of_a_stage_is_not_followed(folder: Path) -> None:
    """As from an archive, or a backup that was put back."""
    origin = folder.parent / "origin"
    kill_inside(origin, association(FIRST))
    (left,) = origin.glob(".asnrules-stage-*")
    shutil.copytree(left, folder / PLANTED)
    shutil.copy2(origin / f"{FIRST}.json", folder / f"{FIRST}.json")
    assert_left_alone(folder, "this is a copy")


def fifo(path: Path) -> None:
    os.mkfifo(path)


def bound_socket(path: Path) -> None:
    # The path of a socket may not be long.
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def link(path: Path) -> None:
    path.symlink_to(path.parents[2] / "outside.json")


def hard_link(path: Path) -> None:
    path.hardlink_to(path.parents[2] / "outside.json")


def full_folder(path: Path) -> None:
    path.mkdir()
    (path / "mine.json").write_text("mine")


KINDS = {one.__name__: one for one in (fifo, bound_socket, link, hard_link, full_folder)}


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize(
    "name", [".journal", ".decided", ".journal-new", f"{FIRST}.json", "other.txt", ".hidden"]
)
@pytest.mark.parametrize("has_journal", [False, True])
def test_what_is_no_plain_file_in_a_stage(
    folder: Path, make: Callable[[Path], None], name: str, has_journal: bool
) -> None:
    stage = plant(folder)
    make(stage / name)
    if has_journal and name != ".journal":
        (stage / ".journal").write_bytes(journal(stage, entry(folder / f"{FIRST}.json")))
    assert_left_alone(folder)


@pytest.mark.parametrize("name", ["mine.txt", ".hidden", "a.JSON", "..json.", "-rf"])
def test_a_file_that_no_run_leaves(folder: Path, name: str) -> None:
    (plant(folder) / name).write_text("mine")
    assert_left_alone(folder, repr(name))


def test_a_file_that_the_journal_does_not_name(folder: Path) -> None:
    stage = plant(folder)
    (stage / "mine.json").write_text("mine")
    (stage / ".journal").write_bytes(journal(stage, entry(folder / f"{FIRST}.json")))
    assert_left_alone(folder, "'mine.json'")


def aside_is_a_link(stage: Path) -> None:
    elsewhere = stage.parents[1] / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (elsewhere / f"{FIRST}.json").write_text("a stranger's")
    (stage / "aside").rmdir()
    (stage / "aside").symlink_to(elsewhere)


def aside_is_a_file(stage: Path) -> None:
    (stage / "aside").rmdir()
    (stage / "aside").write_text("mine")


def aside_is_a_fifo(stage: Path) -> None:
    (stage / "aside").rmdir()
    os.mkfifo(stage / "aside")


def aside_is_missing(stage: Path) -> None:
    (stage / "aside").rmdir()


def aside_is_open_to_others(stage: Path) -> None:
    (stage / "aside").chmod(0o777)


def aside_has_more(stage: Path) -> None:
    (stage / "aside" / "mine.json").write_text("mine")


def aside_has_a_folder(stage: Path) -> None:
    (stage / "aside" / f"{FIRST}.json").mkdir()


def aside_has_a_fifo(stage: Path) -> None:
    os.mkfifo(stage / "aside" / f"{FIRST}.json")


def stage_is_open_to_others(stage: Path) -> None:
    stage.chmod(0o770)


def stage_is_of_another(stage: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(stage, 65534, 65534)


def aside_is_of_another(stage: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(stage / "aside", 65534, 65534)


CHANGES = {
    one.__name__: one
    for one in (
        aside_is_a_link, aside_is_a_file, aside_is_a_fifo, aside_is_missing,
        aside_is_open_to_others, aside_has_more, aside_has_a_folder, aside_has_a_fifo,
        stage_is_open_to_others, stage_is_of_another, aside_is_of_another,
    )
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_stage_that_others_have_changed(folder: Path, change: Callable[[Path], None]) -> None:
    stage = plant(folder)
    replaced = entry(folder / f"{FIRST}.json", replaces=True)
    (stage / ".journal").write_bytes(journal(stage, replaced))
    change(stage)
    assert_left_alone(folder)


def test_what_is_not_named_as_replaced_is_not_put_back(folder: Path) -> None:
    stage = plant(folder)
    (stage / "aside" / f"{FIRST}.json").write_text("a stranger's")
    (stage / ".journal").write_bytes(journal(stage, entry(folder / f"{FIRST}.json")))
    assert_left_alone(folder, f"'aside/{FIRST}.json'")


@pytest.mark.parametrize("make", [fifo, bound_socket], ids=["FIFO", "socket"])
def test_what_is_no_folder_in_the_place_of_a_stage(
    folder: Path, make: Callable[[Path], None]
) -> None:
    make(folder / PLANTED)
    assert_left_alone(folder, "not a folder")


@pytest.mark.parametrize("leads_to", ["folder/..", "nowhere", PLANTED, "left"])
def test_a_link_in_the_place_of_a_stage(folder: Path, leads_to: str) -> None:
    if leads_to == "left":
        # What another run has left elsewhere, just as it has to be.
        kill_inside(folder.parent / "origin", association(FIRST))
        (left,) = folder.parent.glob("origin/.asnrules-stage-*")
        (folder / PLANTED).symlink_to(left)
    else:
        (folder / PLANTED).symlink_to(leads_to)
    assert_left_alone(folder, "not a folder")


def test_many_planted_things_are_all_named(folder: Path) -> None:
    for number in range(50):
        (folder / f"{PLANTED}{number}").write_text("mine")
    with written_files(folder, [], "asnrules 1", is_recorded=never) as written:
        assert len(written.left_alone) == 50


@settings(max_examples=150)
@given(data=st.data())
def test_nothing_but_what_a_journal_tells_is_touched(tmp_path: Path, data: st.DataObject) -> None:
    """However the bytes of a journal are changed, other files stay, and nothing fails."""
    folder = tmp_path / "folder"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (tmp_path / "outside.json").write_text("mine")
    for name in ("a.json", "b.json"):
        (folder / name).write_text(name)
    stage = plant(folder)
    text = bytearray(journal(stage, entry(folder / "a.json"), mark=["db", WHEN, "here"]))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    (stage / ".journal").write_bytes(text)
    with written_files(folder, [], "asnrules 1", is_recorded=never):
        pass
    assert (folder / "b.json").read_text() == "b.json"
    assert (tmp_path / "outside.json").read_text() == "mine"
    if stage.exists():
        assert (folder / "a.json").read_text() == "a.json"


class Cut(BaseException):
    """Stands for the end of the process: nothing that settles handles it."""


@pytest.mark.parametrize("is_recorded", [False, True])
def test_settling_that_is_cut_off_itself_can_be_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_recorded: bool
) -> None:
    origin = tmp_path / "origin"
    moments = 0
    while True:
        shutil.rmtree(origin, ignore_errors=True)
        origin.mkdir()
        (origin / f"{FIRST}.json").write_text("before")
        kill_inside(origin, association(FIRST), association(SECOND))
        new = {path.name: path.read_text() for path in origin.glob("*.json")}
        was_cut = settle_and_cut(origin, moments, monkeypatch, is_recorded)
        with written_files(origin, [], "", is_recorded=lambda _: is_recorded) as written:
            pass
        assert written.left_alone == []
        left = {path.name: path.read_text() for path in origin.iterdir()}
        assert left == (new if is_recorded else {f"{FIRST}.json": "before"})
        if not was_cut:
            break
        moments += 1
    assert moments >= 5


def settle_and_cut(
    folder: Path, moment: int, monkeypatch: pytest.MonkeyPatch, is_recorded: bool
) -> bool:
    """Settle, and cut it off before one of its steps; tell whether it came so far."""
    left = moment

    def step(do: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            if left == 0:
                raise Cut
            left -= 1
            return do(*arguments, **options)

        return stepped

    has_settled = False

    def end() -> str:
        nonlocal has_settled
        has_settled = True
        raise Cut

    with monkeypatch.context() as patched:
        for name in ("replace", "unlink", "rmdir"):
            patched.setattr(os, name, step(getattr(os, name)))
        patched.setattr(files.secrets, "token_hex", lambda _: end())
        try:
            with written_files(folder, [], "", is_recorded=lambda _: is_recorded):
                pass
        except Cut:
            return not has_settled
    raise AssertionError


def test_what_is_left_alone_is_named_on_stderr(
    folder: Path, templates: Any, tmp_path: Path
) -> None:
    """The whole program: it goes on, and says what it has left alone."""
    stage = plant(folder)
    os.mkfifo(stage / ".journal")
    pool = write_pool(tmp_path / "pool.csv", nrc_image(7, program="7"))
    database = shutil.copyfile(templates.seeded("sqlite"), tmp_path / "rules.db")
    command = [sys.executable, "-m", "asnrules", "--database", str(database)]
    done = subprocess.run(
        [*command, "generate", pool, "--output", str(folder)],
        check=False, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0
    assert str(stage) in done.stderr
    assert "remove it by hand" in done.stderr
    assert (stage / ".journal").is_fifo()
