"""Find the folders that are shipped with the package: `migrations`, `seed` and `docs`.

In a wheel they lie inside the package, in a checkout at its top.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def shipped(name: str) -> Path:
    """Give the folder of that name.

    Parameters
    ----------
    name : str
        `migrations`, `seed` or `docs`.
    """
    inside = _PACKAGE / "_shipped" / name
    return inside if inside.is_dir() else _PACKAGE.parent.parent / name
