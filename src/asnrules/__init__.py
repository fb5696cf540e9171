"""The rules catalog for JWST Stage 2 associations.

The names below are imported when they are first asked for, so that `import asnrules` costs
next to nothing. docs/api.md describes them.
"""

from __future__ import annotations

# Type checkers know the name; the module typing alone takes ten times as long as this one.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from asnrules.api import Catalog, open_catalog
    from asnrules.api_audit import Audit
    from asnrules.api_curator import Curator
    from asnrules.errors import (
        AsnrulesError,
        ClusterError,
        DatabaseError,
        NotFoundError,
        OutputError,
        PoolError,
        RulesetError,
        UsageError,
    )
    from asnrules.pools.fits.declared import Declarations
    from asnrules.pools.fits.pool import MadePool, make_pool, write_pool
    from asnrules.record.queries.runs import RunFilter
    from asnrules.util.cluster import DaskCluster
    from asnrules.workflows.generate import Options, Orphan, Report
    from asnrules.workflows.import_associations import ImportOptions

__all__ = [
    "AsnrulesError",
    "Audit",
    "Catalog",
    "ClusterError",
    "Curator",
    "DaskCluster",
    "DatabaseError",
    "Declarations",
    "ImportOptions",
    "MadePool",
    "NotFoundError",
    "Options",
    "Orphan",
    "OutputError",
    "PoolError",
    "Report",
    "RulesetError",
    "RunFilter",
    "UsageError",
    "make_pool",
    "open_catalog",
    "write_pool",
]

_HOMES = {
    "asnrules.api": ("Catalog", "open_catalog"),
    "asnrules.api_audit": ("Audit",),
    "asnrules.api_curator": ("Curator",),
    "asnrules.record.queries.runs": ("RunFilter",),
    "asnrules.errors": (
        "AsnrulesError", "ClusterError", "DatabaseError", "NotFoundError", "OutputError",
        "PoolError", "RulesetError", "UsageError",
    ),
    "asnrules.workflows.import_associations": ("ImportOptions",),
    "asnrules.workflows.generate": ("Options", "Orphan", "Report"),
    "asnrules.pools.fits.declared": ("Declarations",),
    "asnrules.util.cluster": ("DaskCluster",),
    "asnrules.pools.fits.pool": ("MadePool", "make_pool", "write_pool"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    from importlib import import_module

    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
