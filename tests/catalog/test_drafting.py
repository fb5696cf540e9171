"""The life of a ruleset in the catalog: draft, changed draft, published; on both engines."""

from __future__ import annotations

import datetime as dt
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

import labels
from asnrules.catalog import store
from asnrules.catalog.life_cycle import (
    ImportSettings,
    discard_ruleset,
    export_files,
    export_page,
    import_ruleset,
)
from asnrules.catalog.open import check_catalog
from asnrules.catalog.publishing import Publishing, propose, publish_ruleset
from asnrules.catalog.rulesets import (
    RULES,
    TABLE,
    RulesetInfo,
    choose_ruleset,
    find_ruleset,
    in_force,
    list_rulesets,
)
from asnrules.database.engines import transaction
from asnrules.database.schema.columns import metadata
from asnrules.errors import NotFoundError, RulesetError, UsageError
from asnrules.rules.checksums import checksum
from asnrules.rules.read import read_ruleset
from asnrules.rules.rows import to_rows
from asnrules.rules.write import write_folder
from drafts import publish_draft
from seeds import SEEDS, seed

JANUARY = dt.date(2031, 1, 1)
MARCH = dt.date(2031, 3, 1)


def content_of(engine: Engine, label: str) -> Any:
    with transaction(engine) as connection:
        return store.load(connection, find_ruleset(connection, label).ruleset_id)


def info_of(engine: Engine, label: str) -> RulesetInfo:
    with transaction(engine) as connection:
        return find_ruleset(connection, label)


def drafted(engine: Engine, label: str, source: str = "2026-03-20") -> None:
    import_ruleset(engine, SEEDS / source, ImportSettings(label, JANUARY))


def changed(folder: Path, source: str, file: str, old: str, new: str) -> Path:
    shutil.copytree(SEEDS / source, folder / source)
    path = folder / source / file
    before = path.read_text(encoding="utf-8")
    assert old in before
    path.write_text(before.replace(old, new, 1), encoding="utf-8")
    return folder / source


# ------------------------------------------------------------------------- import


@pytest.mark.parametrize("source", ["2026-03-20", "jwst-3.0.0"])
def test_folder_becomes_a_draft(catalog: Engine, source: str) -> None:
    done = import_ruleset(catalog, SEEDS / source, ImportSettings("mine", JANUARY, MARCH))
    files = seed(source)
    expected = replace(files, label="mine", effective_from=JANUARY, effective_until=MARCH)
    assert done.info == info_of(catalog, "mine")
    assert (done.info.status, done.info.kind) == ("draft", files.kind)
    assert done.info.checksum == checksum(expected)
    assert checksum(content_of(catalog, "mine")) == checksum(expected)
    assert not done.is_replaced
    assert check_catalog(catalog) == []


def test_draft_is_in_force_on_no_day(catalog: Engine) -> None:
    drafted(catalog, "mine")
    drafted(catalog, "my-rules", "jwst-3.0.0")
    with transaction(catalog) as connection:
        for kind in (TABLE, RULES):
            found = in_force(list_rulesets(connection), kind, dt.date(2031, 2, 1))
            assert found is not None
            assert found.status == "published"
            assert found.effective_until is None


def test_draft_needs_no_date(catalog: Engine, tmp_path: Path) -> None:
    folder = changed(tmp_path, "2026-03-20", "ruleset.toml", "effective_from = 2026-03-20", "")
    done = import_ruleset(catalog, folder, ImportSettings("mine"))
    assert (done.info.effective_from, done.info.effective_until) == (None, None)
    assert content_of(catalog, "mine").effective_from is None


def test_label_of_the_file_is_used_where_none_is_given(catalog: Engine, tmp_path: Path) -> None:
    folder = changed(tmp_path, "2026-03-20", "ruleset.toml", 'label = "2026-03-20"', 'label = "x1"')
    assert import_ruleset(catalog, folder, ImportSettings()).info.ruleset == "x1"


def test_draft_is_replaced_by_the_next_import(catalog: Engine, tmp_path: Path) -> None:
    drafted(catalog, "mine", "jwst-3.0.0")
    before = info_of(catalog, "mine")
    folder = changed(
        tmp_path, "jwst-3.0.0", "rules/image.toml", 'title = "An image of a time series"',
        'title = "Another title"',
    )  # fmt: skip
    done = import_ruleset(catalog, folder, ImportSettings("mine"))
    assert done.is_replaced
    assert done.info.ruleset_id == before.ruleset_id
    assert done.info.checksum != before.checksum
    titles = {rule.title for rule in content_of(catalog, "mine").rules}
    assert "Another title" in titles
    assert "An image of a time series" not in titles
    assert len(titles) == done.rows == 22
    assert check_catalog(catalog) == []


def test_draft_that_another_implements_can_be_replaced(catalog: Engine, tmp_path: Path) -> None:
    drafted(catalog, "table")
    folder = changed(
        tmp_path, "jwst-3.0.0", "ruleset.toml", 'implements = "2026-03-20"', 'implements = "table"'
    )
    import_ruleset(catalog, folder, ImportSettings("rules", JANUARY))
    drafted(catalog, "table", "2025-05-02")
    assert info_of(catalog, "rules").implements == "table"
    assert len(content_of(catalog, "table").modes) == 74
    with pytest.raises(RulesetError, match="implements 'table', which is a draft; publish that"):
        publish_draft(catalog, "rules")
    publish_draft(catalog, "table")
    assert publish_draft(catalog, "rules").info.status == "published"


def test_table_that_is_not_there_cannot_be_implemented(catalog: Engine, tmp_path: Path) -> None:
    for label in ("2026-03-2", "jwst-3.0.0"):
        folder = changed(
            tmp_path / label, "jwst-3.0.0", "ruleset.toml", 'implements = "2026-03-20"',
            f'implements = "{label}"',
        )  # fmt: skip
        words = rf"ruleset\.toml, line 6: unknown table '{label}'; .*2026-03-20"
        with pytest.raises(RulesetError, match=words):
            import_ruleset(catalog, folder, ImportSettings("mine"))


def test_published_label_is_taken(catalog: Engine) -> None:
    before = content_of(catalog, "2026-03-20")
    with pytest.raises(RulesetError, match="'2026-03-20' is published and cannot be changed"):
        import_ruleset(catalog, SEEDS / "2026-03-20", ImportSettings())
    assert content_of(catalog, "2026-03-20") == before


def test_draft_keeps_its_kind(catalog: Engine) -> None:
    drafted(catalog, "mine")
    with pytest.raises(RulesetError, match="'mine' is of the other kind"):
        drafted(catalog, "mine", "jwst-3.0.0")


def test_import_that_is_refused_changes_nothing(catalog: Engine, tmp_path: Path) -> None:
    drafted(catalog, "mine")
    before = content_of(catalog, "mine")
    folder = changed(tmp_path, "2026-03-20", "exposure_modes.csv", "MIR_WFSS", "MIR_WFS")
    with pytest.raises(RulesetError, match="unknown EXP_TYPE 'MIR_WFS'"):
        import_ruleset(catalog, folder, ImportSettings("mine"))
    assert content_of(catalog, "mine") == before


def test_end_has_to_come_after_the_start(catalog: Engine) -> None:
    for end in (JANUARY, dt.date(2030, 12, 31)):
        with pytest.raises(RulesetError, match=f"from {JANUARY} to {end}"):
            import_ruleset(catalog, SEEDS / "2026-03-20", ImportSettings("mine", JANUARY, end))


def test_new_exp_type_comes_with_its_table_and_rules_may_use_it(
    catalog: Engine, tmp_path: Path
) -> None:
    rules = changed(tmp_path, "jwst-3.0.0", "conditions.toml", '"mir_wfss"', '"mir_newmode"')
    with pytest.raises(RulesetError, match="unknown EXP_TYPE 'mir_newmode'"):
        import_ruleset(catalog, rules, ImportSettings("rules"))

    table = changed(tmp_path, "2026-03-20", "exposure_modes.csv", "MIR_WFSS", "MIR_NEWMODE")
    with pytest.raises(RulesetError, match="--accept 31=MIR_NEWMODE"):
        import_ruleset(catalog, table, ImportSettings("table"))
    done = import_ruleset(
        catalog, table, ImportSettings("table", accepted={(31, None): "MIR_NEWMODE"})
    )
    assert done.new_exp_types == ["MIR_NEWMODE"]
    with transaction(catalog) as connection:
        instrument = connection.execute(
            text("SELECT instrument FROM exp_types WHERE exp_type = 'MIR_NEWMODE'")
        ).scalar_one()
    assert instrument == "MIRI"
    assert import_ruleset(catalog, rules, ImportSettings("rules")).info.status == "draft"


def test_new_exp_type_of_no_instrument_is_refused(catalog: Engine, tmp_path: Path) -> None:
    for exp_type in ("XYZ_MODE", "MIR_", "Mir_mode", "MIR_A B", "MIR"):
        table = changed(
            tmp_path / exp_type, "2026-03-20", "exposure_modes.csv", "MIR_WFSS", exp_type
        )
        with pytest.raises(RulesetError, match=r"line 32: unknown EXP_TYPE") as caught:
            import_ruleset(catalog, table, ImportSettings("table", accepted={(31, None): exp_type}))
        assert "--accept" not in str(caught.value)


def test_answer_to_what_a_folder_does_not_ask_is_refused(catalog: Engine) -> None:
    for row, exp_type in ((31, "MIR_OTHER"), (1, "FGS_ACQ1")):
        wanted = ImportSettings("mine", accepted={(row, None): exp_type})
        with pytest.raises(UsageError, match="no new EXP_TYPE"):
            import_ruleset(catalog, SEEDS / "2026-03-20", wanted)


# ------------------------------------------------------------------------- pages


def test_page_becomes_the_revision_of_the_catalog(catalog: Engine, shared: Path) -> None:
    page = shared / "reference" / "stage2_rules_2021-06-15.rst"
    done = import_ruleset(catalog, page, ImportSettings("again", JANUARY))
    assert (done.rows, len(done.errata), done.new_exp_types) == (74, 2, [])
    assert to_rows(content_of(catalog, "again")) == to_rows(content_of(catalog, "2021-06-15"))


def test_exported_page_is_imported_equal(catalog: Engine, tmp_path: Path) -> None:
    for label in labels.TABLES:
        page = tmp_path / "page.rst"
        page.write_text(export_page(catalog, label), encoding="utf-8")
        import_ruleset(catalog, page, ImportSettings("again"))
        assert to_rows(content_of(catalog, "again")) == to_rows(content_of(catalog, label))


def test_page_needs_a_label(catalog: Engine, tmp_path: Path) -> None:
    page = tmp_path / "page.rst"
    page.write_text(export_page(catalog, "2026-03-20"), encoding="utf-8")
    with pytest.raises(UsageError, match="--label"):
        import_ruleset(catalog, page, ImportSettings())


def test_executable_ruleset_is_no_page(catalog: Engine) -> None:
    with pytest.raises(UsageError, match="not a table"):
        export_page(catalog, "jwst-3.0.0")


@pytest.mark.parametrize("source", ["2021-06-15", "jwst-3.0.0"])
def test_exported_draft_is_imported_equal(catalog: Engine, tmp_path: Path, source: str) -> None:
    drafted(catalog, "mine", source)
    write_folder(tmp_path / "mine", export_files(catalog, "mine"))
    done = import_ruleset(catalog, tmp_path / "mine", ImportSettings())
    assert done.is_replaced
    assert done.info == info_of(catalog, "mine")
    assert checksum(read_ruleset(tmp_path / "mine")) == done.info.checksum


def test_export_of_what_is_not_there(catalog: Engine) -> None:
    with pytest.raises(NotFoundError, match="'nothing'"):
        export_files(catalog, "nothing")


# ------------------------------------------------------------------------- publish


def test_published_draft_is_in_force_and_ends_the_one_before(catalog: Engine) -> None:
    drafted(catalog, "mine")
    done = publish_draft(catalog, "mine")
    assert (done.info.status, done.info.effective_from) == ("published", JANUARY)
    assert done.ended is not None
    assert (done.ended.ruleset, done.ended.effective_until) == ("2026-03-20", JANUARY)
    with transaction(catalog) as connection:
        for day, label in ((dt.date(2030, 12, 31), "2026-03-20"), (JANUARY, "mine")):
            assert choose_ruleset(connection, TABLE, None, day).ruleset == label
    assert check_catalog(catalog) == []


def test_dates_given_go_before_those_of_the_draft(catalog: Engine) -> None:
    drafted(catalog, "mine")
    before = info_of(catalog, "mine")
    done = publish_draft(catalog, "mine", MARCH, dt.date(2031, 4, 1))
    assert (done.info.effective_from, done.info.effective_until) == (MARCH, dt.date(2031, 4, 1))
    assert done.info.checksum == before.checksum
    assert check_catalog(catalog) == []
    with transaction(catalog) as connection:
        assert in_force(list_rulesets(connection), TABLE, dt.date(2031, 4, 1)) is None


def test_what_would_leave_today_without_rules_is_refused(catalog: Engine) -> None:
    drafted(catalog, "mine", "jwst-3.0.0")
    days = dt.date(2026, 8, 1), dt.date(2026, 9, 1)
    with pytest.raises(
        RulesetError, match=r"2026-09-01, and from then on.*jwst-3\.0\.0 is.*no end"
    ):
        publish_draft(catalog, "mine", *days, retroactive="it came late", operator="me")
    drafted(catalog, "mine-on", "jwst-3.0.0")
    publish_draft(catalog, "mine-on", days[1], retroactive="it goes on", operator="me")
    publish_draft(catalog, "mine", *days, retroactive="it came late", operator="me")


def test_days_that_are_left_without_rules_are_told(catalog: Engine) -> None:
    drafted(catalog, "mine", "jwst-3.0.0")
    with transaction(catalog) as connection:
        proposal = propose(connection, "mine", (MARCH, dt.date(2031, 4, 1)))
    told = "from 2031-04-01 on nothing would be in force, when jwst-3.0.0 is now"
    assert told in list(proposal.lines())


def test_publishing_with_the_dates_of_the_draft_keeps_its_checksum(catalog: Engine) -> None:
    drafted(catalog, "mine", "jwst-3.0.0")
    before = info_of(catalog, "mine")
    assert publish_draft(catalog, "mine").info.checksum == before.checksum


def test_published_ruleset_cannot_be_published_again(catalog: Engine) -> None:
    drafted(catalog, "mine")
    publish_draft(catalog, "mine")
    with pytest.raises(RulesetError, match="published already"):
        publish_draft(catalog, "mine", MARCH)
    with pytest.raises(RulesetError, match="published and cannot be changed"):
        drafted(catalog, "mine")


def test_what_is_not_there_cannot_be_published(catalog: Engine) -> None:
    drafted(catalog, "mine")
    with pytest.raises(NotFoundError, match=r"'min'.*mine"):
        publish_ruleset(catalog, "min", Publishing("0" * 64))


def test_without_a_date_nothing_is_published(catalog: Engine, tmp_path: Path) -> None:
    folder = changed(tmp_path, "2026-03-20", "ruleset.toml", "effective_from = 2026-03-20", "")
    import_ruleset(catalog, folder, ImportSettings("mine"))
    with pytest.raises(RulesetError, match="no date; give one with --effective-from"):
        publish_draft(catalog, "mine")
    assert publish_draft(catalog, "mine", JANUARY).info.effective_from == JANUARY


OVERLAPS = [
    ("2026-03-20", None, "from 2026-03-20, but 2026-03-20 is from 2026-03-20;"),
    ("2025-05-02", "2025-06-01", "but 2025-05-02 is from 2025-05-02"),
    ("2026-03-01", "2026-04-01", "from 2026-03-01 until 2026-04-01, but 2026-03-20 is"),
    ("2020-01-01", "2040-01-01", "but 2020-12-07 is from"),
    ("2033-06-01", None, "but short is from 2033-01-01 until 2034-01-01;"),
]


def test_periods_do_not_overlap(catalog: Engine) -> None:
    import_ruleset(
        catalog, SEEDS / "2021-06-15",
        ImportSettings("short", dt.date(2033, 1, 1), dt.date(2034, 1, 1)),
    )  # fmt: skip
    publish_draft(catalog, "short")
    drafted(catalog, "mine")
    before = info_of(catalog, "mine")
    for start, end, words in OVERLAPS:
        with pytest.raises(RulesetError, match=words):
            publish_draft(
                catalog, "mine", *(one and dt.date.fromisoformat(one) for one in (start, end))
            )
        assert info_of(catalog, "mine") == before


def test_first_of_all_may_be_published_before_the_others(catalog: Engine) -> None:
    drafted(catalog, "mine")
    day = dt.date(2019, 1, 1)
    done = publish_draft(catalog, "mine", day, retroactive="an old page", operator="me")
    assert done.info.effective_until == dt.date(2020, 12, 7)
    assert done.ended is None


def test_of_those_that_publish_for_one_day_one_does_and_the_others_are_told(
    catalog: Engine,
) -> None:
    labels = ["one", "two", "three", "four", "five", "six"]
    for label in labels:
        drafted(catalog, label)
    together = threading.Barrier(len(labels))

    def publish(label: str) -> str:
        together.wait(timeout=120)
        try:
            return publish_draft(catalog, label).info.status
        except RulesetError as error:
            return str(error)

    with ThreadPoolExecutor(len(labels)) as threads:
        said = sorted(threads.map(publish, labels), key=len)
    assert said[0] == "published"
    assert all("would be in force from" in one for one in said[1:])
    with transaction(catalog) as connection:
        states = [info.status for info in list_rulesets(connection) if info.ruleset in labels]
    assert sorted(states) == ["draft"] * 5 + ["published"]


# ------------------------------------------------------------------------- review


def test_only_what_was_reviewed_is_published(catalog: Engine) -> None:
    drafted(catalog, "mine")
    reviewed = info_of(catalog, "mine").checksum
    drafted(catalog, "mine", "2025-05-02")
    for given in (reviewed, reviewed[:12], reviewed.upper()):
        with pytest.raises(RulesetError, match=f"not the one with checksum {reviewed[:12]}"):
            publish_ruleset(catalog, "mine", Publishing(given))
    for given in ("", reviewed[:11], "jwst-3.0.0", f"{reviewed}0"):
        with pytest.raises(UsageError, match="--checksum"):
            publish_ruleset(catalog, "mine", Publishing(given))
    assert info_of(catalog, "mine").status == "draft"
    now = info_of(catalog, "mine").checksum
    done = publish_ruleset(catalog, "mine", Publishing(now[:12]))
    assert (done.info.status, done.info.checksum) == ("published", now)


def test_past_days_are_changed_for_a_reason_that_is_kept(catalog: Engine) -> None:
    drafted(catalog, "mine")
    today = dt.datetime.now(dt.UTC).date()
    yesterday, long_ago = today - dt.timedelta(days=1), dt.date(2021, 1, 1)
    for dates, words in (
        ((yesterday,), f"past days: {yesterday}, when 2026-03-20 was;"),
        ((long_ago, dt.date(2021, 1, 3)), "past days: 2021-01-01 to 2021-01-02, when 2020-12-07 "),
        ((dt.date(2020, 1, 1),), "past days: 2020-01-01 to 2020-12-06, when nothing was"),
    ):
        for reason in (None, " "):
            with pytest.raises(RulesetError, match=words):
                publish_draft(catalog, "mine", *dates, retroactive=reason)
    why = "the page was late"
    info = publish_draft(catalog, "mine", yesterday, retroactive=why, operator="a curator").info
    assert (info.retroactive, info.published_by) == ("the page was late", "a curator")
    with transaction(catalog) as connection:
        row = connection.execute(
            text("SELECT published_by, retroactive FROM v_rulesets WHERE ruleset = 'mine'")
        ).one()
    assert tuple(row) == ("a curator", "the page was late")
    assert check_catalog(catalog) == []


def test_days_to_come_need_no_reason(catalog: Engine) -> None:
    drafted(catalog, "mine")
    today = dt.datetime.now(dt.UTC).date()
    why = "not needed"
    info = publish_draft(catalog, "mine", today, retroactive=why, operator="a curator").info
    assert (info.retroactive, info.published_by) == (None, "a curator")


# ------------------------------------------------------------------------- discard


@pytest.mark.parametrize("source", ["2026-03-20", "jwst-3.0.0"])
def test_draft_that_is_discarded_leaves_nothing(catalog: Engine, source: str) -> None:
    def counted() -> dict[str, int]:
        with transaction(catalog) as connection:
            return {
                name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
                for name in metadata.tables
            }

    before = counted()
    drafted(catalog, "mine", source)
    assert discard_ruleset(catalog, "mine").ruleset == "mine"
    assert counted() == before
    with pytest.raises(NotFoundError, match="'mine'"):
        discard_ruleset(catalog, "mine")
    drafted(catalog, "mine")
    assert info_of(catalog, "mine").status == "draft"
    with pytest.raises(NotFoundError, match="no draft 'mien' in the catalog; there are mine; "):
        discard_ruleset(catalog, "mien")


def test_what_is_published_or_implemented_is_not_discarded(catalog: Engine, tmp_path: Path) -> None:
    with pytest.raises(RulesetError, match="published already"):
        discard_ruleset(catalog, "jwst-3.0.0")
    drafted(catalog, "table")
    folder = changed(
        tmp_path, "jwst-3.0.0", "ruleset.toml", 'implements = "2026-03-20"', 'implements = "table"'
    )
    import_ruleset(catalog, folder, ImportSettings("rules", JANUARY))
    with pytest.raises(RulesetError, match="'table' is implemented by rules"):
        discard_ruleset(catalog, "table")
    discard_ruleset(catalog, "rules")
    discard_ruleset(catalog, "table")
