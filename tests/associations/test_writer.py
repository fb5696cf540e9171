"""Files of associations: all of them or none, and none outside the output folder."""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from asnrules.associations.journal import IsRecorded, RunMark
from asnrules.associations.model import NO_DEGRADED, Association, Member, Product
from asnrules.associations.writer import check_names, written_files
from asnrules.errors import DatabaseError, OutputError, PoolError
from asnrules.util import folder_locks

FIRST = "jw00001-o001_image2_00001_asn"
SECOND = "jw00001-o001_image2_00002_asn"
STALE = ".asnrules-stage-stale"


def association(name: str = FIRST, *, target: str = "7") -> Association:
    members = (
        Member("a_rate.fits", "science", "null", 0),
        Member("b_cat.ecsv", "sourcecat", None, None),
    )
    return Association(
        asn_name=name,
        asn_type="image2",
        asn_rule="Asn_Lv2Image",
        asn_id="o001",
        candidate_type="observation",
        program="00001",
        target=target,
        asn_pool="pool.csv",
        version_id=None,
        degraded_status=NO_DEGRADED,
        keys="program = 1 (PROGRAM)",
        ruleset="jwst-3.0.0",
        asked="an image",
        products=(Product("a", members),),
    )


def write(folder: Path, *associations: Association, overwrite: bool = False) -> list[Path]:
    with written_files(folder, associations, "asnrules 1", overwrite=overwrite) as written:
        return [*map(Path, written.files)]


def settle(folder: Path, is_recorded: IsRecorded) -> int:
    """Settle a folder as a run that makes no associations does; give how many it took back."""
    with written_files(folder, [], "asnrules 1", is_recorded=is_recorded) as written:
        assert written.left_alone == []
        return written.taken_back


def content(folder: Path) -> dict[str, str]:
    """Give all files below a folder, hidden ones included, with their text."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found}


def refusal(error: type[Exception], writing: Callable[[], Any]) -> str:
    with pytest.raises(error) as caught:
        writing()
    return str(caught.value)


# What is written


def test_a_file_holds_the_fields_of_its_association_in_order(tmp_path: Path) -> None:
    (path,) = write(tmp_path, association())
    assert path == tmp_path / f"{FIRST}.json"
    document = json.loads(path.read_text())
    assert list(document.items()) == [
        ("asn_type", "image2"),
        ("asn_rule", "candidate_Asn_Lv2Image"),
        ("version_id", None),
        ("code_version", "asnrules 1"),
        ("degraded_status", "No known degraded exposures in association."),
        ("program", "00001"),
        (
            "constraints",
            "Asn_Lv2Image of jwst-3.0.0 for candidate o001 (observation)\n"
            "each exposure: an image\nkeys: program = 1 (PROGRAM)",
        ),
        ("asn_id", "o001"),
        ("asn_pool", "pool.csv"),
        ("target", "7"),
        (
            "products",
            [
                {
                    "name": "a",
                    "members": [
                        {"expname": "a_rate.fits", "exptype": "science", "exposerr": "null"},
                        {"expname": "b_cat.ecsv", "exptype": "sourcecat"},
                    ],
                }
            ],
        ),
    ]


def test_a_file_is_indented_text_with_a_line_end(tmp_path: Path) -> None:
    (path,) = write(tmp_path, association())
    text = path.read_text()
    assert text.startswith('{\n    "asn_type": "image2",\n')
    assert text.endswith("\n}\n")


def test_files_stand_in_the_order_of_the_associations(tmp_path: Path) -> None:
    paths = write(tmp_path, association(SECOND), association(FIRST))
    assert [path.name for path in paths] == [f"{SECOND}.json", f"{FIRST}.json"]
    assert list(content(tmp_path)) == [f"{FIRST}.json", f"{SECOND}.json"]


def test_the_folder_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    write(folder, association())
    assert list(content(folder)) == [f"{FIRST}.json"]


def test_no_associations_are_no_files(tmp_path: Path) -> None:
    assert write(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_all_files_are_there_inside_the_block(tmp_path: Path) -> None:
    associations = [association(FIRST), association(SECOND)]
    with written_files(tmp_path, associations, "asnrules 1") as written:
        texts = [Path(path).read_text() for path in written.files]
    assert [json.loads(text)["asn_id"] for text in texts] == ["o001", "o001"]


def test_only_the_files_are_left_after_the_block(tmp_path: Path) -> None:
    write(tmp_path, association())
    assert [path.name for path in tmp_path.iterdir()] == [f"{FIRST}.json"]


# When the block fails


def fail_inside(folder: Path, *associations: Association, overwrite: bool = False) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        written_files(folder, associations, "asnrules 1", overwrite=overwrite),
    ):
        raise KeyboardInterrupt


def test_new_files_are_gone_if_the_block_fails(tmp_path: Path) -> None:
    fail_inside(tmp_path, association(FIRST), association(SECOND))
    assert list(tmp_path.iterdir()) == []


def test_replaced_files_are_as_they_were_if_the_block_fails(tmp_path: Path) -> None:
    (tmp_path / f"{FIRST}.json").write_text("before")
    (tmp_path / "other.txt").write_text("mine")
    fail_inside(tmp_path, association(FIRST), association(SECOND), overwrite=True)
    assert content(tmp_path) == {f"{FIRST}.json": "before", "other.txt": "mine"}


def test_equal_files_are_still_there_if_the_block_fails(tmp_path: Path) -> None:
    write(tmp_path, association())
    before = content(tmp_path)
    fail_inside(tmp_path, association())
    assert content(tmp_path) == before
    assert list(before) == [f"{FIRST}.json"]


def test_the_error_of_the_block_comes_out_as_it_is(tmp_path: Path) -> None:
    def writing() -> None:
        with written_files(tmp_path, [association()], "asnrules 1"):
            raise PoolError("what went wrong")

    assert refusal(PoolError, writing) == "what went wrong"


# Files that are there already


def test_an_equal_file_is_fine(tmp_path: Path) -> None:
    write(tmp_path, association())
    before = content(tmp_path)
    write(tmp_path, association())
    assert content(tmp_path) == before


def test_a_different_file_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / f"{SECOND}.json").write_text("mine")
    message = refusal(OutputError, lambda: write(tmp_path, association(FIRST), association(SECOND)))
    assert message.startswith(str(tmp_path / f"{SECOND}.json"))
    assert "--overwrite" in message
    assert content(tmp_path) == {f"{SECOND}.json": "mine"}


def test_a_different_file_is_replaced_if_asked_for(tmp_path: Path) -> None:
    write(tmp_path, association(target="7"))
    (path,) = write(tmp_path, association(target="8"), overwrite=True)
    assert json.loads(path.read_text())["target"] == "8"
    assert [path.name for path in tmp_path.iterdir()] == [f"{FIRST}.json"]


def test_other_files_of_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "other_asn.json").write_text("mine")
    write(tmp_path, association(), overwrite=True)
    assert (tmp_path / "other_asn.json").read_text() == "mine"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_in_the_place_of_a_file_is_never_replaced(tmp_path: Path, overwrite: bool) -> None:
    inner = tmp_path / f"{SECOND}.json"
    inner.mkdir()
    (inner / "mine.txt").write_text("mine")
    associations = [association(FIRST), association(SECOND)]
    refusal(OutputError, lambda: write(tmp_path, *associations, overwrite=overwrite))
    assert content(tmp_path) == {f"{SECOND}.json/mine.txt": "mine"}


# Links


@pytest.fixture
def linked(tmp_path: Path) -> tuple[Path, Path]:
    """Give a folder with a link in the place of the first file, and what it leads to."""
    outside = tmp_path / "outside.json"
    outside.write_text("mine")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / f"{FIRST}.json").symlink_to(outside)
    return folder, outside


def test_a_link_is_not_followed(linked: tuple[Path, Path]) -> None:
    folder, outside = linked
    message = refusal(OutputError, lambda: write(folder, association()))
    assert str(folder / f"{FIRST}.json") in message
    assert outside.read_text() == "mine"


def test_a_link_to_an_equal_file_is_no_equal_file(tmp_path: Path) -> None:
    (outside,) = write(tmp_path / "outside", association())
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / f"{FIRST}.json").symlink_to(outside)
    refusal(OutputError, lambda: write(folder, association()))
    assert (folder / f"{FIRST}.json").is_symlink()


def test_a_link_is_replaced_and_not_what_it_leads_to(linked: tuple[Path, Path]) -> None:
    folder, outside = linked
    (path,) = write(folder, association(), overwrite=True)
    assert not path.is_symlink()
    assert json.loads(path.read_text())["asn_id"] == "o001"
    assert outside.read_text() == "mine"


@pytest.mark.parametrize("is_broken", [False, True])
def test_a_link_is_as_it_was_if_the_block_fails(linked: tuple[Path, Path], is_broken: bool) -> None:
    folder, outside = linked
    if is_broken:
        outside.unlink()
    fail_inside(folder, association(), overwrite=True)
    assert [path.name for path in folder.iterdir()] == [f"{FIRST}.json"]
    assert (folder / f"{FIRST}.json").readlink() == outside
    assert outside.exists() is not is_broken


def test_a_link_to_nowhere_is_not_followed(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere.json"
    (tmp_path / f"{FIRST}.json").symlink_to(nowhere)
    refusal(OutputError, lambda: write(tmp_path, association()))
    assert not nowhere.exists()


# Names


@pytest.mark.parametrize(
    "name",
    [
        "a/b",
        "/a",
        "../a",
        "a\\b",
        "..\\a",
        "a\nb",
        "a\x00b",
        "a\x1bb",
        "a\x7fb",
        "a:b",
        "a*b",
        "\u202ea",
        "a" * 251,
        "é" * 126,
    ],
)
def test_a_name_that_is_no_plain_file_name_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "out"
    message = refusal(PoolError, lambda: write(folder, association(), association(name)))
    assert "PROGRAM" in message
    assert "ASN_CANDIDATE" in message
    assert message.isprintable()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a" * 250, "é" * 125, "a b", "jw00001-o001_..asn"])
def test_a_plain_file_name_is_taken(tmp_path: Path, name: str) -> None:
    (path,) = write(tmp_path, association(name))
    assert path.parent == tmp_path
    assert list(content(tmp_path)) == [f"{name}.json"]


def test_a_name_that_two_associations_share_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    message = refusal(PoolError, lambda: write(folder, association(), association(target="8")))
    assert FIRST in message
    assert "twice" in message
    assert list(tmp_path.iterdir()) == []


def test_names_can_be_checked_before_anything_is_written() -> None:
    assert "twice" in refusal(PoolError, lambda: check_names([association(), association()]))


# Places that cannot be written


def test_a_file_is_no_output_folder(tmp_path: Path) -> None:
    place = tmp_path / "out"
    place.write_text("mine")
    message = refusal(OutputError, lambda: write(place, association()))
    assert message.startswith(str(place))
    assert "--output" in message
    assert content(tmp_path) == {"out": "mine"}


def test_a_folder_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    refusal(OutputError, lambda: write(tmp_path / "out" / "below", association()))
    assert content(tmp_path) == {"out": "mine"}


# What a run that was cut off left behind


def stage(folder: Path) -> Path:
    path = folder / STALE
    (path / "aside").mkdir(parents=True)
    (path / f"{FIRST}.json").write_text("left behind")
    return path


def never(_mark: RunMark) -> bool:
    return False


def always(_mark: RunMark) -> bool:
    return True


def test_what_a_run_left_behind_is_cleared(tmp_path: Path) -> None:
    stage(tmp_path)
    assert settle(tmp_path, never) == 0
    assert list(tmp_path.iterdir()) == []


def test_other_hidden_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".asnrules").mkdir()
    (tmp_path / ".mine").mkdir()
    settle(tmp_path, never)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".asnrules", ".mine"]


def test_a_second_run_waits_and_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_locks, "WAIT_SECONDS", 0.2)
    waited: list[tuple[int, float]] = []

    def second() -> None:
        with written_files(
            tmp_path, [association(SECOND)], "asnrules 1", waiting=lambda *told: waited.append(told)
        ):
            pass

    with written_files(tmp_path, [association(FIRST)], "asnrules 1"):
        message = refusal(OutputError, second)
    assert message.startswith(f"{tmp_path}: another process has been writing into it")
    assert "try again" in message
    assert waited
    assert set(waited) == {(0, 0.2)}
    second()
    assert list(content(tmp_path)) == [f"{FIRST}.json", f"{SECOND}.json"]


def test_a_second_run_goes_on_when_the_first_has_ended(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as threads:
        with written_files(tmp_path, [association(FIRST)], "asnrules 1"):
            second = threads.submit(write, tmp_path, association(FIRST), association(SECOND))
            with pytest.raises(TimeoutError):
                second.result(timeout=0.2)
            assert not (tmp_path / f"{SECOND}.json").exists()
        assert len(second.result(timeout=60)) == 2
    assert list(content(tmp_path)) == [f"{FIRST}.json", f"{SECOND}.json"]


def test_a_folder_that_takes_another_s_place_meanwhile_is_the_one(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with ThreadPoolExecutor() as threads:
        with written_files(folder, [association(FIRST)], "asnrules 1"):
            second = threads.submit(write, folder, association(SECOND))
            with pytest.raises(TimeoutError):
                second.result(timeout=0.2)
            folder.rename(tmp_path / "moved")
        second.result(timeout=60)
    assert list(content(tmp_path)) == [f"moved/{FIRST}.json", f"out/{SECOND}.json"]


@pytest.mark.skipif(os.name == "nt", reason="there are no locks to be refused")
@pytest.mark.parametrize("number", [errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP])
def test_where_folders_cannot_be_locked_nothing_is_settled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    kill_inside(tmp_path, association(FIRST))

    def refuse(_descriptor: int, _how: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(folder_locks.fcntl, "flock", refuse)
    with written_files(tmp_path, [association(FIRST), association(SECOND)], "asnrules 1") as found:
        assert found.taken_back == 0
        (line,) = found.left_alone
        assert ".asnrules-stage-" in line
        assert "without file locks" in line
        with pytest.raises(OutputError), written_files(tmp_path, [association("x")], "y"):
            raise OutputError("the second fails")
    monkeypatch.undo()
    # The files of the run that was killed are others' now, though they have the same content.
    assert settle(tmp_path, never) == 0
    assert list(content(tmp_path)) == [f"{FIRST}.json", f"{SECOND}.json"]


KILLED = """
import datetime as dt, os, pickle, signal, sys
from pathlib import Path
from asnrules.associations.writer import written_files
from asnrules.associations.journal import RunMark
associations, has_mark = pickle.load(sys.stdin.buffer)
mark = RunMark("db", dt.datetime(2026, 1, 2, tzinfo=dt.UTC), "here") if has_mark else None
with written_files(Path(sys.argv[1]), associations, "asnrules 1", overwrite=True, mark=mark):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def kill_inside(folder: Path, *associations: Association, has_mark: bool = True) -> None:
    """Have a process that is killed when its files are in place, before the block ends."""
    command = [sys.executable, "-c", KILLED, str(folder)]
    given = pickle.dumps((associations, has_mark))
    killed = subprocess.run(command, input=given, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr


@pytest.mark.parametrize("has_mark", [False, True])
def test_files_without_a_run_are_taken_back(tmp_path: Path, has_mark: bool) -> None:
    (tmp_path / f"{FIRST}.json").write_text("before")
    kill_inside(tmp_path, association(FIRST), association(SECOND), has_mark=has_mark)
    assert (tmp_path / f"{SECOND}.json").exists()
    assert settle(tmp_path, never) == 2
    assert content(tmp_path) == {f"{FIRST}.json": "before"}
    assert settle(tmp_path, never) == 0


def test_files_of_a_run_that_was_recorded_stay(tmp_path: Path) -> None:
    (tmp_path / f"{FIRST}.json").write_text("before")
    kill_inside(tmp_path, association(FIRST), association(SECOND))
    assert settle(tmp_path, always) == 0
    assert list(content(tmp_path)) == [f"{FIRST}.json", f"{SECOND}.json"]
    assert json.loads((tmp_path / f"{FIRST}.json").read_text())["asn_id"] == "o001"


def test_it_is_asked_for_the_run_of_the_files(tmp_path: Path) -> None:
    kill_inside(tmp_path, association())
    asked: list[RunMark] = []

    def ask(mark: RunMark) -> bool:
        asked.append(mark)
        return True

    settle(tmp_path, ask)
    assert asked == [RunMark("db", dt.datetime(2026, 1, 2, tzinfo=dt.UTC), "here")]


def test_what_somebody_has_written_since_stays(tmp_path: Path) -> None:
    (tmp_path / f"{FIRST}.json").write_text("before")
    kill_inside(tmp_path, association(FIRST), association(SECOND))
    for name in (FIRST, SECOND):
        (tmp_path / f"{name}.json").write_text("mine")
    assert settle(tmp_path, never) == 0
    assert content(tmp_path) == {f"{FIRST}.json": "mine", f"{SECOND}.json": "mine"}


def test_nothing_is_lost_where_it_cannot_be_known(tmp_path: Path) -> None:
    def ask(_mark: RunMark) -> bool:
        raise DatabaseError("it is down")

    (tmp_path / f"{FIRST}.json").write_text("before")
    kill_inside(tmp_path, association(FIRST))
    for _ in range(2):
        assert refusal(DatabaseError, lambda: settle(tmp_path, ask)) == "it is down"
    assert settle(tmp_path, never) == 1
    assert content(tmp_path) == {f"{FIRST}.json": "before"}


def test_files_stay_if_the_block_fails_after_the_run_was_recorded(tmp_path: Path) -> None:
    mark = RunMark("db", dt.datetime(2026, 1, 2, tzinfo=dt.UTC), "here")
    with (
        pytest.raises(KeyboardInterrupt),
        written_files(
            tmp_path, [association()], "asnrules 1", mark=mark, is_recorded=lambda one: one == mark
        ),
    ):
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == [f"{FIRST}.json"]
