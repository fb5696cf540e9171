"""Shares of work in forked processes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence

import pytest

from asnrules.errors import NotFoundError, ProcessError
from asnrules.processes import Told, can_share, processors, shared

needs_forks = pytest.mark.skipif(not can_share(), reason="no process can be forked safely here")


def squares(pieces: Sequence[int], told: Told | None) -> tuple[int, list[int]]:
    for done, _ in enumerate(pieces, 1):
        if told is not None:
            told(done, len(pieces))
    return os.getpid(), [piece * piece for piece in pieces]


def found(pieces: Sequence[int], workers: int) -> list[tuple[int, list[int]]]:
    return shared(squares, pieces, [1] * len(pieces), workers)


@needs_forks
def test_each_share_has_a_process_of_its_own() -> None:
    here, there, third = found([1, 2, 3, 4, 5, 6], 3)
    assert [here[1], there[1], third[1]] == [[1, 4], [9, 16], [25, 36]]
    assert here[0] == os.getpid()
    assert len({here[0], there[0], third[0]}) == 3


@needs_forks
def test_shares_are_of_about_the_same_size() -> None:
    pieces = ["a", "b", "c", "d"]
    shares = shared(lambda share, _told: list(share), pieces, [5, 1, 2, 2], 2)
    assert shares == [["a"], ["b", "c", "d"]]


def test_one_worker_and_no_pieces() -> None:
    assert found([1, 2], 1) == [(os.getpid(), [1, 4])]
    assert found([], 4) == [(os.getpid(), [])]


def test_beside_another_thread_all_is_worked_here() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert not can_share()
        assert found([1, 2], 2) == [(os.getpid(), [1, 4])]
    finally:
        stop.set()
        thread.join()


@needs_forks
def test_only_the_first_share_is_told_of() -> None:
    seen: list[tuple[int, int]] = []
    shared(squares, [1, 2, 3, 4], [1] * 4, 2, lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def _failing(pieces: Sequence[int], _told: Told | None) -> int:
    if 0 in pieces:
        raise NotFoundError("no piece 0")
    return len(pieces)


@needs_forks
@pytest.mark.parametrize("pieces", [[0, 1], [1, 0]])
def test_an_error_of_ours_is_raised_here(pieces: list[int]) -> None:
    with pytest.raises(NotFoundError, match="no piece 0"):
        shared(_failing, pieces, [1, 1], 2)


def _killed(pieces: Sequence[int], _told: Told | None) -> int:
    if 0 in pieces:
        os.kill(os.getpid(), signal.SIGKILL)
    return len(pieces)


@needs_forks
def test_a_process_that_is_killed() -> None:
    with pytest.raises(ProcessError, match="was ended from outside; try again"):
        shared(_killed, [1, 0], [1, 1], 2)


@needs_forks
def test_no_process_is_left_behind(capfd: pytest.CaptureFixture[str]) -> None:
    def interrupted(pieces: Sequence[int], _told: Told | None) -> None:
        if 0 in pieces:
            raise KeyboardInterrupt
        signal.pause()

    with pytest.raises(KeyboardInterrupt):
        shared(interrupted, [0, 1], [1, 1], 2)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    assert capfd.readouterr().err == ""


def test_a_few_processors_at_most() -> None:
    assert 1 <= processors() <= 8
