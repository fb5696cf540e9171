"""The database: its schema, its engines (SQLite and PostgreSQL), its migrations.

======================  ============================================================
`schema`                the tables, as SQLAlchemy Core describes them
`engines`               connect: URLs, settings of each connection, transactions
`migrations`            upgrade, current revision, check
`readonly`              run somebody's query without letting it change anything
======================  ============================================================
"""
