"""The steps that rules name: what each does in words, its parameters, and what it looks at.

Associations go through the finishing steps of their rule, which `asnrules.engine.steps` carries
out; then those of all rules go through the steps of the ruleset, see `asnrules.engine.pruning`.

Source of all steps: behaviour of jwst 3.0.0 and 1.3.0, by running them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple


class Looks(NamedTuple):
    """What a step looks at."""

    keywords: frozenset[str] = frozenset()
    numbers: tuple[tuple[str, ...], ...] = ()
    """Those read as whole numbers; of several together, the first that is one counts."""
    lost: str = ""
    """What is lost where there is a value, but no whole number."""
    named: tuple[str, ...] = ()
    """Those that it puts into names."""


_NOTHING = Looks()


@dataclass(frozen=True)
class Step:
    """A finishing step."""

    text: str
    """What it does in words."""
    looks: Looks = _NOTHING


@dataclass(frozen=True)
class ScienceRequired(Step):
    """Drops an association without a science."""


@dataclass(frozen=True)
class CandidateValidity(Step):
    """Drops an association for candidates of other types."""


@dataclass(frozen=True)
class ImprintPruning(Step):
    """Keeps the imprints that match the science best."""


@dataclass(frozen=True)
class NodSplit(Step):
    """Makes an association for each science; other sciences become its background.

    Those do not whose light may fall on the same place.
    """

    by_point: bool = False
    """Whether sciences at the same point overlap."""
    by_target: bool = False
    """Whether sciences of different targets overlap, and a pattern is known by its number of
    points as well, though only the science's is read."""
    unknown_overlaps: bool = False
    """Whether points that are not known overlap."""
    wide_slit: str | None = None
    """The slit in which neighbours in a pattern of five points overlap as well."""


class Choice(Enum):
    """Which direct image stands for those of an association."""

    NEXT = auto()
    """The one that comes next after the science in the sequence of exposures."""
    NEXT_OF_SAME_OPTICS = auto()
    """The same among those with the channel or pupil of the science. Where one of the exposures
    does not say what it had, or the pool has no sequence, the direct images stay as they are."""
    FIRST_LONG = auto()
    """The first of a long-wavelength detector, or else the first."""


@dataclass(frozen=True)
class DirectImageProducts(Step):
    """Replaces the direct images of a grism exposure by the products of one of them."""

    choice: Choice = Choice.NEXT
    filter_only: frozenset[str] = frozenset()
    """Instruments whose products are named by the filter alone."""
    by_channel: frozenset[str] = frozenset()
    """Instruments whose direct images differ in channel, not in the pupil wheel."""


VALIDITY = "candidate_validity"
"""The step after which no association of other candidates stands."""

_SPLIT = "an association for each science; the other sciences of the group are its backgrounds"
_POINT = "at the same point of the pattern (PATT_NUM, counted in steps of SUBPXPTS"
_NODS = Looks(
    frozenset({"targetid", "fxd_slit", "patt_num", "numdthpt", "subpxpts", "subpxpns"}),
    (("patt_num",), ("numdthpt",), ("subpxpts", "subpxpns")),
    "no background by it",
)
_PRODUCTS = (
    "what is made of the direct images (combined image, catalog, segmentation map) takes their "
    "place, named after {}; without a direct image there is no association"
)
_SEQUENCE = Looks(
    frozenset({"expspcin"}), (("expspcin",),), "no direct image is chosen by it", ("targetid",)
)

_MIRI = frozenset({"miri"})

STEPS: dict[str, Step] = {
    "science_required": ScienceRequired("without a science there is no association"),
    VALIDITY: CandidateValidity(
        "the candidate has to be an observation, or a background candidate with a member that is "
        "a background"
    ),
    "imprint_pruning": ImprintPruning(
        "looking at imprints with the BKGDTARG of the science: if one has the TARGETID of the "
        "science, those of another go; if more are left than sciences and one has the DITHPTIN "
        "of the science, those of another go",
        Looks(frozenset({"targetid", "bkgdtarg", "dithptin"})),
    ),
    "nod_split": NodSplit(_SPLIT),
    "nod_split_fixed_slit": NodSplit(
        f"{_SPLIT}, but for those of another TARGETID or {_POINT}; a point that is not known "
        "counts as the same), and in S1600A1 with five points those of the next point",
        _NODS,
        by_point=True,
        by_target=True,
        unknown_overlaps=True,
        wide_slit="s1600a1",
    ),
    "nod_split_primary": NodSplit(
        f"{_SPLIT}, but for those {_POINT}) or at one that is not known",
        _NODS,
        by_point=True,
        unknown_overlaps=True,
    ),
    "nod_split_shutters": NodSplit(
        f"{_SPLIT}, but for those of another TARGETID or {_POINT})",
        _NODS._replace(lost="nods at one point are each other's background"),
        by_point=True,
        by_target=True,
    ),
    "wfss_catalog": DirectImageProducts(
        _PRODUCTS.format("the one that comes next by EXPSPCIN"), _SEQUENCE, filter_only=_MIRI
    ),
    "wfss_catalog_matching": DirectImageProducts(
        _PRODUCTS.format(
            "the one of the same CHANNEL (NIRCam) or PUPIL that comes next by EXPSPCIN"
        )
        + "; where an exposure lacks that keyword, or the science EXPSPCIN, the direct images stay",
        _SEQUENCE._replace(keywords=frozenset({"expspcin", "channel", "pupil"})),
        Choice.NEXT_OF_SAME_OPTICS,
        filter_only=_MIRI,
        by_channel=frozenset({"nircam"}),
    ),
    "wfss_catalog_parallel": DirectImageProducts(
        _PRODUCTS.format("the first of a long-wavelength detector"),
        choice=Choice.FIRST_LONG,
        filter_only=_MIRI,
    ),
}
"""The finishing steps by the names that rules use."""


@dataclass(frozen=True)
class OverallStep:
    """A step over the associations of all rules."""

    text: str
    """What it does in words."""


@dataclass(frozen=True)
class MembershipPruning(OverallStep):
    """Of associations with the same members keeps the last."""

    by_id: bool
    """Whether they are taken in order of asn_id, and given the last first; else they are taken and
    given as generated."""
    of_type: bool
    """Whether only associations of one type are compared."""


@dataclass(frozen=True)
class ProductPruning(OverallStep):
    """Of associations with one product name keeps some."""

    first_only: bool
    """Whether the first by asn_id stays, and the order with it; else those with fewer members go,
    and the others are ordered by asn_id."""


OVERALL: dict[str, MembershipPruning | ProductPruning] = {
    "prune_memberships": MembershipPruning(
        "of associations with the same members, the last stays: by asn_id, then as generated",
        by_id=True,
        of_type=False,
    ),
    "prune_memberships_of_type": MembershipPruning(
        "of associations of one type with the same members, the last generated stays",
        by_id=False,
        of_type=True,
    ),
    "prune_products": ProductPruning(
        "of associations of one product that give no member another exptype, those with fewer "
        "members go",
        first_only=False,
    ),
    "prune_products_by_candidate": ProductPruning(
        "of associations of one product, the first stays: by asn_id, then as the step before "
        "left them",
        first_only=True,
    ),
}
"""The steps over all associations by the names that rulesets use."""
