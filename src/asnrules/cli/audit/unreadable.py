"""What commands say of stored values that cannot be read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import typer

from asnrules.cli import messages

if TYPE_CHECKING:
    from asnrules.record.findings import Finding


def end_with(findings: Iterable[Finding]) -> None:
    """Name each value that cannot be read, and end the command with findings if there are any."""
    found = list(findings)
    for one in found:
        messages.warn(one.words(), **one._asdict())
    if found:
        messages.say("somebody has changed the database; asnrules audit verify finds all of it")
        raise typer.Exit(1)
