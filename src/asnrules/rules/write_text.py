"""Write plain files: the texts that rulesets are written in, and folders of them."""

from __future__ import annotations

import csv
import io
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from asnrules.errors import OutputError
from asnrules.rules.content import RulesetContent
from asnrules.rules.read import HEADER, PERIOD
from asnrules.util.atomic_files import whole_file

HEADER_WORDS = (*HEADER, *PERIOD, "implements")

Files = dict[str, str]
"""Texts by path, relative to the folder of the ruleset."""


def header_of(content: RulesetContent) -> dict[str, Any]:
    """Give the header of a ruleset as its file has it."""
    values = {name: getattr(content, name) for name in HEADER_WORDS}
    return {name: value for name, value in values.items() if value is not None}


def toml_text(document: Mapping[str, Any]) -> str:
    """Write a TOML file."""
    import tomlkit

    return tomlkit.dumps(document)


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write a CSV file with a header line."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return stream.getvalue()


def write_folder(folder: Path, files: Files) -> None:
    """Write files into a new folder; all of them or none.

    Parameters
    ----------
    folder : Path
        It must not be there yet, or be empty.
    files : dict of str to str
        Texts by path.

    Raises
    ------
    OutputError
        If there is something in the folder, or it cannot be written.
    """
    folder = Path(os.path.normpath(folder))
    try:
        if os.path.lexists(folder) and (not _is_folder(folder) or any(folder.iterdir())):
            raise OutputError(f"{folder}: there is something already; name a new folder")
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            made.chmod(0o777 & ~_umask())
            for name, text in files.items():
                path = made / name
                path.parent.mkdir(exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")
            made.replace(folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}; name another folder") from error


def write_file(path: Path, text: str) -> None:
    """Write a new file, whole or not at all.

    Raises
    ------
    OutputError
        If there is one of that name, or it cannot be written.
    """
    with whole_file(path, mend="name another file") as stream:
        stream.write(text.encode())


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
