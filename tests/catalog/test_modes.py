"""Looking up the published table as a library does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from asnrules.catalog.look_up import ExposureMode, Filter, look_up
from asnrules.catalog.open import upgrade_catalog
from asnrules.catalog.rulesets import find_ruleset
from asnrules.database.engines import transaction
from asnrules.errors import NotFoundError
from seeds import connected


@pytest.fixture
def connection(engine_name: str, templates: object) -> Iterator[Connection]:
    database = templates.get(engine_name, "kept by tests/catalog", upgrade_catalog)  # type: ignore[attr-defined]
    with transaction(connected(database)) as connection:
        yield connection


def modes(
    connection: Connection, label: str = "2026-03-20", **wanted: object
) -> list[ExposureMode]:
    return look_up(connection, find_ruleset(connection, label), Filter(**wanted))  # type: ignore[arg-type]


def test_a_mode_has_all_its_fields(connection: Connection) -> None:
    assert modes(connection, words=["NRC_CORON"]) == [
        ExposureMode(
            ruleset="2026-03-20",
            exp_type="NRC_CORON",
            instrument="NIRCAM",
            member_type="psf",
            special="PSF",
            asn_type="image2",
            pipeline="calwebb_image2",
            footnote=None,
            position=43,
        ),
        ExposureMode(
            ruleset="2026-03-20",
            exp_type="NRC_CORON",
            instrument="NIRCAM",
            member_type="science",
            special=None,
            asn_type="image2",
            pipeline="calwebb_image2",
            footnote=None,
            position=44,
        ),
    ]


@pytest.mark.parametrize(
    ("label", "number"),
    [
        ("2020-12-07", 74),
        ("2021-03-19", 74),
        ("2021-06-15", 74),
        ("2025-05-02", 74),
        ("2026-01-23", 74),
        ("2026-03-20", 75),
    ],
)
def test_without_a_filter_all_rows_come_in_their_order(
    connection: Connection, label: str, number: int
) -> None:
    rows = look_up(connection, find_ruleset(connection, label))
    assert [row.position for row in rows] == list(range(1, number + 1))
    assert {row.ruleset for row in rows} == {label}


@pytest.mark.parametrize(
    ("instrument", "number"),
    [("FGS", 11), ("miri", 20), ("NIRISS", 11), ("NirCam", 13), ("NIRSPEC", 20)],
)
def test_rows_of_an_instrument(connection: Connection, instrument: str, number: int) -> None:
    rows = modes(connection, instrument=instrument)
    assert len(rows) == number
    assert {row.instrument for row in rows} == {instrument.upper()}


@pytest.mark.parametrize(
    ("asn_type", "pipeline"),
    [
        ("image2", "calwebb_image2"),
        ("spec2", "calwebb_spec2"),
        ("tso-image2", "calwebb_image2"),
        ("tso-spec2", "calwebb_spec2"),
        ("nrslamp-spec2", "calwebb_spec2"),
    ],
)
def test_each_association_type_has_its_pipeline(
    connection: Connection, asn_type: str, pipeline: str
) -> None:
    rows = modes(connection, asn_type=asn_type)
    assert rows
    assert {row.pipeline for row in rows} == {pipeline}


def test_na_wants_the_rows_without(connection: Connection) -> None:
    rows = modes(connection, special="n/a", asn_type="N/A", instrument="nirspec")
    assert [row.exp_type for row in rows] == ["NRS_DARK"]
    assert (rows[0].special, rows[0].asn_type, rows[0].pipeline) == (None, None, None)


def test_filters_narrow_each_other(connection: Connection) -> None:
    assert [
        (row.exp_type, row.member_type)
        for row in modes(connection, words=["nrs_ifu", "MIR_MRS"], special="background")
    ] == [("MIR_MRS", "background"), ("NRS_IFU", "background")]


def test_known_values_that_do_not_meet_give_nothing(connection: Connection) -> None:
    assert modes(connection, words=["NRS_IFU"], special="PSF") == []


def test_a_type_that_only_another_revision_has_is_known(connection: Connection) -> None:
    assert modes(connection, "2021-06-15", words=["MIR_WFSS"]) == []


def test_a_word_that_only_other_revisions_have_is_known(connection: Connection) -> None:
    assert modes(connection, asn_type="wfs-image2") == []
    assert [mode.exp_type for mode in modes(connection, "2021-06-15", words=["wfs-image2"])] == [
        "NRS_MIMF"
    ]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"words": ["NRS_IFUX"]}, ["no EXP_TYPE or other word", "'NRS_IFUX'", "NRS_IFU,"]),
        ({"instrument": "NIRSPECK"}, ["NIRSPEC"]),
        ({"member_type": "backgrond"}, ["background"]),
        ({"special": "IMPRIMT"}, ["IMPRINT"]),
        ({"asn_type": "images"}, ["image2"]),
    ],
)
def test_what_is_not_known_brings_near_spellings(
    connection: Connection, wanted: dict[str, object], words: list[str]
) -> None:
    with pytest.raises(NotFoundError) as raised:
        modes(connection, **wanted)
    for word in words:
        assert word in str(raised.value)
