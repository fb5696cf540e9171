"""Random small pools, close enough to real ones for the rules to take their exposures."""

from __future__ import annotations

from hypothesis import strategies as st

from engine.building import Exposure

_PRISM = {"filter": ["clear"], "grating": ["prism"], "detector": ["nrs1"]}
_SHUTTERS = {"exp_type": ["nrs_msaspec"], "msametfl": ["m1.fits", "m2.fits"], "expspcin": ["1"]}
_NODS = {"patt_num": ["1", "2", "10"], "numdthpt": ["2"], "subpxpts": ["1"]}

FAMILIES: dict[str, dict[str, list[str]]] = {
    "images": {
        "exp_type": ["nrc_image", "nrc_image", "nrc_tacq"],
        "visitype": ["prime_targeted_fixed", "prime_targeted_fixed", "prime_wfsc_routine"],
    },
    "coronagraphs": {
        "exp_type": ["nrc_coron"],
        "pupil": ["maskrnd", "maskrnd", "maskbar"],
        "detector": ["nrca2", "nrca2", "nrca4"],
        "subarray": ["full", "full", "sub64"],
    },
    "guiders": {"exp_type": ["fgs_image", "fgs_focus"]},
    "spectra": {"exp_type": ["mir_mrs", "nis_soss"], "mostilno": ["1", "2"]},
    "cubes": {
        "exp_type": ["nrs_ifu"],
        "mostilno": ["1", "2"],
        "patttype": ["2-point-nod", "none"],
        **_PRISM,
    },
    "slits": {
        "exp_type": ["nrs_fixedslit", "nrs_brightobj"],
        "fxd_slit": ["s1600a1"],
        **_PRISM,
        **_NODS,
    },
    "shutters": {**_SHUTTERS, **_PRISM, **_NODS},
    "low resolution": {
        "exp_type": ["mir_lrs-fixedslit", "mir_lrs-slitless", "mir_taconfirm"],
        "obs_id": ["v1", "v2"],
        "patttype": ["along-slit-nod", "none"],
        **_NODS,
    },
    "grisms": {"exp_type": ["nis_wfss", "nis_image"], "expspcin": ["1", "2", "3"]},
    "lamps": {
        "exp_type": ["nrs_lamp", "nrs_autowave"],
        "opmode": ["ifu", "fixedslit", "image"],
        "grating": ["g140m", "mirror"],
        "lamp": ["flat1", "nolamp"],
        "filter": ["opaque"],
        "detector": ["nrs1"],
    },
}
"""For each kind of exposure, the values that its keywords may have."""

_COMMON = {
    "program": ["1"],
    "instrume": ["x"],
    "detector": ["d1"],
    "filter": ["f1", "f1", "f1", "f2"],
    "pupil": ["p1"],
    "subarray": ["full"],
    "targetid": ["1", "2"],
    "pntgtype": ["science"],
}
_EMPTY = "n/a"
_ODD = {
    "filter": [_EMPTY, "f1"],
    "band": [_EMPTY, "f1", "b2"],
    "pupil": [_EMPTY, "p1"],
    "grating": [_EMPTY, "p1", "g2"],
    "subarray": [_EMPTY, "full"],
    "tsovisit": [_EMPTY, "t", "x"],
    "pntgtype": ["science", "target_acquisition"],
    "mostilno": [_EMPTY, "1"],
    "targetid": ["1", _EMPTY, "null"],
}
_CANDIDATES = [
    "[('o001', 'observation')]",
    "[('o001', 'observation'), ('c1000', 'background')]",
    "[('o002', 'observation'), ('c1000', 'background')]",
    "[('o001', 'observation'), ('c1001', 'direct_image')]",
    "null",
]
_FLAGS = [(), (), ("bkgdtarg",), ("bkgdtarg",), ("is_imprt",), ("is_psf",)]
_ODD_FLAGS = [*_FLAGS, ("bkgdtarg", "is_imprt"), ("bkgdtarg", "is_psf"), ("is_psf", "is_imprt")]


@st.composite
def pools(
    draw: st.DrawFn, family: str, *, regular: bool, fewest: int = 1, most: int = 8
) -> list[Exposure]:
    """Draw the exposures of a pool.

    Regular: every exposure has the same keys filled, at most one flag, and a file name of its
    own. Otherwise there may be anything.
    """
    alphabet = {name: list(values) for name, values in (_COMMON | FAMILIES[family]).items()}
    if not regular:
        for name, values in _ODD.items():
            alphabet[name] = [*alphabet.get(name, values), *alphabet.get(name, values), *values]
    pool = []
    for number in range(draw(st.integers(fewest, most))):
        one = {name: draw(st.sampled_from(values)) for name, values in alphabet.items()}
        one["asn_candidate"] = draw(st.sampled_from(_CANDIDATES))
        if not regular:
            number = draw(st.integers(0, most - 2))
        one["filename"] = f"{number}_uncal.fits"
        one |= dict.fromkeys(draw(st.sampled_from(_FLAGS if regular else _ODD_FLAGS)), "t")
        pool.append(one)
    return pool
