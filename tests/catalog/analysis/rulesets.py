"""Rulesets of the seeds, changed a little, and the words of the field, without a database."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from asnrules.analysis.tables import Vocabulary
from asnrules.rules.read import read_ruleset
from asnrules.rules.text_files import read_csv
from asnrules.util.environment import shipped
from seeds import SEEDS

EXECUTABLE = sorted(path.parent.name for path in SEEDS.glob("*/conditions.toml"))
"""The labels of the rulesets that can be run."""
PUBLISHED = sorted(path.parent.name for path in SEEDS.glob("*/exposure_modes.csv"))
Edits = Mapping[str, tuple[str, str]]
"""For each file, a text in it and what stands there instead; for the text '', what is added."""
OVERALL = """overall = [
    { prune_memberships = { removes = "found" } },
    { prune_products = { keeps = "longer", removes = "found" } },
]"""
"""The pruning of jwst-3.0.0."""


def edited(folder: Path, edits: Edits, *, label: str = "draft", source: str = "jwst-3.0.0") -> Any:
    """Give a copy of a seed with edits in its files."""
    copy = folder / label
    shutil.copytree(SEEDS / source, copy)
    for name, (old, new) in edits.items():
        path = copy / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1) if old else text + new, encoding="utf-8")
    return replace(read_ruleset(copy, label=label), label=label, effective_from=dt.date(2031, 1, 1))


@cache
def vocabulary() -> Vocabulary:
    folder = shipped("seed") / "vocabulary"
    assumed = {row["keyword"].lower(): row["assumed"] for row in read_csv(folder / "keywords.csv")}
    specials = sorted(read_csv(folder / "specials.csv"), key=lambda row: int(row["position"]))
    return Vocabulary(
        exp_types=[row["exp_type"] for row in read_csv(folder / "exp_types.csv")],
        specials=[(row["special"], row["keyword"].lower()) for row in specials],
        usual={name: value or None for name, value in assumed.items() if value != "(any)"},
        fitting=frozenset(name for name, value in assumed.items() if value == "(any)"),
    )
