"""Write association files: all of them or none, and none outside the output folder."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from asnrules.associations.model import Association
from asnrules.errors import OutputError, PoolError

_STAGE = ".asnrules-stage-"
_LONGEST_NAME = 255


@contextmanager
def written_files(
    folder: Path,
    associations: Sequence[Association],
    code_version: str,
    *,
    overwrite: bool = False,
) -> Iterator[list[Path]]:
    """Write the files of associations, and take them back if the block fails.

    They are written into a folder beside, then moved into place when the block is entered, so
    that a run can be recorded inside the block: both are there afterwards, or neither.

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
        _clear_stale(folder)
        with _stage(folder) as stage:
            paths = _write(stage, folder, associations, code_version, overwrite=overwrite)
            with _moved(stage, folder, [path.name for path in paths]):
                yield paths
    except OSError as error:
        place = error.filename or folder
        raise OutputError(
            f"{place}: {os.strerror(error.errno or 0)}; choose another folder with --output"
        ) from error


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
def _moved(stage: Path, folder: Path, names: Sequence[str]) -> Iterator[None]:
    """Move files from the stage into the folder, and put all back as it was if the block fails."""
    aside = stage / "aside"
    aside.mkdir()
    moved: list[str] = []
    try:
        for name in names:
            if os.path.lexists(folder / name):
                (folder / name).replace(aside / name)
            moved.append(name)
            (stage / name).replace(folder / name)
        yield
    except BaseException:
        for name in moved:
            with suppress(FileNotFoundError):
                (folder / name).unlink()
            if os.path.lexists(aside / name):
                (aside / name).replace(folder / name)
        raise


@contextmanager
def _stage(folder: Path) -> Iterator[Path]:
    """Make a folder beside the files to come; it is locked for as long as it is in use."""
    # Made under a name that nobody clears, and given its own when it is locked.
    path = Path(tempfile.mkdtemp(prefix=".asnrules-", dir=folder))
    with _locked(path):
        stage = path.rename(folder / path.name.replace(".asnrules-", _STAGE, 1))
        try:
            yield stage
        finally:
            shutil.rmtree(stage, ignore_errors=True)


def _clear_stale(folder: Path) -> None:
    """Remove what runs left behind that were cut off."""
    for path in folder.glob(f"{_STAGE}*"):
        with suppress(BlockingIOError, FileNotFoundError), _locked(path):
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:
        # Without file locks nobody can tell a stale stage from one in use.
        if path.name.startswith(_STAGE):
            raise BlockingIOError from None
        yield
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
