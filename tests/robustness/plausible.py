"""Small pools that any reader has to take: what the mutations start from."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "jw04231_20261105t101500_pool.csv"
COLUMNS = (
    "filename", "obs_id", "program", "exp_type", "instrume", "detector", "channel", "band",
    "filter", "pupil", "grating", "fxd_slit", "subarray", "opmode", "lamp", "targetid", "pntgtype",
    "visitype", "expspcin", "dithptin", "mostilno", "patttype", "numdthpt", "patt_num", "subpxpts",
    "is_psf", "is_imprt", "bkgdtarg", "tsovisit", "msastate", "msametfl", "dms_note", "exposerr",
    "asn_candidate",
)  # fmt: skip

Values = dict[str, str]
Exposures = Iterator[Values]
Observation = Callable[[int], Exposures]


@dataclass(slots=True)
class Table:
    """A pool before it is written: the texts of its cells, as they will stand in the file."""

    columns: list[str]
    rows: list[list[str]]

    def text(self, separator: str = "|", end: str = "\n") -> str:
        lines = [separator.join(self.columns), *(separator.join(row) for row in self.rows)]
        return end.join([*lines, ""])


def plausible_pool(numbers: random.Random) -> Table:
    """Give some observations of a made-up program, or some lines of the example."""
    if numbers.random() < 0.2:
        return _part_of_the_example(numbers)
    rows = []
    for observation in range(1, numbers.randint(2, 3)):
        kind = numbers.choice(OBSERVATIONS)
        for exposure in kind(observation):
            rows.append([exposure.get(column, "null") for column in COLUMNS])
    return Table(list(COLUMNS), rows)


def _part_of_the_example(numbers: random.Random) -> Table:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    header, *rows = [line.split("|") for line in lines if not line.startswith("#")]
    start = numbers.randrange(len(rows))
    return Table(header, rows[start : start + numbers.randint(1, 12)])


def _exposure(observation: int, activity: int, number: int, detector: str, **more: str) -> Values:
    visit = f"02345{observation:03}001"
    return {
        "filename": f"jw{visit}_021{activity:02}_{number:05}_{detector}_uncal.fits",
        "obs_id": f"v{visit}p00000000021{activity:02}",
        "program": "2345",
        "detector": detector,
        "targetid": "1",
        "pntgtype": "science",
        "visitype": "prime_targeted_fixed",
        "subarray": "full",
        "lamp": "none",
        "expspcin": str(activity),
        "dithptin": str(number),
        "mostilno": "1",
        "patt_num": str(number),
        "bkgdtarg": "f",
        "tsovisit": "f",
        "asn_candidate": f"[('o{observation:03}', 'observation')]",
        **more,
    }


def _images(observation: int) -> Exposures:
    more = {"exp_type": "nrc_image", "instrume": "nircam", "filter": "f200w", "pupil": "clear"}
    for number in (1, 2):
        for detector in ("nrca1", "nrcalong"):
            yield _exposure(observation, 1, number, detector, channel="short", **more)
    yield _exposure(observation, 1, 3, "nrca1", channel="short", bkgdtarg="t", **more)


def _bands(observation: int) -> Exposures:
    candidates = f"[('o{observation:03}', 'observation'), ('c1001', 'background')]"
    for activity, band in enumerate(("short", "long"), 1):
        for number in (1, 2, 3):
            yield _exposure(
                observation, activity, number, "mirifushort", exp_type="mir_mrs", instrume="miri",
                channel="12", band=band, patttype="4-point", numdthpt="4",
                bkgdtarg="t" if number == 3 else "f", asn_candidate=candidates,
            )  # fmt: skip


def _imprints(observation: int) -> Exposures:
    for number in (1, 2):
        for activity, imprint in enumerate(("f", "t"), 1):
            yield _exposure(
                observation, activity, number, "nrs1", exp_type="nrs_ifu", instrume="nirspec",
                filter="f290lp", grating="g395h", opmode="ifu", is_imprt=imprint,
                patttype="4-point-dither", numdthpt="2", subpxpts="1",
            )  # fmt: skip


def _nods(observation: int) -> Exposures:
    for number in (1, 2, 3):
        yield _exposure(
            observation, 1, number, "nrs1", exp_type="nrs_msaspec", instrume="nirspec",
            filter="f290lp", grating="g395m", opmode="msaspec", patttype="3-shutter-slitlet",
            numdthpt="3", subpxpts="1", msastate="primarypark_config",
            msametfl=f"jw02345{observation:03}001_01_msa.fits",
        )  # fmt: skip
        yield _exposure(
            observation, 2, number, "nrs2", exp_type="nrs_fixedslit", instrume="nirspec",
            filter="f170lp", grating="g235h", opmode="fixedslit", fxd_slit="s200a1",
            patttype="3-point-nod", numdthpt="3", subpxpts="1",
        )  # fmt: skip


def _grisms(observation: int) -> Exposures:
    for activity, (exp_type, filter_) in enumerate(
        (("nis_image", "clear"), ("nis_wfss", "gr150r"), ("nis_image", "clear")), 1
    ):
        yield _exposure(
            observation, activity, 1, "nis", exp_type=exp_type, instrume="niriss",
            filter=filter_, pupil="f150w",
        )  # fmt: skip


def _slit(observation: int) -> Exposures:
    more = {"instrume": "miri", "visitype": "prime_targeted_fixed"}
    yield _exposure(observation, 1, 1, "mirimage", exp_type="mir_taconfirm", filter="f560w", **more)
    for number in (1, 2):
        yield _exposure(
            observation, 2, number, "mirimage", exp_type="mir_lrs-fixedslit", filter="p750l",
            patttype="along-slit-nod", numdthpt="2", **more,
        )  # fmt: skip


def _transits(observation: int) -> Exposures:
    for detector in ("nrs1", "nrs2"):
        yield _exposure(
            observation, 1, 1, detector, exp_type="nrs_brightobj", instrume="nirspec",
            filter="f290lp", grating="g395h", fxd_slit="s1600a1", tsovisit="t",
        )  # fmt: skip
    yield _exposure(
        observation, 2, 1, "nrcalong", exp_type="nrc_coron", instrume="nircam", filter="f430m",
        pupil="maskrnd", channel="long", is_psf="t", subarray="sub320a430r",
    )  # fmt: skip


OBSERVATIONS: tuple[Observation, ...] = (
    _images,
    _bands,
    _imprints,
    _nods,
    _grisms,
    _slit,
    _transits,
)
