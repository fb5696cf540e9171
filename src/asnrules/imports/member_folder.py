"""Which members of associations are in a folder, by the names of its files."""

from __future__ import annotations

import os
from pathlib import Path

from asnrules.associations.model import members_of
from asnrules.associations.reader import ForeignAssociation
from asnrules.errors import UsageError
from asnrules.util.text import label


class MemberFolder:
    """The names of the files in a folder. A name in an association is never made a path."""

    def __init__(self, folder: str) -> None:
        self.name = label(folder, 200)
        self._names: set[str] = set()
        self._beside: dict[str, str] = {}
        try:
            names = sorted(path.name for path in Path(folder).iterdir())
        except (OSError, ValueError) as error:
            reason = os.strerror(error.errno or 0) if isinstance(error, OSError) else str(error)
            raise UsageError(
                f"--members {self.name}: cannot be read: {reason}; name the folder with the members"
            ) from error
        for name in (name.lower() for name in names):
            self._names.add(name)
            self._beside.setdefault(_stem(name), name)

    def missing(self, association: ForeignAssociation) -> list[str]:
        """Give the members that are not in it, each with a file of the same exposure that is."""
        names = (member.expname for member in members_of(association.products))
        return [self._named(one) for one in dict.fromkeys(names) if one and one not in self._names]

    def _named(self, name: str) -> str:
        beside = self._beside.get(_stem(name))
        return name if beside is None else f"{name} ({label(beside)} is)"


def _stem(name: str) -> str:
    """Give what the files of an exposure have in common: all before the last underscore."""
    return name.rpartition("_")[0]
