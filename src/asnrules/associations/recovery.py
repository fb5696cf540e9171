"""Recovery: clean up what a killed run has left in an output folder.

A stage is a folder in the output folder, in which files wait to be moved. Its run holds the lock of
the output folder, so a stage that is found under the lock was left behind. Only a stage of this
user, made of plain folders and files, with a journal as a run writes it, is cleaned up; anything
else is left as it is.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Set
from contextlib import ExitStack
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
)
from asnrules.util.folders import Folder, held

ASIDE = "aside"
"""The folder in a stage where files wait that are being replaced."""

PREFIX = ".asnrules-stage-"


class StageError(Exception):
    """A folder that is not a stage of this user as a run leaves it."""


def decide(stage: Folder) -> None:
    """Note that the files of the journal stay, or are taken back: what is left is to be removed."""
    if stage.find(BEGUN) is not None:
        stage.move(BEGUN, stage, DECIDED)
        stage.sync()


def remove_own(folder: Folder, stage: Folder, replaced: Set[str]) -> None:
    """Remove the stage of a run that ends well, unless there is more in it than the run has left.

    That is known without its journal, which would take as much memory as the run has files.
    """
    if set(stage.names()) != {ASIDE, DECIDED}:
        return
    with held(Path(ASIDE), stage) as aside:
        is_known = set(aside.names()) <= replaced
    if is_known:
        _sweep(stage)
        folder.remove_folder(stage.path.name)


def stages_of(folder: Folder) -> list[str]:
    """Give the names of what may be stages."""
    return [name for name in folder.names() if name.startswith(PREFIX)]


def clean_up_stage(folder: Folder, name: str, is_recorded: IsRecorded) -> int:
    """Clean up a stage that no run uses; give how many files were removed or put back.

    The files of a run that was recorded stay; what another had moved is taken back, as far as it
    is still what that run moved. It can be done again if it is cut off itself. If it is not a stage
    of this user as a run leaves it that is a StageError, and nothing is changed.
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
    """Give the journal of a stage, and whether it is undecided; refuse any other folder."""
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
    """Restore a folder, except for files that were changed since."""
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
