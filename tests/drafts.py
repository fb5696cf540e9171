"""Drafts, published as they are: by somebody who has just reviewed them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Engine

from asnrules.catalog.publishing import Publication, Publishing, publish_ruleset
from asnrules.catalog.rulesets import find_ruleset
from asnrules.database.engines import transaction


def publish_draft(
    engine: Engine,
    label: str,
    *dates: dt.date | None,
    retroactive: str | None = None,
    operator: str | None = None,
) -> Publication:
    """Publish the draft that is there now, on its own dates, or from one and until another."""
    with transaction(engine) as connection:
        checksum = find_ruleset(connection, label).checksum
    first, end = (*dates, None, None)[:2]
    return publish_ruleset(engine, label, Publishing(checksum, (first, end), retroactive, operator))
