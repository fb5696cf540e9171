"""One thing of a file is changed: the verdict names just that, and says nothing false."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine

from asnrules.imports.judging import Verdict
from cli.small_pools import nrc_image, write_pool
from imports.judging import Judging, Ruleset
from seeds import connected

STRIDE = int(os.environ.get("ASNRULES_MUTATION_STRIDE", "11"))
"""Every how manieth association of the example is changed; 1 for all of them."""

EXAMPLE = Path(__file__).parents[2] / "examples" / "jw04231_20261105t101500_pool.csv"
BOTH = "[('o001', 'observation'), ('c1000', 'background')]"
POOL = [
    nrc_image(1, asn_candidate=BOTH),
    nrc_image(2, asn_candidate=BOTH, exposerr="moving_shutter"),
    nrc_image(3, bkgdtarg="t", asn_candidate="[('o002', 'observation'), ('c1000', 'background')]"),
    nrc_image(4, asn_candidate="[('o003', 'observation')]"),
    nrc_image(5, exp_type="nrc_dark", asn_candidate="[('o003', 'observation')]"),
    nrc_image(6, asn_candidate="null"),
]
UNSETTLED = "for its exposures, jwst's own answer depends on the order of the rows"
EXPLAINED = {Verdict.EXPLAINED}
DIFFERS = {Verdict.DIFFERS}

Document = dict[str, Any]


class Change(NamedTuple):
    """A changed document, the verdicts that it may get, and what has to be said of it."""

    document: Document
    verdicts: set[Verdict]
    says: list[str]


def fields(given: Document) -> Iterator[Change]:
    """Change each value beside the products."""
    kind = given["asn_type"]
    other = "spec2" if kind != "spec2" else "image2"
    rule = given["asn_rule"].removeprefix("candidate_")
    by_rules = f"{kind} by the rules"
    yield Change(
        given | {"asn_type": other},
        {Verdict.DIFFERS, Verdict.CONTRADICTS},
        [f"type {other}, {by_rules}"],
    )
    yield Change(
        given | {"asn_rule": "candidate_Asn_Mine"}, DIFFERS, [f"rule Asn_Mine, {rule} by the rules"]
    )
    yield Change(
        given | {"program": "99999"}, DIFFERS, [f"program 99999, {given['program']} by the rules"]
    )
    yield Change(
        given | {"asn_id": "o999"}, DIFFERS,
        [
            "the pools have no candidate o999",
            f"these are the members of the association of candidate {given['asn_id']}, "
            "but asn_id is o999",
        ],
    )  # fmt: skip
    yield Change(
        given | {"target": "x1"}, EXPLAINED, [f"its target is x1, {given['target']} by the rules"]
    )
    status = " ".join(given["degraded_status"].split())
    yield Change(
        given | {"degraded_status": "Fine."}, EXPLAINED,
        [f"its degraded_status is 'Fine.', by the rules '{status}'"],
    )  # fmt: skip
    for key in ("asn_type", "asn_id", "program", "target", "degraded_status"):
        less = {name: value for name, value in given.items() if name != key}
        yield Change(less, EXPLAINED, [f"it has no {key}"])
    for key in ("version_id", "code_version", "asn_pool", "constraints"):
        yield Change(given | {key: "another"}, EXPLAINED, [])
        yield Change({name: given[name] for name in given if name != key}, EXPLAINED, [])
    for key in ("asn_type", "asn_id"):
        written = f" {given[key].upper()}"
        yield Change(given | {key: written}, EXPLAINED, [f"{key} is written {written!r}"])
    short = given["program"].lstrip("0")
    if short != given["program"]:
        yield Change(given | {"program": short}, EXPLAINED, [f"program is written {short!r}"])


def _with_members(given: Document, alter: Callable[[list[Any]], None]) -> Document:
    changed = copy.deepcopy(given)
    alter(changed["products"][0]["members"])
    return changed


def members(given: Document, names: list[str]) -> Iterator[Change]:
    """Change each member, take it out, name it twice; and add one."""
    (product,) = given["products"]
    held = product["members"]
    yield Change(_with_members(given, lambda found: found.reverse()), EXPLAINED, [])
    for number, one in enumerate(held):
        name, role = one["expname"], one["exptype"]

        def altered(number: int = number, **values: str) -> Document:
            return _with_members(given, lambda found: found[number].update(values))

        if len(held) > 1:
            yield Change(
                _with_members(given, lambda found, at=number: found.pop(at)),  # type: ignore[misc]
                DIFFERS, [f"the rules have {name} ({role}), but the file does not"],
            )  # fmt: skip
        yield Change(
            _with_members(given, lambda found, one=one: found.append(one)),  # type: ignore[misc]
            DIFFERS, [f"{name} ({role}) is listed twice"],
        )  # fmt: skip
        yield Change(altered(exptype="flat"), DIFFERS, [f"{name} is flat, {role} by the rules"])
        yield Change(
            altered(exptype=role.upper()), EXPLAINED, [f"exptype is written {role.upper()!r}"]
        )
        folder = f"expname of the {role} has a folder (./data/)"
        yield Change(altered(expname=f"./data/{name}"), EXPLAINED, [folder])
        upper = f"expname of the {role} is written {name.upper()!r}"
        yield Change(altered(expname=name.upper()), EXPLAINED, [upper])
        if "exposerr" not in one:
            continue
        yield Change(
            altered(expname=f"x{name}"), {Verdict.UNEXPLAINED},
            [f"not in the pools that were given: x{name}"],
        )  # fmt: skip
        cal = name.replace("_rateints.", "_cal.").replace("_rate.", "_cal.")
        yield Change(altered(expname=cal), DIFFERS, [f"{cal} stands for {name}"])
        error = "none" if one["exposerr"] == "null" else one["exposerr"]
        yield Change(
            altered(exposerr="other"), DIFFERS,
            [f"the error of {name} is other, {error} in the pool"],
        )  # fmt: skip
    there = {one["expname"] for one in held}
    added = next(name for name in names if name not in there)
    more = {"expname": added, "exptype": "imprint", "exposerr": "null"}
    yield Change(
        _with_members(given, lambda found: found.append(more)), DIFFERS,
        [f"the file has {added} (imprint), but the rules do not"],
    )  # fmt: skip


def products(given: Document) -> Iterator[Change]:
    """Rename the product, and add one."""
    (product,) = given["products"]
    name = product["name"]
    renamed = product | {"name": "mine"}
    yield Change(given | {"products": [renamed]}, DIFFERS, [f"product mine, {name} by the rules"])
    yield Change(
        given | {"products": [product | {"name": f"/d/{name}"}]}, EXPLAINED,
        [f"the name of product {name} has a folder (/d/)"],
    )  # fmt: skip
    nameless = {key: value for key, value in product.items() if key != "name"}
    yield Change(given | {"products": [nameless]}, EXPLAINED, ["a product has no name"])


def changes(given: Document, names: list[str]) -> Iterator[Change]:
    yield from fields(given)
    yield from members(given, names)
    yield from products(given)


WHY = re.compile(r"(?<=rules do not): .*|(?<=by the rules): .*")
"""What keeps a member out; tests by hand have it."""


def statements(judging: Judging, change: Change, unchanged: list[str]) -> list[str]:
    """Give what is said of a changed document, less what holds of the unchanged one too."""
    found = judging.judge(change.document)
    assert found.verdict in change.verdicts, (found, change)
    said = found.explanation.split("; ")
    if found.verdict is Verdict.EXPLAINED:
        begin = unchanged[0].replace("exactly this", "this") if change.says else unchanged[0]
        assert said[0] == begin
        return [text for text in said[1:] if text not in unchanged]
    assert said[-1] == unchanged[-1]
    beside = (
        UNSETTLED, "its type is ", "2026-03-20, which ", "its EXP_TYPE is ", "by its constraints",
        "a known difference is: ",
    )  # fmt: skip
    told = [text for text in said[:-1] if not text.startswith(beside)]
    return [WHY.sub("", text) for text in told]


def check(judging: Judging, documents: list[Document]) -> int:
    """Try every change of every document; give how many there were."""
    made = {judging.key(one) for one in judging.everything()}
    names = [name.replace("_uncal.", "_rate.") for name in judging.names]
    count = 0
    for document in documents:
        unchanged = judging.judge(document).explanation.split("; ")
        for change in changes(document, names):
            one = change.document
            if change.verdicts != EXPLAINED and judging.key(one) in made:
                continue  # It happens to be another one that the rules make.
            said = statements(judging, change, unchanged)
            assert sorted(said) == sorted(change.says), change
            count += 1
    return count


def test_each_change_of_a_small_pool_is_named(kept_seeds: Engine, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", *POOL)
    judging = Judging(Ruleset(kept_seeds), pool, tmp_path)
    assert check(judging, judging.documents()) > 100


def test_each_change_of_the_example_is_named(templates: Any, tmp_path: Path) -> None:
    judging = Judging(Ruleset(connected(templates.seeded("sqlite"))), str(EXAMPLE), tmp_path)
    assert check(judging, judging.documents()[::STRIDE]) > 8_000 // STRIDE
