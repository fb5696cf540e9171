"""What a run is about to move into a folder, so that one that was cut off can be undone."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from asnrules.errors import OutputError

ASIDE = "aside"
"""The folder in a stage where files wait that are being replaced."""

_JOURNAL = ".journal"


class RunMark(NamedTuple):
    """By what a run is found in the record, before it has an id.

    Attributes
    ----------
    database : str
        Which database the record is in, in words.
    started_at : datetime
        Aware.
    host : str
        Where it ran.
    """

    database: str
    started_at: dt.datetime
    host: str


IsRecorded = Callable[[RunMark], bool]


class Journal(NamedTuple):
    """What is moved from a stage into the folder that it lies in.

    Attributes
    ----------
    names : sequence of str
        The files, in the order in which they are moved.
    replaced : frozenset of str
        Those in whose place there is something, which is put aside first.
    mark : RunMark or None
        The run that the files stay with; None if they stay once all of them are moved.
    """

    names: Sequence[str]
    replaced: frozenset[str]
    mark: RunMark | None


def write_journal(stage: Path, journal: Journal) -> None:
    """Leave a journal in a stage: there is the whole of it, or none."""
    mark = journal.mark
    content = {
        "names": list(journal.names),
        "replaced": sorted(journal.replaced),
        "mark": mark and [mark.database, mark.started_at.isoformat(), mark.host],
    }
    beside = stage / f"{_JOURNAL}-new"
    beside.write_text(json.dumps(content), encoding="utf-8")
    beside.replace(stage / _JOURNAL)


def read_journal(stage: Path) -> Journal | None:
    """Read the journal of a stage; None if it has none.

    Raises
    ------
    OutputError
        If it is none that `write_journal` has written.
    """
    path = stage / _JOURNAL
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        names, replaced, mark = content["names"], content["replaced"], content["mark"]
        if mark is not None:
            database, started_at, host = map(str, mark)
            mark = RunMark(database, dt.datetime.fromisoformat(started_at), host)
        # It may be anybody's, and what it names is moved and removed.
        if all(map(_is_plain, [*names, *replaced])):
            return Journal(names, frozenset(replaced), mark)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise OutputError(f"{path}: is no journal of asnrules; remove the folder that it is in")


def _is_plain(name: str) -> bool:
    return name.isprintable() and name.endswith(".json") and Path(name).name == name


def has_journal(stage: Path) -> bool:
    """Tell whether a stage has a journal."""
    return (stage / _JOURNAL).exists()


def remove_journal(stage: Path) -> None:
    """Make what was moved stay."""
    (stage / _JOURNAL).unlink(missing_ok=True)


def take_back(stage: Path, journal: Journal) -> int:
    """Put the folder of a stage back as it was, as far as nobody has changed it since.

    It can be done again if it is cut off itself.

    Returns
    -------
    int
        How many files were removed from the folder or put back into it.
    """
    moved_at = (stage / _JOURNAL).lstat().st_mtime_ns
    count = 0
    for name in journal.names:
        place = stage.parent / name
        if os.path.lexists(place) and place.lstat().st_mtime_ns > moved_at:
            continue
        if os.path.lexists(stage / ASIDE / name):
            (stage / ASIDE / name).replace(place)
            count += 1
        elif _was_moved(stage, journal, name) and os.path.lexists(place):
            place.unlink()
            count += 1
    return count


def _was_moved(stage: Path, journal: Journal, name: str) -> bool:
    # What was to be replaced and is not aside is as it was: not yet put aside, or put back.
    return name not in journal.replaced and not os.path.lexists(stage / name)
