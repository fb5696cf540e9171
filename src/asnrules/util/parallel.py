"""Share work: among forked copies of this process, where it is safe to fork, or by a cluster.

A copy sees all that was made before it, without a byte sent; only its results come back. It opens
connections of its own where it needs any, so none may be open when it is made. A process elsewhere
sees nothing, so a job packs what it needs; see `asnrules.util.cluster`.
"""

from __future__ import annotations

import os
import pickle
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Generic, NamedTuple, Protocol, TypeVar, overload

from asnrules.errors import ProcessError

Piece = TypeVar("Piece")
Found = TypeVar("Found")
Value = TypeVar("Value")
Some = TypeVar("Some", contravariant=True)
Came = TypeVar("Came", covariant=True)
Told = Callable[[int, int], None]
"""Called with how much is done, and how much there is."""
Progress = Callable[[str, int, int], None]
"""Called with the stage of work, how much of it is done, and how much there is."""


@dataclass(frozen=True, eq=False, slots=True)
class Constant(Generic[Value]):
    """A value that many errands need: another process gets it once, and knows it by its checksum.

    It computes the checksum itself, and refuses a value that has another.
    """

    value: Value
    checksum: str
    compute: Callable[[Value], str]


class Errand(NamedTuple):
    """Pieces of work, packed for a process that has this package and nothing else.

    All of it is pickled, the function by its name.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]


class Job(Protocol[Some, Came]):
    """Work that comes in pieces."""

    def __call__(self, pieces: Sequence[Some], told: Told | None = None, /) -> Came:
        """Do pieces, in this process or a copy of it."""

    def errand(self, pieces: Sequence[Some]) -> Errand:
        """Pack pieces for another process, whose function gives the same."""


class Cluster(Protocol):
    """Processes on other machines; see `asnrules.util.cluster`."""

    def map(
        self,
        job: Job[Piece, Found],
        pieces: Sequence[Piece],
        sizes: Sequence[int],
        told: Told | None,
    ) -> list[Found]:
        """Do `parallel_map` there."""


Workers = int | Cluster
"""What shares the work: so many processes of this machine, or a cluster."""

_THREADS = Path("/proc/self/task")

_WIDTH = 2  # Bytes of the number of a share
_MOST = 1_000  # Shares: all their numbers go into a pipe before a process takes one out


def processors() -> int:
    """Give how many processes a command lets share its work: one for each processor, up to 8."""
    allowed = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    return min(8, allowed or 1)


def workers_at(scheduler: str | None) -> Workers:
    """Give the cluster of a Dask scheduler or, without one, the processors of this machine.

    What cannot be an address is a UsageError, as is a library that is not installed.
    """
    if scheduler is None:
        return processors()
    from asnrules.util.cluster import DaskCluster

    return DaskCluster(scheduler)


def processes(workers: Workers) -> int:
    """Give how many processes may share what is to be done on this machine."""
    return workers if isinstance(workers, int) else processors()


def can_share() -> bool:
    """Tell whether this process may be forked: it has no other thread, which only Linux can tell.

    A fork does not copy threads, so what another thread holds stays locked for good.
    """
    return sys.platform == "linux" and _THREADS.is_dir() and len(list(_THREADS.iterdir())) == 1


@overload
def parallel_map(
    job: Callable[[Sequence[Piece], Told | None], Found],
    pieces: Sequence[Piece],
    sizes: Sequence[int],
    workers: int,
    told: Told | None = None,
    *,
    turns: int = 1,
) -> list[Found]: ...
@overload
def parallel_map(
    job: Job[Piece, Found],
    pieces: Sequence[Piece],
    sizes: Sequence[int],
    workers: Workers,
    told: Told | None = None,
    *,
    turns: int = 1,
) -> list[Found]: ...
def parallel_map(
    job: Any,
    pieces: Sequence[Any],
    sizes: Sequence[int],
    workers: Workers,
    told: Told | None = None,
    *,
    turns: int = 1,
) -> list[Any]:
    """Share pieces among workers, and give what the job gives for each share.

    A share is pieces that follow one another. On this machine all is one share where `can_share` is
    false. What the job raises in another process has its traceback there as a note; if that process
    was ended from outside it is a ProcessError.

    Parameters
    ----------
    job : Job, or callable
        A function can be shared on this machine only.
    sizes : sequence of int
        How much work each piece is, about.
    told : callable, optional
        Told how far this process is with its share or, with several turns, how far all are.
    turns : int
        How many shares there are for each process, which takes one after the other: the more, the
        less it matters how well the sizes are known. A cluster has many.
    """
    if not pieces:
        return [job(pieces, told)]
    if not isinstance(workers, int):
        return workers.map(job, pieces, sizes, told)
    if len(pieces) < 2 or workers < 2 or not can_share():
        return [job(pieces, told)]
    shares = shares_of(pieces, sizes, min(workers * turns, _MOST))
    found: dict[int, Any] = {}
    count = min(workers, len(shares)) - 1
    with _numbers(len(shares)) as numbers, _helpers(count, job, shares, numbers) as helpers:
        for number in numbers:
            found[number] = job(shares[number], told if turns == 1 else None)
            if told is not None and turns > 1:
                told(number + 1, len(shares))
        for ours in helpers:
            found |= _received(ours)
    return [found[number] for number in range(len(shares))]


def shares_of(pieces: Sequence[Piece], sizes: Sequence[int], number: int) -> list[list[Piece]]:
    """Part pieces into shares of neighbours of about the same size."""
    whole, done = max(sum(sizes), 1), 0
    shares: dict[int, list[Piece]] = {}
    for piece, size in zip(pieces, sizes, strict=True):
        shares.setdefault(min(done * number // whole, number - 1), []).append(piece)
        done += size
    return list(shares.values())


@contextmanager
def _numbers(count: int) -> Iterator[Iterator[int]]:
    """Give the numbers of shares, each to one process only: they come out of one pipe."""
    out, into = os.pipe()
    os.write(into, b"".join(number.to_bytes(_WIDTH, "big") for number in range(count)))
    os.close(into)
    try:
        yield (int.from_bytes(read, "big") for read in iter(lambda: os.read(out, _WIDTH), b""))
    finally:
        os.close(out)


@contextmanager
def _helpers(count: int, *work: Any) -> Iterator[list[BinaryIO]]:
    """Start processes that help with the work, and give where their results come from."""
    from multiprocessing import get_context

    context = get_context("fork")
    started = []
    try:
        for _ in range(count):
            out, into = os.pipe()
            ours, theirs = os.fdopen(out, "rb"), os.fdopen(into, "wb")
            process = context.Process(target=_help, args=(*work, ours, theirs), daemon=True)
            process.start()
            theirs.close()
            started.append((process, ours))
        yield [ours for _, ours in started]
    finally:
        for process, ours in started:
            ours.close()
            # It has given all it had, or its results are not wanted any more.
            process.kill()
            process.join()


def _help(
    function: Callable[..., Any],
    shares: Sequence[Sequence[Any]],
    numbers: Iterator[int],
    ours: BinaryIO,
    theirs: BinaryIO,
) -> None:
    """Process shares in a copy of the process, and send the results."""
    # Else it would wait for itself to read them, should the first process be gone.
    ours.close()
    try:
        with theirs:
            theirs.write(
                answered(lambda: {number: function(shares[number], None) for number in numbers})
            )
    except (KeyboardInterrupt, BrokenPipeError):
        # The first process has been told as well, or is gone.
        return


def answered(work: Callable[[], Any]) -> bytes:
    """Do work, and pickle what comes of it, be it an error."""
    try:
        return pickle.dumps((work(), None), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        return _packed(error)


def _packed(error: Exception) -> bytes:
    """Pickle an error with its traceback, which pickling loses."""
    error.add_note("".join(traceback.format_exception(error)).rstrip())
    reduced: Any = error.__reduce__()
    _, arguments, *state = reduced
    try:
        return pickle.dumps((None, (type(error), arguments, *state)), pickle.HIGHEST_PROTOCOL)
    except Exception:
        text = f"{type(error).__name__} in a process that shared the work"
        notes = {"__notes__": error.__notes__}
        return pickle.dumps((None, (RuntimeError, (text,), notes)), pickle.HIGHEST_PROTOCOL)


def _received(ours: BinaryIO) -> Any:
    try:
        # Piece by piece: the whole would be a tenth of the memory of a run.
        return _result(*pickle.load(ours))  # noqa: S301 - from a copy of this process
    except (EOFError, pickle.UnpicklingError):
        raise ProcessError(
            "a process that shared the work was ended from outside; try again, with more memory "
            "or with one processor (taskset -c 0)"
        ) from None


def unpacked(answer: bytes) -> Any:
    """Give what came of work that another process did, or raise what it raised."""
    return _result(*pickle.loads(answer))  # noqa: S301 - from processes that we trust


def _result(found: Any, raised: Any) -> Any:
    if raised is None:
        return found
    kind, arguments, *state = raised
    try:
        error: Exception = kind(*arguments)
    except TypeError:
        # It is made of other arguments than those that it passed on to its base.
        error = kind.__new__(kind, *arguments)
    error.__dict__.update(*state)
    raise error
