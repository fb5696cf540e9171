"""Reading what a program shows on a terminal."""

from __future__ import annotations

import os


def all_shown(terminal: int) -> bytes:
    """Read a terminal until its other side is closed, and close it.

    A terminal hands over in pieces, whatever was written at once: one read is not all.
    """
    shown = b""
    try:
        while block := os.read(terminal, 65536):
            shown += block
    except OSError:
        pass  # So Linux says that the other side is closed.
    finally:
        os.close(terminal)
    return shown
