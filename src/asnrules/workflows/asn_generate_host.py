"""Run the asn_generate of an environment on pools, one after the other.

This file is handed to the interpreter of that environment, which has jwst but not this package: it
imports nothing of here, and runs with any Python that jwst runs with. It is told folders on stdin,
a line each, and runs asn_generate on the `pool.csv` in each, in a copy of the process, as releases
number associations on from pool to pool. The files are written into the folder `made` beside the
pool. It answers on stdout with a line of JSON for each; the first line tells the release.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, Any


def main() -> None:
    """Answer until there is nothing more on stdin."""
    answers = os.fdopen(os.dup(1), "w")
    # What jwst prints must not get among the answers.
    os.dup2(2, 1)
    seconds = int(sys.argv[1])
    try:
        import jwst
        from jwst.associations.lib import rules_level2b
        from jwst.associations.main import Main
    except Exception as error:
        _tell(answers, {"error": _said(error)})
        return
    _tell(answers, {"release": jwst.__version__})
    run = getattr(Main, "cli", Main)
    for line in sys.stdin:
        folder = Path(line.rstrip("\n"))
        process = os.fork()
        if process == 0:
            _generate(run, rules_level2b.__file__, folder, seconds)
        status = os.waitpid(process, 0)[1]
        _tell(answers, {"stopped": _stopped(folder, status, seconds)})


def _tell(answers: IO[str], answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _generate(run: Callable[[list[str]], object], rules: str, folder: Path, seconds: int) -> None:
    """Run asn_generate with the rules of Stage 2 only, and end the process."""
    signal.alarm(seconds)
    code = 0
    try:
        silent = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silent, stream)
        made = folder / "made"
        made.mkdir()
        run(["--ignore-default", "-r", rules, "-p", str(made), str(folder / "pool.csv")])
    except BaseException as error:
        code = 1
        (folder / "stopped").write_text(_said(error))
    finally:
        os._exit(code)


def _stopped(folder: Path, status: int, seconds: int) -> str | None:
    """Say why asn_generate stopped; None if it did not."""
    if status == 0:
        return None
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        late = number == signal.SIGALRM
        return f"no answer within {seconds} s" if late else f"ended by signal {number}"
    return (folder / "stopped").read_text()


def _said(error: BaseException) -> str:
    """Give the kind and the first line of an exception."""
    return f"{type(error).__name__}: {error}".split("\n")[0][:200]


if __name__ == "__main__":
    main()
