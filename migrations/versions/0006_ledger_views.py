"""Views of the ledger: runs, decisions, associations and members, made here or elsewhere."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

RUNS = """
CREATE VIEW v_runs AS
SELECT u.run_id, u.origin, u.started_at, u.finished_at, u.operator, u.host, u.software_version,
       r.label AS ruleset, u.note, u.options, u.exposures, u.associations, u.unassociated,
       u.diagnostics, u.previous_digest, u.digest
FROM runs AS u JOIN rulesets AS r ON r.ruleset_id = u.ruleset_id
"""

RUN_POOLS = """
CREATE VIEW v_run_pools AS
SELECT u.run_id, u.position, u.name AS pool, p.sha256, p.exposures, p.run_id AS first_run_id
FROM run_pools AS u JOIN pools AS p ON p.pool_id = u.pool_id
"""

DECISIONS = """
CREATE VIEW v_decisions AS
SELECT d.run_id, u.origin, u.started_at, r.label AS ruleset, p.name AS pool, d.position,
       e.filename, e.program, e.exp_type, t.member_type, t.special,
       m.member_type AS published_member_type, m.asn_type AS published_asn_type,
       CASE WHEN t.agrees IS NULL THEN NULL WHEN {agrees} THEN 'yes' ELSE 'no' END AS agrees,
       d.associations, COALESCE(d.reason, t.reason) AS reason, i.label AS published_ruleset,
       t.published_position
FROM decisions AS d
JOIN runs AS u ON u.run_id = d.run_id
JOIN rulesets AS r ON r.ruleset_id = u.ruleset_id
LEFT JOIN rulesets AS i ON i.ruleset_id = r.implements
JOIN run_pools AS p ON p.run_id = d.run_id AND p.pool_id = d.pool_id
JOIN exposures AS e ON e.pool_id = d.pool_id AND e.position = d.position
JOIN traces AS t ON t.trace_id = d.trace_id
LEFT JOIN exposure_modes AS m
    ON m.ruleset_id = r.implements AND m.position = t.published_position
"""

UNASSOCIATED = """
CREATE VIEW v_unassociated AS
SELECT run_id, origin, started_at, ruleset, pool, position, filename, program, exp_type,
       member_type, special, published_asn_type, reason
FROM v_decisions WHERE associations = 0
"""

ASSOCIATIONS = """
CREATE VIEW v_associations AS
SELECT a.run_id, u.origin, u.started_at, r.label AS ruleset, a.asn_name, a.asn_type, t.pipeline,
       a.asn_rule, a.asn_id, a.candidate_type, a.program, a.target, a.degraded_status, a.keys,
       (SELECT COUNT(DISTINCT m.product) FROM association_members AS m
        WHERE m.run_id = a.run_id AND m.association = a.position) AS products,
       (SELECT COUNT(*) FROM association_members AS m
        WHERE m.run_id = a.run_id AND m.association = a.position) AS members
FROM associations AS a
JOIN runs AS u ON u.run_id = a.run_id
JOIN rulesets AS r ON r.ruleset_id = u.ruleset_id
JOIN asn_types AS t ON t.asn_type = a.asn_type
"""

MEMBERS = """
CREATE VIEW v_association_members AS
SELECT m.run_id, a.asn_name, a.asn_type, a.asn_rule, a.program, m.product, m.position,
       m.expname, m.exptype, m.exposerr, e.filename, e.exp_type
FROM association_members AS m
JOIN associations AS a ON a.run_id = m.run_id AND a.position = m.association
LEFT JOIN exposures AS e ON e.pool_id = m.pool_id AND e.position = m.exposure
"""

IMPORTED = """
CREATE VIEW v_imported_associations AS
SELECT i.run_id, u.started_at, r.label AS ruleset, a.asn_name, a.asn_type, i.asn_rule, a.asn_id,
       a.program, i.file_name, i.sha256, i.code_version, i.version_id, i.asn_pool, i.verdict,
       i.explanation
FROM imported_associations AS i
JOIN associations AS a ON a.run_id = i.run_id AND a.position = i.position
JOIN runs AS u ON u.run_id = i.run_id
JOIN rulesets AS r ON r.ruleset_id = u.ruleset_id
"""

WORDS = {"sqlite": {"agrees": "t.agrees = 1"}, "postgresql": {"agrees": "t.agrees"}}

VIEWS = {
    "v_runs": RUNS,
    "v_run_pools": RUN_POOLS,
    "v_decisions": DECISIONS,
    "v_unassociated": UNASSOCIATED,
    "v_associations": ASSOCIATIONS,
    "v_association_members": MEMBERS,
    "v_imported_associations": IMPORTED,
}


def upgrade() -> None:
    words = WORDS[op.get_bind().dialect.name]
    for definition in VIEWS.values():
        op.execute(definition.format(**words))


def downgrade() -> None:
    for view in reversed(VIEWS):
        op.execute(f"DROP VIEW {view}")
