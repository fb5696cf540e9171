"""What rules make of each pool is what the releases that have them made of it.

Here at the releases at which that changes, and at the last ones before: `parity.history` compares
all releases.
"""

from __future__ import annotations

from typing import Any

from parity.history import at_changes, compared, releases


def test_equals_each_release_at_which_the_result_changes(case_with_history: Any) -> None:
    found = [compared(case_with_history, one) for one in at_changes(case_with_history, releases())]
    assert {
        one.release.name: [*one.differences()]
        for one in found
        if one.expected is not None and not one.is_equal
    } == {}
