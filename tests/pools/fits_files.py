"""FITS files with the headers of exposures, made by astropy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from astropy.io import fits

IMAGE: Mapping[str, object] = {
    "TELESCOP": "JWST",
    "PROGRAM": "01234",
    "OBSERVTN": "001",
    "EXP_TYPE": "NRC_IMAGE",
    "INSTRUME": "NIRCAM",
    "DETECTOR": "NRCA1",
    "CHANNEL": "SHORT",
    "FILTER": "F200W",
    "PUPIL": "CLEAR",
    "SUBARRAY": "FULL",
    "TARGNAME": "NGC 604",
    "VISITYPE": "PRIME_TARGETED_FIXED",
    "TSOVISIT": False,
    "BKGDTARG": False,
    "IS_PSF": False,
    "PATT_NUM": 1,
}
SLIT: Mapping[str, object] = {
    "EXP_TYPE": "NRS_FIXEDSLIT",
    "INSTRUME": "NIRSPEC",
    "DETECTOR": "NRS1",
    "FILTER": "F170LP",
    "GRATING": "G235M",
    "FXD_SLIT": "S200A1",
    "SUBARRAY": "SUBS200A1",
    "CHANNEL": None,
    "PUPIL": None,
    "PATTTYPE": "3-POINT-NOD",
    "NUMDTHPT": 3,
    "SUBPXPTS": 1,
}
"""What a nod of a fixed slit has otherwise."""


def image_name(number: int = 1, observation: int = 1) -> str:
    return f"jw01234{observation:03}001_02101_{number:05}_nrca1_uncal.fits"


def write_fits(path: Path, **changes: object) -> str:
    """Write an image with some keywords changed; None leaves a keyword out."""
    header = fits.Header()
    for keyword, value in {**IMAGE, **changes}.items():
        if value is not None:
            header[keyword] = value
    fits.PrimaryHDU(header=header).writeto(path, overwrite=True)
    return str(path)


def with_card(path: Path, card: bytes) -> str:
    """Put a card of any 80 bytes into a file."""
    content = path.read_bytes()
    end = content.index(b"END" + b" " * 77)
    path.write_bytes(content[:end] + card.ljust(80)[:80] + content[end:-80])
    return str(path)
