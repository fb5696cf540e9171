"""What differs between the associations of two runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from asnrules.associations.model import Association, Member, Product
from asnrules.errors import NotFoundError
from asnrules.record.compare import compare, compare_runs
from asnrules.record.queries.associations import RecordedAssociations, report_association
from recorded import NOTHING_WRONG, moment, stem


class Held:
    """Associations in memory."""

    def __init__(self, *associations: Association) -> None:
        self._held = associations

    def __iter__(self) -> Iterator[tuple[int, Association]]:
        return iter(enumerate(self._held, 1))

    def chosen(self, positions: Sequence[int]) -> list[Association]:
        return [self._held[position - 1] for position in positions]


def member(
    name: str, exptype: str = "science", product: str = "a", **changes: Any
) -> tuple[str, Member]:
    """Give a member with its product."""
    return product, Member(f"{name}_rate.fits", exptype, "null", 1, 1)._replace(**changes)


def association(*members: tuple[str, Member], **changes: Any) -> Association:
    given = members or (member("a"), member("b", "background"))
    values = {
        "asn_name": "jw1-o001_spec2_00001_asn", "asn_type": "spec2",
        "asn_rule": "Asn_Lv2Spec", "asn_id": "o001", "candidate_type": "observation",
        "program": "00001", "target": "1", "degraded_status": NOTHING_WRONG, "keys": "",
        "products": tuple(
            Product(name, tuple(one for _, one in group))
            for name, group in groupby(given, key=itemgetter(0))
        ),
        **changes,
    }  # fmt: skip
    return Association(**values)


def product(name: str, **changes: Any) -> Association:
    return association(member(name, product=name), **changes)


def names(one: Association) -> list[str]:
    return [product.name for product in one.products]


# ------------------------------------------------------------------ by content


def test_numbers_names_order_and_keys_do_not_count() -> None:
    one, other = product("a"), product("b")
    renamed = one._replace(asn_name="jw1-o001_spec2_00007_asn", keys="other words")
    found = compare(Held(one, other), Held(other, renamed))
    assert not found
    assert found.unchanged == 2


def test_the_order_of_members_does_not_count() -> None:
    members = (member("a"), member("b", "background"))
    assert not compare(Held(association(*members)), Held(association(*members[::-1])))


def test_one_is_added_and_one_removed() -> None:
    found = compare(Held(product("a"), product("b")), Held(product("b"), product("c")))
    assert list(map(names, found.removed)) == [["a"]]
    assert list(map(names, found.added)) == [["c"]]
    assert (found.changed, found.unchanged) == ([], 1)


def test_equal_ones_are_counted() -> None:
    found = compare(Held(product("a"), product("a"), product("a")), Held(product("a")))
    assert (len(found.removed), found.added, found.unchanged) == (2, [], 1)


CHANGES: list[tuple[Association, list[str]]] = [
    (
        association(member("a"), member("c", "background")),
        ["without b_rate.fits as background in a", "with c_rate.fits as background in a"],
    ),
    (
        association(member("a"), member("b", "imprint")),
        ["without b_rate.fits as background in a", "with b_rate.fits as imprint in a"],
    ),
    (association(asn_rule="Asn_Other"), ["asn_rule: Asn_Other, was Asn_Lv2Spec"]),
    (association(asn_type="tso-spec2"), ["asn_type: tso-spec2, was spec2"]),
    (
        association(asn_id="c1001", candidate_type="background"),
        ["asn_id: c1001, was o001", "candidate_type: background, was observation"],
    ),
    (association(target="2"), ["target: 2, was 1"]),
    (association(degraded_status="bad"), [f"degraded_status: bad, was {NOTHING_WRONG}"]),
    (
        association(member("a", product="x"), member("b", "background", "x")),
        [
            "without a_rate.fits as science in a",
            "without b_rate.fits as background in a",
            "with a_rate.fits as science in x",
            "with b_rate.fits as background in x",
        ],
    ),
    (
        association(member("a", expname="a_rateints.fits"), member("b", "background")),
        ["without a_rate.fits as science in a", "with a_rateints.fits as science in a"],
    ),
]


@pytest.mark.parametrize(("after", "words"), CHANGES)
def test_a_change_is_told(after: Association, words: list[str]) -> None:
    found = compare(Held(association(), product("z")), Held(product("z"), after))
    assert (found.removed, found.added, found.unchanged) == ([], [], 1)
    (change,) = found.changed
    assert change.words() == words
    assert change.before.products == association().products
    assert not change.reordered


def test_an_association_without_anything_in_common_is_another() -> None:
    after = association(member("y"), asn_rule="Asn_Other")
    found = compare(Held(association()), Held(after))
    assert (len(found.removed), len(found.added), found.changed) == (1, 1, [])


def test_another_program_is_another_association() -> None:
    found = compare(Held(association()), Held(association(program="00002")))
    assert (len(found.removed), len(found.added), found.changed) == (1, 1, [])


def test_of_several_the_one_with_most_in_common_is_the_same() -> None:
    undefined = [
        association(*(member(name, "background", "undefined") for name in names))
        for names in ("abc", "xyz", "cxy")
    ]
    before = association(*(member(name, "background", "undefined") for name in "wxyz"))
    found = compare(Held(before), Held(*undefined))
    assert [change.after for change in found.changed] == [undefined[1]]
    assert found.added == [undefined[0], undefined[2]]


def test_products_of_a_merged_association_count_in_any_order() -> None:
    members = (member("a", product="a"), member("b", product="b"))
    assert not compare(Held(association(*members)), Held(association(*members[::-1])))
    after = association(*members, member("c", "background", "b"))
    (change,) = compare(Held(association(*members)), Held(after)).changed
    assert change.words() == ["with c_rate.fits as background in b"]


# ------------------------------------------------------------------ exactly

EXACT: list[tuple[Association, list[str]]] = [
    (association(asn_name="jw1"), ["asn_name: jw1, was jw1-o001_spec2_00001_asn"]),
    (association(keys="k"), ["keys: k, was none"]),
    (association(member("b", "background"), member("a")), ["its members in another order"]),
    (
        association(member("a", exposure=2), member("b", "background")),
        ["without a_rate.fits as science in a", "with a_rate.fits as science in a"],
    ),
    (
        association(member("a", exposerr="x"), member("b", "background")),
        ["without a_rate.fits as science in a", "with a_rate.fits as science in a"],
    ),
]


@pytest.mark.parametrize(("after", "words"), EXACT)
def test_exactly_everything_counts(after: Association, words: list[str]) -> None:
    assert not compare(Held(association()), Held(after))
    (change,) = compare(Held(association()), Held(after), exactly=True).changed
    assert change.words() == words


def test_exactly_the_order_counts() -> None:
    one, other = product("a"), product("b")
    found = compare(Held(one, other), Held(other, one), exactly=True)
    assert found.reordered
    assert found
    assert (found.removed, found.added, found.changed, found.unchanged) == ([], [], [], 2)
    assert not compare(Held(one, other), Held(one, other), exactly=True)


# ------------------------------------------------------------------ invariants

associations = st.builds(
    lambda members, asn_id, asn_rule: association(
        *(member(name, exptype, "p") for name, exptype in sorted(members)),
        asn_id=asn_id,
        asn_rule=asn_rule,
    ),
    st.sets(
        st.tuples(st.sampled_from("abcd"), st.sampled_from(["science", "background"])), min_size=1
    ),
    st.sampled_from(["o001", "o002"]),
    st.sampled_from(["Asn_One", "Asn_Two"]),
)
runs = st.lists(associations, max_size=6)


@given(runs, runs, st.booleans())
def test_everything_is_somewhere_once(
    before: list[Association], after: list[Association], exactly: bool
) -> None:
    found = compare(Held(*before), Held(*after), exactly=exactly)
    assert found.unchanged + len(found.removed) + len(found.changed) == len(before)
    assert found.unchanged + len(found.added) + len(found.changed) == len(after)
    assert all(change.words() for change in found.changed)


@given(st.permutations(range(6)), st.lists(associations, min_size=6, max_size=6))
def test_in_any_order_the_same(order: list[int], given: list[Association]) -> None:
    assert not compare(Held(*given), Held(*(given[place] for place in order)))


# ------------------------------------------------------------------ of the record


def test_runs_on_record(ledger: Engine) -> None:
    with ledger.connect() as connection:
        assert not compare_runs(connection, 1, 1)
        found = compare_runs(connection, 1, 3)
        assert [one.asn_rule for one in found.removed] == ["Asn_Lv2ImageSpecial"]
        assert (found.added, found.changed, found.unchanged) == ([], [], 2)
        back = compare_runs(connection, 3, 1)
        assert [one.asn_rule for one in back.added] == ["Asn_Lv2ImageSpecial"]
        imported = compare_runs(connection, 3, 5)
    # Of the two images of run 3, the import has one, with nothing wrong.
    assert list(map(names, imported.removed)) == [[stem(2)]]
    assert imported.unchanged == 1


@pytest.mark.parametrize("pair", [(1, 9), (9, 1)])
def test_a_run_that_is_not_there(ledger: Engine, pair: tuple[int, int]) -> None:
    with ledger.connect() as connection, pytest.raises(NotFoundError, match="no run 9"):
        compare_runs(connection, *pair)


def test_associations_of_a_run_come_with_their_members(ledger: Engine) -> None:
    with ledger.connect() as connection:
        stored = RecordedAssociations(connection, 1)
        found = [one for _, one in stored]
        assert stored.chosen([3, 1]) == [found[0], found[2]]
        assert stored.chosen([]) == []
    assert [one.asn_name[-9:-4] for one in found] == ["00001", "00002", "00003"]
    assert [[one.exptype for _, one in each.placed] for each in found] == [
        ["science"],
        ["science", "background"],
        ["science", "background"],
    ]
    assert found[1].placed[0] == (
        stem(2),
        Member(f"{stem(2)}_rate.fits", "science", "moving_shutter", 3, 1),
    )


# ------------------------------------------------------------------ one association


def reports(engine: Engine, name: str) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [one.document() for one in report_association(connection, name)]


@pytest.mark.parametrize("suffix", ["", ".json", ".JSON "])
def test_an_association_in_every_run_that_has_it(ledger: Engine, suffix: str) -> None:
    found = reports(ledger, f"jw04231-o001_image2_00002_ASN{suffix}")
    assert [one["run_id"] for one in found] == [1, 2, 3, 4]
    assert found[0]["started_at"] == moment("2026-11-05T10:15")
    assert (found[0]["asn_rule"], found[0]["program"]) == ("Asn_Lv2Image", "04231")
    assert "FILTER" in found[0]["keys"]
    assert found[0]["products"] == [
        {
            "name": stem(2),
            "members": [
                {
                    "expname": f"{stem(2)}_rate.fits", "exptype": "science",
                    "exposerr": "moving_shutter",
                },
                {"expname": f"{stem(3)}_rate.fits", "exptype": "background", "exposerr": "null"},
            ],
        }
    ]  # fmt: skip
    assert found[0]["verdict"] is None
    assert found[3]["verdict"]["verdict"] == "contradicts"
    assert found[3]["verdict"]["asn_name"] == "jw04231-o001_image2_00002_asn"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("jw04231-o001_image2_00004_asn", "jw04231-o001_image2_00003_asn"),
        ("jw04231-o001_image2_00000_asn", "jw04231-o001_image2_00001_asn"),
        ("", "jw04231-o001_image2_00001_asn"),
    ],
)
def test_a_name_that_is_not_there(ledger: Engine, name: str, near: str) -> None:
    with pytest.raises(NotFoundError, match=f"no association '{name}'.*near it are.*{near}"):
        reports(ledger, name)


def test_a_name_of_an_empty_ledger(kept_seeds: Engine) -> None:
    with pytest.raises(NotFoundError, match="there is no association yet"):
        reports(kept_seeds, "a")
