"""Let other processors work a share: forked copies of this process, where these are safe.

A copy sees all that was made before it, without a byte sent; only what it finds comes back. It
opens connections of its own where it needs any, so none may be open when it is made.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from asnrules.errors import ProcessError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess

Piece = TypeVar("Piece")
Found = TypeVar("Found")
Told = Callable[[int, int], None]
"""Told what is done, and all there is."""

_THREADS = Path("/proc/self/task")

_WIDTH = 2
"""Bytes of the number of a share."""

_MOST = 1_000
"""Shares: their numbers go into a pipe before anybody takes one out."""


def processors() -> int:
    """Give how many processes a command lets share its work: one for each processor, up to 8."""
    allowed = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    return min(8, allowed or 1)


def can_share() -> bool:
    """Tell whether a copy of this process is safe to work in.

    A fork copies no other thread, so what such a thread held stays held for good. That there is
    none can be told on Linux only.
    """
    return sys.platform == "linux" and _THREADS.is_dir() and len(list(_THREADS.iterdir())) == 1


def shared(
    function: Callable[[Sequence[Piece], Told | None], Found],
    pieces: Sequence[Piece],
    sizes: Sequence[int],
    workers: int,
    told: Told | None = None,
    *,
    turns: int = 1,
) -> list[Found]:
    """Work pieces in several processes.

    Parameters
    ----------
    function : callable
        Works a share of the pieces, and tells how far it is. What it gives or raises is pickled.
    pieces : sequence
        Shares are neighbours in it.
    sizes : sequence of int
        How much work each is, about.
    workers : int
        How many processes there may be. All is one share where `can_share` is false.
    told : callable, optional
        Told how far this process is with its share or, with several turns, how far all are.
    turns : int
        How many shares there are for each process, which takes one after the other: the more, the
        less it matters how well the sizes are known.

    Returns
    -------
    list
        What was found, in the order of the shares.

    Raises
    ------
    ProcessError
        If another process was ended from outside.
    Exception
        Whatever the function raises in another process, with its traceback there as a note.
    """
    if workers < 2 or len(pieces) < 2 or not can_share():
        return [function(pieces, told)]
    shares = _parted(pieces, sizes, workers * turns)
    from multiprocessing import get_context

    context = get_context("fork")
    with _Turns(len(shares)) as numbers:
        helpers: list[tuple[ForkProcess, Connection]] = []
        try:
            for _ in range(min(workers, len(shares)) - 1):
                ours, theirs = context.Pipe(duplex=False)
                arguments = (function, shares, numbers, theirs)
                process = context.Process(target=_help, args=arguments, daemon=True)
                process.start()
                theirs.close()
                helpers.append((process, ours))
            # A share is as much as a process does, or one of many such steps.
            within, after = (told, None) if turns == 1 else (None, told)
            found = _work(function, shares, numbers, within, after)
            for _, ours in helpers:
                found |= _received(ours)
        finally:
            for process, ours in helpers:
                ours.close()
                # It has given all it had, or nobody wants it any more.
                process.kill()
                process.join()
    return [found[number] for number in range(len(shares))]


class _Turns:
    """The numbers of shares, each of which one process takes out of a pipe that all have."""

    def __init__(self, count: int) -> None:
        self._out, into = os.pipe()
        os.write(into, b"".join(number.to_bytes(_WIDTH, "big") for number in range(count)))
        os.close(into)

    def __enter__(self) -> _Turns:
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._out)

    def __iter__(self) -> Iterator[int]:
        while number := os.read(self._out, _WIDTH):
            yield int.from_bytes(number, "big")


def _work(
    function: Callable[..., Found],
    shares: Sequence[Sequence[Any]],
    numbers: _Turns,
    within: Told | None = None,
    after: Told | None = None,
) -> dict[int, Found]:
    """Work shares until there are none left; tell within each how far it is, or after each."""
    found = {}
    for number in numbers:
        found[number] = function(shares[number], within)
        if after is not None:
            after(number + 1, len(shares))
    return found


def _parted(pieces: Sequence[Piece], sizes: Sequence[int], number: int) -> list[list[Piece]]:
    """Part pieces into shares of neighbours of about the same size."""
    number = min(number, _MOST)
    whole, done = max(sum(sizes), 1), 0
    shares: dict[int, list[Piece]] = {}
    for piece, size in zip(pieces, sizes, strict=True):
        shares.setdefault(min(done * number // whole, number - 1), []).append(piece)
        done += size
    return list(shares.values())


def _help(
    function: Callable[..., Any],
    shares: Sequence[Sequence[Any]],
    numbers: _Turns,
    theirs: Connection,
) -> None:
    """Work shares in a copy, which leaves alone all that it was copied with."""
    import pickle

    try:
        try:
            found: tuple[bool, Any] = (True, _work(function, shares, numbers))
            content = pickle.dumps(found, pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            content = _pickled(error)
        theirs.send_bytes(content)
    except (KeyboardInterrupt, BrokenPipeError):
        # The first process has been told as well, or is gone.
        return


def _pickled(error: Exception) -> bytes:
    """Pickle an error with where it was raised, which a traceback does not survive."""
    import pickle
    import traceback

    error.add_note("".join(traceback.format_exception(error)).rstrip())
    try:
        content = pickle.dumps((False, error), pickle.HIGHEST_PROTOCOL)
        pickle.loads(content)  # noqa: S301 - what cannot be made again there is sent as text
    except Exception:
        plain = RuntimeError(f"{type(error).__name__} in a process that shared the work")
        plain.__notes__ = error.__notes__
        content = pickle.dumps((False, plain), pickle.HIGHEST_PROTOCOL)
    return content


def _received(ours: Connection) -> Any:
    import pickle

    try:
        is_well, found = pickle.loads(ours.recv_bytes())  # noqa: S301 - from our own copy
    except EOFError:
        raise ProcessError(
            "a process that shared the work was ended from outside; try again, with more memory "
            "or with one processor (taskset -c 0)"
        ) from None
    if not is_well:
        raise found
    return found
