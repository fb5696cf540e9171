"""What is an exposure? Ask the catalog, for keywords and for pools."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence

from sqlalchemy import Connection, Engine

from asnrules.catalog import store
from asnrules.catalog.look_up import look_up
from asnrules.catalog.rulesets import (
    EXECUTABLE,
    PUBLISHED,
    RulesetInfo,
    choose_ruleset,
    find_ruleset,
)
from asnrules.catalog.vocabulary import assumed_values, keyword_names, special_keywords
from asnrules.database.engines import transaction
from asnrules.engine.repairs import kind_keywords
from asnrules.engine.signatures import SET, Judge, judge_values
from asnrules.engine.values import Row
from asnrules.engine.work import Work
from asnrules.errors import UsageError
from asnrules.pools import PoolReader, PoolSource
from asnrules.rules.model import Key, Ruleset
from asnrules.rules.rows import KnownDifference, build_ruleset, known_differences
from asnrules.util.text import near_spellings, repeated_header_note
from asnrules.workflows.classifier import Classification, Classifier


def load_rules(connection: Connection, info: RulesetInfo) -> tuple[Ruleset, list[KnownDifference]]:
    """Load an executable ruleset, and its known differences from the published one."""
    content = store.read_content(connection, info.ruleset_id)
    return build_ruleset(content), known_differences(content)


def load_classifier(
    connection: Connection, executable: RulesetInfo, published: RulesetInfo
) -> Classifier:
    """Make the classifier of two rulesets of the catalog."""
    modes = look_up(connection, published)
    specials = special_keywords(connection)
    return Classifier(published, modes, specials, *load_rules(connection, executable))


def choose_classifier(
    connection: Connection, label: str | None = None, day: dt.date | None = None
) -> Classifier:
    """Make the classifier that a command means.

    Parameters
    ----------
    connection : Connection
        Any.
    label : str, optional
        An executable ruleset, which brings the published one that it implements; or a
        published one, which is compared with the executable rules of today.
    day : date, optional
        Both kinds as in force on that day.

    Raises
    ------
    NotFoundError
        If there is no such ruleset, or none of either kind was in force.
    """
    if label is None:
        published = choose_ruleset(connection, PUBLISHED, None, day)
        executable = choose_ruleset(connection, EXECUTABLE, None, day)
        return load_classifier(connection, executable, published)
    info = find_ruleset(connection, label)
    if info.kind == PUBLISHED:
        return load_classifier(connection, choose_ruleset(connection, EXECUTABLE), info)
    return load_classifier(connection, info, find_ruleset(connection, info.implements or ""))


def chosen_rules(engine: Engine, label: str | None = None, day: dt.date | None = None) -> Ruleset:
    """Give the rules that a command means; see `choose_classifier`."""
    with transaction(engine) as connection:
        return choose_classifier(connection, label, day).ruleset


def _meant(keyword: str, known: Sequence[str]) -> str:
    near = near_spellings(keyword, known, 1)
    question = f"did you mean {near[0].upper()}? " if near else ""
    return f"{question}rules look at {', '.join(known).upper()}"


def classify_keywords(
    engine: Engine,
    values: Mapping[str, str],
    *,
    ruleset: str | None = None,
    as_of: dt.date | None = None,
) -> Classification:
    """Classify one exposure given by keywords.

    Keywords that are not given are assumed as the vocabulary says: flags are not set, the
    pointing is science, and the optical path is one that fits. What else the keys of a rule need,
    it has.

    Parameters
    ----------
    engine : Engine
        Of the catalog.
    values : mapping
        Keyword to value, in any case.
    ruleset, as_of : optional
        See `choose_classifier`.

    Raises
    ------
    UsageError
        If a keyword is not one that rules know.
    NotFoundError
        If there is no such ruleset.
    """
    with transaction(engine) as connection:
        assumed = assumed_values(connection)
        classifier = choose_classifier(connection, ruleset, as_of)
    known = sorted(assumed)
    given = {keyword.lower(): value.strip().lower() for keyword, value in values.items()}
    for keyword in given:
        if keyword not in known:
            raise UsageError(f"unknown keyword {keyword.upper()!r}; {_meant(keyword, known)}")
    taken = {keyword: given.get(keyword, assumed[keyword]) for keyword in known}
    for keyword in _needed(classifier.ruleset, taken) - given.keys():
        taken[keyword] = SET
    row: Row = tuple(taken.values())
    return classifier.classify(Work.judged(classifier.ruleset, known, [row]), 0)


def _needed(ruleset: Ruleset, values: Mapping[str, str | None]) -> set[str]:
    """Give keywords without a value that a rule needs for its keys, and else takes the exposure.

    Not those that would make another exposure of it, such as flags.
    """
    needed: set[str] = set()
    kinds = kind_keywords(ruleset)
    for verdict in judge_values(ruleset, values).verdicts:
        for role, unmet in verdict.roles:
            missing = [*verdict.unmet, *unmet]
            sources = {one.sources[0] for one in missing if isinstance(one, Key)}
            if len(sources) == len(missing) and kinds.isdisjoint(sources) and not role.keys_only:
                needed |= sources
    return needed


def classify_pool(
    engine: Engine,
    path: PoolSource,
    *,
    ruleset: str | None = None,
    as_of: dt.date | None = None,
    told: Callable[[str], None] | None = None,
) -> Iterator[tuple[str | None, Classification]]:
    """Classify every exposure of a pool, streaming.

    Parameters
    ----------
    engine : Engine
        Of the catalog.
    path : str, Path or TableSource
        The pool, see `asnrules.pools.inputs.gather`; `-` is standard input.
    ruleset, as_of : optional
        See `choose_classifier`.
    told : callable, optional
        Told, at the end, what is odd about the pool but no error.

    Yields
    ------
    tuple of (str, Classification)
        File name and classification, in the order of the pool.

    Raises
    ------
    PoolError
        If the pool is not one.
    """
    with transaction(engine) as connection:
        known = keyword_names(connection)
        classifier = choose_classifier(connection, ruleset, as_of)
    filename = known.index("filename")
    judge = Judge(classifier.ruleset, known)
    seen: dict[int, Classification] = {}
    places = {keyword: place for place, keyword in enumerate(known)}
    with PoolReader(path, known) as reader:
        for row in reader:
            judgement = judge.judge(row)
            found = seen.get(id(judgement))
            if found is None:
                work = Work(classifier.ruleset, [row], places, [judgement], has_other_names=False)
                found = seen[id(judgement)] = classifier.classify(work, 0)
            yield row[filename], found
        if told and reader.repeated_headers:
            told(repeated_header_note(reader.name, reader.repeated_headers))
