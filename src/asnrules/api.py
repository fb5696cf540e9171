"""The catalog from Python."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from asnrules.api_audit import Audit
from asnrules.api_curator import Curator
from asnrules.catalog.blame import Blame, blame
from asnrules.catalog.history import Change, exp_type_history
from asnrules.catalog.look_up import ExposureMode, Filter, look_up_all
from asnrules.catalog.rulesets import (
    TABLE,
    ListedRelease,
    RulesetInfo,
    choose_ruleset,
    list_releases,
    list_rulesets,
)
from asnrules.database.engines import shown_url, transaction
from asnrules.errors import UsageError
from asnrules.pools.inputs import PoolInput, gather
from asnrules.pools.tables import keyword_texts
from asnrules.rules.words import instrument_of
from asnrules.util.arguments import settings, taken, taking_by_kind
from asnrules.util.results import QueryResult, Results, ResultStream
from asnrules.util.text import Day, shown
from asnrules.workflows.classify import chosen_rules, classify_keywords, classify_pool
from asnrules.workflows.generate import Options, Report, generate

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from asnrules.catalog.classification import Classification
    from asnrules.catalog.describe import Description
    from asnrules.pools.fits.declared import Declarations
    from asnrules.pools.fits.pool import MadePool
    from asnrules.workflows.explain import Explanation
    from asnrules.workflows.explain_association import AssociationExplanation
    from asnrules.workflows.explain_pair import PairExplanation
    from asnrules.workflows.split import Group


def open_catalog(database: str | Path | None = None, *, writing: bool = False) -> Catalog:
    """Open the catalog, which is also a context manager that closes it.

    Parameters
    ----------
    database : str or Path, optional
        An SQLAlchemy URL, or the path of an SQLite file, which is made, migrated and seeded when
        it is first used. By default what ASNRULES_DATABASE says, or the file in your data folder.
    writing : bool
        Whether runs are to be recorded: then a database that a newer program made is refused.

    Raises
    ------
    UsageError
        If the name of the database is not valid.
    DatabaseError
        If it cannot be reached, or needs `asnrules db upgrade` (PostgreSQL).
    """
    from asnrules.catalog import open as opening

    database = taken("database", "str | Path | None", database)
    name = None if database is None else str(database)
    return Catalog(opening.open_catalog(name, writing=writing))


@taking_by_kind
class Catalog:
    """The rules, what they make of exposures, and the record of what was made.

    `open_catalog` gives one. Its `engine` is SQLAlchemy's; `audit` is the record,
    and `curator` changes rulesets.

    Rulesets are chosen by label (`ruleset`) or by the day on which they were in force (`as_of`,
    UTC), today's by default. A day is a `datetime.date` or text such as `2026-01-31`; a path is
    text or a `Path`; a number or a flag may be text, too. A pool is any of

    - a path (`str` or `Path`): a '|' separated text, CSV with commas, ECSV, Parquet or Arrow,
      gzipped or not (the content tells which); or a FITS file or a folder of these, and all FITS
      files that are given together make one pool from their primary headers;
    - an astropy Table, a pandas or polars DataFrame, a pyarrow Table, a mapping of column names to
      lists, or a list of rows, each a mapping; with at least `filename` and `asn_candidate`.

    Results become tables by `to_pandas()`, `to_polars()` or `to_astropy()`: what the command prints
    as CSV, if it does. A list that a result holds does by its name: `run.to_pandas("by_rule")`.

    Every method may raise `NotFoundError` for a ruleset, EXP_TYPE or exposure that is not there,
    `PoolError` for a pool that is not valid, `UsageError` for a keyword or query that is not valid
    or a library that is not installed, `OutputError` for files that cannot be written, and
    `DatabaseError` if the database cannot be used. Messages name the place, and suggest near
    spellings. What a command says of a pool beside its answer, such as what was assumed of FITS
    files, is among the `diagnostics` of a report, or else a warning.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.audit = Audit(engine)
        self.curator = Curator(engine)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({shown_url(self.engine.url)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self.engine.dispose()

    def rulesets(self) -> Results[RulesetInfo]:
        """Give all rulesets, published ones first, in order of their dates.

        Returns
        -------
        list of RulesetInfo
            With `ruleset` (the label), `kind`, `status`, `title`, `source`, `effective_from`,
            `effective_until`, `implements` and `checksum`.
        """
        with transaction(self.engine) as connection:
            return Results(list_rulesets(connection), RulesetInfo._fields)

    def releases(self) -> Results[ListedRelease]:
        """Give the releases of jwst, and the ruleset that each has.

        Returns
        -------
        list of ListedRelease
            With `release`, `dms_build`, `released`, `in_operations_from`, `ruleset`,
            `effective_from`, `goes_by` and `effective_until`.
        """
        with transaction(self.engine) as connection:
            return Results(list_releases(connection), ListedRelease._fields)

    def show(self, label: str) -> Description:
        """Describe a ruleset: its rows, or its rules in words.

        Returns
        -------
        Description
            With `info`, `rows` and `errata`.
        """
        from asnrules.catalog.describe import describe_ruleset

        with transaction(self.engine) as connection:
            return describe_ruleset(connection, label)

    def lookup(
        self,
        *exp_types: str,
        instrument: str | None = None,
        member_type: str | None = None,
        special: str | None = None,
        asn_type: str | None = None,
        ruleset: str | None = None,
        as_of: Day | None = None,
    ) -> Results[ExposureMode]:
        """Give rows of the exposure-mode table.

        The `notes` of the list say of a word that has no row when it had some.

        Parameters
        ----------
        *exp_types : str
            In any case, or words as `asnrules lookup` takes; all by default.
        instrument, member_type, special, asn_type : str, optional
            Only rows with these values; `N/A` for special and asn_type means rows without one.

        Returns
        -------
        list of ExposureMode
            In the order of the table, with `ruleset`, `exp_type`, `instrument`, `member_type`,
            `special`, `asn_type`, `pipeline`, `footnote` and `position`; None stands for N/A.
        """
        with transaction(self.engine) as connection:
            info = choose_ruleset(connection, TABLE, ruleset, as_of)
            wanted = Filter(exp_types, instrument, member_type, special, asn_type)
            modes, notes = look_up_all(connection, info, wanted)
        return Results(modes, ExposureMode._fields, notes)

    def blame(self, name: str, *, ruleset: str | None = None, as_of: Day | None = None) -> Blame:
        """Say which changes made a rule, a condition or what becomes of an EXP_TYPE what it is.

        Parameters
        ----------
        name : str
            Of a rule, a condition, an EXP_TYPE, or any other item of rules, in any case.

        Returns
        -------
        Blame
            With `name`, `kinds`, `ruleset` and `parts`, the newest change first; its `document()`
            is what the command prints.
        """
        return blame(self.engine, name, ruleset=ruleset, as_of=as_of)

    def history(self, exp_type: str) -> Results[Change]:
        """Give the history of an EXP_TYPE over all published rulesets.

        Returns
        -------
        list of Change
            In order of their dates, with `date`, `ruleset`, `kind`, `special`, `was`, `became`,
            `changes` (named ones, of rules) and `source`.
        """
        return Results(exp_type_history(self.engine, exp_type), Change._fields)

    def classify(
        self,
        exposure: Mapping[str, object] | str,
        *,
        ruleset: str | None = None,
        as_of: Day | None = None,
    ) -> Classification:
        """Say what the table and the rules make of one exposure.

        Parameters
        ----------
        exposure : mapping of str to object, or str
            Keyword to value, in any case: text, a number, or for flags a truth value. Keywords that
            are not given, or have None, are assumed to fit, flags not to be set. An EXP_TYPE may
            stand alone.
        ruleset, as_of : optional
            Rules, which come with the table that they implement, or a table, which is compared
            with the rules of today.

        Returns
        -------
        Classification
            With `exp_type`, `member_type`, `special`, `published`, `associations`, `agrees`,
            `reason` and `rules`; its `document()` is what the command prints.
        """
        if isinstance(exposure, str) and instrument_of(exposure.upper()):
            exposure = {"EXP_TYPE": exposure}
        if not isinstance(exposure, Mapping):
            raise UsageError(
                f"exposure: {shown(repr(exposure))} is neither keywords with values nor an "
                "EXP_TYPE; of a pool, classify_pool classifies each"
            )
        values = keyword_texts(exposure)
        return classify_keywords(self.engine, values, ruleset=ruleset, as_of=as_of)

    def classify_pool(
        self,
        *pools: PoolInput,
        ruleset: str | None = None,
        as_of: Day | None = None,
        declarations: Declarations | None = None,
    ) -> ResultStream[tuple[str | None, Classification]]:
        """Classify every exposure of pools, one after the other as they are read; see `classify`.

        Yields
        ------
        tuple of (str, Classification)
            The file name in lower case, and what the exposure is, in the order of the pools.
        """
        rules = chosen_rules(self.engine, ruleset, as_of)
        gathered = gather(pools, declarations=declarations, ruleset=rules)
        for note in gathered.notes:
            warnings.warn(note, stacklevel=3)
        classified = partial(
            classify_pool, self.engine, ruleset=ruleset, as_of=as_of, told=warnings.warn
        )
        return ResultStream(chain.from_iterable(map(classified, gathered.sources)))

    def generate(self, *pools: PoolInput, options: Options | None = None, **named: Any) -> Report:
        """Make the Stage 2 associations of pools; by default record the run, and write no files.

        Any option may be given by its name, such as `generate(pool, output="associations")`.
        The exposures of all pools are evaluated together. No pool may lack a column that the rules
        need, or be given twice. If the files cannot be written nothing is recorded either.

        Returns
        -------
        Report
            With `run_id`, `ruleset`, `exposures`, `associations`, `unassociated` (how many there
            are), `files`, `diagnostics`, `by_rule`, and `made`: the associations themselves, in
            the order in which they were made. Its table has a row for each member of them, where
            the command has one for the run; `orphans` and `needs` are tables, too.
        """
        return generate(self.engine, pools, settings(Options, options, named))

    def candidates(
        self,
        *pools: PoolInput,
        ruleset: str | None = None,
        as_of: Day | None = None,
        declarations: Declarations | None = None,
    ) -> Results[Group]:
        """Give the groups of candidates that can be generated separately, the largest first.

        Returns
        -------
        list of Group
            With `candidates`, as generate takes them, and `exposures` (how many).
        """
        from asnrules.workflows.split import Group, candidate_groups

        found = candidate_groups(self.engine, pools, ruleset, as_of, declarations=declarations)
        return Results(found, Group._fields)

    def make_pool(
        self,
        *files: Path | str,
        declarations: Declarations | None = None,
        skip: bool = False,
    ) -> MadePool:
        """Make a pool from FITS files for the rules of today; see the function `make_pool`.

        Returns
        -------
        MadePool
            With `exposures`, `skipped`, `unplaced` and `notes`; it is taken where pools are, and
            `write_pool` writes it.
        """
        from asnrules.pools.fits.pool import make_pool

        rules = chosen_rules(self.engine)
        return make_pool(files, declarations, ruleset=rules, skip=skip)

    def why(
        self,
        pool: PoolInput,
        exposure: Path | str | None = None,
        other: Path | str | None = None,
        *,
        run: int | None = None,
        ruleset: str | None = None,
        as_of: Day | None = None,
        declarations: Declarations | None = None,
    ) -> Explanation | PairExplanation | AssociationExplanation:
        """Explain an exposure of a pool, how two are to each other, or an association.

        As the command does: `why(pool, exposure)`, `why(pool, exposure, other)`, and
        `why(association)` of one on record, or of its file. With `run` there is no pool:
        `why(exposure, run=7)`. An exposure is given by any file of it, or by how its name begins.
        `print` says it in words.

        Returns
        -------
        Explanation, PairExplanation or AssociationExplanation
            With `ruleset` and `document()`, which is what the command prints as JSON. Of an
            exposure with `kept` (the associations that it is in), `dropped`, `misses` (the rules
            that do not take it, the nearest first) and `reason`; of two with `together`,
            `left_out`, `nearest` and `takes_none`; of an association with `members`.
        """
        from asnrules.workflows.why import why

        words = [one for one in (pool, exposure, other) if one is not None]
        return why(self.engine, words, run, ruleset, as_of, declarations, warnings.warn)

    def sql(self, statement: str | None = None) -> QueryResult:
        """Run one SELECT, read only, for `columns` (names) and `rows`, which it is a pair of.

        Without one, list the views; docs/sql.md describes their columns.
        """
        from asnrules.database.readonly import described_views, query

        if statement is None:
            return QueryResult((["view", "rows"], list(described_views().items())))
        with query(self.engine, statement) as (columns, rows):
            return QueryResult((columns, list(rows)))

    def check_database(self) -> list[str]:
        """Say what is wrong with the schema and the rulesets, a line each: `asnrules db check`."""
        from asnrules.catalog.open import check_catalog

        return check_catalog(self.engine)
