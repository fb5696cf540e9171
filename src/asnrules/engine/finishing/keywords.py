"""Which keywords of exposures the finishing steps look at, and which they read as whole numbers."""

from __future__ import annotations

from typing import NamedTuple


class Looks(NamedTuple):
    """What a step looks at.

    Attributes
    ----------
    keywords : frozenset of str
        All keywords.
    numbers : tuple of tuple of str
        Those read as whole numbers; of several together, the first that is one counts.
    lost : str
        What is lost where there is a value, but no whole number.
    named : tuple of str
        Those that it puts into names.
    """

    keywords: frozenset[str]
    numbers: tuple[tuple[str, ...], ...] = ()
    lost: str = ""
    named: tuple[str, ...] = ()


_NODS = (("patt_num",), ("numdthpt",), ("subpxpts", "subpxpns"))
_OF_NODS = frozenset({"targetid", "fxd_slit", "patt_num", "numdthpt", "subpxpts", "subpxpns"})
_SEQUENCE = (("expspcin",),)
_NO_BACKGROUND = "no background by it"
_NO_CHOICE = "no direct image is chosen by it"

LOOKS = {
    "imprint_pruning": Looks(frozenset({"targetid", "bkgdtarg", "dithptin"})),
    "nod_split_fixed_slit": Looks(_OF_NODS, _NODS, _NO_BACKGROUND),
    "nod_split_primary": Looks(_OF_NODS, _NODS, _NO_BACKGROUND),
    "nod_split_shutters": Looks(_OF_NODS, _NODS, "nods at one point are each other's background"),
    "wfss_catalog": Looks(frozenset({"expspcin"}), _SEQUENCE, _NO_CHOICE, ("targetid",)),
    "wfss_catalog_matching": Looks(
        frozenset({"expspcin", "channel", "pupil"}), _SEQUENCE, _NO_CHOICE, ("targetid",)
    ),
}
"""By the names of steps; the others look at none."""


def whole_number(value: str | None) -> int | None:
    """Read a value as a whole number, as jwst does: `1.0` is none."""
    try:
        return None if value is None else int(value)
    except ValueError:
        return None
