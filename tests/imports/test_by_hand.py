"""Associations that no rule made: what `asn_from_list` of jwst writes for Stage 2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from asnrules.record.queries.associations import report_association
from asnrules.record.queries.history import exposure_history
from asnrules.record.queries.runs import report_run
from asnrules.record.verify import verify
from asnrules.report.rendering import page
from asnrules.workflows.import_associations import ImportedFile, ImportOptions, import_associations
from cli.small_pools import nrc_image, write_pool
from imports.foreign import NAME, document, member, stem, write

EXPOSURES = [nrc_image(1), nrc_image(2), nrc_image(3, bkgdtarg="t")]
RULES = "rules: jwst-3.0.0, as asked"


def listed(*numbers: int, suffix: str = "rate", **changes: Any) -> dict[str, Any]:
    """Write what `asn_from_list -r DMSLevel2bBase` writes: a product for each exposure."""
    given = document(
        asn_type="None", asn_rule="DMSLevel2bBase", program="noprogram", asn_id="a3001",
        constraints="No constraints", asn_pool="none", code_version="3.0.0",
        products=[
            {
                "name": stem(number),
                "members": [
                    {"expname": f"{stem(number)}_{suffix}.fits", "exptype": "science"}
                ],
            }
            for number in numbers
        ],
    )  # fmt: skip
    del given["target"]
    return given | changes


@pytest.fixture
def catalog_template(few_template: str) -> str:
    return few_template


@pytest.fixture
def pool(tmp_path: Path) -> str:
    return write_pool(tmp_path / "pool.csv", *EXPOSURES)


@pytest.fixture
def plain_pool(tmp_path: Path) -> str:
    return write_pool(tmp_path / "pool.csv", *EXPOSURES[:2])


def judge(engine: Engine, folder: Path, given: dict[str, Any], *pools: str) -> ImportedFile:
    path = write(folder, given)
    report = import_associations(engine, [path], ImportOptions(pools=pools, ruleset="jwst-3.0.0"))
    assert report.errors == []
    (file,) = report.files
    return file


def test_without_a_pool_it_is_unexplained(catalog: Engine, tmp_path: Path) -> None:
    found = judge(catalog, tmp_path, listed(1, 2))
    assert (found.asn_type, found.asn_rule) == (None, "DMSLevel2bBase")
    assert (found.verdict, found.explanation) == (
        "unexplained",
        f"made by hand (rule DMSLevel2bBase); no pool was given to compare it with; {RULES}",
    )


def test_each_product_is_compared_by_members_and_roles(
    catalog: Engine, tmp_path: Path, plain_pool: str
) -> None:
    found = judge(catalog, tmp_path, listed(1, 2), plain_pool)
    assert (found.verdict, found.explanation) == (
        "explained",
        "made by hand (rule DMSLevel2bBase), and as the rules make it: "
        f"product {stem(1)} is image2 by Asn_Lv2Image for candidate o001; "
        f"product {stem(2)} is image2 by Asn_Lv2Image for candidate o001; {RULES}",
    )


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            listed(1),
            f"product {stem(1)}: the rules have {stem(3)}_rate.fits (background), but the file "
            "does not",
        ),
        (
            listed(1, suffix="cal"),
            f"product {stem(1)}: {stem(1)}_cal.fits stands for {stem(1)}_rate.fits",
        ),
        (
            listed(3, asn_type="image2", asn_id="o007"),
            f"product {stem(3)}: candidate o007, o001 by the rules",
        ),
        (
            listed(3, program="00002"),
            f"product {stem(3)}: program 00002, 00001 by the rules",
        ),
        (
            listed(products=[{"name": "undefined", "members": [member(3, "background")]}]),
            "product undefined: it names no science, and the rules make none without",
        ),
    ],
)
def test_how_it_differs(
    catalog: Engine, tmp_path: Path, pool: str, given: dict[str, Any], says: str
) -> None:
    found = judge(catalog, tmp_path, given, pool)
    assert found.verdict == "differs"
    assert says in found.explanation


@pytest.mark.parametrize(
    ("other", "exptype", "why"),
    [
        ({"filter": "f150w"}, "background", "FILTER f150w, wanted f200w"),
        ({"bkgdtarg": "f"}, "background", "BKGDTARG f, wanted: t"),
        (
            {"asn_candidate": "[('o002', 'observation')]"}, "background",
            "the observations are not linked: no candidate of type background has both",
        ),
        (
            {"bkgdtarg": "f"}, "selfcal",
            "Asn_Lv2Image takes no selfcal, nor does any other rule for its EXP_TYPE",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("rule", ["DMSLevel2bBase", "candidate_Asn_Lv2Image"])
def test_the_keyword_that_keeps_a_member_out_is_named(
    catalog: Engine, tmp_path: Path, other: dict[str, str], exptype: str, why: str, rule: str
) -> None:
    given = listed(1, asn_rule=rule, asn_type="image2", asn_id="o001", program="00001")
    given["products"][0]["members"].append(member(3, exptype))
    companion = nrc_image(3, **{"bkgdtarg": "t", **other})
    pool = write_pool(tmp_path / "pool.csv", nrc_image(1), companion)
    found = judge(catalog, tmp_path, given, pool)
    assert found.verdict == "differs"
    says = f"the file has {stem(3)}_rate.fits ({exptype}), but the rules do not: {why}; "
    assert says in found.explanation


def test_why_a_nod_is_no_background(catalog: Engine, tmp_path: Path, shared: Path) -> None:
    pool = shared / "parity" / "pool_024b_nirspec_fss_nods" / "pool.csv"
    if not pool.exists():
        pytest.skip("shared/ has no parity pools")
    roles = {1: "science", 3: "background", 5: "background", 7: "background", 9: "background"}
    members = [
        {"expname": f"jw_{number:05}_rate.fits", "exptype": role} for number, role in roles.items()
    ]
    given = listed(products=[{"name": "jw_00001", "members": members}])
    found = judge(catalog, tmp_path, given, str(pool))
    assert found.verdict == "differs"
    assert (
        "the file has jw_00003_rate.fits (background), but the rules do not: made without it: "
        "no background for jw_00001_uncal.fits, as it is at a neighbouring point of the pattern: "
        "PATT_NUM 2, that of the science 1; rules: "
    ) in found.explanation
    del members[1]
    assert judge(catalog, tmp_path, given, str(pool)).verdict == "explained"


def test_a_type_may_be_told_and_contradict(
    catalog: Engine, tmp_path: Path, plain_pool: str
) -> None:
    found = judge(catalog, tmp_path, listed(1, asn_type="image2"), plain_pool)
    assert (found.asn_type, found.verdict) == ("image2", "explained")
    found = judge(catalog, tmp_path, listed(1, asn_type="spec2"), plain_pool)
    assert found.verdict == "contradicts"
    assert found.explanation.startswith(
        "made by hand (rule DMSLevel2bBase); its type is spec2, but the table 2026-03-20 has "
        "image2 for NRC_IMAGE (EXP_TYPE of the pool); "
        f"product {stem(1)}: type spec2, image2 by the rules; "
    )


def test_products_alone_are_enough(catalog: Engine, tmp_path: Path, plain_pool: str) -> None:
    given = {"products": [{"members": listed(1)["products"][0]["members"]}]}
    found = judge(catalog, tmp_path, given, plain_pool)
    assert (found.verdict, found.asn_rule) == ("explained", "")
    assert found.explanation.startswith("made by hand (it names no rule), and as the rules make it")


def test_what_the_pool_does_not_have_is_named(
    catalog: Engine, tmp_path: Path, plain_pool: str
) -> None:
    found = judge(catalog, tmp_path, listed(1, 8), plain_pool)
    assert (found.verdict, found.explanation) == (
        "unexplained",
        "made by hand (rule DMSLevel2bBase); not in the pools that were given: "
        f"{stem(8)}_rate.fits; {RULES}",
    )


def test_what_the_pool_has_is_compared_even_so(
    catalog: Engine, tmp_path: Path, plain_pool: str
) -> None:
    given = listed(1)
    given["products"][0]["members"] += [member(8, "background"), member(2, "background")]
    found = judge(catalog, tmp_path, given, plain_pool)
    assert (found.verdict, found.explanation) == (
        "unexplained",
        "made by hand (rule DMSLevel2bBase); not in the pools that were given: "
        f"{stem(8)}_rate.fits; of the rest, product {stem(1)}: the file has {stem(2)}_rate.fits "
        f"(background), but the rules do not: BKGDTARG f, wanted: t; {RULES}",
    )


def test_the_record_answers_for_what_has_no_type(
    catalog: Engine, tmp_path: Path, plain_pool: str
) -> None:
    judge(catalog, tmp_path, listed(1), plain_pool)
    with catalog.connect() as connection:
        (one,) = report_association(connection, NAME)
        assert one.association.asn_type is None
        assert report_run(connection, 1).by_rule == [
            {"asn_type": None, "asn_rule": "DMSLevel2bBase", "associations": 1}
        ]
        (decision,) = exposure_history(connection, stem(1))
        assert [place.asn_type for place in decision.memberships] == [None]
        found = connection.exec_driver_sql("SELECT asn_type, pipeline FROM v_associations").all()
        assert [tuple(row) for row in found] == [(None, None)]
    assert "no type" in "".join(page(catalog, 1))


NOTHING = [
    ([], "it has no products, so that jwst makes nothing of it"),
    ([{"name": "a", "members": []}], "the product a has no members, so that jwst makes nothing"),
    ([{"members": [member(1, expname="")]}], "expname of the science names no file: ''"),
    ([{"members": [member(1, expname="d/")]}], "expname of the science names no file: 'd/'"),
]


@pytest.mark.parametrize(("products", "remark"), NOTHING)
@pytest.mark.parametrize("rule", ["DMSLevel2bBase", "candidate_Asn_Lv2Image"])
def test_what_names_no_file_is_judged(
    catalog: Engine, tmp_path: Path, pool: str, products: list[Any], remark: str, rule: str
) -> None:
    given = listed(asn_rule=rule, asn_id="o001", products=products)
    alone = judge(catalog, tmp_path, given)
    assert alone.verdict == "unexplained"
    assert remark in alone.explanation
    found = judge(catalog, tmp_path, given, pool)
    assert found.verdict == "differs"
    assert remark in found.explanation
    assert "and the rules make none without" in found.explanation
    assert found.by_rules == []
    with catalog.connect() as connection:
        for one in report_association(connection, NAME):
            assert [product.name for product in one.association.products] == [
                product.get("name", "") for product in products if product["members"]
            ]
    assert verify(catalog).findings == []
    assert NAME in "".join(page(catalog, 2))


def test_a_blank_member_beside_others_is_told(
    catalog: Engine, tmp_path: Path, plain_pool: str
) -> None:
    given = listed(1)
    given["products"][0]["members"].append(member(2, "background", expname=""))
    found = judge(catalog, tmp_path, given, plain_pool)
    assert found.verdict == "differs"
    assert "the file has a blank expname (background), but the rules do not" in found.explanation


def test_a_role_that_is_blank_is_told(catalog: Engine, tmp_path: Path, plain_pool: str) -> None:
    given = listed(1)
    given["products"][0]["members"].append(member(2, ""))
    found = judge(catalog, tmp_path, given, plain_pool)
    assert found.verdict == "differs"
    assert f"exptype of {stem(2)}_rate.fits is blank, so that jwst" in found.explanation


def test_members_of_one_kind_are_said_at_once(
    catalog: Engine, tmp_path: Path, plain_pool: str
) -> None:
    # What a notebook writes: all exposures of the detector, the science among them.
    given = listed(1)
    given["products"][0]["members"] += [member(number, "selfcal") for number in (1, 2, 2)]
    pool = write_pool(tmp_path / "pool.csv", *(nrc_image(number) for number in range(1, 10)))
    given["products"][0]["members"] += [member(number, "selfcal") for number in range(3, 10)]
    found = judge(catalog, tmp_path, given, pool)
    shown = ", ".join(f"{stem(number)}_rate.fits" for number in range(2, 8))
    assert found.verdict == "differs"
    assert found.explanation == (
        "made by hand (rule DMSLevel2bBase); "
        f"product {stem(1)}: {stem(2)}_rate.fits (selfcal) is listed twice; "
        f"product {stem(1)}: the file has {stem(1)}_rate.fits as selfcal too, the rules only as "
        f"science; product {stem(1)}: the file has {shown} and 2 more (selfcal), but the rules do "
        "not: Asn_Lv2Image takes no selfcal, nor does any other rule for its EXP_TYPE; "
        f"{RULES}"
    )


def test_the_name_of_a_product_is_for_its_maker_to_choose(
    catalog: Engine, tmp_path: Path, plain_pool: str
) -> None:
    given = listed(1, 2)
    given["products"][0]["name"] = "Level2"
    found = judge(catalog, tmp_path, given, plain_pool)
    assert found.verdict == "explained"
    assert (
        f"product level2 is image2 by Asn_Lv2Image for candidate o001, as {stem(1)}; "
        f"product {stem(2)} is image2 by Asn_Lv2Image for candidate o001; "
    ) in found.explanation


@pytest.fixture
def linked_pool(tmp_path: Path) -> str:
    """Give a pool that keeps the association of a background candidate, not of the observation."""
    own, linked = "('o001', 'observation')", "('c1001', 'background')"
    others = {"asn_candidate": f"[('o002', 'observation'), {linked}]", "bkgdtarg": "t"}
    return write_pool(
        tmp_path / "pool.csv",
        nrc_image(1, asn_candidate=f"[{own}, {linked}]"),
        *(nrc_image(number, **others) for number in (3, 4)),
        nrc_image(5, **others, filter="f150w"),
    )


HAND, BY_RULE = "DMSLevel2bBase", "candidate_Asn_Lv2Image"
TOLD = {"asn_type": "image2", "asn_id": "o001", "program": "00001"}
LACKS = f"the rules have {stem(3)}_rate.fits, {stem(4)}_rate.fits (background), but the file"


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ([member(3, "background")], f"the rules have {stem(4)}_rate.fits (background), but"),
        ([member(1, "selfcal")], f"the file has {stem(1)}_rate.fits as selfcal too, the rules"),
        (
            [member(5, "background")],
            f"{stem(5)}_rate.fits (background), but the rules do not: FILTER f150w, wanted f200w",
        ),
        ([member(8, "background")], LACKS),
        ([member(3, "odd")], f"{stem(3)}_rate.fits is odd, background by the rules"),
    ],
)
@pytest.mark.parametrize("told", [{}, {"asn_rule": BY_RULE, **TOLD}])
def test_what_the_pool_keeps_is_compared(
    catalog: Engine,
    tmp_path: Path,
    linked_pool: str,
    members: list[dict[str, Any]],
    says: str,
    told: dict[str, str],
) -> None:
    given = listed(1, **told)
    given["products"][0]["members"] += members
    found = judge(catalog, tmp_path, given, linked_pool)
    if "00008" not in members[0]["expname"]:
        assert found.verdict == "differs"
        assert says in found.explanation
    (kept,) = found.by_rules
    assert kept.asn_id == "c1001"
    assert [one.exptype for one in kept.products[0].members] == ["science"] + ["background"] * 2


@pytest.mark.parametrize("told", [{}, {"asn_rule": BY_RULE, **TOLD}])
def test_what_stays_in_place_of_what_one_candidate_makes(
    catalog: Engine, tmp_path: Path, linked_pool: str, told: dict[str, str]
) -> None:
    found = judge(catalog, tmp_path, listed(1, **told), linked_pool)
    assert found.verdict == "explained"
    assert (
        "image2 by Asn_Lv2Image for candidate o001, if only this candidate is selected; for the "
        "whole pool, jw00001-c1001_image2_00001_asn stays in its place, which has "
        f"{stem(3)}_rate.fits, {stem(4)}_rate.fits (background) as well"
    ) in found.explanation
    assert [one.asn_id for one in found.by_rules] == ["c1001"]


def test_two_sciences_in_one_product(catalog: Engine, tmp_path: Path, plain_pool: str) -> None:
    given = listed(1)
    given["products"][0]["members"].append(member(2))
    found = judge(catalog, tmp_path, given, plain_pool)
    assert found.verdict == "differs"
    assert (
        f"the file has {stem(2)}_rate.fits (science), but the rules do not: they make product "
        f"{stem(2)} of it"
    ) in found.explanation


def test_the_exposure_of_an_unknown_file_is_named(
    catalog: Engine, tmp_path: Path, plain_pool: str
) -> None:
    given = listed(1, suffix="1_rampfitstep")
    found = judge(catalog, tmp_path, given, plain_pool)
    assert found.verdict == "unexplained"
    assert (
        f"not in the pools that were given: {stem(1)}_1_rampfitstep.fits (its exposure "
        f"{stem(1)}_uncal.fits is)"
    ) in found.explanation


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"patttype": "4-point-dither"},
            "BKGDTARG f, wanted: t, and Asn_Lv2NRSIFUNod takes it as background, but not the "
            "science: PATTTYPE 4-point-dither, wanted: 2-point-nod or 4-point-nod; ",
        ),
        (
            {"patttype": "4-point-dither", "asn_candidate": "[('c1001', 'background')]"},
            "BKGDTARG f, wanted: t; ",
        ),
    ],
)
def test_the_pattern_that_makes_no_nods_is_named(
    catalog: Engine, tmp_path: Path, changes: dict[str, str], why: str
) -> None:
    linked = "[('o001', 'observation'), ('c1001', 'background')]"
    ifu = {
        "exp_type": "nrs_ifu", "instrume": "nirspec", "detector": "nrs1", "filter": "f170lp",
        "grating": "g235h", "mostilno": "1", "dithptin": "1", "asn_candidate": linked,
    }  # fmt: skip
    pool = write_pool(
        tmp_path / "pool.csv",
        nrc_image(1, **{**ifu, "patt_num": "1", "patttype": "4-point-dither"}),
        nrc_image(2, **{**ifu, "patt_num": "2", **changes}),
    )
    given = listed(1)
    given["products"][0]["members"].append(member(2, "background"))
    found = judge(catalog, tmp_path, given, pool)
    assert found.verdict == "differs"
    assert f"the file has {stem(2)}_rate.fits (background), but the rules do not: {why}" in (
        found.explanation
    )


def test_why_an_imprint_of_another_dither_is_left_out(catalog: Engine, tmp_path: Path) -> None:
    cube = {
        "exp_type": "nrs_ifu", "instrume": "nirspec", "detector": "nrs1", "filter": "f170lp",
        "grating": "g235h", "mostilno": "1", "patttype": "4-point-dither",
        "asn_candidate": "[('o001', 'observation'), ('c1001', 'background')]",
    }  # fmt: skip
    flags = [{}, {}, {"is_imprt": "t"}, {"is_imprt": "t"}, {"bkgdtarg": "t", "dithptin": "1"}]
    pool = write_pool(
        tmp_path / "pool.csv",
        *(
            nrc_image(number, **{
                **cube, "is_imprt": "f", "bkgdtarg": "f", "dithptin": str(2 - number % 2), **flag,
            })
            for number, flag in enumerate(flags, 1)
        ),
    )  # fmt: skip
    given = listed(1)
    given["products"][0]["members"] += [member(number, "imprint") for number in (3, 4)]
    found = judge(catalog, tmp_path, given, pool)
    assert (
        f"the file has {stem(4)}_rate.fits (imprint), but the rules do not: made without it: an "
        "imprint that fits its science better stays: its DITHPTIN is 2, that of the science 1; "
    ) in found.explanation


def slit_nod(number: int, **changes: str) -> dict[str, str]:
    """Give an exposure of a fixed slit, linked with others by a background candidate."""
    return nrc_image(
        number,
        **{
            "exp_type": "nrs_fixedslit", "instrume": "nirspec", "detector": "nrs1",
            "filter": "f290lp", "grating": "g395h", "fxd_slit": "s200a1", "expspcin": "1",
            "patt_num": str(number), "numdthpt": "3", "subpxpts": "1", "is_imprt": "f",
            "asn_candidate": "[('o001', 'observation'), ('c1001', 'background')]", **changes,
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"fxd_slit": "s200a2"},
            "(background), but the rules do not: FXD_SLIT s200a2, wanted s200a1",
        ),
        (
            {"asn_candidate": "[('o002', 'observation'), ('c1001', 'background')]"},
            "(background), but the rules do not: only candidate c1001 has both: candidate c1001 "
            "has no background for it",
        ),
        ({"is_imprt": "t"}, "is background, imprint by the rules: IS_IMPRT t, wanted: f"),
    ],
)
def test_what_keeps_an_exposure_from_being_a_nod(
    catalog: Engine, tmp_path: Path, changes: dict[str, str], why: str
) -> None:
    pool = write_pool(tmp_path / "pool.csv", slit_nod(1), slit_nod(2), slit_nod(3, **changes))
    given = listed(1)
    given["products"][0]["members"] += [member(number, "background") for number in (2, 3)]
    found = judge(catalog, tmp_path, given, pool)
    assert f"{stem(3)}_rate.fits {why}; " in found.explanation


def test_catalogs_of_ones_own_stand_for_those_of_the_rules(
    catalog: Engine, tmp_path: Path, shared: Path
) -> None:
    pool = shared / "parity" / "pool_019_niriss_wfss" / "pool.csv"
    if not pool.exists():
        pytest.skip("shared/ has no parity pools")
    own = {"sourcecat": "mine.ecsv", "segmap": "my_segm.fits", "direct_image": "my_i2d.fits"}
    members = [{"expname": name, "exptype": role} for role, name in own.items()]
    members.append({"expname": "jw_00002_rate.fits", "exptype": "science"})
    given = listed(products=[{"name": "jw_00002", "members": members}])
    found = judge(catalog, tmp_path, given, str(pool))
    stands = "jw99009-o001_t001_niriss_clear-f140m"
    assert found.explanation.startswith(
        "made by hand (rule DMSLevel2bBase); "
        f"product jw_00002: mine.ecsv stands for {stands}_cat.ecsv; "
        f"product jw_00002: my_segm.fits stands for {stands}_segm.fits; "
        f"product jw_00002: my_i2d.fits stands for {stands}_i2d.fits; "
    )
