"""Verify an exported ledger.

Usage: python verify_ledger.py LEDGER.jsonl|FOLDER [DIGEST]

It shares no code with the program that wrote the ledger: every digest is computed here from the
rows as they stand there. A file of JSON Lines needs nothing but Python's standard library; a line
that could be written in another way, with a key twice, one more or one less, is refused: there is
one ledger for each record, to the byte. A folder of Parquet files needs pyarrow as well; a folder,
file or column more or less is refused, and so is one of another name, type or order.

DIGEST is one that was kept elsewhere: some run of the ledger must have it.
Exit codes: 0 all matches; 1 something does not; 2 it is no ledger.
"""

import datetime
import hashlib
import json
import re
import stat
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

    def problems(self, expected, previous):
        number = self.header["run_id"]
        if number > expected + 1:
            yield f"runs {expected} to {number - 1} are missing"
        elif number > expected:
            yield f"run {expected} is missing"
        elif number < expected:
            yield f"run {number}: it comes after run {expected - 1}"
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
        self.problems, self.digests, self.expected = [], [GENESIS], 1
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
        self.problems += self.run.problems(self.expected, self.digests[-1])
        self.expected = self.run.header["run_id"] + 1
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
    return result(ledger, known)


def result(ledger, known):
    problems, digests = ledger.problems, ledger.digests
    if ledger.end != {"runs": len(digests) - 1, "head": digests[-1]}:
        problems.append("the last line does not match the runs")
    if known is not None and known not in digests[1:]:
        problems.append(f"no run has the digest {known}")
    return len(digests) - 1, digests[-1], problems


# ------------------------------------------------------------------ folders of Parquet files

LEDGER = "_ledger.json"
LAKE = {"format": str, "version": int, "runs": int, "head": str, "entries": int}
FOLDER = re.compile(r"(run_id|catalog)=([1-9][0-9]{0,18})")
COLUMNS = {
    "catalog_entries": "number entry_table entry sha256",
    "pools": "pool_id sha256 keywords column_names exposure_count run_id",
    "exposures": "pool_id position filename program exp_type asn_candidate keyword_values",
    "traces": (
        "trace_id ruleset_id signature member_type special table_position agrees reason trace "
        "run_id"
    ),
    "run_pools": "run_id position pool_id name",
    "decisions": "run_id pool_id position trace_id association_count reason",
    "associations": (
        "run_id position asn_name asn_type asn_rule asn_id candidate_type program target "
        "degraded_status keys"
    ),
    "association_members": (
        "run_id association position product expname exptype exposerr pool_id exposure"
    ),
    "imported_associations": (
        "run_id position file_name sha256 asn_rule code_version version_id asn_pool verdict "
        "explanation"
    ),
}
# What a run is named by, and what its digest covers without being in its row of runs.
RUN_ID, RULESET = "run_id", ("ruleset", "ruleset_checksum")
CHAINED = ("section_digests", "previous_digest", "digest")
RUN_COLUMNS = {
    **{name: HEADER[name] for name in HEADER if name not in (RUN_ID, *RULESET)},
    **dict.fromkeys((*CHAINED, *RULESET), str),
}
WORDS = {
    "instruments": "instrument",
    "exp_types": "exp_type instrument description",
    "member_types": "member_type description",
    "keywords": "keyword description assumed",
    "specials": "special keyword position",
    "asn_types": "asn_type pipeline",
}
# The rows that the checksum of a ruleset covers, by its kind, and those of its second one.
CONTENT = {
    "table": ("exposure_modes", "errata"),
    "rules": (
        "value_lists", "path_tables", "path_table_terms", "conditions", "condition_terms", "keys",
        "key_sources", "rule_groups", "rule_group_conditions", "rule_group_keys", "asn_rules",
        "asn_rule_roles", "asn_rule_groups", "asn_rule_conditions", "asn_rule_keys",
        "asn_rule_steps", "class_rules", "written_classes", "required_columns",
        "product_suffixes", "known_differences", "intended_overlaps", "ruleset_settings",
        "overall_steps",
    ),
}  # fmt: skip
CHAIN = {"table": (), "rules": ("ruleset_releases", "ruleset_changes", "ruleset_change_items")}
FILES, FILE_COLUMNS = "ruleset_files", {"ruleset_id": int, "path": str, "text": str}
OWNED = (FILES, *CONTENT["table"], *CONTENT["rules"], *CHAIN["rules"])
CATALOG_TABLES = (CATALOG, *WORDS, "rulesets", *OWNED)
RUN_TABLES = ("runs", *(table for table in ROWS if table != CATALOG))
RULESET_COLUMNS = {
    "ruleset_id": int, "label": str, "kind": str, "status": str, "title": str, "source": str,
    "effective_from": TEXT, "effective_until": TEXT, "implements": (int, None),
    "extends": (int, None), "checksum": str, "changes_checksum": TEXT, "published_at": str,
    "published_by": TEXT, "retroactive": TEXT,
}  # fmt: skip
MOMENT_TYPE, DAY_TYPE = "timestamp[us, tz=UTC]", "date32[day]"
TYPES = {int: "int64", str: "string", bool: "bool"}
# Of columns that are text in a digest.
STORED = {
    **dict.fromkeys(("started_at", "finished_at", "published_at"), MOMENT_TYPE),
    **dict.fromkeys(("effective_from", "effective_until"), DAY_TYPE),
}
EPOCH = datetime.datetime(1970, 1, 1)
# Rows, and bytes of the last file, that are read at a time.
BATCH = 1_000


def check_files(folder, tables):
    """Refuse what is no folder with exactly the files of some tables."""
    if not stat.S_ISDIR(folder.lstat().st_mode):
        raise ValueError("it is no folder")
    found = {one.name for one in folder.iterdir()}
    wanted = {f"{table}.parquet" for table in tables}
    for name in sorted(found ^ wanted):
        raise ValueError(f"{name[:40]!a} is {'missing' if name in wanted else 'unknown'}")


def open_file(path):
    if not stat.S_ISREG(path.lstat().st_mode):
        raise ValueError("it is no file")
    return path.open("rb")


def check_columns(schema, columns):
    """Refuse columns that are others than those told, if any are, or that no digest can cover."""
    names = list(columns or schema.names)
    if len(set(names)) != len(names):
        raise ValueError("a column is there twice")
    if schema.names != names:
        raise ValueError("its columns are others, or in another order")
    for name, found in zip(names, map(str, schema.types)):  # noqa: B905
        wanted = {MOMENT_TYPE, DAY_TYPE, *TYPES.values()}
        if columns:
            kind = columns[name][0] if isinstance(columns[name], tuple) else columns[name]
            wanted = {STORED.get(name, TYPES[kind])}
        if found not in wanted:
            raise ValueError(f"its column {name[:40]!a} is of another type")


def check_nulls(batch, columns):
    for name, kind in (columns or {}).items():
        if not isinstance(kind, tuple) and batch.column(name).null_count:
            raise ValueError(f"its column {name!a} lacks a value")


def values_of(column):
    """Give the values of a column as the digests take them."""
    kind = str(column.type)
    if kind == MOMENT_TYPE:
        # From numbers, as pyarrow would look for the time zone.
        step = datetime.timedelta(microseconds=1)
        moments = [
            None if one is None else EPOCH + one * step for one in column.cast("int64").to_pylist()
        ]
        return [one and one.strftime("%Y-%m-%dT%H:%M:%S.%fZ") for one in moments]
    if kind == DAY_TYPE:
        return [one and one.isoformat() for one in column.to_pylist()]
    return column.to_pylist()


def parquet_rows(folder, table, columns=None):
    """Give the names of the columns, and then the rows, some at a time."""
    import pyarrow
    from pyarrow import parquet

    path = folder / f"{table}.parquet"
    try:
        with open_file(path) as stream:
            file = parquet.ParquetFile(stream)
            check_columns(file.schema_arrow, columns)
            yield file.schema_arrow.names
            for batch in file.iter_batches(BATCH):
                # A place outside its text, in a damaged file, would end the process.
                batch.validate(full=True)
                check_nulls(batch, columns)
                yield from zip(*map(values_of, batch.columns))  # noqa: B905
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        raise ValueError(f"{path.name}: {' '.join(str(error).split())[:200]}") from None


def parquet_objects(folder, table, columns=None):
    names, *rows = parquet_rows(folder, table, columns)
    return [dict(zip(names, row)) for row in rows]  # noqa: B905


def sha256(value):
    return hashlib.sha256(compact(value)).hexdigest()


def checksum(first, owned, tables):
    """Give the checksum of something and of rows by table, whatever their order."""
    rows = {
        table: sorted(json.dumps(row, sort_keys=True) for row in owned[table]) for table in tables
    }
    return sha256([*first, rows])


class Catalog:
    """The entries of the catalog, and what they are of, while their folders are read."""

    def __init__(self):
        self.problems, self.entries, self.rulesets = [], [], {}

    def add(self, folder, until):
        """Read what the catalog got up to an entry."""
        check_files(folder, CATALOG_TABLES)
        columns = dict(zip(COLUMNS[CATALOG].split(), ROWS[CATALOG]))  # noqa: B905
        _, *entries = parquet_rows(folder, CATALOG, columns)
        if [row[0] for row in entries] != list(range(len(self.entries) + 1, until + 1)):
            self.problems.append(f"{folder.name}: its entries do not follow those before it")
        self.entries += entries
        found = [*self.words(folder), *self.published(folder)]
        digests = {(table, name): digest for table, name, digest in found}
        if len(found) != len(digests):
            self.problems.append(f"{folder.name}: something is there twice")
        for number, table, name, digest in entries:
            if digests.pop((table, name), None) != digest:
                self.problems.append(f"entry {number}, {name[:40]!a}: it is gone, or was changed")
        for table, name in sorted(digests, key=repr):
            self.problems.append(f"{folder.name}, {table}: {str(name)[:40]!a} has no entry")

    def words(self, folder):
        """Give each word with its table and its digest."""
        for table, columns in WORDS.items():
            names, *rows = parquet_rows(folder, table)
            if names != columns.split():
                raise ValueError(f"{table}.parquet: its columns are others, or in another order")
            for row in rows:
                yield table, row[0], sha256(row)

    def published(self, folder):
        """Give each ruleset with its table and its digest; its rows are to match its checksums."""
        rows = parquet_objects(folder, "rulesets", RULESET_COLUMNS)
        # Those that it implements or extends may come after it.
        self.rulesets.update((row["ruleset_id"], row) for row in rows)
        owned = {row["ruleset_id"]: {table: [] for table in OWNED} for row in rows}
        for table in OWNED:
            for row in parquet_objects(folder, table, FILE_COLUMNS if table == FILES else None):
                owner = owned.get(row.pop("ruleset_id", None))
                if owner is None:
                    self.problems.append(
                        f"{folder.name}, {table}: a row is of none of its rulesets"
                    )
                else:
                    owner[table].append(row)
        for row in rows:
            yield "rulesets", row["label"], self.ruleset(row, owned[row["ruleset_id"]])

    def ruleset(self, stored, owned):
        row = {name: stored[name] for name in stored if name != "ruleset_id"}
        parent = self.rulesets.get(row["extends"])
        for word in ("implements", "extends"):
            row[word] = self.rulesets.get(row[word], {}).get("label")
        for word in ("published_by", "retroactive"):
            if row[word] is None:
                del row[word]
        kind = row["kind"]
        content, chain = CONTENT.get(kind, ()), CHAIN.get(kind, ())
        sums = parent and [parent["checksum"], parent["changes_checksum"]]
        found = {
            "checksum": checksum([kind, row["implements"]], owned, content),
            "changes_checksum": checksum([sums], owned, chain) if chain else None,
        }
        others = any(owned[table] for table in OWNED if table not in (FILES, *content, *chain))
        if others or any(row[name] != value for name, value in found.items()):
            name = row["label"][:40]
            self.problems.append(f"ruleset {name!a}: its rows do not match its checksum")
        files = {file["path"]: file["text"] for file in owned[FILES]}
        if len(files) != len(owned[FILES]):
            self.problems.append(f"ruleset {row['label'][:40]!a}: a file is there twice")
        return sha256({**row, "files": files})


def run_lines(folder, number, entries):
    """Give a run of a folder as the lines of a ledger; the entries are those not given yet."""
    check_files(folder, RUN_TABLES)
    rows = parquet_objects(folder, "runs", RUN_COLUMNS)
    if len(rows) != 1:
        raise ValueError(f"runs.parquet has {len(rows)} rows")
    header = {RUN_ID: number, **rows[0]}
    stored, previous, digest = (header.pop(name) for name in CHAINED)
    sections = read(stored.encode() + b"\n")
    yield {"run": header, "sections": sections, "previous": previous, "digest": digest}
    yield from ([CATALOG, *entry] for entry in entries(sections))
    for table in RUN_TABLES[1:]:
        columns = dict(zip(COLUMNS[table].split(), ROWS[table]))  # noqa: B905
        # The name of the folder stands for a column.
        at = list(columns).index(RUN_ID) if RUN_ID in columns else None
        columns.pop(RUN_ID, None)
        found = parquet_rows(folder, table, columns)
        next(found)
        for row in found:
            yield [table, *row] if at is None else [table, *row[:at], number, *row[at:]]


def verify_lake(path, known=None):
    """Verify a folder of Parquet files; see `verify`."""
    numbers = {RUN_ID: [], "catalog": []}
    for one in path.iterdir():
        match = FOLDER.fullmatch(one.name)
        if match:
            numbers[match[1]].append(int(match[2]))
        elif one.name != LEDGER:
            raise ValueError(f"{one.name[:40]!a} is unknown")
    end, catalog, ledger = read_end(path / LEDGER), Catalog(), Ledger()
    for until in sorted(numbers["catalog"]):
        placed(catalog.add, path / f"catalog={until}", until)
    ledger.problems += catalog.problems
    if len(catalog.entries) != end["entries"]:
        ledger.problems.append(f"{LEDGER}: it does not match the entries of the catalog")
    covered = 0

    def entries(sections):
        nonlocal covered
        before, covered = covered, max(covered, sections.get(CATALOG, [0])[0])
        return catalog.entries[before:covered]

    def add_run(folder, number):
        for line in run_lines(folder, number, entries):
            ledger.add(line)

    for number in sorted(numbers[RUN_ID]):
        placed(add_run, path / f"{RUN_ID}={number}", number)
    ledger.add({"runs": end["runs"], "head": end["head"]})
    return result(ledger, known)


def placed(function, folder, number):
    try:
        function(folder, number)
    except ValueError as error:
        raise ValueError(f"{folder.name}: {error}") from None


def read_end(path):
    try:
        with open_file(path) as stream:
            found = read(stream.read(BATCH))
        check_end(found)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None
    return found


def check_end(found):
    check_keys(found, LAKE, "it")
    if (found["format"], found["version"]) != ("asnrules lake", 1):
        raise ValueError("it does not say that this is a lake of this version")


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
        if Path(path).is_dir():
            count, head, problems = verify_lake(Path(path), *known)
        else:
            with Path(path).open("rb") as stream:
                lines = iter(lambda: stream.readline(LONGEST), b"")
                count, head, problems = verify(lines, *known)
    except ImportError:
        print(f"{path!a}: a folder needs pyarrow; pip install pyarrow", file=sys.stderr)
        return 2
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
