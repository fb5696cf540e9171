"""Alembic's environment: migrate over the connection that the caller has opened.

The caller owns the transaction, so that a whole upgrade is committed or nothing of it;
`asnrules.database.migrations` is the caller.
"""

from alembic import context

from asnrules.database.schema.all_tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
