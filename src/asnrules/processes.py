"""Let other processors work a share: forked copies of this process, where these are safe.

A copy sees all that was made before it, without a byte sent; only what it finds comes back. It
opens connections of its own where it needs any, so none may be open when it is made.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from asnrules.errors import AsnrulesError, ProcessError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess

Piece = TypeVar("Piece")
Found = TypeVar("Found")
Told = Callable[[int, int], None]
"""Told what is done, and all there is."""

_THREADS = Path("/proc/self/task")


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
) -> list[Found]:
    """Work pieces, those of each share in a process of its own.

    Parameters
    ----------
    function : callable
        Works a share of the pieces, and tells how far it is. What it gives, or raises of our own
        errors, is pickled.
    pieces : sequence
        Shares are neighbours in it.
    sizes : sequence of int
        How much work each is.
    workers : int
        How many processes there may be. All is one share where `can_share` is false.
    told : callable, optional
        Told of the first share, which is worked in this process.

    Returns
    -------
    list
        What was found, in the order of the shares.

    Raises
    ------
    ProcessError
        If another process was ended from outside.
    """
    shares = _parted(pieces, sizes, workers if workers > 1 and can_share() else 1)
    if len(shares) == 1:
        return [function(shares[0], told)]
    from multiprocessing import get_context

    context = get_context("fork")
    helpers: list[tuple[ForkProcess, Connection]] = []
    try:
        for share in shares[1:]:
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(function, share, theirs), daemon=True)
            process.start()
            theirs.close()
            helpers.append((process, ours))
        return [function(shares[0], told), *(_received(ours) for _, ours in helpers)]
    finally:
        for process, ours in helpers:
            ours.close()
            # It has given all it had, or nobody wants it any more.
            process.kill()
            process.join()


def _parted(pieces: Sequence[Piece], sizes: Sequence[int], number: int) -> list[list[Piece]]:
    """Part pieces into shares of neighbours of about the same size; at least one, maybe empty."""
    whole, done = max(sum(sizes), 1), 0
    shares: dict[int, list[Piece]] = {0: []}
    for piece, size in zip(pieces, sizes, strict=True):
        shares.setdefault(min(done * number // whole, number - 1), []).append(piece)
        done += size
    return list(shares.values())


def _work(function: Callable[..., Any], share: Any, theirs: Connection) -> None:
    """Work a share in a copy, which leaves alone all that it was copied with."""
    import pickle

    try:
        try:
            found: tuple[bool, Any] = (True, function(share, None))
        except AsnrulesError as error:
            found = (False, error)
        theirs.send_bytes(pickle.dumps(found, pickle.HIGHEST_PROTOCOL))
    except (KeyboardInterrupt, BrokenPipeError):
        # The first process has been told as well, or is gone.
        return


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
