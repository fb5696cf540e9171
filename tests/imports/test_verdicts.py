"""The verdict on associations that were made elsewhere, and what is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from asnrules.associations.model import DEGRADED
from asnrules.catalog.open import upgrade_catalog
from asnrules.workflows.import_associations import ImportedFile, ImportOptions, import_associations
from cli.small_pools import nrc_image, without, write_pool
from imports.foreign import NAME, constraints, document, member, stem, write
from seeds import connected

pytestmark = pytest.mark.usefixtures("read_once")

EXPOSURES = [
    nrc_image(4, exp_type="nrc_dark"),
    nrc_image(1),
    nrc_image(2),
    nrc_image(3, bkgdtarg="t"),
    nrc_image(5, exposerr="moving_shutter", asn_candidate="[('o002', 'observation')]"),
    nrc_image(6, asn_candidate="null"),
]
OURS = (member(1), member(3, "background"))


@pytest.fixture
def catalog(engine_name: str, templates: Any) -> Engine:
    """Give a catalog of each engine in turn, to whose record all of these tests add."""
    return connected(templates.get(engine_name, "verdicts", upgrade_catalog))


@pytest.fixture
def pool(tmp_path: Path) -> str:
    return write_pool(tmp_path / "pool.csv", *EXPOSURES)


def judge(
    engine: Engine, folder: Path, given: dict[str, Any], *pools: str, name: str = NAME
) -> ImportedFile:
    (file,) = judged(engine, [write(folder, given, name)], *pools)
    return file


def judge_all(
    engine: Engine, folder: Path, given: Sequence[dict[str, Any]], *pools: str
) -> list[ImportedFile]:
    """Judge several documents in one run."""
    names = (f"jw00001-o001_image2_{number:05}_asn" for number in range(len(given)))
    paths = [write(folder, one, name) for one, name in zip(given, names, strict=True)]
    return judged(engine, paths, *pools)


def judged(engine: Engine, paths: Sequence[str], *pools: str) -> list[ImportedFile]:
    report = import_associations(engine, paths, ImportOptions(pools=pools, ruleset="jwst-3.0.0"))
    assert report.errors == []
    assert [file.file for file in report.files] == list(paths)
    return report.files


def said(file: ImportedFile) -> tuple[str, str]:
    """Give the verdict, and the explanation less the ruleset."""
    assert file.explanation.endswith("; rules: jwst-3.0.0, as asked")
    return file.verdict, file.explanation.removesuffix("; rules: jwst-3.0.0, as asked")


# ------------------------------------------------------------------ explained


def test_what_the_rules_make_is_explained(catalog: Engine, tmp_path: Path, pool: str) -> None:
    given = [
        document(*OURS),
        document(*reversed(OURS)) | {"products": [{"name": stem(1), "members": list(OURS)[::-1]}]},
        document(*OURS, asn_pool="another", version_id="v2", code_version=None, constraints=7),
        document(member(1, exposerr=None), member(3, "background", exposerr="")),
    ]
    assert [said(file) for file in judge_all(catalog, tmp_path, given, pool)] == [
        ("explained", "the rules make exactly this: image2 by Asn_Lv2Image for candidate o001")
    ] * len(given)


def test_the_sequence_number_does_not_count(catalog: Engine, tmp_path: Path, pool: str) -> None:
    found = judge(catalog, tmp_path, document(*OURS), pool, name="jw00001-o001_image2_00042_asn")
    assert found.verdict == "explained"


def test_what_is_explained_may_differ_from_the_table(
    catalog: Engine, tmp_path: Path, pool: str
) -> None:
    given = document(member(3), asn_rule="candidate_Asn_Lv2ImageSpecial")
    verdict, explanation = said(judge(catalog, tmp_path, given, pool))
    assert verdict == "explained"
    assert explanation.startswith(
        "the rules make exactly this: image2 by Asn_Lv2ImageSpecial for candidate o001; "
        "the table 2026-03-20 has no row for NRC_IMAGE with BACKGROUND, a known difference: "
    )


def test_target_and_status_are_remarked_upon(catalog: Engine, tmp_path: Path, pool: str) -> None:
    given = document(*OURS, target="7", degraded_status="One or more members have an error.")
    assert said(judge(catalog, tmp_path, given, pool)) == (
        "explained",
        "the rules make this: image2 by Asn_Lv2Image for candidate o001; "
        "its target is 7, 1 by the rules; "
        "its degraded_status is 'One or more members have an error.', "
        "by the rules 'No known degraded exposures in association.'",
    )


def test_a_prefix_of_another_kind_of_candidate_is_told(
    catalog: Engine, tmp_path: Path, pool: str
) -> None:
    given = document(*OURS, asn_rule="discover_Asn_Lv2Image")
    assert said(judge(catalog, tmp_path, given, pool)) == (
        "explained",
        "the rules make this: image2 by Asn_Lv2Image for candidate o001; "
        "its asn_rule begins with discover_, candidate_ by the rules",
    )


@pytest.mark.parametrize("degraded", [0, 1, 2])
def test_a_file_that_joins_products_is_degraded_if_one_is(
    catalog: Engine, tmp_path: Path, degraded: int
) -> None:
    errors = {degraded: "moving_shutter"}
    pool = write_pool(
        tmp_path / "pool.csv", *(nrc_image(at, exposerr=errors.get(at, "null")) for at in (1, 2))
    )
    products = [
        {"name": stem(at), "members": [member(at, exposerr=errors.get(at, "null"))]}
        for at in (1, 2)
    ]
    given = document(products=products)
    begin = "it joins 2 products, each as the rules make it: image2 by Asn_Lv2Image for candidate "
    if degraded:
        given["degraded_status"] = DEGRADED
    assert said(judge(catalog, tmp_path, given, pool)) == ("explained", f"{begin}o001")
    if not degraded:
        given["degraded_status"] = DEGRADED
        text = "; its degraded_status is 'One or more members have an error associated with them. "
        assert text in judge(catalog, tmp_path, given, pool).explanation


@pytest.mark.parametrize(
    ("degraded", "says"),
    [
        (1, f"{stem(1)}_rate.fits has an error, but its degraded_status is that of the first of "
            "the associations that are merged, which has none"),
        (2, "its degraded_status is 'No known degraded exposures in association.', by the rules "
            "'One or more members have an error associated with them. Details can be found in the "
            "member.exposerr attribute.'"),
    ],
)  # fmt: skip
def test_a_file_that_joins_products_tells_of_no_error_in_one_of_them(
    catalog: Engine, tmp_path: Path, degraded: int, says: str
) -> None:
    # The rules make the association of the second first, so that merging keeps its status.
    errors = {at: "moving_shutter" if at == degraded else "null" for at in (1, 2)}
    pool = write_pool(tmp_path / "pool.csv", *(nrc_image(at, exposerr=errors[at]) for at in (1, 2)))
    products = [{"name": stem(at), "members": [member(at, exposerr=errors[at])]} for at in (1, 2)]
    verdict, explanation = said(judge(catalog, tmp_path, document(products=products), pool))
    assert (verdict, explanation.partition("; ")[2]) == ("explained", says)


def test_a_product_may_be_merged_of_several(catalog: Engine, tmp_path: Path) -> None:
    star = nrc_image(1, exp_type="nrc_coron", is_psf="t", pupil="maskbar", detector="nrca4")
    pool = write_pool(tmp_path / "pool.csv", star)
    members = [member(1, expname=f"{stem(1)}_{kind}.fits") for kind in ("rateints", "rate")]
    given = document(*members, asn_rule="candidate_Asn_Lv2ImageSpecial")
    given["products"][0]["name"] = stem(1)
    assert said(judge(catalog, tmp_path, given, pool)) == (
        "explained",
        "the rules make exactly this: image2, 1 by Asn_Lv2ImageSpecial, 1 by Asn_Lv2CoronAsRate, "
        "for candidate o001, merged",
    )


def test_a_compressed_file_is_told_from_that_of_the_pools(
    catalog: Engine, tmp_path: Path, pool: str
) -> None:
    name = f"{stem(1)}_rate.fits"
    given = document(member(1, expname=f"{name}.gz"), member(3, "background"))
    verdict, explanation = said(judge(catalog, tmp_path, given, pool))
    assert verdict == "unexplained"
    assert f"not in the pools that were given: {name}.gz ({name} is)" in explanation


def test_an_error_of_an_exposure_belongs_to_it(catalog: Engine, tmp_path: Path, pool: str) -> None:
    given = document(member(5, exposerr="Moving_Shutter"), asn_id="o002")
    assert judge(catalog, tmp_path, given, pool).verdict == "explained"
    given = document(member(5), asn_id="o002")
    assert said(judge(catalog, tmp_path, given, pool)) == (
        "differs", f"the error of {stem(5)}_rate.fits is none, moving_shutter in the pool",
    )  # fmt: skip


@pytest.mark.parametrize(("number", "asn_id"), [(5, "o002"), (2, "o001")])
def test_an_error_that_is_not_told_does_not_differ(
    catalog: Engine, tmp_path: Path, pool: str, number: int, asn_id: str
) -> None:
    members = [without(member(number), "exposerr")]
    if number == 2:
        members.append(member(3, "background"))
    given = document(*members, asn_id=asn_id, degraded_status="")
    del given["degraded_status"]
    given["products"][0]["name"] = stem(number)
    assert said(judge(catalog, tmp_path, given, pool)) == (
        "explained",
        f"the rules make this: image2 by Asn_Lv2Image for candidate {asn_id}; "
        "it has no degraded_status; some members have no exposerr",
    )


def test_a_candidate_worked_alone_is_explained(catalog: Engine, tmp_path: Path) -> None:
    # In the whole pool the association of c1000, which has the background, stands for both.
    both = "[('o001', 'observation'), ('c1000', 'background')]"
    pool = write_pool(
        tmp_path / "pool.csv",
        nrc_image(1, asn_candidate=both),
        nrc_image(3, bkgdtarg="t", asn_candidate="[('c1000', 'background')]"),
    )
    whole = document(*OURS, asn_id="c1000")
    alone = document(member(1))
    assert said(judge(catalog, tmp_path, whole, pool)) == (
        "explained", "the rules make exactly this: image2 by Asn_Lv2Image for candidate c1000",
    )  # fmt: skip
    assert said(judge(catalog, tmp_path, alone, pool)) == (
        "explained",
        "the rules make exactly this: image2 by Asn_Lv2Image for candidate o001, "
        "if only this candidate is selected; for the whole pool, jw00001-c1000_image2_00001_asn "
        f"stays in its place, which has {stem(3)}_rate.fits (background) as well",
    )


def test_merged_associations_are_explained(catalog: Engine, tmp_path: Path, pool: str) -> None:
    products = [
        {"name": stem(number), "members": [member(number), member(3, "background")]}
        for number in (1, 2)
    ]
    # The background's own association gives the rule to what is merged, as it comes first.
    products.insert(0, {"name": stem(3), "members": [member(3)]})
    given = document(products=products, asn_rule="candidate_Asn_Lv2ImageSpecial")
    verdict, explanation = said(judge(catalog, tmp_path, given, pool))
    assert (verdict, explanation.partition(";")[0]) == (
        "explained",
        "it joins 3 products, each as the rules make it: image2, 1 by Asn_Lv2ImageSpecial, "
        "2 by Asn_Lv2Image, for candidate o001",
    )
    del products[1]
    assert said(judge(catalog, tmp_path, given, pool)) == (
        "differs", f"the rules have product {stem(1)}, but the file does not",
    )  # fmt: skip


# ------------------------------------------------------------------ differs


def test_of_several_products_the_one_that_differs_is_named(
    catalog: Engine, tmp_path: Path, pool: str
) -> None:
    products = [
        {"name": stem(3), "members": [member(3)]},
        {"name": stem(1), "members": [member(1), member(3, "background")]},
        {"name": stem(2), "members": [member(2)]},
    ]
    given = document(products=products, asn_rule="candidate_Asn_Lv2ImageSpecial")
    assert said(judge(catalog, tmp_path, given, pool)) == (
        "differs",
        f"product {stem(2)}: the rules have {stem(3)}_rate.fits (background), but the file does "
        "not",
    )


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ([member(5, exposerr="moving_shutter")], ""),
        ([member(5), member(3, "background")],
         f"; product {stem(5)}: the file has {stem(3)}_rate.fits (background), but the rules do "
         "not"),
    ],
)  # fmt: skip
def test_a_product_of_another_candidate_is_told_as_such(
    catalog: Engine, tmp_path: Path, pool: str, members: list[dict[str, Any]], says: str
) -> None:
    background = member(3, "background")
    products = [
        {"name": stem(3), "members": [member(3)]},
        {"name": stem(1), "members": [member(1), background]},
        {"name": stem(2), "members": [member(2), background]},
        {"name": stem(5), "members": members},
    ]
    given = document(products=products, asn_rule="candidate_Asn_Lv2ImageSpecial")
    assert said(judge(catalog, tmp_path, given, pool)) == (
        "differs",
        f"by the rules, product {stem(5)} is image2 by Asn_Lv2Image for candidate o002{says}",
    )


DIFFERING: list[tuple[dict[str, Any], str]] = [
        (
            document(*OURS, asn_rule="candidate_Asn_Lv2WFSC"),
            "rule Asn_Lv2WFSC, Asn_Lv2Image by the rules",
        ),
        (document(*OURS, program="00002"), "program 00002, 00001 by the rules"),
        (
            document(member(1)),
            f"the rules have {stem(3)}_rate.fits (background), but the file does not",
        ),
        (
            document(*OURS, member(2, "background")),
            f"the file has {stem(2)}_rate.fits (background), but the rules do not: "
            "BKGDTARG f, wanted: t",
        ),
        (
            document(member(1), member(3, "imprint")),
            f"{stem(3)}_rate.fits is imprint, background by the rules: "
            "Asn_Lv2Image takes no imprint, nor does any other rule for its EXP_TYPE",
        ),
        (
            document(member(1), member(3, "background", expname=f"{stem(3)}_rateints.fits")),
            f"{stem(3)}_rateints.fits stands for {stem(3)}_rate.fits",
        ),
        (
            document(*OURS) | {"products": [{"name": "mine", "members": list(OURS)}]},
            f"product mine, {stem(1)} by the rules",
        ),
        (
            document(*OURS, asn_id="o002"),
            "these are the members of the association of candidate o001, but asn_id is o002",
        ),
        (
            document(*OURS, asn_id="c1000"),
            "the pools have no candidate c1000; "
            "these are the members of the association of candidate o001, but asn_id is c1000",
        ),
        (
            document(member(6)),
            f"the rules make none with {stem(6)}_uncal.fits as science: "
            "it belongs to no candidate",
        ),
        (
            document(member(1, "background"), member(3, "background")),
            f"{stem(1)}_rate.fits is background, science by the rules",
        ),
        (
            document(products=[{"name": "mine", "members": [member(1, "background")]}]),
            "it names no science, and the rules make none without",
        ),
]  # fmt: skip


def test_how_it_differs(catalog: Engine, tmp_path: Path, pool: str) -> None:
    given = [one for one, _ in DIFFERING]
    found = [said(file) for file in judge_all(catalog, tmp_path, given, pool)]
    assert found == [("differs", how) for _, how in DIFFERING]


def test_many_differences_are_counted(catalog: Engine, tmp_path: Path) -> None:
    exposures = [nrc_image(number) for number in range(1, 30)]
    pool = write_pool(tmp_path / "pool.csv", *exposures)
    given = document(member(1), *[member(number, "background") for number in range(2, 30)])
    verdict, explanation = said(judge(catalog, tmp_path, given, pool))
    assert verdict == "differs"
    first = ", ".join(f"{stem(number)}_rate.fits" for number in range(2, 8))
    assert explanation == (
        f"the file has {first} and 22 more (background), but the rules do not: BKGDTARG f, "
        "wanted: t"
    )


def test_the_order_of_rows_is_blamed_where_it_matters(catalog: Engine, tmp_path: Path) -> None:
    # Reference stars that are backgrounds too: the first of them decides what the others are.
    star = {"is_psf": "t", "bkgdtarg": "t"}
    exposures = [nrc_image(1, is_psf="f"), nrc_image(2, **star), nrc_image(3, **star)]
    pool = write_pool(tmp_path / "pool.csv", *exposures)
    verdict, explanation = said(
        judge(catalog, tmp_path, document(member(1), member(2, "imprint")), pool)
    )
    assert verdict == "differs"
    assert explanation.endswith(
        "for its exposures, jwst's own answer depends on the order of the rows"
    )


# ------------------------------------------------------------------ contradicts


def test_the_table_has_another_type(catalog: Engine, tmp_path: Path, pool: str) -> None:
    given = document(*OURS, asn_type="spec2")
    assert said(judge(catalog, tmp_path, given, pool)) == (
        "contradicts",
        "its type is spec2, but the table 2026-03-20 has image2 for NRC_IMAGE "
        "(EXP_TYPE of the pool); type spec2, image2 by the rules",
    )


def test_the_table_has_no_association(catalog: Engine, tmp_path: Path, pool: str) -> None:
    given = document(member(4))
    assert said(judge(catalog, tmp_path, given, pool)) == (
        "contradicts",
        "its type is image2, but the table 2026-03-20 has no association for NRC_DARK "
        f"(EXP_TYPE of the pool); the rules make none with {stem(4)}_uncal.fits as science: "
        "no rule takes its EXP_TYPE",
    )


def test_the_constraints_tell_the_exp_type(catalog: Engine, tmp_path: Path) -> None:
    told = [
        ("nrc_dark", "image2", "no association for NRC_DARK"),
        ("nrs_mimf", "wfs-image2", "image2 for NRS_MIMF"),
        ("nrc_dark|nrc_flat", "image2", "no association for NRC_DARK, no association for NRC_FLAT"),
        (r"mir_lrs\\-slitless", "tso-spec2", "spec2 for MIR_LRS-SLITLESS"),
    ]
    given = [document(asn_type=type_, constraints=constraints(name)) for name, type_, _ in told]
    assert [said(file) for file in judge_all(catalog, tmp_path, given)] == [
        (
            "contradicts",
            f"its type is {asn_type}, but the table 2026-03-20 has {says} "
            "(EXP_TYPE by its constraints)",
        )
        for _, asn_type, says in told
    ]


OF_2022 = [
    ("nrs_mimf", "wfs-image2", "unexplained", "wfs-image2", "image2"),
    ("nrs_mimf", "image2", "unexplained", "wfs-image2", "image2"),
    ("nrs_mimf", "spec2", "contradicts", "wfs-image2", "image2"),
    ("mir_wfss", "spec2", "unexplained", "no row", "spec2"),
    ("nrc_image", "image2", "unexplained", "image2", None),
    ("nrc_image", "spec2", "contradicts", "image2", None),
    ("nrc_grism", "spec2", "contradicts", "no association", None),
]


def test_the_table_that_counts_is_that_of_its_own_time(catalog: Engine, tmp_path: Path) -> None:
    given = [
        document(asn_type=asn_type, constraints=constraints(name), version_id="20220815t101500")
        for name, asn_type, *_ in OF_2022
    ]
    files = judge_all(catalog, tmp_path, given)
    for file, (exp_type, _, verdict, then, now) in zip(files, OF_2022, strict=True):
        found, explanation = said(file)
        assert found == verdict
        name = exp_type.upper()
        table = "the table in force when it was made, 2021-06-15, has"
        assert f"{table} {then} for {name}" in explanation
        assert explanation.count("2021-06-15") == 1
        today = f"2026-03-20, which jwst-3.0.0 implements, has {now} for {name}"
        assert ("2026-03-20" in explanation, today in explanation) == (now is not None,) * 2


def test_a_type_that_its_table_has_contradicts_nothing(catalog: Engine, tmp_path: Path) -> None:
    # NRC_GRISM made associations until 2021-06-15.
    given = document(asn_type="spec2", constraints=constraints("nrc_grism"))
    for version_id, verdict in (
        ("20210401t101500", "unexplained"), ("20220815t101500", "contradicts"),
    ):  # fmt: skip
        found = judge(catalog, tmp_path, given | {"version_id": version_id})
        assert found.verdict == verdict


def test_the_pool_tells_what_the_table_of_its_time_has(catalog: Engine, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image(1, exp_type="nrs_mimf", instrume="nirspec"))
    given = document(asn_type="wfs-image2", version_id="20220815t101500")
    verdict, explanation = said(judge(catalog, tmp_path, given, pool))
    assert verdict == "differs"
    assert explanation.startswith("type wfs-image2, image2 by the rules; ")
    assert explanation.endswith(
        "the table in force when it was made, 2021-06-15, has wfs-image2 for NRS_MIMF; "
        "2026-03-20, which jwst-3.0.0 implements, has image2 for NRS_MIMF"
    )
    untimed = given | {"version_id": None, "asn_pool": "pool"}
    assert said(judge(catalog, tmp_path, untimed, pool))[0] == "contradicts"


def test_a_type_that_no_table_has_in_any_row(catalog: Engine, tmp_path: Path) -> None:
    # wfs-image2 is in no row since 2026-01-23.
    given = document(asn_type="wfs-image2", constraints=None)
    then = given | {"version_id": "20220815t101500"}
    assert judge(catalog, tmp_path, then).verdict == "unexplained"
    assert said(judge(catalog, tmp_path, given)) == (
        "contradicts",
        "its type is wfs-image2, but the table 2026-03-20 has it for no EXP_TYPE at all",
    )


def test_known_differences_and_what_may_be_are_no_contradiction(
    catalog: Engine, tmp_path: Path
) -> None:
    given = [
        document(asn_type=asn_type, constraints=constraints(exp_type))
        for exp_type, asn_type in (
            ("nrs_brightobj", "tso-spec2"),
            ("nrs_autoflat", "nrslamp-spec2"),
            ("mir_taconfirm", "image2"),
            ("nis_soss", "tso-spec2"),
            ("nrc_dark|nrc_image", "image2"),
            ("nrc_image|nrs_mystery", "image2"),
        )
    ]
    verdicts = [file.verdict for file in judge_all(catalog, tmp_path, given)]
    assert verdicts == ["unexplained"] * len(given)


def test_a_known_difference_has_to_hold_for_the_exposure(catalog: Engine, tmp_path: Path) -> None:
    # tso-image2 of NRC_IMAGE is known, but only with TSOVISIT=T.
    given = document(*OURS, asn_type="tso-image2")
    for tsovisit, verdict in (("f", "contradicts"), ("t", "differs")):
        pool = write_pool(
            tmp_path / "pool.csv",
            nrc_image(1, tsovisit=tsovisit), nrc_image(3, bkgdtarg="t", tsovisit=tsovisit),
        )  # fmt: skip
        assert judge(catalog, tmp_path, given, pool).verdict == verdict


# ------------------------------------------------------------------ unexplained


def test_without_a_pool_it_cannot_be_told(catalog: Engine, tmp_path: Path) -> None:
    given = document(*OURS, constraints=constraints("nrc_image"))
    assert said(judge(catalog, tmp_path, given)) == (
        "unexplained",
        "no pool was given to run the rules on (it names jw00001_20260801t101500_pool.csv); "
        "by its constraints, the table 2026-03-20 has image2 for NRC_IMAGE",
    )


def test_without_anything_it_cannot_be_told(catalog: Engine, tmp_path: Path) -> None:
    given = document(*OURS, asn_pool="")
    assert said(judge(catalog, tmp_path, given)) == (
        "unexplained",
        "no pool was given to run the rules on; "
        "its EXP_TYPE is not known either, as its constraints do not tell it",
    )


def test_a_known_difference_is_named(catalog: Engine, tmp_path: Path) -> None:
    given = document(asn_type="tso-spec2", asn_pool="", constraints=constraints("nrs_brightobj"))
    assert said(judge(catalog, tmp_path, given)) == (
        "unexplained",
        "no pool was given to run the rules on; "
        "by its constraints, the table 2026-03-20 has spec2 for NRS_BRIGHTOBJ; a known difference "
        "is: always a time series; spec2 only when flagged background or imprint",
    )


def test_an_exposure_that_is_not_in_the_pool(catalog: Engine, tmp_path: Path, pool: str) -> None:
    given = document(member(1), member(8, "background"), constraints=constraints("nrc_image"))
    assert said(judge(catalog, tmp_path, given, pool)) == (
        "unexplained",
        f"not in the pools that were given: {stem(8)}_rate.fits; "
        "by its constraints, the table 2026-03-20 has image2 for NRC_IMAGE",
    )


def test_an_exp_type_that_nobody_knows(catalog: Engine, tmp_path: Path) -> None:
    given = document(asn_pool="", constraints=constraints("nrc_mystery"))
    found = judge(catalog, tmp_path, given)
    assert (
        "by its constraints, the table 2026-03-20 has no row for NRC_MYSTERY" in found.explanation
    )
    pool = write_pool(tmp_path / "pool.csv", nrc_image(1, exp_type="nrc_mystery"))
    assert said(judge(catalog, tmp_path, document(), pool)) == (
        "differs",
        f"the rules make none with {stem(1)}_uncal.fits as science: "
        "no rule: the table has no row for NRC_MYSTERY; no rule takes its EXP_TYPE",
    )


def test_a_pool_without_errors_explains_what_has_none(catalog: Engine, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", without(nrc_image(1), "exposerr"))
    assert judge(catalog, tmp_path, document(), pool).verdict == "explained"
