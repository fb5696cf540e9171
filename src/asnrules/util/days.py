"""Dates as users give them, in one spelling only."""

from __future__ import annotations

import datetime as dt
import re

from asnrules.errors import UsageError
from asnrules.util.text import shown

_WRITTEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_day(option: str, text: str | None) -> dt.date | None:
    """Read the date of an option, YYYY-MM-DD; other spellings of ISO 8601 are a UsageError."""
    if text is None:
        return None
    try:
        if _WRITTEN.fullmatch(text):
            return dt.date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option}: there is no day {shown(text)}; check the date") from error
    raise UsageError(f"{option}: {shown(text)} is not a date; write it as 2026-01-31")


def check_day(name: str, day: object) -> None:
    """Refuse what is neither a `datetime.date` nor None, as the day of a `datetime` is unclear."""
    if day is not None and type(day) is not dt.date:
        raise UsageError(
            f"{name}: {shown(str(day))} is not a datetime.date; give datetime.date(2026, 1, 31)"
        )
