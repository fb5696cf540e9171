"""`asnrules why`: why is an exposure in its associations, and why in no others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Command, Result
from engine.building import Exposure, exposure, image, keywords

DUPLICATE = (
    "duplicate: another association has the same members, or the same product and more members"
)


def cube(filename: str, **values: str) -> Exposure:
    optics = {"instrume": "nirspec", "detector": "nrs1", "filter": "f290lp", "grating": "g395h"}
    given = {"mostilno": "1", "bkgdtarg": "f"} | values
    return exposure(filename, "nrs_ifu", **(optics | given))


def slit(filename: str, point: str) -> Exposure:
    optics = {"instrume": "nirspec", "detector": "nrs1", "filter": "clear", "grating": "prism"}
    nods = {"numdthpt": "2", "subpxpts": "1", "expspcin": "1", "patt_num": point}
    return exposure(filename, "nrs_fixedslit", **optics, **nods, fxd_slit="s200a1")


def niriss(filename: str, exp_type: str, filter_: str, **values: str) -> Exposure:
    optics = {"instrume": "niriss", "detector": "nis", "pupil": "f150w", "subarray": "full"}
    return exposure(filename, exp_type, **optics, filter=filter_, **values)


TWICE = "[('o001', 'observation'), ('o002', 'observation')]"
EXPOSURES = {
    one["filename"]: one
    for one in [
        image("image_uncal.fits", targetid="2"),
        image("sky_uncal.fits", bkgdtarg="t"),
        image("nowhere_uncal.fits", asn_candidate="null"),
        image("mosaic_uncal.fits", asn_candidate="[('c1000', 'mosaic')]"),
        image("twice_uncal.fits", filter="f150w", asn_candidate=TWICE),
        image("dark_uncal.fits") | {"exp_type": "nrc_dark"},
        exposure("strange_uncal.fits", "xyz_thing"),
        exposure("blank_uncal.fits", "null"),
        cube("cube_uncal.fits", dithptin="1", patttype="cycling"),
        cube("imprint1_uncal.fits", dithptin="1", is_imprt="t"),
        cube("imprint2_uncal.fits", dithptin="2", is_imprt="t"),
        slit("nod1_uncal.fits", "1"),
        slit("nod2_uncal.fits", "2"),
        niriss("grism_uncal.fits", "nis_wfss", "gr150r"),
        niriss("direct_uncal.fits", "nis_image", "clear"),
        niriss("lonely_uncal.fits", "nis_wfss", "gr150c", targetid="99"),
    ]
}


def write(path: Path, *exposures: Exposure) -> str:
    """Write a pool with all the columns that rules look at."""
    lines = ["|".join(keywords())]
    lines += ["|".join(one.get(name, "null") for name in keywords()) for one in exposures]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def pool(tmp_path: Path) -> str:
    return write(tmp_path / "pool.csv", *EXPOSURES.values())


def explained(run: Command, pool: str, name: str) -> Any:
    return run("why", pool, f"{name}_uncal.fits", "--format", "json").json


def roles(document: Any) -> list[tuple[str, str, str]]:
    """Give rule, role and exptype for each association."""
    return sorted(
        (one["asn_rule"], one["role"], one["exptype"]) for one in document["associations"]
    )


def dropped(document: Any) -> list[tuple[str, str, str | None]]:
    """Give rule, candidate and role of what was not kept."""
    return [(one["asn_rule"], one["candidate"], one["role"]) for one in document["dropped"]]


# ------------------------------------------------------------------ the document


def key(keyword: str, value: str, *, of_role: bool = False) -> dict[str, Any]:
    return {"keyword": keyword, "value": value, "of_role": of_role}


def test_the_document_of_a_science(asnrules: Command, pool: str) -> None:
    document = explained(asnrules, pool, "image")
    misses = document.pop("misses")
    assert [list(one) for one in misses] == [
        ["asn_rule", "condition", "keyword", "found", "wanted", "others"]
    ] * len(misses)
    published = document.pop("published")
    assert (published["ruleset"], published["asn_type"]) == ("2026-03-20", "image2")
    document["dropped"] = [one for one in document["dropped"] if "WFSS" not in one["asn_rule"]]
    assert document == {
        "filename": "image_uncal.fits",
        "ruleset": "jwst-3.0.0",
        "exp_type": "NRC_IMAGE",
        "member_type": "science",
        "special": None,
        "associations": [
            {
                "asn_name": "jw00001-o001_image2_00002_asn",
                "asn_type": "image2",
                "asn_rule": "Asn_Lv2Image",
                "candidate": "o001",
                "candidate_type": "observation",
                "product": "image",
                "exptype": "science",
                "role": "science",
                "asked": [
                    "an imaging science exposure type",
                    "not a time-series science exposure",
                    "not DETECTOR is nirspec",
                    "not FILTER is opaque",
                    "not NRC_TSGRISM on NRCBLONG",
                    "not VISITYPE has wfsc inside",
                    "the class counts as science",
                ],
                "keys": {
                    "program": key("PROGRAM", "1"),
                    "instrument": key("INSTRUME", "nircam"),
                    "detector": key("DETECTOR", "nrca1"),
                    "opt_elem": key("FILTER", "f200w"),
                    "opt_elem2": key("PUPIL", "clear"),
                    "subarray": key("SUBARRAY", "full"),
                    "exp_type": key("EXP_TYPE", "nrc_image"),
                },
            }
        ],
        "dropped": [],
        "lacking": [],
        "on_record": None,
        "reason": None,
    }


def test_what_is_not_kept_has_a_rule_a_candidate_a_role_and_a_reason(
    asnrules_on_file: Command, pool: str
) -> None:
    found = explained(asnrules_on_file, pool, "twice")["dropped"]
    assert {
        "asn_rule": "Asn_Lv2Image",
        "candidate": "o001",
        "role": "science",
        "reason": DUPLICATE,
    } in found


def test_jsonl_is_the_document_in_one_line(asnrules_on_file: Command, pool: str) -> None:
    (document,) = asnrules_on_file("why", pool, "sky_uncal.fits", "--format", "jsonl").jsonl
    assert document == explained(asnrules_on_file, pool, "sky")


def test_csv_has_a_row_for_each_thing_that_is_told(asnrules_on_file: Command, pool: str) -> None:
    rows = asnrules_on_file("why", pool, "sky_uncal.fits", "--format", "csv").csv
    document = explained(asnrules_on_file, pool, "sky")
    parts = ("associations", "dropped", "misses", "lacking")
    assert [row["what"] for row in rows] == [part for part in parts for _ in document[part]]
    missed = [row for row in rows if row["what"] == "misses"]
    assert [row["keyword"] for row in missed] == [one["keyword"] for one in document["misses"]]
    assert all(row["reason"] for row in missed)


def test_the_file_name_is_taken_in_any_case(asnrules_on_file: Command, pool: str) -> None:
    result = asnrules_on_file("why", pool, "SKY_UNCAL.FITS", "--format", "json")
    assert result.json == explained(asnrules_on_file, pool, "sky")


@pytest.mark.parametrize(
    "spelling",
    [
        "sky", "sky_rate", "sky_rateints.fits", "sky_cal.fits", "sky.fits", "data/sky_uncal.fits",
        "/a/b/SKY_CAL.FITS", r"C:\data\sky_x1d.fits", "sky_uncal.fits.gz", "sk",
    ],
)  # fmt: skip
def test_any_product_and_a_beginning_stand_for_an_exposure(
    asnrules_on_file: Command, pool: str, spelling: str
) -> None:
    result = asnrules_on_file("why", pool, spelling, "--format", "json")
    assert result.json["filename"] == "sky_uncal.fits"


def test_a_beginning_of_several_exposures_names_them(asnrules_on_file: Command, pool: str) -> None:
    result = asnrules_on_file("why", pool, "imprint")
    result.assert_error(2, "imprint1_uncal.fits", "imprint2_uncal.fits", "write more of the name")


def test_a_whole_name_is_no_beginning(asnrules_on_file: Command, pool: str) -> None:
    asnrules_on_file("why", pool, "sk_uncal.fits").assert_error(3, "near it are sky_uncal.fits")


def test_the_order_of_rows_makes_no_difference(
    asnrules_on_file: Command, pool: str, tmp_path: Path
) -> None:
    turned = write(tmp_path / "turned.csv", *reversed(EXPOSURES.values()))
    for name in ("imprint2", "nod1", "twice"):
        there = explained(asnrules_on_file, turned, name)
        assert there == explained(asnrules_on_file, pool, name)


def test_nothing_is_recorded(asnrules_on_copy: Command, pool: str) -> None:
    explained(asnrules_on_copy, pool, "image")
    query = "SELECT count(*) AS runs FROM runs"
    assert asnrules_on_copy("sql", query, "--format", "json").json == [{"runs": 0}]


# ------------------------------------------------------------------ what it is in


def test_a_background(asnrules_on_file: Command, pool: str) -> None:
    document = explained(asnrules_on_file, pool, "sky")
    assert (document["member_type"], document["special"]) == ("background", "BACKGROUND")
    assert roles(document) == [
        ("Asn_Lv2Image", "background", "background"),
        ("Asn_Lv2ImageSpecial", "science", "science"),
    ]


def test_an_imprint_that_matches(asnrules_on_file: Command, pool: str) -> None:
    document = explained(asnrules_on_file, pool, "imprint1")
    assert (document["member_type"], document["special"]) == ("imprint", "IMPRINT")
    assert roles(document) == [
        ("Asn_Lv2Spec", "imprint", "imprint"),
        ("Asn_Lv2SpecImprint", "science", "science"),
    ]


def test_an_imprint_that_does_not_match(asnrules_on_file: Command, pool: str) -> None:
    document = explained(asnrules_on_file, pool, "imprint2")
    assert roles(document) == [("Asn_Lv2SpecImprint", "science", "science")]
    assert dropped(document) == [("Asn_Lv2Spec", "o001", "imprint")]
    assert document["dropped"][0]["reason"] == (
        "made without it: an imprint that fits its science better stays: its DITHPTIN is 2, that "
        "of the science 1"
    )


def test_a_nod(asnrules_on_file: Command, pool: str) -> None:
    document = explained(asnrules_on_file, pool, "nod1")
    assert roles(document) == [
        ("Asn_Lv2NRSFSS", "science", "background"),
        ("Asn_Lv2NRSFSS", "science", "science"),
    ]
    assert [one["product"] for one in document["associations"]] in (
        ["nod1", "nod2"],
        ["nod2", "nod1"],
    )


def test_a_direct_image(asnrules_on_file: Command, pool: str) -> None:
    document = explained(asnrules_on_file, pool, "direct")
    assert roles(document) == [("Asn_Lv2Image", "science", "science")]
    assert ("Asn_Lv2WFSSNIS", "o001", "direct image") in dropped(document)
    assert document["reason"] is None
    (reason,) = (one["reason"] for one in document["dropped"] if one["role"] == "direct image")
    root = "jw00001-o001_t007_niriss_clear-f150w"
    assert reason == (
        "made without it: what is made of the direct images stands for it: "
        f"{root}_i2d.fits, {root}_cat.ecsv, {root}_segm.fits"
    )


def test_a_key_of_a_role_is_told_apart(asnrules_on_file: Command, pool: str) -> None:
    document = explained(asnrules_on_file, pool, "imprint1")
    (found,) = (one for one in document["associations"] if one["role"] == "imprint")
    assert key("MOSTILNO", "1", of_role=True) in found["keys"].values()
    assert key("GRATING", "g395h") in found["keys"].values()


@pytest.mark.parametrize("tile", ["1", "9"])
def test_a_key_of_another_role_is_not_asked_of_it(
    asnrules_on_file: Command, tmp_path: Path, tile: str
) -> None:
    linked = "[('o001', 'observation'), ('c1000', 'background')]"
    exposures = [
        cube("cube_uncal.fits", dithptin="1", patttype="cycling", asn_candidate=linked),
        cube("imprint_uncal.fits", dithptin="1", is_imprt="t", asn_candidate=linked),
        cube("sky_uncal.fits", bkgdtarg="t", mostilno=tile, asn_candidate=linked),
    ]
    pool = write(tmp_path / "pool.csv", *exposures)
    document = explained(asnrules_on_file, pool, "sky")
    (found,) = (one for one in document["associations"] if one["role"] == "background")
    keywords = {one["keyword"] for one in found["keys"].values()}
    assert "GRATING" in keywords
    assert "MOSTILNO" not in keywords


def test_a_nod_that_overlaps(asnrules_on_file: Command, tmp_path: Path) -> None:
    pool = write(tmp_path / "pool.csv", slit("nod1_uncal.fits", "1"), slit("nod2_uncal.fits", "1"))
    document = explained(asnrules_on_file, pool, "nod1")
    assert roles(document) == [("Asn_Lv2NRSFSS", "science", "science")]
    (one,) = document["dropped"]
    assert one["reason"] == (
        "made without it: no background for nod2_uncal.fits, as it is at the same point of the "
        "pattern: PATT_NUM 1, that of the science 1"
    )


def test_associations_stand_by_name(asnrules_on_file: Command, pool: str) -> None:
    names = [one["asn_name"] for one in explained(asnrules_on_file, pool, "nod1")["associations"]]
    assert len(names) == 2
    assert names == sorted(names)


def test_what_members_have_in_common_is_what_the_exposure_has(
    asnrules_on_file: Command, pool: str
) -> None:
    for name in ("image", "sky", "cube", "imprint1", "nod1", "grism", "direct"):
        for one in explained(asnrules_on_file, pool, name)["associations"]:
            for key in one["keys"].values():
                own = EXPOSURES[f"{name}_uncal.fits"].get(key["keyword"].lower())
                assert (name, key["keyword"], own) == (name, key["keyword"], key["value"])


# ------------------------------------------------------------------ in none


def test_a_dark(asnrules_on_file: Command, pool: str) -> None:
    document = explained(asnrules_on_file, pool, "dark")
    assert (document["exp_type"], document["member_type"]) == ("NRC_DARK", "dark")
    assert document["published"]["asn_type"] is None
    assert (document["associations"], document["dropped"]) == ([], [])
    assert document["reason"] == "no rule takes its EXP_TYPE"
    assert {one["keyword"] for one in document["misses"]} == {"EXP_TYPE"}


def test_an_exposure_in_no_candidate(asnrules_on_file: Command, pool: str) -> None:
    document = explained(asnrules_on_file, pool, "nowhere")
    assert (document["associations"], document["dropped"]) == ([], [])
    assert document["reason"] == "it belongs to no candidate"


def test_an_exposure_of_a_mosaic_only(asnrules_on_file: Command, pool: str) -> None:
    document = explained(asnrules_on_file, pool, "mosaic")
    assert document["associations"] == []
    assert document["reason"] == "candidate c1000 is of type mosaic"
    assert ("Asn_Lv2Image", "c1000", None) in dropped(document)


def test_an_association_that_another_stands_for(asnrules_on_file: Command, pool: str) -> None:
    document = explained(asnrules_on_file, pool, "twice")
    assert [one["candidate"] for one in document["associations"]] == ["o002"]
    assert ("Asn_Lv2Image", "o001", "science") in dropped(document)
    assert document["reason"] is None


def test_a_grism_exposure_without_a_direct_image(asnrules_on_file: Command, pool: str) -> None:
    document = explained(asnrules_on_file, pool, "lonely")
    assert document["associations"] == []
    assert ("Asn_Lv2WFSSNIS", "o001", "science") in dropped(document)
    assert document["reason"] == (
        "Asn_Lv2WFSSNIS found no direct image for it; the nearest is direct_uncal.fits: its "
        "TARGETID is 7, here 99"
    )


@pytest.mark.parametrize("name", ["strange", "blank"])
def test_an_exposure_whose_exp_type_nobody_knows(
    asnrules_on_file: Command, pool: str, name: str
) -> None:
    found = asnrules_on_file("why", pool, f"{name}_uncal.fits", "--format", "json")
    document = json.loads(found.out)
    assert (document["published"], document["associations"]) == (None, [])
    assert document["misses"] == []
    assert document["reason"]
    assert (f"no EXP_TYPE '{document['exp_type']}'" in found.err) is bool(document["exp_type"])


# ------------------------------------------------------------------ misses


def test_the_nearest_miss_comes_first_and_those_of_the_exp_type_last(
    asnrules_on_file: Command, pool: str
) -> None:
    misses = explained(asnrules_on_file, pool, "image")["misses"]
    near = [(one["asn_rule"], one["found"]) for one in misses if one["keyword"] != "EXP_TYPE"]
    assert near == [
        ("Asn_Lv2ImageSpecial", None),
        ("Asn_Lv2ImageTSO", None),
        ("Asn_Lv2WFSC", None),
    ]
    rest = misses[len(near) :]
    assert {(one["keyword"], one["found"]) for one in rest} == {("EXP_TYPE", "nrc_image")}
    assert [one["others"] for one in rest] == sorted(one["others"] for one in rest)


def test_a_miss_says_what_was_found_and_what_was_wanted(
    asnrules_on_file: Command, pool: str
) -> None:
    misses = explained(asnrules_on_file, pool, "cube")["misses"]
    (nod,) = (one for one in misses if one["asn_rule"] == "Asn_Lv2NRSIFUNod")
    assert (nod["keyword"], nod["found"], nod["others"]) == ("PATTTYPE", "cycling", 0)
    assert nod["wanted"] == "2-point-nod or 4-point-nod"
    (special,) = (one for one in misses if one["asn_rule"] == "Asn_Lv2SpecSpecial")
    assert (special["keyword"], special["others"]) == ("BKGDTARG", 0)
    (slit_,) = (one for one in misses if one["asn_rule"] == "Asn_Lv2NRSFSS")
    assert (slit_["keyword"], slit_["found"], slit_["wanted"]) == (
        "EXP_TYPE",
        "nrs_ifu",
        "nrs_fixedslit",
    )


def test_a_rule_that_takes_it_is_no_miss(asnrules_on_file: Command, pool: str) -> None:
    for name in ("image", "sky", "cube", "imprint1", "imprint2", "nod1", "direct", "lonely"):
        document = explained(asnrules_on_file, pool, name)
        took = {one["asn_rule"] for one in document["associations"] + document["dropped"]}
        assert took
        assert took.isdisjoint(one["asn_rule"] for one in document["misses"])


OTHER_INSTRUMENTS = {
    "image": ("NRS", "MIR", "WFSSNIS", "FGS", "NRSLAMP"),
    "cube": ("MIR", "WFSS", "FGS", "Coron"),
    "direct": ("NRS", "MIR", "NRC", "FGS", "Coron"),
}


@pytest.mark.parametrize("name", OTHER_INSTRUMENTS)
def test_rules_of_other_instruments_are_not_listed(
    asnrules_on_file: Command, pool: str, name: str
) -> None:
    rules = [one["asn_rule"] for one in explained(asnrules_on_file, pool, name)["misses"]]
    assert "Asn_Lv2ImageTSO" in rules
    assert [rule for rule in rules if any(word in rule for word in OTHER_INSTRUMENTS[name])] == []


# ------------------------------------------------------------------ the text


def text_of(run: Command, pool: str, name: str) -> Result:
    result = run("why", pool, f"{name}_uncal.fits")
    result.assert_fine()
    return result


@pytest.mark.parametrize("name", ["image", "sky", "nod1", "imprint2", "twice", "dark", "lonely"])
def test_the_text_says_what_the_document_says(
    asnrules_on_file: Command, pool: str, name: str
) -> None:
    document = explained(asnrules_on_file, pool, name)
    text = text_of(asnrules_on_file, pool, name).out
    assert text.startswith(f"{name}_uncal.fits: {document['exp_type']}, ")
    for one in document["associations"]:
        facts = [f"{key['keyword']} {key['value']}" for key in one["keys"].values()]
        asked = [condition for condition in one["asked"] if not condition.startswith("not ")]
        for fact in (one["asn_name"], one["asn_rule"], one["candidate"], *facts, *asked):
            assert fact in text
    for one in document["dropped"]:
        assert one["reason"] in text
    for one in (*document["lacking"], {"text": document["reason"] or ""}):
        assert one["text"] in text
    assert [one["asn_rule"] for one in document["misses"] if one["asn_rule"] not in text] == []


def test_rules_for_other_exp_types_come_last_and_on_one_line(
    asnrules_on_file: Command, pool: str
) -> None:
    *_, last = text_of(asnrules_on_file, pool, "image").out.splitlines()
    assert "Asn_Lv2Spec," in last
    assert "Asn_Lv2ImageTSO" not in last


def test_an_empty_value_is_called_empty(asnrules_on_file: Command, pool: str) -> None:
    assert "TSOVISIT is not set, wanted t" in text_of(asnrules_on_file, pool, "image").out


@pytest.mark.parametrize("name", [name.removesuffix("_uncal.fits") for name in EXPOSURES])
def test_the_text_is_plain(asnrules_on_file: Command, pool: str, name: str) -> None:
    text = asnrules_on_file("why", pool, f"{name}_uncal.fits").out
    for mark in ("None", "null", "[", "]", "{", "}", "<", "\x1b"):
        assert mark not in text


def test_the_text_does_not_say_the_same_twice(asnrules_on_file: Command, tmp_path: Path) -> None:
    grisms = [niriss(f"g{number}_uncal.fits", "nis_wfss", "gr150r") for number in range(3)]
    direct = EXPOSURES["direct_uncal.fits"]
    pool = write(tmp_path / "grisms.csv", *grisms, direct)
    lines = [line for line in text_of(asnrules_on_file, pool, "direct").out.splitlines() if line]
    assert len(lines) == len(set(lines))


# ------------------------------------------------------------------ companions that do not fit


def test_a_background_that_does_not_fit_is_named(asnrules: Command, tmp_path: Path) -> None:
    both = "[('o001', 'observation'), ('c1000', 'background')]"
    science = image("image_uncal.fits", asn_candidate=both)
    sky = image(
        "sky_uncal.fits", bkgdtarg="t", filter="f150w", asn_candidate=both.replace("o001", "o002")
    )
    pool = write(tmp_path / "pool.csv", science, sky)
    told = "the nearest is sky_uncal.fits: its FILTER is f150w, here f200w"
    assert told in text_of(asnrules, pool, "image").out
    told = "the nearest is image_uncal.fits: its FILTER is f200w, here f150w"
    assert told in text_of(asnrules, pool, "sky").out


def test_a_background_that_is_not_linked_is_named(asnrules: Command, tmp_path: Path) -> None:
    sky = image("sky_uncal.fits", bkgdtarg="t", asn_candidate="[('o002', 'observation')]")
    pool = write(tmp_path / "pool.csv", image("image_uncal.fits"), sky, sky | {"filename": "x"})
    (found,) = explained(asnrules, pool, "image")["lacking"]
    assert found == {
        "asn_rule": "Asn_Lv2Image",
        "exptype": "background",
        "candidate": None,
        "filename": "sky_uncal.fits",
        "is_science": False,
        "obstacles": [],
        "others": 1,
        "text": found["text"],
    }
    assert found["text"] in text_of(asnrules, pool, "image").out


def test_an_imprint_of_another_tile_is_named(asnrules_on_file: Command, tmp_path: Path) -> None:
    cube = EXPOSURES["cube_uncal.fits"]
    imprint = EXPOSURES["imprint1_uncal.fits"] | {"mostilno": "2"}
    pool = write(tmp_path / "pool.csv", cube, imprint)
    (found,) = explained(asnrules_on_file, pool, "cube")["lacking"]
    assert (found["asn_rule"], found["candidate"]) == ("Asn_Lv2Spec", "o001")
    assert found["obstacles"] == [
        {"keyword": "MOSTILNO", "found": "2", "science": "1", "wanted": None}
    ]


# ------------------------------------------------------------------ what is refused


def test_an_unknown_exposure_is_not_found_and_near_ones_are_named(
    asnrules: Command, pool: str
) -> None:
    result = asnrules("why", pool, "imprint3_uncal.fits")
    result.assert_error(3, "imprint3_uncal.fits", "imprint1_uncal.fits", "imprint2_uncal.fits")


def test_an_unknown_exposure_that_is_near_none(asnrules_on_file: Command, pool: str) -> None:
    asnrules_on_file("why", pool, "0").assert_error(3, "'0'", "have names like", "_uncal.fits")


def test_any_exposure_of_a_pool_without_one(asnrules_on_file: Command, tmp_path: Path) -> None:
    pool = write(tmp_path / "empty.csv")
    asnrules_on_file("why", pool, "a").assert_error(3, "the pool is empty")


def test_a_pool_that_is_not_there(asnrules_on_file: Command, tmp_path: Path) -> None:
    missing = str(tmp_path / "nowhere.csv")
    asnrules_on_file("why", missing, "a").assert_error(2, "nowhere.csv")


def test_ruleset_and_day_exclude_each_other(asnrules_on_file: Command, pool: str) -> None:
    both = ["--ruleset", "jwst-3.0.0", "--as-of", "2026-05-01"]
    asnrules_on_file("why", pool, "sky_uncal.fits", *both).assert_error(2, "--as-of")
    asnrules_on_file("why", pool, "sky_uncal.fits", "--ruleset", "jwst-9").assert_error(3, "jwst-9")


def test_associations_for_the_same_reasons_stand_together(
    asnrules: Command, tmp_path: Path
) -> None:
    background = "[('o001', 'observation'), ('c1000', 'background')]"
    pool = write(
        tmp_path / "pool.csv",
        image("sky_uncal.fits", bkgdtarg="t", asn_candidate=background),
        *(
            image(f"image{number}_uncal.fits", asn_candidate=background.replace("o001", "o002"))
            for number in (1, 2)
        ),
    )
    lines = asnrules("why", pool, "sky_uncal.fits").out.splitlines()
    start = lines.index("In 2 associations: it is a background here (image2)")
    assert lines[start + 1] == "  jw00001-c1000_image2_00001_asn, jw00001-c1000_image2_00002_asn"
    assert lines[start + 2].startswith("  Asn_Lv2Image took it as background, for candidate c1000")
    assert sum("took it as background" in line for line in lines) == 1
    (own,) = (line for line in lines if line.startswith("jw00001-o001"))
    assert own.endswith(": it is a science here (image2)")


def test_what_is_asked_of_other_exp_types_only_is_left_out(
    asnrules_on_file: Command, tmp_path: Path
) -> None:
    mrs = exposure("mrs_uncal.fits", "mir_mrs", instrume="miri", detector="mirifushort")
    mrs |= {"band": "short", "channel": "12", "mostilno": "1", "dithptin": "1"}
    pool = write(tmp_path / "pool.csv", mrs, cube("cube_uncal.fits"))
    for name, is_asked in (("mrs", False), ("cube", True)):
        done = asnrules_on_file("why", pool, name, "--format", "json").json
        (made,) = done["associations"]
        assert any("NRS_IFU" in one for one in made["asked"]) == is_asked
