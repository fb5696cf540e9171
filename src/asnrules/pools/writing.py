"""Write a file that is there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from asnrules.errors import OutputError


@contextmanager
def replaced_file(path: Path, *, overwrite: bool) -> Iterator[BinaryIO]:
    """Write a file that is there after the block, and not if the block fails.

    Parameters
    ----------
    path : Path
        The file.
    overwrite : bool
        Whether a file that is there may be replaced.

    Yields
    ------
    binary stream
        To be written to.

    Raises
    ------
    OutputError
        If it cannot be written, or is there already.
    """
    if path.exists() and not overwrite:
        raise OutputError(f"{path}: is there already; replace it with --overwrite")
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("xb") as stream:
            yield stream
        beside.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: {os.strerror(error.errno or 0)}; name another file") from error
    finally:
        beside.unlink(missing_ok=True)
