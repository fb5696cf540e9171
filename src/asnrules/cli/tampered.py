"""Say what somebody has changed in the database, where a command cannot read it any more."""

from __future__ import annotations

_named: list[str | None] = []


def goes_by(database: str | None) -> None:
    """Note which database the command goes by, as it was given."""
    _named[:] = [database]


def what_was_changed() -> str | None:
    """Look for what was changed in the database of the command.

    Returns
    -------
    str or None
        One line; None if nothing was, or there is no database to look at.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from asnrules.audit.verify import verify
    from asnrules.catalog.opening import connect_catalog
    from asnrules.errors import AsnrulesError

    if not _named:
        return None
    try:
        findings = verify(connect_catalog(_named[0])).findings
    except (AsnrulesError, SQLAlchemyError):
        return None
    if not findings:
        return None
    # What cannot be read is what stood in the way, if there is any.
    first = next((one for one in findings if one.column is not None), findings[0])
    names = ("run", "table", "column")
    place = ", ".join(
        f"{name} {value}" for name, value in zip(names, first, strict=False) if value is not None
    )
    return (
        f"the database was changed by other means than asnrules: {place}: {first.finding}; "
        f"asnrules audit verify lists all ({len(findings)})"
    )
