"""All tables of the database: those of the catalog and of the record."""

from asnrules.database.schema import catalog, record
from asnrules.database.schema.columns import metadata

__all__ = ["catalog", "metadata", "record"]
