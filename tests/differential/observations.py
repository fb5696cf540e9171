"""Random programs as an observatory writes them: observations of a mode, step by step.

Each observation has its instrument's steps (acquisition, direct images, dithers, leakage imprints),
its detectors, one set of flags and its candidates. They are what real pools are made of; some
programs are then disturbed, row by row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from differential.families import COMMON
from differential.pools import COLUMNS, NEVER_LEFT_OUT, RandomPool, seldom

FLAGS = ("null", "f", "t", "", "n")
DISTURBED_FLAGS = ("y", "true", "1", "false", "none")
TYPES = ("background", "mosaic", "group", "direct_image", "coronographic")
PATTERNS = (
    "null",
    "none",
    "4-point-dither",
    "cycling",
    "2-point-nod",
    "4-point-nod",
    "3-point-nod",
)
WFSC = ("prime_targeted_fixed", "prime_wfsc_routine", "prime_wfsc_sensing_control", "parallel_pure")
MOST_ROWS = 26
MOST_OF_ONE = 10

Optics = dict[str, str]
Row = dict[str, str]


@dataclass(frozen=True)
class Step:
    """Exposures of one type; each of the `optics` is a choice, `most` the largest number."""

    exp_type: str
    optics: tuple[Optics, ...] = ({},)
    most: int = 3
    flags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Mode:
    """The steps of an observation, the choices of its detectors, and its dither patterns."""

    instrume: str
    detectors: tuple[tuple[str, ...], ...]
    steps: tuple[Step, ...]
    patterns: tuple[str, ...] = ("null", "none", "4-point-dither")
    subarrays: tuple[str, ...] = ("full",)


TA = (("pntgtype", "target_acquisition"),)
IMPRINT = (("is_imprt", "t"),)
SHORT_WAVE = ({"filter": "f115w", "pupil": "clear", "channel": "short"},)
LONG_WAVE = (
    {"filter": "f444w", "pupil": "clear", "channel": "long"},
    {"filter": "f322w2", "pupil": "null", "channel": "long"},
)
ROUND = ({"filter": "f430m", "pupil": "maskrnd", "channel": "long"},)
BAR = ({"filter": "f210m", "pupil": "maskbar", "channel": "short"},)
BANDS = tuple({"filter": "null", "band": band} for band in ("short", "medium", "long"))
NRS_PATHS = tuple(
    {"grating": grating, "filter": name}
    for grating, name in (
        ("g395h", "f290lp"), ("g235h", "f170lp"), ("g140m", "f100lp"), ("prism", "clear"),
        ("g140h", "f070lp"),
    )
)  # fmt: skip
SLITS = tuple({**path, "fxd_slit": slit} for path in NRS_PATHS for slit in ("s200a1", "s1600a1"))
SHUTTERS = tuple({**path, "msametfl": "jw1_01_msa.fits"} for path in NRS_PATHS)
MIRROR = ({"grating": "mirror", "filter": "f110w"},)
LAMPS = tuple(
    {"filter": "opaque", "grating": grating, "lamp": lamp, "opmode": opmode}
    for grating, lamp, opmode in (
        ("g395h", "line3", "msaspec"), ("g235h", "line2", "fixedslit"), ("prism", "test", "ifu"),
        ("mirror", "flat5", "image"), ("g140h", "nolamp", "ifu"), ("mirror", "line4", "null"),
    )
)  # fmt: skip
BOTH = (("nrs1", "nrs2"), ("nrs1",), ("nrs2",))
P750L = ({"filter": "p750l"},)
LRS_TA = (
    Step("mir_tacq", ({"filter": "f1000w"},), 1, TA),
    Step("mir_taconfirm", ({"filter": "f560w"}, {"filter": "p750l"}), 1),
)
NIS_DIRECT = Step("nis_image", ({"filter": "clear", "pupil": "f200w"},), 1)

MODES = (
    Mode("nircam", (("nrca1", "nrca2"), ("nrcb1",)), (Step("nrc_image", SHORT_WAVE, 4),)),
    Mode("nircam", (("nrcalong",), ("nrcblong",)), (Step("nrc_image", LONG_WAVE, 4),)),
    Mode("miri", (("mirimage",),), (Step("mir_image", ({"filter": "f560w"},), 4),)),
    Mode("niriss", (("nis",),), (NIS_DIRECT, Step("nis_ami", ({"filter": "f480m"},), 3))),
    Mode("fgs", (("guider1",), ("guider2",)), (Step("fgs_image"), Step("fgs_focus", most=1))),
    Mode(
        "nircam",
        (("nrca2",), ("nrcalong",), ("nrca5",)),
        (
            Step("nrc_tacq", ROUND, 1, TA),
            Step("nrc_taconfirm", ROUND, 1),
            Step("nrc_coron", (*ROUND, *BAR), 3),
        ),
        subarrays=("full", "sub320a430r"),
    ),
    Mode("miri", (("mirimage",),), (
        Step("mir_tacq", ({"filter": "fnd"},), 1, TA),
        Step("mir_4qpm", ({"filter": "f1065c"},), 3),
        Step("mir_lyot", ({"filter": "f2300c"},), 2),
        Step("mir_coroncal", most=1),
    ), subarrays=("mask1065", "masklyot")),
    Mode("miri", (("mirifushort", "mirifulong"), ("mirifulong",)), (
        Step("mir_tacq", ({"filter": "fnd"},), 1, TA),
        Step("mir_mrs", BANDS, 4),
        Step("mir_mrs", BANDS, 2),
    )),
    Mode("nirspec", BOTH, (
        Step("nrs_wata", most=1, flags=TA),
        Step("nrs_ifu", NRS_PATHS, 4),
        Step("nrs_ifu", NRS_PATHS, 4, IMPRINT),
    ), (*PATTERNS, "4-point-nod", "2-point-nod")),
    Mode("nirspec", BOTH, (Step("nrs_ifu", NRS_PATHS[:2], 4), Step("nrs_ifu", NRS_PATHS[:2], 2)),
         PATTERNS),
    Mode("nirspec", BOTH, (Step("nrs_fixedslit", SLITS, 6), Step("nrs_fixedslit", SLITS, 2)),
         PATTERNS),
    Mode("nirspec", BOTH, (
        Step("nrs_msata", MIRROR, 2, TA),
        Step("nrs_confirm", MIRROR, 1),
        Step("nrs_msaspec", SHUTTERS, 4),
        Step("nrs_msaspec", ({**SHUTTERS[0], "msametfl": "null"}, SHUTTERS[0]), 2),
    ), PATTERNS),
    Mode("nirspec", BOTH, (Step("nrs_msaspec", MIRROR, 1, (("msastate", "primarypark_allopen"),)),
         Step("nrs_mimf", MIRROR, 2), Step("nrs_image", MIRROR, 1))),
    Mode("nirspec", BOTH, (
        Step("nrs_brightobj", ({**NRS_PATHS[3], "fxd_slit": "s1600a1"},), 3),
    )),
    Mode("nirspec", BOTH, (Step("nrs_lamp", LAMPS, 2), Step("nrs_autoflat", LAMPS, 1),
         Step("nrs_autowave", LAMPS, 1), Step("nrs_dark", most=1))),
    Mode("miri", (("mirimage",),), (*LRS_TA, Step("mir_lrs-fixedslit", P750L, 4)),
         ("along-slit-nod", "along-slit-nod", "null", "2-point-nod")),
    Mode("miri", (("mirimage",),), (*LRS_TA, Step("mir_lrs-slitless", P750L, 2)),
         subarrays=("slitlessprism",)),
    Mode("niriss", (("nis",),), (
        NIS_DIRECT,
        Step("nis_wfss", ({"filter": "gr150r", "pupil": "f200w"},), 3),
        NIS_DIRECT,
        Step("nis_wfss", ({"filter": "gr150c", "pupil": "f200w"},), 3),
        NIS_DIRECT,
    ), subarrays=("full", "wfss64c")),
    Mode("nircam", (("nrcalong",), ("nrcblong", "nrcalong")), (
        Step("nrc_wfss", ({"filter": "f444w", "pupil": "grismr", "channel": "long"},), 3),
        Step("nrc_image", LONG_WAVE, 1),
        Step("nrc_wfss", ({"filter": "f322w2", "pupil": "grismc", "channel": "long"},), 2),
        Step("nrc_image", LONG_WAVE, 2),
    )),
    Mode("miri", (("mirimage",),), (
        Step("mir_wfss", P750L, 3),
        Step("mir_image", ({"filter": "f560w"}, {"filter": "f770w"}), 2),
    )),
    Mode("niriss", (("nis",),), (
        Step("nis_tacq", ({"filter": "f480m"},), 1, TA),
        Step("nis_soss", ({"filter": "clear", "pupil": "gr700xd"},), 2),
        Step("nis_soss", ({"filter": "f277w", "pupil": "gr700xd"},), 1),
    ), subarrays=("substrip256", "substrip96")),
    Mode("nircam", (("nrcalong",), ("nrcblong",), ("nrca1",)), (
        Step("nrc_tsgrism", ({"filter": "f444w", "pupil": "grismr"}, LONG_WAVE[0]), 2),
        Step("nrc_tsimage", SHORT_WAVE, 2),
    )),
    Mode("nircam", (("nrca3", "nrcalong"),), (
        Step("nrc_image", SHORT_WAVE, 2, (("visitype", "prime_wfsc_routine"),)),
        Step("nrc_image", SHORT_WAVE, 2, (
            ("visitype", "prime_wfsc_sensing_control"), ("dms_note", "wfsc_los_jitter"),
        )),
        Step("nrc_dark", most=1),
    )),
)  # fmt: skip


@st.composite
def programs(draw: st.DrawFn, *, disturbed: bool) -> RandomPool:
    """Draw a program of one to four observations, and disturb its rows if so wanted."""
    program = draw(st.sampled_from(("1", "4757", "00632", "12345")))
    modes = draw(st.lists(st.sampled_from(MODES), min_size=1, max_size=2, unique_by=id))
    shared = draw(_shared_candidates())
    rows: list[Row] = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        rows += _observation(draw, draw(st.sampled_from(modes)), program, number, shared)
    return _pool(draw, rows[:MOST_ROWS], disturbed=disturbed)


@st.composite
def real_rows(draw: st.DrawFn, observations: Sequence[Sequence[Row]]) -> RandomPool:
    """Draw a pool of observations of real pools, under one program, with other candidates."""
    shared = draw(_shared_candidates())
    disturbed = draw(st.booleans())
    rows = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        source = draw(st.sampled_from(observations))
        first = draw(st.integers(0, max(0, len(source) - MOST_OF_ONE)))
        flags = {
            flag: draw(st.sampled_from(FLAGS))
            for flag in ("bkgdtarg", "is_psf", "tsovisit", "is_imprt")
            if seldom(draw, 3)
        }
        for row in source[first : first + MOST_OF_ONE]:
            pairs = [(f"o{number:03}", "observation")]
            pairs += [pair for pair in shared if draw(st.integers(0, 9))]
            # The observation has three digits after the five of the program.
            name = f"jw04757{number:03}{row['filename'][10:]}"
            changes = {"filename": name, "program": "4757", "asn_candidate": str(pairs)}
            rows.append({**row, **flags, **changes})
    return _pool(draw, rows, disturbed=disturbed)


def real_observations(folder: Path) -> list[list[Row]]:
    """Read the pools below a folder; give the rows of each observation."""
    found: dict[tuple[str, str], list[Row]] = {}
    for path in sorted(folder.glob("*/pool.csv")):
        header, *lines = path.read_text(encoding="utf-8").lower().splitlines()
        columns = [name.strip() for name in header.split("|")]
        for line in lines:
            row = dict(zip(columns, (cell.strip() for cell in line.split("|")), strict=True))
            if re.match(r"jw\d{11}_.*_uncal\.fits$", row["filename"]):
                kept = {name: row.get(name, "null") for name in COLUMNS}
                found.setdefault((path.parent.name, row["filename"][:10]), []).append(kept)
    return list(found.values())


def _shared_candidates() -> st.SearchStrategy[list[tuple[str, str]]]:
    pair = st.tuples(st.sampled_from(("c1000", "c1001")), st.sampled_from(TYPES))
    return st.lists(pair, max_size=2, unique_by=lambda one: one[0])


def _pool(draw: st.DrawFn, rows: list[Row], *, disturbed: bool) -> RandomPool:
    if disturbed:
        _disturb(draw, rows)
    absent = {draw(st.sampled_from(("subpxpts", "subpxpns", "subpxpns")))}
    if seldom(draw, 4):
        absent |= draw(st.sets(st.sampled_from(sorted(set(COLUMNS) - NEVER_LEFT_OUT)), max_size=3))
    return RandomPool(
        columns=tuple(column for column in COLUMNS if column not in absent),
        rows=tuple(draw(st.permutations(rows))),
        upper=seldom(draw, 6),
    )


def _observation(
    draw: st.DrawFn, mode: Mode, program: str, number: int, shared: Sequence[tuple[str, str]]
) -> list[Row]:
    common = {
        **{column: "null" for column in COMMON if column != "suffix"},
        "program": program,
        "instrume": mode.instrume,
        "targetid": draw(st.sampled_from(("1", "1", "2", "10"))),
        "subarray": draw(st.sampled_from(mode.subarrays)),
        "patttype": draw(st.sampled_from(mode.patterns)),
        "numdthpt": draw(st.sampled_from(("1", "2", "4", "5", "10", "null"))),
        "subpxpts": draw(st.sampled_from(("1", "2", "0", "null"))),
        "pntgtype": "science",
        "visitype": WFSC[0] if draw(st.integers(0, 5)) else draw(st.sampled_from(WFSC)),
        **{
            flag: draw(st.sampled_from(FLAGS))
            for flag in ("bkgdtarg", "is_psf", "tsovisit")
        },
    }  # fmt: skip
    common["subpxpns"] = common["subpxpts"]
    detectors = draw(st.sampled_from(mode.detectors))
    tiles = draw(st.integers(1, 2))
    # A step in one of its optics, then perhaps the same again in another.
    chosen = [(step, draw(st.sampled_from(step.optics))) for step in mode.steps]
    rows = []
    for activity, (step, optics) in enumerate(chosen, 1):
        for exposure in range(1, draw(st.integers(0, step.most)) + 1):
            pairs = [(f"o{number:03}", "observation")]
            # Few exposures of an observation are not in what the others share.
            pairs += [pair for pair in shared if draw(st.integers(0, 9))]
            for detector in detectors:
                rows.append({
                    **common,
                    **optics,
                    **dict(step.flags),
                    "filename":
                        f"jw{program:0>5}{number:03}001_{2100 + activity:05}_{exposure:05}"
                        f"_{detector}_uncal.fits",
                    "obs_id": f"v{program:0>5}{number:03}001p0000000002{activity:03}",
                    "exp_type": step.exp_type,
                    "detector": detector,
                    "exposerr": "null" if draw(st.integers(0, 9)) else "guide star lost",
                    "expspcin": str(activity),
                    "dithptin": str(exposure),
                    "patt_num": str(exposure),
                    "mostilno": str(exposure % tiles + 1),
                    "asn_candidate": str(pairs),
                })  # fmt: skip
    return rows


def _disturb(draw: st.DrawFn, rows: list[Row]) -> None:
    """Give single cells another row's value or one of all, and some rows another's name."""
    for row in rows:
        for _ in range(draw(st.integers(0, 2))):
            column = draw(st.sampled_from(COLUMNS))
            if column in COMMON and draw(st.booleans()):
                row[column] = draw(st.sampled_from((*COMMON[column], *DISTURBED_FLAGS)))
            elif column != "filename" or seldom(draw, 4):
                row[column] = draw(st.sampled_from(rows))[column]
