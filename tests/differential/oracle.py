"""The oracle, in process: what jwst 3.0.0 makes of a pool by its level-2 rules alone."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jwst.associations import AssociationPool
from jwst.associations.exceptions import AssociationError
from jwst.associations.generator.generate_per_candidate import generate_per_candidate
from jwst.associations.lib import rules_level2b

from differential.pools import RandomPool

RULES = rules_level2b.__file__


def oracle_associations(pool: RandomPool) -> list[tuple[str, dict[str, Any]]]:
    """Give the name and document of each association that it would write.

    Raises whatever jwst raises.
    """
    rows = pool.sorted_values()
    table = AssociationPool({column: [row[column] for row in rows] for column in pool.columns})
    with silence():
        made = generate_per_candidate(table, [RULES], discover=True, ignore_default=True)
        written = {}
        for association in made:
            try:
                name, text = association.dump()
            except AssociationError:
                continue  # The program warns and writes the others.
            written[name.removesuffix(".json")] = json.loads(text)
    return list(written.items())


@contextmanager
def silence() -> Iterator[None]:
    logging.disable()
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
