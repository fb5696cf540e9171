"""Drafts in the catalog: imported, discarded; and any ruleset exported."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from asnrules.catalog import store
from asnrules.catalog.rulesets import RULES, RulesetInfo, find_ruleset, list_rulesets
from asnrules.catalog.vocabulary import add_exp_types, stored_words, what_is_meant
from asnrules.database.engines import transaction
from asnrules.database.locks import take_rulesets
from asnrules.errors import NotFoundError, RulesetError, UsageError
from asnrules.rules.errata import Accepted, correct_page
from asnrules.rules.model import AnyRuleset, Erratum, Ruleset, Table
from asnrules.rules.page import read_page
from asnrules.rules.read import check_label, read_ruleset
from asnrules.rules.write import Files, ruleset_files, write_folder
from asnrules.rules.write_page import page_text
from asnrules.util.results import Tabular, shown_briefly
from asnrules.util.text import STANDARD_INPUT

DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class ImportSettings:
    """How a ruleset is to be imported."""

    label: str | None = None
    """Instead of the one of its file, as the dates are."""
    effective_from: dt.date | None = None
    effective_until: dt.date | None = None
    accepted: Accepted = field(default_factory=dict)
    """What a person has said of cells of the table that are not certain."""


@shown_briefly
@dataclass(frozen=True, slots=True)
class Imported(Tabular):
    """The result of an import."""

    info: RulesetInfo
    rows: int
    """Rows of the table, or rules."""
    errata: Sequence[Erratum]
    new_exp_types: list[str]
    """EXP_TYPEs that the catalog did not have."""
    is_replaced: bool
    """Whether a draft of that label gave way to it."""
    own_label: str | None
    """That of its files."""
    left_out: Sequence[str]
    """What belongs to the rules of that label and not to these."""

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return {**self.info.added(), "rows": self.rows, "errata": len(self.errata)}


def import_ruleset(engine: Engine, path: Path, wanted: ImportSettings) -> Imported:
    """Load a ruleset as a draft: from a folder of files, or from the published page.

    The folder is as `seed/rulesets/` has them; the exposure-mode page, in reStructuredText, may
    come from standard input, ``-``.

    Raises
    ------
    RulesetError
        If the files or the page are not well formed, or a ruleset of that label is published.
    UsageError
        If a page is to be imported without a label, or an answer is given without a question.
    """
    with changing(engine) as connection:
        ruleset, new = _read(connection, path, wanted)
        known = {info.ruleset: info for info in list_rulesets(connection)}
        before = known.get(ruleset.label)
        if before is not None and before.status != DRAFT:
            raise RulesetError(
                f"ruleset {ruleset.label!r} is published and cannot be changed; "
                "import it under another label with --label"
            )
        if before is not None and before.kind != ruleset.kind:
            raise RulesetError(
                f"the draft {ruleset.label!r} is of the other kind; use another label with --label"
            )
        added = add_exp_types(connection, new)
        if before is None:
            store.insert_draft(connection, ruleset)
        else:
            store.replace_draft(connection, before.ruleset_id, ruleset)
        info = find_ruleset(connection, ruleset.label)
    own_label, left_out = _left_out(ruleset)
    return Imported(
        info=info,
        rows=len(ruleset.modes if isinstance(ruleset, Table) else ruleset.rules),
        errata=ruleset.errata if isinstance(ruleset, Table) else (),
        new_exp_types=added,
        is_replaced=before is not None,
        own_label=own_label,
        left_out=left_out,
    )


def _read(
    connection: Connection, path: Path, wanted: ImportSettings
) -> tuple[AnyRuleset, set[str]]:
    """Read what is to be imported; give it with the EXP_TYPEs that are new."""
    words = stored_words(connection)
    if str(path) != STANDARD_INPUT and os.path.isdir(path):  # noqa: PTH112 - a name may be too long
        accepted = {row: value for (row, _), value in wanted.accepted.items()}
        with _parents(connection) as parents:
            ruleset = read_ruleset(path, words, accepted, parents, wanted.label)
        modes = ruleset.modes if isinstance(ruleset, Table) else ()
        new = {mode.exp_type for mode in modes} - words.exp_types
        for number, value in accepted.items():
            if not (0 < number <= len(modes)) or modes[number - 1].exp_type not in new & {value}:
                raise UsageError(
                    f"--accept: row {number} has no new EXP_TYPE {value!r}; leave it out"
                )
    else:
        page = read_page(path)
        if wanted.label is None:
            raise UsageError("a page has no label; give one with --label")
        corrected = correct_page(page, words, wanted.accepted)
        new = corrected.new_exp_types
        ruleset = Table(
            label=wanted.label,
            title=page.title,
            source=f"the page {page.title!r}, imported from a file with SHA-256 {page.sha256}",
            modes=corrected.modes,
            errata=corrected.errata,
        )
    return dated(ruleset, wanted.label, wanted.effective_from, wanted.effective_until), new


def _left_out(ruleset: AnyRuleset) -> tuple[str | None, list[str]]:
    """Give the label of the files of rules, and what of their header the rules do not have."""
    if isinstance(ruleset, Table):
        return None, []
    header = tomllib.loads(ruleset.files["ruleset.toml"])
    words = (
        ("extends", "parent", ruleset.extends),
        ("change", "changes", ruleset.changes),
        ("releases", "releases", ruleset.releases),
    )
    return header["label"], [name for word, name, has in words if header.get(word) and not has]


@contextmanager
def _parents(connection: Connection) -> Iterator[Callable[[str], Path]]:
    """Give what finds the files of published rules by their label."""
    with tempfile.TemporaryDirectory() as top:

        def folder(label: str) -> Path:
            try:
                info = find_ruleset(connection, label)
            except NotFoundError as error:
                raise RulesetError(str(error)) from error
            if info.ruleset != label:
                raise RulesetError(f"{label} is a release that {info.ruleset} has; name that")
            if info.kind != RULES:
                raise RulesetError(f"{label} is a table; name rules")
            if info.status == DRAFT:
                raise RulesetError(f"{label} is a draft; publish it first")
            place = Path(top) / label
            if not place.exists():
                write_folder(place, store.stored_files(connection, info.ruleset_id))
            return place

        yield folder


def dated(
    ruleset: AnyRuleset,
    label: str | None,
    effective_from: dt.date | None,
    effective_until: dt.date | None,
) -> AnyRuleset:
    """Give a ruleset another label and other dates, where they are given."""
    ruleset = replace(
        ruleset,
        label=check_label(label or ruleset.label),
        effective_from=effective_from or ruleset.effective_from,
        effective_until=effective_until or ruleset.effective_until,
    )
    start, end = ruleset.effective_from, ruleset.effective_until
    if end is not None and (start is None or end <= start):
        raise RulesetError(
            f"ruleset {ruleset.label!r} would be in force from {start or 'no date'} to {end}; "
            "the end has to come after the start, give other dates or take them out of its file"
        )
    return ruleset


@contextmanager
def changing(engine: Engine) -> Iterator[Connection]:
    """Open a writing transaction; the database refuses it where another process was first."""
    try:
        with transaction(engine, writing=True) as connection:
            take_rulesets(connection)
            yield connection
    except IntegrityError as error:
        reason = str(error.orig).split("\n")[0]
        raise RulesetError(
            f"the database refuses it: {reason}; look at rulesets list and try again"
        ) from error


# ------------------------------------------------------------------------- export


def export_files(engine: Engine, label: str) -> Files:
    """Give the files of a ruleset, from the database; see `ruleset_files`."""
    with transaction(engine) as connection:
        info = find_ruleset(connection, label)
        ruleset = store.load(connection, info.ruleset_id)
        if isinstance(ruleset, Ruleset):
            ruleset = replace(ruleset, files=store.stored_files(connection, info.ruleset_id))
        with _parents(connection) as parents:
            return ruleset_files(ruleset, stored_words(connection), parents)


def export_page(engine: Engine, label: str) -> str:
    """Give a table as the observatory's page; rules are a UsageError. See `page_text`."""
    with transaction(engine) as connection:
        info = find_ruleset(connection, label)
        ruleset = store.load(connection, info.ruleset_id)
    if not isinstance(ruleset, Table):
        raise UsageError(f"ruleset {label!r} is not a table; export it into a folder")
    return page_text(ruleset)


# ------------------------------------------------------------------------- discard


def discard_ruleset(engine: Engine, label: str) -> RulesetInfo:
    """Remove a draft, and tell what it was; EXP_TYPEs that came with it stay.

    It is a NotFoundError if there is no such ruleset, a RulesetError if it is published or a draft
    implements it.
    """
    with changing(engine) as connection:
        info = find_draft(connection, label)
        users = [one.ruleset for one in list_rulesets(connection) if one.implements == label]
        if users:
            raise RulesetError(
                f"the draft {label!r} is implemented by {', '.join(users)}; discard or import "
                "that first"
            )
        store.delete_draft(connection, info.ruleset_id)
    return info


def find_draft(connection: Connection, label: str) -> RulesetInfo:
    """Give a draft by its label; a published ruleset is a RulesetError.

    If there is no such ruleset it is a NotFoundError, which suggests drafts.
    """
    try:
        info = find_ruleset(connection, label)
    except NotFoundError:
        drafts = [one.ruleset for one in list_rulesets(connection) if one.status == DRAFT]
        meant = what_is_meant(connection, label, drafts)
        raise NotFoundError(
            f"no draft {label!r} in the catalog; {meant}; asnrules rulesets list shows all"
        ) from None
    if info.status != DRAFT:
        raise RulesetError(
            f"ruleset {label!r} is published already, and cannot be changed; "
            "to change rules, export it, edit, and import it under another label"
        )
    return info
