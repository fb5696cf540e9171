"""A run as one HTML page."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

import hostile
from asnrules.errors import NotFoundError, OutputError
from asnrules.record.queries.summaries import ExposureCount, Flow, RuleCount
from asnrules.report import page_data, picture
from asnrules.report.rendering import page, readable, write_page
from asnrules.workflows.generate import Options, generate
from browser import Chromium, Page
from cli.small_pools import nrc_image, write_pool
from recorded import POOL_NAME, stem

# The page is the same of both.
once = pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)


def page_of(engine: Engine, run_id: int = 1) -> Page:
    return Page("".join(page(engine, run_id)))


@pytest.fixture
def hostile_catalog(catalog: Engine, tmp_path: Path) -> Engine:
    hostile.record_hostile_run(catalog, tmp_path)
    return catalog


def written(engine: Engine, folder: Path, run_id: int = 1) -> str:
    """Write the page of a run, and give its address."""
    path = folder / "report.html"
    write_page(engine, run_id, path)
    return path.as_uri()


# ------------------------------------------------------------------ what is on it


def test_totals(ledger: Engine) -> None:
    text = page_of(ledger).text
    assert "Exposures 6 Associations 3 Products 3 Members 5 In no association 3" in text


def test_a_generated_run(ledger: Engine) -> None:
    found = page_of(ledger)
    assert found.title == f"Run 1: {POOL_NAME}"
    assert "Associations made on 2026-11-05 10:15:00 UTC by anna" in found.text
    assert "1 association, 1 product, 1 member" in found.text
    assert "2 associations, 2 products, 4 members" in found.text
    assert f"1 science, 1 background → {stem(1)}" in found.text
    assert f"{stem(2)}_rate.fits science moving_shutter" in found.text
    assert "1 NRC_IMAGE it belongs to no candidate" in found.text
    assert f"{stem(4)}_uncal.fits NRC_DARK dark no rule takes its EXP_TYPE" in found.text
    assert "jwst-3.0.0: The Stage 2 association rules of jwst 3.0.0" in found.text


def test_an_imported_run_has_verdicts_and_no_pool(ledger: Engine) -> None:
    found = page_of(ledger, 4)
    assert "Associations imported on 2026-12-02" in found.text
    assert "contradicts jw04231-o001_image2_00002_asn.json" in found.text
    assert "NRC_DARK makes no association" in found.text
    assert "nothing is known of exposures" in found.text


def test_rules_that_made_something_come_first(ledger: Engine) -> None:
    rules = [found["id"] for found in page_of(ledger).named("details", **{"data-item": "rules"})]
    assert rules[:2] == ["rule-Asn_Lv2Image", "rule-Asn_Lv2ImageSpecial"]
    assert len(rules) == 22


def test_nothing_is_fetched_from_anywhere(ledger: Engine) -> None:
    for tag, attributes in page_of(ledger).elements:
        assert not {"src", "srcset", "action", "data"} & set(attributes), tag
        assert (attributes.get("href") or "#").startswith("#")
        assert "style" not in attributes


def test_headings_tables_and_the_field_are_labelled(ledger: Engine) -> None:
    found = page_of(ledger)
    assert found.named("html", lang="en")
    assert len(found.named("h1")) == len(found.named("main")) == 1
    assert all(one.get("scope") == "col" for one in found.named("th"))
    assert found.named("label", **{"for": "words"})
    assert found.named("input", id="words")
    identifiers = [one["id"] for _, one in found.elements if "id" in one]
    assert len(identifiers) == len(set(identifiers))
    targets = [one["href"] for one in found.named("a")]
    assert {f"#{name}" for name in identifiers} >= set(targets)


def test_there_is_no_such_run(ledger: Engine, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no run 99 on record; the last is 5"):
        write_page(ledger, 99, tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_only_if_that_is_wanted(ledger: Engine, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("mine")
    with pytest.raises(OutputError, match="replace it with --overwrite"):
        write_page(ledger, 1, path)
    assert path.read_text() == "mine"
    size = write_page(ledger, 1, path, overwrite=True)
    assert path.stat().st_size == size > 10_000
    assert list(tmp_path.iterdir()) == [path]


# ------------------------------------------------------------------ what a pool may contain


def test_values_that_look_like_markup_are_text(hostile_catalog: Engine) -> None:
    found = page_of(hostile_catalog)
    assert found.named("img") == []
    assert len(found.named("script")) == 1
    for value in (
        hostile.TAKEN_AS, hostile.LEFT_OUT, f"{hostile.IMAGE}.csv", hostile.SCRIPT.upper(),
        f"target {hostile.IMAGE}", f"= {hostile.IMAGE} (FILTER)", f"by {hostile.SCRIPT},",
        f"note {hostile.SCRIPT}", f"science {hostile.IMAGE}",
    ):  # fmt: skip
        assert value in found.text, value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines", "two\nlines"),
        ("\x1b[31mred\x00", r"\x1b[31mred\x00"),
        ("txt.\u202egnp", r"txt.\u202egnp"),
        ("x" * 1_000, "x" * 1_000),
        ("x" * 1_001, "x" * 1_000 + " ... (1,001 letters)"),
        (7, 7),
    ],
)
def test_what_cannot_be_seen_is_written_out(value: object, shown: object) -> None:
    assert readable(value) == shown


# ------------------------------------------------------------------ big runs


@once
def test_a_long_run_is_cut_and_says_so(catalog: Engine, tmp_path: Path) -> None:
    images = (nrc_image(number) for number in range(1, 2_101))
    lost = (nrc_image(number, asn_candidate="null") for number in range(3_000, 4_200))
    pool = write_pool(tmp_path / "pool.csv", *images, *lost)
    generate(catalog, [pool], Options())

    found = page_of(catalog)

    assert "Shown are 2,000 of 2,100 associations" in found.text
    assert "Shown are the first 1,000 of 1,200 exposures" in found.text
    assert len(found.named("details", **{"data-item": "associations"})) == 2_000
    assert "2,100 associations, 2,100 products, 2,100 members" in found.text


@given(st.lists(st.integers(1, 50), max_size=8), st.integers(0, 100))
def test_sharing_out_gives_all_there_is_and_the_small_ones_first(
    wanted: list[int], available: int
) -> None:
    shares = page_data.shared_out(wanted, available)
    assert sum(shares) == min(sum(wanted), available)
    assert all(0 <= share <= want for share, want in zip(shares, wanted, strict=True))
    cut = [share for share, want in zip(shares, wanted, strict=True) if share < want]
    assert max(cut, default=0) - min(cut, default=0) <= 1


# ------------------------------------------------------------------ the picture


def test_bands_are_as_wide_as_there_are_members() -> None:
    flows = [
        Flow("NRC_IMAGE", "image2", "Asn_Lv2Image", "science", 30),
        Flow("NRC_IMAGE", "image2", "Asn_Lv2Image", "background", 60),
    ]
    counts = [ExposureCount("NRC_IMAGE", 40, 10)]
    made = [RuleCount("image2", "Asn_Lv2Image", "p", 30, 30, 90, 1)]
    drawn = picture.draw(flows, counts, made, "left out")

    assert [(node.name, node.amount) for node in drawn.types] == [("NRC_IMAGE", 40)]
    assert [(node.name, node.amount) for node in drawn.rules] == [
        ("Asn_Lv2Image (image2)", 30),
        ("left out", 10),
    ]
    left_out, taken = drawn.rules[1].height, drawn.rules[0].height
    assert taken == pytest.approx(9 * left_out, rel=0.01)
    assert drawn.roles == ["background", "science"]
    assert {band.title for band in drawn.bands} == {
        "NRC_IMAGE: 30 science in Asn_Lv2Image (image2)",
        "NRC_IMAGE: 60 background in Asn_Lv2Image (image2)",
        "NRC_IMAGE: 10 left out",
    }


def test_the_rest_of_many_types_share_a_place() -> None:
    flows = [
        Flow(f"TYPE_{number:03}", "image2", "Asn_Lv2Image", "science", number)
        for number in range(1, 101)
    ]
    drawn = picture.draw(flows, [], [], "left out")
    names = [node.name for node in drawn.types]
    assert len(names) == picture.MOST_BARS + 1
    assert "TYPE_100" in names
    assert "TYPE_080" not in names
    assert next(n.amount for n in drawn.types if n.name == "other EXP_TYPEs") == 80 * 81 // 2
    assert len(drawn.bands) == picture.MOST_BARS + 1


def test_bars_do_not_overlap_and_are_inside() -> None:
    flows = [
        Flow(f"T{number}", "spec2", f"R{number % 3}", "science", 10**number) for number in range(5)
    ]
    drawn = picture.draw(flows, [], [], "left out")
    for column in (drawn.types, drawn.rules):
        for above, below in pairwise(column):
            assert above.y + above.height < below.y
        assert column[-1].y + column[-1].height <= drawn.height


# ------------------------------------------------------------------ in a browser


@once
def test_the_page_stands_in_a_browser(ledger: Engine, chromium: Chromium, tmp_path: Path) -> None:
    found = chromium.page(written(ledger, tmp_path))
    # The script has run: it shows the field that is of no use without it.
    (field,) = found.named("div", id="search")
    assert "hidden" not in field
    assert len(found.named("path")) == 6


@once
def test_searching_hides_the_rest(ledger: Engine, chromium: Chromium, tmp_path: Path) -> None:
    found = chromium.page(f"{written(ledger, tmp_path)}#search=moving_shutter%20o001")
    shown = ["hidden" not in one for one in found.named("details", **{"data-item": "associations"})]
    assert shown.count(True) == 1
    assert "1 of 3 associations, 0 of 3 exposures left out, 0 of 22 rules" in found.text


@once
def test_no_markup_of_a_pool_is_obeyed_in_a_browser(
    hostile_catalog: Engine, chromium: Chromium, tmp_path: Path
) -> None:
    found = chromium.page(written(hostile_catalog, tmp_path))
    assert found.title == f"Run 1: {hostile.IMAGE}.csv"
    assert found.named("img") == []
    assert hostile.TAKEN_AS in found.text
