"""Write the document of the history of the rules, from the chain of rulesets.

`python tests/chronicle.py` renews docs/history.md. It makes the associations of the example pool
before and after each change, which takes a minute.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine

from asnrules.associations.model import Association
from asnrules.catalog.changes import NamedChange, changes_of
from asnrules.catalog.open import open_catalog
from asnrules.catalog.rulesets import RULES, RulesetInfo, list_rulesets
from asnrules.database.engines import transaction
from asnrules.engine.generation import Wanted
from asnrules.pools.evaluation import EvaluatedPools, evaluate_pools
from asnrules.rules.model import Ruleset
from asnrules.rules.read_rules import RulesReader
from asnrules.rules.words import shipped_words
from asnrules.util.environment import shipped

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "history.md"
POOL = ROOT / "examples" / "jw04231_20261105t101500_pool.csv"
SEEDS = shipped("seed") / "rulesets"
WIDEST = 40
"""Signs of the longest bar."""

HEAD = """# The history of the rules

Written from the rulesets of the catalog; `python tests/chronicle.py` renews it. Since 2021 the
associations of Stage 2 were made by {releases} releases of jwst. They decided by {rulesets}
rulesets, each made of the one before by named changes, {changes} in all. The commands
`rulesets list`, `rulesets releases`, `rulesets blame` and `rulesets diff` tell the same, and
`SELECT * FROM v_rule_changes` each item that changed.

| what changed most | by |
|---|---|
"""

THEMES = {
    "numbers have five digits": ["1.8.1-five-digits"],
    "the order of the numbers": [
        "1.8.5-numbers-by-rule", "1.11.0-numbers-reversed", "1.14.0-numbers-by-row",
    ],
    "which of several like associations stays": [
        "1.11.0-prune-memberships", "1.11.0-prune-products", "1.12.0-prune-alike",
        "1.20.0-prune-identity", "2.0.0-prune-lengths", "1.8.5-tie-by-rule-rank",
        "1.14.0-tie-by-name",
    ],
    "imprints have associations of their own, and are chosen by tile, target and dither": [
        "1.9.4-imprint-own", "1.9.4-special-imprint", "1.15.0-spec-tile-dither",
        "1.18.0-spec-dither-free", "1.18.0-imprint-pruning",
    ],
    "which direct images a grism exposure takes": [
        "1.2.1-wfss-instrument", "1.7.1-wfss-nis-pupil", "1.7.1-wfss-nrc-detector",
        "1.15.0-wfss-parallel", "1.19.0-wfss-nis-subarray", "2.0.0-mir-wfss", "3.0.0-parallel-mir",
    ],
    "which nods are the background of another": [
        "1.8.5-along-slit-out-of-spec", "1.9.0-ifu-nod-tile", "1.14.0-msa-primary",
        "1.16.0-nod-unknowns", "1.16.0-s1600a1-neighbours", "1.19.0-nod-target",
        "2.0.0-lrs-nod-base",
    ],
    "reference stars count as science": ["1.10.0-psf-science"],
    "spectra of NIRSpec need an optical path that it has": [
        "1.3.2-lamp-paths", "1.12.0-ifu-paths", "1.15.0-spec-ifu-path", "1.15.0-brightobj-path",
    ],
    "images for wavefront sensing make image2": ["2.0.0-wfsc-image2"],
}  # fmt: skip
"""What people ask for first, with the changes."""

PERIODS = """## Releases and periods

A ruleset is in force from the first day on which operations ran one of its releases. Where no such
day is known, the day of a tag stands for it, but only before the first and after the last known
day. Rules without such a day were never in operations. Of two that would begin on one day the later
one stays.

| ruleset | releases | in force from | goes by | table | changes |
|---|---|---|---|---|---|
"""

GOES_BY = {
    "operations": "operations",
    "tag": "the day of a tag",
    "superseded": "the next began on the same day",
    "never": "never in operations",
    "": "",
}

PICTURE = """## What the changes touch

The example, `{pool}`, has {exposures} exposures. Each line tells how many of them are in other
associations after a change than before it: of another type, rule, candidate or product, or with
other members. `names` counts those for which names or numbers alone are others.

```text
"""

REST = """```

The other {count} changes are about exposures that the example does not have, or about none. Most
have an example of their own beside them in `seed/rulesets`, which is run as a test.
"""

NEXT = """## The next release

[On the day of a release](rules.md#the-next-release) `rulesets conform` compares the newest ruleset
with the release installed. If they differ:

1. Make a folder `seed/rulesets/jwst-RELEASE` with a `ruleset.toml` that extends the newest one (see
   [Rules as changes on others](rules.md#rules-as-changes-on-others)). It has a `[[change]]` for
   each thing that is decided otherwise, with `id`, `why` and `source`, and a `[[change.example]]`:
   a few exposures, with the associations made of them before the change and after it.
2. Add the release to `seed/releases.csv`, with the day of its tag; add the day on which operations
   first ran it once that is published.
3. `uv run --group dev pytest tests/catalog/test_examples.py` runs the examples. `rulesets check`,
   `diff` and `conform` tell what the changes come to.
4. `python tests/chronicle.py` renews this page.

If they do not differ, add the release to `releases` of the newest ruleset, and do steps 2 and 4.
"""


class Touched(NamedTuple):
    """How many exposures are in other associations after a change than before it."""

    exposures: int
    names: int
    """Those for which names or numbers alone are others."""


def touched(pools: EvaluatedPools, labels: Iterable[str]) -> dict[str, Touched]:
    """Count, for each change of rulesets, the exposures of pools that it touches."""
    reader = RulesReader(shipped_words())
    found = {}
    for label in labels:
        made: tuple[Ruleset, list[Association]] | None = None
        variants = reader.variants(SEEDS / label)
        names = [change.change for change in variants.changes]
        rules = [variants.made(names[:number]) for number in range(len(names) + 1)]
        for name, before, after in zip(names, rules[:-1], rules[1:], strict=True):
            was = made[1] if made and made[0] is before else _associations(pools, before)
            now = _associations(pools, after)
            made = after, now
            others = _of_exposures(was, by_name=False), _of_exposures(now, by_name=False)
            named = _of_exposures(was, by_name=True), _of_exposures(now, by_name=True)
            count = _differing(*others)
            found[name] = Touched(count, _differing(*named) - count)
    return found


def _associations(pools: EvaluatedPools, ruleset: Ruleset) -> list[Association]:
    wanted = Wanted(diagnosed=False, explained=False)
    return pools.under(ruleset).generation(wanted).run().associations


def _of_exposures(made: Iterable[Association], *, by_name: bool) -> dict[int, set[object]]:
    """Give what the associations of each exposure have in them."""
    found: dict[int, set[object]] = {}
    for one in made:
        products = tuple(
            (product.name, frozenset((each.expname, each.exptype) for each in product.members))
            for product in one.products
        )
        name = one.asn_name if by_name else ""
        content = (one.asn_type, one.asn_rule, one.asn_id, name, products)
        for member in (member for product in one.products for member in product.members):
            if member.exposure is not None:
                found.setdefault(member.exposure, set()).add((content, member.exptype))
    return found


def _differing(one: Mapping[int, set[object]], other: Mapping[int, set[object]]) -> int:
    return sum(one.get(key) != other.get(key) for key in {*one, *other})


def example(engine: Engine) -> EvaluatedPools:
    """Evaluate the example pool."""
    return evaluate_pools(engine, [POOL])


def chronicle(engine: Engine, counts: Mapping[str, Touched], exposures: int) -> str:
    """Give the text of the document.

    Parameters
    ----------
    counts : mapping of str to Touched
        For each change; see `touched`.
    exposures : int
        How many the example has.
    """
    with transaction(engine) as connection:
        infos = [info for info in list_rulesets(connection) if info.kind == RULES]
        changes = changes_of(connection, infos)
    head = HEAD.format(
        releases=sum(len(info.releases) for info in infos),
        rulesets=len(infos),
        changes=len(changes),
    )
    themes = "".join(
        f"| {theme} | {', '.join(f'`{name}`' for name in names)} |\n"
        for theme, names in THEMES.items()
    )
    picture = PICTURE.format(exposures=exposures, pool=POOL.relative_to(ROOT))
    bars = list(_bars(changes, counts))
    parts = [
        head + themes,
        PERIODS + "".join(map(_period, infos)),
        picture + "".join(bars) + REST.format(count=len(changes) - len(bars)),
        "## All changes\n",
        *_listed(infos, changes),
        NEXT,
    ]
    return "\n".join(parts)


def _period(info: RulesetInfo) -> str:
    return (
        f"| {info.ruleset} | {', '.join(info.releases)} | {info.effective_from or 'never'} "
        f"| {GOES_BY[info.goes_by or '']} | {info.implements} "
        f"| {info.change_count or 'the first'} |\n"
    )


def _bars(changes: Sequence[NamedChange], counts: Mapping[str, Touched]) -> Iterator[str]:
    touching = {one.change: counts[one.change] for one in changes if any(counts[one.change])}
    width = max(map(len, touching), default=0)
    most = max((count.exposures for count in touching.values()), default=0) or 1
    for name, count in touching.items():
        bar = "#" * -(-count.exposures * WIDEST // most)
        names = f"  names: {count.names}" if count.names else ""
        yield f"{name:{width}} {count.exposures:4} {bar}{names}".rstrip() + "\n"


def counted(document: str) -> dict[str, Touched]:
    """Read the counts of a document, of those changes that touch anything."""
    lines = re.finditer(r"^(\S+) +([0-9]+) ?#*(?:  names: ([0-9]+))?$", document, re.MULTILINE)
    return {line[1]: Touched(int(line[2]), int(line[3] or 0)) for line in lines}


def _listed(infos: Sequence[RulesetInfo], changes: Sequence[NamedChange]) -> Iterator[str]:
    for info in infos:
        own = [change for change in changes if change.ruleset == info.ruleset]
        if own:
            yield f"### {info.ruleset}\n"
            yield "".join(f"- `{one.change}`: {one.why} ({one.source})\n" for one in own)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        catalog = open_catalog(str(Path(folder) / "catalog.db"))
        pools = example(catalog)
        with transaction(catalog) as connection:
            chain = [info.ruleset for info in list_rulesets(connection) if info.change_count]
        counts = touched(pools, chain)
        DOCUMENT.write_text(chronicle(catalog, counts, len(pools.exposures)))
