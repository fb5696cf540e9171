"""The cases of the parity folder, one for each test."""

from __future__ import annotations

import os
from types import ModuleType

import pytest

from parity.cases import PARITY, Case, cases, script


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    choices = {
        "case": lambda case: case.in_order is not None,
        "whole_case": lambda case: case.given is not None and "fuzz/" not in case.name,
        "older_case": lambda case: case.by_1_3_0 is not None,
        "some_older_case": lambda case: case.by_1_3_0 is not None,
        "stopped_case": lambda case: case.in_order is None,
        "case_with_history": lambda case: case.changes,
    }
    for fixture, is_chosen in choices.items():
        if fixture in metafunc.fixturenames:
            chosen = [case for case in cases() if is_chosen(case) and case.is_in_scope]
            if fixture.startswith("some_") and "ASNRULES_RULESETS" not in os.environ:
                chosen = chosen[::12]
            missing = pytest.param(None, marks=pytest.mark.skip(reason=_absence()))
            metafunc.parametrize(
                fixture, chosen or [missing], ids=[case.name for case in chosen] or ["none"]
            )


def _absence() -> str:
    if not PARITY.is_dir():
        return "the folder shared/parity is not beside this checkout"
    return "no case is in the scope of the ruleset"


@pytest.fixture(scope="session")
def all_cases() -> tuple[Case, ...]:
    if not PARITY.is_dir():
        pytest.skip(_absence())
    return cases()


@pytest.fixture(scope="session")
def canon() -> ModuleType:
    return script("canon")


@pytest.fixture(scope="session")
def compare() -> ModuleType:
    return script("compare")
