"""Optional libraries: imported where one is used, with the command that installs a missing one."""

from __future__ import annotations

import importlib
import warnings
from types import ModuleType

from asnrules.errors import UsageError


def optional(module: str, extra: str, what: str) -> ModuleType:
    """Import a module of an optional library.

    Parameters
    ----------
    module : str
        Its full name.
    extra : str
        The extra of this package that brings it.
    what : str
        What it is needed for, as a message says it: `FITS files`.

    Raises
    ------
    UsageError
        If the library is not installed.
    """
    try:
        with warnings.catch_warnings():
            # What a library says while it is imported (no home folder, say) is no matter of ours.
            warnings.simplefilter("ignore")
            return importlib.import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        raise UsageError(
            f"{what} need {library}, which is not installed; pip install 'asnrules[{extra}]'"
        ) from error
