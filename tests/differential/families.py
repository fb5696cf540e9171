"""What random pools are made of: kinds of exposures, each with the values of its columns.

The first value is the usual one; the others are taken where a column varies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Alphabets = dict[str, tuple[str, ...]]
Kind = Mapping[str, tuple[str, ...]]

FLAG = ("f", "t", "null", "y", "")
NUMBER = ("1", "2", "3", "null", "10", "x")
ERRORS = ("null", "guide star lost", "", "n", "none")

COMMON: Alphabets = {
    "obs_id": ("v1", "v2", "null"),
    "program": ("1", "2", "00001", "null"),
    "exp_type": ("nrc_image",),
    "instrume": ("nircam", "null"),
    "detector": ("nrca1", "nrca2", "null"),
    "channel": ("null", "short", "long"),
    "band": ("null", "short", "medium"),
    "filter": ("f200w", "f150w", "null", "opaque"),
    "pupil": ("clear", "null", "maskrnd"),
    "grating": ("null", "mirror", "g395h"),
    "fxd_slit": ("null", "s200a1", "s1600a1"),
    "subarray": ("full", "sub64", "null", "f", "sub-1"),
    "opmode": ("null", "image", "grating-only"),
    "lamp": ("none", "nolamp", "null", "flat3"),
    "msastate": ("null", "primarypark_allopen"),
    "msametfl": ("null", "jw1_msa.fits", "jw2_msa.fits"),
    "targetid": ("1", "2", "null", "10", "t-1.5"),
    "pntgtype": ("science", "target_acquisition", "null", "parallel"),
    "visitype": ("prime_targeted_fixed", "prime_wfsc_sensing_only", "wfsc", "null"),
    "tsovisit": FLAG,
    "bkgdtarg": FLAG,
    "is_psf": FLAG,
    "is_imprt": FLAG,
    "dms_note": ("null", "wfsc_los_jitter"),
    "exposerr": ERRORS,
    "expspcin": NUMBER,
    "dithptin": NUMBER,
    "mostilno": NUMBER,
    "patttype": ("null", "none", "2-point-nod", "4-point-nod", "along-slit-nod", "4-point"),
    "patt_num": NUMBER,
    "numdthpt": NUMBER,
    "subpxpts": ("1", "2", "null", "0", "x"),
    "subpxpns": ("null", "1", "2", "0"),
    "suffix": ("_uncal.fits", "_rate.fits", "_cal.fits", ".fits", "_rateints.fits", "_uncal.x"),
}


@dataclass(frozen=True)
class Family:
    """Kinds that go together, the columns that often vary, and how many others may."""

    kinds: tuple[Kind, ...]
    dense: tuple[str, ...]
    others: int = 3


NRC = {
    "instrume": ("nircam",),
    "detector": ("nrca1", "nrca3", "nrcalong", "nrcblong", "null"),
    "filter": ("f200w", "f444w", "null"),
    "channel": ("short", "long", "null"),
    "pupil": ("clear", "maskrnd", "maskbar", "null"),
}
MIR = {
    "instrume": ("miri",),
    "detector": ("mirimage", "mirifushort"),
    "filter": ("f560w", "f770w", "null"),
    "pupil": ("null",),
}
NIS = {
    "instrume": ("niriss",),
    "detector": ("nis",),
    "filter": ("clear", "gr150r", "f277w", "null"),
    "pupil": ("f150w", "f200w", "clear", "null"),
}
FGS = {"instrume": ("fgs",), "detector": ("guider1", "guider2"), "filter": ("na", "null")}
NRS = {
    "instrume": ("nirspec",),
    "detector": ("nrs1", "nrs2", "nirspec", "null"),
    "filter": ("f290lp", "f170lp", "opaque", "clear", "f070lp", "f100lp"),
    "grating": ("g395h", "g235h", "mirror", "prism", "g140m", "g140h", "null"),
    "pupil": ("null", "clear"),
}

IMAGES = (
    {**NRC, "exp_type": ("nrc_image", "nrc_tsimage", "nrc_coron")},
    {**NRC, "exp_type": ("nrc_coron",), "pupil": ("maskrnd", "maskbar", "clear", "null")},
    {**NRC, "exp_type": ("nrc_tsimage", "nrc_image")},
    {**MIR, "exp_type": ("mir_image", "mir_lyot", "mir_4qpm", "mir_coroncal")},
    {**NIS, "exp_type": ("nis_ami", "nis_image")},
    {**FGS, "exp_type": ("fgs_image", "fgs_focus")},
    {**NRS, "exp_type": ("nrs_mimf", "nrs_image")},
)
INTEGRAL_FIELD = (
    {
        **MIR,
        "exp_type": ("mir_mrs",),
        "detector": ("mirifushort", "mirifulong"),
        "filter": ("null",),
        "band": ("short", "medium", "null"),
        "channel": ("12", "34"),
    },
    {**NRS, "exp_type": ("nrs_ifu",), "opmode": ("ifu",)},
    {**NRS, "exp_type": ("nrs_ifu",), "patttype": ("4-point-nod", "2-point-nod", "null")},
)
SLITS_AND_SHUTTERS = (
    {
        **NRS,
        "exp_type": ("nrs_fixedslit",),
        "fxd_slit": ("s200a1", "s1600a1", "s200b1", "null"),
        "opmode": ("fixedslit",),
        "numdthpt": ("3", "5", "10", "2", "null", "x"),
        "patt_num": ("1", "2", "3", "4", "5", "6", "null", "x"),
    },
    {
        **NRS,
        "exp_type": ("nrs_fixedslit",),
        "fxd_slit": ("s1600a1", "s200a1"),
        "numdthpt": ("5", "10", "6"),
        "patt_num": ("1", "2", "3", "4", "5", "6", "7"),
    },
    {
        **NRS,
        "exp_type": ("nrs_msaspec",),
        "opmode": ("msaspec",),
        "msametfl": ("jw1_msa.fits", "jw2_msa.fits", "null"),
        "msastate": ("primarypark_config", "primarypark_allopen"),
        "numdthpt": ("3", "2", "null"),
        "patt_num": ("1", "2", "3", "4", "null"),
    },
    {**NRS, "exp_type": ("nrs_brightobj", "nrs_fixedslit"), "fxd_slit": ("s1600a1", "null")},
)
LOW_RESOLUTION = (
    {
        **MIR,
        "exp_type": ("mir_lrs-fixedslit", "mir_lrs-slitless"),
        "filter": ("p750l", "f560w", "null"),
        "patttype": ("along-slit-nod", "null", "2-point-nod"),
    },
    {**MIR, "exp_type": ("mir_lrs-fixedslit",), "filter": ("p750l",)},
    {
        **MIR,
        "exp_type": ("mir_lrs-slitless",),
        "filter": ("p750l",),
        "subarray": ("slitlessprism",),
    },
    {**MIR, "exp_type": ("mir_taconfirm", "mir_tacq")},
)
GRISMS = (
    {**NIS, "exp_type": ("nis_wfss", "nis_soss"), "filter": ("gr150r", "gr150c", "null")},
    {**NIS, "exp_type": ("nis_image",)},
    {**NRC, "exp_type": ("nrc_wfss", "nrc_tsgrism"), "pupil": ("grismr", "clear")},
    {**NRC, "exp_type": ("nrc_image",)},
    {**MIR, "exp_type": ("mir_wfss",), "filter": ("p750l", "f560w")},
    {**MIR, "exp_type": ("mir_image",)},
)
LAMPS_AND_OTHERS = (
    {
        **NRS,
        "exp_type": ("nrs_lamp", "nrs_autoflat", "nrs_autowave"),
        "filter": ("opaque", "f290lp"),
        "lamp": ("flat3", "line3", "nolamp", "null", "line4", "flat4"),
        "opmode": ("ifu", "fixedslit", "msaspec", "image", "grating-only", "null"),
    },
    {
        **NRS,
        "exp_type": (
            "nrs_msata", "nrs_wata", "nrs_taslit", "nrs_tacq", "nrs_taconfirm", "nrs_confirm",
            "nrs_verify", "nrs_focus", "nrs_dark", "nrs_image",
        ),
    },
    {
        **NRS,
        "exp_type": ("nrs_msaspec",),
        "grating": ("mirror",),
        "msastate": ("primarypark_allopen",),
    },
    {
        **NRC,
        "exp_type": (
            "nrc_tacq", "nrc_taconfirm", "nrc_focus", "nrc_led", "nrc_dark", "nrc_flat",
            "nrc_grism", "nrc_wfsc",
        ),
    },
    {
        **MIR,
        "exp_type": (
            "mir_tacq", "mir_taconfirm", "mir_darkimg", "mir_flatimage-ext", "mir_flatmrs",
            "mir_coroncal",
        ),
    },
    {
        **NIS,
        "exp_type": (
            "nis_tacq", "nis_taconfirm", "nis_focus", "nis_lamp", "nis_dark", "nis_extcal",
        ),
    },
    {**FGS, "exp_type": ("fgs_dark", "fgs_acq1", "fgs_focus", "fgs_intflat")},
)  # fmt: skip
SCRAMBLED = tuple(
    {
        "exp_type": tuple(types),
        "detector": ("nrs1", "nrs2", "nrca1", "nrcblong"),
        "filter": ("f290lp", "null", "f200w"),
        "grating": ("g395h", "null"),
        "fxd_slit": ("s200a1", "null"),
        "band": ("null", "short"),
    }
    for types in (
        [kind["exp_type"][0] for kind in (*INTEGRAL_FIELD, *SLITS_AND_SHUTTERS, *GRISMS)],
        [kind["exp_type"][0] for kind in (*IMAGES, *GRISMS, *LOW_RESOLUTION)],
        [name for kind in (*LOW_RESOLUTION, *LAMPS_AND_OTHERS) for name in kind["exp_type"]],
    )
)  # fmt: skip
KINDS = (
    *SCRAMBLED, *IMAGES, *INTEGRAL_FIELD, *SLITS_AND_SHUTTERS, *LOW_RESOLUTION, *GRISMS,
    *LAMPS_AND_OTHERS,
)  # fmt: skip

FAMILIES = {
    "imaging": Family(IMAGES, ("bkgdtarg", "is_psf", "tsovisit", "exp_type", "subarray")),
    "integral field": Family(
        INTEGRAL_FIELD,
        ("bkgdtarg", "is_imprt", "mostilno", "dithptin", "targetid", "patttype"),
    ),
    "slits and shutters": Family(
        SLITS_AND_SHUTTERS,
        ("patt_num", "numdthpt", "subpxpts", "targetid", "bkgdtarg", "fxd_slit"),
    ),
    "low resolution": Family(
        LOW_RESOLUTION, ("patt_num", "patttype", "obs_id", "bkgdtarg", "exp_type", "subarray")
    ),
    "grisms": Family(GRISMS, ("expspcin", "targetid", "detector", "bkgdtarg", "exp_type")),
    "lamps and others": Family(
        LAMPS_AND_OTHERS, ("exp_type", "lamp", "opmode", "grating", "detector", "pntgtype")
    ),
    "scrambled": Family(SCRAMBLED, ("exp_type", "bkgdtarg", "is_imprt", "patttype"), others=5),
    "wild": Family(
        KINDS, ("bkgdtarg", "is_psf", "is_imprt", "tsovisit", "mostilno", "exp_type"), others=9
    ),
}
