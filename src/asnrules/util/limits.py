"""How big what is read may be; docs/limits.md says what each limit is for.

Far above what the observatory makes, and low enough that what is refused is refused at once.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

POOL_BYTES = 8 << 30  # Bytes of a pool, unpacked
POOL_LINES = 5_000_000  # Lines of a pool, or rows of a table
POOL_COLUMNS = 2_000  # Columns of a pool
LINE_BYTES = 1 << 20  # Bytes of a line of a pool, or of a row of a table
CELL_CHARACTERS = 131_072  # Characters of a cell of a pool, or of a table of a ruleset
TABLE_BYTES = 256 << 20  # Bytes of a table in ECSV, Parquet or Arrow, unpacked; read as a whole
RULESET_FILE_BYTES = 100_000  # Bytes of a file of a ruleset. The largest that is shipped has 12,000
TOML_DOTS = 1_000  # Dots in a line of a TOML file
NUMBER_DIGITS = 4_000  # Digits of a number in a file of a ruleset
TOML_DEPTH = 20  # How deep a TOML file may be nested
PAGE_BYTES = 64_000  # Bytes of the published page. The published one has 6,000
PAGE_LINES = 1_500  # Lines of the published page
PATTERN_LENGTH = 200  # Characters of a pattern of a condition
PATTERN_STATES = 50  # States of the automaton of a pattern of a condition
PATTERNS = 50  # Patterns of a ruleset, with those of the rulesets that it extends
# What JSON of this size takes in memory is some hundred MiB.
ASSOCIATION_BYTES = 16 << 20  # Bytes of an association file
ASSOCIATION_MEMBERS = 20_000  # Members of an association that was made elsewhere
# PostgreSQL's indexes take no more than some 2,700 bytes.
ASSOCIATION_TEXT = 500  # Characters of a value in it
ASSOCIATION_FILES = 100_000  # Association files of one import
QUERY_CHARACTERS = 1_000_000  # Characters of an SQL query


@contextmanager
def bounded_memory(size: int) -> Iterator[None]:
    """Let this process take no more memory than it has and `size` bytes more.

    What needs more fails with MemoryError. Only Linux tells how much a process has; elsewhere
    nothing is bounded.
    """
    if sys.platform != "linux":
        yield
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = pages * resource.getpagesize() + size
    known = [limit for limit in (soft, hard, wanted) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min(known), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
