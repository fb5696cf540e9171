"""`asnrules browse`: the catalog in a web browser."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import hostile
from asnrules.browse.pages import LINKS
from asnrules.browse.reference import read_reference, slug
from asnrules.catalog.open import connect_catalog
from browse.conftest import Serve, Site, command
from browser import Chromium, Page
from cli.small_pools import nrc_image, write_pool
from recorded import POOL_NAME, record, stem


def run(database: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        env={**os.environ, "ASNRULES_DATABASE": database},
        capture_output=True,
        text=True,
        timeout=120,
    )


# ------------------------------------------------------------------ what is shown


def test_the_first_page(site: Site) -> None:
    status, text = site.get()
    found = Page(text)
    assert (status, found.title) == (200, "asnrules catalog")
    assert "The table in force 2026-03-20, 75 rows" in found.text
    assert "Runs 5 on record" in found.text
    assert f"1 2026-11-05 10:15 anna jwst-3.0.0 {POOL_NAME} 6 3 3" in found.text
    assert re.search(
        rf"For example EXP_TYPE NRC_IMAGE exposure {stem(1)}_uncal.fits association "
        r"jw04231-o001\S+ program 04231 rule Asn_Lv2Image ruleset jwst-next run 3",
        found.text,
    )
    for question in read_reference().questions:
        assert question.title in found.text


def test_every_link_of_the_first_page_leads_somewhere(site: Site) -> None:
    _, text = site.get()
    links = {one["href"] or "" for one in Page(text).named("a")} - {"https://datasette.io/"}
    assert len(links) > 40
    answers = {link: site.get(link.removeprefix("/"))[0] for link in links}
    assert answers == dict.fromkeys(links, 200)


def test_views_have_a_description_and_column_help(site: Site) -> None:
    for name, view in read_reference().views.items():
        status, text = site.get(f"catalog/{name}")
        found = Page(text)
        assert status == 200
        assert view.description in found.text
        for column, meaning in view.columns.items():
            assert f"{column} {meaning}" in found.text


def test_the_table_links_to_its_exp_types(site: Site) -> None:
    _, text = site.get("catalog/v_exposure_modes", exp_type="NRS_MIMF")
    (link,) = Page(text).named("a", href="/exp_type?exp_type=NRS_MIMF")
    rows = site.rows("v_exposure_modes_history", exp_type__exact="NRS_MIMF")
    assert link
    rows.sort(key=lambda row: row["ruleset"])
    assert [row["asn_type"] for row in rows] == ["wfs-image2"] * 4 + ["image2"] * 2


def test_links_of_a_view_lead_to_rows(site: Site) -> None:
    """Each with all the columns that are in common."""
    for (view, column), (other, names) in LINKS.items():
        rows = [row for row in site.rows(view) if row[column] is not None]
        found = (
            site.rows(other, **{f"{name}__exact": str(row[name]) for name in names}) for row in rows
        )
        assert any(found) or not any(row[column] for row in rows), (view, column)


def test_what_was_not_imported_is_not_left_out(site: Site) -> None:
    _, text = site.get()
    links = [link["href"] for link in Page(text).named("a")]
    for run in site.rows("v_runs"):
        view = "v_unassociated" if run["origin"] == "generated" else "v_not_imported"
        (link,) = (one for one in links if view in one and f"run_id__exact={run['run_id']}" in one)
        assert site.get(link.lstrip("/"))[0] == 200


def test_left_out_exposures_have_their_reason(site: Site) -> None:
    rows = site.rows("v_unassociated", run_id__exact="1")
    assert {(row["filename"], row["reason"]) for row in rows} == {
        (f"{stem(4)}_uncal.fits", "no rule takes its EXP_TYPE"),
        (f"{stem(5)}_uncal.fits", "it belongs to no candidate"),
        (
            f"{stem(6)}_uncal.fits",
            "no rule: the table has no row for NRC_NEW; no rule takes its EXP_TYPE",
        ),
    }


def test_questions_are_answered_for_what_is_asked_about(site: Site) -> None:
    page = slug("What was one exposure in, ever?")
    third = site.rows(page, filename=f"{stem(3)}_uncal.fits")
    nothing = site.rows(page, filename="other")
    for question in read_reference().questions:
        assert isinstance(site.rows(slug(question.title), **question.examples), list)
    assert [row["run_id"] for row in third] == [1, 1, 1, 3, 3, 5]
    assert nothing == []


# ------------------------------------------------------------------ read only, here only


def test_nothing_can_be_changed(served: Serve, ledger_file: str) -> None:
    before = hashlib.sha256(Path(ledger_file).read_bytes()).digest()
    with served(ledger_file) as site:
        statuses = {sql: site.get("catalog", sql=sql)[0] for sql in CHANGES}
        ending = site.interrupt()
    assert statuses == dict.fromkeys(CHANGES, 400)
    assert ending == (0, "")
    assert hashlib.sha256(Path(ledger_file).read_bytes()).digest() == before


CHANGES = [
    "DELETE FROM runs",
    "DROP VIEW v_runs",
    "ATTACH 'x.db' AS x",
    "PRAGMA query_only = OFF",
    "WITH one AS (SELECT 1) DELETE FROM runs",
    "SELECT 1; DELETE FROM runs",
    "SELECT load_extension('x')",
]


def test_a_run_recorded_meanwhile_is_seen(served: Serve, new_file: Path, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image(1))
    with served(new_file) as site:
        assert site.rows("v_runs") == []
        record(connect_catalog(str(new_file)), [pool])
        (row,) = site.rows("v_runs")
        assert (row["operator"], row["exposure_count"]) == ("anna", 1)


def test_who_calls_it_by_another_name_is_refused(site: Site) -> None:
    port = site.address.rpartition(":")[2]
    assert site.get(host=f"localhost:{port}")[0] == 200
    for host in (f"elsewhere.example:{port}", "127.0.0.1", f"127.0.0.1.example:{port}"):
        status, text = site.get(host=host)
        assert (status, text) == (421, "This is not that host.\n")


def test_plugins_that_somebody_installed_are_not_used(
    served: Serve, ledger_file: str, tmp_path: Path
) -> None:
    (tmp_path / "strange.py").write_text(
        "from datasette import hookimpl\n@hookimpl\ndef render_cell():\n    return 'strange'\n"
    )
    info = tmp_path / "strange-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[datasette]\nstrange = strange\n")
    with served(ledger_file, PYTHONPATH=str(tmp_path)) as site:
        _, text = site.get("catalog/v_runs")
        _, plugins = site.get("-/plugins.json")
    assert "strange" not in text
    assert "strange" not in plugins


def test_no_page_may_reach_beyond_this_machine(site: Site) -> None:
    for path in ("", "catalog", "catalog/v_exposure_modes", "catalog?sql=SELECT+1", "none"):
        _, text = site.get(path)
        for tag, attributes in Page(text).elements:
            if tag != "a":
                address = attributes.get("href") or attributes.get("src") or "/"
                assert address.startswith(("/", site.address)), (path, tag, address)


# ------------------------------------------------------------------ beginning and end


def test_interrupting_it_is_a_clean_end(served: Serve, ledger_file: str) -> None:
    with served(ledger_file) as site:
        assert site.get("catalog/v_runs")[0] == 200
        assert site.get("nothing")[0] == 404
        assert site.interrupt() == (0, "")


def test_a_port_that_is_taken(ledger_file: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run(ledger_file, "--port", port)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"asnrules: --port {port}: Address already in use; "
        "name another, or 0 for one that is free\n"
    )


def test_without_the_extra(ledger_file: str) -> None:
    # As if it were not installed: None in sys.modules is Python's own way to say so.
    program = (
        "import sys; sys.modules['datasette'] = None; "
        "sys.argv = ['asnrules', 'browse', '--no-open']; "
        "from asnrules.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "ASNRULES_DATABASE": ledger_file},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "asnrules: browse needs datasette, which is not installed; pip install 'asnrules[browse]'\n"
    )


def test_other_commands_do_not_import_it(ledger_file: str) -> None:
    program = (
        "import sys; sys.argv = ['asnrules', 'lookup', 'NRS_IFU']\n"
        "from asnrules.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'datasette', 'markdown_it', 'jinja2'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "ASNRULES_DATABASE": ledger_file},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.splitlines()[-1] == "[]"


# ------------------------------------------------------------------ in a browser


def test_no_markup_of_a_pool_is_obeyed(
    served: Serve, new_file: Path, chromium: Chromium, tmp_path: Path
) -> None:
    """On a page of each kind as a browser makes it, and on others as they are served."""
    hostile.record_hostile_run(connect_catalog(str(new_file)), tmp_path)
    of_each_kind = {"", "catalog/v_association_members", "catalog/v_decisions?_facet=exp_type"}
    shown = {
        "": [hostile.SCRIPT, f"{hostile.IMAGE}.csv"],
        "catalog/v_runs": [hostile.SCRIPT],
        "catalog/v_decisions": [hostile.TAKEN, hostile.SCRIPT.upper()],
        "catalog/v_unassociated": [hostile.LEFT_OUT],
        "catalog/v_associations": [f"= {hostile.IMAGE} (FILTER)", hostile.ADDRESS],
        "catalog/v_association_members": [hostile.TAKEN_AS, hostile.ADDRESS],
        "catalog/v_decisions?_facet=exp_type": [hostile.SCRIPT.upper()],
        "catalog?sql=SELECT+filename,exp_type+FROM+exposures": [hostile.TAKEN],
        "catalog/exposures": [hostile.TAKEN],
    }
    with served(new_file) as site:
        for path, values in shown.items():
            is_opened = path in of_each_kind
            found = (
                chromium.page(f"{site.address}/{path}") if is_opened else Page(site.get(path)[1])
            )
            assert found.named("img") == [], path
            assert found.title != "bad", path
            for value in values:
                assert value in found.text, path
            links = [one.get("href") or "" for one in found.named("a")]
            outside = [one for one in links if re.match("(?i)[a-z]+:", one)]
            elsewhere = {one for one in outside if not one.startswith(f"{site.address}/")}
            assert elsewhere <= {"https://datasette.io/"}, path


def test_what_is_asked_for_is_shown_as_text(site: Site) -> None:
    for path, query in (
        ("search", {"q": hostile.IMAGE}),
        ("catalog", {"sql": f"SELECT '{hostile.SCRIPT.replace(chr(39), chr(34))}'"}),
        (slug("What was one exposure in, ever?"), {"filename": hostile.IMAGE}),
        ("catalog/v_runs", {"operator": hostile.IMAGE}),
    ):
        _, text = site.get(path, **query)
        assert Page(text).named("img") == []
    assert hostile.IMAGE in Page(text).named("input", name="_filter_value_1")[0]["value"]  # type: ignore[operator]
