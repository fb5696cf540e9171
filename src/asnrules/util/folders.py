"""Folders held open: what is done in one stays in it, even if it is renamed."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_AS_IT_IS = getattr(os, "O_NONBLOCK", 0) | _NO_FOLLOW
"""Opens a file without following a link, and a pipe without waiting for a writer."""

_CAN_BE_HELD = hasattr(os, "O_DIRECTORY") and os.open in os.supports_dir_fd
"""Windows opens no folders; paths do there."""


class Folder(NamedTuple):
    """A folder that is open."""

    path: Path
    """Where it was found."""
    descriptor: int | None
    """None where the system cannot open folders."""

    def status(self) -> os.stat_result:
        """Give the status of the folder itself."""
        return self.path.stat() if self.descriptor is None else os.fstat(self.descriptor)

    def find(self, name: str) -> os.stat_result | None:
        """Give the status of what has a name, a link itself; None if nothing has."""
        try:
            return os.stat(self._at(name), dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def names(self) -> list[str]:
        """Give the names of what is in it."""
        # pathlib lists no open folder.
        return sorted(os.listdir(self.path if self.descriptor is None else self.descriptor))  # noqa: PTH208

    def make(self, name: str, mode: int = 0o700) -> None:
        """Make a folder in it, by default for its owner only."""
        os.mkdir(self._at(name), mode, dir_fd=self.descriptor)

    def create(self, name: str) -> int:
        """Make a file that is not there yet, and open it for writing."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        return os.open(self._at(name), flags, 0o666, dir_fd=self.descriptor)

    def open(self, name: str, *, writable: bool = False) -> int:
        """Open a regular file, else an OSError; some systems sync only what is writable."""
        flags = (os.O_RDWR if writable else os.O_RDONLY) | _AS_IT_IS | getattr(os, "O_BINARY", 0)
        descriptor = os.open(self._at(name), flags, dir_fd=self.descriptor)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(f"{name} is not a regular file")
        return descriptor

    def move(self, name: str, folder: Folder, new_name: str | None = None) -> None:
        """Move what has a name into another folder, in the place of what has it there."""
        os.replace(
            self._at(name),
            folder._at(new_name or name),
            src_dir_fd=self.descriptor,
            dst_dir_fd=folder.descriptor,
        )

    def remove(self, name: str) -> None:
        """Remove a file, or a link itself; it may be gone already."""
        with suppress(FileNotFoundError):
            os.unlink(self._at(name), dir_fd=self.descriptor)

    def remove_folder(self, name: str) -> None:
        """Remove an empty folder; it may be gone already."""
        with suppress(FileNotFoundError):
            os.rmdir(self._at(name), dir_fd=self.descriptor)

    def sync(self) -> None:
        """Have the names in it survive a power cut."""
        if self.descriptor is not None:
            os.fsync(self.descriptor)

    def _at(self, name: str) -> str:
        return name if self.descriptor is not None else str(self.path / name)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of a content into an open file."""
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


@contextmanager
def held(path: Path, within: Folder | None = None) -> Iterator[Folder]:
    """Open a folder, or one within another by its name; then a link is not followed."""
    place = path if within is None else within.path / path
    if not _CAN_BE_HELD:
        if not place.is_dir() or (within is not None and place.is_symlink()):
            raise NotADirectoryError(f"{place} is not a folder")
        yield Folder(place, None)
        return
    flags = os.O_RDONLY | os.O_DIRECTORY
    if within is None:
        descriptor = os.open(path, flags)
    else:
        try:
            descriptor = os.open(path, flags | _NO_FOLLOW, dir_fd=within.descriptor)
        except OSError as error:
            # So some systems say that it is a link.
            if error.errno == errno.ELOOP:
                raise NotADirectoryError(f"{place} is not a folder") from error
            raise
    try:
        yield Folder(place, descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make a folder, and those that it lies in, so that it survives a power cut."""
    missing = [one for one in (path, *path.parents) if not one.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for one in missing:
        with suppress(PermissionError), held(one.parent) as parent:
            parent.sync()
