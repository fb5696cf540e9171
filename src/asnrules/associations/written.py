"""What a file writes in other words than those that are compared and recorded.

Names of files, roles, types and ids are compared and recorded in lower case, as jwst reads pools,
and files by their names alone. What a file writes otherwise is kept as a remark.
"""

from __future__ import annotations

import re
from collections import Counter

from asnrules.associations.model import DEGRADED, NO_DEGRADED
from asnrules.util.text import program_name, shown

_PATH = re.compile(r"(.*[/\\])?(.*)", re.DOTALL)


class Written:
    """Collects how a file writes its values, where that is not as they are recorded."""

    def __init__(self) -> None:
        self._remarks: dict[str, None] = {}
        self._folders: dict[str, Counter[str]] = {}

    def remarks(self) -> tuple[str, ...]:
        """Give the remarks, those on folders first."""
        folders = [
            f"expname of {_members(roles)} {'have' if roles.total() > 1 else 'has'} "
            f"a folder ({folder})"
            for folder, roles in self._folders.items()
        ]
        return (*folders, *self._remarks)

    def remark(self, text: str) -> None:
        """Add a remark."""
        self._remarks[text] = None

    def plain(self, key: str, value: str) -> str:
        """Give a value in lower case, without the spaces around it."""
        return self._as(key, value, value.strip().lower())

    def spaced(self, key: str, value: str) -> str:
        """Give a value without the spaces around it; its case counts."""
        return self._as(key, value, value.strip())

    def program(self, value: str) -> str:
        """Give a program as associations have it, with five digits; '' for none."""
        return value and self._as("program", value, program_name(value.strip()).lower())

    def degraded(self, value: str) -> str:
        """Give a degraded_status; what means one of the two texts of jwst is that text."""
        words = value.lower().split()
        known = next((one for one in (NO_DEGRADED, DEGRADED) if one.lower().split() == words), None)
        return value if known is None else self._as("degraded_status", value, known)

    def file(self, expname: str, exptype: str) -> str:
        """Give the name of the file of a member, less its folder; '' if it names a folder."""
        folder, name = self._path(expname)
        if folder:
            self._folders.setdefault(folder, Counter())[exptype] += 1
        return self._as(f"expname of the {exptype}", name, name.strip().lower())

    def product(self, text: str) -> str:
        """Give the name of a product, less its folder; '' if it names a folder."""
        folder, name = self._path(text)
        if not text:
            self.remark("a product has no name")
        if folder:
            self.remark(f"the name of product {name.strip()} has a folder ({folder})")
        return self._as("the name of a product", name, name.strip().lower())

    def _path(self, text: str) -> tuple[str, str]:
        match = _PATH.fullmatch(text)
        return ("", text) if match is None else (match[1] or "", match[2])

    def _as(self, key: str, value: str, recorded: str) -> str:
        if value != recorded:
            self.remark(f"{key} is written {shown(value)}")
        return recorded


def _members(roles: Counter[str]) -> str:
    return " and ".join(
        f"the {role}" if count == 1 else f"{count} members with exptype {role}"
        for role, count in roles.items()
    )
