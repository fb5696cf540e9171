"""Small pools by the rules of jwst 1.3.0: what that release made of each, run on the same rows."""

from __future__ import annotations

from dataclasses import replace

from asnrules.associations.model import Association
from engine.building import Exposure, exposure, outcome_of, ruleset, work_of

NIRSPEC = {"instrume": "nirspec", "detector": "nrs1", "filter": "f290lp", "grating": "g395h"}
MIRI = {"instrume": "miri", "detector": "mirimage", "filter": "f560w"}
NIRCAM = {"instrume": "nircam", "detector": "nrcalong", "filter": "f444w", "channel": "long"}
NIRISS = {"instrume": "niriss", "detector": "nis", "filter": "clear", "pupil": "f150w"}


def made(*exposures: Exposure) -> list[Association]:
    work = work_of(exposures, rules=ruleset("jwst-1.2.1"))
    return outcome_of(work).associations


def summary(*exposures: Exposure) -> list[tuple[str, str, str]]:
    """Give name, rule and members of each association."""
    return [
        (
            one.asn_name,
            one.asn_rule.removeprefix("Asn_Lv2"),
            " ".join(
                f"{member.expname.partition('.')[0]}:{member.exptype}"
                for member in one.products[0].members
            ),
        )
        for one in made(*exposures)
    ]


def ifu(filename: str, **values: str) -> Exposure:
    return exposure(filename, "nrs_ifu", **(NIRSPEC | values))


def cell(*names: str) -> str:
    kinds = {"o": "observation", "c": "background"}
    return str([(name, kinds[name[0]]) for name in names])


def test_wavefront_sensing_is_a_type_of_its_own_with_three_digits() -> None:
    pool = [
        exposure(f"{name}_uncal.fits", "nrc_image", **NIRCAM, visitype="prime_wfsc_routine")
        for name in "ab"
    ]
    assert summary(*pool) == [
        ("jw00001-o001_wfs-image2_001_asn", "WFSC", "a_rate:science"),
        ("jw00001-o001_wfs-image2_002_asn", "WFSC", "b_rate:science"),
    ]


def test_time_series_of_low_resolution_spectra_are_tso_spec2() -> None:
    for exp_type in ("mir_lrs-slitless", "mir_lrs-fixedslit"):
        pool = exposure("a_uncal.fits", exp_type, **MIRI, tsovisit="t")
        assert summary(pool) == [
            ("jw00001-o001_tso-spec2_001_asn", "SpecTSO", "a_rateints:science")
        ]


def test_imprints_are_members_only() -> None:
    assert summary(ifu("a_uncal.fits", is_imprt="t"), ifu("b_uncal.fits")) == [
        ("jw00001-o001_spec2_001_asn", "Spec", "a_rate:imprint b_rate:science")
    ]
    assert summary(ifu("a_uncal.fits", is_imprt="t")) == []


def test_background_counts_before_imprint() -> None:
    assert summary(ifu("a_uncal.fits", is_imprt="t", bkgdtarg="t"), ifu("b_uncal.fits")) == [
        ("jw00001-o001_spec2_001_asn", "Spec", "a_rate:background b_rate:science"),
        ("jw00001-o001_spec2_002_asn", "SpecSpecial", "a_rate:science"),
    ]


def test_an_image_joins_what_came_before_it_and_is_no_science() -> None:
    reference = exposure("a_uncal.fits", "nrc_image", **NIRCAM, is_psf="t")
    image = exposure("b_uncal.fits", "nrc_image", **NIRCAM)
    assert summary(reference, image) == [
        ("jw00001-o001_image2_001_asn", "Image", "a_rate:psf b_rate:science"),
        ("jw00001-o001_image2_002_asn", "ImageSpecial", "a_rate:science"),
    ]
    late = reference | {"filename": "c_uncal.fits"}
    assert summary(image, late) == [
        ("jw00001-o001_image2_001_asn", "Image", "b_rate:science"),
        ("jw00001-o001_image2_002_asn", "ImageSpecial", "c_rate:science"),
    ]


def test_of_one_product_the_background_candidate_stays_even_with_fewer_members() -> None:
    pool = [
        ifu("a_uncal.fits", asn_candidate=cell("o001", "c1000")),
        ifu("b_uncal.fits", bkgdtarg="t", asn_candidate=cell("o001")),
        ifu("c_uncal.fits", bkgdtarg="t", asn_candidate=cell("o001")),
        ifu("d_uncal.fits", bkgdtarg="t", asn_candidate=cell("o002", "c1000")),
    ]
    assert (
        "jw00001-c1000_spec2_001_asn",
        "Spec",
        "a_rate:science d_rate:background",
    ) in summary(*pool)
    assert sum(one.products[0].name == "a" for one in made(*pool)) == 1


def test_of_the_same_members_the_candidate_listed_last_stays() -> None:
    for listed in (("o001", "c1000", "c1001"), ("o001", "c1001", "c1000"), ("c1000", "o001")):
        pool = [
            ifu("a_uncal.fits", asn_candidate=cell(*listed)),
            ifu("b_uncal.fits", bkgdtarg="t", asn_candidate=cell(*listed)),
        ]
        (found,) = (one for one in made(*pool) if one.products[0].name == "a")
        assert found.asn_id == listed[-1]


def test_of_two_rules_for_one_product_the_first_stays_unless_they_say_the_same() -> None:
    nod = ifu("a_uncal.fits", tsovisit="t", patttype="2-point-nod", expspcin="1")
    assert summary(nod) == [("jw00001-o001_spec2_001_asn", "NRSIFUNod", "a_rateints:science")]
    guider = exposure("a_uncal.fits", "fgs_image", instrume="fgs", detector="guider1", filter="na")
    assert summary(guider) == [("jw00001-o001_image2_001_asn", "Image", "a_rate:science")]
    assert summary(guider | {"tsovisit": "t"}) == [
        ("jw00001-o001_image2_001_asn", "FGS", "a_rateints:science")
    ]


def grism(filename: str, optics: dict[str, str], **values: str) -> Exposure:
    exp_type = "nis_wfss" if optics is NIRISS else "nrc_wfss"
    return exposure(filename, exp_type, **({"pupil": "grismr"} | optics | values))


def direct(filename: str, optics: dict[str, str], **values: str) -> Exposure:
    exp_type = "nis_image" if optics is NIRISS else "nrc_image"
    return exposure(filename, exp_type, **({"pupil": "clear"} | optics | values))


def companions(*exposures: Exposure) -> list[str]:
    (found,) = (one for one in made(*exposures) if one.asn_rule == "Asn_Lv2WFSS")
    return [member.expname for member in found.products[0].members if member.exptype != "science"]


def test_the_direct_image_is_of_the_same_channel_and_comes_next() -> None:
    pool = [
        grism("a_uncal.fits", NIRCAM, expspcin="2"),
        direct("b_uncal.fits", NIRCAM, expspcin="3", filter="fb", channel="short"),
        direct("c_uncal.fits", NIRCAM, expspcin="5", filter="fc"),
        direct("d_uncal.fits", NIRCAM, expspcin="4", filter="fd"),
    ]
    assert companions(*pool)[0] == "jw00001-o001_t007_nircam_clear-fd_i2d.fits"
    assert companions(*pool[:2])[0] == "jw00001-o001_t007_nircam_clear-fb_i2d.fits"


def test_the_direct_image_of_niriss_is_of_the_same_pupil_element() -> None:
    pool = [
        grism("a_uncal.fits", NIRISS, expspcin="2", subarray="sub64"),
        direct("b_uncal.fits", NIRISS, expspcin="3", pupil="f090w"),
        direct("c_uncal.fits", NIRISS, expspcin="4"),
    ]
    assert companions(*pool)[0] == "jw00001-o001_t007_niriss_clear-f150w-sub64_i2d.fits"


def test_direct_images_stay_where_the_optics_are_not_known() -> None:
    pool = [
        grism("a_uncal.fits", NIRISS, expspcin="2"),
        direct("b_uncal.fits", NIRISS, expspcin="3", pupil="null"),
    ]
    assert companions(*pool) == ["b_rate.fits"]
    no_start = pool[0] | {"expspcin": "null"}
    assert companions(no_start, pool[1])[0].endswith("_i2d.fits")


def test_nods_of_other_targets_and_neighbours_are_background() -> None:
    values = NIRSPEC | {"fxd_slit": "s1600a1", "numdthpt": "5", "subpxpts": "1", "expspcin": "1"}
    pool = [
        exposure(f"{name}_uncal.fits", "nrs_fixedslit", **values, patt_num=number)
        for name, number in (("a", "1"), ("b", "2"), ("c", "2"))
    ]
    pool[1]["targetid"] = "8"
    assert [members for _, _, members in summary(*pool)] == [
        "a_rate:science b_rate:background c_rate:background",
        "b_rate:science a_rate:background",
        "c_rate:science a_rate:background",
    ]


def test_exposures_without_a_candidate_do_not_order_rules() -> None:
    settings = ruleset("jwst-1.2.1").settings._replace(generation_order="by_rule")
    rules = replace(ruleset("jwst-1.2.1"), settings=settings)
    first = exposure("a_uncal.fits", "nrc_image", **NIRCAM)
    pool = [
        exposure("b_uncal.fits", "nrc_tacq", **NIRCAM),
        exposure("c_uncal.fits", "nrc_image", **NIRCAM),
    ]
    for candidate, names in (("[('o002', 'observation')]", ["c", "b"]), ("null", ["b", "c"])):
        work = work_of([first | {"asn_candidate": candidate}, *pool], rules=rules)
        found = [one for one in outcome_of(work).associations if one.asn_id == "o001"]
        assert [one.products[0].name for one in found] == names
