"""The catalog of these tests: of few rulesets, as all would be copied and verified each time."""

from __future__ import annotations

import pytest


@pytest.fixture
def catalog_template(few_template: str) -> str:
    return few_template
