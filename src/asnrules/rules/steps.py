"""The steps that rulesets name: their parameters, what each does in words, what it looks at.

Associations go through the finishing steps of their rule, which `asnrules.engine.steps` carries
out; then those of all rules go through the steps of the ruleset, see `asnrules.engine.pruning`.
A ruleset states every parameter of a step that it uses.

Source of all steps: behaviour of releases of jwst, by running them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from asnrules.rules.words import near, unknown


class Looks(NamedTuple):
    """What a step looks at."""

    keywords: frozenset[str] = frozenset()
    numbers: tuple[tuple[str, ...], ...] = ()
    """Those read as whole numbers; of several together, the first that is one counts."""
    lost: str = ""
    """What is lost where there is a value, but no whole number."""
    named: tuple[str, ...] = ()
    """Those that it puts into names."""


@dataclass(frozen=True)
class Step:
    """A step; its fields are its parameters."""

    name: ClassVar[str]
    called: ClassVar[str]
    """What its kind is called."""

    @property
    def text(self) -> str:
        """What it does in words."""
        raise NotImplementedError

    @property
    def looks(self) -> Looks:
        """What it looks at."""
        return Looks()

    def parameters(self) -> dict[str, Any]:
        """Give the parameters as files and tables have them."""
        step: Any = type(self)
        return {name: _plain(kind, getattr(self, name)) for name, kind in _kinds(step)}

    def __str__(self) -> str:
        """Name the step with its parameters, but for those that are false or empty."""
        told = []
        for name, value in self.parameters().items():
            if value is True:
                told.append(name)
            elif isinstance(value, dict):
                told += [f"{name} {key} {one}" for key, one in value.items()]
            elif value:
                told.append(f"{name} {value if isinstance(value, str) else ' '.join(value)}")
        return f"{self.name} ({', '.join(told)})" if told else self.name


class FinishingStep(Step):
    """One that the associations of a rule go through."""

    called = "finishing step"


class OverallStep(Step):
    """One that the associations of all rules go through together."""

    called = "step over all associations"
    removes: str
    """Which one goes for each that is found."""


@cache
def _kinds(step: Any) -> list[tuple[str, Any]]:
    """Give the names and types of the parameters of a step."""
    hints = get_type_hints(step)
    return [(one.name, hints[one.name]) for one in fields(step)]


def _plain(kind: Any, value: Any) -> Any:
    if not isinstance(value, tuple):
        return value
    return dict(value) if kind == _TABLE else list(value)


_TABLE = tuple[tuple[str, str], ...]


# ------------------------------------------------------------------------- finishing steps


@dataclass(frozen=True)
class ScienceRequired(FinishingStep):
    """Drops an association without a science."""

    name = "science_required"
    text = "without a science there is no association"


@dataclass(frozen=True)
class CandidateValidity(FinishingStep):
    """Drops an association for candidates of other types."""

    name = "candidate_validity"
    text = (
        "the candidate has to be an observation, or a background candidate with a member that is a "
        "background"
    )


@dataclass(frozen=True)
class ImprintPruning(FinishingStep):
    """Keeps the imprints that match the science best."""

    name = "imprint_pruning"
    text = (
        "looking at imprints with the BKGDTARG of the science: if one has the TARGETID of the "
        "science, those of another go; if more are left than sciences and one has the DITHPTIN of "
        "the science, those of another go"
    )
    looks = Looks(frozenset({"targetid", "bkgdtarg", "dithptin"}))


OWN = "own_subpixels"


@dataclass(frozen=True)
class NodSplit(FinishingStep):
    """Makes an association for each science; other sciences become its background.

    Those do not whose light may fall on the same place.
    """

    name = "nod_split"
    same_target: bool
    """Whether a background has to have the TARGETID of the science."""
    other_point: Literal["", "own_subpixels", "common_subpixels"]
    """Whether a background has to be at another primary point of the pattern, and how points are
    counted: in steps of SUBPXPTS or else SUBPXPNS, as each exposure has it (`own_subpixels`) or as
    both have it (`common_subpixels`)."""
    pattern_known: bool
    """Whether points are known only where NUMDTHPT of the science is."""
    unknown_overlaps: bool
    """Whether an exposure is no background where a point is not known."""
    wide_slit: str
    """The slit in which the next point of a pattern of five overlaps as well; or empty."""

    @property
    def excludes(self) -> bool:
        """Whether any science is no background of another."""
        return self.same_target or bool(self.other_point)

    @property
    def text(self) -> str:
        """What it does in words."""
        excepted = ["of another TARGETID"] if self.same_target else []
        if self.other_point:
            subpixels = "SUBPXPTS" if self.other_point == OWN else "SUBPXPTS or SUBPXPNS of both"
            unknown = "; a point that is not known counts as the same" * self.unknown_overlaps
            excepted.append(
                f"at the same point of the pattern (PATT_NUM, counted in steps of {subpixels}"
                f"{unknown})"
            )
        text = (
            "an association for each science; the other sciences of the group are its backgrounds"
        )
        if excepted:
            text += f", but for those {' or '.join(excepted)}"
        if self.wide_slit:
            text += f", and in {self.wide_slit.upper()} with five points those of the next point"
        return text

    @property
    def looks(self) -> Looks:
        """What it looks at."""
        keywords = {"targetid"} if self.same_target else set()
        if not self.other_point:
            return Looks(frozenset(keywords))
        numbers = [("patt_num",), ("subpxpts", "subpxpns")]
        if self.pattern_known:
            numbers.insert(1, ("numdthpt",))
        if self.wide_slit:
            keywords |= {"fxd_slit", "numdthpt"}
        lost = (
            "no background by it"
            if self.unknown_overlaps
            else "nods at one point are each other's background"
        )
        return Looks(frozenset(keywords.union(*numbers)), tuple(numbers), lost)


NEXT, FIRST, FIRST_LONG = "next", "first", "first_long"

_CHOSEN = {
    NEXT: "the one that comes next by EXPSPCIN",
    FIRST: "the first",
    FIRST_LONG: "the first of a long-wavelength detector",
}


@dataclass(frozen=True)
class DirectImageProducts(FinishingStep):
    """Replaces the direct images of a grism exposure by the products of one of them."""

    name = "wfss_catalog"
    choice: Literal["next", "first", "first_long"]
    """Which direct image stands for all. Where none fits, it is the first."""
    same_optics: tuple[tuple[str, str], ...]
    """For `next`, a keyword that has to be that of the science, by EXP_TYPE of the direct image."""
    pool_unfinished: bool
    """Whether all associations of the pool stay as they are before any finishing step, where the
    choice meets an exposure without a value in the keyword of `same_optics`."""
    filter_only: tuple[str, ...]
    """Instruments whose products are named by the filter alone."""

    @property
    def text(self) -> str:
        """What it does in words."""
        chosen = _CHOSEN[self.choice]
        if self.same_optics:
            keywords = " or ".join(
                f"{keyword.upper()} ({exp_type.upper()})" for exp_type, keyword in self.same_optics
            )
            chosen = f"{chosen} among those of the same {keywords}"
        text = (
            "what is made of the direct images (combined image, catalog, segmentation map) takes "
            f"their place, named after {chosen}; without a direct image there is no association"
        )
        if self.pool_unfinished:
            text += "; where an exposure lacks that keyword, all of the pool stays unfinished"
        return text

    @property
    def looks(self) -> Looks:
        """What it looks at."""
        if self.choice != NEXT:
            return Looks()
        optics = {keyword for _, keyword in self.same_optics}
        return Looks(
            frozenset({"expspcin", *optics}),
            (("expspcin",),),
            "no direct image is chosen by it",
            ("targetid",),
        )


# ------------------------------------------------------------------------- over all rules

FOUND, ALIKE, SAME_FILES = "found", "alike", "same_files"

_REMOVED = {
    FOUND: "",
    ALIKE: "; of what is alike but for the suffixes of its members, the first by asn_id goes in "
    "its place",
    SAME_FILES: "; of one type with the same files the first generated goes in its place, whatever "
    "its product",
}


@dataclass(frozen=True)
class MembershipPruning(OverallStep):
    """Of associations with the same members keeps the last, by asn_id, then as generated."""

    name = "prune_memberships"
    removes: Literal["found", "alike"]
    """Which one goes for each that is found: itself, or the first by asn_id that is alike."""

    @property
    def text(self) -> str:
        """What it does in words."""
        return (
            "of associations with the same members, the last stays: by asn_id, then as generated"
            + _REMOVED[self.removes]
        )


FIRST_ID, SUPERSET, LONGER = "first", "superset", "longer"

_KEPT = {
    FIRST_ID: "of associations of one product, the first stays: by asn_id, then as generated",
    SUPERSET: "of associations of one product, those go whose members are a part of another's",
    LONGER: "of associations of one product that give no member another exptype, those with fewer "
    "members go",
}


@dataclass(frozen=True)
class ProductPruning(OverallStep):
    """Of associations with one product name keeps some."""

    name = "prune_products"
    keeps: Literal["first", "superset", "longer"]
    removes: Literal["found", "alike", "same_files"]
    """Which one goes for each that does not: itself, the first by asn_id that is alike, or the
    first generated of its type with the same files."""

    @property
    def text(self) -> str:
        """What it does in words."""
        return _KEPT[self.keeps] + _REMOVED[self.removes]


# ------------------------------------------------------------------------- reading them

_Kind = TypeVar("_Kind", bound=Step)


def step_of(kind: type[_Kind], name: str, given: Any) -> _Kind:
    """Make a step of its name and its parameters, as files and tables have them.

    Raise ValueError if there is no such step, or the parameters are not those that it has.
    """
    known: dict[str, Any] = {one.name: one for one in kind.__subclasses__()}
    if name not in known:
        raise ValueError(unknown(kind.called, name, known))
    step = known[name]
    kinds = dict(_kinds(step))
    if not isinstance(given, dict):
        raise ValueError(f"{name}: its parameters have to be a table")  # noqa: TRY004
    for word in given:
        if word not in kinds:
            raise ValueError(unknown(f"parameter of {name}", str(word), kinds))
    for word, kind in kinds.items():
        if word not in given:
            raise ValueError(f"{name} has no {word}; state it")
        if problem := _problem(kind, given[word]):
            raise ValueError(f"{name}: {word} {problem}")
    made: _Kind = step(**{word: _frozen(value) for word, value in given.items()})
    return made


_SHAPES: dict[Any, tuple[type, str]] = {
    bool: (bool, "true or false"),
    str: (str, "text"),
    tuple[str, ...]: (list, "a list of texts"),
    _TABLE: (dict, "a table of texts"),
}


def _problem(kind: Any, value: Any) -> str | None:
    if get_origin(kind) is Literal:
        words = get_args(kind)
        if value in words:
            return None
        return f"cannot be {str(value)[:80]!r}; {near(str(value), words)}"
    shape, told = _SHAPES[kind]
    parts: list[Any] = []
    if isinstance(value, list | dict):
        parts += value.values() if isinstance(value, dict) else value
    is_fine = isinstance(value, shape) and all(isinstance(one, str) for one in parts)
    return None if is_fine else f"has to be {told}"


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return tuple(sorted(value.items())) if isinstance(value, dict) else value
