"""What a user may give for the database: a URL, or the path of a file; and the default file.

Whatever is refused is not repeated, as it may hold a password.
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from asnrules.errors import UsageError

_ANCHORED = re.compile(r"/(?!/)|\.{1,2}[/\\]|~/|[a-zA-Z]:[/\\]")
"""How a path begins that can be nothing else."""

_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*)://")
_OF_CONNECTIONS = re.compile(r"[:@=?;&]")
_NEAR_SCHEME = re.compile(r"postgres(?:ql)?(?:\+\w+)?:?//", re.IGNORECASE)
_LOGIN = re.compile(r"[^/\\:@]+:[^/\\@]*@")
_PASSWORD = re.compile(r"(?:password|passwd|pwd)\s*=", re.IGNORECASE)
_SPACED_PASSWORD = re.compile(r"\b(?:password|passwd|pwd)\s+\S", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST = r"(?:\[[0-9a-fA-F:.]+\]|[\w.-]*)"
_PORT = r"(?::[0-9]{1,5})?"
_POSTGRESQL = re.compile(
    rf"postgres(?:ql)?(?:\+psycopg)?://(?:(?P<user>[^:/?#@\s]*)(?::[^@\s]*)?@)?{_HOST}{_PORT}"
    r"(?:/[\w.$+-]*)?(?:\?(?P<query>[^#@\s]*))?"
)
_QUERIED = {
    "host": re.compile(rf"/[^:@?=&%\s]*|{_HOST}{_PORT}"),
    "port": re.compile(r"[0-9]{0,5}"),
}
"""What a URL may have after its `?` that messages show."""

_SQLITE = re.compile(r"sqlite(?:\+pysqlite)?:///")

_MISPLACED = re.compile(
    r"postgres(?:ql)?(?:\+\w+)?[:;/\\]+[^ @]*@|\w:/+[^\s@]*:[^\s@]*@|"
    r"(?:password|passwd|pwd)\s*=|"
    r"\A[./~]*/?[\w.-]+:[^\s/\\@]+@[\w.:-]+(?:/[\w.-]*)?\Z",
    re.IGNORECASE,
)

_NO_FILE = "--database: an SQLite database has to be a file; name one"
_NO_URL = (
    "--database: not a URL of SQLite or PostgreSQL; write postgresql://USER:PASSWORD@HOST/DB, "
    "in the password %40 for @, %2F for /, %3A for : and %25 for %, or the path of an SQLite file"
)
_NO_OPTIONS = (
    "--database: the URL of an SQLite file has no options; take out its ? and what follows"
)
_NO_PATH = (
    "--database: neither a URL nor a path; a URL is postgresql://USER@HOST/DATABASE, "
    "and a path that has any of : @ = ? ; & begins with ./ or /"
)
_NO_PLAIN_PATH = (
    "--database: what looks like a connection (with ://, a login or a password in it) is no path; "
    "a URL is postgresql://USER@HOST/DATABASE"
)


def check_name(database: str) -> str:
    """Refuse what names no database; give it back, a URL with its scheme in lower case.

    A text with `://` has to be a URL of SQLite or PostgreSQL. Any other is the path of an SQLite
    file: one that has any of ``: @ = ? ; &`` begins with `/`, `./`, `../`, `~/` or a drive, and
    no part of it looks like `user:password@`.
    """
    if not database.strip() or database == ":memory:":
        raise UsageError(_NO_FILE)
    if _CONTROL.search(database) or ("://" in database and _CONTROL.search(unquote(database))):
        raise UsageError(_NO_URL)
    if not (scheme := _SCHEME.match(database)):
        return _checked_path(database)
    url = scheme[1].lower() + database[scheme.end(1) :]
    if found := _SQLITE.match(url):
        if url[found.end() :] in {"", ":memory:"}:
            raise UsageError(_NO_FILE)
        if "?" in url:
            raise UsageError(_NO_OPTIONS)
        _checked_path(url[found.end() :])
    elif not _is_postgresql(url):
        raise UsageError(_NO_FILE if url == "sqlite://" else _NO_URL)
    return url


def is_url(name: str) -> bool:
    """Whether a name that `check_name` returned is a URL, not the path of an SQLite file."""
    return _SCHEME.match(name) is not None


def check_words(words: list[str]) -> None:
    """Refuse a connection with a password among the words of a command line.

    Otherwise it would be repeated in a message, or be put on record.
    """
    before = ["", *words]
    for previous, word in zip(before, words, strict=False):
        is_named = previous == "--database" or word.startswith("--database=")
        if not is_named and (_MISPLACED.search(word) or _MISPLACED.search(unquote(word))):
            raise UsageError(
                "a connection with a password stands where none is expected; give it before the "
                "command: asnrules --database URL COMMAND"
            )


def _checked_path(path: str) -> str:
    # Full-width signs are taken for those that they look like.
    for text in (path, unquote(path), unicodedata.normalize("NFKC", path)):
        anchor = _ANCHORED.match(text)
        rest = text[anchor.end() :] if anchor else text
        if anchor is None and (_OF_CONNECTIONS.search(text) or _SPACED_PASSWORD.search(text)):
            raise UsageError(_NO_PATH)
        if (
            _NEAR_SCHEME.match(text)
            or "://" in rest
            or _LOGIN.search(rest)
            or _PASSWORD.search(rest)
        ):
            raise UsageError(_NO_PLAIN_PATH)
    return path


def _is_postgresql(url: str) -> bool:
    found = _POSTGRESQL.fullmatch(url)
    if found is None or re.search(r"[:/@\s]", unquote(found["user"] or "").replace("@", "", 1)):
        return False
    try:
        options = parse_qsl(found["query"] or "", strict_parsing=bool(found["query"]))
    except ValueError:
        return False
    return all(key not in _QUERIED or _QUERIED[key].fullmatch(value) for key, value in options)


# ------------------------------------------------------------------------- files

_HOMELESS = (
    "there is no home folder to keep the database in; name a file for it: "
    "asnrules --database FILE ..., or ASNRULES_DATABASE"
)


def default_path() -> Path:
    """Return the SQLite file that is used if no database is named."""
    from platformdirs import user_data_path

    try:
        folder = user_data_path("asnrules", appauthor=False)
    except RuntimeError as error:
        raise UsageError(_HOMELESS) from error
    if not folder.is_absolute() or str(folder).startswith("~"):
        raise UsageError(_HOMELESS)
    return folder / "asnrules.db"


def reading_uri(path: Path) -> str:
    """Return the URI that opens an SQLite file read only."""
    # In WAL mode even a reader makes files beside it, unless the file is declared to stay as it is.
    return f"{path.absolute().as_uri()}?{'immutable=1' if is_fixed(path) else 'mode=ro'}"


def is_fixed(path: Path) -> bool:
    """Whether a file exists without a WAL, in a folder that we cannot write to."""
    try:
        real = path.resolve()
        there = real.is_file() and not Path(f"{real}-wal").exists()
        return there and not os.access(real.parent, os.W_OK)
    except (OSError, ValueError):
        # SQLite will say what is wrong with it.
        return False
