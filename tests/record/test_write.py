"""The record of a run: what is in the tables, once, completely or not at all."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from asnrules.errors import DatabaseError
from asnrules.record import write
from asnrules.record.verify import verify
from asnrules.workflows.generate import Options, generate
from cli.small_pools import nrc_image, pool_text, without, write_pool

# Two images with a background, which is an association of its own as well; a dark, and an image
# that belongs to no candidate.
EXPOSURES = [
    nrc_image(4, exp_type="nrc_dark"),
    nrc_image(1),
    nrc_image(2),
    nrc_image(3, bkgdtarg="t"),
    nrc_image(5, asn_candidate="null"),
]
# Their positions in the pool.
DARK, FIRST, SECOND, BACKGROUND, ALONE = 1, 2, 3, 4, 5
STEMS = {
    position: row["filename"].removesuffix("_uncal.fits")
    for position, row in enumerate(EXPOSURES, 1)
}
TABLES = (
    "pools", "exposures", "runs", "run_pools", "traces",
    "decisions", "associations", "association_members",
)  # fmt: skip


@pytest.fixture
def pool(tmp_path: Path) -> str:
    return write_pool(tmp_path / "pool.csv", *EXPOSURES)


def run(engine: Engine, *pools: str, **options: Any) -> int | None:
    return generate(engine, pools, Options(**options)).run_id


def rows(engine: Engine, query: str) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(query)).mappings()]


def values(engine: Engine, query: str) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(text(query)).scalars())


def counts(engine: Engine) -> dict[str, int]:
    return {table: values(engine, f"SELECT count(*) FROM {table}")[0] for table in TABLES}


def moment(value: Any) -> dt.datetime:
    """Read a time, which SQLite keeps as text."""
    return dt.datetime.fromisoformat(value) if isinstance(value, str) else value


# ------------------------------------------------------------------ the tables


def test_each_table_gets_its_rows(catalog: Engine, pool: str) -> None:
    run(catalog, pool)
    assert counts(catalog) == {
        "pools": 1,
        "exposures": 5,
        "runs": 1,
        "run_pools": 1,
        "traces": 3,  # image, background, dark
        "decisions": 5,
        "associations": 3,
        "association_members": 5,
    }


def test_a_run_says_who_when_where_and_with_what(catalog: Engine, pool: str) -> None:
    before = dt.datetime.now(dt.UTC)
    run_id = run(catalog, pool, operator="A. Person", note="first", version_id="v1")
    after = dt.datetime.now(dt.UTC)
    (row,) = rows(catalog, "SELECT u.*, r.label FROM runs u JOIN rulesets r USING (ruleset_id)")
    assert row["run_id"] == run_id == 1
    assert before <= moment(row["started_at"]) <= moment(row["finished_at"]) <= after
    assert (row["operator"], row["note"]) == ("A. Person", "first")
    assert row["host"]
    assert row["software_version"] == version("asnrules")
    assert row["label"] == "jwst-3.0.0"
    assert (row["exposure_count"], row["association_count"], row["unassociated_count"]) == (5, 3, 2)
    assert json.loads(row["options"])["version_id"] == "v1"
    assert json.loads(row["diagnostics"]) == []


def test_a_run_has_an_operator_even_if_none_is_named(catalog: Engine, pool: str) -> None:
    run(catalog, pool)
    (operator,) = values(catalog, "SELECT operator FROM runs")
    assert operator


def test_a_pool_is_known_by_its_digest(catalog: Engine, pool: str) -> None:
    run(catalog, pool)
    (row,) = rows(catalog, "SELECT * FROM pools")
    assert row["sha256"] == hashlib.sha256(pool_text(*EXPOSURES).encode()).hexdigest()
    assert json.loads(row["column_names"]) == list(EXPOSURES[0])
    assert row["exposure_count"] == 5


def test_exposures_keep_the_order_of_the_pool_and_their_keywords(
    catalog: Engine, pool: str
) -> None:
    run(catalog, pool)
    found = rows(catalog, "SELECT * FROM exposures ORDER BY position")
    assert [row["filename"] for row in found] == [row["filename"] for row in EXPOSURES]
    assert [row["position"] for row in found] == [1, 2, 3, 4, 5]
    assert found[0]["exp_type"] == "NRC_DARK"
    assert found[1]["program"] == "00001"
    assert found[1]["asn_candidate"] == "[('o001', 'observation')]"
    assert found[4]["asn_candidate"] == "null"
    # The program is there as well, since the pool has it with one digit. The last is null.
    kept = {"filename", "asn_candidate", "exposerr"}
    assert json.loads(found[3]["keyword_values"]) == {
        keyword: value for keyword, value in EXPOSURES[3].items() if keyword not in kept
    }


def test_decisions_count_memberships_and_say_why_not(catalog: Engine, pool: str) -> None:
    run(catalog, pool)
    query = "SELECT position, association_count, reason FROM decisions ORDER BY position"
    found = rows(catalog, query)
    assert [tuple(row.values()) for row in found] == [
        (DARK, 0, None),  # the trace says it
        (FIRST, 1, None),
        (SECOND, 1, None),
        (BACKGROUND, 3, None),
        (ALONE, 0, "it belongs to no candidate"),
    ]


def test_exposures_of_one_signature_share_a_trace(catalog: Engine, pool: str) -> None:
    run(catalog, pool)
    dark, first, second, background, alone = values(
        catalog, "SELECT trace_id FROM decisions ORDER BY position"
    )
    assert first == second == alone
    assert len({dark, first, background}) == 3


def test_a_trace_explains_each_rule(catalog: Engine, pool: str) -> None:
    run(catalog, pool)
    (dark, image, background) = rows(
        catalog,
        "SELECT DISTINCT t.*, e.exp_type FROM traces t JOIN decisions d USING (trace_id) "
        "JOIN exposures e ON e.pool_id = d.pool_id AND e.position = d.position "
        f"WHERE d.position IN ({DARK}, {FIRST}, {BACKGROUND}) ORDER BY e.exp_type, t.member_type "
        "DESC",
    )
    assert dark["member_type"] == "dark"
    assert (image["member_type"], image["special"], bool(image["agrees"])) == (
        "science",
        None,
        True,
    )
    assert image["reason"] == "image2 by Asn_Lv2Image"
    assert json.loads(image["signature"])["exp_type"] == "nrc_image"
    assert (background["member_type"], background["special"]) == ("background", "BACKGROUND")
    assert background["table_position"] is None
    assert not background["agrees"]
    trace = {one["asn_rule"]: one for one in json.loads(image["trace"])}
    assert trace["Asn_Lv2Image"] == {
        "asn_rule": "Asn_Lv2Image",
        "matched": True,
        "failed_condition": None,
    }
    assert trace["Asn_Lv2ImageTSO"] == {
        "asn_rule": "Asn_Lv2ImageTSO",
        "matched": False,
        "failed_condition": "a time-series science exposure: TSOVISIT is not set, wanted t",
    }


def test_associations_are_recorded_as_they_are_written(catalog: Engine, pool: str) -> None:
    run(catalog, pool)
    found = rows(catalog, "SELECT * FROM associations ORDER BY position")
    assert [(row["asn_name"], row["asn_rule"]) for row in found] == [
        ("jw00001-o001_image2_00001_asn", "Asn_Lv2ImageSpecial"),
        ("jw00001-o001_image2_00002_asn", "Asn_Lv2Image"),
        ("jw00001-o001_image2_00003_asn", "Asn_Lv2Image"),
    ]
    for row in found:
        assert row["asn_type"] == "image2"
        assert (row["asn_id"], row["candidate_type"]) == ("o001", "observation")
        assert (row["program"], row["target"]) == ("00001", "1")
        assert row["degraded_status"] == "No known degraded exposures in association."


def test_members_point_at_their_exposures(catalog: Engine, pool: str) -> None:
    run(catalog, pool)
    found = rows(
        catalog,
        "SELECT association, position, product, expname, exptype, exposure "
        "FROM association_members ORDER BY association, position",
    )

    def member(association: int, position: int, science: int, exposure: int, exptype: str) -> Any:
        expname = f"{STEMS[exposure]}_rate.fits"
        return (association, position, STEMS[science], expname, exptype, exposure)

    assert [tuple(row.values()) for row in found] == [
        member(1, 1, BACKGROUND, BACKGROUND, "science"),
        member(2, 1, SECOND, SECOND, "science"),
        member(2, 2, SECOND, BACKGROUND, "background"),
        member(3, 1, FIRST, FIRST, "science"),
        member(3, 2, FIRST, BACKGROUND, "background"),
    ]


def test_the_error_of_an_exposure_is_kept_with_its_member(catalog: Engine, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image(1, exposerr="Moving_Shutter"))
    run(catalog, pool)
    assert values(catalog, "SELECT exposerr FROM association_members") == ["moving_shutter"]
    (status,) = values(catalog, "SELECT degraded_status FROM associations")
    assert status.startswith("One or more members have an error")


def test_a_pool_without_the_column_has_no_error(catalog: Engine, tmp_path: Path) -> None:
    run(catalog, write_pool(tmp_path / "pool.csv", without(nrc_image(1), "exposerr")))
    assert values(catalog, "SELECT exposerr FROM association_members") == [None]


def test_members_of_several_pools_point_at_their_own(catalog: Engine, tmp_path: Path) -> None:
    first = write_pool(tmp_path / "first.csv", nrc_image(9, exp_type="nrc_dark"), nrc_image(1))
    second = write_pool(tmp_path / "second.csv", nrc_image(3, bkgdtarg="t"))
    run(catalog, first, second)
    assert [
        tuple(row.values())
        for row in rows(catalog, "SELECT position, name FROM run_pools ORDER BY position")
    ] == [(1, "first.csv"), (2, "second.csv")]
    found = rows(
        catalog,
        "SELECT p.name, m.exposure, m.exptype FROM association_members m "
        "JOIN run_pools p USING (run_id, pool_id) ORDER BY m.association, m.position",
    )
    assert [tuple(row.values()) for row in found] == [
        ("second.csv", 1, "science"),
        ("first.csv", 2, "science"),
        ("second.csv", 1, "background"),
    ]


# ------------------------------------------------------------------ once


def test_the_same_pool_again_adds_a_run_and_no_exposures(catalog: Engine, pool: str) -> None:
    before = run(catalog, pool)
    first = counts(catalog)
    assert run(catalog, pool) == (before or 0) + 1
    assert counts(catalog) == first | {
        "runs": 2,
        "run_pools": 2,
        "decisions": 10,
        "associations": 6,
        "association_members": 10,
    }


def test_the_same_pool_under_another_name_is_the_same_pool(
    catalog: Engine, pool: str, tmp_path: Path
) -> None:
    run(catalog, pool)
    run(catalog, write_pool(tmp_path / "other.csv", *EXPOSURES))
    assert counts(catalog)["pools"] == 1
    assert values(catalog, "SELECT name FROM run_pools ORDER BY run_id") == [
        "pool.csv",
        "other.csv",
    ]


def test_a_pool_with_one_new_signature_adds_one_trace(
    catalog: Engine, pool: str, tmp_path: Path
) -> None:
    run(catalog, pool)
    other = [nrc_image(1), nrc_image(2), nrc_image(7, tsovisit="t"), nrc_image(8, tsovisit="t")]
    run(catalog, write_pool(tmp_path / "other.csv", *other))
    found = counts(catalog)
    assert (found["pools"], found["exposures"], found["traces"]) == (2, 9, 4)


@pytest.mark.parametrize("again", [1, 2])
def test_what_another_version_made_of_the_same_is_not_taken_for_what_is_made_now(
    catalog: Engine, pool: str, monkeypatch: pytest.MonkeyPatch, again: int
) -> None:
    made, given = write.trace_values, write.exposure_rows
    for version_ in range(again):
        with monkeypatch.context() as patch:
            patch.setattr(
                write, "trace_values",
                lambda found, word=f"reason {version_}": (*made(found)[:4], word, made(found)[5]),
            )  # fmt: skip
            patch.setattr(
                write, "exposure_rows",
                lambda key, read, word=f"old{version_}": [
                    (*row[:2], f"{word}_{row[2]}", *row[3:]) for row in given(key, read)
                ],
            )  # fmt: skip
            run(catalog, pool)
    last = run(catalog, pool)
    query = (
        "SELECT filename, agrees, coalesce(d.reason, t.reason) AS reason FROM decisions d "
        "JOIN exposures USING (pool_id, position) JOIN traces t USING (trace_id) "
        f"WHERE d.run_id = {last}"
    )
    found = {row["filename"]: row["reason"] for row in rows(catalog, query)}
    assert set(found) == {row["filename"] for row in EXPOSURES}
    assert not any(reason.startswith("reason ") for reason in found.values())
    before = counts(catalog)
    run(catalog, pool)
    after = counts(catalog)
    assert [after[one] for one in ("pools", "exposures", "traces")] == [
        before[one] for one in ("pools", "exposures", "traces")
    ]
    assert verify(catalog).findings == []


def test_a_value_that_no_condition_looks_at_makes_no_signature(
    catalog: Engine, tmp_path: Path
) -> None:
    exposures = [nrc_image(1, program="1"), nrc_image(2, program="2", targetid="7")]
    run(catalog, write_pool(tmp_path / "pool.csv", *exposures))
    assert counts(catalog)["traces"] == 1


# ------------------------------------------------------------------ or not at all


def test_a_record_that_cannot_be_written_leaves_no_files_and_no_run(
    catalog: Engine, pool: str, tmp_path: Path, engine_name: str
) -> None:
    cascade = "CASCADE" if engine_name == "postgresql" else ""
    with catalog.begin() as connection:
        connection.execute(text(f"DROP TABLE association_members {cascade}"))
    output = tmp_path / "out"
    with pytest.raises((DatabaseError, SQLAlchemyError), match="association_members"):
        run(catalog, pool, output=output)
    assert list(output.iterdir()) == []
    for table in TABLES[:-1]:
        assert values(catalog, f"SELECT count(*) FROM {table}") == [0]


def test_a_record_that_cannot_be_written_puts_back_what_was_overwritten(
    catalog: Engine, pool: str, tmp_path: Path, engine_name: str
) -> None:
    cascade = "CASCADE" if engine_name == "postgresql" else ""
    with catalog.begin() as connection:
        connection.execute(text(f"DROP TABLE association_members {cascade}"))
    mine = tmp_path / "jw00001-o001_image2_00002_asn.json"
    mine.write_text("mine")
    with pytest.raises((DatabaseError, SQLAlchemyError), match="association_members"):
        run(catalog, pool, output=tmp_path, overwrite=True)
    assert mine.read_text() == "mine"
    assert [path.name for path in tmp_path.glob("*_asn.json")] == [mine.name]
    assert not list(tmp_path.glob(".asnrules*"))


# ------------------------------------------------------------------ the views


def test_v_decisions_joins_table_rules_and_outcome(catalog: Engine, pool: str) -> None:
    run(catalog, pool)
    found = rows(catalog, "SELECT * FROM v_decisions ORDER BY position")
    shown = (
        "filename", "program", "exp_type", "member_type", "special",
        "table_member_type", "table_asn_type", "association_count",
    )  # fmt: skip
    image = ("00001", "NRC_IMAGE", "science", None, "science", "image2")
    assert [tuple(row[name] for name in shown) for row in found] == [
        (f"{STEMS[DARK]}_uncal.fits", "00001", "NRC_DARK", "dark", None, "dark", None, 0),
        (f"{STEMS[FIRST]}_uncal.fits", *image, 1),
        (f"{STEMS[SECOND]}_uncal.fits", *image, 1),
        (
            f"{STEMS[BACKGROUND]}_uncal.fits",
            *("00001", "NRC_IMAGE", "background", "BACKGROUND", None, None, 3),
        ),
        (f"{STEMS[ALONE]}_uncal.fits", *image, 0),
    ]
    assert [row["agrees"] for row in found] == ["yes", "yes", "yes", "no", "yes"]
    for row in found:
        assert (row["run_id"], row["ruleset"], row["pool"]) == (1, "jwst-3.0.0", "pool.csv")
    assert found[0]["reason"] == "no rule takes its EXP_TYPE"
    assert found[1]["reason"] == "image2 by Asn_Lv2Image"
    assert "the table has no row for NRC_IMAGE with BACKGROUND" in found[3]["reason"]
    assert found[4]["reason"] == "it belongs to no candidate"


def test_v_unassociated_has_those_in_none_with_the_reason(catalog: Engine, pool: str) -> None:
    run(catalog, pool)
    found = rows(catalog, "SELECT * FROM v_unassociated ORDER BY position")
    assert [(row["position"], row["table_asn_type"]) for row in found] == [
        (DARK, None),
        (ALONE, "image2"),
    ]
    assert [row["reason"] for row in found] == [
        "no rule takes its EXP_TYPE",
        "it belongs to no candidate",
    ]


def test_v_associations_counts_members(catalog: Engine, pool: str) -> None:
    run(catalog, pool)
    found = rows(catalog, "SELECT * FROM v_associations ORDER BY asn_name")
    shown = (
        "run_id", "ruleset", "asn_type", "pipeline", "asn_rule", "product_count", "member_count",
    )  # fmt: skip
    assert [tuple(row[name] for name in shown) for row in found] == [
        (1, "jwst-3.0.0", "image2", "calwebb_image2", "Asn_Lv2ImageSpecial", 1, 1),
        (1, "jwst-3.0.0", "image2", "calwebb_image2", "Asn_Lv2Image", 1, 2),
        (1, "jwst-3.0.0", "image2", "calwebb_image2", "Asn_Lv2Image", 1, 2),
    ]


def test_v_association_members_names_the_exposure(catalog: Engine, pool: str) -> None:
    run(catalog, pool)
    found = rows(
        catalog,
        "SELECT expname, exptype, filename, exp_type, exposerr FROM v_association_members "
        "WHERE asn_name = 'jw00001-o001_image2_00003_asn' ORDER BY position",
    )
    assert [tuple(row.values()) for row in found] == [
        (
            f"{STEMS[position]}_rate.fits",
            exptype,
            f"{STEMS[position]}_uncal.fits",
            "NRC_IMAGE",
            "null",
        )
        for position, exptype in ((FIRST, "science"), (BACKGROUND, "background"))
    ]


def test_views_keep_runs_apart(catalog: Engine, pool: str, tmp_path: Path) -> None:
    run(catalog, pool)
    run(catalog, write_pool(tmp_path / "other.csv", nrc_image(1)))
    for view, numbers in (
        ("v_decisions", [(1, 5), (2, 1)]),
        ("v_unassociated", [(1, 2)]),
        ("v_associations", [(1, 3), (2, 1)]),
        ("v_association_members", [(1, 5), (2, 1)]),
    ):
        query = f"SELECT run_id, count(*) AS n FROM {view} GROUP BY run_id ORDER BY run_id"
        assert [tuple(row.values()) for row in rows(catalog, query)] == numbers
