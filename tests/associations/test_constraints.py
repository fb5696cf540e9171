"""What constraints tell of the exposures of an association."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asnrules.associations.constraints import Constraints, read_constraints
from imports.foreign import constraints


def line(value: str, name: str = "exp_type", sources: str = "['exp_type']") -> str:
    return f"DMSAttrConstraint({{'name': '{name}', 'sources': {sources}, 'value': {value}}})"


def test_the_lines_of_jwst() -> None:
    found = read_constraints(constraints("nrc_image", "c1001", "background"))
    assert found.exp_types == {"NRC_IMAGE"}
    assert found.candidate_types == {"c1001": "background"}
    assert found.keys == (
        "program = 1 (PROGRAM); opt_elem2 = clear (PUPIL or GRATING); "
        "exp_type = nrc_image (EXP_TYPE)"
    )


def test_a_value_is_a_regular_expression() -> None:
    found = read_constraints(line(r"'mir_lrs\\-fixedslit'"))
    assert found.exp_types == {"MIR_LRS-FIXEDSLIT"}
    assert found.keys == "exp_type = mir_lrs-fixedslit (EXP_TYPE)"


def test_alternatives_are_all_told_and_no_key() -> None:
    found = read_constraints(line("'nis_focus|nrc_focus'", "non_science"))
    assert found == Constraints(frozenset({"NIS_FOCUS", "NRC_FOCUS"}))


def test_several_constraints_are_taken_together() -> None:
    text = "\n".join([line("'nrc_wfss'"), line("'nrc_image'", "image_exp_type")])
    assert read_constraints(text).exp_types == {"NRC_WFSS", "NRC_IMAGE"}


@pytest.mark.parametrize(
    "text",
    [
        "", "No constraints", line("None"), line("<function at 0x2b>"),
        line("'nrc_image'", sources="['exp_type', 'band']"), line("'\x1b[2J'"),
    ],
)  # fmt: skip
def test_nothing_is_told(text: str) -> None:
    assert read_constraints(text).exp_types == frozenset()


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("exp_type = nrc_wfss (EXP_TYPE); image_exp_type = nrc_image (EXP_TYPE)", {"NRC_WFSS"}),
        ("science_exp_type = nrs_ifu (EXP_TYPE)", {"NRS_IFU"}),
        ("program = 1 (PROGRAM); image_exp_type = nrc_image (EXP_TYPE)", set()),
    ],
)
def test_the_exp_type_of_a_companion_is_not_told(keys: str, told: set[str]) -> None:
    assert read_constraints(f"A of B for candidate o001 (c)\nkeys: {keys}").exp_types == told


def test_those_of_this_program() -> None:
    text = (
        "Asn_Lv2Image of jwst-3.0.0 for candidate o001 (observation)\n"
        "each exposure: EXP_TYPE is one of them\n"
        "keys: program = 1 (PROGRAM); exp_type = nrc_image (EXP_TYPE); instrument = x (INSTRUME)"
    )
    found = read_constraints(text)
    assert found.exp_types == {"NRC_IMAGE"}
    assert found.candidate_types == {"o001": "observation"}
    assert found.keys == (
        "program = 1 (PROGRAM); exp_type = nrc_image (EXP_TYPE); instrument = x (INSTRUME)"
    )


@given(st.lists(st.one_of(st.text(), st.sampled_from(
    ["'name': '", "', 'sources': ['exp_type'], 'value': '", "'", "\nkeys: ", " (EXP_TYPE)", "|",
     " = ", "'value': \"\\\\('o001',\\\\ 'x", "'\\\\)\"", "\x1b"],
))).map("".join))  # fmt: skip
def test_any_text_tells_what_can_be_recorded(text: str) -> None:
    found = read_constraints(text)
    assert found.keys.isprintable()
    assert all(name.isprintable() for name in found.exp_types)
    assert all((name + kind).isprintable() for name, kind in found.candidate_types.items())
