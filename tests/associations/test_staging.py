"""How files come into a stage: looked for once, encoded in parts, written by several processes."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asnrules.associations import journal, staging
from asnrules.associations.journal import NewJournal
from asnrules.associations.model import Association, Member, Product
from asnrules.associations.staging import Staging
from asnrules.associations.writer import written_files
from asnrules.errors import OutputError, PoolError
from asnrules.util.limits import POOL_LINES
from asnrules.util.parallel import can_share
from associations.test_writer import FIRST, SECOND, association, content, refusal, write

texts = st.text(st.characters(), max_size=20)
members = st.builds(Member, texts, texts, st.none() | texts, st.none() | st.integers(0, 9))
products = st.builds(Product, texts, st.lists(members, max_size=3).map(tuple))


def as_json_writes_it(one: Association, code_version: str) -> bytes:
    document = {
        "asn_type": one.asn_type,
        "asn_rule": f"candidate_{one.asn_rule}",
        "version_id": one.version_id,
        "code_version": code_version,
        "degraded_status": one.degraded_status,
        "program": one.program,
        "constraints": (
            f"{one.asn_rule} of {one.ruleset} for candidate {one.asn_id} (observation)\n"
            f"each exposure: {one.asked}\nkeys: {one.keys}"
        ),
        "asn_id": one.asn_id,
        "asn_pool": one.asn_pool,
        "target": one.target,
        "products": [
            {
                "name": product.name,
                "members": [
                    {"expname": member.expname, "exptype": member.exptype}
                    | ({} if member.exposure is None else {"exposerr": member.exposerr})
                    for member in product.members
                ],
            }
            for product in one.products
        ],
    }
    return json.dumps(document, indent=4).encode() + b"\n"


@given(
    words=st.lists(texts, min_size=7, max_size=7),
    version_id=st.none() | texts,
    made=st.lists(products, max_size=3),
)
def test_a_text_is_what_json_writes(
    words: list[str], version_id: str | None, made: list[Product]
) -> None:
    rule, program, target, keys, pool, asked, code_version = words
    one = association()._replace(
        asn_rule=rule, program=program, target=target, keys=keys, asn_pool=pool, asked=asked,
        version_id=version_id, products=tuple(made),
    )  # fmt: skip
    assert one.text(code_version) == as_json_writes_it(one, code_version)


def test_each_file_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other_asn.json").write_text("mine")
    opened = []
    system_open = os.open

    def counted(path: Any, *arguments: Any, **options: Any) -> int:
        opened.append(str(path))
        return system_open(path, *arguments, **options)

    monkeypatch.setattr(os, "open", counted)
    write(tmp_path, association(FIRST), association(SECOND))
    assert [name for name in opened if name.endswith("_asn.json")] == [
        f"{FIRST}.json", f"{SECOND}.json",
    ]  # fmt: skip


def test_a_file_that_comes_meanwhile_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"{SECOND}.json"
    fill = Staging.fill

    def late(self: Staging, made: Sequence[Association], into: NewJournal) -> None:
        fill(self, made, into)
        path.write_text("mine")

    monkeypatch.setattr(Staging, "fill", late)
    message = refusal(OutputError, lambda: write(tmp_path, association(FIRST), association(SECOND)))
    assert message.startswith(f"{path}: ")
    assert "try again" in message
    assert content(tmp_path) == {path.name: "mine"}


@pytest.mark.skipif(os.name == "nt", reason="these names are one there")
def test_a_file_whose_name_differs_in_capitals_is_another(tmp_path: Path) -> None:
    (tmp_path / f"{FIRST}.JSON").write_text("mine")
    write(tmp_path, association())
    assert set(content(tmp_path)) == {f"{FIRST}.JSON", f"{FIRST}.json"}
    assert (tmp_path / f"{FIRST}.JSON").read_text() == "mine"


def test_what_somebody_puts_into_the_stage_is_kept(tmp_path: Path) -> None:
    def writing() -> None:
        with written_files(tmp_path, [association()], "asnrules 1"):
            (stage,) = tmp_path.glob(".asnrules-stage-*")
            (stage / "aside" / "mine.json").write_text("mine")

    assert "by hand" in refusal(OutputError, writing)
    assert "mine" in content(tmp_path).values()


def test_a_journal_may_have_as_many_files_as_a_pool_has_lines() -> None:
    line = len(json.dumps([f"{FIRST}.json", 10**9, 10**5, 10**18, "0" * 64, False])) + 1
    assert line * POOL_LINES < journal._LARGEST


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> list[Association]:
    """Give associations that two processes write, a few at a time."""
    if not can_share():
        pytest.skip("no process can be forked safely here")
    monkeypatch.setattr(staging, "_WORTH_SHARING", 2)
    monkeypatch.setattr(staging, "_BATCH", 3)
    return [association(f"jw00001-o{number:03}_image2_00001_asn") for number in range(60)]


def test_files_are_the_same_from_several_processes(tmp_path: Path, many: list[Association]) -> None:
    with written_files(tmp_path / "one", many, "asnrules 1"):
        pass
    with written_files(tmp_path / "two", many, "asnrules 1", workers=2) as written:
        assert written.files == [str(tmp_path / "two" / f"{one.asn_name}.json") for one in many]
    assert len(content(tmp_path / "one")) == 60
    assert content(tmp_path / "two") == content(tmp_path / "one")


def test_files_of_several_processes_are_taken_back(tmp_path: Path, many: list[Association]) -> None:
    write(tmp_path, many[7])
    before = content(tmp_path)

    def writing() -> None:
        with written_files(tmp_path, many, "asnrules 1", overwrite=True, workers=2):
            assert len(list(tmp_path.glob("*.json"))) == 60
            raise PoolError("it fails")

    assert refusal(PoolError, writing) == "it fails"
    assert content(tmp_path) == before


def test_a_file_that_cannot_be_made_is_named_with_its_folder(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    many = [association(f"jw00001-o{number:03}_image2_00001_asn") for number in range(60)]
    with (tmp_path / "out.txt").open("w") as next_free:
        few = next_free.fileno() + 10
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, most))
    try:
        said = refusal(OutputError, lambda: write(tmp_path / "out", *many))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (least, most))
    assert re.match(f"{re.escape(str(tmp_path))}/out/jw[^/]*[.]json: ", said)
    assert os.strerror(errno.EMFILE) in said
    assert list((tmp_path / "out").iterdir()) == []


def test_a_disk_that_is_full_for_another_process_leaves_nothing(
    tmp_path: Path, many: list[Association], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = os.getpid()
    write_all = staging.write_all
    has_failed = get_context("fork").Event()

    def fail(descriptor: int, text: bytes) -> None:
        if os.getpid() != first:
            has_failed.set()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        assert has_failed.wait(60)
        write_all(descriptor, text)

    monkeypatch.setattr(staging, "write_all", fail)

    def writing() -> None:
        with written_files(tmp_path, many, "asnrules 1", workers=2):
            raise AssertionError("it went on")

    assert os.strerror(errno.ENOSPC) in refusal(OutputError, writing)
    assert list(tmp_path.iterdir()) == []
