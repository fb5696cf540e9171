"""Small pools made by hand, and what the engine makes of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from asnrules.associations.model import Association
from asnrules.engine.candidates import Selection
from asnrules.engine.exposures import Work, canonical_order
from asnrules.engine.generation import Generation, Outcome, Wanted
from asnrules.engine.grouping import Grouping
from asnrules.engine.growing import GrowingAssociation
from asnrules.pools import parse_candidates
from asnrules.rules.model import Rule, Ruleset
from asnrules.rules.text_files import read_csv
from asnrules.util.environment import shipped
from engine.procedure import Procedure
from seeds import seed

OBSERVATION = ("o001", "observation")
POOL = "small_pool.csv"

Exposure = dict[str, str]
"""The cells of a row that are not blank."""


def ruleset(label: str = "jwst-3.0.0") -> Ruleset:
    found: Ruleset = seed(label)
    return found


@cache
def keywords() -> tuple[str, ...]:
    rows = read_csv(shipped("seed") / "vocabulary" / "keywords.csv")
    return tuple(sorted(row["keyword"].lower() for row in rows))


def rule_named(name: str) -> Rule:
    (rule,) = (rule for rule in ruleset().rules if rule.name == name)
    return rule


def exposure(filename: str, exp_type: str, **values: str) -> Exposure:
    """Give a science exposure of observation o001, with what else the values say."""
    return {
        "filename": filename,
        "exp_type": exp_type,
        "asn_candidate": "[('o001', 'observation')]",
        "pntgtype": "science",
        "program": "1",
        "targetid": "7",
    } | values


def image(filename: str, **values: str) -> Exposure:
    """Give a NIRCam image."""
    optics = {"instrume": "nircam", "detector": "nrca1", "filter": "f200w", "pupil": "clear"}
    return exposure(filename, "nrc_image", **(optics | {"subarray": "full"} | values))


def coronagraph(filename: str, **values: str) -> Exposure:
    """Give a full-frame coronagraphic exposure on the detector with the occulted target."""
    optics = {"instrume": "nircam", "detector": "nrca2", "filter": "f210m", "pupil": "maskrnd"}
    return exposure(filename, "nrc_coron", **(optics | {"subarray": "full"} | values))


def work_of(
    exposures: Iterable[Mapping[str, str]],
    *,
    without: Sequence[str] = (),
    rules: Ruleset | None = None,
) -> Work:
    """Judge exposures as those of one pool, which lacks the columns `without`."""
    rows = [
        tuple(None if name in without else one.get(name, "null") for name in keywords())
        for one in exposures
    ]
    order = canonical_order(rows, keywords().index("filename"), keywords().index("asn_candidate"))
    return Work.judged(rules or ruleset(), keywords(), [rows[place] for place in order])


def generated(
    exposures: Iterable[Mapping[str, str]],
    *,
    without: Sequence[str] = (),
    version_id: str | None = None,
) -> Outcome:
    return outcome_of(work_of(exposures, without=without), version_id)


def outcome_of(
    work: Work, version_id: str | None = None, selection: Selection | None = None
) -> Outcome:
    texts = {work.value(place, "asn_candidate") or "null" for place in range(len(work.rows))}
    candidates = {text: parse_candidates(text) for text in texts}
    wanted = Wanted(version_id=version_id, selection=selection or Selection())
    return Generation(work, candidates, [POOL] * len(work.rows), wanted).run()


def by_grouping(
    work: Work, rule: str, candidate: tuple[str, str] = OBSERVATION
) -> list[GrowingAssociation]:
    number = ruleset().rules.index(rule_named(rule))
    return Grouping(work, number).associations(_taken(work, number), candidate)


def by_procedure(
    work: Work, rule: str, candidate: tuple[str, str] = OBSERVATION
) -> list[GrowingAssociation]:
    number = ruleset().rules.index(rule_named(rule))
    return Procedure(work, number, candidate).run(_taken(work, number))


def _taken(work: Work, number: int) -> list[int]:
    return [place for place, one in enumerate(work.judgements) if number in one.takers]


def shown(work: Work, drafts: Iterable[GrowingAssociation]) -> list[list[str]]:
    """Give the members of each association as `file exptype`, the creating one marked by `*`."""
    return [
        [
            f"{'*' * (member.exposure == draft.creator)}{member.expname} {member.exptype}"
            for member in draft.members
        ]
        for draft in drafts
    ]


def summary(associations: Iterable[Association]) -> list[tuple[str, str, list[str]]]:
    """Give name, rule and members (`file exptype`) of each association."""
    return [
        (
            one.asn_name,
            one.asn_rule,
            [f"{member.expname} {member.exptype}" for member in one.products[0].members],
        )
        for one in associations
    ]


def files(associations: Iterable[Association]) -> dict[str, str]:
    """Give the content of each file by name."""
    documents: dict[str, Any] = {one.asn_name: json.loads(one.text("test")) for one in associations}
    return {name: json.dumps(document) for name, document in documents.items()}
