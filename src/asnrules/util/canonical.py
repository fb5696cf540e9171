"""The form in which values are digested, and the digest of one."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical(value: Any) -> bytes:
    """Write a value as the digests take it: JSON in ASCII, without spaces, keys sorted."""
    # Bytes and the like were never recorded: written so, they equal nothing that was.
    return json.dumps(
        value, separators=(",", ":"), sort_keys=True, default=lambda one: {"not JSON": repr(one)}
    ).encode("ascii")


def digest_of(value: Any) -> str:
    """Give the SHA-256 of a value in its canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()
