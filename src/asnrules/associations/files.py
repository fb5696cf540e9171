"""Write association files: all of them or none, and none outside the output folder."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from asnrules.associations.journal import (
    ASIDE,
    IsRecorded,
    Journal,
    RunMark,
    has_journal,
    read_journal,
    remove_journal,
    take_back,
    write_journal,
)
from asnrules.associations.model import Association
from asnrules.errors import OutputError, PoolError

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

_STAGE = ".asnrules-stage-"
_LONGEST_NAME = 255


@contextmanager
def written_files(
    folder: Path,
    associations: Sequence[Association],
    code_version: str,
    *,
    overwrite: bool = False,
    mark: RunMark | None = None,
    is_recorded: IsRecorded = lambda _: False,
) -> Iterator[list[Path]]:
    """Write the files of associations, and take them back if the block fails.

    They are written into a folder beside, then moved into place when the block is entered, so
    that a run can be recorded inside the block: both are there afterwards, or neither. If the
    process is killed in the block, `settle` sees to it.

    Parameters
    ----------
    folder : Path
        The output folder; made if it is missing.
    associations : sequence of Association
        What to write, each under its `asn_name`.
    code_version : str
        The software and ruleset that made them.
    overwrite : bool
        Whether a file of the same name with another content may be replaced.
    mark : RunMark, optional
        The run that is recorded in the block.
    is_recorded : callable
        Tells whether it was, if the block fails; then the files stay all the same.

    Yields
    ------
    list of Path
        The files, in the order of the associations.

    Raises
    ------
    PoolError
        If a value of a pool would make a name that is no plain file name.
    OutputError
        If a file cannot be written, or a different one is there already.
    """
    check_names(associations)
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is no folder; choose another with --output")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _stage(folder) as stage:
            paths = _write(stage, folder, associations, code_version, overwrite=overwrite)
            names = [path.name for path in paths]
            replaced = frozenset(name for name in names if os.path.lexists(folder / name))
            with _moved(stage, Journal(names, replaced, mark), is_recorded):
                yield paths
    except OSError as error:
        raise _unwritable(folder, error) from error


def settle(folder: Path, is_recorded: IsRecorded) -> int:
    """Bring an end to what runs left in a folder that were cut off.

    The files of those that were recorded stay; what others had moved is taken back.

    Parameters
    ----------
    folder : Path
        The output folder; it may be missing.
    is_recorded : callable
        Tells whether a run was recorded.

    Returns
    -------
    int
        How many files were taken back.

    Raises
    ------
    OutputError
        If that cannot be done.
    """
    if fcntl is None or not folder.is_dir():
        # Without file locks nobody can tell a stage that was left from one in use.
        return 0
    try:
        with _locked(folder):
            return sum(
                _settle(stage, is_recorded)
                for stage in sorted(folder.glob(f"{_STAGE}*"))
                if not stage.is_symlink() and os.access(stage, os.R_OK | os.W_OK | os.X_OK)
            )
    except OSError as error:
        raise _unwritable(folder, error) from error


def _settle(stage: Path, is_recorded: IsRecorded) -> int:
    count = 0
    with suppress(BlockingIOError), _locked(stage, wait=False):
        journal = read_journal(stage)
        if journal and not (journal.mark and is_recorded(journal.mark)):
            count = take_back(stage, journal)
        remove_journal(stage)
        shutil.rmtree(stage, ignore_errors=True)
    return count


def _unwritable(folder: Path, error: OSError) -> OutputError:
    place = error.filename or folder
    return OutputError(
        f"{place}: {os.strerror(error.errno or 0)}; choose another folder with --output"
    )


def check_names(associations: Sequence[Association]) -> None:
    """Refuse names that are no plain file names, or that two associations share.

    Raises
    ------
    PoolError
        Naming the association, whose program or candidate id is the cause.
    """
    seen = set()
    for association in associations:
        name = association.asn_name
        file_name = f"{name}.json"
        is_plain = (
            name.isprintable()
            and not set(name) & set('/\\:*?"<>|')
            and len(file_name.encode()) <= _LONGEST_NAME
        )
        if not is_plain or name in seen:
            what = "is not a plain file name" if not is_plain else "would be made twice"
            raise PoolError(
                f"association {name[:80]!r} {what}; mend PROGRAM ({association.program[:80]!r}) "
                f"or ASN_CANDIDATE (id {association.asn_id[:80]!r}) of its exposures"
            )
        seen.add(name)


def _write(
    stage: Path,
    folder: Path,
    associations: Sequence[Association],
    code_version: str,
    *,
    overwrite: bool,
) -> list[Path]:
    paths = []
    for association in associations:
        content = json.dumps(association.document(code_version), indent=4).encode() + b"\n"
        path = folder / f"{association.asn_name}.json"
        if path.is_dir() and not path.is_symlink():
            raise OutputError(f"{path}: is a folder; choose another place with --output")
        if not overwrite and _differs(path, content):
            raise OutputError(
                f"{path}: is there already and differs; "
                "choose another folder with --output, or replace it with --overwrite"
            )
        (stage / path.name).write_bytes(content)
        paths.append(path)
    return paths


def _differs(path: Path, content: bytes) -> bool:
    try:
        return path.is_symlink() or path.read_bytes() != content
    except FileNotFoundError:
        return False


@contextmanager
def _moved(stage: Path, journal: Journal, is_recorded: IsRecorded) -> Iterator[None]:
    """Move files from the stage into its folder, and put all back as it was if the block fails."""
    (stage / ASIDE).mkdir()
    write_journal(stage, journal)
    try:
        for name in journal.names:
            if os.path.lexists(stage.parent / name):
                (stage.parent / name).replace(stage / ASIDE / name)
            (stage / name).replace(stage.parent / name)
        yield
    except BaseException:
        # An interrupt can come between the end of the record's transaction and here.
        if not (journal.mark and is_recorded(journal.mark)):
            take_back(stage, journal)
        remove_journal(stage)
        raise
    remove_journal(stage)


@contextmanager
def _stage(folder: Path) -> Iterator[Path]:
    """Make a folder beside the files to come; it is locked for as long as it is in use."""
    with ExitStack() as stack:
        # Nobody clears it between its making and its locking.
        with _locked(folder):
            stage = Path(tempfile.mkdtemp(prefix=_STAGE, dir=folder))
            stack.enter_context(_locked(stage))
        try:
            yield stage
        finally:
            # Where it is not known whether the run was recorded, the next run asks again.
            if not has_journal(stage):
                shutil.rmtree(stage, ignore_errors=True)


@contextmanager
def _locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    if fcntl is None:
        yield
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
