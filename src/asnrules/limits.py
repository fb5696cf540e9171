"""How big what is read may be; docs/limits.md says what each limit is for.

Far above what the observatory makes, and low enough that what is refused is refused at once.
"""

from __future__ import annotations

PATTERN_LENGTH = 200
"""Characters of a pattern of a condition."""

PATTERN_STATES = 200
"""States of the automaton that a pattern of a condition is worked with."""
