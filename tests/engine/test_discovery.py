"""Associations that are discovered: of exposures that list one direct-image candidate alone.

What is expected is what jwst 3.0.0 made of the same pools, by running it.
"""

from __future__ import annotations

import json

import pytest

from asnrules.engine.candidates import Selection
from asnrules.engine.generation import Generation, Outcome, Wanted
from asnrules.pools import parse_candidates
from engine.building import POOL, Exposure, exposure, ruleset, work_of

LONE = "[('c1001', 'direct_image')]"
OTHER = "[('c1002', 'direct_image')]"
MIXED = "[('o001', 'observation'), ('c1001', 'direct_image')]"


def grism(filename: str, **values: str) -> Exposure:
    optics = {"instrume": "niriss", "detector": "nis", "filter": "gr150r", "pupil": "f150w"}
    own = {"subarray": "full", "asn_candidate": LONE}
    return exposure(f"{filename}_uncal.fits", "nis_wfss", **(optics | own | values))


def direct(filename: str, **values: str) -> Exposure:
    return grism(filename, **({"filter": "clear"} | values)) | {"exp_type": "nis_image"}


def nircam(one: Exposure, detector: str) -> Exposure:
    exp_type = one["exp_type"].replace("nis", "nrc")
    return one | {"exp_type": exp_type, "instrume": "nircam", "detector": detector}


def miri(one: Exposure) -> Exposure:
    exp_type = one["exp_type"].replace("nis", "mir")
    return one | {"exp_type": exp_type, "instrume": "miri", "detector": "mirimage"}


def pair(candidates: str) -> list[Exposure]:
    """Give a direct image and a grism exposure of the same candidates."""
    return [direct("a", asn_candidate=candidates), grism("b", asn_candidate=candidates)]


POOLS: dict[str, tuple[list[Exposure], list[str]]] = {
    "two grisms": ([direct("a"), grism("b"), grism("c", targetid="8")], []),
    "two candidates": (
        [
            direct("a"),
            direct("b", asn_candidate=OTHER, pupil="f200w"),
            grism("c", asn_candidate=OTHER),
            grism("d"),
            grism("e", asn_candidate=OTHER),
        ],
        [],
    ),
    "two programs": (
        [direct("a", program="2"), grism("b"), grism("c", program="2", asn_candidate=LONE)],
        [],
    ),
    "a direct image of an observation": ([direct("a", asn_candidate=MIXED), grism("b")], []),
    "a grism of an observation": ([direct("a"), grism("b", asn_candidate=MIXED)], []),
    "a companion of an observation": (
        [direct("a"), grism("b"), grism("c", bkgdtarg="t", asn_candidate=MIXED)],
        [],
    ),
    "a companion": ([direct("a"), grism("b", bkgdtarg="t"), grism("c")], []),
    "other instruments": (
        [
            nircam(direct("a"), "nrca1"),
            nircam(direct("b"), "nrcalong"),
            nircam(grism("c"), "nrcalong"),
            miri(direct("d")),
            miri(grism("e")),
        ],
        [],
    ),
    "no direct image": ([grism("a"), grism("b")], []),
    "no space": (pair(LONE.replace(" ", "")), []),
    "a tuple": (pair("(('c1001', 'direct_image'),)"), []),
    "three digits": (pair("[('c101', 'direct_image')]"), []),
    "an observation": (pair("[('o001', 'observation')]"), []),
    "two types": (pair("[('c1001', 'direct_image'), ('c1001', 'background')]"), []),
    "merged": (
        [
            direct("a"),
            grism("b"),
            grism("c"),
            direct("d", asn_candidate=OTHER),
            grism("e", asn_candidate=OTHER),
        ],
        ["--merge"],
    ),
    "a version": ([direct("a"), grism("b")], ["--version-id", "v1"]),
    "DMS mode": ([direct("a"), grism("b")], ["--DMS"]),
    "selected": ([direct("a"), grism("b")], ["-i", "c1001"]),
    "selected in DMS mode": ([direct("a"), grism("b")], ["-i", "c1001", "--DMS"]),
    "an error": ([direct("a"), grism("b", exposerr="bad"), grism("c")], []),
}


MADE: dict[str, list[str]] = {
    "two grisms": [
        "1-a3001_spec2_00001 discover 8: c+i2d t000_niriss_clear-f150w",
        "1-a3001_spec2_00002 discover 7: b+i2d t000_niriss_clear-f150w",
        "1-c1001_spec2_00001 candidate 8: c+i2d t000_niriss_clear-f150w",
        "1-c1001_spec2_00002 candidate 7: b+i2d t000_niriss_clear-f150w",
    ],
    "two candidates": [
        "1-a3001_spec2_00001 discover 7: e+i2d t000_niriss_clear-f200w",
        "1-a3001_spec2_00002 discover 7: c+i2d t000_niriss_clear-f200w",
        "1-a3001_spec2_00003 discover 7: d+i2d t000_niriss_clear-f150w",
        "1-c1001_spec2_00001 candidate 7: d+i2d t000_niriss_clear-f150w",
        "1-c1002_spec2_00001 candidate 7: e+i2d t000_niriss_clear-f200w",
        "1-c1002_spec2_00002 candidate 7: c+i2d t000_niriss_clear-f200w",
    ],
    "two programs": [
        "2-a3001_spec2_00001 discover 7: c+i2d t000_niriss_clear-f150w",
        "2-a3001_spec2_00002 discover 7: b+i2d t000_niriss_clear-f150w",
        "2-c1001_spec2_00001 candidate 7: c+i2d t000_niriss_clear-f150w",
        "2-c1001_spec2_00002 candidate 7: b+i2d t000_niriss_clear-f150w",
    ],
    "a direct image of an observation": [
        "1-c1001_spec2_00001 candidate 7: b+i2d t000_niriss_clear-f150w",
        "1-o001_image2_00001 candidate 7: a",
    ],
    "a grism of an observation": [
        "1-c1001_spec2_00001 candidate 7: b+i2d t000_niriss_clear-f150w",
    ],
    "a companion of an observation": [
        "1-c1001_spec2_00001 candidate 7: b+c background+i2d t000_niriss_clear-f150w",
        "1-o001_spec2_00001 candidate 7: c",
    ],
    "a companion": [
        "1-a3001_spec2_00001 discover 7: b background+c+i2d t000_niriss_clear-f150w",
        "1-c1001_spec2_00001 candidate 7: b background+c+i2d t000_niriss_clear-f150w",
    ],
    "other instruments": [
        "1-a3001_spec2_00001 discover 7: e+i2d t000_miri_clear",
        "1-a3001_spec2_00002 discover 7: c+i2d t000_nircam_clear-f150w",
        "1-c1001_spec2_00001 candidate 7: e+i2d t000_miri_clear",
        "1-c1001_spec2_00002 candidate 7: c+i2d t000_nircam_clear-f150w",
    ],
    "no direct image": [],
    "no space": [
        "1-c1001_spec2_00001 candidate 7: b+i2d t000_niriss_clear-f150w",
    ],
    "a tuple": [
        "1-c1001_spec2_00001 candidate 7: b+i2d t000_niriss_clear-f150w",
    ],
    "three digits": [],
    "an observation": [
        "1-o001_image2_00001 candidate 7: a",
        "1-o001_spec2_00001 candidate 7: b+i2d t007_niriss_clear-f150w",
    ],
    "two types": [
        "1-c1001_spec2_00001 candidate 7: b+i2d t000_niriss_clear-f150w",
    ],
    "merged": [
        "1-a3001_spec2_00001 discover 7: b+i2d t000_niriss_clear-f150w, "
        "c+i2d t000_niriss_clear-f150w, e+i2d t000_niriss_clear-f150w",
        "1-c1001_spec2_00001 candidate 7: b+i2d t000_niriss_clear-f150w, "
        "c+i2d t000_niriss_clear-f150w",
        "1-c1002_spec2_00001 candidate 7: e+i2d t000_niriss_clear-f150w",
    ],
    "a version": [
        "1-a3001_v1_spec2_00001 discover 7: b+i2d t000_niriss_clear-f150w",
        "1-c1001_v1_spec2_00001 candidate 7: b+i2d t000_niriss_clear-f150w",
    ],
    "DMS mode": [
        "1-a3001_spec2_00001 discover 7: b+i2d t000_niriss_clear-f150w",
        "1-c1001_spec2_00001 candidate 7: b+i2d t000_niriss_clear-f150w",
    ],
    "selected": [
        "1-c1001_spec2_00001 candidate 7: b+i2d t000_niriss_clear-f150w",
    ],
    "selected in DMS mode": [
        "1-c1001_spec2_00001 candidate 7: b+i2d t000_niriss_clear-f150w",
    ],
    "an error": [
        "1-a3001_spec2_00001 discover 7: c+i2d t000_niriss_clear-f150w",
        "1-a3001_spec2_00002 discover 7: b+i2d t000_niriss_clear-f150w",
        "1-c1001_spec2_00001 candidate 7: c+i2d t000_niriss_clear-f150w",
        "1-c1001_spec2_00002 candidate 7: b+i2d t000_niriss_clear-f150w",
    ],
}


def outcome_of(name: str, label: str = "jwst-3.0.0") -> Outcome:
    pool, arguments = POOLS[name]
    work = work_of(pool, rules=ruleset(label))
    texts = {work.value(place, "asn_candidate") or "" for place in range(len(work.rows))}
    candidates = {text: parse_candidates(text) for text in texts}
    ids = frozenset({"c1001"} if "-i" in arguments else ())
    wanted = Wanted(
        selection=Selection(ids, dms="--DMS" in arguments),
        merge="--merge" in arguments,
        version_id="v1" if "--version-id" in arguments else None,
    )
    return Generation(work, candidates, [POOL] * len(work.rows), wanted).run()


def shown(outcome: Outcome) -> list[str]:
    """Give number, origin, target and the members but for catalogs of each association."""
    found = []
    for one in outcome.associations:
        document = json.loads(one.text("test"))
        products = sorted(
            "+".join(sorted(filter(None, map(member_shown, product["members"]))))
            for product in document["products"]
        )
        name = one.asn_name.removeprefix("jw0000").removesuffix("_asn")
        origin = document["asn_rule"].partition("_Asn")[0]
        found.append(f"{name} {origin} {document['target']}: {', '.join(products)}")
    return sorted(found)


def member_shown(member: dict[str, str]) -> str | None:
    """Give a member in short: the exposure, or the optics of the direct image."""
    expname, exptype = member["expname"], member["exptype"]
    if exptype in {"sourcecat", "segmap"}:
        return None
    if exptype == "direct_image":
        return f"i2d {expname.partition('_')[2].removesuffix('_i2d.fits')}"
    return expname.removesuffix("_rate.fits") + ("" if exptype == "science" else f" {exptype}")


@pytest.mark.parametrize("name", POOLS)
def test_equals_jwst_3_0_0(name: str) -> None:
    assert shown(outcome_of(name)) == MADE[name]


@pytest.mark.parametrize("name", POOLS)
def test_nothing_is_discovered_by_the_rules_of_1_3_0(name: str) -> None:
    assert {one.asn_id for one in outcome_of(name, "jwst-1.2.1").associations} <= {"o001"}


def test_discovered_ones_say_what_they_have_in_common() -> None:
    discovered, made = outcome_of("a version").associations
    assert discovered.keys == f"candidate = {LONE} (ASN_CANDIDATE); instrument = niriss (INSTRUME)"
    assert made.keys == "instrument = niriss (INSTRUME)"
    assert (discovered.asn_id, discovered.candidate_type) == ("a3001", "discovered")


def test_a_direct_image_whose_products_are_members_is_used() -> None:
    outcome = outcome_of("two grisms")
    root = "jw00001-c1001_t000_niriss_clear-f150w"
    assert outcome.memberships[0] == 0
    assert outcome.reasons == {
        0: f"it is used as a direct image: {root}_i2d.fits, {root}_cat.ecsv and {root}_segm.fits, "
        "made of it, are members of jw00001-c1001_spec2_00001_asn and 1 more"
    }


def test_a_direct_image_that_another_stands_for_is_not_called_used() -> None:
    pool = [direct("a"), direct("b", pupil="f200w"), grism("c")]
    work = work_of(pool)
    names = [POOL] * len(work.rows)
    outcome = Generation(work, {LONE: parse_candidates(LONE)}, names).run()
    assert outcome.reasons[0].startswith("it is used as a direct image")
    assert outcome.reasons[1] == "candidate c1001 is of type direct_image"


def test_watching_an_exposure_tells_its_discovered_associations() -> None:
    work = work_of(POOLS["two grisms"][0])
    wanted = Wanted(watched=1)
    names = [POOL] * len(work.rows)
    outcome = Generation(work, {LONE: parse_candidates(LONE)}, names, wanted).run()
    kept = [fate.candidate[0] for fate in outcome.fates if fate.association is not None]
    assert kept == ["a3001", "c1001"]
