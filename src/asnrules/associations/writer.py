"""Write association files: all of them or none, and none outside the output folder."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from asnrules.associations.journal import (
    IsRecorded,
    RunMark,
    is_file_name,
    is_plain_name,
    new_journal,
)
from asnrules.associations.model import Association
from asnrules.associations.recovery import (
    ASIDE,
    PREFIX,
    StageError,
    clean_up_stage,
    decide,
    remove_own,
    stages_of,
)
from asnrules.associations.staging import Staging
from asnrules.associations.targets import refuse_newcomers, replaced_targets
from asnrules.errors import OutputError, PoolError
from asnrules.util.folder_locks import Waiting, locked
from asnrules.util.folders import Folder, held


class Written(NamedTuple):
    """Files that are in place."""

    files: list[str]
    """Their paths, in the order of the associations."""
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
    workers: int = 1,
) -> Iterator[Written]:
    """Write the files of associations, and take them back if the block fails.

    First, what killed runs have left in the output folder is cleaned up; it is made if it is
    missing. Then the files are written into a folder in it, and moved into place when the block is
    entered, so that a run can be recorded inside the block: both are there and on disk afterwards,
    or neither. Meanwhile other runs into the same folder wait, and are told how long. If the
    process is killed in the block, the next run cleans up.

    `mark` is of the run that is recorded in the block; `is_recorded` tells whether a run was: a
    killed one, or this one if the block fails. Then the files stay. Up to `workers` processes
    share the writing.

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
                    replaced = replaced_targets(
                        place, associations, code_version, overwrite=overwrite
                    )
                    staging = Staging(stage, code_version, replaced, workers)
                    if associations:
                        _move_in(place, staging, associations, mark)
                    yield Written(_paths(folder, associations), taken_back, left_alone)
                    decide(stage)
                    remove_own(place, stage, replaced)
            finally:
                # It is taken back unless it was decided that it stays, or the run was recorded: an
                # interrupt can come between the end of the record's transaction and here.
                _clean_up_own(place, stage_name, is_recorded)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        where = _where(folder, str(error.filename))
        raise OutputError(f"{where}: {reason}; choose another folder with --output") from error


def _where(folder: Path, name: str) -> str | Path:
    """Say where an error was; what is in an open folder is named without it."""
    if name in map(str, (folder, *folder.parents)):
        return name
    # Where a folder takes no stage, it is the folder that is at fault.
    return folder / name if is_file_name(name) else folder


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
        if not is_plain_name(name) or name in seen:
            what = "would be made twice" if name in seen else "is not a plain file name"
            raise PoolError(
                f"association {name[:80]!r} {what}; mend PROGRAM ({association.program[:80]!r}) "
                f"or ASN_CANDIDATE (id {association.asn_id[:80]!r}) of its exposures"
            )
        seen.add(name)


def _move_in(
    folder: Folder, staging: Staging, associations: Sequence[Association], mark: RunMark | None
) -> None:
    """Write files into a stage and move them into their folder, all on disk."""
    stage = staging.stage
    stage.make(ASIDE)
    with new_journal(stage, mark, len(associations)) as journal:
        staging.fill(associations, journal)
        refuse_newcomers(folder, associations, staging.replaced)
    # Without this, a power cut could leave the files and lose what tells of them.
    folder.sync()
    _put_aside(folder, stage, staging.replaced)
    for one in associations:
        stage.move(one.file_name, folder)
    folder.sync()
    stage.sync()


def _put_aside(folder: Folder, stage: Folder, replaced: Set[str]) -> None:
    if not replaced:
        return
    with held(Path(ASIDE), stage) as aside:
        for name in sorted(replaced):
            if folder.find(name) is not None:
                folder.move(name, aside)
        aside.sync()
    folder.sync()


def _paths(folder: Path, associations: Sequence[Association]) -> list[str]:
    start = str(folder / "_").removesuffix("_")
    return [f"{start}{one.file_name}" for one in associations]
