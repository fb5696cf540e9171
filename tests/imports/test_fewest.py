"""Associations of many members: what cannot be nearest is passed over without a comparison."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asnrules.associations.comparison import Fewest, differences
from asnrules.associations.model import NO_DEGRADED, Association, Member, Product
from asnrules.associations.reader import read_association
from asnrules.catalog.open import connect_catalog, upgrade_catalog
from asnrules.imports import matching
from asnrules.workflows.import_associations import ImportOptions, import_associations
from cli.small_pools import nrc_image, write_pool
from imports.foreign import document, member, write

MEMBERS = 200

_members = st.lists(
    st.builds(
        Member,
        st.sampled_from(["a_rate.fits", "b_rate.fits", "b_cal.fits", "c_rate.fits"]),
        st.sampled_from(["science", "background"]),
        st.sampled_from([None, "null", "an error"]),
        st.none(),
    ),
    min_size=1,
    max_size=5,
).map(tuple)
_products = st.lists(
    st.builds(Product, st.sampled_from("pqr"), _members),
    min_size=1,
    max_size=2,
    unique_by=lambda product: product.name,
).map(tuple)


def association(products: tuple[Product, ...], asn_type: str, asn_id: str) -> Association:
    return Association(
        "name", asn_type, "Asn_Lv2Image", asn_id, "observation", "00001", "1", NO_DEGRADED, "",
        products,
    )  # fmt: skip


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = write(tmp_path_factory.mktemp("files"), document(member(1)))
    return read_association(path, ["image2"])


@given(
    _products,
    _products,
    st.sampled_from(["image2", "spec2"]),
    st.sampled_from(["o001", "o002"]),
    st.sets(st.sampled_from(["a_rate.fits", "b_rate.fits"])),
)
def test_there_are_never_fewer_differences(
    read: Any,
    theirs: tuple[Product, ...],
    ours: tuple[Product, ...],
    asn_type: str,
    asn_id: str,
    untold: set[str],
) -> None:
    found = replace(read, products=theirs, untold=frozenset(untold))
    made = association(ours, asn_type, asn_id)
    suffixes = frozenset({"rate", "cal"})
    assert Fewest(found, found.products, found.untold)(made) <= len(
        differences(found, made, suffixes)
    )


def test_a_file_of_many_exposures_is_compared_with_few_associations(
    templates: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them is in an association of its own by the rules."""
    compared = 0

    def counted(*arguments: Any) -> Any:
        nonlocal compared
        compared += 1
        return differences(*arguments)

    monkeypatch.setattr(matching, "differences", counted)
    engine = connect_catalog(templates.get("sqlite", "many members", upgrade_catalog))
    pool = write_pool(tmp_path / "pool.csv", *map(nrc_image, range(1, MEMBERS + 1)))
    path = write(tmp_path, document(*[member(number) for number in range(1, MEMBERS + 1)]))
    (file,) = import_associations(engine, [path], ImportOptions(pools=[str(pool)])).files
    assert file.verdict == "differs"
    assert 0 < compared < MEMBERS // 10
