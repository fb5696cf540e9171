"""Pools of a few exposures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

Exposure = Mapping[str, str]


def nrc_image(number: int = 1, **changes: str) -> dict[str, str]:
    """Give a NIRCam image: of program 1, for candidate o001, unless something else is said."""
    return {
        "filename": f"jw00001001001_02101_{number:05}_nrca1_uncal.fits",
        "program": "1",
        "exp_type": "nrc_image",
        "instrume": "nircam",
        "detector": "nrca1",
        "filter": "f200w",
        "pupil": "clear",
        "channel": "short",
        "subarray": "full",
        "targetid": "1",
        "pntgtype": "science",
        "visitype": "prime_targeted_fixed",
        "bkgdtarg": "f",
        "tsovisit": "f",
        "exposerr": "null",
        "asn_candidate": "[('o001', 'observation')]",
        **changes,
    }


def without(exposure: Exposure, *keywords: str) -> dict[str, str]:
    return {name: value for name, value in exposure.items() if name not in keywords}


def pool_text(*exposures: Exposure) -> str:
    """Write a pool; its columns are those of the first exposure."""
    lines = ["|".join(exposures[0]), *("|".join(row.values()) for row in exposures)]
    return "\n".join(lines) + "\n"


def write_pool(path: Path, *exposures: Exposure) -> str:
    path.write_text(pool_text(*exposures), encoding="utf-8")
    return str(path)
