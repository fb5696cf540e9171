"""The labels of the shipped rulesets, in the order in which they are listed."""

from __future__ import annotations

import os

TABLES = ["2020-12-07", "2021-03-19", "2021-06-15", "2025-05-02", "2026-01-23", "2026-03-20"]

RULES = [
    "jwst-1.2.0",
    "jwst-1.2.1",
    "jwst-1.3.2",
    "jwst-1.4.0",
    "jwst-1.4.2",
    "jwst-1.5.0",
    "jwst-1.5.3",
    "jwst-1.7.1",
    "jwst-1.8.1",
    "jwst-1.8.5",
    "jwst-1.9.0",
    "jwst-1.9.4",
    "jwst-1.9.6",
    "jwst-1.10.0",
    "jwst-1.11.0",
    "jwst-1.12.0",
    "jwst-1.13.0",
    "jwst-1.14.0",
    "jwst-1.15.0",
    "jwst-1.16.0",
    "jwst-1.17.0",
    "jwst-1.18.0",
    "jwst-1.18.1",
    "jwst-1.19.0",
    "jwst-1.20.0",
    "jwst-2.0.0",
    "jwst-3.0.0",
]

ALL = "ASNRULES_RULESETS" in os.environ
"""Whether tests that take long with each try all of them."""

TRIED = RULES if ALL else [RULES[0], RULES[len(RULES) // 2], RULES[-1]]
FEWEST = RULES if ALL else [RULES[0], RULES[-1]]
"""For those that take longest."""
