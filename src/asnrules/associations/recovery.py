"""Stages: folders in which files wait to be moved, and how what is left of one is settled.

A stage lies in the folder that its files are for. Whoever works in one holds the lock of that
folder, so that a stage that is found there under the lock was left behind.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from asnrules.associations.journal import (
    BEGUN,
    DECIDED,
    NEW,
    IsRecorded,
    Journal,
    JournalError,
    is_file_name,
    is_same,
    read_journal,
    write_journal,
)
from asnrules.errors import OutputError
from asnrules.util.folders import Folder, held, make_folder

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

ASIDE = "aside"
"""The folder in a stage where files wait that are being replaced."""

PREFIX = ".asnrules-stage-"

WAIT_SECONDS = 600
"""How long to wait for another run that writes into the same folder."""

_EVERY = 0.05
_NO_LOCKS = {errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}

Waiting = Callable[[int, int], None]
"""Told for how many seconds a run has waited for the folder, and how many it will."""


class StageError(Exception):
    """A folder that is no stage of this user as a run leaves it."""


# The lock


@contextmanager
def locked(path: Path, waiting: Waiting | None = None) -> Iterator[tuple[Folder, bool]]:
    """Hold a folder, and its lock where there are such.

    Parameters
    ----------
    path : Path
        The folder; it is made if it is missing.
    waiting : callable, optional
        Told how long it has waited for the lock.

    Yields
    ------
    Folder, bool
        The folder, and whether it is locked. It is not on Windows, nor where the file system
        locks no folders, as on NFS.

    Raises
    ------
    OutputError
        If another run has the lock for too long.
    OSError
        If there is no such folder, and it cannot be made.
    """
    is_the_one = False
    while not is_the_one:
        make_folder(path)
        with held(path) as folder:
            is_locked = _lock(folder, waiting)
            # While it waited, another folder may have taken its place.
            if is_the_one := _is_at(path, folder):
                yield folder, is_locked


def _is_at(path: Path, folder: Folder) -> bool:
    try:
        return os.path.samestat(folder.status(), path.stat())
    except FileNotFoundError:
        return False


def _lock(folder: Folder, waiting: Waiting | None) -> bool:
    if fcntl is None or folder.descriptor is None:
        return False
    started = time.monotonic()
    while (waited := time.monotonic() - started) < WAIT_SECONDS:
        try:
            fcntl.flock(folder.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting is not None:
                waiting(int(waited), WAIT_SECONDS)
            time.sleep(_EVERY)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            return False
        else:
            return True
    raise OutputError(
        f"{folder.path}: another run has been writing into it for {WAIT_SECONDS} s; try again, or "
        "choose another folder with --output"
    )


# The files


def new_stage() -> str:
    """Give the name of a stage that is not there yet."""
    return PREFIX + secrets.token_hex(8)


def move_in(folder: Folder, stage: Folder, aside: Folder, journal: Journal) -> None:
    """Move files from a stage into their folder, what is in their place aside, and all to disk."""
    write_journal(stage, journal)
    # Without this, a power cut could leave the files and lose what tells of them.
    folder.sync()
    replacing = [entry.name for entry in journal.entries if entry.replaces]
    for name in replacing:
        if folder.find(name) is not None:
            folder.move(name, aside)
    if replacing:
        aside.sync()
        folder.sync()
    for entry in journal.entries:
        stage.move(entry.name, folder)
    folder.sync()
    stage.sync()


def decide(stage: Folder) -> None:
    """Make what was moved stay, or what was taken back: whoever settles the stage only sweeps."""
    if stage.find(BEGUN) is not None:
        stage.move(BEGUN, stage, DECIDED)
        stage.sync()


def stages_of(folder: Folder) -> list[str]:
    """Give the names of what may be stages."""
    return [name for name in folder.names() if name.startswith(PREFIX)]


def settle_stage(folder: Folder, name: str, is_recorded: IsRecorded) -> int:
    """Bring an end to a stage that nobody works in.

    The files of a run that was recorded stay; what another had moved is taken back, as far as it
    is still what that run moved. It can be done again if it is cut off itself.

    Parameters
    ----------
    folder : Folder
        The folder that the stage is in.
    name : str
        Of the stage; it may be gone.
    is_recorded : callable
        Tells whether a run was recorded.

    Returns
    -------
    int
        How many files were removed from the folder or put back into it.

    Raises
    ------
    StageError
        If it is no stage of this user as a run leaves it; then it is left alone.
    """
    if folder.find(name) is None:
        return 0
    with ExitStack() as stack:
        try:
            stage = stack.enter_context(held(Path(name), folder))
            journal, is_begun = _checked(stage)
        except NotADirectoryError as error:
            raise StageError("it is not a folder") from error
        except PermissionError as error:
            raise StageError("it may not be read") from error
        count = 0
        if is_begun and not (journal.mark and is_recorded(journal.mark)):
            count = _take_back(folder, stage, journal)
        decide(stage)
        _sweep(stage)
    folder.remove_folder(name)
    return count


def _checked(stage: Folder) -> tuple[Journal, bool]:
    """Give the journal of a stage, and whether it is undecided; refuse what is none of ours."""
    _check_owner(stage)
    names = stage.names()
    found = [name for name in (BEGUN, DECIDED) if name in names]
    if len(found) > 1 or (BEGUN in found and ASIDE not in names):
        raise StageError("it holds two journals, or lacks a folder")
    try:
        journal = read_journal(stage, found[0]) if found else Journal([], None)
    except JournalError as error:
        raise StageError(str(error)) from error
    except OSError as error:
        raise StageError("its journal is not a file that can be read") from error
    _check_content(stage, names, journal, has_journal=bool(found))
    return journal, found == [BEGUN]


def _check_owner(folder: Folder) -> None:
    found = folder.status()
    if not hasattr(os, "geteuid"):
        return
    if found.st_uid != os.geteuid():
        raise StageError(f"it belongs to another user (uid {found.st_uid})")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise StageError("others may write into it")


def _check_content(stage: Folder, names: list[str], journal: Journal, *, has_journal: bool) -> None:
    known = {entry.name for entry in journal.entries}
    for name in names:
        if name == ASIDE:
            _check_aside(stage, {entry.name for entry in journal.entries if entry.replaces})
            continue
        is_expected = name in known if has_journal else is_file_name(name)
        found = stage.find(name)
        if found is None or not (is_expected or name in {BEGUN, DECIDED, NEW}):
            raise StageError(f"{name!r} in it is not of asnrules")
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise StageError(f"{name!r} in it is not a plain file")


def _check_aside(stage: Folder, replaced: set[str]) -> None:
    try:
        with held(Path(ASIDE), stage) as aside:
            _check_owner(aside)
            for name in aside.names():
                found = aside.find(name)
                kind = stat.S_IFMT(found.st_mode) if found is not None else None
                if name not in replaced or kind not in {stat.S_IFREG, stat.S_IFLNK}:
                    raise StageError(f"{f'{ASIDE}/{name}'!r} in it is not of asnrules")
    except NotADirectoryError as error:
        raise StageError(f"{ASIDE!r} in it is not a folder") from error


def _take_back(folder: Folder, stage: Folder, journal: Journal) -> int:
    """Put a folder back as it was, as far as nobody has changed it since."""
    count = 0
    with held(Path(ASIDE), stage) as aside:
        waiting = set(aside.names())
        for entry in journal.entries:
            is_there = folder.find(entry.name) is not None
            is_ours = is_there and is_same(folder, entry)
            if entry.name in waiting and (is_ours or not is_there):
                aside.move(entry.name, folder)
            elif is_ours:
                folder.remove(entry.name)
            else:
                continue
            count += 1
    folder.sync()
    return count


def _sweep(stage: Folder) -> None:
    """Empty a stage whose content has been checked; the journal goes last."""
    names = stage.names()
    if ASIDE in names:
        with held(Path(ASIDE), stage) as aside:
            for name in aside.names():
                aside.remove(name)
        stage.remove_folder(ASIDE)
    for name in sorted({*names} - {ASIDE}, key=lambda one: one == DECIDED):
        stage.remove(name)
