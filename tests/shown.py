"""Run the commands that documents show, and compare or renew the output shown.

`python tests/shown.py FILE...` renews the `console` blocks of documents: each line that starts
with `$ asnrules` or `$ python` is run, and what it prints is put below it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)


def renewed(document: Path, folder: Path) -> str:
    """Give the text of a document with the output that its commands print now.

    Parameters
    ----------
    document : Path
        A Markdown file.
    folder : Path
        An empty folder: the commands of the document run in it, with a database of their own.
    """
    (folder / "examples").symlink_to(ROOT / "examples")
    (folder / "docs").symlink_to(ROOT / "docs")
    environment = {
        **os.environ,
        "ASNRULES_DATABASE": str(folder / "catalog.db"),
        "COLUMNS": "100",
        "NO_COLOR": "1",
    }

    def run(block: re.Match[str]) -> str:
        lines = []
        for line in block[0].splitlines():
            if line.startswith("$ "):
                lines += [line, *_output(line[2:], folder, environment)]
        return "".join(f"{line}\n" for line in lines)

    return BLOCK.sub(run, document.read_text())


def _output(command: str, folder: Path, environment: dict[str, str]) -> list[str]:
    program, *words = shlex.split(command)
    if program not in {"asnrules", "python"}:
        raise ValueError(f"documents show commands of asnrules only, not {program!r}")
    module = ["-m", "asnrules"] if program == "asnrules" else []
    # As a shell does; a pattern that fits nothing, or was quoted for another purpose, stays.
    arguments = [name for word in words for name in _fitting(word, folder) or [word]]
    done = subprocess.run(
        [sys.executable, *module, *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.rstrip().splitlines()


def _fitting(word: str, folder: Path) -> list[str]:
    """Give the files that a pattern without a quoted part names."""
    if "*" not in word or "=" in word or word.startswith("/"):
        return []
    return sorted(str(path.relative_to(folder)) for path in folder.glob(word))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            Path(name).write_text(renewed(Path(name), Path(folder)))
