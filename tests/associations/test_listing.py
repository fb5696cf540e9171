"""Which files the words of a command line stand for."""

from __future__ import annotations

from pathlib import Path

import pytest

from asnrules.associations.reader import association_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    for name in (
        "b_asn.json",
        "a_asn.json",
        "l2asn.json",
        "pool.csv",
        "other.json",
        "deep/c_asn.json",
    ):
        (tmp_path / name).touch()
    return tmp_path


def test_a_folder_stands_for_its_association_files(folder: Path) -> None:
    assert list(association_files([str(folder)])) == [
        str(folder / "a_asn.json"), str(folder / "b_asn.json"), str(folder / "l2asn.json"),
    ]  # fmt: skip


def test_a_folder_with_the_signs_of_a_pattern_is_a_folder(folder: Path) -> None:
    odd = folder / "[a]*"
    odd.mkdir()
    (odd / "x_asn.json").touch()
    assert list(association_files([str(odd)])) == [str(odd / "x_asn.json")]


def test_a_pattern_stands_for_what_fits(folder: Path) -> None:
    assert list(association_files([str(folder / "*" / "*.json")])) == [
        str(folder / "deep" / "c_asn.json")
    ]


def test_a_file_is_taken_under_any_name(folder: Path) -> None:
    assert list(association_files([str(folder / "pool.csv")])) == [str(folder / "pool.csv")]


def test_what_stands_for_nothing_is_not_lost(folder: Path) -> None:
    words = [str(folder / "*_pool"), str(folder / "none"), "", str(folder / "x[")]
    assert list(association_files(words)) == words


def test_an_empty_folder_is_not_lost(folder: Path) -> None:
    (folder / "deep" / "c_asn.json").unlink()
    assert list(association_files([str(folder / "deep")])) == [str(folder / "deep")]
