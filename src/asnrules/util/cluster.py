"""Share work among the workers of a Dask cluster, which have this package and no database.

A share goes there as one pickle, and its answer comes back as one. Dask gives a share to another
worker if the first one dies. A constant is a task of its own whose result the shares take, so Dask
moves it to each worker once; workers keep what they made of it.

Only as many shares are packed as keep the workers busy, so neither they nor the scheduler hold the
whole of the work.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import logging
import pickle
import re
import threading
import uuid
import warnings
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib import metadata
from io import BytesIO
from typing import Any

from asnrules.errors import AsnrulesError, ClusterError, UsageError
from asnrules.util.environment import missing, optional
from asnrules.util.parallel import (
    Constant,
    Errand,
    Found,
    Job,
    Piece,
    Told,
    answered,
    shares_of,
    unpacked,
)
from asnrules.util.text import label, shown

_LIBRARY, _EXTRA, _WHAT = "distributed", "dask", "clusters (--scheduler)"
_ADDRESS = re.compile(r"(?:[a-z]+://)?(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")

_PATIENCE = 60.0  # Seconds within which there has to be a worker, and all have to answer
_FAREWELL = 5.0  # Seconds that closing a connection may take
_TURNS = 4  # Shares for each worker: what they take differs, and one that dies costs one
_CONFIGURATION = "mend Dask's configuration, in ~/.config/dask/ or variables DASK_*"
_LARGEST = 10_000  # About the size of a share, however few workers there are


class DaskCluster:
    """The workers of a Dask scheduler.

    What cannot be an address is a UsageError, as is a library that is not installed. It connects
    where there is work, and not before.
    """

    def __init__(self, address: str) -> None:
        match = _ADDRESS.fullmatch(address)
        if match is None or not 0 < int(match["port"]) < 2**16:
            raise UsageError(
                f"--scheduler: {shown(address)} is not an address; "
                "give that of a Dask scheduler, such as tcp://10.0.0.7:8786"
            )
        if importlib.util.find_spec(_LIBRARY) is None:
            raise missing(_LIBRARY, _EXTRA, _WHAT)
        self._address = address

    def map(
        self,
        job: Job[Piece, Found],
        pieces: Sequence[Piece],
        sizes: Sequence[int],
        told: Told | None,
    ) -> list[Found]:
        """Do `parallel_map` there, in more and smaller shares.

        A scheduler that cannot be reached or is lost, and a worker that cannot do the work, are
        ClusterErrors.
        """
        distributed = _library()
        with _quiet():
            return _run(self._map(distributed, job, pieces, sizes, told))

    async def _map(
        self,
        distributed: Any,
        job: Job[Piece, Found],
        pieces: Sequence[Piece],
        sizes: Sequence[int],
        told: Told | None,
    ) -> list[Found]:
        client = await self._connected(distributed)
        try:
            workers = await self._checked_workers(client)
            number = max(_TURNS * workers, sum(sizes) // _LARGEST)
            shares = shares_of(list(zip(pieces, sizes, strict=True)), sizes, number)
            return await _Shares(client, job, shares, told).done(2 * workers)
        except CancelledError:
            raise self._lost() from None
        finally:
            await _close(client)

    def _lost(self) -> ClusterError:
        return ClusterError(
            f"the Dask scheduler at {self._address} was lost; start it and its workers again, "
            "and then this"
        )

    async def _connected(self, distributed: Any) -> Any:
        client = None
        try:
            client = distributed.Client(
                self._address, asynchronous=True, set_as_default=False, name="asnrules"
            )
            return await client
        except Exception as error:
            # Some errors leave it open, and Python would warn when it is collected.
            if client is not None:
                await _close(client)
            mend = "start one, or give the address that it prints"
            if not isinstance(error, OSError | ValueError | TypeError):
                mend = _CONFIGURATION
            raise ClusterError(
                f"cannot reach a Dask scheduler at {self._address} ({_words(error)}); {mend}"
            ) from None

    async def _checked_workers(self, client: Any) -> int:
        """Count the workers, and refuse those with another version of this package, or none."""
        try:
            with suppress(TimeoutError):
                await client.wait_for_workers(1, timeout=_PATIENCE)
            await _refuse_none(client)
            asked = client.run(metadata.version, "asnrules", on_error="return")
            versions = await asyncio.wait_for(asked, _PATIENCE)
        except TimeoutError:
            raise ClusterError("workers of the cluster do not answer; see their logs") from None
        except OSError:
            raise self._lost() from None
        for worker, version in versions.items():
            if isinstance(version, metadata.PackageNotFoundError):
                version = None
            if not isinstance(version, Exception):
                _refuse_other_version(f"the worker {label(str(worker))}", version)
        return len(versions)


async def _has_workers(client: Any) -> bool:
    """Ask for the workers; a scheduler that does not answer is a TimeoutError."""
    return bool(await asyncio.wait_for(client.nthreads(), _PATIENCE))


async def _refuse_none(client: Any) -> None:
    if not await _has_workers(client):
        raise ClusterError("the cluster has no workers; start some")


async def _close(client: Any) -> None:
    """Close a client; one that cannot say goodbye in time goes without."""
    with suppress(TimeoutError):
        await client.close(timeout=_FAREWELL)


def _library() -> Any:
    """Import Dask, which reads its configuration then."""
    try:
        return optional(_LIBRARY, _EXTRA, _WHAT)
    except AsnrulesError:
        raise
    except Exception as error:
        raise ClusterError(f"Dask does not start ({_words(error)}); {_CONFIGURATION}") from None


def _words(error: Exception) -> str:
    """Give what an error of Dask says, in one line."""
    return label(" ".join(f"{type(error).__name__}: {error}".split()), 200)


class _Shares:
    """Shares of work that a client has done, a few at a time."""

    def __init__(
        self,
        client: Any,
        job: Job[Any, Any],
        shares: Sequence[Sequence[tuple[Any, int]]],
        told: Told | None,
    ) -> None:
        self._client = client
        self._job = job
        self._shares = shares
        self._told = told
        self._total = sum(size for share in shares for _, size in share)
        self._sizes_done = 0
        self._name = f"asnrules-{uuid.uuid4().hex[:12]}"
        self._version = metadata.version("asnrules")
        self._constants: dict[int, tuple[Constant[Any], Any]] = {}
        self._found: dict[int, Any] = {}

    async def done(self, at_a_time: int) -> list[Any]:
        """Do all, and give what came of each in their order."""
        numbers = iter(range(len(self._shares)))
        watcher = asyncio.ensure_future(self._watch())
        runners = [asyncio.ensure_future(self._some(numbers)) for _ in range(at_a_time)]
        left = {watcher, *runners}
        try:
            while left != {watcher}:
                done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
                for one in done:
                    one.result()
        finally:
            for one in left:
                one.cancel()
            # Several may fail at once: one error is told.
            await asyncio.gather(watcher, *runners, return_exceptions=True)
        return [self._found[number] for number in range(len(self._shares))]

    async def _some(self, numbers: Iterator[int]) -> None:
        for number in numbers:
            share = self._shares[number]
            errand, constants = _packed(self._job.errand([piece for piece, _ in share]))
            held = {name: self._constant(one) for name, one in constants.items()}
            future = self._client.submit(
                run_errand, self._version, errand, held, key=f"{self._name}-{number}", pure=False
            )
            self._found[number] = unpacked(await self._answer(future))
            # The answer is here, so no worker need keep it.
            future.release()
            self._sizes_done += sum(size for _, size in share)
            if self._told is not None:
                self._told(self._sizes_done, self._total)

    async def _answer(self, future: Any) -> bytes:
        try:
            answer: bytes = await future
        except CancelledError:
            # So Dask says that the scheduler was lost.
            raise
        except Exception as error:
            # What an errand raises is in its answer: this is of workers that die, or begin none.
            raise ClusterError(
                f"workers of the cluster cannot do a share of the work ({_words(error)}); see "
                f"their logs, give them memory, and install asnrules {self._version} on all of them"
            ) from None
        return answer

    async def _watch(self) -> None:
        """Give up when there has been no worker for a while."""
        while True:
            await asyncio.sleep(_PATIENCE / 2)
            try:
                if not await _has_workers(self._client):
                    await asyncio.sleep(_PATIENCE / 2)
                    await _refuse_none(self._client)
            except OSError:
                raise CancelledError from None

    def _constant(self, constant: Constant[Any]) -> Any:
        """Give the future of a constant."""
        if id(constant) not in self._constants:
            content = pickle.dumps(constant, pickle.HIGHEST_PROTOCOL)
            key = f"{self._name}-{hashlib.sha256(content).hexdigest()}"
            future = self._client.submit(bytes, content, key=key, pure=False)
            # As long as a constant is kept, no other has its id.
            self._constants[id(constant)] = constant, future
        return self._constants[id(constant)][1]


# ------------------------------------------------------------------------- on the workers

_TURN = threading.Lock()
"""Held by the errand that is run: a worker may have threads, which Python would not let run at the
same time, and what an errand keeps for the next one is not made for several."""


def run_errand(version: str, errand: bytes, constants: Mapping[str, bytes]) -> bytes:
    """Do an errand, and give what comes of it as `unpacked` takes it: in a worker."""
    with _TURN:
        return answered(lambda: _answer(version, errand, constants))


def _answer(version: str, content: bytes, constants: Mapping[str, bytes]) -> Any:
    _refuse_other_version("a worker", metadata.version("asnrules"), version)
    held = {name: _checked(one) for name, one in constants.items()}
    errand: Errand = _Unpickler(content, held).load()
    return errand.function(*errand.arguments)


@lru_cache(maxsize=8)
def _checked(content: bytes) -> Constant[Any]:
    """Give a constant, the same each time: what is kept beside it is kept by what it is."""
    constant: Constant[Any] = pickle.loads(content)  # noqa: S301 - sent by the process that starts the errand
    found = constant.compute(constant.value)
    if found != constant.checksum:
        raise ClusterError(
            f"a worker of the cluster has checksum {found} of what has {constant.checksum} here; "
            "install the same version of asnrules and Python on all workers"
        )
    return constant


def _refuse_other_version(worker: str, version: str | None, ours: str | None = None) -> None:
    ours = ours or metadata.version("asnrules")
    if version != ours:
        has = "no asnrules" if version is None else f"asnrules {label(version)}"
        raise ClusterError(
            f"{worker} of the cluster has {has}, and this is {ours}; install {ours} on all workers"
        )


# ------------------------------------------------------------------------- pickles


class _Pickler(pickle.Pickler):
    """Leaves out constants, and collects them by names of their own."""

    def __init__(self, stream: BytesIO) -> None:
        super().__init__(stream, pickle.HIGHEST_PROTOCOL)
        self.constants: dict[str, Constant[Any]] = {}

    def persistent_id(self, one: Any) -> str | None:
        """Name a constant; all else is pickled."""
        if not isinstance(one, Constant):
            return None
        name = str(id(one))
        self.constants[name] = one
        return name


class _Unpickler(pickle.Unpickler):
    """Puts in constants."""

    def __init__(self, content: bytes, constants: Mapping[str, Constant[Any]]) -> None:
        super().__init__(BytesIO(content))
        self._constants = constants

    def persistent_load(self, name: str) -> Constant[Any]:
        """Give the constant of a name."""
        return self._constants[name]


def _packed(errand: Errand) -> tuple[bytes, dict[str, Constant[Any]]]:
    stream = BytesIO()
    pickler = _Pickler(stream)
    pickler.dump(errand)
    return stream.getvalue(), pickler.constants


# ------------------------------------------------------------------------- in this process


def _run(work: Coroutine[Any, Any, list[Found]]) -> list[Found]:
    """Run something in an event loop; in one of another thread where this thread is in one."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    cancels: list[Callable[[], object]] = []

    async def cancellable() -> list[Found]:
        task, loop = asyncio.ensure_future(work), asyncio.get_running_loop()
        cancels.append(lambda: loop.call_soon_threadsafe(task.cancel))
        return await task

    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(asyncio.run, cancellable())
        try:
            return future.result()
        except KeyboardInterrupt:
            # Its loop is closed if it has just ended.
            with suppress(RuntimeError):
                for cancel in cancels:
                    cancel()
            raise


@contextmanager
def _quiet() -> Iterator[None]:
    """Have Dask say nothing: what goes wrong is raised, and told once."""
    names = [
        name
        for name in logging.root.manager.loggerDict
        if name.partition(".")[0] in {"distributed", "tornado", "asyncio"}
    ]
    loggers = [logging.getLogger(name) for name in names]
    levels = [one.level for one in loggers]
    for one in loggers:
        one.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for one, level in zip(loggers, levels, strict=True):
            one.setLevel(level)
