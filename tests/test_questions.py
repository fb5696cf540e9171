"""docs/sql.md: its questions have the right answers, and its views the columns that it tells."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import Engine, inspect

import shown
from asnrules.catalog.open import upgrade_catalog
from asnrules.database.readonly import query
from cli.small_pools import write_pool
from recorded import LATER_NAME, NEXT, POOL_NAME, image, record, stem
from seeds import connected

DOCUMENT = (shown.ROOT / "docs" / "sql.md").read_text()
# Names in the prose of a question are no end of it.
PROSE = re.sub(r"(?<!`)`[^`\n]+`(?!`)", "", DOCUMENT)
QUESTIONS = dict(re.findall(r"^### ([^\n]+\?)\n[^#`]*```sql[^\n]*\n(.*?)```$", PROSE, re.M | re.S))

LABEL = "jwst-1.18.0"
"""The rules of 2025-07-01."""
RULE, SPECIAL = "Asn_Lv2Image", "Asn_Lv2ImageSpecial"


def name(number: int) -> str:
    return f"jw04231-o001_image2_{number:05}_asn"


def uncal(number: int) -> str:
    return f"{stem(number)}_uncal.fits"


def rate(number: int) -> str:
    return f"{stem(number)}_rate.fits"


NO_RULE = "no rule takes its EXP_TYPE"
NO_ROW = "no rule: the table has no row for"
NO_CANDIDATE = "it belongs to no candidate"
BACKGROUND_DIFFERS = (
    f"{NO_ROW} NRC_IMAGE with BACKGROUND; image2 by {SPECIAL}; "
    "differs in association: none in the table, image2 by the rules"
)

# By hand, from what tests/recorded.py puts on record.
ANSWERS: dict[str, list[tuple[Any, ...]]] = {
    "What was associated on a day?": [
        (1, name(1), "image2", SPECIAL, 1),
        (1, name(2), "image2", RULE, 2),
        (1, name(3), "image2", RULE, 2),
        (2, name(1), "image2", SPECIAL, 1),
        (2, name(2), "image2", RULE, 2),
    ],
    "Which exposures were never associated, and why?": [
        (uncal(4), "NRC_DARK", NO_RULE),
        (uncal(5), "NRC_IMAGE", NO_CANDIDATE),
        (uncal(6), "NRC_NEW", f"{NO_ROW} NRC_NEW; {NO_RULE}"),
    ],
    "Why are exposures left out, and how many?": [
        (NO_CANDIDATE, 1),
        (NO_RULE, 1),
        (f"{NO_ROW} NRC_NEW; {NO_RULE}", 1),
    ],
    "Which EXP_TYPEs arrived without a row in the table?": [
        ("NRC_IMAGE", "BACKGROUND", 2),
        ("NRC_NEW", None, 1),
    ],
    "How often did each rule fire in each month?": [
        ("2026-11", RULE, 3),
        ("2026-11", SPECIAL, 2),
        ("2026-12", RULE, 2),
    ],
    "Who ran what?": [
        ("anna", "generated", "jwst-3.0.0", POOL_NAME, 1, 1),
        ("anna", "generated", "jwst-3.0.0", LATER_NAME, 1, 2),
        ("bruno", "generated", NEXT, POOL_NAME, 1, 3),
        ("clara", "imported", "jwst-3.0.0", None, 1, 4),
        ("clara", "imported", "jwst-3.0.0", POOL_NAME, 1, 5),
    ],
    # The last run of jwst-3.0.0 is that of the later pool.
    "Which associations of a program changed between two rulesets?": [
        ("only by jwst-3.0.0", "o001", "image2", SPECIAL, stem(1), rate(1), "science"),
        ("only by jwst-3.0.0", "o001", "image2", RULE, stem(2), rate(1), "background"),
        ("only by jwst-next", "o001", "image2", RULE, stem(1), rate(1), "science"),
        ("only by jwst-next", "o001", "image2", RULE, stem(1), rate(3), "background"),
        ("only by jwst-next", "o001", "image2", RULE, stem(2), rate(3), "background"),
    ],
    "What was one exposure in, ever?": [
        (1, "jwst-3.0.0", name(1), SPECIAL, "science"),
        (1, "jwst-3.0.0", name(2), RULE, "background"),
        (1, "jwst-3.0.0", name(3), RULE, "background"),
        (3, NEXT, name(1), RULE, "background"),
        (3, NEXT, name(2), RULE, "background"),
        (5, "jwst-3.0.0", name(3), RULE, "background"),
    ],
    "Which exposures with a filter had something go wrong?": [
        (run, uncal(2), "moving_shutter") for run in (1, 3, 5)
    ],
    "Which exposures list a candidate?": [
        (uncal(1), "NRC_IMAGE", "observation", 5),
        (uncal(2), "NRC_IMAGE", "observation", 5),
        (uncal(3), "NRC_IMAGE", "observation", 5),
        (uncal(4), "NRC_DARK", "observation", 5),
        (uncal(6), "NRC_NEW", "observation", 5),
    ],
    "Which exposures were classified differently in different runs?": [
        (uncal(1), "background", "science"),
    ],
    "Which backgrounds does a science exposure have?": [
        (1, name(3), stem(1), rate(3)),
        (3, name(2), stem(1), rate(3)),
        (5, name(3), stem(1), rate(3)),
    ],
    "Which associations have a background of another target?": [],
    "What did the table say of an EXP_TYPE on a day?": [
        ("2025-05-02", "science", None, "wfs-image2", None),
    ],
    "What did the rules say of an EXP_TYPE on a day?": [
        (
            LABEL,
            rule,
            asn_type,
            "exposure",
            None,
            "no",
            "image_science",
            "an imaging science exposure type",
        )
        for rule, asn_type in (
            (RULE, "image2"),
            (SPECIAL, "image2"),
            ("Asn_Lv2ImageTSO", "tso-image2"),
            ("Asn_Lv2WFSC", "wfs-image2"),
        )
    ],
    "Which are the largest associations?": [
        (1, name(2), RULE, 1, 2),
        (1, name(3), RULE, 1, 2),
        (2, name(2), RULE, 1, 2),
    ],
    "Which associations are degraded, and by which exposures?": [
        (1, name(2), rate(2), "moving_shutter"),
        (3, name(1), rate(2), "moving_shutter"),
    ],
    "Which files does a run need that are no exposures of its pool?": [
        (4, rate(1), "science", 1),
        (4, rate(4), "science", 1),
        (4, "jw04231001001_cat.ecsv", "sourcecat", 1),
    ],
    "How many associations go to each pipeline?": [
        (1, "calwebb_image2", 3, 5),
        (2, "calwebb_image2", 2, 3),
        (3, "calwebb_image2", 2, 4),
        (4, "calwebb_image2", 2, 3),
        (5, "calwebb_image2", 1, 2),
    ],
    "What came of the imports?": [
        (4, "1.17.1", "contradicts", 1),
        (4, "1.17.1", "unexplained", 1),
        (5, "1.17.1", "explained", 1),
    ],
    "Which imported associations contradict the table or differ from the rules?": [
        (name(2), f"{name(2)}.json", "contradicts", "NRC_DARK makes no association"),
    ],
    "Which runs had something to tell their operator?": [],
}


def answer(engine: Engine, question: str) -> list[tuple[Any, ...]]:
    with query(engine, QUESTIONS[question]) as (_, rows):
        return [tuple(row) for row in rows]


def test_there_are_many_questions() -> None:
    assert len(QUESTIONS) >= 20
    assert DOCUMENT.count("```sql") == len(QUESTIONS)


@pytest.mark.parametrize("question", ANSWERS)
def test_a_question_has_its_answer(ledger: Engine, question: str) -> None:
    found = answer(ledger, question)
    in_order = "SELECT run_id, expname" not in QUESTIONS[question]
    # PostgreSQL orders names by the language of the server.
    assert (found if in_order else sorted(found)) == (
        ANSWERS[question] if in_order else sorted(ANSWERS[question])
    )


def test_backgrounds_of_another_target(
    engine_name: str, templates: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def fill(engine: Engine) -> None:
        upgrade_catalog(engine)
        pool = tmp_path_factory.mktemp("targets") / POOL_NAME
        exposures = [
            image(1), image(2, targetid="2", bkgdtarg="t"), image(3, bkgdtarg="t"), image(4),
        ]  # fmt: skip
        record(engine, [write_pool(pool, *exposures)])

    other_targets = connected(templates.get(engine_name, "another target", fill))
    found = answer(other_targets, "Which associations have a background of another target?")
    assert sorted((row[0], *row[2:]) for row in found) == [
        (1, rate(1), "1", rate(2), "2"),
        (1, rate(4), "1", rate(2), "2"),
    ]
    # For each of the sciences another association.
    assert len({row[1] for row in found}) == 2


def test_rows_that_were_never_used(ledger: Engine) -> None:
    found = {
        (row[1], row[3]) for row in answer(ledger, "Which rows of the table have never been used?")
    }
    assert len(found) == 75 - 2
    assert ("NRC_IMAGE", None) not in found
    assert ("NRC_DARK", None) not in found
    assert ("NRS_IFU", "IMPRINT") in found


def test_where_table_and_rules_disagree(ledger: Engine) -> None:
    found = answer(ledger, "Where do the table and the rules disagree?")
    (reason,) = [row[3] for row in found if row[:2] == ("NRC_IMAGE", "BACKGROUND")]
    assert reason.startswith(BACKGROUND_DIFFERS)
    # Of a type that nobody knows, neither says anything.
    assert {row[0] for row in found} == {"NRC_IMAGE"}


def test_rules_that_never_fired(ledger: Engine) -> None:
    found = [row[1] for row in answer(ledger, "Which rules have never fired?")]
    assert "Asn_Lv2Spec" in found
    assert not {RULE, SPECIAL} & set(found)


def test_pools_that_were_run_again(ledger: Engine) -> None:
    ((digest, pool, runs),) = answer(ledger, "Which pools were run more than once?")
    assert (len(digest), pool, runs) == (64, POOL_NAME, 3)


def test_the_chain(ledger: Engine) -> None:
    found = answer(ledger, "Which run follows which, and by what digest?")
    assert [(row[0], row[2]) for row in found] == [(1, None), (2, 1), (3, 2), (4, 3), (5, 4)]
    assert len({row[1] for row in found}) == 5


def test_every_question_is_asked() -> None:
    asked = set(ANSWERS) | {
        "Which rows of the table have never been used?",
        "Where do the table and the rules disagree?",
        "Which rules have never fired?",
        "Which pools were run more than once?",
        "Which run follows which, and by what digest?",
    }
    assert asked == set(QUESTIONS)


# ------------------------------------------------------------------ the views

LESS = {"v_unassociated": ("v_decisions", "but for")}
MORE = {"v_exposure_modes_history": "v_exposure_modes", "v_not_imported": "v_unassociated"}


def told() -> dict[str, set[str]]:
    """Read the columns of each view from the document."""
    columns: dict[str, set[str]] = {}
    for view, section in re.findall(r"^### (v_\w+)\n(.*?)(?=^##)", DOCUMENT, re.M | re.S):
        cells = re.findall(r"^\| ([a-z_0-9, ]+) \|", section, re.M)
        columns[view] = {word for cell in cells if cell != "column" for word in cell.split(", ")}
        if view in MORE:
            columns[view] |= columns[MORE[view]]
        if view in LESS:
            other, words = LESS[view]
            columns[view] = columns[other] - set(re.findall(r"`(\w+)`", section.split(words)[1]))
    return columns


def test_the_document_tells_each_column_of_each_view(kept_seeds: Engine) -> None:
    found = inspect(kept_seeds)
    assert told() == {
        view: {column["name"] for column in found.get_columns(view)}
        for view in found.get_view_names()
    }
