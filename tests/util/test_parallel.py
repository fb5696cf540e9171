"""Shares of work in forked processes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence
from multiprocessing import get_context

import pytest

from asnrules.errors import NotFoundError, ProcessError
from asnrules.util.parallel import Told, can_share, parallel_map, processors

needs_forks = pytest.mark.skipif(not can_share(), reason="no process can be forked safely here")


def squares(pieces: Sequence[int], told: Told | None) -> tuple[int, list[int]]:
    for done, _ in enumerate(pieces, 1):
        if told is not None:
            told(done, len(pieces))
    return os.getpid(), [piece * piece for piece in pieces]


def found(pieces: Sequence[int], workers: int, turns: int = 1) -> list[list[int]]:
    shares = parallel_map(squares, pieces, [1] * len(pieces), workers, turns=turns)
    return [numbers for _, numbers in shares]


@needs_forks
def test_shares_come_in_their_order() -> None:
    assert found([1, 2, 3, 4, 5, 6], 3) == [[1, 4], [9, 16], [25, 36]]
    assert found([1, 2, 3, 4], 2, turns=2) == [[1], [4], [9], [16]]


@needs_forks
def test_as_many_processes_work_at_a_time() -> None:
    barrier = get_context("fork").Barrier(3)

    def met(_pieces: Sequence[int], _told: Told | None) -> int:
        barrier.wait(60)
        return os.getpid()

    processes = parallel_map(met, [1, 2, 3], [1] * 3, 3)
    assert len({*processes, os.getpid()}) == 3


@needs_forks
def test_shares_are_of_about_the_same_size() -> None:
    pieces = ["a", "b", "c", "d"]
    shares = parallel_map(lambda share, _told: list(share), pieces, [5, 1, 2, 2], 2)
    assert shares == [["a"], ["b", "c", "d"]]


def test_one_worker_and_no_pieces() -> None:
    assert parallel_map(squares, [1, 2], [1, 1], 1) == [(os.getpid(), [1, 4])]
    assert parallel_map(squares, [], [], 4) == [(os.getpid(), [])]


def test_beside_another_thread_all_is_worked_here() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert not can_share()
        assert parallel_map(squares, [1, 2], [1, 1], 2) == [(os.getpid(), [1, 4])]
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def met() -> Callable[[Sequence[int], Told | None], list[int]]:
    """Give a function of shares of which two processes do one each at a time."""
    barrier = get_context("fork").Barrier(2)

    def work(pieces: Sequence[int], told: Told | None) -> list[int]:
        barrier.wait(60)
        return squares(pieces, told)[1]

    return work


@needs_forks
def test_progress_is_that_of_this_process(met: Callable[..., list[int]]) -> None:
    seen: list[tuple[int, int]] = []
    parallel_map(met, [1, 2, 3, 4], [1] * 4, 2, lambda *told: seen.append(told))
    assert seen == [(1, 2), (2, 2)]


@needs_forks
def test_of_many_shares_each_is_told_of(met: Callable[..., list[int]]) -> None:
    seen: list[tuple[int, int]] = []
    parallel_map(met, [1, 2, 3, 4], [1] * 4, 2, lambda *told: seen.append(told), turns=2)
    assert len(seen) == 2
    assert {total for _, total in seen} == {4}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def _failing(pieces: Sequence[int], _told: Told | None) -> int:
    if 0 in pieces:
        raise NotFoundError("no piece 0")
    return len(pieces)


@needs_forks
@pytest.mark.parametrize("pieces", [[0, 1], [1, 0]])
def test_an_error_of_ours_is_raised_here(pieces: list[int]) -> None:
    with pytest.raises(NotFoundError, match="no piece 0"):
        parallel_map(_failing, pieces, [1, 1], 2)


class _TwoPartError(Exception):
    """It takes other arguments than it passes on."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"{one} {other}")


@needs_forks
@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (KeyError("nod_split_primary"), KeyError),
        (MemoryError("no more"), MemoryError),
        (_TwoPartError("a", "b"), _TwoPartError),
        (ValueError(lambda: None), RuntimeError),
    ],
)
def test_any_error_of_another_process_comes_home(error: Exception, raised: type[Exception]) -> None:
    here = os.getpid()
    barrier = get_context("fork").Barrier(2)

    def failing_elsewhere(_pieces: Sequence[int], _told: Told | None) -> None:
        barrier.wait(60)
        if os.getpid() != here:
            raise error

    with pytest.raises(raised) as caught:
        parallel_map(failing_elsewhere, [1, 2], [1, 1], 2)
    if raised is not RuntimeError:
        assert caught.value.args == error.args
    (note,) = caught.value.__notes__
    assert "in failing_elsewhere" in note
    assert type(error).__name__ in note


@needs_forks
def test_a_process_that_is_killed() -> None:
    here = os.getpid()
    barrier = get_context("fork").Barrier(2)

    def killed(_pieces: Sequence[int], _told: Told | None) -> None:
        barrier.wait(60)
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(ProcessError, match="was ended from outside; try again"):
        parallel_map(killed, [1, 2], [1, 1], 2)


@needs_forks
def test_no_process_is_left_behind(capfd: pytest.CaptureFixture[str]) -> None:
    here = os.getpid()
    barrier = get_context("fork").Barrier(2)

    def interrupted(_pieces: Sequence[int], _told: Told | None) -> None:
        barrier.wait(60)
        if os.getpid() == here:
            raise KeyboardInterrupt
        signal.pause()

    with pytest.raises(KeyboardInterrupt):
        parallel_map(interrupted, [1, 2], [1, 1], 2)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    assert capfd.readouterr().err == ""


def test_a_few_processors_at_most() -> None:
    assert 1 <= processors() <= 8
