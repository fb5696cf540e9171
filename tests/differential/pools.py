"""Random pools that are dense: few values, so that exposures meet in associations."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from hypothesis import strategies as st

from differential.families import COMMON, Alphabets, Family, Kind

NEVER_LEFT_OUT = {"filename", "asn_candidate", "program", "exp_type", "pntgtype", "targetid"}
NEVER_LEFT_OUT |= {"subarray", "pupil"}
"""Columns that are never left out: jwst stops without them, or both make nothing."""

SUFFIX = "suffix"
"""Varies like a column, and becomes a part of the file name."""

SHARED = (
    ("c1000", "background"),
    ("c1001", "mosaic"),
    ("c1000", "direct_image"),
    ("c1001", "direct_image"),
    ("c1001", "background"),
    ("c100", "background"),
)
ODD_CANDIDATES = ("null", "1000")
COLUMNS = ("filename", *(column for column in COMMON if column != SUFFIX), "asn_candidate")


@dataclass(frozen=True)
class Asked:
    """The options of a run."""

    candidates: tuple[str, ...] = ()
    dms: bool = False
    merge: bool = False
    version_id: str | None = None


class RandomPool:
    """A pool: its cells as they stand in the file, in upper case on the way there if so wanted."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Mapping[str, str]], upper: bool):
        self.columns = columns
        self.rows = rows
        self.upper = upper

    def __repr__(self) -> str:
        return f"\n{self.brief()}"

    def text(self, *, is_sorted: bool = False) -> str:
        """Write it; as it stands, or as jwst is to read it."""
        rows = self.sorted_rows() if is_sorted else self.rows
        lines = ["|".join(self.columns)]
        lines += ["|".join(row[column] for column in self.columns) for row in rows]
        text = "\n".join([*lines, ""])
        return text.upper() if self.upper else text

    def values(self) -> list[dict[str, str]]:
        """Give the rows as jwst reads them: a blank is `null`, cut to the longest of its column."""
        widths = {
            column: max([1, *(len(row[column].strip()) for row in self.rows)])
            for column in self.columns
        }
        return [
            {
                column: row[column].strip().lower() or "null"[: widths[column]]
                for column in self.columns
            }
            for row in self.rows
        ]

    def sorted_rows(self) -> list[Mapping[str, str]]:
        """Give the rows by file name, then by the values of the other columns in order of name."""
        names = sorted(self.columns)
        values = self.values()
        places = sorted(
            range(len(values)),
            key=lambda at: (
                values[at]["filename"],
                [_compared(values[at], name) for name in names],
            ),
        )
        return [self.rows[place] for place in places]

    def brief(self) -> str:
        """Show it: what all rows share, then what they do not."""
        rows = self.sorted_rows()
        if not rows:
            return "no rows"
        same = {name for name in self.columns if len({row[name] for row in rows}) == 1}
        lines = ["all: " + " ".join(f"{name}={rows[0][name]}" for name in sorted(same))]
        lines += [
            "  " + " ".join(f"{name}={row[name]}" for name in self.columns if name not in same)
            for row in rows
        ]
        absent = sorted(set(COLUMNS) - set(self.columns))
        return "\n".join([*lines, f"no columns: {' '.join(absent)}", f"upper: {self.upper}"])


def _compared(row: Mapping[str, str], column: str) -> list[str]:
    """Give what rows of one file name are compared by: the order of candidates is nothing."""
    pairs = re.findall(r"\([^()]*\)", row[column]) if column == "asn_candidate" else []
    return sorted(pairs) or [row[column]]


@st.composite
def pools(draw: st.DrawFn, family: Family) -> RandomPool:
    """Draw a pool of a family.

    Most columns have their usual value throughout; a few vary over two or three values.
    """
    kinds = draw(st.lists(st.sampled_from(family.kinds), min_size=1, max_size=3, unique_by=id))
    varied = [column for column in family.dense if draw(st.booleans())]
    others = sorted({*COMMON, *(column for kind in kinds for column in kind)} - {*family.dense})
    varied += draw(st.lists(st.sampled_from(others), max_size=family.others, unique=True))
    repeats_names = seldom(draw, 6)
    if repeats_names and draw(st.booleans()):
        varied.append(SUFFIX)
    alphabets = [_some(draw, kind, varied) for kind in kinds]
    # Sorted by type: of an id with two types, asnrules works the types in this order, jwst in
    # that of the text.
    shared = sorted(
        draw(st.lists(st.sampled_from(SHARED), max_size=2, unique=True)), key=itemgetter(1)
    )
    observations = draw(st.integers(1, 3))
    has_odd_candidates = seldom(draw, 12)
    has_no_observations = seldom(draw, 4)
    rows = []
    for number in range(draw(st.integers(2, 14))):
        chosen = draw(st.sampled_from(alphabets))
        row = {
            column: values[0] if len(values) == 1 else draw(st.sampled_from(values))
            for column, values in chosen.items()
        }
        observation = draw(st.integers(1, observations))
        in_shared = [pair for pair in shared if draw(st.booleans())]
        pairs = [(f"o{observation:03}", "observation"), *in_shared]
        if has_no_observations and in_shared and draw(st.booleans()):
            pairs = in_shared
        row["asn_candidate"] = str(pairs)
        if has_odd_candidates and draw(st.booleans()):
            row["asn_candidate"] = draw(st.sampled_from(ODD_CANDIDATES))
        exposure = draw(st.integers(0, 3)) if repeats_names else number
        stem = f"jw00001{observation:03}001_02101_{exposure:05}_{row['detector'] or 'none'}"
        rows.append({**row, "filename": f"{stem}{row.pop(SUFFIX)}"})
    absent: set[str] = set()
    if seldom(draw, 4):
        absent = draw(st.sets(st.sampled_from(sorted(set(COLUMNS) - NEVER_LEFT_OUT)), max_size=3))
    return RandomPool(
        columns=tuple(column for column in COLUMNS if column not in absent),
        rows=tuple(reversed(rows)),
        upper=seldom(draw, 6),
    )


@st.composite
def options(draw: st.DrawFn, pool: RandomPool) -> Asked:
    """Draw the options of a run: mostly none."""
    if not seldom(draw, 3):
        return Asked()
    ids = sorted(
        {name for row in pool.values() for name in re.findall("[oc][0-9]+", row["asn_candidate"])}
    )
    some = st.lists(st.sampled_from(ids), max_size=2, unique=True) if ids else st.just([])
    return Asked(
        candidates=tuple(draw(some)),
        dms=draw(st.booleans()),
        merge=draw(st.booleans()),
        version_id=draw(st.sampled_from((None, "v1", "20261125t101500"))),
    )


def _some(draw: st.DrawFn, kind: Kind, varied: list[str]) -> Alphabets:
    """Choose the values of each column: one, or two or three of those that it varies over."""
    alphabets = {}
    for column, values in {**COMMON, **kind}.items():
        alphabets[column] = values[:1]
        if column in varied and len(values) > 1:
            alphabets[column] = tuple(
                draw(st.lists(st.sampled_from(values), min_size=2, max_size=3, unique=True))
            )
    return alphabets


def seldom(draw: st.DrawFn, one_in: int) -> bool:
    return draw(st.integers(1, one_in)) == one_in
