"""Generate once, with a clock on each stage: `python -m benchmarks.stages --help`.

It runs `asnrules.workflows.generate.generate` itself, in one process, and measures the functions
that it is made of. Prints a JSON object: rows, associations, seconds for each stage, and the rows
that were recorded.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

RECORDED = ("exposures", "decisions", "associations", "association_members")
STAGES = ("read", "decide", "group", "write", "record", "rest")


class Clock:
    """Adds up seconds by stage."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def timed(self, owner: Any, name: str, stage: str) -> None:
        """Put a clock on a function: an attribute of a module or class."""
        function = getattr(owner, name)

        @wraps(function)
        def clocked(*arguments: Any, **options: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self.seconds[stage] += time.perf_counter() - started

        setattr(owner, name, clocked)

    def timed_block(self, owner: Any, name: str, stage: str) -> None:
        """Put a clock on a context manager: on what it does itself, not on what is inside."""
        function: Callable[..., AbstractContextManager[Any]] = getattr(owner, name)

        @contextmanager
        def clocked(*arguments: Any, **options: Any) -> Iterator[Any]:
            started = time.perf_counter()
            inside = 0.0
            with function(*arguments, **options) as value:
                entered = time.perf_counter()
                yield value
                inside = time.perf_counter() - entered
            whole = time.perf_counter() - started
            self.seconds[stage] += whole - inside

        setattr(owner, name, clocked)


def clocked_generate(clock: Clock) -> Callable[..., Any]:
    """Put clocks on all stages, and give the function that generates."""
    generate: Any = import_module("asnrules.workflows.generate")
    worked: Any = import_module("asnrules.pools.evaluation")
    clock.timed(worked, "read_pool", "read")
    clock.timed(worked.Work, "judged", "decide")
    clock.timed(worked.EvaluatedPools, "classifications", "decide")
    clock.timed(worked, "canonical_order", "group")
    clock.timed(generate.EvaluatedPools, "generation", "group")
    clock.timed(worked.Generation, "run", "group")
    clock.timed(generate.RunRecorder, "record", "record")
    clock.timed_block(generate, "written_files", "write")
    function: Callable[..., Any] = generate.generate
    return function


def run(pool: str, database: str, output: Path | None, *, record: bool) -> dict[str, Any]:
    """Generate, and say how long each stage took."""
    from asnrules.catalog.open import open_catalog
    from asnrules.workflows.generate import Options

    clock = Clock()
    generate = clocked_generate(clock)
    engine = open_catalog(database)
    started = time.perf_counter()
    report = generate(engine, [pool], Options(output=output, record=record))
    total = time.perf_counter() - started
    unseen = {"read", "decide", "group"} - set(clock.seconds)
    if unseen:
        raise LookupError(f"no clock ran for {', '.join(sorted(unseen))}; see clocked_generate")
    clock.seconds["rest"] = total - sum(clock.seconds.values())
    with engine.connect() as connection:
        recorded = {
            table: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
            for table in RECORDED
        }
    return {
        "rows": report.exposures,
        "associations": report.associations,
        "total": total,
        "seconds": {stage: clock.seconds[stage] for stage in STAGES},
        "recorded": recorded,
    }


def main() -> None:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages", description=__doc__)
    parser.add_argument("pool")
    parser.add_argument("database", help="path or URL of a catalog")
    parser.add_argument("--output", type=Path, help="write files there")
    parser.add_argument("--memory", type=int, default=0, help="in GB, at most")
    parser.add_argument("--record", action="store_true", help="record the run")
    given = parser.parse_args()
    if given.memory:
        resource.setrlimit(resource.RLIMIT_AS, (given.memory << 30, given.memory << 30))
    print(json.dumps(run(given.pool, given.database, given.output, record=given.record)))


if __name__ == "__main__":
    main()
