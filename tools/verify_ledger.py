"""Verify an exported ledger.

Usage: python verify_ledger.py LEDGER.jsonl [DIGEST]

It needs nothing but Python's standard library, and shares no code with the program that wrote the
file: every digest is computed here from the rows as they stand in the file.

DIGEST is one that was kept elsewhere: some run of the ledger must have it.
Exit codes: 0 all matches; 1 something does not; 2 the file is no ledger.
"""

import hashlib
import json
import sys
from pathlib import Path

GENESIS = "0" * 64


def compact(value):
    """Write a value as the digests take it."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode("ascii")


class Run:
    """A run while its rows are read."""

    def __init__(self, line):
        self.header = line["run"]
        self.sections = line["sections"]
        self.previous = line["previous"]
        self.digest = line["digest"]
        self.hashes = {table: hashlib.sha256(b"[") for table in self.sections}
        self.counts = dict.fromkeys(self.sections, 0)

    def add(self, table, row):
        self.hashes[table].update((b"," if self.counts[table] else b"") + compact(row))
        self.counts[table] += 1

    def problems(self, previous):
        number = self.header["run_id"]
        if self.previous != previous:
            yield f"run {number}: it does not follow the run before it"
        content = {"run": self.header, "sections": self.sections, "previous": self.previous}
        if hashlib.sha256(compact(content)).hexdigest() != self.digest:
            yield f"run {number}: it does not match its digest"
        for table, recorded in self.sections.items():
            self.hashes[table].update(b"]")
            if [self.counts[table], self.hashes[table].hexdigest()] != recorded:
                yield f"run {number}, {table}: its rows do not match their digest"


def verify(lines, known=None):
    """Give the number of runs, the last digest, and what does not match."""
    first = json.loads(next(lines, "null"))
    if not isinstance(first, dict) or first.get("format") != "asnrules ledger":
        raise ValueError("the first line does not say that this is a ledger")
    problems, digests, run, end = [], [GENESIS], None, None
    for text in lines:
        line = json.loads(text)
        if end is not None:
            raise ValueError("there are lines after the last one")
        if isinstance(line, list):
            if run is None or line[0] not in run.hashes:
                raise ValueError(f"a row of {line[0]!r} belongs to no run")
            run.add(line[0], line[1:])
            continue
        if run is not None:
            problems += run.problems(digests[-1])
            digests.append(run.digest)
        run = None
        if "run" in line:
            run = Run(line)
        else:
            end = line
    if end is None or run is not None:
        problems.append("the file ends before the ledger does")
    elif end != {"runs": len(digests) - 1, "head": digests[-1]}:
        problems.append("the last line does not match the runs")
    if known is not None and known.lower() not in digests[1:]:
        problems.append(f"no run has the digest {known}")
    return len(digests) - 1, digests[-1], problems


def main(arguments):
    if len(arguments) not in {1, 2}:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with Path(arguments[0]).open(encoding="ascii") as lines:
            count, head, problems = verify(lines, *arguments[1:])
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        print(f"{arguments[0]}: cannot be read as a ledger: {error}", file=sys.stderr)
        return 2
    for problem in problems:
        print(problem)
    if not problems:
        print(f"{count} runs match their digests; the last is {head}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
