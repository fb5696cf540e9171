"""Catalogs of few rulesets, and people of each role of PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, make_url

from asnrules.catalog.open import connect_catalog


@pytest.fixture
def catalog_template(few_template: str) -> str:
    return few_template


@pytest.fixture
def connect_as(postgresql_server: Any) -> Iterator[Callable[[str, str], Engine]]:
    people: list[str] = []

    def connect(url: str, role: str) -> Engine:
        people.append(f"{role}_{uuid.uuid4().hex[:8]}")
        postgresql_server.execute(f"CREATE ROLE {people[-1]} LOGIN IN ROLE asnrules_{role}")
        person = make_url(url).set(username=people[-1], password=None)
        return connect_catalog(person.render_as_string(hide_password=False))

    yield connect
    for person in people:
        postgresql_server.execute(f"DROP ROLE {person}")
