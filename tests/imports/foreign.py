"""Association files as the observatory distributes them, for the exposures of small pools."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

NAME = "jw00001-o001_image2_00001_asn"


def stem(number: int) -> str:
    """Give the name of an exposure of `cli.small_pools.nrc_image`, less its suffix."""
    return f"jw00001001001_02101_{number:05}_nrca1"


def member(number: int, exptype: str = "science", **changes: Any) -> dict[str, Any]:
    return {
        "expname": f"{stem(number)}_rate.fits", "exptype": exptype, "exposerr": "null", **changes,
    }  # fmt: skip


def constraints(exp_type: str, candidate: str = "o001", kind: str = "observation") -> str:
    """Write constraints in the words of jwst."""
    return "\n".join(
        [
            "DMSAttrConstraint({'name': 'program', 'sources': ['program'], 'value': '1'})",
            "DMSAttrConstraint({'name': 'is_tso', 'sources': ['tsovisit'], 'value': None})",
            "DMSAttrConstraint({'name': 'opt_elem2', 'sources': ['pupil', 'grating'], "
            "'value': 'clear'})",
            "Constraint_Image_Science({'name': 'exp_type', 'sources': ['exp_type'], "
            f"'value': '{exp_type}'" + "})",
            "DMSAttrConstraint({'name': 'asn_candidate', 'sources': ['asn_candidate'], "
            rf"""'value': "\\('{candidate}',\\ '{kind}'\\)" """.strip()
            + "})",
        ]
    )


def document(*members: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Write what jwst writes for the first of some members, with changes.

    It does not tell what made it, so that its time decides by which rules it is judged.
    """
    given: Sequence[dict[str, Any]] = members or [member(1)]
    return {
        "asn_type": "image2",
        "asn_rule": "candidate_Asn_Lv2Image",
        "version_id": None,
        "code_version": None,
        "degraded_status": "No known degraded exposures in association.",
        "program": "00001",
        "constraints": "",
        "asn_id": "o001",
        "asn_pool": "jw00001_20260801t101500_pool.csv",
        "target": "1",
        "products": [
            {
                "name": given[0]["expname"].removesuffix("_rate.fits"),
                "members": list(given),
            }
        ],
        **changes,
    }


def write(folder: Path, content: dict[str, Any], name: str = NAME) -> str:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(content, indent=4), encoding="utf-8")
    return str(path)
