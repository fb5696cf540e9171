"""Write a file whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from asnrules.errors import OutputError


@contextmanager
def whole_file(path: Path, *, overwrite: bool = False) -> Iterator[BinaryIO]:
    """Give a stream to write a file with, which is there when all of it is written.

    Parameters
    ----------
    path : Path
        Of the file.
    overwrite : bool
        Whether one that is there already may be replaced.

    Raises
    ------
    OutputError
        If the file is there already and may not be replaced, or cannot be written.
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
