"""What a command prints as CSV is the table of its function in Python."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asnrules import Catalog, Options, open_catalog
from cli.conftest import Command
from cli.small_pools import nrc_image, write_pool

POOL = [nrc_image(1), nrc_image(2), nrc_image(3, exp_type="nrc_dark")]
NAME = POOL[0]["filename"]
ASN_NAME = "jw00001-o001_image2_00002_asn"

CASES: dict[str, Callable[[Catalog, str], Any]] = {
    "lookup NRS spec2": lambda own, _: own.lookup("NRS", "spec2"),
    "classify POOL": lambda own, pool: own.classify_pool(pool),
    "candidates POOL": lambda own, pool: own.candidates(pool),
    f"why POOL {NAME}": lambda own, pool: own.why(pool, NAME),
    f"why --run 1 {NAME}": lambda own, _: own.why(NAME, run=1),
    f"why POOL {NAME} {POOL[1]['filename']}": lambda own, pool: own.why(
        pool, NAME, POOL[1]["filename"]
    ),
    f"why {ASN_NAME}": lambda own, _: own.why(ASN_NAME),
    "sql": lambda own, _: own.sql(),
    "rulesets list": lambda own, _: own.rulesets(),
    "rulesets releases": lambda own, _: own.releases(),
    "rulesets show 2021-06-15": lambda own, _: own.show("2021-06-15"),
    "rulesets history NRS_MIMF": lambda own, _: own.history("NRS_MIMF"),
    "rulesets blame Asn_Lv2WFSC": lambda own, _: own.blame("Asn_Lv2WFSC"),
    "rulesets check 2021-06-15": lambda own, _: own.curator.check("2021-06-15"),
    "rulesets diff 2021-06-15 2025-05-02": lambda own, _: own.curator.diff(
        "2021-06-15", "2025-05-02"
    ),
    "audit runs": lambda own, _: own.audit.runs(),
    "audit run 1": lambda own, _: own.audit.run(1),
    f"audit exposure {NAME}": lambda own, _: own.audit.exposure(NAME),
    f"audit association {ASN_NAME}": lambda own, _: own.audit.association(ASN_NAME),
    f"audit association {ASN_NAME} --needs": lambda own, _: own.audit.needs(ASN_NAME),
    "audit diff 1 2": lambda own, _: own.audit.diff(1, 2),
    "audit replay 1 2": lambda own, _: own.audit.replay(1, 2),
    "audit timeline 1": lambda own, _: own.audit.timeline(1),
    "audit digest": lambda own, _: own.audit.digest(),
}


def test_csv_and_tables_are_the_same(
    command: Callable[[str], Command], templates: Any, tmp_path: Path
) -> None:
    database = tmp_path / "catalog.db"
    shutil.copyfile(templates.seeded("sqlite"), database)
    run, pool = command(str(database)), write_pool(tmp_path / "pool.csv", *POOL)
    own = open_catalog(database)
    own.generate(pool)
    own.generate(pool, options=Options(ruleset="jwst-1.2.0"))
    for words, function in CASES.items():
        printed = run(*words.replace("POOL", pool).split(), "--format", "csv")
        assert printed.out, (words, printed.err)
        header, *lines = csv.reader(printed.out.splitlines())
        table = function(own, pool).to_pandas()
        assert len(table) == len(lines), words
        for column in header:
            named = [one for one in table if one == column or one.startswith(f"{column}_")]
            assert named, (words, column)
    own.close()
