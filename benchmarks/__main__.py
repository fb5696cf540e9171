"""Run the benchmarks, print tables, and write the figures as JSON."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from benchmarks.cluster import cluster
from benchmarks.command import command
from benchmarks.databases import all_databases
from benchmarks.floor import floor
from benchmarks.growth import growth
from benchmarks.irregular import irregular
from benchmarks.ledger import ledger
from benchmarks.oracle import oracle
from benchmarks.setting import Result, Setting
from benchmarks.startup import startup
from benchmarks.worst import worst

SECTIONS = {
    "startup": startup,
    "oracle": oracle,
    "command": command,
    "growth": growth,
    "floor": floor,
    "worst": worst,
    "irregular": irregular,
    "ledger": ledger,
    "cluster": cluster,
}
LATEST = Path(__file__).parent / "results" / "latest.json"


def main() -> None:
    """Run as the command line says."""
    given = _arguments()
    # Each process would compile all of it once more.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    started = time.perf_counter()
    results: Result = {"machine": _machine(), "quick": given.quick, "long": given.long}
    with (
        tempfile.TemporaryDirectory(prefix="asnrules-benchmarks-") as folder,
        all_databases(Path(folder), given.only) as databases,
    ):
        setting = Setting(
            folder=Path(folder),
            databases=databases,
            quick=given.quick,
            long=given.long,
            repeats=given.repeats or (1 if given.quick else 3),
            oracle_python=given.oracle_python,
            pools=given.pools,
            rows=given.rows,
            before=given.before,
        )
        for name in given.sections or SECTIONS:
            results[name] = SECTIONS[name](setting)
    results["seconds"] = time.perf_counter() - started
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(f"\n{results['seconds']:.0f} s; the figures are in {given.output}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION",
        help=f"{', '.join(SECTIONS)}; all by default",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="small sizes, in under a minute")
    parser.add_argument("--long", action="store_true", help="a million exposures as well")
    parser.add_argument("--repeats", type=int, help="of what is short, for the median [3]")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="on this engine only")
    parser.add_argument("--oracle-python", metavar="PATH", help="a Python that has jwst")
    parser.add_argument(
        "--pools", type=Path, metavar="DIR", help="compare with jwst on the *.csv there"
    )
    parser.add_argument(
        "--rows", type=int, nargs="+", default=[], metavar="N",
        help="sizes of the pools of command and cluster, instead of theirs",
    )  # fmt: skip
    parser.add_argument(
        "--before", type=Path, metavar="DIR",
        help="another checkout, with its .venv, that runs in turn with this one in command",
    )  # fmt: skip
    parser.add_argument("--output", type=Path, default=LATEST, metavar="FILE", help="the JSON")
    given = parser.parse_args()
    unknown = set(given.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    return given


def _machine() -> Result:
    """Say what the machine is, and how fast: so many milliseconds for a million additions."""
    started = time.perf_counter()
    total = 0
    for number in range(10_000_000):
        total += number
    return {
        "milliseconds": round(100 * (time.perf_counter() - started), 1),
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "asnrules": version("asnrules"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
    }


if __name__ == "__main__":
    main()
