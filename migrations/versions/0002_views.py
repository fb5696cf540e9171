"""The views: the contract with people who write SQL; docs/sql.md describes each column."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Columns of v_exposures besides those of the table: the words of seed/vocabulary.
KEYWORDS = (
    "obs_id", "instrume", "detector", "channel", "band", "filter", "pupil", "grating", "fxd_slit",
    "subarray", "opmode", "lamp", "msastate", "msametfl", "targetid", "pntgtype", "visitype",
    "tsovisit", "bkgdtarg", "is_psf", "is_imprt", "dms_note", "exposerr", "expspcin", "dithptin",
    "mostilno", "patttype", "patt_num", "numdthpt", "subpxpts", "subpxpns",
)  # fmt: skip

# What a pool writes as [('o001', 'observation')], or as a bare number, whose type is unknown.
SQLITE_PAIRS = """
(SELECT *, CASE
    WHEN asn_candidate NOT GLOB '*[^0-9]*' THEN '[["' || asn_candidate || '", "unknown"]]'
    ELSE replace(replace(replace(replace(replace(
        asn_candidate, '(', '['), ')', ']'), '''', '"'), ', ]', ']'), ',]', ']')
    END AS listed FROM exposures) AS e ON e.pool_id = u.pool_id
CROSS JOIN json_each(CASE WHEN json_valid(e.listed) THEN e.listed END) AS l
WHERE l.type = 'array'
"""
POSTGRESQL_PAIRS = r"""
exposures AS e ON e.pool_id = u.pool_id
CROSS JOIN LATERAL regexp_matches(
    regexp_replace(e.asn_candidate, '^([0-9]+)$', '"\1", "unknown"'),
    '[''"]([^''"]+)[''"]\s*,\s*[''"]([^''"]+)[''"]', 'g') AS l (pair)
WHERE e.asn_candidate ~ '^[0-9[(]'
"""

WORDS = {
    "sqlite": {
        "today": "date('now')",
        "agrees": "t.agrees = 1",
        "negated": "c.negated = 1",
        "keywords": ", ".join(f"json_extract(e.keyword_values, '$.{k}') AS {k}" for k in KEYWORDS),
        "parsed": "",
        "asn_id": "json_extract(l.value, '$[0]')",
        "candidate_type": "json_extract(l.value, '$[1]')",
        "pairs": SQLITE_PAIRS,
    },
    "postgresql": {
        "today": "(now() AT TIME ZONE 'UTC')::date",
        "agrees": "t.agrees",
        "negated": "c.negated",
        "keywords": ", ".join(f"k.parsed ->> '{keyword}' AS {keyword}" for keyword in KEYWORDS),
        # Parsed once for all columns, and only for rows that are asked for.
        "parsed": "CROSS JOIN LATERAL (SELECT e.keyword_values::jsonb AS parsed OFFSET 0) AS k",
        "asn_id": "l.pair[1]",
        "candidate_type": "l.pair[2]",
        "pairs": POSTGRESQL_PAIRS,
    },
}

# ------------------------------------------------------------------------- catalog

RULESETS = """
SELECT r.label AS ruleset, r.kind, r.status, r.title, r.source, r.effective_from,
       COALESCE(r.effective_until, CASE WHEN r.status = 'published' THEN
           LEAD(r.effective_from) OVER (
               PARTITION BY r.kind, r.status, r.effective_from IS NULL ORDER BY r.effective_from)
       END) AS effective_until,
       i.label AS implements, p.label AS extends, r.checksum, r.changes_checksum, r.published_at,
       r.published_by, r.retroactive, r.ruleset_id
FROM rulesets AS r
LEFT JOIN rulesets AS i ON i.ruleset_id = r.implements
LEFT JOIN rulesets AS p ON p.ruleset_id = r.extends
"""

MODES_HISTORY = """
SELECT r.ruleset, r.effective_from, r.effective_until, m.position, m.exp_type, e.instrument,
       m.member_type, m.special, m.asn_type, a.pipeline, m.footnote
FROM exposure_modes AS m
JOIN v_rulesets AS r ON r.ruleset_id = m.ruleset_id AND r.status = 'published'
JOIN exp_types AS e ON e.exp_type = m.exp_type
LEFT JOIN asn_types AS a ON a.asn_type = m.asn_type
"""

MODES = """
SELECT ruleset, position, exp_type, instrument, member_type, special, asn_type, pipeline, footnote
FROM v_exposure_modes_history
WHERE effective_from <= {today} AND (effective_until IS NULL OR effective_until > {today})
"""

RULESET_CHANGES = """
WITH successive AS (
    SELECT ruleset_id, ruleset, effective_from,
           LAG(ruleset_id) OVER (ORDER BY effective_from) AS previous_id,
           LAG(ruleset) OVER (ORDER BY effective_from) AS previous
    FROM v_rulesets WHERE kind = 'table' AND status = 'published'
),
changes AS (
    SELECT s.ruleset, s.previous, s.effective_from, 'added' AS change,
           n.exp_type, n.member_type, n.special,
           NULL AS asn_type_before, n.asn_type AS asn_type_after,
           NULL AS footnote_before, n.footnote AS footnote_after
    FROM successive AS s JOIN exposure_modes AS n ON n.ruleset_id = s.ruleset_id
    WHERE s.previous_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM exposure_modes AS o
        WHERE o.ruleset_id = s.previous_id AND o.exp_type = n.exp_type
          AND o.member_type = n.member_type
          AND COALESCE(o.special, '') = COALESCE(n.special, ''))
    UNION ALL
    SELECT s.ruleset, s.previous, s.effective_from, 'removed',
           o.exp_type, o.member_type, o.special, o.asn_type, NULL, o.footnote, NULL
    FROM successive AS s JOIN exposure_modes AS o ON o.ruleset_id = s.previous_id
    WHERE NOT EXISTS (
        SELECT 1 FROM exposure_modes AS n
        WHERE n.ruleset_id = s.ruleset_id AND o.exp_type = n.exp_type
          AND o.member_type = n.member_type
          AND COALESCE(o.special, '') = COALESCE(n.special, ''))
    UNION ALL
    SELECT s.ruleset, s.previous, s.effective_from, 'changed',
           n.exp_type, n.member_type, n.special, o.asn_type, n.asn_type, o.footnote, n.footnote
    FROM successive AS s
    JOIN exposure_modes AS n ON n.ruleset_id = s.ruleset_id
    JOIN exposure_modes AS o ON o.ruleset_id = s.previous_id AND o.exp_type = n.exp_type
         AND o.member_type = n.member_type AND COALESCE(o.special, '') = COALESCE(n.special, '')
    WHERE COALESCE(o.asn_type, '') <> COALESCE(n.asn_type, '')
       OR COALESCE(o.footnote, '') <> COALESCE(n.footnote, '')
)
SELECT ruleset, previous, effective_from, change, exp_type, member_type, special,
       asn_type_before, asn_type_after, footnote_before, footnote_after
FROM changes
"""

RULES = """
SELECT s.label AS ruleset, r.asn_rule, r.asn_type, t.pipeline, r.title
FROM asn_rules AS r
JOIN rulesets AS s ON s.ruleset_id = r.ruleset_id
JOIN asn_types AS t ON t.asn_type = r.asn_type
"""

# Those of the groups of a rule or role come after its own.
RULE_CONDITIONS = """
SELECT s.label AS ruleset, c.asn_rule, c.scope, NULLIF(c.role, '') AS role,
       ROW_NUMBER() OVER (PARTITION BY c.ruleset_id, c.asn_rule, c.scope, c.role
                          ORDER BY c.of_group, c.position) AS position,
       CASE WHEN {negated} THEN 'yes' ELSE 'no' END AS negated, c.condition, d.text,
       c.when_key, c.when_value
FROM (
    SELECT ruleset_id, asn_rule, scope, role, 0 AS of_group, position, condition, negated,
           when_key, when_value
    FROM asn_rule_conditions
    UNION ALL
    SELECT g.ruleset_id, g.asn_rule, CASE g.role WHEN '' THEN 'exposure' ELSE 'role' END, g.role,
           g.position, u.position, u.condition, u.negated, u.when_key, u.when_value
    FROM asn_rule_groups AS g
    JOIN rule_group_conditions AS u
        ON u.ruleset_id = g.ruleset_id AND u.rule_group = g.rule_group
) AS c
JOIN rulesets AS s ON s.ruleset_id = c.ruleset_id
JOIN conditions AS d ON d.ruleset_id = c.ruleset_id AND d.condition = c.condition
"""

RULE_CHANGES = """
SELECT s.ruleset, s.extends, s.effective_from, c.position, c.change, c.why, c.source,
       i.position AS item_position, i.kind, i.item, i.field, i.before, i.after
FROM ruleset_changes AS c
JOIN v_rulesets AS s ON s.ruleset_id = c.ruleset_id
LEFT JOIN ruleset_change_items AS i ON i.ruleset_id = c.ruleset_id AND i.change = c.change
"""

RELEASES = """
SELECT r.release, s.ruleset, r.released, r.in_operations_from, s.effective_from, s.effective_until
FROM ruleset_releases AS r
JOIN v_rulesets AS s ON s.ruleset_id = r.ruleset_id AND s.status = 'published'
"""

# ------------------------------------------------------------------------- record

RUNS = """
SELECT u.run_id, u.origin, u.started_at, u.finished_at, u.operator, u.host, u.software_version,
       r.label AS ruleset, u.note, u.options, u.exposure_count, u.association_count,
       CASE WHEN u.origin = 'generated' THEN u.unassociated_count END AS unassociated_count,
       CASE WHEN u.origin = 'imported' THEN u.unassociated_count END AS not_imported_count,
       u.diagnostics, u.previous_digest, u.digest
FROM runs AS u JOIN rulesets AS r ON r.ruleset_id = u.ruleset_id
"""

RUN_POOLS = """
SELECT u.run_id, u.position, u.name AS pool, p.sha256, p.exposure_count, p.run_id AS first_run_id
FROM run_pools AS u JOIN pools AS p ON p.pool_id = u.pool_id
"""

EXPOSURES = """
SELECT u.run_id, u.name AS pool, e.position, e.filename, e.program, e.exp_type, e.asn_candidate,
       {keywords}
FROM run_pools AS u
JOIN exposures AS e ON e.pool_id = u.pool_id
{parsed}
"""

EXPOSURE_CANDIDATES = """
SELECT u.run_id, u.name AS pool, e.position, e.filename, e.program, e.exp_type,
       {asn_id} AS asn_id, {candidate_type} AS candidate_type
FROM run_pools AS u
JOIN {pairs}
"""

DECISIONS = """
SELECT d.run_id, u.origin, u.started_at, r.label AS ruleset, p.name AS pool, d.position,
       e.filename, e.program, e.exp_type, t.member_type, t.special,
       m.member_type AS table_member_type, m.asn_type AS table_asn_type,
       CASE WHEN t.agrees IS NULL THEN NULL WHEN {agrees} THEN 'yes' ELSE 'no' END AS agrees,
       d.association_count, COALESCE(d.reason, t.reason) AS reason, i.label AS table_ruleset,
       t.table_position
FROM decisions AS d
JOIN runs AS u ON u.run_id = d.run_id
JOIN rulesets AS r ON r.ruleset_id = u.ruleset_id
LEFT JOIN rulesets AS i ON i.ruleset_id = r.implements
JOIN run_pools AS p ON p.run_id = d.run_id AND p.pool_id = d.pool_id
JOIN exposures AS e ON e.pool_id = d.pool_id AND e.position = d.position
JOIN traces AS t ON t.trace_id = d.trace_id
LEFT JOIN exposure_modes AS m
    ON m.ruleset_id = r.implements AND m.position = t.table_position
"""

# An imported run has some associations, and does not tell of others.
UNASSOCIATED = """
SELECT run_id, origin, started_at, ruleset, pool, position, filename, program, exp_type,
       member_type, special, table_asn_type, reason
FROM v_decisions WHERE association_count = 0 AND origin = 'generated'
"""

NOT_IMPORTED = UNASSOCIATED.replace("'generated'", "'imported'")

ASSOCIATIONS = """
SELECT a.run_id, u.origin, u.started_at, r.label AS ruleset, a.asn_name, a.asn_type, t.pipeline,
       a.asn_rule, a.asn_id, a.candidate_type, a.program, a.target, a.degraded_status, a.keys,
       (SELECT COUNT(DISTINCT m.product) FROM association_members AS m
        WHERE m.run_id = a.run_id AND m.association = a.position) AS product_count,
       (SELECT COUNT(*) FROM association_members AS m
        WHERE m.run_id = a.run_id AND m.association = a.position) AS member_count
FROM associations AS a
JOIN runs AS u ON u.run_id = a.run_id
JOIN rulesets AS r ON r.ruleset_id = u.ruleset_id
LEFT JOIN asn_types AS t ON t.asn_type = a.asn_type
"""

MEMBERS = """
SELECT m.run_id, a.asn_name, a.asn_type, a.asn_rule, a.program, m.product, m.position,
       m.expname, m.exptype, m.exposerr, e.filename, e.exp_type
FROM association_members AS m
JOIN associations AS a ON a.run_id = m.run_id AND a.position = m.association
LEFT JOIN exposures AS e ON e.pool_id = m.pool_id AND e.position = m.exposure
"""

IMPORTED = """
SELECT i.run_id, u.started_at, r.label AS ruleset, a.asn_name, a.asn_type, i.asn_rule, a.asn_id,
       a.program, i.file_name, i.sha256, i.code_version, i.version_id, i.asn_pool, i.verdict,
       i.explanation
FROM imported_associations AS i
JOIN associations AS a ON a.run_id = i.run_id AND a.position = i.position
JOIN runs AS u ON u.run_id = i.run_id
JOIN rulesets AS r ON r.ruleset_id = u.ruleset_id
"""

VIEWS = {
    "v_rulesets": RULESETS,
    "v_exposure_modes_history": MODES_HISTORY,
    "v_exposure_modes": MODES,
    "v_ruleset_changes": RULESET_CHANGES,
    "v_rules": RULES,
    "v_rule_conditions": RULE_CONDITIONS,
    "v_rule_changes": RULE_CHANGES,
    "v_releases": RELEASES,
    "v_runs": RUNS,
    "v_run_pools": RUN_POOLS,
    "v_exposures": EXPOSURES,
    "v_exposure_candidates": EXPOSURE_CANDIDATES,
    "v_decisions": DECISIONS,
    "v_unassociated": UNASSOCIATED,
    "v_not_imported": NOT_IMPORTED,
    "v_associations": ASSOCIATIONS,
    "v_association_members": MEMBERS,
    "v_imported_associations": IMPORTED,
}


def upgrade() -> None:
    words = WORDS[op.get_bind().dialect.name]
    for name, query in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS{query.format(**words)}")


def downgrade() -> None:
    for name in reversed(VIEWS):
        op.execute(f"DROP VIEW {name}")
