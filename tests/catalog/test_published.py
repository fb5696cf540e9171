"""The published table in the database, row for row, against the document and its history."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from sqlalchemy import Engine, text

from asnrules.database.types import Day

LABELS = ["2020-12-07", "2021-03-19", "2021-06-15", "2025-05-02", "2026-01-23", "2026-03-20"]
LAMP_FOOTNOTE = (
    "Association creation is heavily dependent upon other parameters such as LAMP, OPMODE, "
    "and GRATING."
)


def query(engine: Engine, statement: str, **parameters: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement), parameters)]


def table(engine: Engine, label: str) -> list[tuple[Any, ...]]:
    return query(
        engine,
        "SELECT exp_type, member_type, special, asn_type, footnote FROM v_exposure_modes_history "
        "WHERE ruleset = :label ORDER BY position",
        label=label,
    )


def errata(engine: Engine, label: str) -> list[tuple[Any, ...]]:
    return query(
        engine,
        "SELECT m.exp_type, e.field, e.printed, e.corrected FROM errata AS e "
        "JOIN rulesets AS r ON r.ruleset_id = e.ruleset_id JOIN exposure_modes AS m "
        "ON m.ruleset_id = e.ruleset_id AND m.position = e.position "
        "WHERE r.label = :label ORDER BY e.position",
        label=label,
    )


def printed_table(path: Path) -> list[tuple[str, ...]]:
    """Read the rows of the document: four cells as printed, and the text of the footnote."""
    document = publish_doctree(
        path.read_text(encoding="utf-8"),
        # Its roles are Sphinx's.
        settings_overrides={"report_level": 5, "halt_level": 5},
    )
    footnotes = {
        footnote["ids"][0]: next(footnote.findall(nodes.paragraph)).astext()
        for footnote in document.findall(nodes.footnote)
    }
    rows = []
    for row in next(document.findall(nodes.tbody)).findall(nodes.row):
        marks = list(row.findall(nodes.footnote_reference))
        for mark in marks:
            mark.parent.remove(mark)
        cells = [entry.astext().strip() for entry in row.findall(nodes.entry)]
        if any(cells):
            rows.append((*cells, *(footnotes[mark["refid"]] for mark in marks)))
    return rows


def test_revision_of_2021_06_15_is_the_document_row_for_row(
    shared: Path, kept_seeds: Engine
) -> None:
    printed = printed_table(shared / "reference" / "stage2_rules_2021-06-15.rst")
    assert len(printed) == 74

    misprints = {
        (exp_type, field): (wrong, right)
        for exp_type, field, wrong, right in errata(kept_seeds, "2021-06-15")
    }
    found = []
    for exp_type, member_type, special, asn_type, footnote in table(kept_seeds, "2021-06-15"):
        cells = {"special": special or "N/A", "asn_type": asn_type or "N/A"}
        for field in cells:
            if (exp_type, field) in misprints:
                wrong, right = misprints.pop((exp_type, field))
                assert cells[field] == right
                cells[field] = wrong
        notes = [footnote] if footnote else []
        found.append((exp_type, member_type, *cells.values(), *notes))
    assert found == printed
    assert misprints == {}


def test_document_has_exactly_two_misprints(shared: Path) -> None:
    printed = printed_table(shared / "reference" / "stage2_rules_2021-06-15.rst")
    asn_types = {"image2", "spec2", "tso-image2", "tso-spec2", "nrslamp-spec2", "wfs-image2", "N/A"}
    specials = {"PSF", "IMPRINT", "BACKGROUND", "N/A"}
    assert [row[0] for row in printed if row[3] not in asn_types] == ["NIS_IMAGE"]
    assert [row[0] for row in printed if row[2] not in specials] == ["NRC_FOCUS"]


@pytest.mark.parametrize(
    ("label", "rows", "exp_types"),
    list(zip(LABELS, [74] * 5 + [75], [63] * 5 + [64], strict=True)),
)
def test_revision_has_its_number_of_rows(
    kept_seeds: Engine, label: str, rows: int, exp_types: int
) -> None:
    found = table(kept_seeds, label)
    assert len(found) == rows
    assert len({row[0] for row in found}) == exp_types


def test_revisions_are_these_six(kept_seeds: Engine) -> None:
    found = query(
        kept_seeds, "SELECT DISTINCT ruleset FROM v_exposure_modes_history ORDER BY ruleset"
    )
    assert [label for (label,) in found] == LABELS


@pytest.mark.parametrize("label", LABELS)
def test_misprints_are_kept_in_every_revision(kept_seeds: Engine, label: str) -> None:
    assert errata(kept_seeds, label) == [
        ("NIS_IMAGE", "asn_type", "images", "image2"),
        ("NRC_FOCUS", "special", "N/A/", "N/A"),
    ]
    rows = {row[0]: row for row in table(kept_seeds, label)}
    assert rows["NIS_IMAGE"] == ("NIS_IMAGE", "science", None, "image2", None)
    assert rows["NRC_FOCUS"] == ("NRC_FOCUS", "science", None, "image2", None)


@pytest.mark.parametrize("label", LABELS)
def test_footnotes_are_those_of_the_revision(kept_seeds: Engine, label: str) -> None:
    expected = {"NRS_LAMP": LAMP_FOOTNOTE}
    if label in {"2020-12-07", "2021-03-19"}:
        expected["NRC_GRISM"] = "Deprecated."
    assert {row[0]: row[4] for row in table(kept_seeds, label) if row[4] is not None} == expected


@pytest.mark.parametrize(
    ("exp_type", "asn_types"),
    [
        ("NRC_GRISM", [["spec2"], ["spec2"], [None], [None], [None], [None]]),
        ("NRS_MIMF", [["wfs-image2"]] * 4 + [["image2"]] * 2),
        ("MIR_WFSS", [[]] * 5 + [["spec2"]]),
    ],
)
def test_exp_type_has_its_history(
    kept_seeds: Engine, exp_type: str, asn_types: list[list[str | None]]
) -> None:
    found = [
        [row[3] for row in table(kept_seeds, label) if row[:3] == (exp_type, "science", None)]
        for label in LABELS
    ]
    assert found == asn_types


def test_all_else_stayed_as_it_was(kept_seeds: Engine) -> None:
    changed = {"NRC_GRISM", "NRS_MIMF", "MIR_WFSS"}
    rest = [[row for row in table(kept_seeds, label) if row[0] not in changed] for label in LABELS]
    assert all(rows == rest[0] for rows in rest[1:])
    assert len(rest[0]) == 72


# ------------------------------------------------------------------------- views


def test_changes_between_revisions_are_listed(kept_seeds: Engine) -> None:
    statement = (
        "SELECT ruleset, previous, change, exp_type, member_type, special, asn_type_before, "
        "asn_type_after, footnote_before, footnote_after FROM v_ruleset_changes ORDER BY ruleset"
    )
    grism = ("NRC_GRISM", "science", None, "spec2", None, "Deprecated.", None)
    mimf = ("NRS_MIMF", "science", None, "wfs-image2", "image2", None, None)
    wfss = ("MIR_WFSS", "science", None, None, "spec2", None, None)
    assert query(kept_seeds, statement) == [
        ("2021-06-15", "2021-03-19", "changed", *grism),
        ("2026-01-23", "2025-05-02", "changed", *mimf),
        ("2026-03-20", "2026-01-23", "added", *wfss),
    ]


def test_removed_row_is_listed_as_a_change(catalog: Engine) -> None:
    with catalog.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO rulesets (label, kind, status, title, source, effective_from, checksum) "
            "VALUES ('later', 'table', 'draft', '', '', '2030-01-01', '')"
        )
        connection.exec_driver_sql(
            "INSERT INTO exposure_modes SELECT l.ruleset_id, m.position, m.exp_type, "
            "m.member_type, m.special, m.asn_type, m.footnote "
            "FROM exposure_modes AS m JOIN rulesets AS r ON r.ruleset_id = m.ruleset_id "
            "JOIN rulesets AS l ON l.label = 'later' "
            "WHERE r.label = '2026-03-20' AND m.position <> 12"
        )
    statement = "SELECT change, exp_type, special FROM v_ruleset_changes WHERE ruleset = 'later'"
    assert query(catalog, statement) == [], "a draft is not in force"
    with catalog.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE rulesets SET status = 'published', published_at = '2029-12-31T00:00:00Z' "
            "WHERE label = 'later'"
        )
    assert query(catalog, statement) == [("removed", "MIR_4QPM", "PSF")]


def test_each_revision_is_in_force_until_the_next(kept_seeds: Engine) -> None:
    statement = text(
        "SELECT DISTINCT ruleset, effective_from, effective_until FROM v_exposure_modes_history "
        "ORDER BY effective_from"
    ).columns(effective_from=Day(), effective_until=Day())
    with kept_seeds.connect() as connection:
        found = [tuple(row) for row in connection.execute(statement)]
    assert found == [
        ("2020-12-07", dt.date(2020, 12, 7), dt.date(2021, 3, 19)),
        ("2021-03-19", dt.date(2021, 3, 19), dt.date(2021, 6, 15)),
        ("2021-06-15", dt.date(2021, 6, 15), dt.date(2025, 5, 2)),
        ("2025-05-02", dt.date(2025, 5, 2), dt.date(2026, 1, 23)),
        ("2026-01-23", dt.date(2026, 1, 23), dt.date(2026, 3, 20)),
        ("2026-03-20", dt.date(2026, 3, 20), None),
    ]


def test_history_names_instrument_and_pipeline(kept_seeds: Engine) -> None:
    statement = (
        "SELECT exp_type, instrument, asn_type, pipeline FROM v_exposure_modes_history "
        "WHERE ruleset = '2026-03-20' AND exp_type IN "
        "('FGS_DARK', 'MIR_WFSS', 'NIS_IMAGE', 'NRC_TSGRISM', 'NRS_LAMP') ORDER BY position"
    )
    assert query(kept_seeds, statement) == [
        ("FGS_DARK", "FGS", None, None),
        ("MIR_WFSS", "MIRI", "spec2", "calwebb_spec2"),
        ("NIS_IMAGE", "NIRISS", "image2", "calwebb_image2"),
        ("NRC_TSGRISM", "NIRCAM", "tso-spec2", "calwebb_spec2"),
        ("NRS_LAMP", "NIRSPEC", "nrslamp-spec2", "calwebb_spec2"),
    ]


def test_table_in_force_today_is_the_newest_revision(kept_seeds: Engine) -> None:
    today = query(
        kept_seeds,
        "SELECT exp_type, member_type, special, asn_type, footnote FROM v_exposure_modes "
        "ORDER BY position",
    )
    assert len(today) == 75
    assert today == table(kept_seeds, "2026-03-20")
    assert query(kept_seeds, "SELECT DISTINCT ruleset FROM v_exposure_modes") == [("2026-03-20",)]


def test_positions_count_the_rows_from_one(kept_seeds: Engine) -> None:
    statement = "SELECT position FROM v_exposure_modes_history WHERE ruleset = :label ORDER BY 1"
    for label in LABELS:
        positions = [position for (position,) in query(kept_seeds, statement, label=label)]
        assert positions == list(range(1, 76 if label == "2026-03-20" else 75))
