"""The search and the pages of single things, linked with each other."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import Engine

import hostile
from asnrules.browse import told
from asnrules.browse.questions import ASKED
from asnrules.browse.reference import read_reference, slug
from asnrules.browse.things import KINDS
from asnrules.catalog.open import connect_catalog
from browse.conftest import Serve, Site
from browser import Chromium, Page
from cli.small_pools import nrc_image, write_pool
from recorded import record, stem

FIRST = f"{stem(1)}_uncal.fits"
ASSOCIATION = "jw04231-o001_image2_00001_asn"


@pytest.mark.parametrize(
    ("asked", "title", "kind"),
    [
        ("nrs_ifu", "NRS_IFU", "EXP_TYPE"),
        (FIRST, FIRST, "exposure"),
        (f"/folder/{stem(1)}_cal.fits", FIRST, "exposure"),
        (stem(1)[:-3], FIRST, "exposure"),
        (f"{ASSOCIATION}.json", ASSOCIATION, "association"),
        ("jw04231001001_cat.ecsv", "jw04231001001_cat.ecsv", "exposure"),
        ("4231", "04231", "program"),
        ("JW04231", "04231", "program"),
        ("asn_lv2image", "Asn_Lv2Image", "rule"),
        ("jwst-next", "jwst-next", "ruleset"),
        ("2026-03-20", "2026-03-20", "ruleset"),
        ("1.12.5", "jwst-1.12.0", "ruleset"),
        (" run 2 ", "2", "run"),
    ],
)
def test_the_search_leads_to_the_page_of_what_is_found(
    site: Site, asked: str, title: str, kind: str
) -> None:
    status, text = site.get("search", q=asked)
    found = Page(text)
    assert (status, found.title) == (200, title)
    assert f"{kind} {title}" in found.text


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("jw04231001001_02101", [f"{stem(number)}_uncal.fits" for number in range(1, 7)]),
        ("NRS_IF*", ["NRS_IFU"]),
        ("NRS_IFX", ["NRS_IFU"]),
        ("NRS_W", ["NRS_WATA"]),
        ("Asn_Lv2Imagee", ["Asn_Lv2Image"]),
        ("jw04231-o001_image2", [ASSOCIATION]),
        ("jwst-3.0", ["jwst-3.0.0"]),
    ],
)
def test_the_search_names_what_comes_near(site: Site, asked: str, named: list[str]) -> None:
    status, text = site.get("search", q=asked)
    assert status == 200
    for name in named:
        assert name in Page(text).text


def test_the_search_says_what_it_finds_nothing_for(site: Site) -> None:
    status, text = site.get("search", q="%_'\"\x00")
    assert (status, "Nothing is like" in text) == (404, True)
    assert site.get("search")[0] == 200


def test_an_address_of_no_page_is_told_so(site: Site) -> None:
    status, text = site.get("nothing")
    assert (status, "there is no such page" in Page(text).text) == (404, True)
    assert Page(text).named("a", href="/")


def test_every_page_has_the_search_and_the_first_begins_there(site: Site) -> None:
    for path in ("", "catalog", "catalog/v_runs", "rulesets", "search", "nothing"):
        (field,) = Page(site.get(path)[1]).named("input", name="q")
        assert ("autofocus" in field) == (path == ""), path


PAGES = {
    f"exposure?filename={FIRST}": [
        "1 2026-11-05 jwst-3.0.0 NRC_IMAGE science",
        "image2 by Asn_Lv2Image",
        "jwst-next jw04231-o001_image2_00002_asn image2 Asn_Lv2Image science",
    ],
    f"exposure?filename={stem(5)}_uncal.fits": ["it belongs to no candidate"],
    f"exposure?filename={stem(4)}_uncal.fits": [
        "4 imported jw04231-o001_image2_00002_asn image2 Asn_Lv2Image science",
    ],
    f"association?run_id=1&asn_name={ASSOCIATION}": [
        "in run 1",
        "constraints PROGRAM is 4231 INSTRUME is nircam (instrument)",
        f"science {stem(3)}_rate.fits NRC_IMAGE background",
    ],
    "association?run_id=1&asn_name=jw04231-o001_image2_00002_asn": [
        f"science {stem(2)}_rate.fits NRC_IMAGE science",
        f"background {stem(3)}_rate.fits NRC_IMAGE background",
    ],
    "association/why?run_id=1&asn_name=jw04231-o001_image2_00002_asn": [
        "Why each is in it",
        "BKGDTARG is set",
    ],
    f"exposure/why?filename={stem(5)}_uncal.fits": [
        "Rules that do not take it in run 3", "Rules for other EXP_TYPEs of this instrument: Asn_",
    ],
    "association?run_id=4&asn_name=jw04231-o001_image2_00002_asn": [
        "contradicts", "NRC_DARK makes no association", "jw04231001001_cat.ecsv",
    ],
    "rule?asn_rule=Asn_Lv2Spec&ruleset=jwst-1.12.0": [
        "in ruleset jwst-1.12.0", "takes a spectral science exposure type",
        "not a time-series science exposure",
        "in common program (PROGRAM)",
        "finishing steps science_required",
        "jwst pull request",
    ],
    "exp_type?exp_type=NRS_MIMF": ["2026-01-23 2026-01-23 science, wfs-image2 science, image2"],
    "exp_type?exp_type=NRC_NEW": ["What became of its exposures", f"{stem(6)}_uncal.fits"],
    "program?program=04231&run_id=4": [
        "4 04231 2026-12-02 clara jwst-3.0.0 0", "jw04231-o001_image2_00002_asn",
    ],
    "program?program=04231&run_id=2": ["2 04231 2026-11-05 anna jwst-3.0.0 2", ASSOCIATION],
    "run?run_id=1": ["operator anna", "Asn_Lv2Image", "no rule takes its EXP_TYPE", "04231 6 3"],
    "run?run_id=4": ["jw04231-o001_image2_00002_asn contradicts NRC_DARK makes no association"],
    "ruleset?ruleset=jwst-3.0.0": ["3.0.0-parallel-mir", "jwst pull request 10570"],
    "ruleset?ruleset=2026-03-20": ["added MIR_WFSS"],
    "rulesets": [
        "jwst-3.0.0 published 2026-07-09 2030-01-01 3.0.0 3.0.0-parallel-mir",
        "2026-03-20 published 2026-03-20",
        "3.0.0-parallel-mir: Grism exposures of MIRI are taken in parallel as well.",
        "added MIR_WFSS",
    ],
}  # fmt: skip
"""Addresses, and words of what they show."""


@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_it_and_its_links_lead_on(site: Site, path: str) -> None:
    status, text = site.get(path)
    found = Page(text)
    assert status == 200
    for words in PAGES[path]:
        assert words in found.text
    links = [one["href"] or "" for one in found.named("a")]
    pages = {link.partition("?")[0]: link for link in links if link[1:].partition("?")[0] in KINDS}
    assert pages
    for link in [*pages.values(), *(link for link in links if link.startswith("/catalog/"))]:
        assert site.get(link.removeprefix("/"))[0] == 200, link


def test_a_rule_that_a_text_names_leads_to_its_page(site: Site) -> None:
    found = Page(site.get("exp_type", exp_type="NRS_IFU")[1])
    assert found.named("a", href="/rule?asn_rule=Asn_Lv2SpecImprint&ruleset=jwst-1.9.4")


def test_an_association_of_several_runs_is_that_of_the_last(site: Site) -> None:
    found = Page(site.get("association", asn_name=ASSOCIATION)[1])
    assert "in run 4" in found.text
    links = [one["href"] for one in found.named("a")]
    assert f"/association?asn_name={ASSOCIATION}&run_id=1" in links


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.name])
def test_what_the_catalog_does_not_have_is_said(site: Site, kind: str) -> None:
    for query in ({}, {KINDS[kind].name: "other"}):
        status, text = site.get(kind, **query)
        assert (status, "The catalog has no" in text) == (404, True)


def test_a_run_has_its_report(site: Site) -> None:
    _, text = site.get("run", run_id="1")
    assert Page(text).named("a", href="/report?run_id=1")
    status, text = site.get("report", run_id="1")
    assert (status, len(Page(text).named("svg")) > 0) == (200, True)
    for run in ("6", "other", ""):
        assert site.get("report", run_id=run)[0] == 404


def test_a_run_shows_where_its_exposures_went(site: Site) -> None:
    page = Page(site.get("run", run_id="1")[1])
    assert page.named("section", **{"data-later": "/run/picture?run_id=1"})
    status, text = site.get("run/picture", run_id="1")
    found = Page(text)
    assert (status, len(found.named("svg"))) == (200, 1)
    assert "NRC_IMAGE 4" in found.text
    assert "Asn_Lv2ImageSpecial (image2) 1" in found.text
    for run in ("6", "other", ""):
        assert site.get("run/picture", run_id=run)[0] == 404


def test_an_exposure_has_its_history_over_rulesets(site: Site) -> None:
    """The background has an association of its own until the newest of the rules."""
    page = Page(site.get("exposure", filename=f"{stem(3)}_uncal.fits")[1])
    address = f"/exposure/rulesets?filename={stem(3)}_uncal.fits"
    assert page.named("section", **{"data-later": address})
    found = Page(site.get(address.removeprefix("/"))[1])
    assert "By the 27 rulesets from jwst-1.2.0 to jwst-3.0.0" in found.text
    assert "jwst-1.2.0 2021-05-24 Asn_Lv2ImageSpecial is made for o001" in found.text
    assert found.named("a", href="/rule?asn_rule=Asn_Lv2ImageSpecial&ruleset=jwst-1.2.0")
    dark = site.get("exposure/rulesets", filename=f"{stem(4)}_uncal.fits")[1]
    assert "No association by any of the 27 rulesets" in Page(dark).text
    for other in ("other", "jw04231001001_cat.ecsv"):
        assert site.get("exposure/rulesets", filename=other)[0] == 404


def test_it_is_asked_why_another_exposure_is_no_companion(site: Site) -> None:
    page = Page(site.get("exposure", filename=FIRST)[1])
    assert page.named("form", action="/exposure/pair")
    assert page.named("input", type="hidden", name="filename", value=FIRST)
    for other, words in (
        (stem(2), f"{stem(2)}_uncal.fits is no background of {FIRST}"),
        (stem(1), "given twice"),
        ("elsewhere", "no exposure"),
    ):
        status, text = site.get("exposure/pair", filename=FIRST, other_exposure=other)
        assert status == 200
        assert words in Page(text).text
    catalog = site.get("exposure/pair", filename="jw04231001001_cat.ecsv", other_exposure=FIRST)[1]
    assert "in no run that made associations" in Page(catalog).text
    assert site.get("exposure/pair", filename=FIRST)[0] == 404


def test_a_run_that_is_too_large_for_a_page_is_told_so(
    ledger: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told, "MOST_EXPOSURES", 5)
    monkeypatch.setattr(told, "MOST_FOR_ALL_RULESETS", 5)
    commands = {
        "exposure/why": ({"filename": FIRST}, f"asnrules why --run 3 {FIRST}"),
        "association/why": (
            {"asn_name": ASSOCIATION, "run_id": "1"}, f"asnrules why --run 1 {ASSOCIATION}"
        ),
        "exposure/pair": (
            {"filename": FIRST, "other_exposure": "a b"}, f"asnrules why --run 3 {FIRST} 'a b'"
        ),
        "exposure/rulesets": ({"filename": FIRST}, f"asnrules audit timeline {FIRST}"),
    }  # fmt: skip
    for what, (values, command) in commands.items():
        (one,) = [one for one in told.tell(ledger, what, values) if one.note]
        assert "has 6 exposures, too many" in one.note
        assert one.note.endswith(command)
        assert one.rows == []


# ------------------------------------------------------------------ questions


@pytest.mark.parametrize(
    "question", [one for one in read_reference().questions if one.examples], ids=lambda one: one[0]
)
def test_a_question_begins_with_values_that_give_an_answer(site: Site, question: object) -> None:
    title, _, _, examples = question  # type: ignore[misc]
    status, text = site.get(f"catalog/{slug(title)}")
    found = Page(text)
    assert (status, found.title) == (200, title)
    assert len(found.named("tr")) > 1
    for name in examples:
        (field,) = found.named("input", name=name, type="text")
        assert field["value"]
        assert found.named("label", **{"for": field["id"] or ""})
        assert ASKED[name].label in found.text


def test_a_question_without_an_answer_says_for_what(site: Site) -> None:
    _, text = site.get("catalog/" + slug("What was one exposure in, ever?"), filename="other")
    assert "None for Exposure other." in Page(text).text


# ------------------------------------------------------------------ distrust


def test_no_markup_of_a_pool_is_obeyed_on_pages(
    served: Serve, new_file: Path, tmp_path: Path
) -> None:
    hostile.record_hostile_run(connect_catalog(str(new_file)), tmp_path)
    with served(new_file) as site:
        (one,) = site.rows("v_associations", target__exact=hostile.IMAGE)
        for path, query in (
            ("association", {"asn_name": one["asn_name"]}),
            ("search", {"q": hostile.IMAGE}),
            ("search", {"q": hostile.TAKEN[:5]}),
            ("exposure", {"filename": hostile.TAKEN}),
            ("exposure", {"filename": hostile.SCRIPT}),
            ("exp_type", {"exp_type": hostile.SCRIPT.upper()}),
            ("run", {"run_id": "1"}),
            ("run/picture", {"run_id": "1"}),
            ("program", {"program": hostile.SCRIPT}),
        ):
            found = Page(site.get(path, **query)[1])
            assert found.named("img") == []
            assert len(found.named("script")) == len(Page(site.get("rulesets")[1]).named("script"))
            assert hostile.IMAGE.lower()[:8] in found.text.lower()
            for link in found.named("a"):
                assert re.match(r"/|https://datasette\.io/", link["href"] or ""), link


def test_what_reorders_text_is_written_out_and_what_is_long_is_broken(
    served: Serve, new_file: Path, chromium: Chromium, tmp_path: Path
) -> None:
    turned = f"jw1\u202e{'x' * 2_000}\u200b_nrca1_uncal.fits"
    named = {"filename": turned, "targetid": "\u2066t", "exposerr": "y" * 5_000}
    pool = write_pool(tmp_path / "\u202epool.csv", nrc_image(1, **named))
    record(connect_catalog(str(new_file)), [pool], operator="\u202eanna")
    with served(new_file) as site:
        (one,) = site.rows("v_associations")
        for path in (
            "", "search?q=jw1", "run?run_id=1", "catalog/v_exposures", "catalog/v_runs",
            f"exposure?{urlencode({'filename': turned})}",
            f"exposure/rulesets?{urlencode({'filename': turned})}",
            f"association?{urlencode({'asn_name': one['asn_name']})}",
        ):  # fmt: skip
            found = chromium.page(f"{site.address}/{path}", width=400)
            assert not re.search("[\u202e\u2066\u200b]", found.text), path
            assert chromium.evaluate("document.documentElement.scrollWidth") <= 400, path
            if path != "search?q=jw1":
                assert re.search(r"\\u202e|\\u2066", found.text), path
