"""Write a ruleset as the files that people write; `files` reads them back."""

from __future__ import annotations

import csv
import io
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from asnrules.catalog.content import NOT_APPLICABLE, RulesetContent
from asnrules.catalog.files import (
    ERRATUM_COLUMNS,
    HEADER,
    MODE_COLUMNS,
    PERIOD,
    read_ruleset,
)
from asnrules.catalog.vocabulary import Words
from asnrules.errors import OutputError, RulesetError

HEADER_WORDS = (*HEADER, *PERIOD, "implements")

Files = dict[str, str]
"""Texts by path, relative to the folder of the ruleset."""


def ruleset_files(content: RulesetContent, words: Words | None = None) -> Files:
    """Write a ruleset as files: those it was written in, where its rows are still theirs.

    Parameters
    ----------
    content : RulesetContent
        From files or from tables.
    words : Words, optional
        The words that it may use; those of the shipped vocabulary by default.

    Returns
    -------
    dict of str to str
        Texts by path; `read_ruleset` makes the same content of them.

    Raises
    ------
    RulesetError
        If the ruleset has rows that no file says.
    """
    if content.kind == "published":
        return {
            "ruleset.toml": toml_text(header_of(content)),
            "exposure_modes.csv": csv_text(
                MODE_COLUMNS, (_mode_cells(row) for row in content.tables["exposure_modes"])
            ),
            "errata.csv": csv_text(
                ERRATUM_COLUMNS,
                (
                    [row[name] for name in ERRATUM_COLUMNS]
                    for row in sorted(
                        content.tables["errata"], key=lambda row: (row["position"], row["field"])
                    )
                ),
            ),
        }
    from asnrules.catalog.executable_writing import executable_files

    return _kept_files(content, words) or executable_files(content)


def _kept_files(content: RulesetContent, words: Words | None) -> Files | None:
    """Give the files that a ruleset was written in; None if they do not say what its rows do."""
    from asnrules.catalog.executable_files import FILE_NAME

    if "ruleset.toml" not in content.files or not all(map(FILE_NAME.fullmatch, content.files)):
        return None
    try:
        header = _with_header(content.files["ruleset.toml"], header_of(content))
        files = {**content.files, "ruleset.toml": header}
        with tempfile.TemporaryDirectory() as folder:
            write_folder(Path(folder), files)
            found = read_ruleset(Path(folder), words)
    except (RulesetError, ValueError):
        return None
    return files if found.checksum() == content.checksum() else None


def _with_header(text: str, header: Mapping[str, Any]) -> str:
    """Put label, dates and the like into a `ruleset.toml`, and leave the rest as it stands."""
    import tomlkit

    document = tomlkit.parse(text)
    if all(name in document for name in header):
        for name in HEADER_WORDS:
            if name not in header:
                document.pop(name, None)
            elif document[name] != header[name]:
                document[name] = header[name]
        return tomlkit.dumps(document)
    # A word more: it would end up below the comment of the first table.
    for name in HEADER_WORDS:
        document.pop(name, None)
    return f"{toml_text(header)}\n{tomlkit.dumps(document).lstrip()}"


def _mode_cells(row: Mapping[str, Any]) -> list[str]:
    blanks = {"footnote": "", "special": NOT_APPLICABLE, "asn_type": NOT_APPLICABLE}
    return [row[name] if row[name] is not None else blanks[name] for name in MODE_COLUMNS]


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
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
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
    try:
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise OutputError(f"{path}: there is such a file already; name another") from error
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}; name another file") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
