"""What the program runs in: shipped folders, optional libraries, the garbage collector."""

from __future__ import annotations

import gc
import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from asnrules.errors import UsageError

_PACKAGE = Path(__file__).parents[1]

_MANY = 100_000  # New objects that take the collector a noticeable time to look through


def shipped(name: str) -> Path:
    """Give a folder that is shipped with the package: `migrations`, `seed` or `docs`."""
    # In a wheel they lie inside the package, in a checkout at its top.
    inside = _PACKAGE / "_shipped" / name
    return inside if inside.is_dir() else _PACKAGE.parent.parent / name


def optional(module: str, extra: str, what: str) -> ModuleType:
    """Import a module of an optional library, which an extra of this package brings.

    If it is not installed, a UsageError says what it is needed for (`FITS files`), and how to
    install it.
    """
    try:
        with warnings.catch_warnings():
            # Import-time warnings are ignored, as for a home folder that is not there.
            warnings.simplefilter("ignore")
            return importlib.import_module(module)
    except ImportError as error:
        raise missing(module.partition(".")[0], extra, what) from error


def arrow(module: str = "") -> Any:
    """Import pyarrow, or a module of it; see `optional`."""
    return optional(f"pyarrow{module}", "parquet", "Parquet and Arrow files")


def missing(library: str, extra: str, what: str) -> UsageError:
    """Make the error that says that an optional library is not installed; see `optional`."""
    return UsageError(
        f"{what} need {library}, which is not installed; pip install 'asnrules[{extra}]'"
    )


@contextmanager
def paused_collector() -> Iterator[None]:
    """Pause the garbage collector during bulk work, which makes many objects that all stay."""
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_collecting:
            # What other code has frozen is not thawed.
            if gc.get_count()[0] > _MANY and not gc.get_freeze_count():
                # Frozen and thawed, the new objects count as old: otherwise the collector looks
                # at all of them at once. Few objects stay new, so that cycles are found.
                gc.freeze()
                gc.unfreeze()
            gc.enable()
