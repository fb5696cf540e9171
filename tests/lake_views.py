"""Write the SQL that gives DuckDB the views of the database over a lake.

`python tests/lake_views.py` renews tools/lake.sql.
"""

from __future__ import annotations

import runpy
from pathlib import Path

from asnrules.database.schema.all_tables import metadata
from asnrules.record.chain import SECTIONS

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "tools" / "lake.sql"
MIGRATION = ROOT / "migrations" / "versions" / "0002_views.py"

HEAD = """-- The views of docs/sql.md for DuckDB, over what audit export --format parquet writes.
--
--     SET file_search_path = 'lake';
--     .read tools/lake.sql
--
-- Written from the views of the database; python tests/lake_views.py renews it.

-- Moments as text are in UTC.
SET TimeZone = 'UTC';
"""

LISTED = r"""regexp_replace(e.asn_candidate, '^([0-9]+)$', '"\1", "unknown"')"""
PAIR = r"""['"]([^'"]+)['"]\s*,\s*['"]([^'"]+)['"]""".replace("'", "''")
PAIRS = f"""
exposures AS e ON e.pool_id = u.pool_id
CROSS JOIN LATERAL (
    SELECT unnest(regexp_extract_all({LISTED}, '{PAIR}', 1)) AS asn_id,
           unnest(regexp_extract_all({LISTED}, '{PAIR}', 2)) AS candidate_type) AS l
WHERE regexp_matches(e.asn_candidate, '^[0-9[(]')
"""


def document() -> str:
    """Give the statements: the tables from their files, then the views of the database."""
    migration = runpy.run_path(str(MIGRATION))
    keywords = (
        f"json_extract_string(e.keyword_values, '$.{one}') AS {one}"
        for one in migration["KEYWORDS"]
    )
    words = {
        "today": "current_date",
        "agrees": "t.agrees",
        "negated": "c.negated",
        "keywords": ", ".join(keywords),
        "parsed": "",
        "asn_id": "l.asn_id",
        "candidate_type": "l.candidate_type",
        "pairs": PAIRS,
    }
    run_tables = ["runs", *(table.name for table in SECTIONS)]
    statements = [
        f"CREATE OR REPLACE VIEW {name} AS FROM read_parquet("
        f"'{'run_id' if name in run_tables else 'catalog'}=*/{name}.parquet');\n"
        for name in sorted(metadata.tables)
    ]
    statements += [
        f"CREATE OR REPLACE VIEW {name} AS{query.format(**words).rstrip()};\n"
        for name, query in migration["VIEWS"].items()
    ]
    return "\n".join([HEAD, *statements])


if __name__ == "__main__":
    DOCUMENT.write_text(document())
