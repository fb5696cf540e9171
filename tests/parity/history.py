"""What every release of jwst made of the pools of the parity folder, and what its rules make.

    cd tests && uv run python -m parity.history [TEXT ...] [--release R ...] [--differences]

prints for each release how many pools are equal: names, numbers, members, all that
`shared/parity/canon.py` keeps. With TEXT only for pools with one of these texts in their names.
`--pools` takes another folder of pools, with histories that `shared/tools/history_oracle.py` made.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from asnrules.errors import PoolError
from asnrules.rules.text_files import read_toml
from parity.cases import PARITY, RULESETS, Case, Document, cases, ruleset, script, version

Made = list[Document] | str


class Release(NamedTuple):
    """A release, with the folder of the ruleset that has it."""

    name: str
    folder: Path


class Comparison(NamedTuple):
    """What a release made of a pool, and what its rules make."""

    release: Release
    case: Case
    expected: list[Document] | None
    made: Made

    @property
    def is_equal(self) -> bool:
        return self.expected == self.made

    def differences(self) -> Iterator[str]:
        """Tell what differs, an association a line."""
        if isinstance(self.made, str) or self.expected is None:
            yield f"        {self.made if isinstance(self.made, str) else 'the release stops'}"
            return
        for sign, ours, theirs in (
            ("-", self.expected, self.made),
            ("+", self.made, self.expected),
        ):
            for one in ours:
                if one not in theirs:
                    yield f"        {sign} {_line(one)}"


def compared(case: Case, release: Release) -> Comparison:
    """Compare what a release made of a pool with what its rules make."""
    return Comparison(release, case, case.made_by(release.name), _made(case, release.folder))


@cache
def releases(
    labels: tuple[str, ...] = (), folders: tuple[Path, ...] = (RULESETS,)
) -> tuple[Release, ...]:
    """Give the releases of rulesets, of all by default, in their order."""
    found: dict[str, Release] = {}
    for folder in folders:
        for path in sorted(folder.glob("*/ruleset.toml")):
            document = read_toml(path)
            if document["kind"] == "rules" and (not labels or document["label"] in labels):
                for release in document["releases"]:
                    found[release] = Release(release, path.parent)
    return tuple(sorted(found.values(), key=lambda one: version(one.name)))


def at_changes(case: Case, known: Sequence[Release]) -> list[Release]:
    """Give the releases at which what is made of a pool changes, the ones before, and the last."""
    chosen = {known[-1]} if known else set()
    for change in case.changes:
        after = [one for one in known if version(one.name) >= version(change)]
        chosen.update(after[:1])
        chosen.update([one for one in known if one not in after][-1:])
    return sorted(chosen, key=lambda one: version(one.name))


@lru_cache(maxsize=256)
def _made(case: Case, folder: Path) -> Made:
    rules = ruleset(folder.name, folder.parent)
    try:
        made: list[Document] = script("canon").canon_list(case.generated(rules))
    except PoolError as error:
        return str(error)
    return made


def _line(one: Document) -> str:
    members = ", ".join(
        f"{member['expname']} {member['exptype']}"
        for product in one["products"]
        for member in product["members"]
    )
    names = " ".join(product["name"] for product in one["products"])
    return f"{one['asn_name']} {one['asn_rule']} {one['target']} {names}: {members}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("text", nargs="*", help="in the names of pools")
    parser.add_argument("--ruleset", action="append", default=[], help="only the releases of this")
    parser.add_argument("--release", action="append", default=[], help="only this one")
    parser.add_argument("--pools", type=Path, default=PARITY, help="a folder of pools")
    parser.add_argument("--folder", type=Path, help="of rulesets that are not in seed/rulesets")
    parser.add_argument("--differences", action="store_true", help="print what differs")
    options = parser.parse_args()
    folders = (RULESETS, options.folder) if options.folder else (RULESETS,)
    texts = options.text or [""]
    chosen = [
        case
        for case in cases(options.pools)
        if case.changes and any(text in case.name for text in texts)
    ]
    print("release  ruleset      " + "".join(f"{kind:>10}" for kind in (*_kinds(chosen), "stops")))
    differ = False
    for release in releases(tuple(options.ruleset), folders):
        if not options.release or release.name in options.release:
            found = [compared(case, release) for case in chosen]
            print(_row(release, found), flush=True)
            for one in found:
                if one.expected is not None and not one.is_equal:
                    differ = True
                    print(f"    {one.case.name}")
                    if options.differences:
                        print(*one.differences(), sep="\n")
    return int(differ)


def _row(release: Release, found: Sequence[Comparison]) -> str:
    """Tell of each kind of pools how many are equal, and where the release stops."""
    counts = Counter((_kind(one.case), one.is_equal) for one in found if one.expected is not None)
    cells = [
        f"{counts[kind, True]}/{counts[kind, True] + counts[kind, False]}"
        for kind in _kinds([one.case for one in found])
    ]
    cells.append(str(sum(one.expected is None for one in found)))
    return f"{release.name:8} {release.folder.name:12} " + "".join(f"{one:>10}" for one in cells)


def _kinds(chosen: Sequence[Case]) -> list[str]:
    return sorted({_kind(case) for case in chosen})


def _kind(case: Case) -> str:
    return case.name.rpartition("/")[0] or "real"


if __name__ == "__main__":
    raise SystemExit(main())
