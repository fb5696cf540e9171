"""Run the commands that documents show, and compare or renew the output shown.

`python tests/shown.py FILE...` renews the `console` blocks of documents: each line that starts
with `$ asnrules` or `$ python`, or with `$ cat` to put files in place, is run by a shell, and
what it prints is put below it. How long something took is left out.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from glob import glob
from pathlib import Path

ROOT = Path(__file__).parents[1]
SECONDS = re.compile(r"\b[0-9]+\.[0-9] s$")
DATABASE = "catalog.db"
BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"[|<>$]")
"""What only a shell understands."""

Environment = Mapping[str, str]
Run = Callable[[str, Path, Environment], str]


def renewed(document: Path, folder: Path, run: Run | None = None) -> str:
    """Give the text of a document with the output that its commands print now.

    Parameters
    ----------
    document : Path
        A Markdown file.
    folder : Path
        The commands of the document run in it, with the database in it, which they make if it is
        not there.
    run : callable, optional
        Gives what a command prints in a folder; a shell runs it if this is not given.
    """
    run = run or by_shell
    (folder / "examples").symlink_to(ROOT / "examples")
    (folder / "docs").symlink_to(ROOT / "docs")
    environment = {
        "ASNRULES_DATABASE": str(folder / DATABASE),
        "COLUMNS": "100",
        "NO_COLOR": "1",
    }

    def shown(block: re.Match[str]) -> str:
        lines = []
        for line in block[0].splitlines():
            if line.startswith("$ "):
                printed = run(line[2:], folder, environment).rstrip().splitlines()
                lines += [line, *(SECONDS.sub("... s", one) for one in printed)]
        return "".join(f"{line}\n" for line in lines)

    return BLOCK.sub(shown, document.read_text())


def words(line: str) -> list[str]:
    """Give the words of a line that no shell is needed for, in the folder that it is run in."""
    return [
        name
        for word in shlex.split(line)
        for name in sorted(glob(word)) or [word]  # noqa: PTH207 (as a shell does it)
    ]


def by_shell(command: str, folder: Path, environment: Environment) -> str:
    """Give what a command prints that a shell runs."""
    program = command.split()[0]
    if program not in {"asnrules", "cat", "python"}:
        raise ValueError(f"documents show commands of asnrules only, not {program!r}")
    python = shlex.quote(sys.executable)
    functions = f'asnrules() {{ {python} -m asnrules "$@"; }}\npython() {{ {python} "$@"; }}'
    done = subprocess.run(
        ["sh", "-c", f"{functions}\n{command}"],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


if __name__ == "__main__":
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            Path(name).write_text(renewed(Path(name), Path(folder)))
