"""Which changes of the chain turned a decision."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from asnrules.associations.model import Association
from asnrules.catalog.life_cycle import ImportSettings, import_ruleset
from asnrules.database.engines import transaction
from asnrules.errors import NotFoundError
from asnrules.impact.turning import Chain, RulesetCache, chain_between
from asnrules.rules.model import Ruleset
from engine.building import exposure, outcome_of, work_of
from parity.cases import PARITY, Case
from seeds import connected

LABEL = "house"
HEADER = f"""\
label = "{LABEL}"
kind = "rules"
title = "Rules of the house"
source = "made up"
extends = "jwst-2.0.0"
implements = "2026-03-20"
"""
CHANGE = """
[[change]]
id = "{}"
why = "for a test"
source = "made up"
"""

Pool = Sequence[Mapping[str, str]]

IMAGE = {"exp_type": "nrc_image", "instrume": "nircam", "detector": "nrca1", "filter": "f200w"}
MRS = {
    "exp_type": "mir_mrs", "instrume": "miri", "detector": "mirifulong", "band": "long",
    "mostilno": "1", "dithptin": "1",
}  # fmt: skip
IFU = {
    "exp_type": "nrs_ifu", "instrume": "nirspec", "detector": "nrs1", "filter": "f170lp",
    "grating": "g235h", "mostilno": "1",
}  # fmt: skip


def made(ruleset: Ruleset, pool: Pool) -> tuple[Association, ...]:
    rows = [exposure(f"e{number}_uncal.fits", "") | dict(one) for number, one in enumerate(pool, 1)]
    return tuple(outcome_of(work_of(rows, rules=ruleset)).associations)


def seen(one: Association) -> tuple[str, str, frozenset[tuple[str, str]]]:
    """Give what tests look at of an association."""
    (product,) = one.products
    members = {(member.expname.partition("_")[0], member.exptype) for member in product.members}
    return one.asn_type, one.asn_rule, frozenset(members)


def chain(engine: Engine, before: str, after: str) -> Chain:
    with transaction(engine) as connection:
        found = chain_between(connection, before, after)
    assert found is not None
    return found


@pytest.fixture
def kept_seeds(templates: Any) -> Engine:
    """Give one database, as what matters is what the rules make."""
    return connected(templates.seeded("sqlite"))


@cache
def kept_chain(engine: Engine) -> Chain:
    return chain(engine, "jwst-1.2.0", "jwst-3.0.0")


def turned(found: Chain, pool: Pool, asn_rule: str, *members: str) -> list[str]:
    """Name what turned whether a rule makes an association of these members, with their roles."""
    wanted = {tuple(word.split(" ")) for word in members}

    def is_made(ruleset: Ruleset) -> Hashable:
        return any(
            (rule, them) == (asn_rule, wanted) for _, rule, them in map(seen, made(ruleset, pool))
        )

    return [change.change for change in found.turned(is_made)]


def test_one_change_of_several(kept_seeds: Engine) -> None:
    flagged = [{**IFU, "is_psf": "t", "is_imprt": "t"}]

    def class_of(ruleset: Ruleset) -> Hashable:
        (judgement,) = work_of(
            [exposure("e1_uncal.fits", "") | flagged[0]], rules=ruleset
        ).judgements
        return judgement.exposure_class

    for labels in (("jwst-1.9.0", "jwst-1.9.4"), ("jwst-2.0.0", "jwst-1.2.0")):
        (change,) = chain(kept_seeds, *labels).turned(class_of)
        assert (change.change, change.ruleset) == ("1.9.4-flag-order", "jwst-1.9.4")
        assert "reference star" in change.why
        assert change.source == "jwst pull request 7438"


def test_two_changes_together(kept_seeds: Engine) -> None:
    # The second is an imprint by one change, and a companion of the first by another.
    flagged = {**IFU, "bkgdtarg": "t"}
    pool = [flagged, {**flagged, "is_imprt": "t"}]
    found = turned(
        chain(kept_seeds, "jwst-1.9.0", "jwst-1.9.4"), pool,
        "Asn_Lv2SpecSpecial", "e1 science", "e2 imprint",
    )  # fmt: skip
    assert found == ["1.9.4-flag-order", "1.9.4-special-imprint"]


def test_changes_of_two_steps(kept_seeds: Engine) -> None:
    # First the rule for it had another name, then the name of its product another suffix.
    pool = [
        {**IMAGE, "visitype": "prime_wfsc_routine"},
        {**IFU, "is_imprt": "t"},
    ]

    def types(ruleset: Ruleset) -> Hashable:
        return frozenset(one.asn_type for one in made(ruleset, pool))

    found = chain(kept_seeds, "jwst-1.2.0", "jwst-2.0.0").turned(types)
    assert [change.change for change in found] == ["1.9.4-imprint-own", "2.0.0-wfsc-image2"]


def test_what_comes_and_goes_turns_nothing(kept_seeds: Engine) -> None:
    # 1.18.0 took these PUPILs out, 2.0.0 took them back.
    series = {
        "exp_type": "nrc_tsgrism", "instrume": "nircam", "detector": "nrcalong", "channel": "long",
        "filter": "f444w", "pupil": "gdhs0", "tsovisit": "t", "mostilno": "1", "dithptin": "1",
    }  # fmt: skip

    def types(ruleset: Ruleset) -> Hashable:
        return tuple(one.asn_type for one in made(ruleset, [series]))

    found = chain(kept_seeds, "jwst-1.17.0", "jwst-2.0.0")
    assert types(found.rulesets[0]) == types(found.rulesets[-1]) == ("tso-spec2",)
    assert found.turned(types) == ()
    alone = [[change.change for change in step.turned(types)] for step in found.steps]
    assert [names for names in alone if names] == [
        ["1.18.0-tsgrism-gdhs"], ["2.0.0-tsgrism-gdhs-back"],
    ]  # fmt: skip


def test_none_between_rulesets_of_no_chain(kept_seeds: Engine) -> None:
    with transaction(kept_seeds) as connection:
        assert chain_between(connection, "2026-01-23", "2026-03-20") is None
        assert chain_between(connection, "jwst-1.9.5", "jwst-1.9.4").steps == []
        with pytest.raises(NotFoundError, match="jwst-9"):
            chain_between(connection, "jwst-9.9.9", "jwst-2.0.0")


def house(engine: Engine, folder: Path, *changes: str) -> None:
    """Draft rules with changes on jwst-2.0.0, each of which is what follows its name."""
    path = folder / LABEL
    path.mkdir()
    text_ = "".join(
        CHANGE.format(name) + does for name, _, does in (one.partition(":") for one in changes)
    )
    (path / "ruleset.toml").write_text(HEADER + text_, encoding="utf-8")
    import_ruleset(engine, path, ImportSettings())


def test_each_that_does_it_alone(catalog: Engine, tmp_path: Path) -> None:
    house(
        catalog, tmp_path,
        'one:[change.set.rule.Asn_Lv2Image]\nrequires = { add = ["spectral_science"] }\n',
        'two:[change.set.rule.Asn_Lv2Spec]\nasn_type = "tso-spec2"\n',
        'three:[change.set.condition.image_science]\nany_of = [{ exp_type = "nis_image" }]\n',
    )  # fmt: skip
    found = chain(catalog, "jwst-2.0.0", LABEL)
    assert turned(found, [IMAGE], "Asn_Lv2Image", "e1 science") == ["one", "three"]


def test_what_cannot_be_told_apart_is_all_named(catalog: Engine, tmp_path: Path) -> None:
    house(
        catalog, tmp_path,
        'one:[change.set.rule.Asn_Lv2Image]\nasn_type = "tso-image2"\n',
        'two:[change.set.rule.Asn_Lv2Spec]\nasn_type = "tso-spec2"\n',
    )  # fmt: skip

    def types(ruleset: Ruleset) -> Hashable:
        return tuple(one.asn_type for one in made(ruleset, [IMAGE]))

    def named() -> list[str]:
        (step,) = chain(catalog, LABEL, "jwst-2.0.0").steps
        return [change.change for change in step.turned(types)]

    assert named() == ["one"]
    # Somebody edits the file of the draft, so that it says no longer what the rows do.
    edit = (
        "UPDATE ruleset_files SET text = replace(text, 'tso-image2', 'image2') "
        f"WHERE ruleset_id = (SELECT ruleset_id FROM rulesets WHERE label = '{LABEL}')"
    )
    with transaction(catalog, writing=True) as connection:
        connection.execute(text(edit))
    assert named() == ["one", "two"]


SHOWN = [
    "1.2.1-wfss-instrument", "1.3.2-lamp-paths", "1.5.0-jitter-wfsc", "1.7.1-wfss-mode-dropped",
    "1.8.5-tie-by-rule-rank", "1.9.4-flag-order", "1.10.0-psf-science", "1.11.0-prune-memberships",
    "1.14.0-msa-primary", "1.15.0-wfss-parallel", "1.16.0-s1600a1-neighbours",
    "1.18.0-spec-dither-free", "1.19.0-nod-target", "2.0.0-prune-lengths", "2.0.0-suffixes",
    "3.0.0-parallel-mir",
]  # fmt: skip
"""Changes that a kept pool of their own shows."""


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.usefixtures("shared")
def test_the_change_that_a_kept_pool_shows(kept_seeds: Engine, name: str) -> None:
    case = Case(PARITY / "changes" / name, PARITY)
    whole = kept_chain(kept_seeds)
    (step,) = (step for step in whole.steps if name in [change.change for change in step.changes])
    contents = RulesetCache(
        lambda ruleset: {
            repr(one["products"]) + one["asn_rule"] for _, one in case.generated(ruleset)
        }
    )
    differing = contents(step.before) ^ contents(step.after)
    assert differing
    found = [step.turned(lambda ruleset, one=one: one in contents(ruleset)) for one in differing]
    assert all(found)
    assert name in {change.change for several in found for change in several}
