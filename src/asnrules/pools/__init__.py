"""Reading association pools: exposures as rows of text, streamed, checked and shared."""

from __future__ import annotations

from asnrules.pools.candidates import Candidate, CandidateSyntaxError, parse_candidates
from asnrules.pools.reader import Pool, PoolReader, PoolSource, read_pool

__all__ = [
    "Candidate",
    "CandidateSyntaxError",
    "Pool",
    "PoolReader",
    "PoolSource",
    "parse_candidates",
    "read_pool",
]
