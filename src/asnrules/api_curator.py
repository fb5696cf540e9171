"""The rulesets from Python, for those who keep them: what `asnrules rulesets` does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from asnrules.database.engines import shown_url
from asnrules.util.arguments import taking_by_kind
from asnrules.util.results import Results
from asnrules.util.text import Day, given_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from asnrules.analysis.findings import Checked
    from asnrules.catalog.compare import RulesetDifference
    from asnrules.catalog.life_cycle import Imported
    from asnrules.catalog.publishing import Publication
    from asnrules.catalog.rulesets import RulesetInfo
    from asnrules.impact.report import Impact
    from asnrules.util.parallel import Workers
    from asnrules.workflows.conform import Conformity


@taking_by_kind
class Curator:
    """What a curator does with rulesets, from draft to publication; `Catalog.curator` gives it.

    Every method may raise `NotFoundError` for a ruleset that is not there, with near labels in the
    message, and `RulesetError` for one that is not valid or may not be published.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __repr__(self) -> str:
        return f"{type(self).__name__}({shown_url(self._engine.url)!r})"

    def import_ruleset(
        self,
        path: Path | str,
        label: str | None = None,
        *,
        effective_from: Day | None = None,
        effective_until: Day | None = None,
        accept: Sequence[str] = (),
    ) -> Imported:
        """Load a ruleset as a draft: the published page (.rst), or a folder of files.

        Parameters
        ----------
        label : str, optional
            Instead of that of the files; a page needs one.
        accept : sequence of str
            The right values for misprints, `ROW=VALUE`.

        Returns
        -------
        Imported
            With `info` (label, checksum and so on), `rows`, `errata`, `new_exp_types`,
            `is_replaced` and `left_out`.
        """
        from asnrules.catalog.life_cycle import ImportSettings, import_ruleset
        from asnrules.rules.errata import parse_accepted

        wanted = ImportSettings(
            label,
            given_day("effective_from", effective_from),
            given_day("effective_until", effective_until),
            parse_accepted(accept),
        )
        return import_ruleset(self._engine, Path(path), wanted)

    def export_ruleset(self, label: str, target: Path | str) -> Path:
        """Write a ruleset into a new folder, to edit; a table also as the published page (.rst).

        Returns
        -------
        Path
            That of the folder or page.
        """
        from asnrules.catalog.life_cycle import export_files, export_page
        from asnrules.rules.write import write_file, write_folder

        path = Path(target)
        if path.suffix == ".rst":
            write_file(path, export_page(self._engine, label))
        else:
            write_folder(path, export_files(self._engine, label))
        return path

    def check(self, label: str | None = None) -> Results[Checked]:
        """Check a ruleset, or all: find what can never apply, and differences from the table.

        Returns
        -------
        list of Checked
            With `ruleset`, `checksum`, `findings`, `exp_types`, `combinations` and
            `open_findings()`, those that the ruleset does not explain; a table has all findings.
        """
        from asnrules.analysis.findings import Checked
        from asnrules.catalog.check import check_rulesets

        return Results(check_rulesets(self._engine, label), Checked.COLUMNS)

    def diff(self, before: str, after: str) -> RulesetDifference:
        """Compare two rulesets: rows, rules, and the decisions of the rules.

        Returns
        -------
        RulesetDifference
            With `changes`, `answers` (of rules) and `between`, the named changes.
        """
        from asnrules.catalog.compare import compare_rulesets

        return compare_rulesets(self._engine, before, after)

    def impact(
        self,
        draft: str,
        *,
        against: str | None = None,
        since: Day | None = None,
        program: str | int | None = None,
        workers: Workers = 1,
    ) -> Impact:
        """Decide every exposure on record again under a draft.

        Workers are processes, or a `DaskCluster`.

        Returns
        -------
        Impact
            With `changed`, `decisions` and `associations` (how many change), `groups()` and
            `by_change()`; it becomes a table with a row for each change.
        """
        from asnrules.impact.assess import assess_impact

        return assess_impact(
            self._engine,
            draft,
            against=against,
            since=given_day("since", since),
            program=None if program is None else str(program),
            workers=workers,
        )

    def conform(
        self,
        label: str,
        *pools: Path | str,
        python: Path | str,
        exp_types: Sequence[str] = (),
        probing: bool = True,
    ) -> Conformity:
        """Compare rules with the jwst of an environment, by what both make of the same pools.

        Parameters
        ----------
        python : str or Path
            The Python of that environment.
        exp_types : sequence of str
            Only these are probed; all by default. Without `probing` only the pools are compared.

        Returns
        -------
        Conformity
            With `ruleset`, `release`, `pools`, `exposures`, `differences` and `stops`.
        """
        from asnrules.workflows.conform import conform

        paths = [str(one) for one in pools]
        return conform(self._engine, label, str(python), paths, exp_types, probing=probing)

    def publish(
        self,
        label: str,
        checksum: str,
        *,
        effective_from: Day | None = None,
        effective_until: Day | None = None,
        retroactive: str | None = None,
        operator: str | None = None,
    ) -> Publication:
        """Publish the draft that was reviewed, if it passes its check: nobody can then change it.

        Parameters
        ----------
        checksum : str
            Of the draft that was reviewed, as `import_ruleset` and `check` give it, or its first 12
            digits or more: any other draft is refused.
        retroactive : str, optional
            Why it is to change what was in force on past days; without a reason it may not.
        operator : str, optional
            Who publishes it, for the record; by default the user.

        Returns
        -------
        Publication
            With `info` and `ended`, the ruleset that it brings to an end.
        """
        from asnrules.catalog.publishing import Publishing
        from asnrules.workflows.publish import publish_checked

        dates = (
            given_day("effective_from", effective_from),
            given_day("effective_until", effective_until),
        )
        wanted = Publishing(checksum, dates, retroactive, operator)
        return publish_checked(self._engine, label, wanted)

    def discard(self, label: str) -> RulesetInfo:
        """Remove a draft, and tell what it was."""
        from asnrules.catalog.life_cycle import discard_ruleset

        return discard_ruleset(self._engine, label)
