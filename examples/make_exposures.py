"""Make five FITS files with the headers of JWST exposures, for those who have none at hand.

`python examples/make_exposures.py FOLDER` needs astropy (`pip install astropy`). The files are
headers only: two dithers of a NIRCam image, a MIRI spectrum with its background, and a time series.
"""

from __future__ import annotations

import sys
from pathlib import Path

try:
    from astropy.io import fits
except ImportError:
    sys.exit("make_exposures.py needs astropy, which is not installed; pip install astropy")

COMMON = {
    "TELESCOP": "JWST",
    "PROGRAM": "04232",
    "VISITYPE": "PRIME_TARGETED_FIXED",
    "TSOVISIT": False,
    "BKGDTARG": False,
    "IS_PSF": False,
    "SUBARRAY": "FULL",
}
IMAGE = {
    "OBSERVTN": "001",
    "EXP_TYPE": "NRC_IMAGE",
    "INSTRUME": "NIRCAM",
    "DETECTOR": "NRCA1",
    "CHANNEL": "SHORT",
    "FILTER": "F200W",
    "PUPIL": "CLEAR",
    "TARGNAME": "NGC-604",
    "NUMDTHPT": 2,
}
SPECTRUM = {
    "EXP_TYPE": "MIR_MRS",
    "INSTRUME": "MIRI",
    "DETECTOR": "MIRIFUSHORT",
    "CHANNEL": "12",
    "BAND": "SHORT",
}
SERIES = {
    "OBSERVTN": "004",
    "EXP_TYPE": "NIS_SOSS",
    "INSTRUME": "NIRISS",
    "DETECTOR": "NIS",
    "FILTER": "CLEAR",
    "PUPIL": "GR700XD",
    "SUBARRAY": "SUBSTRIP256",
    "TARGNAME": "WASP-39",
    "TSOVISIT": True,
}
EXPOSURES = {
    "jw04232001001_02101_00001_nrca1_uncal.fits": {**IMAGE, "PATT_NUM": 1},
    "jw04232001001_02101_00002_nrca1_uncal.fits": {**IMAGE, "PATT_NUM": 2},
    "jw04232002001_02101_00001_mirifushort_uncal.fits": {
        **SPECTRUM,
        "OBSERVTN": "002",
        "TARGNAME": "TITAN",
    },
    "jw04232003001_02101_00001_mirifushort_uncal.fits": {
        **SPECTRUM,
        "OBSERVTN": "003",
        "TARGNAME": "TITAN-BACKGROUND",
        "BKGDTARG": True,
    },
    "jw04232004001_03101_00001_nis_uncal.fits": SERIES,
}


def make_exposures(folder: Path) -> None:
    """Write the five files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, keywords in EXPOSURES.items():
        header = fits.Header({**COMMON, "FILENAME": name, **keywords})
        fits.PrimaryHDU(header=header).writeto(folder / name, overwrite=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("which folder? python examples/make_exposures.py FOLDER")
    try:
        make_exposures(Path(sys.argv[1]))
    except OSError as error:
        sys.exit(f"{sys.argv[1]}: cannot be written: {error.strerror or error}")
