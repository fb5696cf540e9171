"""Write a ruleset as the files that people write; `read` reads them back."""

from __future__ import annotations

import csv
import io
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from asnrules.errors import OutputError, RulesetError
from asnrules.rules.model import NOT_APPLICABLE, AnyRuleset, Erratum, Mode, Ruleset, Table
from asnrules.rules.read import MODE_COLUMNS, read_ruleset
from asnrules.rules.releases import start_of
from asnrules.rules.text_files import FILE_NAME
from asnrules.rules.words import Words
from asnrules.util.atomic_files import whole_file

Files = dict[str, str]
"""Texts by path, relative to the folder of the ruleset."""

_BLANKS = {"footnote": "", "special": NOT_APPLICABLE, "asn_type": NOT_APPLICABLE}


def ruleset_files(
    ruleset: AnyRuleset,
    words: Words | None = None,
    parents: Callable[[str], Path] | None = None,
) -> Files:
    """Give the files of a ruleset: of rules those that they were written in, with today's header.

    Parameters
    ----------
    ruleset : Table or Ruleset
        With its files, if it has rules.
    words, parents
        As `RulesetReader` takes them.

    Raises
    ------
    RulesetError
        If the files of rules do not say what the rules are.
    """
    if isinstance(ruleset, Table):
        return {
            "ruleset.toml": _toml_text(_header(ruleset)),
            "exposure_modes.csv": _csv_text(MODE_COLUMNS, map(_mode_cells, ruleset.modes)),
            "errata.csv": _csv_text(Erratum._fields, ruleset.errata),
        }
    files = _stored_files(ruleset, words, parents)
    if files is None:
        raise RulesetError(
            f"ruleset {ruleset.label!r} has no files that say what its rows do, so somebody has "
            "changed it in the database; import its files again"
        )
    return files


def _stored_files(
    ruleset: Ruleset, words: Words | None, parents: Callable[[str], Path] | None
) -> Files | None:
    """Give the files that rules were written in; None if they say something else."""
    if "ruleset.toml" not in ruleset.files or not all(map(FILE_NAME.fullmatch, ruleset.files)):
        return None
    try:
        text = ruleset.files["ruleset.toml"]
        header = _with_header(text, _header(ruleset), has_releases=bool(ruleset.releases))
        files = {**ruleset.files, "ruleset.toml": header}
        with tempfile.TemporaryDirectory() as folder:
            write_folder(Path(folder), files)
            found = read_ruleset(Path(folder), words, parents=parents)
    except (RulesetError, ValueError):
        return None
    return files if found == ruleset else None


def _header(ruleset: AnyRuleset) -> dict[str, Any]:
    """Give the header of a ruleset, with None for what its file does not have."""
    header = {"label": ruleset.label, "kind": ruleset.kind, **ruleset.header()}
    if isinstance(ruleset, Ruleset) and ruleset.effective_from == start_of(ruleset.releases):
        header["effective_from"] = None
    return header


def _with_header(text: str, header: Mapping[str, Any], *, has_releases: bool) -> str:
    """Put label, dates and the like into a `ruleset.toml`, and leave the rest as it stands."""
    import tomlkit

    document = tomlkit.parse(text)
    # Rules under another label than that of their files have neither.
    for name, is_there in (("releases", has_releases), ("change", header["extends"])):
        if not is_there:
            document.pop(name, None)
    if all(name in document for name, value in header.items() if value is not None):
        for name, value in header.items():
            if value is None:
                document.pop(name, None)
            elif document[name] != value:
                document[name] = value
        return tomlkit.dumps(document)
    # A word more: it would end up below the comment of the first table.
    for name in header:
        document.pop(name, None)
    return f"{_toml_text(header)}\n{tomlkit.dumps(document).lstrip()}"


def _mode_cells(mode: Mode) -> list[str]:
    row = mode._asdict()
    return [_BLANKS[name] if row[name] is None else row[name] for name in MODE_COLUMNS]


def _toml_text(header: Mapping[str, Any]) -> str:
    import tomlkit

    return tomlkit.dumps({name: value for name, value in header.items() if value is not None})


def _csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return stream.getvalue()


# ------------------------------------------------------------------------- into folders


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
    if not all(map(FILE_NAME.fullmatch, files)):
        raise OutputError(f"{folder}: a file of the ruleset would lie elsewhere; import it again")
    try:
        if os.path.lexists(folder) and (not _is_folder(folder) or any(folder.iterdir())):
            raise OutputError(f"{folder}: there is something already; name a new folder")
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = folder.parent / f".{folder.name}.{secrets.token_hex(4)}"
        made.mkdir()
        try:
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
    """Write a new file, whole or not at all."""
    with whole_file(path, mend="name another file") as stream:
        stream.write(text.encode())


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
