"""The database: its schema, its engines (SQLite and PostgreSQL), its migrations."""
