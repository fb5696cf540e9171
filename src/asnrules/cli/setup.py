"""Set up a shell to complete what is typed."""

from __future__ import annotations

import os
import shlex
from enum import StrEnum
from pathlib import Path

from asnrules.database.places import default_path
from asnrules.errors import OutputError, UsageError
from asnrules.util.atomic_files import whole_file

_SCRIPTS = Path(__file__).parent / "shells"


class Shell(StrEnum):
    """A shell that can complete what is typed."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion_script(shell: Shell) -> str:
    """Give the script that a shell has to read."""
    return (_SCRIPTS / f"completion.{shell}").read_text(encoding="utf-8")


def install_completion(shell: Shell) -> list[Path]:
    """Put the script where the shell reads it, for whoever runs this.

    Parameters
    ----------
    shell : Shell
        Which.

    Returns
    -------
    list of Path
        The script, and the file that was added to so that the shell reads it, if there is one.

    Raises
    ------
    UsageError
        If there is no home folder.
    OutputError
        If something cannot be written.
    """
    try:
        home = Path.home()
    except RuntimeError as error:
        raise UsageError("there is no home folder; use --show-completion") from error
    if shell is Shell.FISH:
        path = _folder("XDG_CONFIG_HOME", home / ".config") / "fish/completions/asnrules.fish"
        _write(path, completion_script(shell))
        return [path]
    path = default_path().parent / f"completion.{shell}"
    start = home / ".bashrc" if shell is Shell.BASH else _folder("ZDOTDIR", home) / ".zshrc"
    _write(path, completion_script(shell))
    name = shlex.quote(str(path))
    _add_line(start, f"[ -r {name} ] && . {name}")
    return [path, start]


def _folder(variable: str, otherwise: Path) -> Path:
    named = os.environ.get(variable)
    return Path(named) if named else otherwise


def _write(path: Path, text: str) -> None:
    try:
        # It may become the folder of a database, which is for its owner only.
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise _refusal(path, error) from error
    with whole_file(path, overwrite=True) as stream:
        stream.write(text.encode())


def _add_line(path: Path, line: str) -> None:
    """Add a line to a file that does not have it; the rest stays as it is."""
    try:
        present = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        if line not in present.splitlines():
            with path.open("a", encoding="utf-8") as stream:
                stream.write(f"{line}\n" if present[-1:] in {"", "\n"} else f"\n{line}\n")
    except OSError as error:
        raise _refusal(path, error) from error


def _refusal(path: Path, error: OSError) -> OutputError:
    reason = os.strerror(error.errno or 0)
    return OutputError(f"{path}: {reason}; save what --show-completion prints and source it")
