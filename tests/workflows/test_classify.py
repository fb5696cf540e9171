"""What is this exposure: the published table and the rules side by side.

What is expected here was written down from the public table and from what jwst 3.0.0 does.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from asnrules.catalog.classification import Classification
from asnrules.catalog.open import connect_catalog
from asnrules.errors import NotFoundError, PoolError, UsageError
from asnrules.workflows.classify import classify_keywords, classify_pool
from cli.small_pools import nrc_image, pool_text, without, write_pool

pytestmark = pytest.mark.usefixtures("read_once")


@pytest.fixture
def engine(engine_name: str, templates: Any) -> Engine:
    return connect_catalog(templates.seeded(engine_name))


@pytest.fixture
def sqlite(templates: Any) -> Engine:
    return connect_catalog(templates.seeded("sqlite"))


def classified(engine: Engine, keywords: str, **options: Any) -> Classification:
    values = dict(word.split("=", 1) for word in keywords.split())
    return classify_keywords(engine, values, **options)


def asn_types(found: Classification) -> list[str]:
    assert found.associations is not None
    return [rule.asn_type for rule in found.associations]


WFSC = "VISITYPE=PRIME_WFSC_ROUTINE"
LAMP = "FILTER=OPAQUE LAMP=FLAT4 DETECTOR=NRS1 GRATING=G140M OPMODE=FIXEDSLIT"

# Keywords, class, types of associations, whether table and rules agree.
CASES = [
    # The table's words for classes that the software does not have.
    ("EXP_TYPE=FGS_ACQ1", "science", [], False),
    ("EXP_TYPE=FGS_DARK", "science", [], False),
    ("EXP_TYPE=FGS_INTFLAT", "science", [], False),
    ("EXP_TYPE=NIS_DARK", "dark", [], False),
    ("EXP_TYPE=NIS_LAMP", "engineering", [], False),
    ("EXP_TYPE=NRC_LED", "engineering", [], False),
    ("EXP_TYPE=NIS_FOCUS", "engineering", ["image2"], False),
    ("EXP_TYPE=NRS_IMAGE", "engineering", ["image2"], False),
    ("EXP_TYPE=NRS_CONFIRM", "target_acquisition", ["image2"], False),
    # Where both say the same.
    ("EXP_TYPE=MIR_DARKMRS", "dark", [], True),
    ("EXP_TYPE=NRC_FLAT", "flat", [], True),
    ("EXP_TYPE=NIS_TACQ", "target_acquisition", ["image2"], True),
    ("EXP_TYPE=NRS_VERIFY", "science", ["image2"], True),
    ("EXP_TYPE=FGS_FOCUS", "science", ["image2"], True),
    ("EXP_TYPE=NIS_IMAGE", "science", ["image2"], True),
    ("EXP_TYPE=NRC_GRISM", "science", [], True),
    ("EXP_TYPE=MIR_MRS", "science", ["spec2"], True),
    ("EXP_TYPE=NRS_FIXEDSLIT", "science", ["spec2"], True),
    ("EXP_TYPE=NRS_IFU", "science", ["spec2"], True),
    ("EXP_TYPE=NRS_MSASPEC", "science", ["spec2"], True),
    ("EXP_TYPE=MIR_LRS-SLITLESS", "science", ["spec2"], True),
    ("EXP_TYPE=NRC_TSIMAGE", "science", ["tso-image2"], True),
    ("EXP_TYPE=NRC_TSGRISM", "science", ["tso-spec2"], True),
    ("EXP_TYPE=NRS_MIMF", "science", ["image2"], True),
    # Companions are left aside: a direct image would be needed.
    ("EXP_TYPE=NIS_WFSS", "science", ["spec2"], True),
    # But what comes about without them counts before.
    ("EXP_TYPE=NIS_WFSS TSOVISIT=T", "science", ["tso-spec2"], False),
    ("EXP_TYPE=NRC_WFSS TSOVISIT=T", "science", ["tso-spec2"], False),
    ("EXP_TYPE=MIR_WFSS TSOVISIT=T", "science", ["tso-spec2"], False),
    # Specials.
    ("EXP_TYPE=MIR_4QPM IS_PSF=T", "psf", ["image2"], True),
    ("EXP_TYPE=MIR_MRS BKGDTARG=T", "background", ["spec2"], True),
    ("EXP_TYPE=NRS_IFU IS_IMPRT=T", "imprint", ["spec2"], True),
    ("EXP_TYPE=NRS_MSASPEC IS_IMPRT=T", "imprint", ["spec2"], True),
    # Time series.
    ("EXP_TYPE=NRS_BRIGHTOBJ", "science", ["tso-spec2"], False),
    ("EXP_TYPE=NIS_SOSS", "science", ["spec2"], True),
    ("EXP_TYPE=NIS_SOSS TSOVISIT=T", "science", ["tso-spec2"], False),
    ("EXP_TYPE=NIS_SOSS TSOVISIT=T FILTER=F277W", "science", [], False),
    ("EXP_TYPE=NRC_IMAGE TSOVISIT=T", "science", ["tso-image2"], False),
    ("EXP_TYPE=NIS_AMI TSOVISIT=T", "science", ["tso-image2"], False),
    ("EXP_TYPE=MIR_MRS TSOVISIT=T", "science", ["tso-spec2"], False),
    ("EXP_TYPE=NRS_IFU TSOVISIT=T", "science", ["tso-spec2"], False),
    ("EXP_TYPE=NRS_FIXEDSLIT TSOVISIT=T", "science", ["spec2"], True),
    ("EXP_TYPE=NRS_MSASPEC TSOVISIT=T", "science", ["spec2"], True),
    ("EXP_TYPE=MIR_LRS-SLITLESS TSOVISIT=T", "science", ["spec2"], True),
    ("EXP_TYPE=NRC_TSGRISM PUPIL=CLEAR", "science", [], False),
    ("EXP_TYPE=NRC_TSGRISM DETECTOR=NRCBLONG", "science", [], False),
    # NIRSpec lamps.
    (f"EXP_TYPE=NRS_LAMP {LAMP}", "engineering", ["nrslamp-spec2"], False),
    ("EXP_TYPE=NRS_LAMP GRATING=MIRROR OPMODE=IMAGE", "engineering", ["image2"], False),
    (f"EXP_TYPE=NRS_LAMP {LAMP} LAMP=NOLAMP", "engineering", [], False),
    (f"EXP_TYPE=NRS_LAMP {LAMP} OPMODE=GRATING-ONLY", "engineering", [], False),
    (f"EXP_TYPE=NRS_LAMP {LAMP} FILTER=F100LP", "engineering", [], False),
    (f"EXP_TYPE=NRS_AUTOFLAT {LAMP}", "autoflat", ["nrslamp-spec2"], False),
    (f"EXP_TYPE=NRS_AUTOWAVE {LAMP}", "autowave", ["nrslamp-spec2"], False),
    (f"EXP_TYPE=NRS_AUTOFLAT {LAMP} FILTER=F100LP", "autoflat", [], False),
    # Optical paths.
    ("EXP_TYPE=NRS_IFU GRATING=PRISM FILTER=CLEAR DETECTOR=NRS1", "science", ["spec2"], True),
    ("EXP_TYPE=NRS_IFU GRATING=PRISM FILTER=CLEAR DETECTOR=NRS2", "science", [], False),
    # Wavefront sensing.
    (f"EXP_TYPE=NRC_IMAGE {WFSC}", "science", ["image2"], True),
    (f"EXP_TYPE=NRC_IMAGE {WFSC} DMS_NOTE=WFSC_LOS_JITTER", "science", [], False),
    # Not in the table.
    ("EXP_TYPE=MIR_TACONFIRM", "target_acquisition", ["image2"], False),
    ("EXP_TYPE=NRS_TASLIT", "target_acquisition", ["image2"], False),
    ("EXP_TYPE=NRC_IMAGE PNTGTYPE=TARGET_ACQUISITION", "target_acquisition", ["image2"], False),
]


@pytest.mark.parametrize(("keywords", "exposure_class", "types", "agrees"), CASES)
def test_table_and_rules(
    sqlite: Engine, keywords: str, exposure_class: str, types: list[str], agrees: bool
) -> None:
    found = classified(sqlite, keywords)
    assert found.member_type == exposure_class
    assert sorted(set(asn_types(found))) == types
    assert found.agrees is agrees


@pytest.mark.parametrize(
    ("exp_type", "rule"),
    [
        ("NIS_WFSS", "Asn_Lv2WFSSNIS"),
        ("NRC_WFSS", "Asn_Lv2WFSSNRC"),
        ("MIR_WFSS", "Asn_Lv2Spec"),
        ("NRC_CORON", "Asn_Lv2Image"),
    ],
)
def test_only_rules_are_named_that_fit(sqlite: Engine, exp_type: str, rule: str) -> None:
    found = classified(sqlite, f"EXP_TYPE={exp_type}")
    assert [one.name for one in found.associations or ()] == [rule]


def test_fine_guidance_stays_image2_in_a_time_series(sqlite: Engine, tmp_path: Path) -> None:
    row = nrc_image(exp_type="fgs_image", instrume="fgs", detector="guider1", tsovisit="t")
    pool = write_pool(tmp_path / "pool.csv", without(row, "filter", "pupil", "channel"))
    ((_, found),) = classify_pool(sqlite, pool)
    assert asn_types(found) == ["image2"]


@pytest.mark.parametrize(
    ("flags", "exposure_class"),
    [
        ("IS_PSF=T IS_IMPRT=T BKGDTARG=T", "psf"),
        ("IS_IMPRT=T BKGDTARG=T", "imprint"),
        ("BKGDTARG=T", "background"),
        ("IS_PSF=F IS_IMPRT=NULL BKGDTARG=N/A", "science"),
        ("BKGDTARG=1", "background"),
        ("BKGDTARG=0", "science"),
    ],
)
def test_the_first_flag_that_is_set_counts(sqlite: Engine, flags: str, exposure_class: str) -> None:
    found = classified(sqlite, f"EXP_TYPE=NRS_IFU {flags}")
    assert found.member_type == exposure_class
    assert found.special == (None if exposure_class == "science" else exposure_class.upper())


def test_keywords_and_values_are_taken_in_any_case(engine: Engine) -> None:
    found = classify_keywords(engine, {"exp_Type": " Mir_Image ", "tsoVisit": "t"})
    assert found.exp_type == "MIR_IMAGE"
    assert asn_types(found) == ["tso-image2"]


def test_the_row_of_the_table_is_named(engine: Engine) -> None:
    found = classified(engine, "EXP_TYPE=NRS_IFU IS_IMPRT=T")
    assert found.published is not None
    assert (found.published.ruleset, found.published.special) == ("2026-03-20", "IMPRINT")
    assert found.published.position == 65


def test_a_known_difference_is_explained(sqlite: Engine) -> None:
    assert "(known: the software classes all dark types alike)" in (
        classified(sqlite, "EXP_TYPE=NIS_DARK").reason
    )
    assert "(known: BKGDTARG on a type for which the table has no such row" in (
        classified(sqlite, "EXP_TYPE=MIR_IMAGE BKGDTARG=T").reason
    )
    # Published and made by the rules alike.
    assert "known" not in classified(sqlite, "EXP_TYPE=MIR_IMAGE").reason


def test_what_makes_the_same_as_another_rule_stays_once(sqlite: Engine) -> None:
    found = classified(sqlite, "EXP_TYPE=NRS_MSASPEC IS_PSF=T")
    assert found.associations is not None
    assert [rule.name for rule in found.associations] == ["Asn_Lv2SpecSpecial"]


def test_a_rule_for_observations_counts_before_one_for_other_candidates(sqlite: Engine) -> None:
    found = classified(sqlite, "EXP_TYPE=NRC_WFSS")
    assert found.associations is not None
    assert [rule.name for rule in found.associations] == ["Asn_Lv2WFSSNRC"]


def test_each_rule_says_what_is_amiss(sqlite: Engine) -> None:
    found = classified(sqlite, "EXP_TYPE=NRC_TSGRISM PUPIL=CLEAR")
    rules = {rule.asn_rule: rule for rule in found.rules}
    assert rules["Asn_Lv2SpecTSO"].failed_condition == (
        "PUPIL is 'clear', wanted anything but clear"
    )


def test_what_no_row_covers_is_said_to_have_no_rule(sqlite: Engine) -> None:
    found = classified(sqlite, "EXP_TYPE=NRC_IMAGINARY")
    assert (found.published, found.associations) == (None, ())
    assert found.reason.startswith("no rule: the table has no row for NRC_IMAGINARY")


def test_rules_come_with_those_that_match_first(engine: Engine) -> None:
    rules = classified(engine, "EXP_TYPE=MIR_IMAGE").rules
    matched = [rule.matched for rule in rules]
    assert matched == sorted(matched, reverse=True)
    assert all(rule.matched == (rule.failed_condition is None) for rule in rules)
    assert {"Asn_Lv2Image", "Asn_Lv2Spec", "Asn_Lv2WFSC"} <= {rule.asn_rule for rule in rules}


@pytest.mark.parametrize(
    ("options", "published"),
    [
        ({}, "2026-03-20"),
        ({"ruleset": "jwst-3.0.0"}, "2026-03-20"),
        ({"ruleset": "2020-12-07"}, "2020-12-07"),
        ({"as_of": dt.date(2026, 7, 14)}, "2026-03-20"),
    ],
)
def test_both_kinds_of_rulesets_can_be_named(
    engine: Engine, options: dict[str, Any], published: str
) -> None:
    found = classified(engine, "EXP_TYPE=NRC_IMAGE", **options)
    assert found.published is not None
    assert found.published.ruleset == published
    assert asn_types(found) == ["image2"]


def test_an_unknown_keyword(sqlite: Engine) -> None:
    with pytest.raises(UsageError, match=r"'HUBBLE'.*EXP_TYPE"):
        classified(sqlite, "EXP_TYPE=NRC_IMAGE HUBBLE=1")


def test_an_unknown_ruleset(sqlite: Engine) -> None:
    with pytest.raises(NotFoundError, match="'hubble'"):
        classified(sqlite, "EXP_TYPE=NRC_IMAGE", ruleset="hubble")


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (dt.date(2020, 1, 1), "no table"),
        (dt.date(2021, 5, 23), "no rules"),
    ],
)
def test_a_day_without_table_or_rules(sqlite: Engine, day: dt.date, kind: str) -> None:
    with pytest.raises(NotFoundError, match=f"{kind} (was|were) in force on {day}"):
        classified(sqlite, "EXP_TYPE=NRC_IMAGE", as_of=day)


# ------------------------------------------------------------------ pools


def test_a_pool_comes_in_its_order(engine: Engine, tmp_path: Path) -> None:
    rows = [nrc_image(2, tsovisit="t"), nrc_image(1), nrc_image(3, tsovisit="t")]
    found = list(classify_pool(engine, write_pool(tmp_path / "pool.csv", *rows)))
    assert [name for name, _ in found] == [row["filename"] for row in rows]
    assert [asn_types(one) for _, one in found] == [["tso-image2"], ["image2"], ["tso-image2"]]


def test_a_column_that_is_missing_is_empty(engine: Engine, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", without(nrc_image(), "filter"))
    ((_, found),) = classify_pool(engine, pool)
    assert (found.associations, found.agrees) == ((), False)
    rules = {rule.asn_rule: rule for rule in found.rules}
    assert rules["Asn_Lv2Image"].failed_condition == (
        "FILTER is empty, wanted a value other than opaque, or BAND is empty, wanted a value"
    )


def test_a_difference_is_not_explained_by_a_keyword_that_is_not_there(
    sqlite: Engine, tmp_path: Path
) -> None:
    # That the rules make nothing of NRC_IMAGE is known for DMS_NOTE=WFSC_LOS_JITTER alone.
    pool = write_pool(tmp_path / "pool.csv", without(nrc_image(), "filter"))
    ((_, found),) = classify_pool(sqlite, pool)
    assert "image2 in the table, none by the rules" in found.reason
    assert "WFSC_LOS_JITTER" not in found.reason


def test_each_exposure_has_its_own_values(sqlite: Engine, tmp_path: Path) -> None:
    # The two differ in a keyword that no condition names: the table decides, not the first row.
    rows = [nrc_image(1, exp_type="nrc_dark"), nrc_image(2, exp_type="nrc_wfsc")]
    found = dict(classify_pool(sqlite, write_pool(tmp_path / "pool.csv", *rows)))
    dark, unknown = found.values()
    assert (dark.exp_type, dark.member_type) == ("NRC_DARK", "dark")
    assert (unknown.exp_type, unknown.published) == ("NRC_WFSC", None)


def test_exposures_are_classified_as_they_are_read(sqlite: Engine, tmp_path: Path) -> None:
    pool = tmp_path / "pool.csv"
    pool.write_text(pool_text(nrc_image(1)) + "too|short\n")
    found = classify_pool(sqlite, str(pool))
    name, _ = next(found)
    assert name == nrc_image(1)["filename"]
    with pytest.raises(PoolError, match="line 3"):
        next(found)


def test_a_pool_by_an_earlier_table(engine: Engine, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image(1), nrc_image(2, bkgdtarg="t"))
    found = [one for _, one in classify_pool(engine, pool, ruleset="2020-12-07")]
    assert [one.special for one in found] == [None, "BACKGROUND"]
    assert found[0].published is not None
    assert found[0].published.ruleset == "2020-12-07"
    assert found[1].published is None
    assert found[1].reason.startswith("no rule: the table has no row for NRC_IMAGE with BACKGROUND")


@pytest.mark.parametrize(
    ("keywords", "nearest"),
    [
        (
            "EXP_TYPE=NRS_LAMP OPMODE=MSASPEC LAMP=LINE1 MSAMETFL=NULL",
            "Asn_Lv2NRSLAMPSpectral: MSAMETFL is given, or OPMODE is not msaspec: "
            "MSAMETFL is empty, wanted a value, or OPMODE is 'msaspec', wanted ifu or fixedslit",
        ),
        (
            "EXP_TYPE=NRS_LAMP OPMODE=GRATING-ONLY",
            "Asn_Lv2NRSLAMPImage: OPMODE is 'grating-only', wanted image or no value; "
            "or Asn_Lv2NRSLAMPSpectral: a valid NIRSpec lamp optical path: "
            "OPMODE is 'grating-only', wanted msaspec, ifu or fixedslit",
        ),
        (
            "EXP_TYPE=NRS_MSASPEC MSAMETFL=NULL",
            "Asn_Lv2NRSMSA: MSAMETFL is empty, wanted a value",
        ),
        (
            "EXP_TYPE=NRS_MSASPEC GRATING=MIRROR MSAMETFL=NULL",
            "Asn_Lv2ImageNonScience: an acquisition, focus or other non-science imaging exposure: "
            "MSASTATE is empty, wanted primarypark_allopen; "
            "or Asn_Lv2NRSMSA: MSAMETFL is empty, wanted a value",
        ),
    ],
)
def test_keywords_that_are_not_given_make_no_other_exposure_of_it(
    sqlite: Engine, keywords: str, nearest: str
) -> None:
    given = dict(one.split("=") for one in keywords.split())
    reason = classify_keywords(sqlite, given).reason
    assert reason.partition("nearest is ")[2].partition("; differs in")[0] == nearest


@pytest.mark.parametrize("exp_type", ["NRS_BRIGHTOBJ", "NRS_FIXEDSLIT", "NRS_IFU"])
def test_the_detector_that_gets_no_light_is_a_known_difference(
    kept_seeds: Engine, exp_type: str
) -> None:
    optics = {"GRATING": "PRISM", "FILTER": "CLEAR", "FXD_SLIT": "S1600A1"}
    for detector, known in (("NRS1", False), ("NRS2", True)):
        values = {"EXP_TYPE": exp_type, "DETECTOR": detector, **optics}
        reason = classify_keywords(kept_seeds, values).reason
        assert ("(known: no light falls on NRS2" in reason) is known
