"""How long a look-up takes, beside the import of the libraries that it needs."""

from __future__ import annotations

import sys

from benchmarks.databases import ASNRULES
from benchmarks.processes import measured, paired
from benchmarks.setting import Result, Setting
from benchmarks.tables import number, print_table

_LIBRARIES = [sys.executable, "-c", "import sqlalchemy, typer"]
_PAIRS = 11


def startup(setting: Setting) -> Result:
    """Measure, print and give both, in pairs."""
    databases = setting.databases[0]
    database = databases.new()
    lookup = [*ASNRULES, "--database", database, "lookup", "NRS_IFU"]
    measured(lookup)
    ours, libraries, beyond = paired(
        lambda: measured(lookup),
        lambda: measured(_LIBRARIES),
        1 if setting.quick else _PAIRS,
    )
    databases.drop(database)
    runs = [
        {"what": "lookup", "wall": ours.wall, "cpu": ours.cpu},
        {"what": "import sqlalchemy, typer", "wall": libraries.wall, "cpu": libraries.cpu},
    ]
    print_table(
        "startup: seconds of whole processes",
        ["what", "wall s", "cpu s"],
        [[run["what"], number(run["wall"]), number(run["cpu"])] for run in runs],
    )
    return {"runs": runs, "ratio_wall": ours.wall / libraries.wall, "beyond": beyond}
