"""Compare a ruleset with an installed jwst: what the two make of the same pools."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import Engine

from asnrules.analysis.probes import probes
from asnrules.associations.comparison import (
    Either,
    contents,
    differences,
    field_differences,
    file_name,
    paired,
    surplus,
)
from asnrules.associations.model import Association, members_of
from asnrules.associations.reader import ForeignAssociation
from asnrules.catalog.check import load_vocabulary
from asnrules.catalog.classification import Classifier, load_classifier
from asnrules.catalog.rulesets import RULES, choose_ruleset
from asnrules.catalog.vocabulary import asn_type_names, keyword_names, known_exp_types
from asnrules.database.engines import transaction
from asnrules.engine.generation import Wanted
from asnrules.engine.naming import product_name
from asnrules.engine.signatures import SCIENCE
from asnrules.errors import PoolError, UsageError
from asnrules.pools import read_pool
from asnrules.pools.evaluation import evaluate
from asnrules.util.parallel import Progress, processors
from asnrules.util.results import Tabular, shown_briefly
from asnrules.util.text import label as shown_name
from asnrules.workflows.asn_generate import Answer, AsnGenerate
from asnrules.workflows.generate import make_associations
from asnrules.workflows.trial_pools import (
    PROBE,
    Row,
    TrialPool,
    probe_pools,
    read_trial_pool,
    smaller,
)

_TRIES = 60
"""How many smaller pools are tried for a difference."""
_WORKERS = 4
"""The most copies of jwst, of which each takes some hundred MB."""


class Sign(NamedTuple):
    """By what differences are told apart."""

    asn_rule: str
    exp_type: str
    what: str
    """`only jwst` or `only the ruleset` makes it; else the first field that differs; `name` where
    only the name does; `file` or `pool` if that is refused."""


@shown_briefly
@dataclass(slots=True)
class Difference:
    """Something that jwst makes of pools, and the ruleset does not, or the other way round."""

    sign: Sign
    text: str
    """In words, for the smallest pool."""
    pool: TrialPool
    """The smallest that shows it."""
    whole: TrialPool
    """The one in which it was found."""
    count: int = 1
    """How often it was found."""

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return {
            **self.sign._asdict(),
            "count": self.count,
            "difference": self.text,
            "pool": self.pool.rows,
        }


@shown_briefly
@dataclass(slots=True)
class Conformity(Tabular):
    """The result of comparing a ruleset with a release."""

    COLUMNS: ClassVar = ("asn_rule", "exp_type", "what", "count", "difference", "pool")

    ruleset: str
    release: str
    pools: int = 0
    exposures: int = 0
    differences: list[Difference] = field(default_factory=list)
    """By rule and EXP_TYPE."""
    stops: Counter[str] = field(default_factory=Counter)
    """Why asn_generate stopped on pools, which are not compared."""
    seconds: float = 0.0

    def records(self) -> list[dict[str, Any]]:
        """Give each difference as a record."""
        return [one.document() for one in self.differences]

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return {
            "ruleset": self.ruleset,
            "jwst": self.release,
            "pools": self.pools,
            "exposures": self.exposures,
            "seconds": round(self.seconds, 2),
            "differences": self.records(),
            "stops": dict(self.stops),
        }


def conform(
    engine: Engine,
    label: str,
    python: str,
    pools: Sequence[str] = (),
    exp_types: Sequence[str] = (),
    progress: Progress | None = None,
    *,
    probing: bool = True,
) -> Conformity:
    """Compare a ruleset with the jwst of an environment, whose interpreter has the path `python`.

    Compared are probes that are made from the ruleset, of some EXP_TYPEs or all, unless `probing`
    is false, and the pools given.
    """
    if not probing and not pools:
        raise UsageError("rulesets conform: no probes and no pools; give pools")
    if not probing and exp_types:
        raise UsageError("rulesets conform: --exp-type is for probes; leave out --no-probes")
    started = time.monotonic()
    with transaction(engine) as connection:
        classifier = load_classifier(connection, choose_ruleset(connection, RULES, label))
        exp_types = known_exp_types(connection, exp_types)
        keywords = keyword_names(connection)
        vocabulary = load_vocabulary(connection)
        asn_types = asn_type_names(connection)
    given = [read_trial_pool(path, keywords) for path in pools]
    workers = min(processors(), _WORKERS)
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(AsnGenerate(python, asn_types, Path(folder), workers)) as release,
    ):
        made = probes(classifier.ruleset, vocabulary, exp_types or None) if probing else ()
        every = [*given, *probe_pools(made, keywords)]
        found = _Trial(classifier, keywords, release).compared(every, progress)
    found.seconds = time.monotonic() - started
    return found


class _Trial:
    """Tries pools on a ruleset and a release."""

    def __init__(
        self, classifier: Classifier, keywords: Sequence[str], release: AsnGenerate
    ) -> None:
        self._classifier = classifier
        self._keywords = keywords
        self._release = release
        self._path = release.folder / "pool.csv"
        self._suffixes = classifier.ruleset.suffixes

    def compared(self, pools: Sequence[TrialPool], progress: Progress | None) -> Conformity:
        """Compare what the two make of pools; of each difference find the smallest pool."""
        report = Conformity(self._classifier.info.ruleset, self._release.release, len(pools))
        report.exposures = sum(len(pool.rows) for pool in pools)
        found: dict[Sign, Difference] = {}
        waiting, done, stopped = list(pools), 0, 0
        while waiting:
            halves: list[TrialPool] = []
            for pool, answer in zip(waiting, self._answers(waiting), strict=True):
                done += 1
                if progress is not None:
                    progress("pools", min(done, len(pools)), len(pools))
                if answer.stopped is None:
                    for one in self._differences(pool, answer):
                        known = found.setdefault(one.sign, one)
                        known.count += known is not one
                elif parts := pool.halves():
                    halves += parts
                else:
                    name = "" if pool.name == PROBE else f"{shown_name(pool.name)}: "
                    report.stops[f"{name}{answer.stopped}"] += 1
                stopped += answer.stopped is not None
            if stopped == done:
                raise UsageError(
                    f"rulesets conform: asn_generate of jwst {report.release} stops on every pool: "
                    f"{answer.stopped}; try it in its environment"
                )
            waiting = halves
        for number, one in enumerate(found.values(), 1):
            one.pool, one.text = self._smallest(one)
            if progress is not None:
                progress("differences", number, len(found))
        report.differences = sorted(found.values(), key=lambda one: one.sign)
        return report

    def _answers(self, pools: Sequence[TrialPool]) -> Iterator[Answer]:
        return self._release.answers(pool.content() for pool in pools)

    def _smallest(self, difference: Difference) -> tuple[TrialPool, str]:
        """Find the smallest pool that shows a difference, and the difference in it."""
        texts: dict[bytes, str] = {}

        def shows(pool: TrialPool) -> bool:
            (answer,) = self._answers([pool])
            if answer.stopped is None:
                for one in self._differences(pool, answer):
                    if one.sign == difference.sign:
                        texts[pool.content()] = one.text
                        return True
            return False

        start = difference.pool if shows(difference.pool) else difference.whole
        pool = smaller(start, shows, _TRIES)
        return pool, texts.get(pool.content(), difference.text)

    # ------------------------------------------------------------------ comparing

    def _made(self, content: bytes) -> Sequence[Association]:
        """Make the associations of a pool by the ruleset."""
        self._path.write_bytes(content)
        compares = self._classifier.ruleset.settings.taken_once != "file"
        pool = read_pool(self._path, self._keywords, compares=compares)
        evaluated = evaluate(self._classifier, self._keywords, [pool])
        wanted = Wanted(diagnosed=False, explained=False)
        return make_associations(evaluated, wanted).associations

    def _differences(self, pool: TrialPool, answer: Answer) -> Iterator[Difference]:
        """Give the differences in a pool on which asn_generate does not stop."""
        for text in answer.unread:
            yield Difference(Sign("", "", "file"), text, pool, pool)
        try:
            made = self._made(pool.content())
        except PoolError as error:
            if answer.associations:
                yield Difference(Sign("", "", "pool"), str(error), pool, pool)
            return
        parts = {
            product_name(row["filename"], self._suffixes): (part, row)
            for part in pool.parts
            for row in part
        }
        for one, what, text in _told(answer.associations, made, self._suffixes):
            part, row = self._science(one, parts)
            sign = Sign(one.asn_rule, row.get("exp_type", "").upper(), what)
            yield Difference(sign, text, pool.with_rows(part or pool.rows), pool)

    def _science(
        self, one: Either, parts: Mapping[str, tuple[Sequence[Row], Row]]
    ) -> tuple[Sequence[Row], Row]:
        """Give the part of the pool with an association, and the exposure of its science."""
        members = sorted(members_of(one.products), key=lambda member: member.exptype != SCIENCE)
        names = (product_name(file_name(member.expname), self._suffixes) for member in members)
        return next((parts[name] for name in names if name in parts), ((), {}))


def _told(
    found: Sequence[Either], made: Sequence[Either], suffixes: frozenset[str]
) -> Iterator[tuple[Either, str, str]]:
    """Give what differs: an association, the kind of difference, and the difference in words.

    What is numbered otherwise is told only where nothing else differs, as numbers count up.
    """
    theirs, ours = surplus(found, made, contents), surplus(made, found, contents)
    for one, other in paired(theirs, ours, _SAME, _common):
        if one is None:
            assert other is not None  # noqa: S101
            yield other, "only the ruleset", f"the ruleset makes {_named(other)}, but jwst does not"
        elif other is None:
            yield one, "only jwst", f"jwst makes {_named(one)}, but the ruleset does not"
        elif texts := _differences(one, other, suffixes):
            yield other, texts[0][0], "; ".join(text for _, text in texts)
    if not theirs and not ours:
        names = surplus(found, made, _numbered), surplus(made, found, _numbered)
        for one, other in zip(
            *(sorted(side, key=lambda one: str(_numbered(one))) for side in names), strict=True
        ):
            yield other, "name", f"it is named {one.asn_name}, {other.asn_name} by the rules"


def _differences(one: Either, other: Either, suffixes: frozenset[str]) -> list[tuple[str, str]]:
    texts = []
    if isinstance(one, ForeignAssociation) and isinstance(other, Association):
        texts += [(some.key, some.text) for some in differences(one, other, suffixes)]
    return texts + [
        (some.field, f"{some.field} {some.before!r}, {some.after!r} by the rules")
        for some in field_differences(one, other, ("target", "degraded_status"))
    ]


def _numbered(one: Either) -> tuple[Any, str]:
    return contents(one), one.asn_name


_SAME: tuple[Callable[[Either], Hashable], ...] = (
    lambda one: (one.asn_id, one.asn_rule, _names(one)),
    lambda one: (one.asn_id, _names(one)),
    lambda one: (one.asn_id, one.asn_rule),
)
"""What makes two associations the same one, changed: the first of these that they share, and a
member in common."""


def _names(one: Either) -> tuple[str, ...]:
    return tuple(sorted(file_name(product.name) for product in one.products))


def _common(one: Either, other: Either) -> int:
    return len(_files(one) & _files(other))


def _files(one: Either) -> set[str]:
    return {file_name(member.expname) for member in members_of(one.products)}


def _named(one: Either) -> str:
    members = members_of(one.products)
    words = ", ".join(f"{file_name(member.expname)} ({member.exptype})" for member in members)
    return f"{one.asn_type} by {one.asn_rule} for {one.asn_id} of {words}"
