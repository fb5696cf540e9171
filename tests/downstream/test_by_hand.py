"""What docs/audit.md does with the files of `generate` and `asn_from_list` is loaded and judged."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import asnrules
from asnrules import ImportOptions, Options

pytest.importorskip("jwst", reason="jwst 3.0.0 is not installed beside asnrules")

from jwst.associations import AssociationRegistry, libpath, load_asn
from jwst.associations.asn_from_list import asn_from_list
from jwst.associations.lib.rules_level2_base import DMSLevel2bBase

ROOT = Path(__file__).parents[2]
POOL = ROOT / "examples" / "2022" / "jw01098_20220815t101500_pool.csv"
SCIENCE, OTHER = (f"jw01098003001_0210{number}_00001_nrs1_rate.fits" for number in (1, 2))


def blocks() -> list[str]:
    text = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    section = text.partition("### By hand, from what generate makes")[2].partition("\n### ")[0]
    return re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def test_files_made_as_the_document_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    registry = AssociationRegistry([str(libpath() / "rules_level2b.py")], include_default=False)
    catalog = asnrules.open_catalog("catalog.db")
    catalog.generate(POOL, options=Options(output=Path("out"), record=False))
    known: dict[str, object] = {}
    assert len(blocks()) == 2
    for block in blocks():
        Path("mine_asn.json").unlink(missing_ok=True)
        exec(block, known)
        with Path("mine_asn.json").open() as stream:
            (product,) = load_asn(stream, registry=registry)["products"]
        roles = {member["expname"]: member["exptype"] for member in product["members"]}
        assert roles == {SCIENCE: "science", OTHER: "background"}
        options = ImportOptions(pools=[POOL], ruleset="jwst-3.0.0", dry_run=True)
        (file,) = catalog.audit.import_associations("mine_asn.json", options=options).files
        assert file.verdict == "differs"
        assert f"the file has {OTHER} (background), but the rules do not: " in file.explanation
        assert "TARGETID is 4, that of the science 3" in file.explanation
    catalog.close()


@pytest.mark.filterwarnings("ignore:Input association file contains path information")
def test_products_are_named_by_their_files(tmp_path: Path) -> None:
    items = [(f"data/{SCIENCE}", "science"), ("mine_cat.ecsv", "sourcecat")]
    made = asn_from_list(items, rule=DMSLevel2bBase, with_exptype=True, product_name="Level2")
    products = json.loads(made.dump()[1])["products"]
    assert [len(product["members"]) for product in products] == [1, 1]
    assert products[0]["name"] == f"data/{SCIENCE.removesuffix('_rate.fits')}"
