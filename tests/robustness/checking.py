"""What has to hold of `generate` for any file whatever."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from sqlalchemy import Engine, text

from asnrules.errors import AsnrulesError
from asnrules.workflows.generate import Options, Report, generate
from robustness.mutations import Case

LONGEST_MESSAGE = 1_000
LONGEST_SECONDS = 60
ABSOLUTE = Path("/asnrules-robustness")
"""Where some odd values would like a file."""


class TooLongError(BaseException):
    """A case does not end; no `except Exception` on its way takes it for something else."""


def check(
    case: Case, engine: Engine, root: Path, seconds: float = LONGEST_SECONDS
) -> Report | AsnrulesError:
    """Generate from a case, in a folder made for it under `root`, and check all that came of it.

    Returns
    -------
    Report or AsnrulesError
        What it came to.
    """
    here = root / "a" / "b" / "c"
    shutil.rmtree(root, ignore_errors=True)
    here.mkdir(parents=True)
    output = here / "out"
    pool = here / case.name
    pool.write_bytes(case.content)
    orphans = here / "orphans.csv"
    options = _options(case, output, orphans)
    before, runs = _tree(root), number_of_runs(engine)
    with _within(here), deadline(seconds):
        result = _generated(engine, str(pool), options)
    made = _tree(root) - before
    assert not ABSOLUTE.exists(), "a file at an absolute place"
    if isinstance(result, Report):
        _check_report(result, output, made - {orphans, output}, options)
        assert number_of_runs(engine) == runs + 1, "not one run more"
    else:
        check_message(str(result))
        assert made <= {output}, f"refused, but there is {sorted(map(ascii, made))}"
        assert number_of_runs(engine) == runs, "refused, but recorded"
    return result


def check_message(message: str) -> None:
    assert message.strip(), "a blank message"
    assert message.isprintable(), f"cannot be printed: {message!r:.300}"
    assert len(message) <= LONGEST_MESSAGE, f"{len(message)} characters: {message:.300}"


def number_of_runs(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM runs")).scalar_one())


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Break off whatever takes longer."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TooLongError(f"more than {seconds} s")

    former = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


def _options(case: Case, output: Path, orphans: Path) -> Options:
    numbers = random.Random(-case.number)
    return Options(
        output=output,
        merge=numbers.random() < 0.2,
        version_id="v1" if numbers.random() < 0.1 else None,
        save_orphans=orphans if numbers.random() < 0.2 else None,
        candidates=["o001"] if numbers.random() < 0.1 else (),
        dms=numbers.random() < 0.5,
    )


def _generated(engine: Engine, pool: str, options: Options) -> Report | AsnrulesError:
    try:
        return generate(engine, [pool], options)
    except AsnrulesError as error:
        return error


def _check_report(report: Report, output: Path, made: set[Path], options: Options) -> None:
    files = [Path(path) for path in report.files]
    assert made == set(files), f"{sorted(map(ascii, made ^ set(files)))} differ"
    assert len(set(files)) == len(files) == report.associations
    for path in files:
        assert path.parent == output
        assert path.is_file()
        assert not path.is_symlink()
        document = json.loads(path.read_bytes())
        assert document["products"]
        assert all(product["members"] for product in document["products"])
    if options.save_orphans is not None:
        assert options.save_orphans.is_file()


def _tree(folder: Path) -> set[Path]:
    return {
        Path(parent, name)
        for parent, folders, files in os.walk(folder)
        for name in (*folders, *files)
    }


@contextmanager
def _within(folder: Path) -> Iterator[None]:
    former = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(former)
