"""The pages of single things, such as an exposure, an association or a rule, as data.

Each has sections, and each section a query. A value whose column names another thing leads to the
page of that, so that pages are linked with each other without more said of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode


class Section(NamedTuple):
    """A part of a page."""

    title: str
    sql: str = ""
    is_facts: bool = False
    """Whether its one row is shown as a list of names and values."""
    view: tuple[str, tuple[str, ...]] | None = None
    """The view that has all of its rows, and the parameters to choose them by."""
    later: str = ""
    """What it is called in `told.py`, if the page fetches it from there when the rest is shown."""
    asks: str = ""
    """The parameter that a person gives before; "" if there is none."""


TOLD = Section("")
"""Where the sections stand that no query gives; see `told.py`."""


class Kind(NamedTuple):
    """What there is a page of."""

    words: str
    name: str
    """The parameter that names one of them; "" if there is one page of all."""
    within: str
    """Where the name holds, or "": a parameter that `latest` gives if it is not given."""
    latest: str
    sections: tuple[Section, ...]

    @property
    def parameters(self) -> list[str]:
        """The parameters of its address, the name first."""
        return [one for one in (self.name, self.within) if one]


def thing_in(column: str, row: Mapping[str, Any], columns: Collection[str]) -> str | None:
    """Give the address of the page that a value of a row leads to, if there is one."""
    if column == "expname":
        name = next((one for one in ("_filename", "filename") if one in columns), None)
        file = row[name] if name else None
        return address_of("exposure", {"filename": file}) if file is not None else None
    kind = _KIND_OF.get(column)
    if kind is None or row[column] is None:
        return None
    name, within = KINDS[kind].name, KINDS[kind].within
    values = {name: row[column]}
    # What is the same in all rows is there to lead on, but not shown.
    for known in {within, f"_{within}"}.intersection(columns):
        if row[known] is not None:
            values[within] = row[known]
    return address_of(kind, values)


def label_of(column: str) -> str:
    """Name a column for people."""
    return _LABELS.get(column, column.replace("_", " "))


def address_of(kind: str, values: Mapping[str, Any]) -> str:
    """Give the address of the page of a thing."""
    return f"/{kind}?{urlencode(values)}" if values else f"/{kind}"


_NEWEST_WITH_RULE = (
    "SELECT s.ruleset FROM v_rules AS r JOIN v_rulesets AS s ON s.ruleset = r.ruleset "
    "WHERE r.asn_rule = :asn_rule "
    "ORDER BY s.effective_from <= DATE('now') DESC, s.effective_from DESC LIMIT 1"
)

# From the exposure to its members by indexes: from the view, SQLite goes through all members.
_ASSOCIATIONS_OF_EXPOSURE = """
    SELECT u.run_id, r.label AS ruleset, a.asn_name, a.asn_type, a.asn_rule,
           m.exptype, m.product
    FROM exposures AS e
    JOIN run_pools AS p ON p.pool_id = e.pool_id
    JOIN association_members AS m
        ON m.run_id = p.run_id AND m.pool_id = e.pool_id AND m.exposure = e.position
    JOIN associations AS a ON a.run_id = m.run_id AND a.position = m.association
    JOIN runs AS u ON u.run_id = m.run_id
    JOIN rulesets AS r ON r.ruleset_id = u.ruleset_id
    WHERE e.filename = :filename ORDER BY u.run_id DESC, a.position, m.position"""

_EXPOSURE = Kind(
    "exposure", "filename", "", "",
    (
        Section(
            "What became of it, and why",
            "SELECT run_id, SUBSTR(started_at, 1, 10) AS day, ruleset, exp_type, "
            "member_type AS class, special, association_count AS associations, reason "
            "FROM v_decisions WHERE filename = :filename ORDER BY run_id DESC",
            view=("v_decisions", ("filename",)),
        ),
        Section("Its associations", _ASSOCIATIONS_OF_EXPOSURE),
        Section(
            "Associations that name it, which no pool of their run does",
            "SELECT a.run_id, r.origin, a.asn_name, a.asn_type, a.asn_rule, m.exptype, m.product "
            "FROM association_members AS m JOIN associations AS a "
            "ON a.run_id = m.run_id AND a.position = m.association "
            "JOIN v_runs AS r ON r.run_id = a.run_id WHERE m.exposure IS NULL AND m.expname IN ("
            ":filename, REPLACE(:filename, '_uncal.fits', '_rate.fits'), "
            "REPLACE(:filename, '_uncal.fits', '_rateints.fits')) "
            "ORDER BY a.run_id DESC, a.position",
        ),
        Section("What each ruleset makes of it, the first one first", later="rulesets"),
        Section("Why it is in no other association", later="why"),
        Section("Why another is no companion of it", later="pair", asks="other_exposure"),
        Section(
            "What the table has said of its EXP_TYPE",
            "SELECT ruleset, effective_from, effective_until, exp_type, member_type AS class, "
            "special, asn_type FROM v_exposure_modes_history WHERE exp_type IN "
            "(SELECT UPPER(exp_type) FROM exposures WHERE filename = :filename) "
            "ORDER BY effective_from DESC, position",
        ),
        Section(
            "Its keywords, by the latest pool",
            "SELECT * FROM v_exposures WHERE filename = :filename ORDER BY run_id DESC LIMIT 1",
            is_facts=True,
        ),
    ),
)  # fmt: skip

_ASSOCIATION = Kind(
    "association", "asn_name", "run_id",
    "SELECT MAX(r.run_id) FROM runs AS r CROSS JOIN associations AS a "
    "ON a.run_id = r.run_id AND a.asn_name = :asn_name",
    (
        Section(
            "What it is",
            "SELECT asn_type, pipeline, asn_rule, ruleset, asn_id AS candidate, candidate_type, "
            "program, target, degraded_status, run_id, origin, "
            "keys AS constraints FROM v_associations "
            "WHERE run_id = :run_id AND asn_name = :asn_name",
            is_facts=True,
        ),
        Section(
            "What was said of it when it was imported",
            "SELECT verdict, explanation, file_name, code_version FROM v_imported_associations "
            "WHERE run_id = :run_id AND asn_name = :asn_name",
            is_facts=True,
        ),
        Section(
            "Members, with their roles",
            "SELECT m.exptype, m.expname, e.filename AS _filename, e.exp_type, "
            "t.member_type AS class, COALESCE(d.reason, t.reason) AS on_its_own, m.product "
            "FROM associations AS a JOIN association_members AS m "
            "ON m.run_id = a.run_id AND m.association = a.position "
            "LEFT JOIN exposures AS e ON e.pool_id = m.pool_id AND e.position = m.exposure "
            "LEFT JOIN decisions AS d ON d.run_id = m.run_id AND d.pool_id = m.pool_id "
            "AND d.position = m.exposure LEFT JOIN traces AS t ON t.trace_id = d.trace_id "
            "WHERE a.run_id = :run_id AND a.asn_name = :asn_name ORDER BY m.position",
            view=("v_association_members", ("run_id", "asn_name")),
        ),
        Section("Why each is in it", later="why"),
        Section(
            "The same name in other runs",
            "SELECT a.run_id, a.started_at, a.ruleset, a.asn_name, a.asn_rule, a.member_count "
            "FROM runs AS r CROSS JOIN v_associations AS a ON a.run_id = r.run_id "
            "AND a.asn_name = :asn_name WHERE r.run_id <> :run_id ORDER BY r.run_id DESC",
        ),
    ),
)  # fmt: skip

_RULE = Kind(
    "rule", "asn_rule", "ruleset", _NEWEST_WITH_RULE,
    (
        Section(
            "What it is",
            "SELECT title, asn_type, pipeline, ruleset FROM v_rules "
            "WHERE ruleset = :ruleset AND asn_rule = :asn_rule",
            is_facts=True,
        ),
        TOLD,
        Section(
            "Rulesets that have it",
            "SELECT s.ruleset, r.asn_rule, s.status, s.effective_from, s.effective_until, "
            "r.asn_type, r.title FROM v_rules AS r JOIN v_rulesets AS s ON s.ruleset = r.ruleset "
            "WHERE r.asn_rule = :asn_rule ORDER BY s.effective_from DESC, s.ruleset DESC",
            view=("v_rules", ("asn_rule",)),
        ),
        Section(
            "Runs in which it made associations",
            "SELECT r.run_id, s.ruleset, COUNT(*) AS associations FROM associations AS a "
            "JOIN runs AS r ON r.run_id = a.run_id "
            "JOIN v_rulesets AS s ON s.ruleset_id = r.ruleset_id "
            "WHERE a.asn_rule = :asn_rule GROUP BY r.run_id, s.ruleset ORDER BY r.run_id DESC",
            view=("v_associations", ("asn_rule",)),
        ),
    ),
)  # fmt: skip

_EXP_TYPE = Kind(
    "EXP_TYPE", "exp_type", "", "",
    (
        Section(
            "What it is",
            "SELECT instrument, description FROM exp_types WHERE exp_type = :exp_type",
            is_facts=True,
        ),
        Section(
            "What the table says today",
            "SELECT ruleset, member_type AS class, special, asn_type, pipeline, footnote "
            "FROM v_exposure_modes WHERE exp_type = :exp_type ORDER BY position",
            view=("v_exposure_modes_history", ("exp_type",)),
        ),
        TOLD,
        Section(
            "What became of its exposures",
            "SELECT run_id, ruleset, member_type AS class, special, COUNT(*) AS exposures, "
            "SUM(association_count > 0) AS in_associations, MIN(filename) AS one_exposure "
            "FROM v_decisions WHERE exp_type = :exp_type "
            "GROUP BY run_id, ruleset, member_type, special ORDER BY run_id DESC, exposures DESC",
            view=("v_decisions", ("exp_type",)),
        ),
    ),
)  # fmt: skip

_OF_PROGRAM = (
    "FROM exposures AS e JOIN run_pools AS p ON p.pool_id = e.pool_id WHERE e.program = :program"
)
# What is imported may have no pool.
_RUNS_OF_PROGRAM = (
    f"SELECT p.run_id {_OF_PROGRAM} UNION SELECT r.run_id FROM runs AS r "  # noqa: S608
    "JOIN associations AS a ON a.run_id = r.run_id "
    "WHERE r.origin = 'imported' AND a.program = :program"
)

_PROGRAM = Kind(
    "program", "program", "run_id",
    f"SELECT MAX(run_id) FROM ({_RUNS_OF_PROGRAM})",  # noqa: S608
    (
        Section(
            "Runs of it",
            "SELECT u.run_id, :program AS program, SUBSTR(u.started_at, 1, 10) AS day, "  # noqa: S608
            f"u.operator, u.ruleset, (SELECT COUNT(*) {_OF_PROGRAM} AND p.run_id = u.run_id) "
            f"AS exposures FROM v_runs AS u WHERE u.run_id IN ({_RUNS_OF_PROGRAM}) "
            "ORDER BY u.run_id DESC",
        ),
        Section(
            "Its associations in this run",
            "SELECT run_id AS _run_id, asn_name, asn_type, asn_rule, ruleset AS _ruleset, "
            "asn_id AS candidate, member_count AS members FROM v_associations "
            "WHERE run_id = :run_id AND program = :program ORDER BY asn_name",
            view=("v_associations", ("run_id", "program")),
        ),
        Section(
            "Its exposures in this run",
            "SELECT filename, exp_type, member_type AS class, special, "
            "association_count AS associations, reason FROM v_decisions "
            "WHERE run_id = :run_id AND program = :program ORDER BY position",
            view=("v_decisions", ("run_id", "program")),
        ),
    ),
)  # fmt: skip

_RUN = Kind(
    "run", "run_id", "", "",
    (
        Section(
            "What it is",
            "SELECT origin, REPLACE(SUBSTR(started_at, 1, 19), 'T', ' ') AS started_at_UTC, "
            "REPLACE(SUBSTR(finished_at, 1, 19), 'T', ' ') AS finished_at_UTC, operator, host, "
            "ruleset, note, exposure_count AS exposures, association_count AS associations, "
            "unassociated_count AS in_no_association, not_imported_count AS not_imported, "
            "(SELECT GROUP_CONCAT(o.key || "
            "CASE o.type WHEN 'true' THEN '' ELSE ' ' || o.value END, CHAR(10)) "
            "FROM JSON_EACH(options) AS o WHERE o.value NOT IN (0, '', '[]')) AS options, "
            "software_version, digest FROM v_runs WHERE run_id = :run_id",
            is_facts=True,
        ),
        Section("Where its exposures went", later="picture"),
        Section(
            "Pools",
            "SELECT pool, exposure_count AS exposures, first_run_id, sha256 FROM v_run_pools "
            "WHERE run_id = :run_id ORDER BY position",
        ),
        Section(
            "Programs",
            "SELECT run_id AS _run_id, program, COUNT(*) AS exposures, "
            "SUM(association_count > 0) AS in_associations FROM v_decisions "
            "WHERE run_id = :run_id AND program IS NOT NULL GROUP BY program ORDER BY program",
        ),
        Section(
            "What was said of its associations when they were imported",
            "SELECT run_id AS _run_id, asn_name, verdict, explanation "
            "FROM v_imported_associations WHERE run_id = :run_id ORDER BY asn_name",
            view=("v_imported_associations", ("run_id",)),
        ),
        Section(
            "Warnings for the operator",
            "SELECT d.value AS warning FROM v_runs AS r, JSON_EACH(r.diagnostics) AS d "
            "WHERE r.run_id = :run_id ORDER BY d.key",
        ),
        Section(
            "What its rules made",
            "SELECT s.label AS _ruleset, a.asn_rule, a.asn_type, COUNT(*) AS associations, "
            "MIN(a.asn_name) AS one_association, r.run_id AS _run_id FROM associations AS a "
            "JOIN runs AS r ON r.run_id = a.run_id JOIN rulesets AS s "
            "ON s.ruleset_id = r.ruleset_id WHERE a.run_id = :run_id "
            "GROUP BY a.asn_rule, a.asn_type ORDER BY associations DESC, a.asn_rule",
            view=("v_associations", ("run_id",)),
        ),
        Section(
            "What became of its exposures",
            "SELECT exp_type, member_type AS class, special, COUNT(*) AS exposures, "
            "SUM(association_count > 0) AS in_associations, MIN(filename) AS one_exposure "
            "FROM v_decisions WHERE run_id = :run_id "
            "GROUP BY exp_type, member_type, special ORDER BY exp_type, class, special",
            view=("v_decisions", ("run_id",)),
        ),
        Section(
            "Exposures in no association",
            "SELECT filename, exp_type, member_type AS class, special, reason FROM v_unassociated "
            "WHERE run_id = :run_id ORDER BY filename",
            view=("v_unassociated", ("run_id",)),
        ),
        Section(
            "Exposures that were not imported",
            "SELECT filename, exp_type, member_type AS class, reason FROM v_not_imported "
            "WHERE run_id = :run_id ORDER BY filename",
            view=("v_not_imported", ("run_id",)),
        ),
    ),
)  # fmt: skip

_RULESET = Kind(
    "ruleset", "ruleset", "", "",
    (
        Section(
            "What it is",
            "SELECT title, kind, status, source, effective_from, effective_until, implements, "
            "extends, (SELECT GROUP_CONCAT(release, ', ') FROM v_releases AS e "
            "WHERE e.ruleset = s.ruleset) AS releases_of_jwst, checksum, published_at "
            "FROM v_rulesets AS s WHERE ruleset = :ruleset",
            is_facts=True,
        ),
        Section(
            "What it changed, why, and by what source",
            "SELECT change, why, source, COUNT(item) AS items FROM v_rule_changes "
            "WHERE ruleset = :ruleset GROUP BY position, change, why, source ORDER BY position",
            view=("v_rule_changes", ("ruleset",)),
        ),
        Section(
            "What the table changed",
            "SELECT change, exp_type, member_type AS class, special, asn_type_before, "
            "asn_type_after, footnote_before, footnote_after FROM v_ruleset_changes "
            "WHERE ruleset = :ruleset ORDER BY exp_type, member_type, special",
            view=("v_ruleset_changes", ("ruleset",)),
        ),
        Section(
            "Its rules",
            "SELECT ruleset AS _ruleset, asn_rule, asn_type, title FROM v_rules "
            "WHERE ruleset = :ruleset ORDER BY asn_rule",
            view=("v_rules", ("ruleset",)),
        ),
        Section(
            "Its rows",
            "SELECT position, exp_type, member_type AS class, special, asn_type, footnote "
            "FROM v_exposure_modes_history WHERE ruleset = :ruleset ORDER BY position",
            view=("v_exposure_modes_history", ("ruleset",)),
        ),
    ),
)  # fmt: skip

_RULESETS = Kind(
    "All rulesets", "", "", "",
    tuple(
        Section(
            title,
            f"SELECT s.ruleset, s.status, s.effective_from, s.effective_until, {name}, "  # noqa: S608
            f"(SELECT GROUP_CONCAT(c.what, CHAR(10)) FROM ({changes}) AS c) AS changed "
            f"FROM v_rulesets AS s WHERE s.kind = '{kind}' "
            "ORDER BY s.effective_from DESC, s.ruleset DESC",
        )
        for title, kind, name, changes in (
            ("Rules, the newest first", "rules",
             "(SELECT GROUP_CONCAT(release, ', ') FROM v_releases AS e "
             "WHERE e.ruleset = s.ruleset) AS releases_of_jwst",
             "SELECT change || ': ' || why AS what FROM v_rule_changes "
             "WHERE ruleset = s.ruleset GROUP BY position, change, why ORDER BY position"),
            ("Tables, the newest first", "table", "s.title",
             "SELECT change || ' ' || exp_type || COALESCE(', ' || special, '') AS what "
             "FROM v_ruleset_changes WHERE ruleset = s.ruleset ORDER BY exp_type"),
        )
    ),
)  # fmt: skip

KINDS = {
    "exposure": _EXPOSURE,
    "association": _ASSOCIATION,
    "rule": _RULE,
    "exp_type": _EXP_TYPE,
    "program": _PROGRAM,
    "run": _RUN,
    "ruleset": _RULESET,
    "rulesets": _RULESETS,
}
"""The pages that there are, by the first part of their address."""

_KIND_OF = {kind.name: name for name, kind in KINDS.items() if kind.name}
_LABELS = {
    "run_id": "run", "asn_name": "association", "asn_rule": "rule", "asn_type": "type",
    "filename": "exposure", "expname": "member", "exp_type": "EXP_TYPE",
    "effective_from": "in force from", "effective_until": "until",
    "on_its_own": "by the rules, on its own", "first_run_id": "on record since run",
    "one_association": "for example", "one_exposure": "for example",
    "started_at_UTC": "started (UTC)", "finished_at_UTC": "finished (UTC)",
}  # fmt: skip
_KIND_OF |= {"implements": "ruleset", "extends": "ruleset", "table_ruleset": "ruleset"}
_KIND_OF |= {"first_run_id": "run", "one_association": "association", "one_exposure": "exposure"}
