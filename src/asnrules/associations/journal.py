"""The journal of a run: what it is about to move into a folder, so that it can be undone.

A journal identifies files by inode, time and digest, so that a file of another program is never
taken back. It has the inode of the folder in which it was written, so that a copy of
it, or one from an archive, is not valid. It is read line by line, each strictly.
"""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import io
import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from asnrules.util.folders import Folder

BEGUN = ".journal"
"""The journal of a run of which it is not known whether it is recorded."""

DECIDED = ".decided"
"""The same once what was moved stays, or is taken back."""

NEW = ".journal-new"
"""It is written under this name first."""

LONGEST_NAME = 255
_LONGEST_LINE = 16_384
_LARGEST = 1 << 30  # Of some seven million files
_LARGEST_NUMBER = 2**64
_FORMAT = {"format": "asnrules stage", "version": 1}
_DIGEST = re.compile("[0-9a-f]{64}")
_NOT_IN_NAMES = re.compile(r'[/\\:*?"<>|]')


class JournalError(Exception):
    """A journal that this program has not written in this folder."""


class RunMark(NamedTuple):
    """By what a run is found in the record, before it has an id."""

    database: str
    """Which database the record is in, in words."""
    started_at: dt.datetime
    """Aware."""
    host: str


IsRecorded = Callable[[RunMark], bool]


class Entry(NamedTuple):
    """A file that is moved, and what it is."""

    name: str
    """Its name in both folders."""
    number: int
    """Of its inode."""
    size: int
    written_ns: int
    sha256: str
    replaces: bool = False
    """Whether there is something in its place, which is put aside first."""


class Journal(NamedTuple):
    """What is moved from a stage into the folder that it lies in."""

    entries: Sequence[Entry]
    """In any order."""
    mark: RunMark | None
    """The run that the files stay with; None if they stay once all of them are moved."""


def is_plain_name(name: str) -> bool:
    """Tell whether a name of an association makes a plain file name."""
    return (
        name.isprintable()
        and not _NOT_IN_NAMES.search(name)
        and len(f"{name}.json".encode()) <= LONGEST_NAME
    )


def is_file_name(name: str) -> bool:
    """Tell whether a name is one of an association's file."""
    return name.endswith(".json") and is_plain_name(name.removesuffix(".json"))


def describe(folder: Folder, name: str, sha256: str, *, replaces: bool) -> Entry:
    """Say what a file of a folder is, which has this digest."""
    found = folder.find(name)
    if found is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
    return Entry(name, found.st_ino, found.st_size, found.st_mtime_ns, sha256, replaces)


def is_same(folder: Folder, entry: Entry) -> bool:
    """Tell whether a file of a folder is the one that was moved there, and unchanged."""
    found = folder.find(entry.name)
    if found is None or not stat.S_ISREG(found.st_mode):
        return False
    if (found.st_ino, found.st_size, found.st_mtime_ns) != entry[1:4]:
        return False
    with os.fdopen(folder.open(entry.name), "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == entry.sha256


@contextmanager
def new_journal(stage: Folder, mark: RunMark | None, count: int) -> Iterator[NewJournal]:
    """Give a journal to which as many entries are to be added, by forked processes too.

    It is left in the stage, on disk, when the block ends: there is the whole of it, or none.
    """
    descriptor = stage.create(NEW)
    try:
        journal = NewJournal(descriptor)
        header = {
            **_FORMAT,
            "stage": stage.status().st_ino,
            "mark": mark and [mark.database, mark.started_at.isoformat(), mark.host],
        }
        journal.add([header])
        yield journal
        journal.add([count])
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    stage.move(NEW, stage, BEGUN)
    stage.sync()


class NewJournal(NamedTuple):
    """A journal that is being written."""

    descriptor: int

    def add(self, lines: Iterable[object]) -> None:
        """Add lines, which stay together even while other processes add theirs."""
        text = "".join(f"{json.dumps(line)}\n" for line in lines).encode("ascii")
        if os.write(self.descriptor, text) < len(text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def read_journal(stage: Folder, name: str) -> Journal:
    """Read a journal of a stage, else an OSError.

    If it is none that `write_journal` has left in this very folder that is a JournalError.
    """
    with os.fdopen(stage.open(name), "rb") as stream:
        if os.fstat(stream.fileno()).st_size > _LARGEST:
            raise JournalError("its journal is too large")
        try:
            return _parsed(_lines(stream), stage.status().st_ino)
        except (ValueError, TypeError, OverflowError, RecursionError, StopIteration) as error:
            raise JournalError("its journal is not one of asnrules") from error


def _lines(stream: io.BufferedReader) -> Iterator[Any]:
    while line := stream.readline(_LONGEST_LINE):
        if not line.endswith(b"\n"):
            raise ValueError
        yield json.loads(line)


def _parsed(lines: Iterator[Any], number: int) -> Journal:
    header = next(lines)
    if type(header) is not dict or header.keys() != {*_FORMAT, "stage", "mark"}:
        raise ValueError
    if any(header[name] != value for name, value in _FORMAT.items()):
        raise ValueError
    if header["stage"] != number:
        raise JournalError("its journal was written in another folder, of which this is a copy")
    entries: dict[str, Entry] = {}
    for line in lines:
        if type(line) is int:
            if line == len(entries) and next(lines, None) is None:
                return Journal(list(entries.values()), _mark(header["mark"]))
            break
        entry = _entry(line)
        if entry.name in entries:
            break
        entries[entry.name] = entry
    raise ValueError


def _mark(words: Any) -> RunMark | None:
    if words is None:
        return None
    if type(words) is not list or not all(type(word) is str and "\0" not in word for word in words):
        raise ValueError
    database, started_at, host = words
    host.encode()
    moment = dt.datetime.fromisoformat(started_at)
    if moment.tzinfo is None:
        raise ValueError
    return RunMark(database, moment.astimezone(dt.UTC), host)


def _entry(line: Any) -> Entry:
    entry = Entry(*line)
    numbers = entry[1:4]
    if (
        type(line) is list
        and type(entry.name) is str
        and is_file_name(entry.name)
        and all(type(one) is int and 0 <= one < _LARGEST_NUMBER for one in numbers)
        and type(entry.sha256) is str
        and _DIGEST.fullmatch(entry.sha256)
        and type(entry.replaces) is bool
    ):
        return entry
    raise ValueError
