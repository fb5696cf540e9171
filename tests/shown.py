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
from pathlib import Path

ROOT = Path(__file__).parents[1]
SECONDS = re.compile(r"\b[0-9]+\.[0-9] s$")
DATABASE = "catalog.db"
BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)


def renewed(document: Path, folder: Path) -> str:
    """Give the text of a document with the output that its commands print now.

    Parameters
    ----------
    document : Path
        A Markdown file.
    folder : Path
        The commands of the document run in it, with the database in it, which they make if it is
        not there.
    """
    (folder / "examples").symlink_to(ROOT / "examples")
    (folder / "docs").symlink_to(ROOT / "docs")
    environment = {
        **os.environ,
        "ASNRULES_DATABASE": str(folder / DATABASE),
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
    program = command.split()[0]
    if program not in {"asnrules", "cat", "python"}:
        raise ValueError(f"documents show commands of asnrules only, not {program!r}")
    python = shlex.quote(sys.executable)
    functions = f'asnrules() {{ {python} -m asnrules "$@"; }}\npython() {{ {python} "$@"; }}'
    done = subprocess.run(
        ["sh", "-c", f"{functions}\n{command}"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return [SECONDS.sub("... s", line) for line in done.stdout.rstrip().splitlines()]


if __name__ == "__main__":
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            Path(name).write_text(renewed(Path(name), Path(folder)))
