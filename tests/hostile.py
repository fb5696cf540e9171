"""A recorded run in which every free text looks like markup."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from asnrules.workflows.generate import Options, generate
from cli.small_pools import nrc_image, write_pool

# A title that changes shows that a script has run.
IMAGE = "<img src=x onerror=document.title='bad'>&amp;&#60;\"'"
SCRIPT = f"<script>document.title='bad'</script>{IMAGE}"
TAKEN = f"jw1{IMAGE}_nrca1_uncal.fits"
TAKEN_AS = f"jw1{IMAGE}_nrca1_rate.fits"
LEFT_OUT = f"jw2{IMAGE}_nrca1_uncal.fits"
ADDRESS = "https://elsewhere.example/picture.png"


def record_hostile_run(engine: Engine, folder: Path) -> None:
    pool = write_pool(
        folder / f"{IMAGE}.csv",
        nrc_image(1, filename=TAKEN, **dict.fromkeys(FREE, IMAGE)),
        nrc_image(2, exp_type=SCRIPT),
        nrc_image(3, filename=LEFT_OUT, asn_candidate="null"),
        nrc_image(4, targetid=ADDRESS, exposerr=ADDRESS),
    )
    generate(engine, [pool], Options(operator=SCRIPT, note=SCRIPT))


FREE = ("targetid", "exposerr", "filter", "subarray")
"""Keywords whose value goes into the record of an association."""
