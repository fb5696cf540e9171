"""Of associations that say the same, one stays."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from asnrules.associations.model import Member, Product
from asnrules.engine import pruning
from asnrules.engine.pruning import Unnamed, digest_of
from asnrules.rules.model import Rule
from asnrules.rules.settings import Settings
from asnrules.rules.steps import MembershipPruning, ProductPruning
from engine.building import generated, image, ruleset, summary

LATEST = ruleset().settings
OLDEST = ruleset("jwst-1.2.1").settings


IMAGE, SPECTRUM = Rule("Image", "image2", ""), Rule("Spectrum", "spec2", "")


def prune(entries: Sequence[Unnamed], settings: Settings = LATEST) -> list[int]:
    return pruning.prune(entries, settings, lambda one: one.keys or (one.asn_id, one.membership()))


def entry(asn_id: str, product: str, **members: str) -> Unnamed:
    """Give an association; members by expname, `s` for science and `b` for background."""
    words = {"s": "science", "b": "background"}
    named = {expname: words[letter] for expname, letter in members.items()}
    listed = tuple(Member(expname, exptype, None, None) for expname, exptype in named.items())
    digest = sum(map(digest_of, listed))
    return Unnamed(IMAGE, (asn_id, ""), 0, Product(product, listed), digest)


# Order


def test_associations_stand_by_id_and_the_last_generated_first() -> None:
    entries = [
        entry("o002", "p", a="s"),
        entry("o001", "q", b="s"),
        entry("o002", "r", c="s"),
        entry("c1000", "t", d="s"),
        entry("o001", "u", e="s"),
    ]
    assert prune(entries) == [3, 4, 1, 2, 0]


def test_nothing_comes_of_nothing() -> None:
    assert prune([]) == []


def test_digests_tell_who_has_which_exptype() -> None:
    names = [f"jw01234001001_02101_{number:05}_mirimage_rate.fits" for number in range(50)]
    given = {
        name: [digest_of(Member(name, exptype, None, None)) for exptype in ("science", "imprint")]
        for name in names
    }
    for one, other in combinations(given.values(), 2):
        assert one[0] + other[1] != one[1] + other[0]


# The same members


def test_of_the_same_members_the_last_generated_stays() -> None:
    assert prune([entry("o001", "p", a="s"), entry("o001", "p", a="s")]) == [1]


def test_of_the_same_members_the_last_id_stays() -> None:
    assert prune([entry("o001", "p", a="s"), entry("c1000", "p", a="s")]) == [0]
    assert prune([entry("c1000", "p", a="s"), entry("o001", "p", a="s")]) == [1]


def test_names_do_not_matter_for_the_same_members() -> None:
    assert prune([entry("o001", "p", a="s", b="b"), entry("o001", "q", b="b", a="s")]) == [1]


def test_another_exptype_makes_other_members() -> None:
    assert prune([entry("o001", "p", a="s", b="b"), entry("o001", "q", a="s", b="s")]) == [1, 0]


# The same product


def test_of_one_product_the_association_with_more_members_stays() -> None:
    longer, shorter = entry("o001", "p", a="s", b="b"), entry("o001", "p", a="s")
    assert prune([longer, shorter]) == [0]
    assert prune([shorter, longer]) == [1]


def test_of_one_product_the_longest_of_all_ids_stays() -> None:
    entries = [
        entry("c1000", "p", a="s", b="b"),
        entry("o001", "p", a="s"),
        entry("c1001", "p", a="s", b="b", c="b"),
    ]
    assert prune(entries) == [2]


def test_of_one_product_and_as_many_members_all_stay() -> None:
    assert prune([entry("o001", "p", a="s", b="b"), entry("o001", "p", a="s", c="b")]) == [1, 0]


def test_other_products_do_not_prune_each_other() -> None:
    assert prune([entry("o001", "p", a="s", b="b"), entry("o001", "q", a="s")]) == [1, 0]


# The same product with another exptype


def test_of_one_product_with_an_exptype_that_clashes_both_stay() -> None:
    entries = [entry("o001", "p", a="s", b="b", c="b"), entry("o001", "p", a="s", b="s")]
    assert prune(entries) == [1, 0]


def test_what_clashes_with_one_is_still_compared_with_the_others() -> None:
    longest = entry("o001", "p", a="s", b="b", c="b")
    clashing = entry("o001", "p", a="s", b="s")
    shorter = entry("o001", "p", a="s")
    assert prune([longest, clashing, shorter]) == [1, 0]
    assert prune([shorter, longest, clashing]) == [2, 1]
    assert prune([clashing, shorter, longest]) == [2, 0]


# Associations that differ in suffixes only


def test_twins_stay_both_and_both_go() -> None:
    twins = [entry("o001", "p", **{name: "s"}) for name in ("a_rate", "a_rateints")]
    twins = [twin(one) for one in twins]
    assert prune(twins) == [1, 0]
    longer = entry("o001", "p", a_rate="s", a_rateints="s", b="b")
    assert prune([*twins, longer]) == [2]


# As jwst 1.3.0 does it


def test_of_one_type_and_the_same_files_the_last_generated_stays_whatever_its_id() -> None:
    entries = [entry("o001", "p", a="s", b="b"), entry("c1000", "p", a="s", b="b")]
    assert prune(entries, OLDEST) == [1]
    assert prune(entries[::-1], OLDEST) == [1]


def test_of_one_product_the_first_id_stays_however_many_members_it_has() -> None:
    entries = [
        entry("o001", "p", a="s", b="b", c="b"),
        entry("c1001", "p", a="s", b="b"),
        entry("c1000", "p", a="s"),
    ]
    assert prune(entries, OLDEST) == [2]


def test_of_one_product_and_id_the_first_generated_stays() -> None:
    entries = [entry("o001", "p", a="s"), entry("o001", "p", a="s", b="b")]
    assert prune(entries, OLDEST) == [0]


def test_of_two_types_with_the_same_members_the_first_generated_stays() -> None:
    entries = [entry("o001", "p", a="s"), entry("o001", "p", a="s")._replace(rule=SPECTRUM)]
    assert prune(entries, OLDEST) == [0]


def test_what_goes_looks_like_the_first_whatever_its_exptypes_and_product() -> None:
    nod = entry("o001", "p", a="s", b="b")
    other = entry("o001", "q", b="s", a="b")
    again = nod._replace(candidate=("o002", ""))
    assert prune([other, nod, again], OLDEST) == [1, 2]


def test_the_look_of_the_first_id_stays_but_by_the_last_generated() -> None:
    entries = [
        entry("c1000", "p", a="s"),
        entry("o001", "p", a="s"),
        entry("c1001", "p", a="s", b="b"),
    ]
    assert prune(entries, OLDEST) == [1]


def test_those_that_stay_stand_as_generated() -> None:
    entries = [entry(name, name, **{name: "s"}) for name in ("o002", "o001", "c1000")]
    assert prune(entries, OLDEST) == [0, 1, 2]
    twice_by_other_names = [entry("o001", "p", a="s"), entry("o001", "q", b="s")]
    assert prune(twice_by_other_names, OLDEST) == [0, 1]


# As jwst 1.11.0 to 1.20.2 do it


def steps(keeps: Literal["superset", "longer"], removes: Literal["found", "alike"]) -> Settings:
    overall = (MembershipPruning(removes), ProductPruning(keeps, removes))
    return LATEST._replace(overall=overall)


def test_only_a_part_of_another_goes() -> None:
    other = entry("o001", "p", a="s", c="b", d="b")
    shorter = entry("o001", "p", a="s", b="b")
    part = entry("o001", "p", a="s")
    assert prune([other, shorter, part], steps("superset", "found")) == [1, 0]
    assert prune([other, shorter, part], steps("longer", "found")) == [0]


def twin(one: Unnamed) -> Unnamed:
    return one._replace(keys="alike")


def test_the_twin_that_comes_first_goes_in_place_of_a_duplicate() -> None:
    rate, rateints = (twin(entry("o001", "p", **{name: "s"})) for name in ("rate", "rateints"))
    special = entry("o001", "p", rateints="s")
    pool = [rate, rateints, special]
    assert prune(pool, steps("superset", "alike")) == [2, 1]
    assert prune(pool, steps("superset", "found")) == [2, 0]


def test_where_the_twin_is_gone_the_duplicate_goes_itself() -> None:
    rate, rateints = (twin(entry("o001", "p", **{name: "s"})) for name in ("rate", "rateints"))
    pool = [rate, rateints, *(entry("o001", "p", **{name: "s"}) for name in ("rateints", "rate"))]
    assert prune(pool, steps("superset", "alike")) == [3, 2]


def test_a_twin_of_another_type_stays() -> None:
    rate, rateints = (twin(entry("o001", "p", **{name: "s"})) for name in ("rate", "rateints"))
    pool = [rate._replace(rule=SPECTRUM), rateints, entry("o001", "p", rateints="s")]
    assert prune(pool, steps("superset", "alike")) == [2, 0]


# In a pool


def test_the_association_with_the_background_stays_whatever_its_candidate() -> None:
    both = "[('o001', 'observation'), ('c1000', 'background')]"
    pool = [
        image("a_uncal.fits", asn_candidate=both),
        image(
            "b_uncal.fits",
            bkgdtarg="t",
            asn_candidate="[('o002', 'observation'), ('c1000', 'background')]",
        ),
    ]
    assert summary(generated(pool).associations) == [
        (
            "jw00001-c1000_image2_00001_asn",
            "Asn_Lv2Image",
            ["a_rate.fits science", "b_rate.fits background"],
        ),
        ("jw00001-o002_image2_00001_asn", "Asn_Lv2ImageSpecial", ["b_rate.fits science"]),
    ]


def test_numbers_count_within_id_and_type_from_the_last_generated() -> None:
    pool = [
        image("a_uncal.fits"),
        image("b_uncal.fits", tsovisit="t"),
        image("c_uncal.fits", filter="f150w"),
        image("d_uncal.fits", asn_candidate="[('o002', 'observation')]"),
    ]
    assert summary(generated(pool).associations) == [
        ("jw00001-o001_image2_00001_asn", "Asn_Lv2Image", ["c_rate.fits science"]),
        ("jw00001-o001_tso-image2_00001_asn", "Asn_Lv2ImageTSO", ["b_rateints.fits science"]),
        ("jw00001-o001_image2_00002_asn", "Asn_Lv2Image", ["a_rate.fits science"]),
        ("jw00001-o002_image2_00001_asn", "Asn_Lv2Image", ["d_rate.fits science"]),
    ]


# Whatever there is to prune

members = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("sb"), min_size=1)
entries_of_any_kind = st.lists(
    st.builds(
        lambda asn_id, product, taken: entry(asn_id, product, **taken),
        st.sampled_from(["c1000", "o001", "o002"]),
        st.sampled_from("pq"),
        members,
    ),
    max_size=8,
)


def members_of(one: Unnamed) -> dict[str, str]:
    return {member.expname: member.exptype for member in one.product.members}


def outdoes(one: Unnamed, other: Unnamed) -> bool:
    """Tell whether one has the product of another, more members and no other exptype."""
    return (
        one.product.name == other.product.name
        and len(members_of(one)) > len(members_of(other))
        and all(
            members_of(one).get(name, exptype) == exptype
            for name, exptype in members_of(other).items()
        )
    )


@given(entries_of_any_kind)
def test_no_two_that_stay_say_the_same(entries: list[Unnamed]) -> None:
    kept = [entries[place] for place in prune(entries)]
    for one, other in combinations(kept, 2):
        assert one.membership() != other.membership()
        assert not outdoes(one, other)
        assert not outdoes(other, one)


@given(entries_of_any_kind)
def test_each_that_goes_is_outdone_by_another(entries: list[Unnamed]) -> None:
    for place in set(range(len(entries))) - set(prune(entries)):
        gone = entries[place]
        assert any(
            outdoes(other, gone) or (number != place and members_of(other) == members_of(gone))
            for number, other in enumerate(entries)
        )


@given(entries_of_any_kind)
def test_those_that_stay_stand_by_id_then_from_the_last_generated(entries: list[Unnamed]) -> None:
    kept = prune(entries)
    assert kept == sorted(kept, key=lambda place: (entries[place].asn_id, -place))


def twice(asn_id: str, product: str, *exptypes: str) -> Unnamed:
    """Give an association that has the file `a` in each of the exptypes."""
    listed = tuple(Member("a", exptype, None, None) for exptype in exptypes)
    return Unnamed(IMAGE, (asn_id, ""), 0, Product(product, listed), None)


def test_an_association_with_a_file_twice_is_never_equal_to_another() -> None:
    both = twice("o001", "p", "science", "target_acquisition")
    assert prune([both, both]) == [1, 0]


def test_an_association_with_a_file_twice_outdoes_none_and_is_not_outdone() -> None:
    both = twice("o001", "p", "science", "background")
    assert prune([both, entry("o001", "p", a="s")]) == [1, 0]
    assert prune([both, entry("o001", "p", a="s", b="b", c="b")]) == [1, 0]
