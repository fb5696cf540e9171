"""One search for everything that has a page: words of the rules, and names on record."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from asnrules.browse.things import KINDS, address_of
from asnrules.pools.exposure_names import plain_name, possible_names
from asnrules.util.text import near_spellings, wanted_program

MOST = 50
"""How many names of each kind are listed."""

Execute = Callable[[str, Mapping[str, Any]], Awaitable[Sequence[Mapping[str, Any]]]]
"""Run a query, and give its rows."""


class Hit(NamedTuple):
    """Something that has a page."""

    kind: str
    name: str
    note: str = ""

    @property
    def words(self) -> str:
        """What kind of thing it is, for people."""
        return KINDS[self.kind].words

    @property
    def address(self) -> str:
        """The address of its page."""
        return address_of(self.kind, {KINDS[self.kind].name: self.name})


class Found(NamedTuple):
    """What a search gave."""

    hits: list[Hit]
    are_exact: bool
    """Whether they are what was asked for, and not only begin or are spelled like it."""


_WORDS = """
    SELECT 'exp_type' AS kind, exp_type AS name, COALESCE(description, '') AS note FROM exp_types
    UNION SELECT 'rule', asn_rule, '' FROM v_rules
    UNION SELECT 'ruleset', ruleset, title FROM v_rulesets
    ORDER BY 1, 2"""
_RELEASES = "SELECT ruleset FROM v_releases WHERE release = :release"
_PROGRAMS = """
    SELECT program FROM exposures WHERE program = :program
    UNION SELECT a.program FROM runs AS r JOIN associations AS a ON a.run_id = r.run_id
    WHERE r.origin = 'imported' AND a.program = :program LIMIT 1"""
_RUNS = "SELECT run_id, started_at FROM runs WHERE run_id = :run_id"
_EXPOSURE = "SELECT DISTINCT filename FROM exposures WHERE filename IN ({})"
_MEMBER = (
    "SELECT DISTINCT expname AS filename FROM association_members "
    "WHERE exposure IS NULL AND expname IN ({})"
)
_EXPOSURES_BEGUN = """
    SELECT DISTINCT filename FROM exposures
    WHERE filename >= :start AND filename < :start || CHAR(1114111) ORDER BY 1 LIMIT :most"""
_EXAMPLES = """
    SELECT m.exp_type, m.filename AS exposure, m.asn_name AS association, m.program,
        m.asn_rule AS rule, r.ruleset, r.run_id AS run
    FROM v_association_members AS m JOIN v_runs AS r ON r.run_id = m.run_id
    WHERE m.exp_type IS NOT NULL AND m.run_id =
        (SELECT MAX(run_id) FROM runs WHERE origin = 'generated' AND association_count > 0)
    LIMIT 1"""
_WITHOUT_RUNS = """
    SELECT (SELECT MIN(exp_type) FROM v_exposure_modes) AS exp_type, asn_rule AS rule, ruleset
    FROM v_rules ORDER BY ruleset DESC LIMIT 1"""
# One look into the index for each run, as that begins with the run.
_ASSOCIATION = """
    SELECT DISTINCT a.asn_name FROM runs AS r CROSS JOIN associations AS a
    ON a.run_id = r.run_id AND a.asn_name = :name"""
_ASSOCIATIONS_BEGUN = """
    SELECT DISTINCT a.asn_name FROM runs AS r CROSS JOIN associations AS a ON a.run_id = r.run_id
        AND a.asn_name >= :start AND a.asn_name < :start || CHAR(1114111) LIMIT :most"""


async def find(execute: Execute, asked: str) -> Found:
    """Find what is asked for; else what begins so or has it inside; else what is spelled so."""
    word = asked.strip().rstrip("*").strip()
    if not word:
        return Found([], are_exact=False)
    known = [Hit(**row) for row in await execute(_WORDS, {})]
    exact = [hit for hit in known if hit.name.casefold() == word.casefold()]
    exact += [hit async for hit in _on_record(execute, word)]
    if exact:
        return Found(exact, are_exact=True)
    near = [hit for hit in known if word.casefold() in hit.name.casefold()]
    begin = {"start": plain_name(word), "most": MOST}
    near += [Hit("exposure", row["filename"]) for row in await execute(_EXPOSURES_BEGUN, begin)]
    begun = await execute(_ASSOCIATIONS_BEGUN, begin)
    near += [Hit("association", row["asn_name"]) for row in begun]
    if not near:
        spelled = near_spellings(word, {hit.name for hit in known}, 8, cutoff=0.5)
        near = [hit for name in spelled for hit in known if hit.name == name]
    return Found(near, are_exact=False)


async def examples(execute: Execute) -> list[Hit]:
    """Give one thing of each kind to look for, of the latest run if there is one."""
    rows = [*await execute(_EXAMPLES, {}), *await execute(_WITHOUT_RUNS, {})]
    return [Hit(kind, str(name)) for kind, name in rows[0].items()]


async def _on_record(execute: Execute, word: str) -> AsyncIterator[Hit]:
    """Yield what has just this name, of whatever the record and releases name."""
    for row in await execute(_RELEASES, {"release": word.lower().removeprefix("jwst ")}):
        yield Hit("ruleset", row["ruleset"], f"jwst {word}")
    found = set()
    for kind, statement, values, name in _names(word):
        # A member that is in no pool is asked for only where no exposure of a pool is meant.
        rows = [] if kind in found else await execute(statement, values)
        for row in rows:
            yield Hit(kind, str(row[name]))
            found.add(kind)


def _names(word: str) -> Iterator[tuple[str, str, dict[str, Any], str]]:
    """Give what a word may name on record: the kind, the query, its values and its column."""
    if run := re.fullmatch(r"(?:run\s*)?#?([0-9]{1,15})", word, re.IGNORECASE | re.ASCII):
        yield "run", _RUNS, {"run_id": int(run[1])}, "run_id"
    if program := re.fullmatch(r"(?:jw|program\s*)?([0-9]{1,5})", word, re.IGNORECASE | re.ASCII):
        yield "program", _PROGRAMS, {"program": wanted_program(program[1])}, "program"
    names = {f"name{number}": name for number, name in enumerate(possible_names(word))}
    marks = ", ".join(f":{name}" for name in names)
    yield "exposure", _EXPOSURE.format(marks), names, "filename"
    yield "exposure", _MEMBER.format(marks), names, "filename"
    name = plain_name(word).removesuffix(".json")
    yield "association", _ASSOCIATION, {"name": name}, "asn_name"
