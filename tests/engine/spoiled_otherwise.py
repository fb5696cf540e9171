"""What a reason says where it does not name the spoiled keyword, and why that is right."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

from engine.spoiling import NONSENSE
from labels import RULES

NO_VALUE, RUBBISH, ANOTHER = "no value", "nonsense", "another value"
"""How a keyword is spoiled; `another value` is one that a rule mentions."""

FIRST, NEWEST = RULES[0], RULES[-1]
EVERY = (FIRST, NEWEST)


class Otherwise(NamedTuple):
    """What is said of certain spoilings, all combinations of the first four."""

    rulesets: tuple[str, str]
    """The first and the last."""
    exp_types: Sequence[str]
    keywords: Sequence[str]
    kinds: Sequence[str]
    reason: str
    """A pattern of the reason, from the nearest rule on where it names one."""
    why: str


_LATER = ("jwst-1.10.0", NEWEST)
_GRISM = ("bkgdtarg", "is_psf", "pntgtype", "tsovisit")
_NO_DIRECT = "it is an ordinary grism exposure then, which needs a direct image"
_PATH = (
    r"GRATING is 'given', wanted prism, and FILTER is ('given'|empty), wanted clear, "
    r"and DETECTOR is 'given', wanted nrs1"
)
_NO_STAR = "without the flag it is an ordinary science, which needs a path that is calibrated"
_NO_SERIES = "it is no time series then, and all else needs a path that is calibrated"
_IFU = rf"nearest is Asn_Lv2Spec: a valid NIRSpec IFU optical path, or no NRS_IFU: {_PATH}"
_IMPRINT = "its rules take imprints of every spectral mode, and an imprint alone lacks its science"


def _imprints(rule: str, *exp_types: str) -> Otherwise:
    reason = rf"it counts as imprint \(IS_IMPRT is set\); {rule} found no science for it"
    since = (FIRST, "jwst-1.9.0")
    return Otherwise(since, exp_types, ("is_imprt",), (RUBBISH, ANOTHER), reason, _IMPRINT)


_SPECTRA = ("mir_lrs-fixedslit", "mir_lrs-slitless", "mir_mrs", "nis_soss", "nrs_ifu")

MADE = (
    _imprints("Asn_Lv2(Spec|MIRLRSFixedSlitNod)", *_SPECTRA),
    _imprints("Asn_Lv2NRSFSS", "nrs_fixedslit"),
    Otherwise(
        (FIRST, "jwst-1.5.3"),
        ("nis_wfss", "nrc_wfss"),
        _GRISM,
        (NO_VALUE,),
        "Asn_Lv2WFSS found no direct image for it",
        _NO_DIRECT,
    ),
    Otherwise(
        ("jwst-1.7.1", NEWEST),
        ("nis_wfss",),
        _GRISM,
        (NO_VALUE,),
        "Asn_Lv2WFSSNIS found no direct image for it",
        _NO_DIRECT,
    ),
    Otherwise(
        ("jwst-1.7.1", NEWEST),
        ("nrc_wfss",),
        _GRISM,
        (NO_VALUE,),
        "Asn_Lv2WFSSNRC found no direct image for it",
        _NO_DIRECT,
    ),
    Otherwise(
        EVERY,
        ("nrs_fixedslit",),
        ("bkgdtarg", "is_psf"),
        (NO_VALUE,),
        f"nearest is Asn_Lv2NRSFSS: a valid NIRSpec fixed-slit optical path: {_PATH}",
        _NO_STAR,
    ),
    Otherwise(
        _LATER,
        ("nrs_brightobj",),
        ("bkgdtarg", "is_psf"),
        (NO_VALUE,),
        "nearest is Asn_Lv2SpecTSO: a valid NIRSpec fixed-slit optical path, or no NRS_BRIGHTOBJ: "
        + _PATH,
        _NO_STAR,
    ),
    Otherwise(_LATER, ("nrs_ifu",), ("pntgtype",), (NO_VALUE,), _IFU, _NO_SERIES),
    Otherwise(_LATER, ("nrs_ifu",), ("tsovisit",), (NO_VALUE, RUBBISH), _IFU, _NO_SERIES),
    Otherwise(
        _LATER,
        ("nis_soss",),
        ("tsovisit",),
        (ANOTHER,),
        "nearest is Asn_Lv2SpecTSO: FILTER is empty, wanted a value other than f277w or opaque",
        "it is a time series then, which needs a filter",
    ),
)
"""For exposures that are made as rules want them."""

_NO_TILE = (
    "nearest is Asn_Lv2Spec: MOSTILNO is empty, wanted a value"
    "(; also DITHPTIN is empty, wanted a value)?"
)
_SERIES_ONLY = "it is no time series then, and all else needs the number of its mosaic tile"

REAL = (
    _imprints("Asn_Lv2Spec", *_SPECTRA),
    # Where the pool has nods along the slit, their rule is nearest.
    _imprints("Asn_Lv2(Spec|MIRLRSFixedSlitNod)", "mir_lrs-fixedslit"),
    _imprints("Asn_Lv2NRSFSS", "nrs_fixedslit"),
    Otherwise(
        EVERY,
        ("nrs_fixedslit",),
        ("bkgdtarg",),
        (NO_VALUE,),
        "nearest is Asn_Lv2NRSFSS: NUMDTHPT is empty, wanted a value; "
        "also neither SUBPXPNS nor SUBPXPTS has a value",
        "without the flag it is an ordinary science, which needs the numbers of its pattern",
    ),
    Otherwise(
        EVERY,
        ("mir_image",),
        ("visitype",),
        (NO_VALUE, RUBBISH, ANOTHER),
        "nearest is Asn_Lv2Image: "
        "FILTER is empty, wanted a value other than opaque, or BAND is empty, wanted a value",
        "it is an ordinary image then, which needs a filter; wavefront sensing does not",
    ),
    Otherwise(_LATER, ("nis_soss",), ("pntgtype",), (NO_VALUE,), _NO_TILE, _SERIES_ONLY),
    Otherwise(_LATER, ("nis_soss",), ("tsovisit",), (NO_VALUE, RUBBISH), _NO_TILE, _SERIES_ONLY),
)
"""For exposures of real pools."""

_Spoiling = tuple[str, str, str, str]


class Account:
    """Counts what reasons name, and holds those that name something else against a table."""

    def __init__(self, label: str, table: Sequence[Otherwise]) -> None:
        self.counts: Counter[str] = Counter()
        self._label = label
        self._patterns: dict[_Spoiling, str] = {
            spoiling: one.reason
            for one in table
            if RULES.index(one.rulesets[0]) <= RULES.index(label) <= RULES.index(one.rulesets[1])
            for spoiling in product((label,), one.exp_types, one.keywords, one.kinds)
        }
        self._found: Counter[_Spoiling] = Counter()
        self._wrong: list[tuple[_Spoiling, str | None, str]] = []

    def add(
        self,
        exp_type: str,
        keyword: str,
        value: str | None,
        reason: str | None,
        rules: Sequence[str] = (),
    ) -> None:
        """Take in what is said of a spoiled exposure, and by which rules it was calibrated."""
        self.counts["spoilings"] += 1
        if reason is None:
            return
        self.counts["in no association"] += 1
        if names(reason, keyword):
            self.counts["named"] += 1
            self.counts["named with the rule"] += any(rule in reason for rule in rules)
            return
        kind = NO_VALUE if value is None else RUBBISH if value == NONSENSE else ANOTHER
        spoiling = (self._label, exp_type, keyword, kind)
        self._found[spoiling] += 1
        said = reason[max(reason.find("nearest is"), 0) :]
        if not re.fullmatch(self._patterns.get(spoiling, "never"), said):
            self._wrong.append((spoiling, value, reason))

    def text(self) -> str:
        """Say how often the keyword is named, and where it is not."""
        return f"\n{self._label}: {dict(self.counts)}, otherwise {dict(self._found)}"

    def check(self, *, is_whole: bool) -> None:
        """Fail if a reason is not as in the table, or if an entry of it is used by no spoiling.

        The latter only by the first rules and the newest: which of those between has what first
        is not in the table.
        """
        assert not self._wrong, self._wrong[:20]
        if is_whole and self._label in EVERY:
            assert self._found.keys() == self._patterns.keys()


def names(reason: str, keyword: str) -> bool:
    """Tell whether a reason names a keyword; what the exposure counts as is no reason yet."""
    itself = re.sub(r"it counts as [^;]* \([^;]*\); ", "", reason)
    return re.search(rf"\b{keyword.upper()}\b", itself) is not None
