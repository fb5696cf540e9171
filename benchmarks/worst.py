"""Pools that are hard: ten thousand exposures that all fall into one group, and not a plain one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.pools import COLUMNS
from benchmarks.processes import ProcessError
from benchmarks.setting import Result, Setting, exponent
from benchmarks.tables import number, print_table

SIZES = (2_500, 5_000, 10_000)
QUICK_SIZES = (200,)
QUICK_STRIDE = 16
LIMIT = 300
QUICK_LIMIT = 20

Values = dict[str, str]


def _exposure(place: int, **values: str) -> Values:
    activity, number = divmod(place, 90_000)
    return {
        "filename": f"jw04444001001_021{activity + 1:02}_{number:05}_nrca1_uncal.fits",
        "program": "4444", "exp_type": "nrc_image", "instrume": "nircam", "detector": "nrca1",
        "channel": "short", "filter": "f200w", "pupil": "clear", "subarray": "full",
        "targetid": "1", "expspcin": "1", "mostilno": "1", "pntgtype": "science",
        "visitype": "prime_targeted_fixed", "bkgdtarg": "f", "tsovisit": "f",
        "asn_candidate": "[('o001', 'observation')]", **values,
    }  # fmt: skip


def time_series(place: int, draw: random.Random) -> Values:
    """Take images with one detector and filter, a third of them of a time series."""
    return _exposure(place, tsovisit=draw.choice("tff"))


def backgrounds(place: int, draw: random.Random) -> Values:
    """Take images of which one in five hundred is a background."""
    is_background = "t" if draw.random() < 0.002 else "f"
    return _exposure(place, tsovisit=draw.choice("tff"), bkgdtarg=is_background)


def many_backgrounds(place: int, draw: random.Random) -> Values:
    """Take images of which one in fifty is a background: each file names all."""
    is_background = "t" if draw.random() < 0.02 else "f"
    return _exposure(place, tsovisit=draw.choice("tff"), bkgdtarg=is_background)


def gaps(place: int, draw: random.Random) -> Values:
    """Take images of which some lack the keywords that others have."""
    values = {name: "null" for name in ("pupil", "channel", "subarray") if draw.random() < 0.2}
    return _exposure(place, bkgdtarg="t" if draw.random() < 0.002 else "f", **values)


def doubled(place: int, _draw: random.Random) -> Values:
    """Take images of which each file name comes twice."""
    return _exposure(place // 2)


def grisms(place: int, draw: random.Random) -> Values:
    """Take slitless spectra and direct images of one observation."""
    exp_type, filter_ = draw.choice([("nis_wfss", "gr150r"), ("nis_image", "clear")])
    return _exposure(
        place, exp_type=exp_type, instrume="niriss", detector="nis", filter=filter_, pupil="f150w",
        expspcin=str(place // 10),
    )  # fmt: skip


def nods(place: int, _draw: random.Random) -> Values:
    """Take spectra of nod patterns, each four times at one place."""
    return _exposure(
        place, exp_type="nrs_msaspec", instrume="nirspec", detector="nrs1", filter="f290lp",
        grating="g395m", opmode="msaspec", patttype="3-shutter-slitlet", numdthpt="3",
        patt_num=str(place % 3 + 1), subpxpts="1", expspcin=str(place // 12),
        msastate="primarypark_config", msametfl="jw04444001001_01_msa.fits",
    )  # fmt: skip


def imprints(place: int, draw: random.Random) -> Values:
    """Take spectra of one setting, one in a hundred an imprint."""
    return _exposure(
        place, exp_type="nrs_ifu", instrume="nirspec", detector="nrs1", filter="f290lp",
        grating="g395h", opmode="ifu", is_imprt="t" if draw.random() < 0.01 else "f",
        dithptin=str(place % 4 + 1), patttype="4-point-dither", numdthpt="4",
    )  # fmt: skip


def half_backgrounds(place: int, _draw: random.Random) -> Values:
    """Take images of which every other one is a background: the files grow with the square."""
    return _exposure(place, bkgdtarg="ft"[place % 2])


def reference_stars(place: int, draw: random.Random) -> Values:
    """Take images of which some show reference stars that are backgrounds as well."""
    return _exposure(place, **dict.fromkeys(("is_psf", "bkgdtarg"), draw.choice("tfffffffff")))


def grisms_of_a_series(place: int, draw: random.Random) -> Values:
    """Take slitless spectra and direct images, some of a time series, each named twice."""
    return grisms(place // 2, random.Random(place // 2)) | {"tsovisit": draw.choice("tf")}


def parallel_grisms(place: int, draw: random.Random) -> Values:
    """Take slitless spectra and direct images of programs that run in parallel."""
    values = grisms(place, draw)
    return values | {
        "instrume": "nircam", "detector": draw.choice(["nrcalong", "nrca1"]),
        "exp_type": values["exp_type"].replace("nis", "nrc"), "program": str(4444 + place // 500),
        "filename": values["filename"].replace("nrca1", draw.choice(["nrcalong", "nrca1"])),
        "asn_candidate": "[('c1001', 'direct_image')]",
    }  # fmt: skip


def half_imprints(place: int, draw: random.Random) -> Values:
    """Take spectra of one setting, each followed by its imprint."""
    return imprints(place, draw) | {"is_imprt": "ft"[place % 2]}


def imprints_of_backgrounds(place: int, draw: random.Random) -> Values:
    """Take background spectra of one setting, some of them imprints, on a few tiles."""
    return imprints(place, draw) | {
        "is_imprt": draw.choice("tf"), "bkgdtarg": "t", "mostilno": draw.choice("12"),
    }  # fmt: skip


def nods_of_one_group(place: int, draw: random.Random) -> Values:
    """Take spectra of one nod pattern: the files grow with the square."""
    return nods(place, draw) | {"expspcin": "1"}


def _through_the_slit(place: int, **values: str) -> Values:
    optics = {"instrume": "miri", "detector": "mirimage", "filter": "p750l", "pupil": "null"}
    common = {"exp_type": "mir_lrs-fixedslit", "channel": "null", "obs_id": "v1"}
    return _exposure(place, **(optics | common | values))


def confirmations(place: int, draw: random.Random) -> Values:
    """Take low-resolution spectra, backgrounds among them, with images that confirm the target."""
    kind = draw.random()
    if kind < 0.05:
        return _through_the_slit(place, exp_type="mir_taconfirm", filter="f560w")
    is_background = "t" if kind < 0.06 else "f"
    return _through_the_slit(place, bkgdtarg=is_background, tsovisit=draw.choice("tff"))


def nods_along_a_slit(place: int, _draw: random.Random) -> Values:
    """Take low-resolution spectra at two points: the files grow with the square."""
    return _through_the_slit(place, patttype="along-slit-nod", patt_num="12"[place % 2])


KINDS: tuple[Callable[[int, random.Random], Values], ...] = (
    time_series, backgrounds, many_backgrounds, half_backgrounds, reference_stars, gaps, doubled,
    grisms, grisms_of_a_series, parallel_grisms, imprints, half_imprints, imprints_of_backgrounds,
    nods, nods_of_one_group, confirmations, nods_along_a_slit,
)  # fmt: skip


def worst(setting: Setting) -> Result:
    """Measure deciding and grouping of each kind; nothing is written or recorded."""
    kinds = KINDS[::QUICK_STRIDE] if setting.quick else KINDS
    runs = [run for kind in kinds for run in _runs(setting, kind)]
    print_table(
        "worst: seconds, for exposures of one irregular group",
        ["kind", "rows", "associations", "decide", "group", "exponent", "peak MB"],
        [
            [run["kind"], f"{run['rows']:,}"]
            + (
                [run["error"], "-", "-", "-", "-"]
                if "error" in run
                else [f"{run['associations']:,}"]
                + [number(run["seconds"][stage]) for stage in ("decide", "group")]
                + [number(run["exponent"]), number(run["peak"])]
            )
            for run in runs
        ],
    )
    return {"runs": runs}


def _runs(setting: Setting, kind: Callable[[int, random.Random], Values]) -> Iterator[Result]:
    """Measure one kind, from small to large, until a size takes too long."""
    former: Result | None = None
    for rows in QUICK_SIZES if setting.quick else SIZES:
        pool = _write(setting.folder / f"{kind.__name__}_{rows}.csv", kind, rows)
        limit = QUICK_LIMIT if setting.quick else LIMIT
        about = {"kind": kind.__name__, "rows": rows}
        try:
            found = setting.stages(pool, setting.databases[0], keep=False, limit=limit)
        except ProcessError as error:
            yield {**about, "error": str(error)}
            return
        slope = former and exponent(
            [former["rows"], rows], [former["seconds"]["group"], found["seconds"]["group"]]
        )
        former = {**found, **about, "exponent": slope}
        yield former


def _write(path: Path, kind: Callable[[int, random.Random], Values], rows: int) -> Path:
    draw = random.Random(0)
    with path.open("w", encoding="utf-8") as stream:
        stream.write("|".join(COLUMNS) + "\n")
        for place in range(rows):
            values = kind(place, draw)
            stream.write("|".join(values.get(column, "null") for column in COLUMNS) + "\n")
    return path
