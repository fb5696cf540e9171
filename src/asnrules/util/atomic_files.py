"""Write a file or folder whole or not at all, never in the place of what may not be replaced."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from asnrules.errors import OutputError
from asnrules.util.folders import Folder, held

OVERWRITE = "replace it with --overwrite"

STAGE = ".asnrules-folder-"
"""How the name of a folder begins while it is being written."""

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def check_target(path: Path, *, overwrite: bool, mend: str = OVERWRITE) -> bool:
    """Refuse to write where something is that may not be replaced; tell whether something is there.

    With `overwrite` regular files and links may be replaced: the link itself, not what it leads
    to. Folders, FIFOs, sockets and devices, and links to them, never are. The OutputError tells
    to do what `mend` says about a file that is there.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    is_link = stat.S_ISLNK(mode)
    if is_link:
        # A link that leads nowhere, or round in a circle, has no kind.
        with suppress(OSError):
            mode = path.stat().st_mode
    if kind := _KINDS.get(stat.S_IFMT(mode)):
        what = f"a link to {kind}" if is_link else kind
        raise OutputError(f"{path}: is {what}, which is never replaced; name another place")
    if not overwrite:
        raise OutputError(f"{path}: is there already{' as a link' if is_link else ''}; {mend}")
    return True


@contextmanager
def whole_file(path: Path, *, overwrite: bool = False, mend: str = OVERWRITE) -> Iterator[BinaryIO]:
    """Give a stream for a file that appears only when all of it is written and on disk.

    It is an OutputError if it cannot be written, or may not be replaced (see `check_target`).
    """
    try:
        check_target(path, overwrite=overwrite, mend=mend)
        with held(path.parent) as folder:
            beside = f".asnrules-{secrets.token_hex(8)}.part"
            try:
                with os.fdopen(folder.create(beside), "wb") as stream:
                    yield stream
                    sync(stream)
                # Another process may have written it by now.
                check_target(path, overwrite=overwrite, mend=mend)
                folder.move(beside, folder, path.name)
                folder.sync()
            finally:
                folder.remove(beside)
    except OSError as error:
        raise OutputError(f"{path}: {os.strerror(error.errno or 0)}; name another file") from error


@contextmanager
def whole_folder(parent: Folder, name: str, files: Collection[str]) -> Iterator[Folder]:
    """Give a folder that gets its name only when all in it is written; else it is removed.

    It may hold files already; their writer syncs them. An OSError if the name is taken.
    """
    with staged(parent, files) as folder:
        yield folder
        folder.sync()
        parent.move(folder.path.name, parent, name)
        parent.sync()


@contextmanager
def staged(parent: Folder, files: Collection[str]) -> Iterator[Folder]:
    """Give a folder in another in which some files may wait to be moved; it is removed at the end.

    What is left of it if the process is killed is for `remove_stage`.
    """
    name = f"{STAGE}{secrets.token_hex(8)}"
    parent.make(name, 0o777)
    try:
        with held(Path(name), parent) as folder:
            yield folder
    finally:
        remove_stage(parent, name, files)


def remove_stage(parent: Folder, name: str, files: Collection[str]) -> str | None:
    """Remove what `staged` has left; if it is anything else, leave it and say what it is."""
    if parent.find(name) is None:
        return None
    try:
        with held(Path(name), parent) as folder:
            if hasattr(os, "geteuid") and folder.status().st_uid != os.geteuid():
                return "it belongs to another user"
            found = {one: folder.find(one) for one in folder.names()}
            for one, status in found.items():
                if one not in files or status is None or not stat.S_ISREG(status.st_mode):
                    return f"{one!a} in it is not of asnrules"
            for one in found:
                folder.remove(one)
    except NotADirectoryError:
        return "it is not a folder"
    except PermissionError:
        return "it may not be read"
    parent.remove_folder(name)
    return None


def sync(stream: BinaryIO) -> None:
    """Wait until what was written is on disk."""
    stream.flush()
    os.fsync(stream.fileno())
