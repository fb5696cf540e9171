"""Probes: nothing that the rules can tell apart is left out, and none meets another."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from asnrules.analysis.probes import Probe, probes
from asnrules.associations.model import Association
from asnrules.engine.exposures import Work, canonical_order
from asnrules.engine.generation import Generation, Wanted
from asnrules.engine.signatures import CLASS
from asnrules.pools import read_pool
from asnrules.rules.model import Operator, Ruleset
from asnrules.workflows.trial_pools import TrialPool, probe_pools
from catalog.analysis.rulesets import vocabulary
from seeds import seed

RULES = seed()
KEYWORDS = vocabulary().keywords()
EXP_TYPES = {"Asn_Lv2FGS": ["FGS_IMAGE", "FGS_FOCUS"], "Asn_Lv2SpecTSO": ["MIR_MRS", "NIS_SOSS"]}


@cache
def found() -> tuple[Probe, ...]:
    return tuple(probes(RULES, vocabulary()))


@cache
def values() -> dict[str, dict[str, set[str | None]]]:
    """Give by EXP_TYPE and keyword the values of the exposures of all probes."""
    tried: dict[str, dict[str, set[str | None]]] = defaultdict(lambda: defaultdict(set))
    for probe in found():
        for exposure in probe:
            for keyword, value in exposure.values.items():
                tried[exposure.values["exp_type"] or ""][keyword].add(value)
    return tried


@pytest.mark.parametrize("exp_type", [name.lower() for name in vocabulary().exp_types])
def test_every_exp_type_comes_with_every_flag_and_without(exp_type: str) -> None:
    for _, keyword in vocabulary().specials:
        assert {"t", None} <= values()[exp_type][keyword]
    assert {"t", None} <= values()[exp_type]["tsovisit"]


def test_every_value_that_a_condition_names_is_tried() -> None:
    named = {
        (term.keyword, value)
        for condition in RULES.used_conditions()
        for terms in condition.alternatives
        for term in terms
        if term.operator in {Operator.IN, Operator.LISTED} and not term.keyword.startswith("cand")
        for value in term.values
    }
    tried = {
        (keyword, value)
        for of_type in values().values()
        for keyword, some in of_type.items()
        for value in some
    }
    assert {pair for pair in named - tried if pair[0] != CLASS} == set()


def test_only_the_exp_types_asked_for_are_probed() -> None:
    chosen = tuple(probes(RULES, vocabulary(), ["NRS_IFU"]))
    assert chosen
    assert all("nrs_ifu" in {one.values["exp_type"] for one in probe} for probe in chosen)
    assert chosen[0] in found()


def test_every_rule_makes_something_of_them_in_every_role(tmp_path: Path) -> None:
    """As far as members tell: the words that a rule writes for its roles."""
    made = defaultdict(set)
    for pool in probe_pools(found(), KEYWORDS):
        for association in generated(pool, tmp_path):
            for product in association.products:
                made[association.asn_rule] |= {one.exptype for one in product.members}
    assert set(made) == {rule.name for rule in RULES.rules}
    assert made["Asn_Lv2Spec"] >= {"science", "background", "imprint"}
    assert made["Asn_Lv2WFSSNIS"] >= {"science", "direct_image", "sourcecat", "segmap"}
    assert made["Asn_MIRLRSTAConfirm"] >= {"science", "background", "target_acquisition"}
    for nods in ("Asn_Lv2NRSIFUNod", "Asn_Lv2NRSMSA", "Asn_Lv2NRSFSS", "Asn_Lv2MIRLRSFixedSlitNod"):
        assert made[nods] >= {"science", "background"}, nods


@pytest.mark.parametrize("name", ["Asn_Lv2FGS", "Asn_Lv2SpecTSO"])
def test_a_flagged_exposure_of_another_type_comes_before_a_science(
    name: str, tmp_path: Path
) -> None:
    """So that a key of releases before 1.10.0 is missed that only such exposures show."""
    rules = seed("jwst-1.9.4")
    less = tuple(
        rule._replace(keys=tuple(key for key in rule.keys if key.name != "exp_type"))
        if rule.name == name
        else rule
        for rule in rules.rules
    )
    pairs = [probe for probe in probes(rules, vocabulary(), EXP_TYPES[name]) if len(probe) == 2]
    pools = list(probe_pools(pairs, KEYWORDS))
    with_key, without = (
        [generated(pool, tmp_path, one) for pool in pools]
        for one in (rules, replace(rules, rules=less))
    )
    assert with_key != without


def test_probes_of_a_pool_have_nothing_in_common() -> None:
    pool = next(probe_pools((probe for probe in found() if len(probe) > 1), KEYWORDS))
    assert len(pool.parts) > 1
    names = [row["filename"] for row in pool.rows]
    assert len(set(names)) == len(names)
    candidates = [
        {pair for row in part for pair in row["asn_candidate"].strip("[]").split("), (")}
        for part in pool.parts
    ]
    assert len(set.union(*candidates)) == sum(map(len, candidates))


def generated(pool: TrialPool, folder: Path, rules: Ruleset = RULES) -> list[Association]:
    path = folder / "pool.csv"
    path.write_bytes(pool.content())
    read = read_pool(path, KEYWORDS)
    places = (KEYWORDS.index("filename"), KEYWORDS.index("asn_candidate"))
    rows = [read.rows[place] for place in canonical_order(read.rows, *places)]
    work = Work.judged(rules, KEYWORDS, rows)
    wanted = Wanted(diagnosed=False, explained=False)
    return Generation(work, read.candidates, ["pool.csv"] * len(rows), wanted).run().associations
