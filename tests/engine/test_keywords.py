"""Which keywords the rules look at: what is expected was written down from the rules in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from asnrules.engine.keywords import keywords_of, looked_at, wanting
from asnrules.rules.model import Ruleset
from asnrules.util.environment import shipped
from cli.small_pools import nrc_image
from seeds import seed

UNKNOWN = ("is_imprt", "pntgtype", "dms_note", "dithptin", "mostilno", "expspcin")
KNOWN = {
    "is_imprt": "f", "pntgtype": "science", "dms_note": "null", "dithptin": "1", "mostilno": "1",
    "is_psf": "f",
}  # fmt: skip
SPECTRUM = {"pupil": "null", "channel": "null"}
IFU = {
    "exp_type": "nrs_ifu", "instrume": "nirspec", "detector": "nrs1", "filter": "f290lp",
    "grating": "g395h", **SPECTRUM,
}  # fmt: skip
SLIT = {
    "exp_type": "nrs_fixedslit", "instrume": "nirspec", "detector": "nrs1", "filter": "f170lp",
    "grating": "g235m", "fxd_slit": "s200a1", "numdthpt": "2", "subpxpts": "1", **SPECTRUM,
}  # fmt: skip
SHUTTERS = {
    "exp_type": "nrs_msaspec", "instrume": "nirspec", "detector": "nrs1", "filter": "f170lp",
    "grating": "g235m", "msametfl": "a.fits", **SPECTRUM,
}  # fmt: skip
GRISM = {"exp_type": "nrc_wfss", "pupil": "grismr", "detector": "nrcalong", "channel": "long"}
MRS = {
    "exp_type": "mir_mrs", "instrume": "miri", "detector": "mirifushort", "band": "short",
    "filter": "null", **SPECTRUM,
}  # fmt: skip

# Exposures, and what of the unknown the rules look at.
CASES: list[tuple[list[dict[str, str]], set[str]]] = [
    ([{}], {"pntgtype"}),
    ([{"exp_type": "nrc_dark"}], {"pntgtype"}),
    ([{"visitype": "prime_wfsc_routine"}], {"pntgtype", "dms_note"}),
    ([MRS], {"pntgtype", "is_imprt", "mostilno", "dithptin"}),
    ([IFU], {"pntgtype", "is_imprt", "mostilno", "dithptin"}),
    ([IFU | {"patttype": "4-point-nod"}], {"pntgtype", "is_imprt", "mostilno", "dithptin"}),
    ([SLIT], {"pntgtype", "is_imprt", "expspcin"}),
    ([SHUTTERS], {"pntgtype", "is_imprt", "expspcin"}),
    ([GRISM], {"pntgtype", "expspcin", "is_imprt"}),
    # A direct image matters by its place in the sequence only if there is something to go with.
    ([{}, GRISM], {"pntgtype", "expspcin", "is_imprt"}),
    # Backgrounds go with the sciences of any tile.
    ([MRS | {"bkgdtarg": "t"}], {"pntgtype", "is_imprt", "dithptin"}),
]  # fmt: skip


@pytest.fixture(scope="module")
def ruleset() -> Ruleset:
    return seed()


@pytest.mark.parametrize(("exposures", "expected"), CASES)
def test_what_is_looked_at(
    exposures: list[dict[str, str]], expected: set[str], ruleset: Ruleset
) -> None:
    pool = [nrc_image() | KNOWN | changes for changes in exposures]
    found = {keyword for keyword in UNKNOWN if any(looked_at(ruleset, pool, keyword))}
    assert found == expected


def test_each_exposure_has_its_own_answer(ruleset: Ruleset) -> None:
    pool = [nrc_image() | KNOWN | changes for changes in ({}, MRS, {}, IFU)]
    assert looked_at(ruleset, pool, "mostilno") == [False, True, False, True]
    assert looked_at(ruleset, [], "mostilno") == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # Flags that are not set are empty, and could be set.
        ({}, {"bkgdtarg", "is_psf", "tsovisit"}),
        ({"tsovisit": "t"}, {"bkgdtarg", "is_psf"}),
        # Without a filter no rule takes it as science; BAND could stand for it.
        ({"filter": "null", "tsovisit": "t"}, {"filter", "band"}),
        (SLIT | {"expspcin": "1"}, {"bkgdtarg", "is_psf", "is_imprt"}),
        (SLIT | {"expspcin": "null"}, {"bkgdtarg", "is_psf", "is_imprt", "expspcin"}),
        (SLIT | {"expspcin": "1", "fxd_slit": "null"},
         {"bkgdtarg", "is_psf", "is_imprt", "fxd_slit"}),
        ({"exp_type": "nrc_dark"}, set()),
    ],
)  # fmt: skip
def test_what_keeps_an_exposure_out(
    changes: dict[str, str], expected: set[str], ruleset: Ruleset
) -> None:
    pool = [nrc_image() | KNOWN | changes, nrc_image() | KNOWN | {"exp_type": "nrc_dark"}]
    assert wanting(ruleset, pool) == [expected, set()]


def test_all_keywords_of_the_rules_are_in_the_vocabulary(ruleset: Ruleset) -> None:
    lines = Path(shipped("seed") / "vocabulary" / "keywords.csv").read_text().splitlines()[1:]
    vocabulary = {line.split(",")[0].lower() for line in lines}
    found = keywords_of(ruleset)
    assert found <= vocabulary
    # The first is a name, the second makes candidates, the third degraded exposures.
    assert vocabulary - found == {"filename", "asn_candidate", "exposerr"}
