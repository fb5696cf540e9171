"""`audit import` takes the files that `load_asn` of jwst takes, and warns where that warns.

Needs jwst beside asnrules. What jwst takes only as YAML, and says that it will stop taking, is
refused here with the mend.
"""

from __future__ import annotations

import copy
import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asnrules.associations.reader import ForeignAssociation, read_association
from asnrules.errors import AssociationFileError
from imports.foreign import NAME, document, member

pytest.importorskip("jwst", reason="jwst 3.0.0 is not installed beside asnrules")

import yaml
from jwst.associations import AssociationRegistry, libpath, load_asn

TYPES = ("image2", "spec2")
LOST = object()
"""In place of the value of a key that is left out."""


@pytest.fixture(scope="module")
def registry() -> Any:
    """Give the rules by which the pipelines of Stage 2 load associations."""
    return AssociationRegistry([str(libpath() / "rules_level2b.py")], include_default=False)


def theirs(path: Path, registry: Any) -> tuple[bool, set[type[Warning]]]:
    """Tell whether load_asn takes a file, and of what it warns."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with path.open() as stream:
                load_asn(stream, registry=registry)
        except Exception:
            return False, set()
    return True, {one.category for one in caught}


def ours(path: Path) -> ForeignAssociation | None:
    try:
        return read_association(str(path), TYPES)
    except AssociationFileError:
        return None


def changed(content: dict[str, Any], place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """Give a file with another value in a place, or without it."""
    found = copy.deepcopy(content)
    inner: Any = found
    for key in place[:-1]:
        inner = inner[key]
    if value is LOST:
        inner.pop(place[-1])
    else:
        inner[place[-1]] = value
    return found


BY_RULE = document(member(1), member(3, "background"))
BY_HAND = document(member(1), asn_type="None", asn_rule="DMSLevel2bBase", program="noprogram")
PLACES: list[tuple[Any, ...]] = [
    *((key,) for key in BY_RULE),
    *(("products", 0, key) for key in ("name", "members")),
    *(("products", 0, "members", 0, key) for key in ("expname", "exptype", "exposerr", "more")),
    ("products", 0), ("products", 0, "members", 0), ("more",),
]  # fmt: skip
VALUES = [LOST, None, "", " ", 7, 1.5, True, [], {}, ["a"], [{}], {"a": 1}, "./data/a_rate.fits"]
TAKEN_AS = ("asn_type", "asn_rule")
"""What has only some values here: the others are those of Stage 3, or of no stage."""


def variants() -> Iterator[dict[str, Any]]:
    for content in (BY_RULE, BY_HAND):
        for place in PLACES:
            for value in VALUES:
                is_odd = place[0] in TAKEN_AS and isinstance(value, str) and value.strip()
                if not is_odd and not (value is LOST and place[-1] in (0, "more")):
                    yield changed(content, place, value)


def assert_alike(path: Path, registry: Any) -> None:
    is_taken, warned = theirs(path, registry)
    found = ours(path)
    assert (found is not None) == is_taken, path.read_text()
    if found is not None:
        folders = [one for one in found.remarks if re.match("expname of .* ha(s|ve) a folder", one)]
        assert bool(folders) == (UserWarning in warned), path.read_text()


def test_each_value_is_taken_or_refused_as_by_load_asn(tmp_path: Path, registry: Any) -> None:
    path = tmp_path / f"{NAME}.json"
    taken = 0
    for content in variants():
        path.write_text(json.dumps(content))
        assert_alike(path, registry)
        taken += ours(path) is not None
    assert taken > 200


@settings(max_examples=100)
@given(
    changes=st.lists(
        st.tuples(st.sampled_from(PLACES[2:-3]), st.sampled_from(VALUES)), min_size=2, max_size=4
    )
)
def test_several_values_are_taken_or_refused_as_by_load_asn(
    tmp_path_factory: pytest.TempPathFactory,
    registry: Any,
    changes: list[tuple[tuple[Any, ...], Any]],
) -> None:
    content = BY_RULE
    for place, value in changes:
        try:
            content = changed(content, place, value)
        except (KeyError, IndexError, TypeError, AttributeError):
            continue
    path = tmp_path_factory.mktemp("given") / f"{NAME}.json"
    path.write_text(json.dumps(content))
    assert_alike(path, registry)


TEXT = json.dumps(BY_HAND, indent=1)
AS_YAML = {
    "a comma too many": TEXT.replace("]\n", "],\n"),
    "a comma too many at the end": TEXT.rstrip()[:-1].rstrip() + ",\n}",
    "single quotes": TEXT.replace('"', "'"),
    "None": TEXT.replace("null", "None"),
    "a comment": "# mine\n" + TEXT,
    "YAML": yaml.safe_dump(BY_HAND),
    "YAML with a mark": "---\n" + yaml.safe_dump(BY_HAND, default_flow_style=None),
}


@pytest.mark.parametrize("text", AS_YAML.values(), ids=AS_YAML)
@pytest.mark.parametrize("ending", [".json", ".yaml", ".yml"])
def test_what_is_taken_as_yaml_is_refused_with_the_mend(
    tmp_path: Path, registry: Any, text: str, ending: str
) -> None:
    path = tmp_path / f"{NAME}{ending}"
    path.write_text(text)
    assert theirs(path, registry) == (True, {DeprecationWarning})
    with pytest.raises(AssociationFileError, match=r"; (remove|replace|write|save)"):
        read_association(str(path), TYPES)


@pytest.mark.parametrize("ending", [".txt", "", ".asn"])
def test_another_ending_is_warned_of_as_by_load_asn(
    tmp_path: Path, registry: Any, ending: str
) -> None:
    path = tmp_path / f"{NAME}{ending}"
    path.write_text(TEXT)
    assert theirs(path, registry) == (True, {DeprecationWarning})
    found = ours(path)
    assert found is not None
    assert found.remarks[-1].endswith("of which jwst warns")
