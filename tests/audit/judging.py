"""A pool, what the rules make of it, and the verdict on any document."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from asnrules.associations.reader import read_association
from asnrules.audit.foreign.choice import Choice
from asnrules.audit.foreign.made import Made
from asnrules.audit.foreign.table import Table
from asnrules.audit.foreign.verdicts import Judged, Rules, judge
from asnrules.catalog import store
from asnrules.catalog.executable import known_differences
from asnrules.catalog.modes import look_up
from asnrules.catalog.rulesets import find_ruleset
from asnrules.database.engines import transaction
from asnrules.engine.candidates import Selection
from asnrules.engine.generation import Wanted
from asnrules.worked import work_pools
from audit.foreign import NAME

TYPES = ("image2", "spec2", "tso-image2", "tso-spec2", "nrslamp-spec2", "wfs-image2")


class Judging:
    """A pool that is judged by a ruleset."""

    def __init__(
        self, engine: Engine, pool: str, folder: Path, ruleset: str = "jwst-3.0.0"
    ) -> None:
        with transaction(engine) as connection:
            info = find_ruleset(connection, ruleset)
            published = find_ruleset(connection, info.implements or "")
            known = known_differences(store.read_content(connection, info.ruleset_id))
            table = Table(published.ruleset, look_up(connection, published), known)
        self._path = folder / f"{NAME}.json"
        self.worked = work_pools(engine, [pool], ruleset)
        self._choice = Choice(info, "as asked", None)
        self._rules = Rules(table, {table.label: table}, Made(self.worked))
        self.names = [self.worked.work.value(at, "filename") or "" for at in self._places]

    @property
    def _places(self) -> range:
        return range(len(self.worked.work.rows))

    @cached_property
    def candidates(self) -> list[str]:
        texts = [self.worked.work.value(at, "asn_candidate") or "" for at in self._places]
        return sorted({name for text in texts for name, _ in self.worked.candidates[text]})

    def judge(self, document: dict[str, Any]) -> Judged:
        self._path.write_text(json.dumps(document))
        return judge(read_association(str(self._path), TYPES), self._choice, self._rules)

    def documents(self, wanted: Wanted | None = None) -> list[dict[str, Any]]:
        """Give what `generate` would write."""
        outcome = self.worked.generation(wanted or Wanted()).run()
        return [one.document("test") for one in outcome.associations]

    def everything(self) -> Iterator[dict[str, Any]]:
        """Give what is made of all, and of each candidate alone."""
        yield from self.documents()
        for name in self.candidates:
            yield from self.documents(Wanted(selection=Selection(frozenset([name]))))

    @staticmethod
    def key(document: dict[str, Any]) -> Hashable:
        """Give what is equal for documents with the same members, whatever their candidate."""
        return (
            document.get("asn_type"),
            frozenset(
                (
                    product.get("name"),
                    frozenset(
                        Counter(
                            (one["expname"], one["exptype"]) for one in product["members"]
                        ).items()
                    ),
                )
                for product in document["products"]
            ),
        )
