"""Which ruleset is meant: by label, by date, or today's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, bindparam, text

import labels
from asnrules.catalog.open import connect_catalog, upgrade_catalog
from asnrules.catalog.rulesets import (
    RULES,
    TABLE,
    RulesetInfo,
    choose_ruleset,
    find_ruleset,
    in_force,
    list_rulesets,
)
from asnrules.database import migrations
from asnrules.database.engines import transaction
from asnrules.database.types import Day, UtcTime
from asnrules.errors import NotFoundError
from asnrules.rules.releases import shipped_releases
from seeds import connected

FIRST_DAY = dt.date(2020, 12, 7)
EXECUTABLE_FROM = dt.date(2026, 7, 9)


@pytest.fixture
def connection(engine_name: str, templates: object) -> Iterator[Connection]:
    database = templates.get(engine_name, "kept by tests/catalog", upgrade_catalog)  # type: ignore[attr-defined]
    with transaction(connected(database)) as connection:
        yield connection


def test_all_are_listed_published_ones_first_by_date(connection: Connection) -> None:
    assert [(info.kind, info.ruleset) for info in list_rulesets(connection)] == [
        *(("table", label) for label in labels.TABLES),
        *(("rules", label) for label in labels.RULES),
    ]


def test_a_ruleset_by_its_label(connection: Connection) -> None:
    info = find_ruleset(connection, "2021-06-15")
    assert info.effective_from == dt.date(2021, 6, 15)
    assert info.effective_until == dt.date(2025, 5, 2)
    assert (info.kind, info.status, info.implements) == ("table", "published", None)
    assert "2021-06-15" in info.source


def test_the_executable_ruleset_names_the_one_it_implements(connection: Connection) -> None:
    info = find_ruleset(connection, "jwst-3.0.0")
    assert (info.kind, info.implements) == ("rules", "2026-03-20")
    assert (info.effective_from, info.effective_until) == (EXECUTABLE_FROM, None)


def test_a_release_alone_is_no_label(connection: Connection) -> None:
    with pytest.raises(
        NotFoundError, match=r"no ruleset '2\.0\.1' .* jwst-2\.0\.1 means the rules"
    ):
        find_ruleset(connection, "2.0.1")


def test_an_unknown_label_brings_near_ones(connection: Connection) -> None:
    with pytest.raises(NotFoundError, match=r"'jwst-3\.0\.1'.*jwst-3\.0\.0"):
        find_ruleset(connection, "jwst-3.0.1")


def test_a_label_near_none_brings_the_nearest_and_where_all_are(connection: Connection) -> None:
    with pytest.raises(NotFoundError) as raised:
        find_ruleset(connection, "zzz")
    _, near, rest = str(raised.value).split("; ")
    assert near.startswith("near it are ")
    assert near.count(",") == 2
    assert rest == "asnrules rulesets list shows all"


@pytest.mark.parametrize(
    ("day", "label"),
    [
        ("2020-12-06", None),
        ("2020-12-07", "2020-12-07"),
        ("2021-03-18", "2020-12-07"),
        ("2021-03-19", "2021-03-19"),
        ("2025-05-01", "2021-06-15"),
        ("2025-05-02", "2025-05-02"),
        ("2026-03-19", "2026-01-23"),
        ("2026-03-20", "2026-03-20"),
        ("9999-12-31", "2026-03-20"),
    ],
)
def test_the_published_ruleset_of_a_day(
    connection: Connection, day: str, label: str | None
) -> None:
    found = in_force(list_rulesets(connection), TABLE, dt.date.fromisoformat(day))
    assert (found and found.ruleset) == label


@pytest.mark.parametrize(
    ("day", "label"),
    [
        ("2021-05-23", None),
        ("2021-05-24", "jwst-1.2.0"),
        ("2022-06-15", "jwst-1.4.2"),
        ("2022-06-16", "jwst-1.5.0"),
        ("2023-02-27", "jwst-1.8.1"),
        ("2023-02-28", "jwst-1.9.4"),
        ("2023-03-15", "jwst-1.9.6"),
        ("2026-07-08", "jwst-2.0.0"),
        ("2026-07-09", "jwst-3.0.0"),
    ],
)
def test_the_executable_ruleset_of_a_day(
    connection: Connection, day: str, label: str | None
) -> None:
    found = in_force(list_rulesets(connection), RULES, dt.date.fromisoformat(day))
    assert (found and found.ruleset) == label


def test_on_each_day_one_published_ruleset_is_in_force(connection: Connection) -> None:
    published = [info for info in list_rulesets(connection) if info.kind == TABLE]
    for number in range(0, 2500, 7):
        day = FIRST_DAY + dt.timedelta(days=number)
        assert sum(info.is_in_force(day) for info in published) == 1


def test_on_each_day_since_the_first_release_rules_are_in_force(connection: Connection) -> None:
    rules = [info for info in list_rulesets(connection) if info.kind == RULES]
    day, today = dt.date(2021, 5, 24), dt.datetime.now(dt.UTC).date()
    assert not any(info.is_in_force(day - dt.timedelta(days=1)) for info in rules)
    while day <= today:
        assert sum(info.is_in_force(day) for info in rules) == 1, day
        day += dt.timedelta(days=1)


def test_rules_say_if_their_first_day_is_that_of_a_tag(connection: Connection) -> None:
    known = {one.release.in_operations_from for one in shipped_releases().values()}
    for info in list_rulesets(connection):
        is_tag = info.kind == RULES and info.effective_from not in {None, *known}
        assert (info.by_tag is not None) == is_tag, info.ruleset
        if info.by_tag is not None:
            assert f"{info.ruleset} counts as in force from {info.effective_from}" in info.by_tag


def test_periods_say_on_what_they_rest_or_why_there_is_none(connection: Connection) -> None:
    found = {info.ruleset: info.period for info in list_rulesets(connection)}
    assert found["2021-06-15"] == "in force from 2021-06-15 to 2025-05-02"
    assert found["jwst-1.2.0"] == "in force from 2021-05-24, the day of a tag, to 2021-06-07"
    assert found["jwst-1.9.4"] == "in force from 2023-02-28 to 2023-03-15"
    assert found["jwst-3.0.0"] == "in force from 2026-07-09, the day of a tag, to further notice"
    # Operations ran 1.9.3 from 2023-02-28, as they did 1.9.4.
    superseded = "in force on no day, as a later ruleset began on the same one"
    assert {label for label, words in found.items() if words == superseded} == {"jwst-1.9.0"}
    never = {label for label, words in found.items() if words == "never in operations"}
    assert never == {"jwst-1.8.5", "jwst-1.13.0", "jwst-1.18.1"}


def test_by_default_it_is_the_one_of_today(connection: Connection) -> None:
    assert choose_ruleset(connection, TABLE).ruleset == "2026-03-20"
    assert choose_ruleset(connection, RULES).ruleset == "jwst-3.0.0"


def test_a_label_goes_whatever_is_in_force(connection: Connection) -> None:
    assert choose_ruleset(connection, TABLE, "2020-12-07").ruleset == "2020-12-07"


@pytest.mark.parametrize(
    ("kind", "label", "words"),
    [
        (TABLE, "jwst-3.0.0", "is of kind rules.*2026-03-20"),
        (RULES, "2026-03-20", r"is of kind table.*jwst-3\.0\.0"),
    ],
)
def test_a_label_of_the_other_kind(
    connection: Connection, kind: str, label: str, words: str
) -> None:
    with pytest.raises(NotFoundError, match=words):
        choose_ruleset(connection, kind, label)


@pytest.mark.parametrize(("kind", "first"), [(TABLE, "2020-12-07"), (RULES, "2021-05-24")])
def test_a_day_before_the_first(connection: Connection, kind: str, first: str) -> None:
    with pytest.raises(NotFoundError, match=f"2019-01-01.*{first}"):
        choose_ruleset(connection, kind, None, dt.date(2019, 1, 1))


def put(connection: Connection, label: str, kind: str, start: str, end: str | None) -> None:
    statement = text(
        "INSERT INTO rulesets (label, kind, status, title, source, effective_from, "
        "effective_until, implements, checksum, published_at) "
        "SELECT :label, CAST(:kind AS text), 'published', 't', 's', :start, :end, "
        "CASE WHEN :kind = 'rules' THEN ruleset_id END, 'c', :moment "
        "FROM rulesets WHERE label = '2021-06-15'"
    ).bindparams(
        bindparam("start", type_=Day()),
        bindparam("end", type_=Day()),
        bindparam("moment", type_=UtcTime()),
    )
    connection.execute(
        statement,
        {
            "label": label, "kind": kind, "start": dt.date.fromisoformat(start),
            "end": end and dt.date.fromisoformat(end),
            "moment": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        },
    )  # fmt: skip


@pytest.fixture
def with_gap(catalog: Engine) -> Engine:
    """Give a catalog with rules of 2030, and none between them and those of 2031."""
    with transaction(catalog, writing=True) as connection:
        put(connection, "rules-2030", "rules", "2030-01-01", "2030-03-01")
        put(connection, "rules-2031", "rules", "2031-01-01", "2031-03-01")
    return catalog


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2030-03-01", r"rules-2030 was until 2030-03-01 and rules-2031 is from 2031-01-01"),
        ("2030-12-31", r"rules-2030 was until 2030-03-01 and rules-2031 is from 2031-01-01"),
        ("2031-03-01", r"rules-2031 was until 2031-03-01"),
    ],
)
def test_a_day_that_none_covers_brings_the_nearest(with_gap: Engine, day: str, words: str) -> None:
    with (
        transaction(with_gap) as connection,
        pytest.raises(
            NotFoundError, match=f"no rules were in force on {day}; the nearest: {words}$"
        ),
    ):
        choose_ruleset(connection, RULES, None, dt.date.fromisoformat(day))


def test_an_end_of_its_own_goes_before_the_next(with_gap: Engine) -> None:
    with transaction(with_gap) as connection:
        periods = {
            info.ruleset: (info.effective_from, info.effective_until)
            for info in list_rulesets(connection)
            if info.kind == RULES and info.effective_from is not None
        }
        last = choose_ruleset(connection, RULES, None, dt.date(2030, 2, 28))
    assert list(periods.items())[-3:] == [
        ("jwst-3.0.0", (EXECUTABLE_FROM, dt.date(2030, 1, 1))),
        ("rules-2030", (dt.date(2030, 1, 1), dt.date(2030, 3, 1))),
        ("rules-2031", (dt.date(2031, 1, 1), dt.date(2031, 3, 1))),
    ]
    assert last.ruleset == "rules-2030"


def test_after_the_last_there_is_none(catalog: Engine) -> None:
    with transaction(catalog, writing=True) as connection:
        put(connection, "last", "table", "2027-01-01", "2028-01-01")
    with transaction(catalog) as connection:
        with pytest.raises(NotFoundError, match=r"nearest: last was until 2028-01-01$"):
            choose_ruleset(connection, TABLE, None, dt.date(2028, 1, 1))
        assert find_ruleset(connection, "2026-03-20").effective_until == dt.date(2027, 1, 1)


def test_a_catalog_without_rulesets_says_so(database_url: str) -> None:
    engine = connect_catalog(database_url)
    with transaction(engine, writing=True) as connection:
        migrations.upgrade(connection)
        with pytest.raises(NotFoundError, match="the catalog has none"):
            choose_ruleset(connection, RULES)


def test_drafts_without_a_date_come_last(catalog: Engine) -> None:
    with catalog.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO rulesets (label, kind, status, title, source, checksum) "
                "VALUES ('a draft', 'table', 'draft', 't', 's', 'c')"
            )
        )
    with transaction(catalog) as connection:
        published = [info for info in list_rulesets(connection) if info.kind == TABLE]
    assert (published[-1].ruleset, published[-1].effective_from) == ("a draft", None)
    assert not published[-1].is_in_force(dt.date.max)


def test_a_draft_is_listed_but_never_in_force(catalog: Engine) -> None:
    with catalog.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO rulesets (label, kind, status, title, source, effective_from, "
                "checksum) VALUES ('draft', 'table', 'draft', 't', 's', '2026-04-01', 'c')"
            )
        )
    with transaction(catalog) as connection:
        found = {info.ruleset: info for info in list_rulesets(connection)}
        chosen = choose_ruleset(connection, TABLE, None, dt.date(2026, 5, 1))
    assert (found["draft"].status, found["draft"].effective_until) == ("draft", None)
    assert found["2026-03-20"].effective_until is None
    assert chosen.ruleset == "2026-03-20"


def test_the_last_day_is_the_one_before_the_next() -> None:
    info = RulesetInfo(
        "a", TABLE, "published", "", "", dt.date(2020, 1, 1), dt.date(2021, 1, 1), None, "", 1
    )
    days = [(2019, 12, 31), (2020, 1, 1), (2020, 12, 31), (2021, 1, 1)]
    assert [info.is_in_force(dt.date(*day)) for day in days] == [False, True, True, False]


def test_rulesets_are_those_of_the_view(catalog: Engine) -> None:
    names = ", ".join(RulesetInfo._fields[:8])
    with transaction(catalog, writing=True) as connection:
        shown = connection.execute(text(f"SELECT {names} FROM v_rulesets")).all()
        found = list_rulesets(connection)
        said = {tuple(map(str, row[:8])) for row in shown}
        assert {tuple(map(str, one[:8])) for one in found} == said
        # Nobody who changes the view changes what is in force.
        cascade = " CASCADE" if catalog.dialect.name == "postgresql" else ""
        connection.execute(text(f"DROP VIEW v_rulesets{cascade}"))
        assert list_rulesets(connection) == found
