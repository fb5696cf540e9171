"""A folder that is written by one process at a time."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from asnrules.errors import OutputError
from asnrules.util.folders import Folder, held, make_folder

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

WAIT_SECONDS = 600
"""How long to wait for another process that writes into the same folder."""

_EVERY = 0.05
_NO_LOCKS = {errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}

Waiting = Callable[[int, int], None]
"""Told for how many seconds a process has waited for the folder, and how many it will."""


@contextmanager
def locked(path: Path, waiting: Waiting | None = None) -> Iterator[tuple[Folder, bool]]:
    """Open and lock a folder, made if it is missing; tell whether it is locked.

    It is not on Windows, nor where the file system locks no folders, as on NFS.
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
        f"{folder.path}: another process has been writing into it for {WAIT_SECONDS} s; try again, "
        "or choose another folder with --output"
    )
