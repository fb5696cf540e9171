"""Why is each member in an association."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import Connection, Engine

from asnrules.associations.comparison import file_name
from asnrules.associations.model import Association, Member, Product, members_of
from asnrules.associations.reader import read_association
from asnrules.catalog.vocabulary import asn_type_names
from asnrules.database.engines import transaction
from asnrules.engine.growing import Fate, Locked
from asnrules.engine.signatures import SCIENCE
from asnrules.errors import NotFoundError
from asnrules.record.queries.associations import report_association
from asnrules.util.results import Spoken, shown_briefly
from asnrules.util.text import Day, nearest_words
from asnrules.workflows import why_text
from asnrules.workflows.explain import kept_document
from asnrules.workflows.explained import Explained, of_recorded

_ENDING = "_asn"
_FILE = ".json"


@dataclass(frozen=True, slots=True)
class NamedAssociation:
    """An association that a person names."""

    asn_name: str
    products: tuple[Product, ...] = ()
    """What its file or the record has; none if only its name is known."""


@shown_briefly
@dataclass(frozen=True, slots=True)
class AssociationExplanation(Spoken):
    """Why each member is in an association."""

    COLUMNS: ClassVar = ("expname", "exptype", "role", "asked", "keys")

    ruleset: str
    where: str
    """The pool or run that it is of."""
    association: Association
    members: list[tuple[Member, Fate | None]]
    """Each with what put it there; None for what Stage 3 makes of others."""
    imported_as: str | None
    """Its name on record of an imported run; that of the association is by the rules."""

    def records(self) -> Iterator[dict[str, Any]]:
        """Give each member as a record; keys are those of its role, and those of all."""
        for one in self.document()["members"]:
            keys = [f"{key['keyword']} {key['value']}" for key in (one["keys"] or {}).values()]
            yield {**one, "keys": keys}

    def lines(self) -> Iterator[str]:
        """Say it in words, a line at a time."""
        return why_text.of_association(self)

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        one = self.association
        return {
            "asn_name": self.imported_as or one.asn_name,
            "by_rules": one.asn_name,
            "ruleset": self.ruleset,
            "of": self.where,
            "asn_type": one.asn_type,
            "asn_rule": one.asn_rule,
            "candidate": one.asn_id,
            "candidate_type": one.candidate_type,
            "products": [product.name for product in one.products],
            "members": [
                {
                    "expname": member.expname,
                    "exptype": member.exptype,
                    **{
                        name: None if fate is None else kept_document(fate)[name]
                        for name in ("role", "asked", "keys")
                    },
                }
                for member, fate in self.members
            ],
        }


def is_association(word: str) -> bool:
    """Tell whether a word names an association, or its file, rather than an exposure."""
    return word.strip().lower().removesuffix(_FILE).endswith(_ENDING) or word.endswith(_FILE)


def explain_association(of: Explained, named: NamedAssociation) -> AssociationExplanation:
    """Explain an association that the rules make of exposures.

    Members say more than a name, whose number may be another. It is a NotFoundError if the rules
    make no such association.
    """
    work = of.evaluated.work
    members = members_of(named.products)
    if not members:
        members = members_of(_found(of.outcome(None).associations, named, of.where).products)
    sciences = [one.expname for one in members if one.exptype == SCIENCE]
    place = of.place(sciences[0]) if sciences else None
    outcome = of.outcome(place)
    association = _found(outcome.associations, named, of.where)
    keys = _keys(outcome.fates, association)
    rule = next(one for one in work.ruleset.rules if one.name == association.asn_rule)
    candidate = association.asn_id, association.candidate_type
    found: list[tuple[Member, Fate | None]] = []
    for member in members_of(association.products):
        fate = None
        if (at := member.exposure) is not None:
            held = {name: key for name, key in keys.items() if work.value(at, key[0]) == key[1]}
            fate = Fate(rule, candidate, member, None, association, held)
        found.append((member, fate))
    name = None if of.imported is None else named.asn_name
    return AssociationExplanation(of.evaluated.info.ruleset, of.where, association, found, name)


def _keys(fates: Iterable[Fate], association: Association) -> Locked:
    """Give what the exposures of an association have in common."""
    for fate in fates:
        if fate.association is not None and fate.association.asn_name == association.asn_name:
            return dict(fate.locked)
    return {}


def named_association(engine: Engine, word: str) -> NamedAssociation:
    """Read an association that is named by its file; else give its name."""
    if not Path(word).is_file() and "/" not in word:
        return NamedAssociation(word.strip().lower().removesuffix(_FILE))
    with transaction(engine) as connection:
        types = asn_type_names(connection)
    found = read_association(word, types)
    return NamedAssociation(found.asn_name, found.products)


def explain_recorded(
    engine: Engine,
    word: str,
    run_id: int | None = None,
    ruleset: str | None = None,
    as_of: Day | None = None,
) -> AssociationExplanation:
    """Explain an association on record, of the newest run that has it, or of one run.

    A file is held against the record by its name, and then by its members.
    """
    return explain_named(engine, named_association(engine, word), run_id, ruleset, as_of)


def explain_named(
    engine: Engine,
    named: NamedAssociation,
    run_id: int | None = None,
    ruleset: str | None = None,
    as_of: Day | None = None,
) -> AssociationExplanation:
    """Explain an association on record; see `explain_recorded`. No file is read."""
    with transaction(engine) as connection:
        of, recorded = _on_record(connection, named, run_id, ruleset, as_of)
    return explain_association(of, named if named.products else recorded)


def _on_record(
    connection: Connection,
    named: NamedAssociation,
    run_id: int | None,
    ruleset: str | None,
    as_of: Day | None,
) -> tuple[Explained, NamedAssociation]:
    reports = report_association(connection, named.asn_name)
    known = [one for one in reports if run_id in {None, one.run.run_id}]
    if not known:
        runs = ", ".join(str(one.run.run_id) for one in reports)
        raise NotFoundError(
            f"run {run_id} has no association {named.asn_name}; runs that have one: {runs}"
        )
    newest = next((one for one in reversed(known) if one.run.pools), known[-1])
    of = of_recorded(connection, newest.run, ruleset, as_of)
    return of, NamedAssociation(named.asn_name, newest.association.products)


def _found(made: Iterable[Association], named: NamedAssociation, where: str) -> Association:
    """Find an association: of its members, if they are known, and best of its name too."""
    wanted = _content(named.products)
    made = list(made)
    found = [
        one
        for one in made
        if (_content(one.products) == wanted if wanted else one.asn_name == named.asn_name)
    ]
    for one in sorted(found, key=lambda one: one.asn_name != named.asn_name):
        return one
    if not wanted:
        near = nearest_words(named.asn_name, [one.asn_name for one in made])
        raise NotFoundError(
            f"{named.asn_name}: the rules make no association of this name of {where}; {near}"
        )
    raise NotFoundError(
        f"{named.asn_name}: the rules make no association with these members of {where}; "
        "asnrules audit import FILE --pool POOL says what they make instead"
    )


def _content(products: Iterable[Product]) -> set[tuple[str, str]]:
    return {(file_name(one.expname), one.exptype) for one in members_of(products)}
