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
from asnrules.catalog import store
from asnrules.catalog.classification import load_classifier
from asnrules.catalog.look_up import look_up
from asnrules.catalog.rulesets import find_ruleset
from asnrules.catalog.vocabulary import keyword_names
from asnrules.database.engines import transaction
from asnrules.engine.candidates import Selection
from asnrules.engine.generation import Wanted
from asnrules.imports.choice import Choice
from asnrules.imports.judging import Judged, Rules
from asnrules.imports.matching import Matcher
from asnrules.imports.table import Table
from asnrules.imports.verdicts import judge
from asnrules.pools import read_pool
from asnrules.pools.evaluation import evaluate
from imports.foreign import NAME

TYPES = ("image2", "spec2", "tso-image2", "tso-spec2", "nrslamp-spec2", "wfs-image2")


class Ruleset:
    """What pools are judged by, read once."""

    def __init__(self, engine: Engine, label: str = "jwst-3.0.0") -> None:
        with transaction(engine) as connection:
            self.info = find_ruleset(connection, label)
            self.classifier = load_classifier(connection, self.info)
            self.keywords = keyword_names(connection)
            published = find_ruleset(connection, self.info.implements or "")
            known = store.load_rules(connection, self.info.ruleset_id).known_differences
            self.table = Table(published.ruleset, look_up(connection, published), known)


class Judging:
    """A pool that is judged by a ruleset."""

    def __init__(self, ruleset: Ruleset, pool: str, folder: Path) -> None:
        self._path = folder / f"{NAME}.json"
        pools = [read_pool(pool, ruleset.keywords)]
        self.worked = evaluate(ruleset.classifier, ruleset.keywords, pools)
        self._choice = Choice(ruleset.info, "as asked", None)
        self._rules = Rules(ruleset.table, {ruleset.table.label: ruleset.table}, None)
        self._with_pool = self._rules._replace(matcher=Matcher(self.worked))
        self.names = [self.worked.work.value(at, "filename") or "" for at in self._places]

    @property
    def _places(self) -> range:
        return range(len(self.worked.work.rows))

    @cached_property
    def candidates(self) -> list[str]:
        texts = [self.worked.work.value(at, "asn_candidate") or "" for at in self._places]
        return sorted({name for text in texts for name, _ in self.worked.candidates[text]})

    def judge(self, document: dict[str, Any], *, pool: bool = True) -> Judged:
        self._path.write_text(json.dumps(document))
        rules = self._with_pool if pool else self._rules
        return judge(read_association(str(self._path), TYPES), self._choice, rules)

    def documents(self, wanted: Wanted | None = None) -> list[dict[str, Any]]:
        """Give what `generate` would write."""
        outcome = self.worked.generation(wanted or Wanted()).run()
        return [json.loads(one.text("test")) for one in outcome.associations]

    @cached_property
    def made(self) -> list[dict[str, Any]]:
        return self.documents()

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
