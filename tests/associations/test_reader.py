"""Association files that somebody else made: a value, or one line that says what is wrong."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asnrules.associations.constraints import Constraints
from asnrules.associations.reader import ForeignAssociation, read_association
from asnrules.errors import AssociationFileError
from asnrules.util.limits import ASSOCIATION_BYTES
from imports.foreign import NAME, constraints, document, member, stem, write

TYPES = ("image2", "spec2", "tso-image2")
LONGEST_MESSAGE = 1_000


def refused(path: str | Path) -> str:
    with pytest.raises(AssociationFileError) as caught:
        read_association(str(path), TYPES)
    check_message(str(caught.value), str(path))
    return str(caught.value)


def check_message(message: str, path: str) -> None:
    assert message.isprintable()
    assert len(message) <= LONGEST_MESSAGE
    assert Path(path).name[:20] in message or not path.isprintable()
    assert "; " in message, "no mend"


def with_bytes(folder: Path, content: bytes) -> str:
    path = folder / f"{NAME}.json"
    path.write_bytes(content)
    return str(path)


# ------------------------------------------------------------------ what is read


def test_a_file_of_jwst_is_read_whole(tmp_path: Path) -> None:
    text = constraints("nrc_image")
    content = document(
        member(1), member(3, "background", exposerr="moving_shutter"),
        version_id="20260801t120000", code_version="3.0.0", constraints=text,
    )  # fmt: skip
    path = write(tmp_path, content)
    found = read_association(path, TYPES)
    assert (found.asn_name, found.file_name) == (NAME, f"{NAME}.json")
    assert found.sha256 == hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert (found.asn_type, found.raw_rule) == ("image2", "candidate_Asn_Lv2Image")
    assert (found.asn_id, found.program, found.target) == ("o001", "00001", "1")
    assert found.degraded_status == "No known degraded exposures in association."
    assert (found.code_version, found.version_id) == ("3.0.0", "20260801t120000")
    assert found.asn_pool == "jw00001_20260801t101500_pool.csv"
    assert [tuple(product) for product in found.products] == [
        (
            stem(1),
            (
                (f"{stem(1)}_rate.fits", "science", "null", None, None, ""),
                (f"{stem(3)}_rate.fits", "background", "moving_shutter", None, None, ""),
            ),
        )
    ]
    assert found.constraints.exp_types == {"NRC_IMAGE"}
    assert found.constraints.candidate_types == {"o001": "observation"}


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        ("candidate_Asn_Lv2Image", "Asn_Lv2Image"),
        ("discover_Asn_Lv2Image", "Asn_Lv2Image"),
        ("Asn_Lv2Image", "Asn_Lv2Image"),
        ("candidate_discover_x", "discover_x"),
    ],
)
def test_the_rule_is_known_without_its_prefix(tmp_path: Path, raw: str, rule: str) -> None:
    found = read_association(write(tmp_path, document(asn_rule=raw)), TYPES)
    assert (found.raw_rule, found.asn_rule) == (raw, rule)


def test_what_may_be_missing_may_be_missing(tmp_path: Path) -> None:
    needed = {"asn_type", "asn_rule", "asn_id", "program", "products"}
    content = {key: value for key, value in document().items() if key in needed}
    del content["products"][0]["members"][0]["exposerr"]
    found = read_association(write(tmp_path, content), TYPES)
    assert (found.target, found.degraded_status) == ("", "")
    assert (found.code_version, found.version_id, found.asn_pool) == (None, None, None)
    assert found.products[0].members[0].exposerr is None


def test_what_nobody_asks_for_is_passed_over(tmp_path: Path) -> None:
    content = document(member(1, asn_candidate=[["o001", "observation"]]), more={"a": [1, None]})
    assert read_association(write(tmp_path, content), TYPES).asn_id == "o001"


def test_a_byte_order_mark_is_no_harm(tmp_path: Path) -> None:
    text = json.dumps(document())
    path = with_bytes(tmp_path, b"\xef\xbb\xbf" + text.encode())
    (remark,) = read_association(path, TYPES).remarks
    assert "byte order mark" in remark


@pytest.mark.parametrize("ending", [".txt", ".asdf", "", ".JSON"])
def test_another_ending_than_that_of_json_is_told(tmp_path: Path, ending: str) -> None:
    path = Path(write(tmp_path, document()))
    found = read_association(str(path.rename(path.with_suffix(ending))), TYPES)
    assert found.remarks == ("its name does not end in .json, of which jwst warns",)


def test_the_status_of_jwst_has_two_lines(tmp_path: Path) -> None:
    status = "One or more members have an error.\nDetails are there."
    found = read_association(write(tmp_path, document(degraded_status=status)), TYPES)
    assert found.degraded_status == status


# ------------------------------------------------------------------ what is no association


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"{", "is cut off, or no JSON"),
        (b'{"asn_type": "image2", "prod', "is cut off, or no JSON"),
        (b"{]}", "mend it there, or fetch the file again"),
        (b"[1, 2]", "it holds a list"),
        (b"null", "it holds null"),
        (b"1e400", "it holds a number"),
        (b"{}", "is not an association: products is missing"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "is no JSON: it holds a number of 5,000 digits; mend"),
        (b"\xff\xfe{\x00}\x00", "is not UTF-8 text: byte 1"),
        (b'{"a": "\xc3"}', "is not UTF-8 text: byte 8"),
        (b"a|b\n1|2\n", "no JSON"),
        (b"\0" * 100, "no JSON"),
        (b"\x1f\x8b\x08", "is not UTF-8 text"),
        (b"[" * 200_000, "is nested too deeply"),
        (b'{"a":' * 200_000, "is nested too deeply"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    assert words in refused(with_bytes(tmp_path, content))


@pytest.mark.parametrize("asn_type", ["image3", "spec3", "tso3", "wfs-image3", "coron3"])
def test_a_type_of_stage_3_is_named(tmp_path: Path, asn_type: str) -> None:
    message = refused(write(tmp_path, document(asn_type=asn_type)))
    assert f"asn_type '{asn_type}' is a Stage 3 type" in message
    assert "image2, spec2, tso-image2" in message


def test_a_type_that_is_not_known_is_named(tmp_path: Path) -> None:
    assert "asn_type 'image' is not known" in refused(write(tmp_path, document(asn_type="image")))


@pytest.mark.parametrize("asn_type", ["None", "image2", "spec2", None])
@pytest.mark.parametrize("rule", ["DMS_Level3_Base", "candidate_Asn_Lv3Image", "asn_lv3spec"])
def test_a_stage_3_rule_is_named_whatever_the_type(
    tmp_path: Path, asn_type: str | None, rule: str
) -> None:
    given = document(asn_type=asn_type, asn_rule=rule)
    if asn_type is None:
        del given["asn_type"]
    assert f"asn_rule '{rule}' is a Stage 3 rule" in refused(write(tmp_path, given))


@pytest.mark.parametrize("asn_type", ["image3", "Spec3", "tso3", "WFS-IMAGE3 "])
def test_a_stage_3_type_is_named(tmp_path: Path, asn_type: str) -> None:
    found = refused(write(tmp_path, document(asn_type=asn_type)))
    assert f"asn_type '{asn_type.strip().lower()}' is a Stage 3 type" in found


# ------------------------------------------------------------------ what may be missing


@pytest.mark.parametrize("key", [key for key in document() if key != "products"])
def test_what_the_schema_of_jwst_does_not_want_may_be_missing(tmp_path: Path, key: str) -> None:
    given = document()
    del given[key]
    found = read_association(write(tmp_path, given), TYPES)
    assert getattr(found, key, None) in (None, "", Constraints())
    assert [tuple(one) for one in found.products] == [
        (stem(1), ((f"{stem(1)}_rate.fits", "science", "null", None, None, ""),))
    ]


def test_products_are_all_that_has_to_be_there(tmp_path: Path) -> None:
    members = [{"expname": "a_rate.fits", "exptype": "science"}]
    found = read_association(write(tmp_path, {"products": [{"members": members}]}), TYPES)
    assert (found.asn_type, found.raw_rule, found.asn_id, found.program) == (None, "", "", "")
    assert found.is_by_hand
    assert not any(map(found.tells, ("asn_type", "asn_rule", "asn_id", "program")))
    assert [tuple(one) for one in found.products] == [
        ("", (("a_rate.fits", "science", None, None, None, ""),))
    ]
    assert found.remarks == ("a product has no name",)


def test_what_asn_from_list_writes_is_read(tmp_path: Path) -> None:
    # As `asn_from_list -r DMSLevel2bBase /data/a_rate.fits` of jwst 3.0.0 writes it.
    given = document(
        asn_type="None", asn_rule="DMSLevel2bBase", program="noprogram", asn_id="a3001",
        constraints="No constraints", asn_pool="none",
        products=[
            {"name": "/data/a", "members": [{"expname": "/data/a_rate.fits", "exptype": "science"}]}
        ],
    )  # fmt: skip
    del given["target"]
    found = read_association(write(tmp_path, given), TYPES)
    assert found.is_by_hand
    assert (found.asn_type, found.asn_rule) == (None, "DMSLevel2bBase")
    assert (found.asn_id, found.program, found.target) == ("a3001", "noprogram", "")
    assert not any(map(found.tells, ("asn_type", "asn_rule", "asn_id", "program")))
    assert [tuple(one) for one in found.products] == [
        ("a", (("a_rate.fits", "science", None, None, None, ""),))
    ]
    assert found.remarks == (
        "expname of the science has a folder (/data/)",
        "the name of product a has a folder (/data/)",
    )  # fmt: skip


# ------------------------------------------------------------------ what is written otherwise


@pytest.mark.parametrize(
    ("changes", "read", "remark"),
    [
        ({"asn_type": "IMAGE2"}, {"asn_type": "image2"}, "asn_type is written 'IMAGE2'"),
        ({"asn_type": " image2 "}, {"asn_type": "image2"}, "asn_type is written ' image2 '"),
        (
            {"asn_rule": " Asn_Lv2Image"}, {"raw_rule": "Asn_Lv2Image"},
            "asn_rule is written ' Asn_Lv2Image'",
        ),
        ({"asn_rule": "asn_lv2image"}, {"raw_rule": "asn_lv2image"}, None),
        ({"asn_id": "O001"}, {"asn_id": "o001"}, "asn_id is written 'O001'"),
        ({"program": "1"}, {"program": "00001"}, "program is written '1'"),
        ({"target": "M 31 "}, {"target": "m 31"}, "target is written 'M 31 '"),
        (
            {"degraded_status": "no known degraded  exposures in association."},
            {"degraded_status": "No known degraded exposures in association."},
            "degraded_status is written 'no known degraded  exposures in association.'",
        ),
        ({"degraded_status": "Some."}, {"degraded_status": "Some."}, None),
    ],
)  # fmt: skip
def test_a_field_that_is_written_otherwise_is_remarked_upon(
    tmp_path: Path, changes: dict[str, Any], read: dict[str, str], remark: str | None
) -> None:
    found = read_association(write(tmp_path, document(**changes)), TYPES)
    assert {key: getattr(found, key) for key in read} == read
    assert found.remarks == (() if remark is None else (remark,))


@pytest.mark.parametrize(
    ("expname", "exptype", "name", "remarks"),
    [
        ("./data/A_rate.fits", "science", "a_rate.fits", 2),
        ("/a/b/a_rate.fits", "science", "a_rate.fits", 1),
        ("C:\\data\\a_rate.fits", "science", "a_rate.fits", 1),
        ("../a_rate.fits", "background", "a_rate.fits", 1),
        ("a_rate.fits", "Science", "a_rate.fits", 1),
        (" a_rate.fits", "science", "a_rate.fits", 1),
        ("a_rate.fits", "science", "a_rate.fits", 0),
    ],
)
def test_a_member_is_known_by_the_name_of_its_file(
    tmp_path: Path, expname: str, exptype: str, name: str, remarks: int
) -> None:
    given = document(products=[{"name": "a", "members": [member(1, exptype, expname=expname)]}])
    found = read_association(write(tmp_path, given), TYPES)
    assert [tuple(one)[:2] for one in found.products[0].members] == [(name, exptype.lower())]
    assert len(found.remarks) == remarks


def test_members_in_folders_are_counted(tmp_path: Path) -> None:
    members = [member(1, expname="d/a"), *[member(1, "background", expname=f"d/{n}") for n in "bc"]]
    found = read_association(
        write(tmp_path, document(products=[{"name": "a", "members": members}])), TYPES
    )
    assert found.remarks == (
        "expname of the science and 2 members with exptype background have a folder (d/)",
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"asn_id": ["o001"] * 99}, "asn_id has 792 characters"),
        ({"asn_pool": None}, "asn_pool is null, where text is wanted"),
        ({"program": 1}, "program is a number, where text is wanted"),
        ({"asn_rule": "x" * 501}, "asn_rule has 501 characters"),
        ({"version_id": "\x1b[2J"}, "version_id holds a control character: '\\x1b[2J'"),
        ({"asn_pool": "a\nb"}, "asn_pool holds a control character"),
        ({"code_version": "\udc80"}, "code_version holds a control character"),
        ({"degraded_status": "a\x00b"}, "degraded_status holds a control character"),
        ({"products": {}}, "products is an object, where a list is wanted"),
        ({"products": [3]}, "products[0] is a number, where an object is wanted"),
        ({"products": [{"name": "a"}]}, "products[0].members is missing"),
        ({"products": [{"name": None, "members": [member(1)]}]}, "products[0].name is null"),
        ({"asn_type": None}, "asn_type is null"),
        (
            {"products": [{"name": "a", "members": [member(1), {"expname": "b"}]}]},
            "products[0].members[1].exptype is missing",
        ),
    ],
)
def test_a_value_that_is_none_is_named(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    assert words in refused(write(tmp_path, document(**changes)))


def test_all_that_the_schema_demands_is_named_at_once(tmp_path: Path) -> None:
    members = [{"exptype": "science"}, "a_rate.fits", member(1, expname=3)]
    given = document(program=1, products=[{"name": "a", "members": members}, {}])
    assert (
        "program is a number, where text is wanted, products[0].members[0].expname is missing, "
        "products[0].members[1] is text, where an object is wanted, "
        "products[0].members[2].expname is a number, where text is wanted, "
        "products[1].members is missing; give an association file, as jwst's schema demands it"
    ) in refused(write(tmp_path, given))


@pytest.mark.parametrize(
    ("changes", "read"),
    [
        ({"asn_id": None}, {"asn_id": ""}),
        ({"asn_id": 7}, {"asn_id": "7"}),
        ({"asn_type": "", "asn_rule": " ", "program": ""}, {"asn_type": None, "program": ""}),
        ({"target": 3, "version_id": 20260801, "code_version": 1.5}, {"code_version": "1.5"}),
        ({"degraded_status": False, "more": float("nan")}, {"degraded_status": "false"}),
        (
            {"products": [{"name": "a", "members": [member(1, exposerr=0)]}] * 2},
            {"remarks": ("the product a comes twice",)},
        ),
        ({"asn_id": ["o001"], "target": {}}, {"asn_id": '["o001"]', "target": "{}"}),
        (
            {"products": []},
            {
                "products": (),
                "remarks": ("it has no products, so that jwst makes nothing of it",),
            },
        ),
        (
            {"products": [{"name": "a", "members": []}]},
            {"remarks": ("the product a has no members, so that jwst makes nothing of it",)},
        ),
        (
            {"products": [{"name": "a", "members": [member(1, expname="d/"), member(1)]}]},
            {
                "remarks": (
                    "expname of the science has a folder (d/)",
                    "expname of the science names no file: 'd/'",
                )
            },
        ),
        (
            {"products": [{"name": "a", "members": [{"expname": " ", "exptype": ""}]}]},
            {
                "remarks": (
                    "expname of the member names no file: ''",
                    "exptype of a member is blank, so that jwst passes it over",
                )
            },
        ),
    ],
)
def test_what_load_asn_takes_is_taken(
    tmp_path: Path, changes: dict[str, Any], read: dict[str, Any]
) -> None:
    # load_asn of jwst 3.0.0 loads each of these.
    found = read_association(write(tmp_path, document(**changes)), TYPES)
    assert {key: getattr(found, key) for key in read} == read


def test_of_a_key_that_comes_twice_the_last_counts(tmp_path: Path) -> None:
    text = json.dumps(document()).replace('"asn_id"', '"asn_id": "o009", "asn_id"')
    found = read_association(with_bytes(tmp_path, text.encode()), TYPES)
    assert found.asn_id == "o001"
    assert found.remarks == ("the key 'asn_id' comes twice in one object, and the last one counts",)


TEXT = json.dumps(document(member(1), member(2, "background")), indent=1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            TEXT.rstrip()[:-1].rstrip() + ",\n}\n",
            "has a comma too many at line 28, column 3, before }; remove that comma",
        ),
        (TEXT.replace("   }\n", "   },\n"), "has a comma too many at line 25, column 6, before ]"),
        (TEXT.replace('"image2",', '"image2"'), "there is no comma before '\"asn_rule"),
        (TEXT.replace('"', "'"), "single quotes, where JSON has double ones, at line 2, column 2"),
        (TEXT.replace("null", "None"), "a word of Python, which JSON writes otherwise, at line 4"),
        (TEXT.replace('"target"', "# the galaxy\n "), "has a comment"),
        ("// mine\n" + TEXT, "has a comment, which JSON does not allow, at line 1, column 1; rem"),
        (TEXT.replace('"asn_type"', "“asn_type”"), "has curly quotes"),
        (TEXT.replace('"image2",', '"image2",,'), "has a comma too many at line 2, column 23"),
        (TEXT.replace("_rate", "\t_rate"), "has a line break or tab at line"),
        ("{products: []}", "has a key without quotes at line 1, column 2; put it into double"),
        (
            "asn_type: image2\nproducts:\n- name: a\n  members:\n  - expname: a\n",
            "is YAML, which jwst will stop reading; save it as JSON, in Python: ",
        ),
        ("---\n# mine\nproducts:\n- members: []\n", "is YAML"),
    ],
)  # fmt: skip
def test_what_is_nearly_json_has_a_mend(tmp_path: Path, text: str, words: str) -> None:
    assert words in refused(with_bytes(tmp_path, text.encode()))


@pytest.mark.parametrize("asn_type", ["None", "image2", "", None])
@pytest.mark.parametrize("rule", ["DMSLevel2bBase", "Asn_Lv2Image", None])
def test_a_stage_3_file_is_known_by_its_members(
    tmp_path: Path, asn_type: str | None, rule: str | None
) -> None:
    joined = [member(number, expname=f"{stem(number)}_cal.fits") for number in (1, 2)]
    given = document(*joined, asn_type=asn_type, asn_rule=rule)
    given = {key: value for key, value in given.items() if key[:5] != "asn_t" or value is not None}
    if rule is None:
        del given["asn_rule"]
    assert "is a Stage 3 association" in refused(write(tmp_path, given))


@pytest.mark.parametrize("ending", ["x1d", "x1dints", "c1d"])
def test_a_spectrum_as_background_is_of_stage_3(tmp_path: Path, ending: str) -> None:
    background = member(2, "background", expname=f"{stem(2)}_{ending}.fits")
    science = member(1, expname=f"{stem(1)}_cal.fits")
    given = document(science, background, asn_rule="DMSLevel2bBase", asn_type="None")
    assert "is a Stage 3 association" in refused(write(tmp_path, given))
    given = document(science, member(2, "background"), asn_rule="DMSLevel2bBase")
    assert read_association(write(tmp_path, given), TYPES).is_by_hand


# ------------------------------------------------------------------ what is no file


def test_a_file_of_hundreds_of_megabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large_asn.json"
    with path.open("wb") as stream:
        stream.truncate(600_000_000)
    tracemalloc.start()
    message = refused(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "has 600,000,000 bytes, more than the 16,777,216 that are read" in message
    assert peak < 1_000_000


def test_the_largest_that_is_read_is_read(tmp_path: Path) -> None:
    text = json.dumps(document()).encode()
    path = with_bytes(tmp_path, text.ljust(ASSOCIATION_BYTES))
    assert read_association(path, TYPES).asn_name == NAME
    assert "bytes, more than" in refused(with_bytes(tmp_path, text.ljust(ASSOCIATION_BYTES + 1)))


def test_what_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe_asn.json"
    os.mkfifo(pipe)
    assert "is not a regular file" in refused(pipe)
    assert "is not a regular file" in refused("/dev/zero")
    assert "is a folder without" in refused(tmp_path)
    assert "No such file" in refused(tmp_path / "none_asn.json")
    loop = tmp_path / "loop_asn.json"
    loop.symlink_to(loop)
    assert "cannot be read" in refused(loop)


@pytest.mark.parametrize("name", ["a\x1b[31m_asn", "a\nb_asn", "\udcff_asn", "\u202egpj_asn"])
def test_a_name_that_cannot_be_recorded_is_refused(tmp_path: Path, name: str) -> None:
    assert "its name is not one" in refused(write(tmp_path, document(), name))


# ------------------------------------------------------------------ whatever it holds

ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.just(10**400),
    st.text(st.characters(), max_size=20), st.just("x" * 600), st.just([]), st.just({}),
    st.just([[]]), st.just("\ud800"), st.just("image3"), st.just(constraints("nrc_image")),
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Give an association file with some of its values or bytes replaced, moved or lost."""
    content: Any = copy.deepcopy(document(member(1), member(3, "background")))
    for _ in range(draw(st.integers(0, 3))):
        node, parent, key = content, None, None
        while isinstance(node, dict | list) and node and draw(st.integers(0, 3)):
            parent = node
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            key = draw(st.sampled_from(keys))
            node = node[key]
        if parent is None:
            continue
        if draw(st.booleans()):
            parent[key] = copy.deepcopy(draw(ODD))
        elif draw(st.booleans()):
            del parent[key]
        elif isinstance(parent, list):
            parent += parent
    text = bytearray(
        json.dumps(content, ensure_ascii=draw(st.booleans())).encode("utf-8", "replace")
    )
    for _ in range(draw(st.sampled_from([0, 0, 1, 3]))):
        at = draw(st.integers(0, len(text)))
        text[at : at + draw(st.integers(0, 9))] = draw(st.binary(max_size=4))
    return bytes(text[: draw(st.sampled_from([len(text), len(text), len(text) // 2]))])


@settings(max_examples=300)
@given(content=st.one_of(mutated(), mutated(), st.binary(max_size=200)))
def test_any_bytes_are_an_association_or_an_error_in_one_line(
    tmp_path: Path, content: bytes
) -> None:
    path = with_bytes(tmp_path, content)
    try:
        found = read_association(path, TYPES)
    except AssociationFileError as error:
        check_message(str(error), path)
    else:
        assert all(text.isprintable() for text in texts(found))
        found.degraded_status.encode()


def texts(found: ForeignAssociation) -> list[str]:
    """Give all that may be recorded of an association, but for its status."""
    fields = (
        found.asn_name, found.asn_type, found.raw_rule, found.asn_id, found.program, found.target,
        found.code_version, found.version_id, found.asn_pool, found.constraints.keys,
        *found.constraints.exp_types, *found.constraints.candidate_types.values(),
    )  # fmt: skip
    members = [
        value
        for product in found.products
        for one in product.members
        for value in (product.name, one.expname, one.exptype, one.exposerr)
    ]
    return [value for value in (*fields, *members) if value is not None]
