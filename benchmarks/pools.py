"""Write made-up pools of any size, row by row: `python -m benchmarks.pools --help`.

A pool is observations of one kind, or of all in turn, as observing programs plan them; the last
observation is cut off where the wanted number of rows is reached. The same seed gives the same
pool, and a longer pool begins with the shorter one.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from itertools import chain, cycle, islice
from pathlib import Path

OBSERVATIONS_OF_A_PROGRAM = 999
FIRST_PROGRAM = 3101
COLUMNS = (
    "filename", "obs_id", "program", "obs_num", "visit_id", "visitype", "act_id", "exposure",
    "exp_type", "instrume", "detector", "channel", "module", "band", "filter", "pupil", "grating",
    "fxd_slit", "opmode", "lamp", "subarray", "template", "targetid", "targname", "pntgtype",
    "expspcin", "dithptin", "mostilno", "patttype", "numdthpt", "patt_num", "subpxpts", "is_psf",
    "is_imprt", "bkgdtarg", "tsovisit", "msastate", "msametfl", "dms_note", "exposerr", "nints",
    "ngroups", "asn_candidate",
)  # fmt: skip

Row = dict[str, str]
Rows = Iterator[Row]


class Plan:
    """Numbers programs, observations and candidates, and draws what programs choose.

    Parameters
    ----------
    seed : int
        For the draws.
    program : int
        The number of the first program.
    """

    def __init__(self, seed: int, program: int) -> None:
        self.draw = random.Random(seed)
        self._program = program
        self._observations = 0
        self._candidates = 0

    def observations(self, count: int) -> list[Observation]:
        """Plan observations of one program."""
        if self._observations + count > OBSERVATIONS_OF_A_PROGRAM:
            self._program += 1
            self._observations = self._candidates = 0
        first = self._observations + 1
        self._observations += count
        return [Observation(self, self._program, first + more) for more in range(count)]

    def candidate(self, kind: str) -> tuple[str, str]:
        """Name a new candidate of several observations."""
        self._candidates += 1
        return f"c{999 + self._candidates}", kind


class Observation:
    """An observation: what its exposures have in common.

    Parameters
    ----------
    plan : Plan
        What it belongs to.
    program, number : int
        Its program, and its number there.
    """

    def __init__(self, plan: Plan, program: int, number: int) -> None:
        self.plan = plan
        self.program = program
        self.number = number
        self.candidates = [(f"o{number:03}", "observation")]
        self.common: Row = {"targetid": str(plan.draw.randint(1, 40))}

    def of(self, *candidates: tuple[str, str], **common: str) -> Observation:
        """Add candidates that it belongs to, and values of all its exposures."""
        self.candidates += candidates
        self.common |= common
        return self

    def exposures(self, activity: int, count: int, *detectors: str, **values: str) -> Rows:
        """Take exposures in one activity, each with all detectors."""
        for number in range(1, count + 1):
            for detector in detectors:
                yield self._row(activity, number, detector, {"numdthpt": str(count)} | values)

    def _row(self, activity: int, number: int, detector: str, values: Row) -> Row:
        visit = f"{self.program:05}{self.number:03}001"
        is_degraded = self.plan.draw.random() < 0.003
        return {
            "filename": f"jw{visit}_021{activity:02}_{number:05}_{detector}_uncal.fits",
            "obs_id": f"v{visit}p00000000021{activity:02}", "program": str(self.program),
            "obs_num": str(self.number), "visit_id": visit, "visitype": "prime_targeted_fixed",
            "act_id": f"{activity:02}", "exposure": str(number), "detector": detector,
            "lamp": "none", "subarray": "full", "pntgtype": "science", "expspcin": str(activity),
            "dithptin": str(number), "patt_num": str(number), "mostilno": "1", "bkgdtarg": "f",
            "tsovisit": "f", "nints": "1", "ngroups": "10",
            "exposerr": "pointing lost" if is_degraded else "null",
            "asn_candidate": str(self.candidates), **self.common, **values,
        }  # fmt: skip


# ------------------------------------------------------------------ kinds of observations


def mosaic(plan: Plan, tiles: int = 4, dithers: int = 8) -> Rows:
    """Take NIRCam images of neighbouring fields, with ten detectors."""
    short = tuple(f"nrc{module}{number}" for module in "ab" for number in (1, 2, 3, 4))
    filters = plan.draw.choice([("f090w", "f277w"), ("f150w", "f356w"), ("f200w", "f444w")])
    group = plan.candidate("mosaic")
    for tile, one in enumerate(plan.observations(tiles), 1):
        one.of(
            group, exp_type="nrc_image", instrume="nircam", pupil="clear", mostilno=str(tile),
            template="nircam imaging", patttype="intramodulebox", subpxpts="4",
        )  # fmt: skip
        yield from one.exposures(1, dithers, *short, filter=filters[0], channel="short")
        yield from one.exposures(
            1, dithers, "nrcalong", "nrcblong", filter=filters[1], channel="long"
        )


def small_mosaic(plan: Plan) -> Rows:
    """Take a few NIRCam images."""
    return mosaic(plan, tiles=2, dithers=3)


def mrs(plan: Plan) -> Rows:
    """Take MIRI medium-resolution spectra of three targets, and of one empty field for all."""
    group = plan.candidate("background")
    pattern = plan.draw.choice(["4-point", "4-point-extended-source"])
    *targets, field = plan.observations(4)
    template = "miri medium resolution spectroscopy"
    for one in targets:
        one.of(instrume="miri", template=template)
        yield from one.exposures(
            1, 1, "mirimage", exp_type="mir_tacq", filter="fnd", pntgtype="target_acquisition"
        )
    for one in (*targets, field):
        one.of(group, instrume="miri", template=template, bkgdtarg="t" if one is field else "f")
        for activity, band in enumerate(("short", "medium", "long"), 2):
            for detector, channel in (("mirifushort", "12"), ("mirifulong", "34")):
                yield from one.exposures(
                    activity, 4, detector, exp_type="mir_mrs", band=band, channel=channel,
                    patttype=pattern,
                )  # fmt: skip


def mos(plan: Plan) -> Rows:
    """Take NIRSpec shutter-array spectra: acquisition, confirmation, three gratings nodded."""
    (one,) = plan.observations(1)
    detectors = ("nrs1", "nrs2")
    one.of(
        instrume="nirspec", template="nirspec multiobject spectroscopy",
        msametfl=f"jw{one.program:05}{one.number:03}001_01_msa.fits", msastate="primarypark_config",
    )  # fmt: skip
    yield from one.exposures(
        1, 2, *detectors, exp_type="nrs_msata", filter="f140x", grating="mirror", opmode="msata",
        pntgtype="target_acquisition", msastate="primarypark_allopen",
    )  # fmt: skip
    yield from one.exposures(
        2, 1, *detectors, exp_type="nrs_confirm", filter="f140x", grating="mirror", opmode="image"
    )
    resolution = plan.draw.choice("mh")
    for activity, (filter_, grating) in enumerate(
        (("f100lp", "g140"), ("f170lp", "g235"), ("f290lp", "g395")), 3
    ):
        yield from one.exposures(
            activity, 3, *detectors, exp_type="nrs_msaspec", filter=filter_,
            grating=grating + resolution, opmode="msaspec", patttype="3-shutter-slitlet",
            subpxpts="1",
        )  # fmt: skip


def grism(plan: Plan) -> Rows:
    """Take NIRISS slitless spectra with direct images before and after."""
    (one,) = plan.observations(1)
    one.of(
        instrume="niriss", pupil=plan.draw.choice(["f115w", "f150w", "f200w"]),
        template="niriss wide field slitless spectroscopy",
    )  # fmt: skip
    for first, name in ((1, "gr150r"), (4, "gr150c")):
        yield from one.exposures(first, 1, "nis", exp_type="nis_image", filter="clear")
        yield from one.exposures(first + 1, 4, "nis", exp_type="nis_wfss", filter=name)
        yield from one.exposures(first + 2, 1, "nis", exp_type="nis_image", filter="clear")


def ifu(plan: Plan) -> Rows:
    """Take NIRSpec integral-field spectra of a target and a background, with imprints."""
    group = plan.candidate("background")
    target, field = plan.observations(2)
    for one, is_field in ((target, "f"), (field, "t")):
        one.of(
            group, exp_type="nrs_ifu", instrume="nirspec", filter="f290lp", grating="g395h",
            opmode="ifu", template="nirspec ifu spectroscopy", bkgdtarg=is_field,
            patttype="4-point-dither", subpxpts="1",
        )  # fmt: skip
        yield from one.exposures(1, 4, "nrs1", "nrs2", is_imprt="f")
        yield from one.exposures(2, 4, "nrs1", "nrs2", is_imprt="t")


def fixed_slit(plan: Plan) -> Rows:
    """Take NIRSpec spectra nodded along a slit, each position twice."""
    (one,) = plan.observations(1)
    slit = plan.draw.choice(["s200a1", "s200a2", "s400a1"])
    yield from one.exposures(
        1, 6, "nrs1", "nrs2", exp_type="nrs_fixedslit", instrume="nirspec", filter="f170lp",
        grating="g235h", fxd_slit=slit, opmode="fixedslit", subarray=f"sub{slit}",
        template="nirspec fixed slit spectroscopy", patttype="3-point-nod", subpxpts="2",
    )  # fmt: skip


def low_resolution(plan: Plan) -> Rows:
    """Take MIRI low-resolution spectra, nodded along the slit, after an acquisition."""
    (one,) = plan.observations(1)
    one.of(instrume="miri", template="miri low resolution spectroscopy")
    yield from one.exposures(
        1, 1, "mirimage", exp_type="mir_tacq", filter="f560w", pntgtype="target_acquisition"
    )
    yield from one.exposures(2, 1, "mirimage", exp_type="mir_taconfirm", filter="f560w")
    yield from one.exposures(
        3, 2, "mirimage", exp_type="mir_lrs-fixedslit", filter="p750l", patttype="along-slit-nod"
    )


def transit(plan: Plan) -> Rows:
    """Take a NIRSpec time series."""
    (one,) = plan.observations(1)
    one.of(instrume="nirspec", fxd_slit="s1600a1", tsovisit="t", template="bright object series")
    yield from one.exposures(
        1, 1, "nrs1", exp_type="nrs_wata", filter="f140x", grating="mirror", subarray="sub32",
        pntgtype="target_acquisition",
    )  # fmt: skip
    yield from one.exposures(
        2, 1, "nrs1", "nrs2", exp_type="nrs_brightobj", filter="f290lp", grating="g395h",
        subarray="sub2048", nints="5000",
    )  # fmt: skip


def coronagraph(plan: Plan) -> Rows:
    """Take NIRCam images behind a mask, of a target at two angles and of a reference star."""
    group = plan.candidate("coronographic")
    for one, is_reference in zip(plan.observations(3), "fft", strict=True):
        one.of(
            instrume="nircam", pupil="maskrnd", channel="long", module="a", is_psf=is_reference,
            template="nircam coronagraphic imaging",
        )  # fmt: skip
        yield from one.exposures(
            1, 1, "nrcalong", exp_type="nrc_tacq", filter="f335m", subarray="sub64fsa430r",
            pntgtype="target_acquisition",
        )  # fmt: skip
        one.of(group)
        yield from one.exposures(
            2, 5 if is_reference == "t" else 2, "nrcalong", exp_type="nrc_coron", filter="f430m",
            subarray="sub320a430r", patttype="5-point-small-grid",
        )  # fmt: skip


MODES = {
    "imaging": (mosaic,),
    "mrs": (mrs,),
    "mos": (mos,),
    "mixed": (
        small_mosaic, mrs, mos, grism, ifu, fixed_slit, low_resolution, transit, coronagraph, mos,
    ),
}  # fmt: skip


def pool_lines(mode: str, rows: int, seed: int = 0, program: int = FIRST_PROGRAM) -> Iterator[str]:
    """Give the lines of a pool, the header first.

    Parameters
    ----------
    mode : str
        One of `MODES`.
    rows : int
        How many exposures.
    seed : int
        Another seed, another pool.
    program : int
        The number of its first program: those of another one share no exposure with it.
    """
    plan = Plan(seed, program)
    exposures = chain.from_iterable(kind(plan) for kind in cycle(MODES[mode]))
    yield "|".join(COLUMNS) + "\n"
    for row in islice(exposures, rows):
        yield "|".join([row.get(column, "null") for column in COLUMNS]) + "\n"


def write_pool(
    path: Path, mode: str, rows: int, seed: int = 0, program: int = FIRST_PROGRAM
) -> Path:
    """Write a pool, see `pool_lines`, and give its path."""
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(pool_lines(mode, rows, seed, program))
    return path


def main() -> None:
    """Write a pool as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pools", description=__doc__)
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("rows", type=int)
    parser.add_argument("path", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    write_pool(given.path, given.mode, given.rows, given.seed)


if __name__ == "__main__":
    main()
