"""What is already in the places of association files, and whether it may be replaced."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence, Set
from unicodedata import normalize

from asnrules.associations.model import Association
from asnrules.errors import OutputError
from asnrules.util.atomic_files import OVERWRITE, check_target
from asnrules.util.folders import Folder


def replaced_targets(
    folder: Folder, associations: Sequence[Association], code_version: str, *, overwrite: bool
) -> set[str]:
    """Give the names of files that are there and are replaced, by equal ones or by others.

    It is an OutputError if one differs and `overwrite` is not given, or if it is never replaced.
    """
    return {
        one.file_name
        for one in _there(folder, associations)
        if check_target(
            folder.path / one.file_name,
            overwrite=overwrite or _has_text(folder, one.file_name, one.text(code_version)),
            mend=f"it differs; choose another folder with --output, or {OVERWRITE}",
        )
    }


def refuse_newcomers(
    folder: Folder, associations: Sequence[Association], replaced: Set[str]
) -> None:
    """Refuse, by an OutputError, to replace what was not there at the first look."""
    for one in _there(folder, associations):
        if one.file_name not in replaced and folder.find(one.file_name) is not None:
            path = folder.path / one.file_name
            raise OutputError(f"{path}: somebody has put it there meanwhile; try again")


def _there(folder: Folder, associations: Sequence[Association]) -> Iterator[Association]:
    """Give those whose files may be there: one look into the folder tells it of all."""
    names = {_folded(name) for name in folder.names()}
    names = {name for name in names if name.endswith(".json")}
    return (one for one in associations if names and _folded(one.file_name) in names)


def _folded(name: str) -> str:
    """Give one text for all names that some file system takes for the same."""
    if name.isascii():
        return name.lower()
    return normalize("NFKD", normalize("NFKD", name).casefold())


def _has_text(folder: Folder, name: str, text: bytes) -> bool:
    """Tell whether a folder has a file of this text; a link to one is none."""
    try:
        with os.fdopen(folder.open(name), "rb") as stream:
            return os.fstat(stream.fileno()).st_size == len(text) and stream.read() == text
    except OSError:
        return False
