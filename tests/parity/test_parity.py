"""What the engine makes of each pool of the parity folder is what jwst makes of it.

By the rules of 3.0.0, and where it is known by those of 1.3.0.
"""

from __future__ import annotations

from collections import Counter
from types import ModuleType
from typing import Any

import pytest

from asnrules.errors import PoolError
from parity.cases import ruleset


def test_equals_the_oracle_on_the_rows_in_order_of_file_name(
    case: Any, canon: ModuleType, compare: ModuleType
) -> None:
    made = canon.canon_list(case.generated())
    equal, missing, extra = compare.compare(case.in_order, made, names=True, full=True)
    assert (missing, extra) == ([], [])
    assert equal == len(case.in_order)
    # Stricter than the comparison: members more than once, and null beside an empty text.
    assert made == case.in_order


def test_equals_the_oracle_on_the_rows_as_they_stand(
    whole_case: Any, canon: ModuleType, compare: ModuleType
) -> None:
    made = canon.canon_list(whole_case.generated())
    equal, missing, extra = compare.compare(whole_case.given, made)
    assert (missing, extra) == ([], [])
    assert equal == len(whole_case.given)


def test_equals_release_1_3_0_by_its_rules(
    older_case: Any, canon: ModuleType, compare: ModuleType
) -> None:
    made = canon.canon_list(older_case.generated(ruleset("jwst-1.2.1")))
    equal, missing, extra = compare.compare(older_case.by_1_3_0, made, names=True, full=True)
    assert (missing, extra) == ([], [])
    assert equal == len(older_case.by_1_3_0)
    assert made == older_case.by_1_3_0


def test_gives_associations_or_a_plain_error_where_the_oracle_stops(stopped_case: Any) -> None:
    names: list[str] = []
    refusal = None
    try:
        names = [name for name, _ in stopped_case.generated()]
    except PoolError as error:
        refusal = str(error)
    assert len(names) == len(set(names))
    assert refusal is None or refusal.startswith("pool.csv: no column ")


def test_every_case_is_found_and_in_scope(all_cases: tuple[Any, ...]) -> None:
    kinds = Counter(case.name.rpartition("/")[0] or "real" for case in all_cases)
    assert kinds == {"real": 51, "probe": 35, "fuzz": 40, "changes": 85}
    assert sum(case.by_1_3_0 is not None for case in all_cases) == 203
    outside = [case.name for case in all_cases if not case.is_in_scope]
    if outside:
        names = ", ".join(outside)
        pytest.skip(f"{len(outside)} cases need rules that the ruleset does not have: {names}")
