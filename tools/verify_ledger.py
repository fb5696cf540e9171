"""Verify an exported ledger.

Usage: python verify_ledger.py LEDGER.jsonl [DIGEST]

It needs nothing but Python's standard library, and shares no code with the program that wrote the
file: every digest is computed here from the rows as they stand in the file. A line that could be
written in another way, with a key twice, one more or one less, is refused: there is one ledger for
each record, to the byte.

DIGEST is one that was kept elsewhere: some run of the ledger must have it.
Exit codes: 0 all matches; 1 something does not; 2 the file is no ledger.
"""

import hashlib
import json
import re
import sys
from pathlib import Path

GENESIS = "0" * 64
DIGEST = re.compile(r"[0-9a-f]{64}\Z")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\Z")
FIRST = {"format": "asnrules ledger", "version": 1}
RUN = {"run": dict, "sections": dict, "previous": str, "digest": str}
LAST = {"runs": int, "head": str}
HEADER = {
    "run_id": int, "origin": str, "started_at": str, "finished_at": str, "operator": str,
    "host": str, "software_version": str, "ruleset_id": int, "options": str, "note": (str, None),
    "exposure_count": int, "association_count": int, "unassociated_count": int, "diagnostics": str,
    "ruleset": str, "ruleset_checksum": str,
}  # fmt: skip
TEXT, FLAG = (str, None), (bool, None)
# What each row of a table holds, in the order in which a run has its sections.
ROWS = {
    "catalog_entries": (int, str, str, str),
    "pools": (int, str, str, str, int, int),
    "exposures": (int, int, str, TEXT, TEXT, TEXT, str),
    "traces": (int, int, str, TEXT, TEXT, (int, None), FLAG, str, str, int),
    "run_pools": (int, int, int, str),
    "decisions": (int, int, int, int, int, TEXT),
    "associations": (int, int, str, TEXT, str, str, str, str, str, str, str),
    "association_members": (int, int, int, str, str, str, TEXT, (int, None), (int, None)),
    "imported_associations": (int, int, str, str, str, TEXT, TEXT, TEXT, str, str),
}
ORDER = {table: place for place, table in enumerate(ROWS)}
# Of the whole catalog, of which a run has what is new; runs of old have none.
CATALOG = "catalog_entries"
# Bytes of a line; the longest that is written is a run with all that its operator was told.
LONGEST = 2**28


def compact(value):
    """Write a value as the digests take it."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode("ascii")


def refused_number(text):
    raise ValueError(f"{text[:40]} is no whole number of 64 bits")


def number(text):
    # The longest has a sign and 19 digits; int() itself would fail on thousands, in many words.
    if len(text) > 20 or not -(2**63) <= int(text) < 2**63:
        refused_number(text)
    return int(text)


def once(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


READER = json.JSONDecoder(
    object_pairs_hook=once,
    parse_int=number,
    parse_float=refused_number,
    parse_constant=refused_number,
)


def read(line):
    """Read a line, which has to be written as the program writes it."""
    if not line.endswith(b"\n"):
        raise ValueError("it does not end, or is too long: the file is cut off, or no ledger")
    try:
        value = READER.decode(line[:-1].decode("ascii"))
        is_written = compact(value) == line[:-1]
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not is_written:
        raise ValueError("it is not written as asnrules writes it")
    return value


def fits(value, kind):
    """Tell whether a value is of a type, or of one of several; True is no number."""
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return any(value is None if one is None else type(value) is one for one in kinds)


def check_keys(found, wanted, what):
    """Refuse unknown and missing keys, and values of another type."""
    if not isinstance(found, dict):
        raise ValueError(f"{what} is no object")  # noqa: TRY004
    for key in [*sorted(set(found) ^ set(wanted)), *(k for k in wanted if k in found)]:
        if key not in wanted:
            raise ValueError(f"{what} has an unknown key {key[:40]!a}")
        if key not in found:
            raise ValueError(f"{what} has no {key!a}")
        if not fits(found[key], wanted[key]):
            raise ValueError(f"{what} has a {key!a} of another type")


class Run:
    """A run while its rows are read."""

    def __init__(self, line, catalog):
        check_keys(line, RUN, "a run")
        self.header, self.sections = line["run"], line["sections"]
        self.previous, self.digest = line["previous"], line["digest"]
        check_keys(self.header, HEADER, "the header of a run")
        if self.header["origin"] not in {"generated", "imported"}:
            raise ValueError("a run is of another origin")
        if not (
            MOMENT.match(self.header["started_at"]) and MOMENT.match(self.header["finished_at"])
        ):
            raise ValueError("a run is of no moment")
        wanted = [table for table in ROWS if table != CATALOG or CATALOG in self.sections]
        check_keys(self.sections, dict.fromkeys(wanted, list), "the sections of a run")
        for table, section in self.sections.items():
            if len(section) != 2 or not fits(section[0], int) or not fits(section[1], str):
                raise ValueError(f"the section {table} is no number and digest")
        self.counts = dict.fromkeys(self.sections, 0)
        self.hashes = {table: hashlib.sha256(b"[") for table in self.sections}
        if CATALOG in self.sections:
            self.counts[CATALOG], self.hashes[CATALOG] = catalog[0], catalog[1].copy()
        self.table = CATALOG

    def add(self, row):
        table, *values = row
        if not isinstance(table, str) or table not in self.counts:
            raise ValueError("a row is of no section of its run")
        if ORDER[table] < ORDER[self.table]:
            raise ValueError(f"a row of {table} comes after those of {self.table}")
        self.table, kinds = table, ROWS[table]
        if len(values) != len(kinds) or not all(map(fits, values, kinds)):
            raise ValueError(f"a row of {table} is of another form")
        self.hashes[table].update((b"," if self.counts[table] else b"") + compact(values))
        self.counts[table] += 1

    def problems(self, number, previous):
        if self.header["run_id"] != number:
            yield f"run {self.header['run_id']}: it is the {number}. of the file"
        if self.previous != previous:
            yield f"run {number}: it does not follow the run before it"
        content = {"run": self.header, "sections": self.sections, "previous": self.previous}
        if hashlib.sha256(compact(content)).hexdigest() != self.digest:
            yield f"run {number}: it does not match its digest"
        for table, recorded in self.sections.items():
            whole = self.hashes[table].copy()
            whole.update(b"]")
            if [self.counts[table], whole.hexdigest()] != recorded:
                yield f"run {number}, {table}: its rows do not match their digest"


class Ledger:
    """A ledger while its lines are read."""

    def __init__(self):
        self.problems, self.digests = [], [GENESIS]
        self.catalog = (0, hashlib.sha256(b"["))
        self.run = self.end = None

    def add(self, line):
        if self.end is not None:
            raise ValueError("there are lines after the last one")
        if isinstance(line, list):
            if self.run is None or not line:
                raise ValueError("a row belongs to no run")
            self.run.add(line)
            return
        self.finish_run()
        if isinstance(line, dict) and "run" in line:
            self.run = Run(line, self.catalog)
        else:
            check_keys(line, LAST, "the last line")
            self.end = line

    def finish_run(self):
        if self.run is None:
            return
        self.problems += self.run.problems(len(self.digests), self.digests[-1])
        self.digests.append(self.run.digest)
        if CATALOG in self.run.sections:
            self.catalog = (self.run.counts[CATALOG], self.run.hashes[CATALOG])
        self.run = None


def check_first(line):
    if compact(line) != compact(FIRST):
        raise ValueError("it does not say that this is a ledger of this version")


def verify(lines, known=None):
    """Give the number of runs, the last digest, and what does not match."""
    ledger = Ledger()
    for at, text in enumerate(lines, 1):
        try:
            (ledger.add if at > 1 else check_first)(read(text))
        except ValueError as error:
            raise ValueError(f"line {at}: {error}") from None
    if ledger.end is None:
        raise ValueError("the file ends before the ledger does")
    problems, digests = ledger.problems, ledger.digests
    if ledger.end != {"runs": len(digests) - 1, "head": digests[-1]}:
        problems.append("the last line does not match the runs")
    if known is not None and known not in digests[1:]:
        problems.append(f"no run has the digest {known}")
    return len(digests) - 1, digests[-1], problems


def main(arguments):
    if len(arguments) not in {1, 2}:
        print(__doc__, file=sys.stderr)
        return 2
    path, *known = arguments
    known = [digest.strip().lower() for digest in known]
    if not all(map(DIGEST.match, known)):
        print(f"{arguments[1]!a}: this is no digest, which has 64 digits", file=sys.stderr)
        return 2
    try:
        with Path(path).open("rb") as stream:
            lines = iter(lambda: stream.readline(LONGEST), b"")
            count, head, problems = verify(lines, *known)
    except (OSError, ValueError) as error:
        print(f"{path!a}: cannot be read as a ledger: {error}", file=sys.stderr)
        return 2
    for problem in problems:
        print(problem)
    if not problems:
        print(f"{count} runs match their digests; the last is {head}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
