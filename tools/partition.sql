-- Keep the rows of runs in partitions by run, on PostgreSQL: see docs/operations.md.
--
-- Once, as the owner of the database:
--     psql --single-transaction --set ON_ERROR_STOP=1 --file tools/partition.sql DATABASE
-- All that is on record is one partition then, named after run 1. Afterwards, also as the owner:
--     SELECT asnrules_parts.cut()          ends it with the last run; gives the number of the next
--     SELECT asnrules_parts.detach(1)      takes the one that begins with run 1 off its tables
--     SELECT asnrules_parts.attach(1, 500)     puts it back, where the next one begins with run 500

-- Partitions have a schema of their own: `asnrules db check` would take them for tables of the
-- catalog, and nobody but the owner may write past the tables that they belong to.
CREATE SCHEMA asnrules_parts;

-- Each function looks at the catalog only, whoever calls it: temporary tables come last.
SELECT quote_ident(current_schema()) AS catalog \gset
SET search_path = :catalog, pg_temp;

-- Those that are referred to come first.
CREATE FUNCTION asnrules_parts.tables() RETURNS text[] IMMUTABLE LANGUAGE sql
SET search_path FROM CURRENT AS $$
    SELECT ARRAY['run_pools', 'decisions', 'associations', 'association_members',
                 'imported_associations']
$$;

CREATE FUNCTION asnrules_parts.part(name text, start bigint) RETURNS text IMMUTABLE LANGUAGE sql
SET search_path FROM CURRENT AS
$$SELECT format('asnrules_parts.%I', name || '_' || start)$$;

-- As each command that records does: nobody records until the transaction ends.
CREATE FUNCTION asnrules_parts.take_ledger() RETURNS void LANGUAGE sql
SET search_path FROM CURRENT AS
$$SELECT asnrules_take_ledger()$$;

-- Triggers for statements hold where a statement is made, so a partition has them as well.
CREATE FUNCTION asnrules_parts.guard(target text, name text) RETURNS void LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
    message text := quote_literal('a recorded run cannot be changed');
BEGIN
    EXECUTE format('CREATE TRIGGER keep_%s BEFORE TRUNCATE ON %s FOR EACH STATEMENT '
                   'EXECUTE FUNCTION asnrules_refuse(%s)', name, target, message);
    EXECUTE format('CREATE TRIGGER late_%s AFTER INSERT ON %s REFERENCING NEW TABLE AS added '
                   'FOR EACH STATEMENT EXECUTE FUNCTION asnrules_refuse_late(%s)',
                   name, target, message);
    IF name IN ('decisions', 'associations', 'association_members') THEN
        EXECUTE format('CREATE TRIGGER refer_%s AFTER INSERT ON %s REFERENCING NEW TABLE AS added '
                       'FOR EACH STATEMENT EXECUTE FUNCTION asnrules_refuse_unreferred()',
                       name, target);
    END IF;
END $$;

-- The foreign key of members and imports to their associations, which both ends have in parts.
CREATE FUNCTION asnrules_parts.refer(target text, name text) RETURNS void LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
    key text := CASE name WHEN 'association_members' THEN 'association' ELSE 'position' END;
    -- Members have a trigger for that, see `guard`; before version 18 both look.
    how text := CASE WHEN name = 'association_members'
        AND current_setting('server_version_num')::integer >= 180000 THEN 'NOT ENFORCED' ELSE '' END;
BEGIN
    IF name IN ('association_members', 'imported_associations') THEN
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT fk_%s_run_id_%s FOREIGN KEY (run_id, %I) '
                       'REFERENCES associations (run_id, position) %s', target, name, key, key, how);
    END IF;
END $$;

-- A table becomes the first part of a new one of its name.
CREATE FUNCTION asnrules_parts.divide(name text) RETURNS void LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
    part text := asnrules_parts.part(name, 1);
    declared record;
BEGIN
    EXECUTE format('ALTER TABLE %I SET SCHEMA asnrules_parts', name);
    EXECUTE format('ALTER TABLE asnrules_parts.%I RENAME TO %I', name, name || '_1');
    EXECUTE format('CREATE TABLE %I (LIKE %s) PARTITION BY RANGE (run_id)', name, part);
    FOR declared IN
        SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
        WHERE conrelid = part::regclass AND contype IN ('p', 'u', 'c', 'f')
        ORDER BY contype = 'f', conname
    LOOP
        EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I %s', name, declared.conname,
                       declared.definition);
    END LOOP;
    FOR declared IN
        SELECT replace(pg_get_indexdef(i.indexrelid), format(' ON %s ', part),
                       format(' ON %I ', name)) AS definition
        FROM pg_index AS i WHERE i.indrelid = part::regclass AND NOT EXISTS (
            SELECT 1 FROM pg_constraint AS c WHERE c.conindid = i.indexrelid
            AND c.conrelid = i.indrelid)
    LOOP
        EXECUTE declared.definition;
    END LOOP;
    -- Of the triggers for rows each part gets its own from the table.
    EXECUTE format('DROP TRIGGER guard_%s ON %s', name, part);
    EXECUTE format('DROP TRIGGER turn_%s ON %s', name, part);
    EXECUTE format('CREATE TRIGGER guard_%s BEFORE UPDATE OR DELETE ON %I FOR EACH ROW '
                   'EXECUTE FUNCTION asnrules_refuse(%L)', name, name,
                   'a recorded run cannot be changed');
    PERFORM asnrules_parts.guard(quote_ident(name), name);
    EXECUTE format('CREATE TRIGGER turn_%s BEFORE INSERT ON %I FOR EACH STATEMENT '
                   'EXECUTE FUNCTION asnrules_take_turn()', name, name);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %s FOR VALUES FROM (MINVALUE) TO (MAXVALUE)',
                   name, part);
END $$;

-- Views know tables by what they were, and rights are with the tables and views themselves: both
-- are made again.
DO $$
DECLARE
    one record;
BEGIN
    PERFORM asnrules_parts.take_ledger();
    CREATE TEMPORARY TABLE kept_views ON COMMIT DROP AS
        SELECT oid AS position, relname AS name, pg_get_viewdef(oid) AS definition FROM pg_class
        WHERE relkind = 'v' AND relnamespace = quote_ident(current_schema())::regnamespace;
    CREATE TEMPORARY TABLE kept_rights ON COMMIT DROP AS
        SELECT relname AS name, right_.privilege_type AS kind,
               CASE right_.grantee WHEN 0 THEN 'PUBLIC' ELSE right_.grantee::regrole::text END AS who
        FROM pg_class, aclexplode(relacl) AS right_
        WHERE relnamespace = quote_ident(current_schema())::regnamespace AND right_.grantee <> relowner
            AND (relkind = 'v' OR relname = ANY (asnrules_parts.tables()));
    FOR one IN SELECT * FROM kept_views ORDER BY position DESC LOOP
        EXECUTE format('DROP VIEW %I', one.name);
    END LOOP;
    ALTER TABLE association_members DROP CONSTRAINT fk_association_members_run_id_association;
    ALTER TABLE imported_associations DROP CONSTRAINT fk_imported_associations_run_id_position;
    FOR one IN SELECT name FROM unnest(asnrules_parts.tables()) AS name LOOP
        PERFORM asnrules_parts.divide(one.name);
        PERFORM asnrules_parts.refer(quote_ident(one.name), one.name);
    END LOOP;
    FOR one IN SELECT * FROM kept_views ORDER BY position LOOP
        EXECUTE format('CREATE VIEW %I AS %s', one.name, one.definition);
    END LOOP;
    FOR one IN SELECT * FROM kept_rights LOOP
        EXECUTE format('GRANT %s ON %I TO %s', one.kind, one.name, one.who);
    END LOOP;
END $$;

CREATE FUNCTION asnrules_parts.take_off(start bigint) RETURNS void LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
    one record;
    held record;
BEGIN
    FOR one IN
        SELECT name, asnrules_parts.part(name, start) AS part
        FROM unnest(asnrules_parts.tables()) WITH ORDINALITY AS t (name, place) ORDER BY place DESC
    LOOP
        EXECUTE format('ALTER TABLE %I DETACH PARTITION %s', one.name, one.part);
        -- What it refers to is taken off next, which a foreign key would forbid.
        FOR held IN
            SELECT conname FROM pg_constraint
            WHERE conrelid = one.part::regclass AND confrelid = 'associations'::regclass
        LOOP
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', one.part, held.conname);
        END LOOP;
    END LOOP;
END $$;

CREATE FUNCTION asnrules_parts.attach(start bigint, until bigint) RETURNS void LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
    name text;
BEGIN
    PERFORM asnrules_parts.take_ledger();
    FOREACH name IN ARRAY asnrules_parts.tables() LOOP
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %s FOR VALUES FROM (%s) TO (%s)', name,
                       asnrules_parts.part(name, start), start, until);
    END LOOP;
END $$;

-- Where the partition begins that takes new runs.
CREATE FUNCTION asnrules_parts.last() RETURNS bigint STABLE LANGUAGE sql
SET search_path FROM CURRENT AS $$
    SELECT substring(relname FROM '\d+$')::bigint FROM pg_class
    WHERE relispartition AND relnamespace = 'asnrules_parts'::regnamespace
        AND relname LIKE 'decisions%' AND pg_get_expr(relpartbound, oid) LIKE '%TO (MAXVALUE)'
$$;

CREATE FUNCTION asnrules_parts.detach(start bigint) RETURNS void LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM asnrules_parts.take_ledger();
    IF start = asnrules_parts.last() THEN
        RAISE EXCEPTION 'the partition from run % takes new runs; cut it first', start;
    END IF;
    PERFORM asnrules_parts.take_off(start);
END $$;

CREATE FUNCTION asnrules_parts.cut() RETURNS bigint LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
    name text;
    start bigint := asnrules_parts.last();
    until bigint;
BEGIN
    PERFORM asnrules_parts.take_ledger();
    SELECT max(run_id) + 1 INTO until FROM runs;
    IF until IS NULL OR until <= start THEN
        RAISE EXCEPTION 'there is no run in the partition from run %', start;
    END IF;
    PERFORM asnrules_parts.take_off(start);
    PERFORM asnrules_parts.attach(start, until);
    FOREACH name IN ARRAY asnrules_parts.tables() LOOP
        EXECUTE format('CREATE TABLE %s PARTITION OF %I FOR VALUES FROM (%s) TO (MAXVALUE)',
                       asnrules_parts.part(name, until), name, until);
        PERFORM asnrules_parts.guard(asnrules_parts.part(name, until), name);
    END LOOP;
    RETURN until;
END $$;
