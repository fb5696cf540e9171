"""The database: its schema, its engines (SQLite and PostgreSQL), its migrations.

======================  ============================================================
`schema`                the tables, as SQLAlchemy Core describes them
`engines`               connect: URLs, settings of each connection, transactions
`places`                where a database is, without connecting to it
`bulk`                  put many rows into a table
`migrations`            upgrade, current revision, check
`readonly`              run somebody's query without letting it change anything
======================  ============================================================
"""
