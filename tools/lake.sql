-- The views of docs/sql.md for DuckDB, over what audit export --format parquet writes.
--
--     SET file_search_path = 'lake';
--     .read tools/lake.sql
--
-- Written from the views of the database; python tests/lake_views.py renews it.

-- Moments as text are in UTC.
SET TimeZone = 'UTC';

CREATE OR REPLACE VIEW asn_rule_conditions AS FROM read_parquet('catalog=*/asn_rule_conditions.parquet');

CREATE OR REPLACE VIEW asn_rule_groups AS FROM read_parquet('catalog=*/asn_rule_groups.parquet');

CREATE OR REPLACE VIEW asn_rule_keys AS FROM read_parquet('catalog=*/asn_rule_keys.parquet');

CREATE OR REPLACE VIEW asn_rule_roles AS FROM read_parquet('catalog=*/asn_rule_roles.parquet');

CREATE OR REPLACE VIEW asn_rule_steps AS FROM read_parquet('catalog=*/asn_rule_steps.parquet');

CREATE OR REPLACE VIEW asn_rules AS FROM read_parquet('catalog=*/asn_rules.parquet');

CREATE OR REPLACE VIEW asn_types AS FROM read_parquet('catalog=*/asn_types.parquet');

CREATE OR REPLACE VIEW association_members AS FROM read_parquet('run_id=*/association_members.parquet');

CREATE OR REPLACE VIEW associations AS FROM read_parquet('run_id=*/associations.parquet');

CREATE OR REPLACE VIEW catalog_entries AS FROM read_parquet('catalog=*/catalog_entries.parquet');

CREATE OR REPLACE VIEW class_rules AS FROM read_parquet('catalog=*/class_rules.parquet');

CREATE OR REPLACE VIEW condition_terms AS FROM read_parquet('catalog=*/condition_terms.parquet');

CREATE OR REPLACE VIEW conditions AS FROM read_parquet('catalog=*/conditions.parquet');

CREATE OR REPLACE VIEW decisions AS FROM read_parquet('run_id=*/decisions.parquet');

CREATE OR REPLACE VIEW errata AS FROM read_parquet('catalog=*/errata.parquet');

CREATE OR REPLACE VIEW exp_types AS FROM read_parquet('catalog=*/exp_types.parquet');

CREATE OR REPLACE VIEW exposure_modes AS FROM read_parquet('catalog=*/exposure_modes.parquet');

CREATE OR REPLACE VIEW exposures AS FROM read_parquet('run_id=*/exposures.parquet');

CREATE OR REPLACE VIEW imported_associations AS FROM read_parquet('run_id=*/imported_associations.parquet');

CREATE OR REPLACE VIEW instruments AS FROM read_parquet('catalog=*/instruments.parquet');

CREATE OR REPLACE VIEW intended_overlaps AS FROM read_parquet('catalog=*/intended_overlaps.parquet');

CREATE OR REPLACE VIEW key_sources AS FROM read_parquet('catalog=*/key_sources.parquet');

CREATE OR REPLACE VIEW keys AS FROM read_parquet('catalog=*/keys.parquet');

CREATE OR REPLACE VIEW keywords AS FROM read_parquet('catalog=*/keywords.parquet');

CREATE OR REPLACE VIEW known_differences AS FROM read_parquet('catalog=*/known_differences.parquet');

CREATE OR REPLACE VIEW member_types AS FROM read_parquet('catalog=*/member_types.parquet');

CREATE OR REPLACE VIEW overall_steps AS FROM read_parquet('catalog=*/overall_steps.parquet');

CREATE OR REPLACE VIEW path_table_terms AS FROM read_parquet('catalog=*/path_table_terms.parquet');

CREATE OR REPLACE VIEW path_tables AS FROM read_parquet('catalog=*/path_tables.parquet');

CREATE OR REPLACE VIEW pools AS FROM read_parquet('run_id=*/pools.parquet');

CREATE OR REPLACE VIEW product_suffixes AS FROM read_parquet('catalog=*/product_suffixes.parquet');

CREATE OR REPLACE VIEW required_columns AS FROM read_parquet('catalog=*/required_columns.parquet');

CREATE OR REPLACE VIEW rule_group_conditions AS FROM read_parquet('catalog=*/rule_group_conditions.parquet');

CREATE OR REPLACE VIEW rule_group_keys AS FROM read_parquet('catalog=*/rule_group_keys.parquet');

CREATE OR REPLACE VIEW rule_groups AS FROM read_parquet('catalog=*/rule_groups.parquet');

CREATE OR REPLACE VIEW ruleset_change_items AS FROM read_parquet('catalog=*/ruleset_change_items.parquet');

CREATE OR REPLACE VIEW ruleset_changes AS FROM read_parquet('catalog=*/ruleset_changes.parquet');

CREATE OR REPLACE VIEW ruleset_files AS FROM read_parquet('catalog=*/ruleset_files.parquet');

CREATE OR REPLACE VIEW ruleset_releases AS FROM read_parquet('catalog=*/ruleset_releases.parquet');

CREATE OR REPLACE VIEW ruleset_settings AS FROM read_parquet('catalog=*/ruleset_settings.parquet');

CREATE OR REPLACE VIEW rulesets AS FROM read_parquet('catalog=*/rulesets.parquet');

CREATE OR REPLACE VIEW run_pools AS FROM read_parquet('run_id=*/run_pools.parquet');

CREATE OR REPLACE VIEW runs AS FROM read_parquet('run_id=*/runs.parquet');

CREATE OR REPLACE VIEW specials AS FROM read_parquet('catalog=*/specials.parquet');

CREATE OR REPLACE VIEW traces AS FROM read_parquet('run_id=*/traces.parquet');

CREATE OR REPLACE VIEW value_lists AS FROM read_parquet('catalog=*/value_lists.parquet');

CREATE OR REPLACE VIEW written_classes AS FROM read_parquet('catalog=*/written_classes.parquet');

CREATE OR REPLACE VIEW v_rulesets AS
SELECT r.label AS ruleset, r.kind, r.status, r.title, r.source, r.effective_from,
       COALESCE(r.effective_until, CASE WHEN r.status = 'published' THEN
           LEAD(r.effective_from) OVER (
               PARTITION BY r.kind, r.status, r.effective_from IS NULL ORDER BY r.effective_from)
       END) AS effective_until,
       i.label AS implements, p.label AS extends, r.checksum, r.changes_checksum, r.published_at,
       r.published_by, r.retroactive, r.ruleset_id
FROM rulesets AS r
LEFT JOIN rulesets AS i ON i.ruleset_id = r.implements
LEFT JOIN rulesets AS p ON p.ruleset_id = r.extends;

CREATE OR REPLACE VIEW v_exposure_modes_history AS
SELECT r.ruleset, r.effective_from, r.effective_until, m.position, m.exp_type, e.instrument,
       m.member_type, m.special, m.asn_type, a.pipeline, m.footnote
FROM exposure_modes AS m
JOIN v_rulesets AS r ON r.ruleset_id = m.ruleset_id AND r.status = 'published'
JOIN exp_types AS e ON e.exp_type = m.exp_type
LEFT JOIN asn_types AS a ON a.asn_type = m.asn_type;

CREATE OR REPLACE VIEW v_exposure_modes AS
SELECT ruleset, position, exp_type, instrument, member_type, special, asn_type, pipeline, footnote
FROM v_exposure_modes_history
WHERE effective_from <= current_date AND (effective_until IS NULL OR effective_until > current_date);

CREATE OR REPLACE VIEW v_ruleset_changes AS
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
FROM changes;

CREATE OR REPLACE VIEW v_rules AS
SELECT s.label AS ruleset, r.asn_rule, r.asn_type, t.pipeline, r.title
FROM asn_rules AS r
JOIN rulesets AS s ON s.ruleset_id = r.ruleset_id
JOIN asn_types AS t ON t.asn_type = r.asn_type;

CREATE OR REPLACE VIEW v_rule_conditions AS
SELECT s.label AS ruleset, c.asn_rule, c.scope, NULLIF(c.role, '') AS role,
       ROW_NUMBER() OVER (PARTITION BY c.ruleset_id, c.asn_rule, c.scope, c.role
                          ORDER BY c.of_group, c.position) AS position,
       CASE WHEN c.negated THEN 'yes' ELSE 'no' END AS negated, c.condition, d.text,
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
JOIN conditions AS d ON d.ruleset_id = c.ruleset_id AND d.condition = c.condition;

CREATE OR REPLACE VIEW v_rule_changes AS
SELECT s.ruleset, s.extends, s.effective_from, c.position, c.change, c.why, c.source,
       i.position AS item_position, i.kind, i.item, i.field, i.before, i.after
FROM ruleset_changes AS c
JOIN v_rulesets AS s ON s.ruleset_id = c.ruleset_id
LEFT JOIN ruleset_change_items AS i ON i.ruleset_id = c.ruleset_id AND i.change = c.change;

CREATE OR REPLACE VIEW v_releases AS
SELECT r.release, s.ruleset, r.released, r.in_operations_from, s.effective_from, s.effective_until
FROM ruleset_releases AS r
JOIN v_rulesets AS s ON s.ruleset_id = r.ruleset_id AND s.status = 'published';

CREATE OR REPLACE VIEW v_runs AS
SELECT u.run_id, u.origin, u.started_at, u.finished_at, u.operator, u.host, u.software_version,
       r.label AS ruleset, u.note, u.options, u.exposure_count, u.association_count,
       CASE WHEN u.origin = 'generated' THEN u.unassociated_count END AS unassociated_count,
       CASE WHEN u.origin = 'imported' THEN u.unassociated_count END AS not_imported_count,
       u.diagnostics, u.previous_digest, u.digest
FROM runs AS u JOIN rulesets AS r ON r.ruleset_id = u.ruleset_id;

CREATE OR REPLACE VIEW v_run_pools AS
SELECT u.run_id, u.position, u.name AS pool, p.sha256, p.exposure_count, p.run_id AS first_run_id
FROM run_pools AS u JOIN pools AS p ON p.pool_id = u.pool_id;

CREATE OR REPLACE VIEW v_exposures AS
SELECT u.run_id, u.name AS pool, e.position, e.filename, e.program, e.exp_type, e.asn_candidate,
       json_extract_string(e.keyword_values, '$.obs_id') AS obs_id, json_extract_string(e.keyword_values, '$.instrume') AS instrume, json_extract_string(e.keyword_values, '$.detector') AS detector, json_extract_string(e.keyword_values, '$.channel') AS channel, json_extract_string(e.keyword_values, '$.band') AS band, json_extract_string(e.keyword_values, '$.filter') AS filter, json_extract_string(e.keyword_values, '$.pupil') AS pupil, json_extract_string(e.keyword_values, '$.grating') AS grating, json_extract_string(e.keyword_values, '$.fxd_slit') AS fxd_slit, json_extract_string(e.keyword_values, '$.subarray') AS subarray, json_extract_string(e.keyword_values, '$.opmode') AS opmode, json_extract_string(e.keyword_values, '$.lamp') AS lamp, json_extract_string(e.keyword_values, '$.msastate') AS msastate, json_extract_string(e.keyword_values, '$.msametfl') AS msametfl, json_extract_string(e.keyword_values, '$.targetid') AS targetid, json_extract_string(e.keyword_values, '$.pntgtype') AS pntgtype, json_extract_string(e.keyword_values, '$.visitype') AS visitype, json_extract_string(e.keyword_values, '$.tsovisit') AS tsovisit, json_extract_string(e.keyword_values, '$.bkgdtarg') AS bkgdtarg, json_extract_string(e.keyword_values, '$.is_psf') AS is_psf, json_extract_string(e.keyword_values, '$.is_imprt') AS is_imprt, json_extract_string(e.keyword_values, '$.dms_note') AS dms_note, json_extract_string(e.keyword_values, '$.exposerr') AS exposerr, json_extract_string(e.keyword_values, '$.expspcin') AS expspcin, json_extract_string(e.keyword_values, '$.dithptin') AS dithptin, json_extract_string(e.keyword_values, '$.mostilno') AS mostilno, json_extract_string(e.keyword_values, '$.patttype') AS patttype, json_extract_string(e.keyword_values, '$.patt_num') AS patt_num, json_extract_string(e.keyword_values, '$.numdthpt') AS numdthpt, json_extract_string(e.keyword_values, '$.subpxpts') AS subpxpts, json_extract_string(e.keyword_values, '$.subpxpns') AS subpxpns
FROM run_pools AS u
JOIN exposures AS e ON e.pool_id = u.pool_id;

CREATE OR REPLACE VIEW v_exposure_candidates AS
SELECT u.run_id, u.name AS pool, e.position, e.filename, e.program, e.exp_type,
       l.asn_id AS asn_id, l.candidate_type AS candidate_type
FROM run_pools AS u
JOIN 
exposures AS e ON e.pool_id = u.pool_id
CROSS JOIN LATERAL (
    SELECT unnest(regexp_extract_all(regexp_replace(e.asn_candidate, '^([0-9]+)$', '"\1", "unknown"'), '[''"]([^''"]+)[''"]\s*,\s*[''"]([^''"]+)[''"]', 1)) AS asn_id,
           unnest(regexp_extract_all(regexp_replace(e.asn_candidate, '^([0-9]+)$', '"\1", "unknown"'), '[''"]([^''"]+)[''"]\s*,\s*[''"]([^''"]+)[''"]', 2)) AS candidate_type) AS l
WHERE regexp_matches(e.asn_candidate, '^[0-9[(]');

CREATE OR REPLACE VIEW v_decisions AS
SELECT d.run_id, u.origin, u.started_at, r.label AS ruleset, p.name AS pool, d.position,
       e.filename, e.program, e.exp_type, t.member_type, t.special,
       m.member_type AS table_member_type, m.asn_type AS table_asn_type,
       CASE WHEN t.agrees IS NULL THEN NULL WHEN t.agrees THEN 'yes' ELSE 'no' END AS agrees,
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
    ON m.ruleset_id = r.implements AND m.position = t.table_position;

CREATE OR REPLACE VIEW v_unassociated AS
SELECT run_id, origin, started_at, ruleset, pool, position, filename, program, exp_type,
       member_type, special, table_asn_type, reason
FROM v_decisions WHERE association_count = 0 AND origin = 'generated';

CREATE OR REPLACE VIEW v_not_imported AS
SELECT run_id, origin, started_at, ruleset, pool, position, filename, program, exp_type,
       member_type, special, table_asn_type, reason
FROM v_decisions WHERE association_count = 0 AND origin = 'imported';

CREATE OR REPLACE VIEW v_associations AS
SELECT a.run_id, u.origin, u.started_at, r.label AS ruleset, a.asn_name, a.asn_type, t.pipeline,
       a.asn_rule, a.asn_id, a.candidate_type, a.program, a.target, a.degraded_status, a.keys,
       (SELECT COUNT(DISTINCT m.product) FROM association_members AS m
        WHERE m.run_id = a.run_id AND m.association = a.position) AS product_count,
       (SELECT COUNT(*) FROM association_members AS m
        WHERE m.run_id = a.run_id AND m.association = a.position) AS member_count
FROM associations AS a
JOIN runs AS u ON u.run_id = a.run_id
JOIN rulesets AS r ON r.ruleset_id = u.ruleset_id
LEFT JOIN asn_types AS t ON t.asn_type = a.asn_type;

CREATE OR REPLACE VIEW v_association_members AS
SELECT m.run_id, a.asn_name, a.asn_type, a.asn_rule, a.program, m.product, m.position,
       m.expname, m.exptype, m.exposerr, e.filename, e.exp_type
FROM association_members AS m
JOIN associations AS a ON a.run_id = m.run_id AND a.position = m.association
LEFT JOIN exposures AS e ON e.pool_id = m.pool_id AND e.position = m.exposure;

CREATE OR REPLACE VIEW v_imported_associations AS
SELECT i.run_id, u.started_at, r.label AS ruleset, a.asn_name, a.asn_type, i.asn_rule, a.asn_id,
       a.program, i.file_name, i.sha256, i.code_version, i.version_id, i.asn_pool, i.verdict,
       i.explanation
FROM imported_associations AS i
JOIN associations AS a ON a.run_id = i.run_id AND a.position = i.position
JOIN runs AS u ON u.run_id = i.run_id
JOIN rulesets AS r ON r.ruleset_id = u.ruleset_id;
