"""Classify one exposure given by keywords, or every exposure of a pool."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, BinaryIO

from sqlalchemy import Connection, Engine

from asnrules.catalog.classification import (
    Classification,
    Classifier,
    choose_classifier,
    filled_in,
    judged,
)
from asnrules.catalog.look_up import Filter, rowless
from asnrules.catalog.vocabulary import (
    assumed_values,
    exp_type_names,
    keyword_names,
    known_exp_types,
    unknown_exp_types,
    what_is_meant,
)
from asnrules.database.engines import transaction
from asnrules.engine.exposures import Work
from asnrules.engine.signatures import Judge, Judgement
from asnrules.errors import NotFoundError, UsageError
from asnrules.pools import PoolReader, PoolSource
from asnrules.pools.fits.keywords import declared_flag
from asnrules.rules.model import Ruleset
from asnrules.util.environment import arrow as arrow_library
from asnrules.util.text import Day, repeated_header_note, unknown_keyword

_WORD = re.compile(r"[A-Za-z0-9]+(?:[_-]\w+)*", re.ASCII)
"""What is likely not meant as the name of a file."""

_GROUP = 50_000
"""Rows of a Parquet table that are written at a time."""


def chosen_rules(engine: Engine, label: str | None = None, day: Day | None = None) -> Ruleset:
    """Give the rules that are meant; see `choose_classifier`."""
    with transaction(engine) as connection:
        return choose_classifier(connection, label, day).ruleset


def classify_keywords(
    engine: Engine,
    values: Mapping[str, str],
    *,
    ruleset: str | None = None,
    as_of: Day | None = None,
) -> Classification:
    """Classify one exposure given by keywords, in any case.

    For the rules see `choose_classifier`. For keywords that are not given, the values of the
    vocabulary are assumed: flags are not set, the pointing is science, and the optical path is one
    that fits. Values that only the keys of a rule need are assumed to be there. A flag that is
    neither true nor false is a UsageError.
    """
    with transaction(engine) as connection:
        assumed = assumed_values(connection)
        classifier = choose_classifier(connection, ruleset, as_of)
        known = sorted(assumed)
        given = {keyword.lower(): value.strip().lower() for keyword, value in values.items()}
        for keyword in given:
            if keyword not in known:
                raise UsageError(unknown_keyword(keyword, known))
        given = {keyword: declared_flag(keyword, value) for keyword, value in given.items()}
        taken = filled_in(classifier.ruleset, given, assumed)
        found = classifier.classify(judged(classifier.ruleset, [taken]), 0)
        hints = _hints(connection, classifier, found)
    return replace(found, reason="; ".join([found.reason, *hints]))


def _hints(connection: Connection, classifier: Classifier, found: Classification) -> list[str]:
    """Say of an EXP_TYPE without a row which are spelled like it, or when it had one."""
    if found.exp_type is None or found.published is not None:
        return []
    try:
        known_exp_types(connection, [found.exp_type])
    except NotFoundError as error:
        return [str(error)]
    return rowless(connection, classifier.table, Filter([found.exp_type]))


def refuse_words(engine: Engine, words: Iterable[str]) -> None:
    """Refuse words that are neither files nor EXP_TYPEs, by a UsageError that says what is near."""
    for word in words:
        # The method of a path raises an error for a name that is too long.
        if _WORD.fullmatch(word) and not os.path.exists(word):  # noqa: PTH110
            with transaction(engine) as connection:
                near = what_is_meant(connection, word, exp_type_names(connection))
            raise UsageError(f"{word[:80]}: it is neither a file nor an EXP_TYPE; {near}")


def classify_pool(
    engine: Engine,
    path: PoolSource,
    *,
    ruleset: str | None = None,
    as_of: Day | None = None,
    told: Callable[[str], None] | None = None,
) -> Iterator[tuple[str | None, Classification]]:
    """Classify every exposure of a pool, in order, while it is read; give each with its file name.

    For the rules see `choose_classifier`. `told` is called at the end with what is odd about the
    pool but no error.
    """
    with transaction(engine) as connection:
        known = keyword_names(connection)
        classifier = choose_classifier(connection, ruleset, as_of)
    filename = known.index("filename")
    judge = Judge(classifier.ruleset, known)
    seen: dict[Judgement, Classification] = {}
    with PoolReader(path, known) as reader:
        for row in reader:
            judgement = judge.judge(row)
            found = seen.get(judgement)
            if found is None:
                work = Work.judged_by(judge, known, [row])
                found = seen[judgement] = classifier.classify(work, 0)
            yield row[filename], found
        if told and reader.repeated_headers:
            told(repeated_header_note(reader.stored.name, reader.repeated_headers))
    if told:
        for note in unknown_exp_types(engine, {one.exp_type or "" for one in seen.values()} - {""}):
            told(note)


def write_classifications(
    documents: Iterable[Mapping[str, Any]], stream: BinaryIO, *, explain: bool = False
) -> int:
    """Write documents of classifications as Parquet, to a stream that need not seek; count them.

    Columns have the names of the keys. What is nested stays so: `published` is a struct,
    `associations` and, with `explain`, `rules` are lists of structs.
    """
    arrow, parquet = arrow_library(), arrow_library(".parquet")
    schema = _schema(arrow, explain)
    rows = iter(documents)
    count = 0
    with parquet.ParquetWriter(arrow.PythonFile(stream, mode="w"), schema) as writer:
        while group := list(islice(rows, _GROUP)):
            writer.write_table(arrow.Table.from_pylist(group, schema=schema))
            count += len(group)
    return count


def _schema(arrow: Any, explain: bool) -> Any:
    text, truth = arrow.string(), arrow.bool_()
    published = arrow.struct(
        [(name, text) for name in ("ruleset", "member_type", "special", "asn_type")]
    )
    associations = arrow.list_(arrow.struct([("asn_type", text), ("asn_rule", text)]))
    fields = [
        *((name, text) for name in ("filename", "exp_type", "member_type", "special")),
        ("published", published),
        ("associations", associations),
        ("agrees", truth),
        ("reason", text),
    ]
    if explain:
        rules = arrow.struct([("asn_rule", text), ("matched", truth), ("failed_condition", text)])
        fields.append(("rules", arrow.list_(rules)))
    return arrow.schema(fields)
