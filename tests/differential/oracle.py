"""The oracle, in process: what jwst 3.0.0 makes of a pool by its level-2 rules alone."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jwst.associations import AssociationPool
from jwst.associations.exceptions import AssociationError
from jwst.associations.generator.generate_per_candidate import generate_per_candidate
from jwst.associations.lib import rules_level2b

from differential.pools import Asked

RULES = rules_level2b.__file__


def oracle_associations(path: Path, asked: Asked | None = None) -> list[tuple[str, dict[str, Any]]]:
    """Give the name and document of each association that it would write for the pool of a file.

    Raises whatever jwst raises.
    """
    asked = asked or Asked()
    with silence():
        made = generate_per_candidate(
            AssociationPool.read(path),
            [RULES],
            candidate_ids=list(asked.candidates) or None,
            discover=not asked.candidates,
            version_id=asked.version_id,
            merge=asked.merge,
            ignore_default=True,
            dms_enabled=asked.dms,
        )
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
