"""`asnrules rulesets publish` on a terminal: what it shows, what it asks, and what it then does."""

from __future__ import annotations

import datetime as dt
import os
import pty
import sys
from collections.abc import Sequence

import pytest
from sqlalchemy import Engine

from asnrules.catalog.life_cycle import ImportSettings, import_ruleset
from asnrules.catalog.rulesets import RulesetInfo, find_ruleset
from asnrules.database.engines import transaction
from cli.terminals import all_shown
from seeds import SEEDS

COMMAND = ["-m", "asnrules", "rulesets", "publish", "mine"]
LATER = ["--effective-from", "2031-01-01"]
PAST = ["--effective-from", "2026-04-01"]
CONFIRM, REASON = "[y/N]", "Why does it change past days?"


@pytest.fixture
def engine_name() -> str:
    return "sqlite"


def info_of(engine: Engine) -> RulesetInfo:
    with transaction(engine) as connection:
        return find_ruleset(connection, "mine")


def asked(url: str, options: Sequence[str], typed: str) -> tuple[int, str]:
    """Run the command on a terminal at which somebody has typed all answers; give what is shown."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(ASNRULES_DATABASE=url, NO_COLOR="1", COLUMNS="200", TERM="dumb")
        os.execv(sys.executable, [sys.executable, *COMMAND, *options])
    os.write(terminal, typed.encode())
    shown = all_shown(terminal).decode().replace("\r\n", "\n")
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown


@pytest.fixture
def draft(catalog: Engine) -> RulesetInfo:
    return import_ruleset(catalog, SEEDS / "2025-05-02", ImportSettings("mine")).info


def test_what_was_shown_and_confirmed_is_published(
    catalog: Engine, database_url: str, draft: RulesetInfo
) -> None:
    code, shown = asked(database_url, LATER, "y\n")
    assert code == 0, shown
    assert f"checksum: {draft.checksum}\n" in shown
    assert "in force from 2031-01-01, instead of 2026-03-20" in shown
    assert (CONFIRM in shown, REASON in shown, "past days" in shown) == (True, False, False)
    info = info_of(catalog)
    assert (info.status, info.effective_from) == ("published", dt.date(2031, 1, 1))


@pytest.mark.parametrize("typed", ["n\n", "\n", "yesterday\n", "\x04"])
def test_what_is_not_confirmed_stays_a_draft(
    catalog: Engine, database_url: str, draft: RulesetInfo, typed: str
) -> None:
    code, shown = asked(database_url, LATER, typed)
    assert (code, info_of(catalog)) == (2, draft)
    assert "mine stays a draft" in shown.splitlines()[-1]


def test_past_days_are_shown_and_the_reason_is_asked_for(
    catalog: Engine, database_url: str, draft: RulesetInfo
) -> None:
    code, shown = asked(database_url, PAST, "y\nit came late\n")
    assert code == 0, shown
    yesterday = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
    assert f"past days: 2026-04-01 to {yesterday}, when 2026-03-20 was\n" in shown
    assert "asnrules rulesets diff 2026-03-20 mine" in shown
    assert shown.index(CONFIRM) < shown.index(REASON)
    assert info_of(catalog).retroactive == "it came late"


def test_only_what_the_options_do_not_say_is_asked(
    catalog: Engine, database_url: str, draft: RulesetInfo
) -> None:
    code, shown = asked(database_url, [*PAST, "--checksum", draft.checksum], "\n")
    assert (code, CONFIRM in shown, REASON in shown) == (2, False, True)
    assert "--retroactive WHY" in shown
    code, shown = asked(database_url, [*PAST, "--retroactive", "late"], "y\n")
    assert (code, CONFIRM in shown, REASON in shown) == (0, True, False)
    assert info_of(catalog).retroactive == "late"


def test_nothing_is_asked_if_nothing_is_left_to_say(
    catalog: Engine, database_url: str, draft: RulesetInfo
) -> None:
    code, shown = asked(database_url, [*LATER, "--checksum", draft.checksum[:12]], "")
    assert (code, CONFIRM in shown) == (0, False)
    assert info_of(catalog).status == "published"


def test_another_draft_than_the_reviewed_one_is_refused_before_anything_is_asked(
    catalog: Engine, database_url: str, draft: RulesetInfo
) -> None:
    code, shown = asked(database_url, [*PAST, "--checksum", "0" * 12], "late\n")
    assert (code, REASON in shown, info_of(catalog)) == (2, False, draft)
    assert f"it has {draft.checksum[:12]} now" in shown
