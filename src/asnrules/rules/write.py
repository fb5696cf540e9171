"""Write a ruleset as the files that people write; `files` reads them back."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from asnrules.catalog.vocabulary import Words
from asnrules.errors import RulesetError
from asnrules.rules.content import NOT_APPLICABLE, RulesetContent
from asnrules.rules.read import ERRATUM_COLUMNS, MODE_COLUMNS, read_ruleset
from asnrules.rules.read_rules import FILE_NAME
from asnrules.rules.write_rules import executable_files
from asnrules.rules.write_text import (
    HEADER_WORDS,
    Files,
    csv_text,
    header_of,
    toml_text,
    write_folder,
)


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
    if content.kind == "table":
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
    return _kept_files(content, words) or executable_files(content)


def _kept_files(content: RulesetContent, words: Words | None) -> Files | None:
    """Give the files that a ruleset was written in; None if they do not say what its rows do."""
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
