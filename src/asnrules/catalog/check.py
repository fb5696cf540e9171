"""Check rulesets of the catalog."""

from __future__ import annotations

from sqlalchemy import Connection, Engine

from asnrules.analysis.check import check_rules, check_table
from asnrules.analysis.findings import Checked
from asnrules.analysis.space import Explored
from asnrules.analysis.tables import Vocabulary
from asnrules.catalog import store
from asnrules.catalog.look_up import look_up
from asnrules.catalog.rulesets import TABLE, RulesetInfo, find_ruleset, list_rulesets
from asnrules.catalog.vocabulary import assumed_values, exp_type_names, special_keywords
from asnrules.database.engines import transaction
from asnrules.engine.conditions import ANY
from asnrules.util.environment import paused_collector
from asnrules.util.parallel import Progress


def check_rulesets(
    engine: Engine, label: str | None = None, progress: Progress | None = None
) -> list[Checked]:
    """Check the ruleset of a label, or all of the catalog, drafts included.

    It is a NotFoundError if there is no such ruleset, a RulesetError if one cannot be run, or
    analysed.
    """
    with transaction(engine) as connection:
        one = None if label is None else find_ruleset(connection, label)
        infos = list_rulesets(connection) if one is None else [one]
        explored = Explored()
        return [_checked(connection, info, explored, progress) for info in infos]


def load_vocabulary(connection: Connection) -> Vocabulary:
    """Load the words of the field that the analysis needs."""
    assumed = assumed_values(connection)
    return Vocabulary(
        exp_types=exp_type_names(connection),
        specials=special_keywords(connection),
        usual={keyword: value for keyword, value in assumed.items() if value != ANY},
        fitting=frozenset(keyword for keyword, value in assumed.items() if value == ANY),
    )


def _checked(
    connection: Connection, info: RulesetInfo, explored: Explored, progress: Progress | None
) -> Checked:
    vocabulary = load_vocabulary(connection)
    if info.kind == TABLE:
        return check_table(store.load_table(connection, info.ruleset_id), vocabulary.specials)
    implemented = find_ruleset(connection, info.implements or "")
    later = _later_exp_types(connection, implemented)
    known = [name for name in vocabulary.exp_types if name not in later]
    rules = store.load_rules(connection, info.ruleset_id)
    table = store.load_table(connection, implemented.ruleset_id)
    with paused_collector():
        return check_rules(rules, table, vocabulary._replace(exp_types=known), progress, explored)


def _later_exp_types(connection: Connection, table: RulesetInfo) -> set[str]:
    """Give the EXP_TYPEs that came with tables after one: rules of its time cannot know them."""
    seen: dict[bool, set[str]] = {True: set(), False: set()}
    for info in list_rulesets(connection):
        if info.kind == TABLE:
            is_later = info.ruleset_id != table.ruleset_id and (
                info.effective_from is None
                or table.effective_from is None
                or info.effective_from > table.effective_from
            )
            seen[is_later].update(mode.exp_type for mode in look_up(connection, info))
    return seen[True] - seen[False]
