"""Pages in a real browser: keys, narrow screens, and names that are hard on both."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest

import hostile
from asnrules.catalog.open import connect_catalog
from browse.conftest import Serve, Site
from browse.test_pages import FIRST, PAGES
from browser import Chromium

FOCUSED = "document.activeElement.id"


@pytest.mark.parametrize("path", ["rulesets", "catalog/v_runs"])
def test_a_key_goes_to_the_search_and_enter_to_what_is_found(
    site: Site, chromium: Chromium, path: str
) -> None:
    chromium.page(f"{site.address}/{path}")
    assert chromium.evaluate(FOCUSED) != "find"
    chromium.press("/", "/")
    assert (chromium.evaluate(FOCUSED), chromium.evaluate("document.activeElement.value")) == (
        "find",
        "",
    )
    for letter in "run/1":
        chromium.press(letter, letter)
    # In a field it is a letter as any other.
    assert chromium.evaluate("document.activeElement.value") == "run/1"
    chromium.evaluate("document.activeElement.value = 'run 1'")
    assert "exposures 6" in chromium.follow(lambda: chromium.press("Enter", "\r")).text


def test_the_first_page_is_read_with_the_keyboard(site: Site, chromium: Chromium) -> None:
    """It begins in the search; Tab leads on from there, and Enter follows a link."""
    chromium.page(f"{site.address}/")
    assert chromium.evaluate(FOCUSED) == "find"
    for _ in range(2):
        chromium.press("Tab")
    assert chromium.evaluate("document.activeElement.tagName") == "A"
    there = chromium.evaluate("document.activeElement.href")
    assert chromium.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    chromium.follow(lambda: chromium.press("Enter", "\r"))
    assert chromium.evaluate("location.href") == there


def test_what_takes_time_comes_when_the_rest_is_shown(site: Site, chromium: Chromium) -> None:
    for path, shown in (
        ("run?run_id=1", "Asn_Lv2ImageSpecial (image2) 1"),
        (f"exposure?filename={FIRST}", "By the 27 rulesets from"),
    ):
        chromium.page(f"{site.address}/{path}")
        assert shown in chromium.evaluate(COME)


COME = """
    new Promise((done) => {
        const look = () => document.querySelector("[data-later]")
            ? setTimeout(look, 50) : done(document.body.textContent);
        look();
    })
"""


def test_no_markup_is_obeyed_in_what_comes_later(
    served: Serve, new_file: Path, chromium: Chromium, tmp_path: Path
) -> None:
    hostile.record_hostile_run(connect_catalog(str(new_file)), tmp_path)
    exposure = urlencode({"filename": hostile.TAKEN})
    with served(new_file) as site:
        for path, shown in (
            ("run?run_id=1", hostile.SCRIPT.upper()[:12]),
            (f"exposure?{exposure}", f"is made for o001\n{hostile.TAKEN_AS[:40]}"),
        ):
            chromium.page(f"{site.address}/{path}")
            assert shown in chromium.evaluate(COME)
            assert chromium.evaluate("document.images.length") == 0
            assert chromium.evaluate("document.title") != "bad"


WIDE = """
    Array.from(document.querySelectorAll("body *")).filter((one) => {
        const { left, right } = one.getBoundingClientRect();
        const may = ".picture, pre, thead, .CodeMirror";
        return (left < 0 || right > innerWidth) && !one.closest(may);
    }).map((one) => `${one.tagName}.${one.className} ${one.textContent.slice(0, 40)}`)
"""


def test_nothing_is_beyond_the_edge_of_a_narrow_screen(site: Site, chromium: Chromium) -> None:
    questions = ["catalog/what-was-one-exposure-in-ever", "catalog?sql=SELECT+*+FROM+v_runs"]
    for path in ("", "search?q=jw0423", "search", "catalog/v_exposure_modes", *questions, *PAGES):
        chromium.page(f"{site.address}/{path}", width=400)
        assert chromium.evaluate(WIDE) == [], path
        assert chromium.evaluate("document.documentElement.scrollWidth") <= 400, path
