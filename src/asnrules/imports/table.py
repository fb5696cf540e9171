"""What a table says of an association type, known differences included."""

from __future__ import annotations

from collections.abc import Sequence

from asnrules.catalog.look_up import ExposureMode
from asnrules.engine.conditions import Values, condition_holds
from asnrules.rules.model import ANYTHING, KnownDifference

ANY_SPECIAL = "\0any"
"""Stands for a special that is not known."""


class Table:
    """A table, with the known differences of the rules that implement it."""

    def __init__(
        self,
        label: str,
        modes: Sequence[ExposureMode],
        differences: Sequence[KnownDifference] = (),
    ) -> None:
        self.label = label
        self._modes = modes
        self._differences = differences

    def asn_types(
        self, exp_type: str, special: str | None = ANY_SPECIAL, *, strictly: bool = False
    ) -> set[str | None] | None:
        """Give the association types of an EXP_TYPE; None among them is no association.

        Only those of the row for the special, if there is one; `strictly`, also if there is none.
        None if there is no row.
        """
        rows = [mode for mode in self._modes if mode.exp_type == exp_type]
        of_special = [mode for mode in rows if mode.special == special]
        return {mode.asn_type for mode in (of_special if strictly else of_special or rows)} or None

    def has(self, asn_type: str) -> bool:
        """Tell whether it, or a known difference, has a type for any EXP_TYPE."""
        return any(mode.asn_type == asn_type for mode in self._modes) or any(
            known.software == asn_type for known in self._differences
        )

    def says(
        self, exp_type: str, special: str | None = ANY_SPECIAL, *, strictly: bool = False
    ) -> str:
        """Say in words what it has for an EXP_TYPE; see `asn_types`."""
        found = self.asn_types(exp_type, special, strictly=strictly)
        name = f"{exp_type} with {special}" if strictly and special else exp_type
        if found is None:
            return f"no row for {name}"
        return f"{' and '.join(sorted(one or 'no association' for one in found))} for {name}"

    def known_difference(
        self, exp_type: str, asn_type: str, values: Values | None = None
    ) -> str | None:
        """Give the reason for which the rules may make a type that the table does not have.

        Without the exposure's values, what may be is taken to be, but for differences of any
        EXP_TYPE, which would excuse everything.
        """
        for known in self._differences:
            if (
                (known.exp_type == exp_type or (known.exp_type is None and values is not None))
                and known.software in {ANYTHING, asn_type}
                and known.aspect != "member_type"
                and (
                    known.condition is None
                    or values is None
                    or condition_holds(known.condition, values)
                )
            ):
                return known.reason
        return None

    def forbids(
        self,
        exp_type: str,
        asn_type: str,
        special: str | None = ANY_SPECIAL,
        values: Values | None = None,
    ) -> bool:
        """Tell whether it has rows for an EXP_TYPE, but none with this type."""
        found = self.asn_types(exp_type, special)
        return (
            found is not None
            and asn_type not in found
            and self.known_difference(exp_type, asn_type, values) is None
        )
