"""Import associations that were made elsewhere: read, judged, recorded."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import Connection, Engine

from asnrules.associations.comparison import file_name
from asnrules.associations.model import Association
from asnrules.associations.reader import ForeignAssociation, association_files, read_association
from asnrules.catalog import store
from asnrules.catalog.classification import load_classifier
from asnrules.catalog.look_up import look_up
from asnrules.catalog.rulesets import (
    RULES,
    RulesetInfo,
    choose_ruleset,
    find_ruleset,
    in_force,
    list_rulesets,
)
from asnrules.catalog.vocabulary import asn_type_names
from asnrules.database.engines import transaction
from asnrules.errors import AssociationFileError, PoolError, UsageError
from asnrules.impact.turning import chain_between
from asnrules.imports.choice import Choice, choose
from asnrules.imports.judging import Judged, Rules, Verdict
from asnrules.imports.matching import Matcher
from asnrules.imports.member_folder import MemberFolder
from asnrules.imports.table import Table
from asnrules.imports.today import Today
from asnrules.imports.verdicts import judge
from asnrules.pools.evaluation import evaluate, evaluate_pools
from asnrules.pools.inputs import PoolInput
from asnrules.record.queries.reader import NOT_IMPORTED
from asnrules.record.write import Run, record_run
from asnrules.util.limits import ASSOCIATION_FILES
from asnrules.util.parallel import Progress
from asnrules.util.results import Tabular, shown_briefly
from asnrules.util.text import STANDARD_INPUT, Day, given_day, label
from asnrules.workflows.generate import refuse_draft, user_name

_UNKNOWN = "unknown"
_OF_RULES = ("asn_name", "asn_type", "asn_rule", "asn_id")


@shown_briefly
@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to import."""

    pools: Sequence[PoolInput] = ()
    """The pools that the associations were made of, as far as they are at hand: paths or tables."""
    ruleset: str | None = None
    as_of: Day | None = None
    """The rules to judge by, by label or by date; by default those that were in force when each
    association was made, or today's."""
    operator: str | None = None
    """For the record; by default the user."""
    note: str | None = None
    members: Path | str | None = None
    """A folder in which the members are looked for."""
    dry_run: bool = False
    """Judge only, and record nothing."""


@shown_briefly
class ImportedFile(NamedTuple):
    """What became of a file."""

    file: str
    asn_name: str
    asn_type: str | None
    asn_rule: str
    run_id: int | None
    """None in a dry run."""
    ruleset: str
    verdict: str
    explanation: str
    missing: list[str] | None
    """The members that are not in the folder in which they were looked for."""
    by_rules: Sequence[Association]
    """What the rules make that comes nearest to it."""

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return {**self._asdict(), "by_rules": [_content(one) for one in self.by_rules]}


@shown_briefly
class ImportedRun(NamedTuple):
    """A run that was recorded, or that would be."""

    run_id: int | None
    ruleset: str
    associations: int
    verdicts: dict[str, int]


@shown_briefly
@dataclass(frozen=True, slots=True)
class ImportReport(Tabular):
    """The result of an import."""

    COLUMNS: ClassVar = (
        "file", "asn_name", "asn_type", "asn_rule", "run_id", "ruleset", "verdict",
        "explanation", "missing",
    )  # fmt: skip

    runs: list[ImportedRun]
    """One for each ruleset that was needed."""
    files: list[ImportedFile]
    errors: list[str]
    """A line for each file that was refused."""

    def records(self) -> Iterator[dict[str, Any]]:
        """Give each file as a record."""
        return (file.document() for file in self.files)

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return {
            "run_id": self.runs[0].run_id if len(self.runs) == 1 else None,
            "imported": sum(file.run_id is not None for file in self.files),
            "refused": len(self.errors),
            "verdicts": _counts(file.verdict for file in self.files),
            "runs": [run._asdict() for run in self.runs],
            "files": [file.document() for file in self.files],
            "errors": self.errors,
        }


def import_associations(
    engine: Engine,
    words: Sequence[str],
    options: ImportOptions,
    progress: Progress | None = None,
) -> ImportReport:
    """Import association files: all that can be read, in one transaction; or judge them only.

    The words are files, folders and patterns; see `asnrules.associations.reader`.
    """
    if not words:
        raise UsageError("audit import: there are no files; give some, or their folder")
    if STANDARD_INPUT in words:
        raise UsageError(
            "audit import: an association has the name of its file, so it cannot come from "
            "standard input; give files, and the pool with --pool -"
        )
    started = dt.datetime.now(dt.UTC)
    with transaction(engine) as connection:
        asn_types = asn_type_names(connection)
        rulesets = list_rulesets(connection)
        wanted = choose_ruleset(connection, RULES, options.ruleset, options.as_of)
        today = in_force(rulesets, RULES)
    refuse_draft(wanted, "publish it first")
    folder = None if options.members is None else MemberFolder(str(options.members))
    asked = options.ruleset or given_day("as_of", options.as_of)
    read, errors = _read(words, asn_types, progress)
    by_ruleset: dict[RulesetInfo, dict[str, Choice]] = {}
    for path, association in read.items():
        choice = choose(association, rulesets, wanted, asked)
        by_ruleset.setdefault(choice.info, {})[path] = choice
    if len(by_ruleset) > 1 and any(
        isinstance(one, str) and one == STANDARD_INPUT for one in options.pools
    ):
        raise UsageError(
            "--pool: standard input is read once, and the files need several rulesets "
            f"({', '.join(info.ruleset for info in by_ruleset)}); give the pool as a file"
        )
    report = ImportReport([], [], errors)
    runs = []
    for info, choices in by_ruleset.items():
        run, files = _judged(engine, info, today, read, choices, options, progress)
        if folder is not None:
            files = [one._replace(missing=folder.missing(read[one.file])) for one in files]
        runs.append((run, files))
    if options.dry_run:
        for _, files in runs:
            _add(report, files, None)
    elif runs:
        with transaction(engine, writing=True) as connection:
            for run, files in runs:
                run = replace(run, started_at=started, diagnostics=[*errors, *run.diagnostics])
                _add(report, files, record_run(connection, run))
    return report


def _judged(
    engine: Engine,
    info: RulesetInfo,
    today: RulesetInfo | None,
    read: Mapping[str, ForeignAssociation],
    choices: Mapping[str, Choice],
    options: ImportOptions,
    progress: Progress | None,
) -> tuple[Run, list[ImportedFile]]:
    """Judge files by the ruleset that was chosen for them; the number of the run is not known."""
    matcher = None
    if options.pools:
        evaluated = evaluate_pools(engine, options.pools, info.ruleset, progress=progress)
        matcher = Matcher(evaluated, progress and partial(progress, "candidates"))
    with transaction(engine) as connection:
        tables = _tables(connection, info, choices.values())
        now = _today(connection, matcher, today)
    rules = Rules(tables[info.implements or ""], tables, matcher, now)
    verdicts, files = [], []
    for number, (path, choice) in enumerate(choices.items(), 1):
        asn = read[path]
        judged = judge(asn, choice, rules)
        verdicts.append((asn, judged))
        named = (path, asn.asn_name, asn.asn_type, asn.asn_rule, None, info.ruleset)
        said = (judged.verdict.value, judged.explanation)
        files.append(ImportedFile(*named, *said, missing=None, by_rules=judged.by_rules))
        if progress is not None:
            progress("verdicts", number, len(choices))
    by_tag = {choice.by_tag: None for choice in choices.values() if choice.by_tag is not None}
    return replace(_run(info, verdicts, matcher, options), diagnostics=[*by_tag]), files


def _today(connection: Connection, then: Matcher | None, today: RulesetInfo | None) -> Today | None:
    """Compare with today's rules; None if these are they, or nothing is known of the pools."""
    if then is None or today is None or then.evaluated.info.ruleset_id == today.ruleset_id:
        return None
    pools = then.evaluated
    try:
        now = evaluate(load_classifier(connection, today), [*pools.work.places], pools.pools)
    except PoolError:
        return None
    between = chain_between(connection, pools.info.ruleset, today.ruleset)
    return Today(then, Matcher(now), between)


def _tables(
    connection: Connection, info: RulesetInfo, choices: Iterable[Choice]
) -> dict[str, Table]:
    """Give the table that the rules implement, and those in force when associations were made.

    Each comes with the known differences of these rules, and of others that implement it.
    """
    implemented = find_ruleset(connection, info.implements or "")
    rulesets = list_rulesets(connection)
    tables = {}
    for table in {implemented, *(choice.then for choice in choices if choice.then is not None)}:
        rules = {info}
        if table != implemented:
            rules |= {one for one in rulesets if one.implements == table.ruleset}
        known = [
            difference
            for one in rulesets
            if one in rules and one.status == "published"
            for difference in store.load_rules(connection, one.ruleset_id).known_differences
        ]
        tables[table.ruleset] = Table(table.ruleset, look_up(connection, table), known)
    return tables


def _read(
    words: Sequence[str], asn_types: Sequence[str], progress: Progress | None
) -> tuple[dict[str, ForeignAssociation], list[str]]:
    """Read the files, by path, and say what is wrong with those that cannot be imported."""
    read: dict[str, ForeignAssociation] = {}
    errors: list[str] = []
    first: dict[str, str] = {}
    paths = list(islice(association_files(words), ASSOCIATION_FILES + 1))
    if len(paths) > ASSOCIATION_FILES:
        raise UsageError(
            f"audit import: more than {ASSOCIATION_FILES:,} files; import them a folder at a time"
        )
    for number, path in enumerate(paths, 1):
        try:
            association = read_association(path, asn_types)
        except AssociationFileError as error:
            errors.append(str(error))
        else:
            name = association.asn_name
            if name in first:
                errors.append(
                    f"{label(path, 200)}: the association {name} is imported already, from "
                    f"{label(first[name], 200)}; import it in a run of its own"
                )
            else:
                first[name] = path
                read[path] = association
        if progress is not None:
            progress("files", number, len(paths))
    return read, errors


def _run(
    info: RulesetInfo,
    verdicts: Sequence[tuple[ForeignAssociation, Judged]],
    matcher: Matcher | None,
    options: ImportOptions,
) -> Run:
    imported = [_association(one, judged, matcher) for one, judged in verdicts]
    memberships, reasons = _decided(matcher, imported)
    return Run(
        started_at=dt.datetime.now(dt.UTC),
        operator=options.operator or user_name(),
        ruleset_id=info.ruleset_id,
        options={
            "as_of": options.as_of and str(options.as_of),
            "ruleset": options.ruleset,
        },
        note=options.note,
        evaluated=None if matcher is None else matcher.evaluated,
        memberships=memberships,
        reasons=reasons,
        associations=imported,
        imported=[_imported_row(one, judged) for one, judged in verdicts],
    )


def _add(report: ImportReport, files: Sequence[ImportedFile], run_id: int | None) -> None:
    verdicts = _counts(file.verdict for file in files)
    report.runs.append(ImportedRun(run_id, files[0].ruleset, len(files), verdicts))
    report.files.extend(file._replace(run_id=run_id) for file in files)


def _association(one: ForeignAssociation, judged: Judged, matcher: Matcher | None) -> Association:
    """Give an imported association as it is recorded."""
    known = one.constraints.candidate_types.get(one.asn_id)
    if known is None and judged.association is not None:
        known = judged.association.candidate_type
    if known is None and matcher is not None:
        known = matcher.candidate_type(one.asn_id)
    return Association(
        asn_name=one.asn_name,
        asn_type=one.asn_type,
        asn_rule=one.asn_rule,
        asn_id=one.asn_id,
        candidate_type=known or _UNKNOWN,
        program=one.program,
        target=one.target,
        degraded_status=one.degraded_status,
        keys=one.constraints.keys,
        products=one.products if matcher is None else tuple(map(matcher.placed, one.products)),
    )


def _imported_row(one: ForeignAssociation, judged: Judged) -> tuple[str | None, ...]:
    return (
        one.file_name, one.sha256, one.raw_rule, one.code_version, one.version_id, one.asn_pool,
        judged.verdict.value, judged.explanation,
    )  # fmt: skip


def _decided(
    matcher: Matcher | None, imported: Sequence[Association]
) -> tuple[list[int], dict[int, str]]:
    """Count the imported associations of each exposure, and say of those in none what is known."""
    if matcher is None:
        return [], {}
    exposures = ({member.exposure for _, member in one.placed} for one in imported)
    found = Counter(chain.from_iterable(exposures))
    memberships = [found[place] for place in range(len(matcher.memberships))]
    reasons = {}
    for place, count in enumerate(memberships):
        if count == 0:
            by_rules = matcher.memberships[place]
            reasons[place] = f"{NOT_IMPORTED}; by the rules, " + (
                f"in {by_rules}" if by_rules else f"in none: {matcher.reason(place)}"
            )
    return memberships, reasons


def _content(one: Association) -> dict[str, Any]:
    """Give what an association of the rules consists of, as the command line prints it."""
    products = [
        {
            "name": file_name(name),
            "members": [
                {"expname": file_name(member.expname), "exptype": member.exptype}
                for member in members
            ],
        }
        for name, members in one.products
    ]
    told = {name: getattr(one, name) for name in _OF_RULES}
    return {**told, "products": products}


def _counts(verdicts: Iterable[str]) -> dict[str, int]:
    found = Counter(verdicts)
    return {verdict.value: found[verdict.value] for verdict in Verdict}
