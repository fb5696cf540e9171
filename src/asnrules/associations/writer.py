"""Write association files: all of them or none, and none outside the output folder."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from asnrules.associations.journal import (
    Entry,
    IsRecorded,
    Journal,
    RunMark,
    describe,
    has_digest,
    is_plain,
    write_journal,
)
from asnrules.associations.model import Association
from asnrules.associations.recovery import (
    ASIDE,
    PREFIX,
    StageError,
    clean_up_stage,
    decide,
    stages_of,
)
from asnrules.errors import OutputError, PoolError
from asnrules.util.atomic_files import OVERWRITE, check_target
from asnrules.util.folder_locks import Waiting, locked
from asnrules.util.folders import Folder, held

_SYNCING = 16
"""Threads that wait for the disk. It writes many files at once nearly as fast as one."""


class Written(NamedTuple):
    """Files that are in place."""

    files: list[Path]
    """In the order of the associations."""
    taken_back: int
    """How many files of killed runs were taken back before."""
    left_alone: list[str]
    """A line for each thing in the folder that looks like a stage and is not one of this user."""


@contextmanager
def written_files(
    folder: Path,
    associations: Sequence[Association],
    code_version: str,
    *,
    overwrite: bool = False,
    mark: RunMark | None = None,
    is_recorded: IsRecorded = lambda _: False,
    waiting: Waiting | None = None,
) -> Iterator[Written]:
    """Write the files of associations, and take them back if the block fails.

    First, what killed runs have left in the output folder is cleaned up; it is made if it is
    missing. Then the files are written into a folder in it, and moved into place when the block is
    entered, so that a run can be recorded inside the block: both are there and on disk afterwards,
    or neither. Meanwhile other runs into the same folder wait, and are told how long. If the
    process is killed in the block, the next run cleans up.

    `mark` is of the run that is recorded in the block; `is_recorded` tells whether a run was: a
    killed one, or this one if the block fails. Then the files stay.

    It is a PoolError if a value of a pool would make a name that is not a plain file name, an
    OutputError if a file cannot be written, or a different one is there already without
    `overwrite`.
    """
    check_names(associations)
    try:
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"{folder}: is not a folder; choose another with --output")
        with locked(folder, waiting) as (place, is_locked):
            taken_back, left_alone = _cleaned_up(place, is_recorded, is_locked=is_locked)
            stage_name = PREFIX + secrets.token_hex(8)
            try:
                place.make(stage_name)
                with held(Path(stage_name), place) as stage:
                    files = _moved(place, stage, associations, code_version, overwrite, mark)
                    yield Written(files, taken_back, left_alone)
                    decide(stage)
            finally:
                # It is taken back unless it was decided that it stays, or the run was recorded: an
                # interrupt can come between the end of the record's transaction and here.
                _clean_up_own(place, stage_name, is_recorded)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        # Where a folder takes no stage, it is the folder that is at fault.
        is_inside = str(error.filename or PREFIX).startswith(PREFIX)
        where = folder if is_inside else error.filename
        raise OutputError(f"{where}: {reason}; choose another folder with --output") from error


def _cleaned_up(
    folder: Folder, is_recorded: IsRecorded, *, is_locked: bool
) -> tuple[int, list[str]]:
    count = 0
    problems = {}
    for name in stages_of(folder):
        if not is_locked:
            problems[name] = "without file locks nobody can tell whether a run is using it"
            continue
        try:
            count += clean_up_stage(folder, name, is_recorded)
        except StageError as error:
            problems[name] = str(error)
    return count, [
        f"{folder.path / name}: {problem}, so it is left alone; look at it and remove it by hand"
        for name, problem in problems.items()
    ]


def _clean_up_own(folder: Folder, name: str, is_recorded: IsRecorded) -> None:
    try:
        try:
            clean_up_stage(folder, name, is_recorded)
        except KeyboardInterrupt:
            # It can be done again from wherever it was.
            clean_up_stage(folder, name, is_recorded)
            raise
    except StageError as error:
        raise OutputError(
            f"{folder.path / name}: {error}, though this run has made it; look at it and at the "
            "files in the folder, and remove it by hand"
        ) from error


def check_names(associations: Sequence[Association]) -> None:
    """Refuse, by a PoolError, names that are no plain file names, or that two associations have."""
    seen = set()
    for association in associations:
        name = association.asn_name
        if not is_plain(name) or name in seen:
            what = "would be made twice" if name in seen else "is not a plain file name"
            raise PoolError(
                f"association {name[:80]!r} {what}; mend PROGRAM ({association.program[:80]!r}) "
                f"or ASN_CANDIDATE (id {association.asn_id[:80]!r}) of its exposures"
            )
        seen.add(name)


def _moved(
    folder: Folder,
    stage: Folder,
    associations: Sequence[Association],
    code_version: str,
    overwrite: bool,
    mark: RunMark | None,
) -> list[Path]:
    """Write files into a stage and move them into their folder, all on disk; give their paths."""
    written = [(f"{one.asn_name}.json", _write(stage, one, code_version)) for one in associations]
    entries = []
    for entry in _on_disk(stage, written):
        replaces = check_target(
            folder.path / entry.name,
            overwrite=overwrite or _has_file(folder, entry),
            mend=f"it differs; choose another folder with --output, or {OVERWRITE}",
        )
        entries.append(entry._replace(replaces=replaces))
    if entries:
        stage.make(ASIDE)
        with held(Path(ASIDE), stage) as aside:
            _move_in(folder, stage, aside, Journal(entries, mark))
    return [folder.path / entry.name for entry in entries]


def _move_in(folder: Folder, stage: Folder, aside: Folder, journal: Journal) -> None:
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


def _write(stage: Folder, association: Association, code_version: str) -> str:
    """Write a file; give its digest."""
    content = json.dumps(association.document(code_version), indent=4).encode() + b"\n"
    with os.fdopen(stage.create(f"{association.asn_name}.json"), "wb") as stream:
        stream.write(content)
    return hashlib.sha256(content).hexdigest()


def _on_disk(stage: Folder, written: Sequence[tuple[str, str]]) -> list[Entry]:
    """Wait until files are on disk; say what they are."""
    from concurrent.futures import ThreadPoolExecutor

    def sync(one: tuple[str, str]) -> Entry:
        descriptor = stage.open(one[0], writable=True)
        try:
            os.fsync(descriptor)
            return describe(descriptor, *one)
        finally:
            os.close(descriptor)

    with ThreadPoolExecutor(_SYNCING) as threads:
        return list(threads.map(sync, written))


def _has_file(folder: Folder, entry: Entry) -> bool:
    """Tell whether a folder has an equal file; a link to one is none."""
    try:
        return has_digest(folder, entry)
    except OSError:
        return False
