"""Import of associations that were made elsewhere: what is recorded, once, whole or not at all."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from asnrules.catalog import store
from asnrules.errors import DatabaseError, NotFoundError, PoolError, UsageError
from asnrules.record.compare import compare_runs
from asnrules.record.queries.associations import report_association
from asnrules.record.queries.history import exposure_history
from asnrules.record.queries.runs import list_runs
from asnrules.workflows.generate import Options, generate
from asnrules.workflows.import_associations import ImportOptions, ImportReport, import_associations
from cli.small_pools import nrc_image, write_pool
from imports.foreign import NAME, constraints, document, member, stem, write

pytestmark = pytest.mark.usefixtures("read_once")

# Two images with a background, which is an association of its own as well, and a dark.
EXPOSURES = [
    nrc_image(4, exp_type="nrc_dark"),
    nrc_image(1),
    nrc_image(2),
    nrc_image(3, bkgdtarg="t"),
]
FIRST = document(member(1), member(3, "background"))
SECOND = document(member(2), member(3, "background"))


NONE_OF = "the catalog has none for {}, by which it was made (code_version)"
BESIDE = "{}, those of the releases before and after {}, by which it was made (code_version)"
BY_TAG = (
    "; {} counts as in force from {}, the day of a tag; "
    "the day on which operations first ran it is not known"
)
ITS_DAY = "jwst-1.2.1, in force on 2021-08-01, when it was made (version_id, 20210801t000000)"
ITS_TAG = BY_TAG.format("jwst-1.2.1", "2021-06-07")
SINCE_TAG = BY_TAG.format("jwst-3.0.0", "2026-07-09")
EARLIEST = "jwst-1.2.0, the earliest of the catalog, and not its own: those {}, are not in it"


@pytest.fixture
def pool(tmp_path: Path) -> str:
    return write_pool(tmp_path / "pool.csv", *EXPOSURES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "given"
    told = {"version_id": "20260801t120000", "code_version": "3.0.0"}
    write(folder, FIRST | {"constraints": constraints("nrc_image")} | told)
    return folder


def run(engine: Engine, *words: str | Path, **options: Any) -> ImportReport:
    return import_associations(engine, [str(word) for word in words], ImportOptions(**options))


def rows(engine: Engine, query: str) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(query)).mappings()]


def tuples(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in rows(engine, query)]


def diagnostics(engine: Engine, run_id: int) -> list[str]:
    (row,) = rows(engine, f"SELECT diagnostics FROM runs WHERE run_id = {run_id}")
    found: list[str] = json.loads(row["diagnostics"])
    return found


# ------------------------------------------------------------------ the tables


def test_a_run_of_foreign_origin(catalog: Engine, folder: Path) -> None:
    before = dt.datetime.now(dt.UTC)
    report = run(catalog, folder, operator="A. Person", note="from the archive")
    assert [one.run_id for one in report.runs] == [1]
    (row,) = rows(catalog, "SELECT * FROM v_runs")
    assert (row["origin"], row["ruleset"]) == ("imported", "jwst-3.0.0")
    assert (row["operator"], row["note"]) == ("A. Person", "from the archive")
    assert (row["exposure_count"], row["association_count"]) == (0, 1)
    assert (row["unassociated_count"], row["not_imported_count"]) == (None, 0)
    assert json.loads(row["options"]) == {"as_of": None, "ruleset": None}
    started = row["started_at"]
    started = dt.datetime.fromisoformat(started) if isinstance(started, str) else started
    assert before <= started


def test_an_association_keeps_what_its_file_tells(catalog: Engine, folder: Path) -> None:
    run(catalog, folder)
    (row,) = rows(catalog, "SELECT * FROM v_imported_associations")
    path = folder / f"{NAME}.json"
    assert row["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (row["asn_name"], row["file_name"]) == (NAME, path.name)
    assert (row["asn_type"], row["asn_rule"]) == ("image2", "candidate_Asn_Lv2Image")
    assert (row["asn_id"], row["program"]) == ("o001", "00001")
    assert (row["code_version"], row["version_id"]) == ("3.0.0", "20260801t120000")
    assert row["asn_pool"] == "jw00001_20260801t101500_pool.csv"
    assert (row["run_id"], row["ruleset"], row["verdict"]) == (1, "jwst-3.0.0", "unexplained")
    assert tuples(
        catalog, "SELECT asn_rule, candidate_type, keys, member_count FROM v_associations"
    ) == [
        (
            "Asn_Lv2Image", "observation",
            "program = 1 (PROGRAM); opt_elem2 = clear (PUPIL or GRATING); "
            "exp_type = nrc_image (EXP_TYPE)",
            2,
        )
    ]  # fmt: skip


def test_members_without_a_pool_name_no_exposure(catalog: Engine, folder: Path) -> None:
    run(catalog, folder)
    assert tuples(
        catalog,
        "SELECT product, position, expname, exptype, exposerr, filename "
        "FROM v_association_members ORDER BY position",
    ) == [
        (stem(1), 1, f"{stem(1)}_rate.fits", "science", "null", None),
        (stem(1), 2, f"{stem(3)}_rate.fits", "background", "null", None),
    ]


def test_members_are_tied_to_the_exposures_of_the_pool(
    catalog: Engine, pool: str, tmp_path: Path
) -> None:
    given = document(
        member(1),
        member(2, "background", expname=f"{stem(2)}_rateints.fits"),
        member(3, "background", expname=f"{stem(3)}_cal.fits"),
        member(9, "background"),
        {"expname": "jw00001-o001_t001_nircam_f200w_cat.ecsv", "exptype": "sourcecat"},
    )
    run(catalog, write(tmp_path, given), pools=[pool])
    assert tuples(
        catalog, "SELECT filename, exposerr FROM v_association_members ORDER BY position"
    ) == [
        (f"{stem(1)}_uncal.fits", "null"),
        (f"{stem(2)}_uncal.fits", "null"),
        (f"{stem(3)}_uncal.fits", "null"),
        (None, "null"),
        (None, None),
    ]


def test_the_type_of_the_candidate_is_that_of_the_file_or_the_pool(
    catalog: Engine, tmp_path: Path
) -> None:
    both = "[('o001', 'observation'), ('c1000', 'area'), ('c1000', 'background')]"
    exposures = [nrc_image(1, asn_candidate=both), nrc_image(3, bkgdtarg="t", asn_candidate=both)]
    pool = write_pool(tmp_path / "pool.csv", *exposures)
    members = (member(1), member(3, "background"))
    told = constraints("nrc_image", "o001", "told")
    for number, given in enumerate(
        [
            document(*members, asn_id="c1000"),  # as the rules make it
            document(*members, asn_id="c1000", asn_rule="x"),  # the first of the pool
            document(*members, constraints=told),
            document(*members, asn_id="c2000"),
        ]
    ):
        write(tmp_path, given, f"jw00001-x_image2_{number:05}_asn")
    run(catalog, tmp_path, pools=[pool])
    assert tuples(catalog, "SELECT candidate_type FROM v_associations ORDER BY asn_name") == [
        ("background",), ("area",), ("told",), ("unknown",),
    ]  # fmt: skip


def test_all_exposures_of_the_pool_have_a_decision(
    catalog: Engine, pool: str, tmp_path: Path
) -> None:
    first = write(tmp_path, FIRST)
    third = write(tmp_path, document(member(3), asn_id="c9999"), "jw00001-c9999_image2_00001_asn")
    run(catalog, first, third, pools=[pool])
    found = rows(catalog, "SELECT * FROM v_decisions ORDER BY position")
    assert [(row["filename"], row["association_count"]) for row in found] == [
        (f"{stem(4)}_uncal.fits", 0),
        (f"{stem(1)}_uncal.fits", 1),
        (f"{stem(2)}_uncal.fits", 0),
        (f"{stem(3)}_uncal.fits", 2),
    ]
    assert {row["origin"] for row in found} == {"imported"}
    assert found[0]["reason"] == ("not imported; by the rules, in none: no rule takes its EXP_TYPE")
    assert found[2]["reason"] == "not imported; by the rules, in 1"
    assert found[1]["reason"] == "image2 by Asn_Lv2Image"


def test_what_was_not_imported_is_not_unassociated(
    catalog: Engine, pool: str, tmp_path: Path
) -> None:
    run(catalog, write(tmp_path, FIRST), pools=[pool])
    generate(catalog, [pool], Options())
    query = "SELECT run_id, filename FROM {} ORDER BY run_id, position"
    assert tuples(catalog, query.format("v_unassociated")) == [(2, f"{stem(4)}_uncal.fits")]
    assert tuples(catalog, query.format("v_not_imported")) == [
        (1, f"{stem(4)}_uncal.fits"), (1, f"{stem(2)}_uncal.fits"),
    ]  # fmt: skip
    counts = "SELECT unassociated_count, not_imported_count FROM v_runs ORDER BY run_id"
    assert tuples(catalog, counts) == [(None, 2), (1, None)]
    with catalog.connect() as connection:
        generated, imported = list_runs(connection)
    assert (generated.unassociated, generated.not_imported, generated.left_out) == (1, None, 1)
    assert (imported.unassociated, imported.not_imported, imported.left_out) == (None, 2, 2)


def test_pool_and_traces_of_a_generated_run_are_used_again(
    catalog: Engine, pool: str, folder: Path
) -> None:
    generate(catalog, [pool], Options())
    before = tuples(catalog, "SELECT count(*) FROM pools UNION ALL SELECT count(*) FROM traces")
    report = run(catalog, folder, pools=[pool])
    after = tuples(catalog, "SELECT count(*) FROM pools UNION ALL SELECT count(*) FROM traces")
    assert report.runs[0].run_id == 2
    assert after == before


def test_runs_are_chained(catalog: Engine, pool: str, folder: Path) -> None:
    generate(catalog, [pool], Options())
    run(catalog, folder)
    run(catalog, folder, pools=[pool])
    found = rows(catalog, "SELECT previous_digest, digest FROM runs ORDER BY run_id")
    assert [row["previous_digest"] for row in found[1:]] == [row["digest"] for row in found[:-1]]


def test_the_same_file_again_is_a_run_of_its_own(catalog: Engine, folder: Path) -> None:
    assert run(catalog, folder).runs[0].run_id == 1
    assert run(catalog, folder).runs[0].run_id == 2


# ------------------------------------------------------------------ what is compared is recorded


WRITTEN: list[dict[str, Any]] = [
    {"expname": f"./data/{stem(1)}_rate.fits"},
    {"expname": f"{stem(1)}_RATE.FITS"},
    {"exptype": "SCIENCE"},
    {"exptype": " Science"},
    {},
]
"""Other ways to write the same member."""
OTHERS = {"asn_type": "IMAGE2", "asn_id": " O001", "program": "1", "target": "1 "}


def test_the_record_agrees_with_the_verdict(catalog: Engine, pool: str, tmp_path: Path) -> None:
    plain = document(member(1), member(3, "background"))
    run(catalog, write(tmp_path, plain), pools=[pool])
    generate(catalog, [pool], Options())
    ways = [(changes, others) for changes in WRITTEN for others in ({}, OTHERS)]
    for changes, others in ways:
        members = [member(1) | changes, member(3, "background")]
        given = document(*members, products=[{"name": stem(1), "members": members}]) | others
        (file,) = run(catalog, write(tmp_path, given), pools=[pool]).files
        assert file.verdict == "explained"
        assert ("exactly this" in file.explanation) == (not changes and not others)
    with catalog.connect() as connection:
        for number in range(3, 3 + len(ways)):
            assert not compare_runs(connection, 1, number)
        for name in (stem(1), f"{stem(1)}_rate.fits", f"{stem(3)}_uncal.fits"):
            first, made, *again = exposure_history(connection, name)
            assert len(again) == len(ways)
            if name == stem(1):
                assert made.changes == again[0].changes == []
            assert [one.changes for one in again[1:]] == [[]] * (len(ways) - 1)
            for one in (first, *again):
                assert [place.expname for place in one.memberships] == [
                    place.expname for place in made.memberships[:1]
                ]
        first, _, *again = report_association(connection, NAME)
        assert {one.association[1:] for one in again} == {first.association[1:]}


def test_a_file_in_a_folder_is_found_by_its_name(catalog: Engine, tmp_path: Path) -> None:
    given = document(member(1, expname=f"/data/{stem(1)}_rate.fits"))
    (file,) = run(catalog, write(tmp_path, given)).files
    assert "expname of the science has a folder (/data/); " in file.explanation
    with catalog.connect() as connection:
        (found,) = exposure_history(connection, f"{stem(1)}_rate.fits")
    assert [place.expname for place in found.memberships] == [f"{stem(1)}_rate.fits"]


def test_an_association_is_found_in_any_case(catalog: Engine, tmp_path: Path) -> None:
    name = "JW00001-O001_Image2_00001_asn"
    run(catalog, write(tmp_path, document(), name))
    with catalog.connect() as connection:
        (found,) = report_association(connection, name)
    assert found.association.asn_name == name.lower()


# ------------------------------------------------------------------ what is refused


def test_what_is_refused_keeps_no_other_from_the_record(catalog: Engine, folder: Path) -> None:
    (folder / "cut_asn.json").write_text('{"asn_type": "image2", "pro')
    (folder / "deep_asn.json").write_text("[" * 100_000)
    write(folder, document(asn_type="image3"), "jw00001-o001_image3_00001_asn")
    with (folder / "large_asn.json").open("wb") as stream:
        stream.truncate(300_000_000)
    report = run(catalog, folder, folder / "none_asn.json")
    assert [file.asn_name for file in report.files] == [NAME]
    assert [error.split(": ")[0] for error in report.errors] == [
        str(folder / name)
        for name in (
            "cut_asn.json", "deep_asn.json", "jw00001-o001_image3_00001_asn.json",
            "large_asn.json", "none_asn.json",
        )
    ]  # fmt: skip
    assert tuples(catalog, "SELECT count(*) FROM imported_associations") == [(1,)]
    (row,) = rows(catalog, "SELECT diagnostics FROM runs")
    assert json.loads(row["diagnostics"]) == report.errors
    document_ = report.document()
    assert (document_["run_id"], document_["imported"], document_["refused"]) == (1, 1, 5)


def test_where_all_is_refused_nothing_is_recorded(catalog: Engine, tmp_path: Path) -> None:
    report = run(catalog, write(tmp_path, {}), tmp_path / "none")
    assert (report.runs, report.files, len(report.errors)) == ([], [], 2)
    assert report.document()["run_id"] is None
    assert tuples(catalog, "SELECT count(*) FROM runs") == [(0,)]


def test_the_longest_values_can_be_recorded(catalog: Engine, tmp_path: Path) -> None:
    # Letters of four bytes that no index can make shorter.
    longest = "".join(chr(0x20000 + number) for number in range(500))
    given = document(
        member(1, expname=longest, exptype=longest, exposerr=longest),
        asn_rule=longest, asn_id=longest, program=longest, target=longest,
        code_version=longest, version_id=longest, asn_pool=longest, degraded_status=longest,
    )  # fmt: skip
    report = run(catalog, write(tmp_path, given))
    assert (report.errors, len(report.files)) == ([], 1)
    query = "SELECT expname, exptype, exposerr FROM v_association_members"
    assert tuples(catalog, query) == [(longest, longest, longest)]


def test_a_name_is_imported_once_in_a_run(catalog: Engine, folder: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other", SECOND)
    report = run(catalog, folder, other, folder)
    assert [file.file for file in report.files] == [str(folder / f"{NAME}.json")]
    assert len(report.errors) == 2
    assert report.errors[0] == (
        f"{other}: the association {NAME} is imported already, from "
        f"{folder / NAME}.json; import it in a run of its own"
    )


def test_a_pool_that_is_none_stops_it_all(catalog: Engine, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(PoolError, match=r"none\.csv"):
        run(catalog, folder, pools=[str(tmp_path / "none.csv")])
    assert tuples(catalog, "SELECT count(*) FROM runs") == [(0,)]


def test_a_record_that_cannot_be_written_leaves_nothing(
    catalog: Engine, pool: str, folder: Path, engine_name: str
) -> None:
    cascade = "CASCADE" if engine_name == "postgresql" else ""
    with catalog.begin() as connection:
        connection.execute(text(f"DROP TABLE imported_associations {cascade}"))
    with pytest.raises((DatabaseError, SQLAlchemyError), match="imported_associations"):
        run(catalog, folder, pools=[pool])
    for table in ("runs", "pools", "exposures", "traces", "decisions", "associations"):
        assert tuples(catalog, f"SELECT count(*) FROM {table}") == [(0,)]


# ------------------------------------------------------------------ the ruleset


def test_the_ruleset_that_is_asked_for(catalog: Engine, folder: Path) -> None:
    by_day = f"jwst-3.0.0, in force on 2026-09-01, as asked{SINCE_TAG}"
    for options, why, told in (
        ({"ruleset": "jwst-3.0.0"}, "jwst-3.0.0, as asked", []),
        ({"as_of": dt.date(2026, 9, 1)}, by_day, [SINCE_TAG.removeprefix("; ")]),
        ({"as_of": dt.date(2022, 8, 15)}, "jwst-1.5.3, in force on 2022-08-15, as asked", []),
    ):
        (file,) = run(catalog, folder, **options).files
        assert file.ruleset == why.partition(",")[0]
        assert file.explanation.partition("; rules: ")[2] == why
        assert diagnostics(catalog, file.run_id) == told


def test_a_ruleset_that_there_is_not(catalog: Engine, folder: Path) -> None:
    for options in ({"ruleset": "none"}, {"as_of": dt.date(2021, 5, 1)}, {"ruleset": "2021-06-15"}):
        with pytest.raises(NotFoundError):
            run(catalog, folder, **options)
    assert tuples(catalog, "SELECT count(*) FROM runs") == [(0,)]


OF_ITS_TIME: list[tuple[dict[str, Any], str, str]] = [
    (
        {"version_id": "20260801t120000"}, NAME,
        "jwst-3.0.0, in force on 2026-08-01, when it was made (version_id, 20260801t120000)"
        + SINCE_TAG,
    ),
    (
        {"version_id": "v20220815T120000"}, NAME,
        "jwst-1.5.3, in force on 2022-08-15, when it was made (version_id, 20220815T120000)",
    ),
    (
        {"version_id": "20210523T120000"}, NAME,
        EARLIEST.format(
            "in force on 2021-05-23, when it was made (version_id, 20210523T120000)"
        ),
    ),
    (
        {}, "jw00001-o001_20260802t101500_image2_001_asn",
        "jwst-3.0.0, in force on 2026-08-02, when it was made (its name, 20260802t101500)"
        + SINCE_TAG,
    ),
    (
        {"version_id": "20261399t120000"}, NAME,
        "jwst-3.0.0, in force on 2026-08-03, when it was made (asn_pool, 20260803t101500)"
        + SINCE_TAG,
    ),
    (
        {"version_id": "v1", "asn_pool": "pool"}, NAME,
        "today's (jwst-3.0.0); the file does not tell when it was made",
    ),
    (
        {"version_id": "v1", "asn_pool": "pool", "code_version": "9.9.9"}, NAME,
        "today's (jwst-3.0.0); the file does not tell when it was made; " + NONE_OF.format("9.9.9"),
    ),
]  # fmt: skip


def test_the_ruleset_of_its_own_time(catalog: Engine, tmp_path: Path) -> None:
    wanted = {}
    for number, (changes, name, why) in enumerate(OF_ITS_TIME):
        given = document(asn_pool="jw00001_20260803t101500_pool") | changes
        named = name.replace("_001_", f"_{number:03}_").replace("_00001_", f"_{number:05}_")
        wanted[named] = why
        write(tmp_path, given, named)
    explained = {file.asn_name: file.explanation for file in run(catalog, tmp_path).files}
    assert {name: text.partition("; rules: ")[2] for name, text in explained.items()} == wanted


OF_ITS_SOFTWARE: list[tuple[str | None, str, str]] = [
    *[
        (text, "jwst-1.2.0",
         EARLIEST.format(f"of {text}, by which it was made (code_version)"))
        for text in ("1", "1.1.0", "0.18.0", "1.1.1.dev12+g1a2b3c", "1.1.0.post1", "1.2.0rc1")
    ],
    *[
        (text, ruleset,
         f"{ruleset}, those of {text.strip(' v')}, by which it was made (code_version)")
        for text, ruleset in (
            ("3.0.0", "jwst-3.0.0"), (" 3.0 ", "jwst-3.0.0"), ("1.3.0", "jwst-1.2.1"),
            ("1.2.1", "jwst-1.2.1"), ("1.2.3", "jwst-1.2.1"), ("v1.3.1", "jwst-1.2.1"),
            ("2.0.1", "jwst-2.0.0"), ("1.2.0", "jwst-1.2.0"), ("1.12.5", "jwst-1.12.0"),
            ("3", "jwst-3.0.0"), ("2", "jwst-2.0.0"), ("1.9", "jwst-1.9.0"),
            ("01.06.02", "jwst-1.5.3"), ("1.6.2.0", "jwst-1.5.3"),
        )
    ],
    *[
        (text, ruleset, BESIDE.format(ruleset, text))
        for text, ruleset in (
            ("1.6.2rc1", "jwst-1.5.3"), ("1.6.2.post1", "jwst-1.5.3"), ("1.6.7", "jwst-1.5.3"),
            ("1.6.2-4-g123", "jwst-1.5.3"), ("1.6.2.dev3+g1a2", "jwst-1.5.3"),
            ("1.17.1a0", "jwst-1.17.0"),
        )
    ],
    *[
        (text, "jwst-1.2.1", f"{ITS_DAY}; {NONE_OF.format(text)}{ITS_TAG}")
        for text in (
            # The releases on either side have other rules, or there is none on one.
            "3.0.0.dev7+gabc", "1.9.4.dev12+g1a2b3c", "3.0.0rc1", "3.0.0.post1", "1.9.7", "9.9.9",
            "1.5.2.post2",
        )
    ],
    *[
        (text, "jwst-1.2.1", f"{ITS_DAY}; its code_version is not a release: {text!r}{ITS_TAG}")
        for text in ("unknown", "jwst", "١.٦.٢", "1.6.2foo", "1.6.2 or so", "1.")  # noqa: RUF001
    ],
    (
        "9" * 490, "jwst-1.2.1",
        f"{ITS_DAY}; its code_version is not a release: '{'9' * 56}...{ITS_TAG}",
    ),
    (
        "asnrules 0.1.0, rules jwst-1.2.1", "jwst-1.2.1",
        "jwst-1.2.1, by which it was made (code_version)",
    ),
    *[
        (f"asnrules 0.1.0, rules {label}", "jwst-1.2.1",
         f"{ITS_DAY}; {NONE_OF.format(label)}{ITS_TAG}")
        for label in ("mine", "2021-06-15")
    ],
    *[(text, "jwst-1.2.1", ITS_DAY + ITS_TAG) for text in (None, "", " ")],
]  # fmt: skip


def test_the_software_of_a_file_comes_before_its_date(catalog: Engine, tmp_path: Path) -> None:
    wanted = {}
    for number, (code_version, ruleset, why) in enumerate(OF_ITS_SOFTWARE):
        name = f"jw00001-o001_image2_{number:05}_asn"
        wanted[name] = (ruleset, why)
        write(tmp_path, document(code_version=code_version, version_id="20210801t000000"), name)
    report = run(catalog, tmp_path)
    assert {
        file.asn_name: (file.ruleset, file.explanation.partition("; rules: ")[2])
        for file in report.files
    } == wanted
    # What rests on a tag is on record, once; what goes by the software alone does not.
    told = {one.ruleset: diagnostics(catalog, one.run_id) for one in report.runs}
    assert told.pop("jwst-1.2.1") == [ITS_TAG.removeprefix("; ")]
    assert set(map(tuple, told.values())) == {()}


def test_the_table_of_a_file_is_that_of_its_software(catalog: Engine, tmp_path: Path) -> None:
    # By its date it would be the table of 2026-03-20, which has no wfs-image2.
    given = document(asn_type="wfs-image2", constraints=constraints("nrs_mimf"))
    given["version_id"] = "20260801t000000"
    for code_version, verdict in (("1.3.0", "unexplained"), ("2.0.1", "contradicts")):
        (file,) = run(catalog, write(tmp_path, given | {"code_version": code_version})).files
        assert file.verdict == verdict


def test_a_published_ruleset_has_the_release_of_its_label(catalog: Engine, tmp_path: Path) -> None:
    path = write(tmp_path, document(code_version="3.0.1", version_id="20260801t000000"))
    later_rules(catalog, published=False, label="jwst-3.0.1")
    (file,) = run(catalog, path).files
    assert file.ruleset == "jwst-3.0.0"
    with catalog.begin() as connection:
        draft = store.ruleset_ids(connection)["jwst-3.0.1"]
        assert draft is not None
        store.publish(connection, [draft], dt.datetime.now(dt.UTC))
    (file,) = run(catalog, path).files
    assert file.ruleset == "jwst-3.0.1"


def later_rules(engine: Engine, *, published: bool = True, label: str = "later") -> None:
    """Add the rules of jwst-3.0.0 once more, in force from 2026-09-01, or as a draft."""
    with engine.begin() as connection:
        key = store.ruleset_ids(connection)["jwst-3.0.0"]
        assert key is not None
        content = store.load(connection, key)
        later = replace(content, label=label, effective_from=dt.date(2026, 9, 1))
        draft = store.insert_draft(connection, later)
        if published:
            store.publish(connection, [draft], dt.datetime.now(dt.UTC))


def test_nothing_is_recorded_under_a_draft(catalog: Engine, folder: Path) -> None:
    later_rules(catalog, published=False)
    with pytest.raises(UsageError, match="'later' is a draft, and no run is recorded under"):
        run(catalog, folder, ruleset="later")
    (file,) = run(catalog, folder).files
    assert file.ruleset == "jwst-3.0.0"


def test_standard_input_is_a_pool_for_one_ruleset(catalog: Engine, tmp_path: Path) -> None:
    later_rules(catalog)
    write(tmp_path, FIRST | {"version_id": "20260801t120000"})
    write(tmp_path, SECOND | {"version_id": "20260901t000000"}, "jw00001-o001_late_asn")
    with pytest.raises(UsageError, match=r"several rulesets \(jwst-3\.0\.0, later\)"):
        run(catalog, tmp_path, pools=["-"])


def test_files_of_the_time_of_several_rulesets_make_a_run_each(
    catalog: Engine, pool: str, tmp_path: Path
) -> None:
    later_rules(catalog)
    early = write(tmp_path, FIRST | {"version_id": "20260801t120000"})
    late = write(tmp_path, SECOND | {"version_id": "20260901t000000"}, "jw00001-o001_late_asn")
    report = run(catalog, early, late, pools=[pool])
    assert [(one.run_id, one.ruleset, one.associations) for one in report.runs] == [
        (1, "jwst-3.0.0", 1), (2, "later", 1),
    ]  # fmt: skip
    assert report.document()["run_id"] is None
    assert [(file.run_id, file.verdict) for file in report.files] == [
        (1, "explained"), (2, "explained"),
    ]  # fmt: skip
    assert tuples(catalog, "SELECT run_id, ruleset, asn_name FROM v_associations ORDER BY 1") == [
        (1, "jwst-3.0.0", NAME), (2, "later", "jw00001-o001_late_asn"),
    ]  # fmt: skip
