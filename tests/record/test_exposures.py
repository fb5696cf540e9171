"""Every decision on record about an exposure, and what changed from one to the next."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from asnrules.errors import NotFoundError, UsageError
from asnrules.pools.exposure_names import possible_names, stem_of
from asnrules.record.queries.history import count_decisions, exposure_history
from recorded import LATER_NAME, NEXT, POOL_NAME, image, moment, record, stem, write_pool


def history(engine: Engine, filename: str) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [one.document() for one in exposure_history(connection, filename)]


def places(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["asn_name"], one["exptype"]) for one in document["associations"]]


# ------------------------------------------------------------------ names

NAMES = [
    f"{stem(1)}_uncal.fits",
    f"{stem(1)}_rate.fits",
    f"{stem(1)}_rateints.fits",
    f"{stem(1)}_UNCAL.FITS".upper(),
    f"  {stem(1)}_rate ",
    f"{stem(1)}.fits",
    f"/data/{stem(1)}_cal.fits",
    f"stage2/{stem(1)}_i2d.fits.gz",
    stem(1),
    stem(1)[:-1],
]


@pytest.mark.parametrize("name", NAMES)
def test_an_exposure_is_found_by_any_of_its_names(ledger: Engine, name: str) -> None:
    assert [one["run_id"] for one in history(ledger, name)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a_uncal.fits", ["a_uncal.fits", "a_rate.fits", "a_rateints.fits"]),
        ("A_rate", ["a_rate", "a_uncal.fits", "a_rate.fits", "a_rateints.fits"]),
        ("a_cat.ecsv", ["a_cat.ecsv"]),
        ("a_rate.jpg", ["a_rate.jpg"]),
        ("a_uncal_rate.fits", None),
        ("_uncal.fits", None),
    ],
)
def test_spellings(name: str, expected: list[str] | None) -> None:
    found = possible_names(name)
    assert found[0] == name.lower()
    if expected is not None:
        assert found[:1] + sorted(found[1:]) == expected[:1] + sorted(expected[1:])


def test_a_beginning_that_several_exposures_on_record_have_names_them(ledger: Engine) -> None:
    with pytest.raises(UsageError, match="write more of the name") as caught:
        history(ledger, stem(1)[:10])
    for number in (1, 2):
        assert stem(number) in str(caught.value)


@given(st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True))
def test_products_of_an_exposure_share_their_stem(begin: str) -> None:
    name = f"{begin}x"
    products = [f"{name}_{product}.fits" for product in ("uncal", "rate", "rateints")]
    assert {stem_of(product) for product in products} == {name}
    for product in products:
        assert set(products) <= set(possible_names(product))


# ------------------------------------------------------------------ what was decided


def test_decisions_are_in_order_of_time_with_what_was_decided(ledger: Engine) -> None:
    first, later, other, alone, imported = history(ledger, stem(1))
    assert (first["run_id"], first["started_at"]) == (1, moment("2026-11-05T10:15"))
    assert (first["origin"], first["operator"], first["ruleset"], first["pool"]) == (
        "generated", "anna", "jwst-3.0.0", POOL_NAME,
    )  # fmt: skip
    assert (first["filename"], first["position"]) == (f"{stem(1)}_uncal.fits", 2)
    assert (first["exp_type"], first["member_type"], first["special"]) == (
        "NRC_IMAGE", "science", None,
    )  # fmt: skip
    assert first["associations"] == [
        {
            "asn_name": "jw04231-o001_image2_00003_asn", "asn_type": "image2",
            "asn_rule": "Asn_Lv2Image", "asn_id": "o001", "product": stem(1),
            "expname": f"{stem(1)}_rate.fits", "exptype": "science", "members": 2,
            "verdict": None,
        }
    ]  # fmt: skip
    assert (later["pool"], later["member_type"], later["special"]) == (
        LATER_NAME, "background", "BACKGROUND",
    )  # fmt: skip
    assert places(later) == [
        ("jw04231-o001_image2_00001_asn", "science"),
        ("jw04231-o001_image2_00002_asn", "background"),
    ]
    assert (other["ruleset"], other["operator"]) == (NEXT, "bruno")
    assert places(other) == [("jw04231-o001_image2_00002_asn", "science")]
    assert (alone["origin"], alone["pool"], alone["member_type"]) == ("imported", None, None)
    assert (alone["filename"], alone["associations"][0]["verdict"]) == (
        f"{stem(1)}_rate.fits", "unexplained",
    )  # fmt: skip
    assert (imported["pool"], imported["filename"]) == (POOL_NAME, f"{stem(1)}_uncal.fits")
    assert imported["associations"][0]["verdict"] == "explained"


def test_what_changed(ledger: Engine) -> None:
    first, later, other, alone, imported = (one["changes"] for one in history(ledger, stem(1)))
    assert first is None
    assert later == [
        "class: background, was science",
        "special: BACKGROUND, was none",
        "BKGDTARG: t, was f",
        f"no longer science in {stem(1)}, image2 by Asn_Lv2Image for o001",
        f"now science in {stem(1)}, image2 by Asn_Lv2ImageSpecial for o001",
        f"now background in {stem(2)}, image2 by Asn_Lv2Image for o001",
    ]
    assert other == [
        f"ruleset: {NEXT}, was jwst-3.0.0",
        "class: science, was background",
        "special: none, was BACKGROUND",
        "BKGDTARG: f, was t",
        f"no longer science in {stem(1)}, image2 by Asn_Lv2ImageSpecial for o001",
        f"no longer background in {stem(2)}, image2 by Asn_Lv2Image for o001",
        f"now science in {stem(1)}, image2 by Asn_Lv2Image for o001",
    ]
    background = f"{stem(3)}_rate.fits as background"
    association = f"science in {stem(1)}, image2 by Asn_Lv2Image for o001"
    assert alone == [
        f"ruleset: jwst-3.0.0, was {NEXT}",
        f"{association}: now without {background}",
    ]
    assert imported == [f"{association}: now with {background}"]


def test_an_exposure_in_no_association_says_why(ledger: Engine) -> None:
    first, other, imported = history(ledger, stem(5))
    assert (first["associations"], first["reason"]) == ([], "it belongs to no candidate")
    assert other["changes"] == [f"ruleset: {NEXT}, was jwst-3.0.0"]
    # An import that has the pool, but no association with it, has decided nothing.
    assert (imported["associations"], imported["reason"]) == ([], None)


def test_an_association_that_the_rules_no_longer_make(ledger: Engine) -> None:
    _, other, imported = history(ledger, stem(3))
    assert other["changes"] == [
        f"ruleset: {NEXT}, was jwst-3.0.0",
        f"no longer science in {stem(3)}, image2 by Asn_Lv2ImageSpecial for o001",
    ]
    # It is the background of two images, of which the import has one.
    assert imported["changes"] == [
        f"ruleset: jwst-3.0.0, was {NEXT}",
        f"no longer background in {stem(2)}, image2 by Asn_Lv2Image for o001",
    ]


def test_a_catalog_is_found_by_its_name(ledger: Engine) -> None:
    (found,) = history(ledger, "jw04231001001_cat.ecsv")
    assert (found["run_id"], found["pool"]) == (4, None)
    assert places(found) == [("jw04231-o001_image2_00002_asn", "sourcecat")]


def test_nothing_changed(catalog: Engine, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", image(1), image(2))
    record(catalog, [pool])
    record(catalog, [pool], started="2026-11-06T10:15")
    assert [one["changes"] for one in history(catalog, stem(1))] == [None, []]


def test_another_companion_is_a_change(catalog: Engine, tmp_path: Path) -> None:
    for day, number in ((5, 2), (6, 3)):
        pool = write_pool(tmp_path / f"{day}.csv", image(1), image(number, bkgdtarg="t"))
        record(catalog, [pool], started=f"2026-11-{day:02}T10:15")
    _, second = history(catalog, stem(1))
    assert second["changes"] == [
        f"science in {stem(1)}, image2 by Asn_Lv2Image for o001: now "
        f"without {stem(2)}_rate.fits as background and with {stem(3)}_rate.fits as background"
    ]


def test_a_reason_that_changed(catalog: Engine, tmp_path: Path) -> None:
    pool = write_pool(
        tmp_path / "pool.csv", image(1), image(2, asn_candidate="[('o002', 'observation')]")
    )
    record(catalog, [pool], candidates=["o001"])
    record(catalog, [write_pool(tmp_path / "b.csv", image(2, asn_candidate="null"))])
    _, second = history(catalog, stem(2))
    assert second["changes"] == [
        "ASN_CANDIDATE: null, was [('o002', 'observation')]",
        "reason: it belongs to no candidate, was its candidates were not selected",
    ]


def test_a_pool_that_lists_an_exposure_twice_is_compared_row_by_row(
    catalog: Engine, tmp_path: Path
) -> None:
    rows = [image(1), image(1, exp_type="nrc_dark"), image(2)]
    pool = write_pool(tmp_path / "pool.csv", *rows)
    record(catalog, [pool])
    record(catalog, [pool], started="2026-11-06T10:15")
    found = history(catalog, stem(1))
    assert [(one["run_id"], one["position"]) for one in found] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert [one["changes"] for one in found] == [None, None, [], []]


def test_time_counts_and_not_the_number_of_the_run(catalog: Engine, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", image(1))
    record(catalog, [pool], started="2026-11-06T10:15")
    record(catalog, [pool], started="2026-11-05T10:15")
    assert [one["run_id"] for one in history(catalog, stem(1))] == [2, 1]


# ------------------------------------------------------------------ what is not there


def test_an_unknown_exposure_is_not_found_and_near_ones_are_named(ledger: Engine) -> None:
    with pytest.raises(NotFoundError) as raised:
        history(ledger, f"{stem(7)}_uncal.fits")
    message, names = str(raised.value).split("near it are ")
    assert message == f"no exposure '{stem(7)}_uncal.fits' on record; "
    assert set(names.split(", ")) == {f"{stem(number)}_uncal.fits" for number in (4, 5, 6)}


@pytest.mark.parametrize(
    "name", ["a", "zzz", "", "%", "jw04231001001_02101_0000__nrca1_uncal.fits"]
)
def test_any_name_that_is_not_there_has_three_near_ones(ledger: Engine, name: str) -> None:
    with pytest.raises(NotFoundError) as raised:
        history(ledger, name)
    assert len(re.findall(r"jw04231001001\w*\.\w+(?=,|$)", str(raised.value))) == 3


def test_an_empty_ledger_has_no_exposure(kept_seeds: Engine) -> None:
    with pytest.raises(NotFoundError, match="there is no exposure yet"):
        history(kept_seeds, stem(1))


# ------------------------------------------------------------------ in many runs


def test_of_many_runs_the_latest_are_given_as_among_all(ledger: Engine) -> None:
    with ledger.connect() as connection:
        for name in (stem(1), stem(4), "jw04231001001_cat.ecsv"):
            whole = exposure_history(connection, name)
            for limit in range(1, 7):
                found = exposure_history(connection, name, None, limit)
                runs = sorted({one.decision.run_id for one in whole})[-limit:]
                assert found == [one for one in whole if one.decision.run_id in runs]


def test_decisions_are_counted_by_ruleset_and_outcome(ledger: Engine) -> None:
    with ledger.connect() as connection:
        found = count_decisions(connection, stem(1))
    assert [tuple(one) for one in found] == [
        (1, "jwst-3.0.0", "generated", 1, 1, 1),
        (1, "jwst-3.0.0", "generated", 2, 2, 2),
        (1, NEXT, "generated", 1, 3, 3),
        (1, "jwst-3.0.0", "imported", None, 4, 4),
        (1, "jwst-3.0.0", "imported", None, 5, 5),
    ]
