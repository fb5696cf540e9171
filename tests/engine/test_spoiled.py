"""Spoil one keyword of an exposure that is calibrated: the reason names that keyword.

Of every EXP_TYPE exposures are taken that rules calibrate, by each rule and role and for each row
of their tables of optical paths. Each keyword that rules look at is spoiled in each: it has no
value, nonsense, or another value that a rule mentions. Where the exposure is in no association
then, the reason names the keyword, or says what `spoiled_otherwise` has for it.

`ASNRULES_SPOILINGS=1` spoils all of them; without it some of them, and in the first exposure of
each EXP_TYPE every keyword.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from asnrules.catalog.classification import Classifier
from asnrules.engine.exposures import Work
from asnrules.engine.generation import Generation, Wanted
from asnrules.engine.signatures import Judge, Judgement
from asnrules.pools import parse_candidates, read_pool
from asnrules.rules.text_files import read_csv
from asnrules.util.environment import shipped
from engine.building import exposure, generated, keywords, ruleset
from engine.spoiled_otherwise import MADE, REAL, Account, names
from engine.spoiling import Values, calibrated, mentioned, spoiled
from labels import FEWEST

ALL = "ASNRULES_SPOILINGS" in os.environ
STRIDE = 1 if ALL else 33

EXP_TYPES = [
    row["exp_type"].lower() for row in read_csv(shipped("seed") / "vocabulary" / "exp_types.csv")
]

NO_RULE = {"exp_type"}
"""Of another EXP_TYPE, what it was before says nothing any more."""


class Reasons:
    """Says why exposures, each alone in a pool, are in no association."""

    def __init__(self, label: str) -> None:
        self.ruleset = ruleset(label)
        self._judge = Judge(self.ruleset, keywords())
        nothing: Any = None
        self._classifier = Classifier(nothing, self.ruleset, nothing, [], [])
        # What becomes of an exposure alone follows from its signature.
        self._known: dict[int, tuple[Judgement, str | None, list[str]]] = {}

    def of(self, values: Values) -> tuple[str | None, list[str]]:
        """Give the reason, None if there is none; and the rules of its associations."""
        row = tuple(values.get(keyword) for keyword in keywords())
        judgement = self._judge.judge(row)
        if id(judgement) not in self._known:
            work = Work.judged_by(self._judge, keywords(), [row])
            text = values["asn_candidate"] or ""
            candidates = {text: parse_candidates(text)}
            outcome = Generation(work, candidates, ["pool.csv"], Wanted(diagnosed=False)).run()
            rules = [one.asn_rule for one in outcome.associations]
            reason = None
            if not outcome.memberships[0]:
                found = self._classifier.classify(work, 0).reason
                reason = outcome.reasons.get(0, found)
            self._known[id(judgement)] = (judgement, reason, rules)
        return self._known[id(judgement)][1:]

    def exposures(self, exp_type: str) -> Iterator[tuple[Values, list[str]]]:
        """Give exposures of an EXP_TYPE that are calibrated, each signature once."""
        seen = set()
        for values in calibrated(self.ruleset, exp_type, keywords()):
            reason, rules = self.of(values)
            row = tuple(values.get(keyword) for keyword in keywords())
            judgement = id(self._judge.judge(row))
            if reason is None and judgement not in seen:
                seen.add(judgement)
                yield values, rules


@pytest.mark.parametrize("label", FEWEST)
def test_the_reason_names_the_keyword_that_was_spoiled(label: str) -> None:
    reasons = Reasons(label)
    looked_at = mentioned(reasons.ruleset)
    account = Account(label, MADE)
    turns = 0
    for exp_type in EXP_TYPES:
        exposures = list(reasons.exposures(exp_type))
        account.counts["EXP_TYPEs calibrated"] += bool(exposures)
        account.counts["exposures"] += len(exposures)
        for number, (values, rules) in enumerate(exposures):
            for keyword in sorted(looked_at.keys() - NO_RULE):
                for turn, one in enumerate(spoiled(values, keyword, looked_at[keyword])):
                    turns += 1
                    if turns % STRIDE == 0 or not (number or turn > 1):
                        account.add(exp_type, keyword, one[keyword], reasons.of(one)[0], rules)
    print(account.text())
    account.check(is_whole=ALL)
    assert account.counts["EXP_TYPEs calibrated"] > 40
    assert account.counts["in no association"] > 250


# ------------------------------------------------------------------ by hand


def test_all_values_that_would_fit_are_wanted() -> None:
    path = {"instrume": "nirspec", "detector": "nrs1", "grating": "g140m", "mostilno": "1"}
    cube = exposure("cube_uncal.fits", "nrs_ifu", **path, filter="f290lp")
    assert reason_of(cube) == (
        "nearest is Asn_Lv2Spec: a valid NIRSpec IFU optical path, or no NRS_IFU: "
        "FILTER is 'f290lp', wanted f070lp or f100lp, or GRATING is 'g140m', wanted g395m or g395h"
    )


def test_a_time_series_is_measured_by_the_rule_for_time_series() -> None:
    optics = {"grating": "prism", "filter": "clear", "detector": "nrs2", "fxd_slit": "s1600a1"}
    star = exposure("star_uncal.fits", "nrs_brightobj", **optics, instrume="nirspec", tsovisit="t")
    reason = reason_of(star)
    assert reason.startswith("nearest is Asn_Lv2SpecTSO: a valid NIRSpec fixed-slit optical path")
    assert "DETECTOR is 'nrs2', wanted nrs1" in reason
    assert "TSOVISIT" not in reason


def test_a_flag_that_is_not_set_is_no_reason_and_all_that_is_missing_is_said() -> None:
    optics = {"grating": "prism", "filter": "clear", "detector": "nrs2", "fxd_slit": "s200a1"}
    slit = exposure("slit_uncal.fits", "nrs_fixedslit", **optics, instrume="nirspec", expspcin="1")
    reason = reason_of(slit)
    assert reason.startswith("nearest is Asn_Lv2NRSFSS: a valid NIRSpec fixed-slit optical path: ")
    for words in ("DETECTOR is 'nrs2', wanted nrs1", "NUMDTHPT is empty", "SUBPXPTS"):
        assert words in reason
    assert "IS_IMPRT" not in reason


def test_a_key_with_two_sources_lacks_both() -> None:
    optics = {"instrume": "miri", "detector": "mirifushort", "channel": "12", "mostilno": "1"}
    cube = exposure("cube_uncal.fits", "mir_mrs", **optics, filter="null", band="null")
    assert reason_of(cube).endswith(
        "FILTER is empty, wanted a value other than opaque, or BAND is empty, wanted a value"
    )


def test_what_comes_from_headers_lacks_its_specification_number() -> None:
    optics = {"grating": "g235m", "filter": "f170lp", "detector": "nrs1", "fxd_slit": "s200a1"}
    nods = {"numdthpt": "3", "subpxpts": "1", "patt_num": "1", "patttype": "3-point-nod"}
    slit = exposure("slit_rate.fits", "nrs_fixedslit", **optics, **nods, instrume="nirspec")
    assert reason_of(slit) == ("nearest is Asn_Lv2NRSFSS: EXPSPCIN is empty, wanted a value")


def test_a_lamp_without_its_shutter_file_lacks_that() -> None:
    optics = {"grating": "g395h", "filter": "opaque", "detector": "nrs1", "opmode": "msaspec"}
    lamp = exposure("lamp_uncal.fits", "nrs_autoflat", **optics, lamp="flat1", instrume="nirspec")
    reason = reason_of(lamp)
    assert reason.startswith("nearest is Asn_Lv2NRSLAMPSpectral: MSAMETFL is given")
    assert ": MSAMETFL is empty, wanted a value" in reason


def test_a_rule_for_grisms_says_nothing_of_an_image() -> None:
    optics = {"instrume": "nircam", "detector": "nrca3", "filter": "f212n", "pupil": "wlm8"}
    note = {"visitype": "prime_wfsc_sensing_only", "dms_note": "wfsc_los_jitter"}
    jitter = exposure("jitter_uncal.fits", "nrc_image", **optics, **note, subarray="full")
    reason = reason_of(jitter)
    assert reason.startswith("nearest is Asn_Lv2WFSC: ")
    assert "DMS_NOTE is 'wfsc_los_jitter', wanted anything but wfsc_los_jitter" in reason
    assert "WFSS" not in reason


def test_a_dark_is_of_no_rule() -> None:
    dark = exposure("dark_uncal.fits", "nrc_dark", instrume="nircam", detector="nrca1")
    reason, _ = Reasons("jwst-3.0.0").of(complete(dark))
    assert reason is not None
    assert reason.endswith("no rule takes its EXP_TYPE")


def test_what_a_flag_makes_of_it_is_said() -> None:
    optics = {"instrume": "nircam", "detector": "nrca3", "filter": "f212n", "pupil": "clear"}
    image = exposure("image_uncal.fits", "nrc_image", **optics, subarray="full", is_imprt="t")
    reason, _ = Reasons("jwst-3.0.0").of(complete(image))
    assert reason is not None
    assert "it counts as imprint (IS_IMPRT is set); " in reason
    assert "nearest is Asn_Lv2Image: " in reason
    assert "IS_IMPRT is set, wanted f" in reason


@pytest.mark.parametrize(
    ("exp_type", "pattern", "said"),
    [
        ("nrs_ifu", "none", "nearest is Asn_Lv2Spec: the class counts as science: PNTGTYPE is"),
        ("nrs_ifu", "2-point-nod", "nearest is Asn_Lv2NRSIFUNod: the class counts as science"),
        ("mir_lrs-fixedslit", "none", "nearest is Asn_MIRLRSTAConfirm: the class counts as"),
        ("mir_lrs-fixedslit", "along-slit-nod", "nearest is Asn_MIRLRSTAConfirm: the class"),
    ],
)
def test_a_pointing_that_does_not_exist_is_no_reason_for_nods(
    exp_type: str, pattern: str, said: str
) -> None:
    optics = {"grating": "prism", "filter": "clear", "detector": "nrs1", "mostilno": "1"}
    given = {"patttype": pattern, "pntgtype": "rubbish", "instrume": "given"}
    reason, _ = Reasons("jwst-3.0.0").of(complete(exposure("a.fits", exp_type, **optics, **given)))
    assert reason is not None
    assert "it counts as rubbish (PNTGTYPE is 'rubbish'); " in reason
    assert said in reason
    assert "PATTTYPE" not in reason


def complete(values: dict[str, str]) -> Values:
    return {keyword: values.get(keyword, "null") for keyword in keywords()}


def reason_of(values: dict[str, str]) -> str:
    """Give the nearest rule and what it misses, for an exposure alone in a pool."""
    reason, _ = Reasons("jwst-3.0.0").of(complete(values))
    assert reason is not None
    return re.sub(r"; differs in .*", "", reason[reason.index("nearest is") :])


# ------------------------------------------------------------------ with companions


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        (keyword, value)
        for keyword in ("program", "targetid", "instrume", "pupil", "subarray")
        for value in ("null", "rubbish")
    ],
)
def test_a_grism_exposure_that_loses_its_direct_image(keyword: str, value: str) -> None:
    optics = {"instrume": "niriss", "detector": "nis", "pupil": "f150w", "subarray": "full"}
    grism = exposure("a_uncal.fits", "nis_wfss", **optics, filter="gr150r", expspcin="2")
    image = exposure("b_uncal.fits", "nis_image", **optics, filter="clear", expspcin="1")
    assert generated([grism, image]).memberships[0] == 1
    spoilt = grism | {keyword: value}
    outcome = generated([spoilt, image])
    assert outcome.memberships[0] == 0
    alone, _ = Reasons("jwst-3.0.0").of(complete(spoilt))
    assert names(outcome.reasons.get(0) or alone or "", keyword)


# ------------------------------------------------------------------ exposures of real pools


@pytest.mark.parametrize("label", FEWEST)
def test_exposures_of_real_pools(shared: Path, label: str) -> None:
    reasons = Reasons(label)
    looked_at = mentioned(reasons.ruleset)
    account = Account(label, REAL)
    for place, values in enumerate(real_exposures(shared)):
        reason, rules = reasons.of(values)
        if reason is not None:
            continue
        account.counts["exposures"] += 1
        for number, keyword in enumerate(sorted(looked_at.keys() - NO_RULE)):
            others = list(spoiled(values, keyword, looked_at[keyword]))
            for one in others if ALL else [others[(place + number) % len(others)]]:
                exp_type = values["exp_type"] or ""
                account.add(exp_type, keyword, one[keyword], reasons.of(one)[0], rules)
    print(account.text())
    account.check(is_whole=ALL)
    assert account.counts["in no association"] > 100


@cache
def real_exposures(shared: Path) -> list[Values]:
    """Give exposures of real pools, one for each combination of what says how it was made."""
    found = {}
    for path in sorted((shared / "parity").glob("*/pool.csv")):
        pool = read_pool(path, keywords())
        for row in pool.rows:
            values = dict(zip(keywords(), row, strict=True))
            values["asn_candidate"] = "[('o001', 'observation')]"
            optics = ("exp_type", "grating", "opmode", "tsovisit", "visitype", "bkgdtarg")
            key = tuple(values[keyword] for keyword in optics)
            found.setdefault(key, values)
    return [*found.values()]
