"""Files are on disk, and their folder, before the run that names them is committed.

What a run does is watched in this process: what it syncs, what it moves, and when it commits.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from asnrules.util.atomic_files import whole_file
from asnrules.workflows.generate import Options, generate
from cli.small_pools import nrc_image, write_pool

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux says which file a descriptor is of"
)

COMMIT = ("commit", "")


class Watched:
    """What was done, in order: what, and with which name."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, engine: Engine | None = None) -> None:
        self.done: list[tuple[str, str]] = []
        fsync, replace = os.fsync, os.replace

        def synced(descriptor: int) -> None:
            fsync(descriptor)
            self.done.append(("sync", Path(f"/proc/self/fd/{descriptor}").readlink().name))

        def moved(of: str, to: str, **options: Any) -> None:
            replace(of, to, **options)
            into = Path(f"/proc/self/fd/{options['dst_dir_fd']}").readlink().name
            self.done.append((f"move into {kind(into)}", to))

        def refused(*_arguments: Any, **_options: Any) -> None:
            raise AssertionError("moved unseen")

        monkeypatch.setattr(os, "fsync", synced)
        monkeypatch.setattr(os, "replace", moved)
        monkeypatch.setattr(os, "rename", refused)
        if engine is not None:
            event.listen(engine, "commit", lambda _: self.done.append(COMMIT))

    def at(self, what: str, name: str) -> int:
        """Give when something was done first."""
        return self.done.index((what, name))

    def last(self, what: str, name: str) -> int:
        return len(self.done) - 1 - self.done[::-1].index((what, name))


def kind(name: str) -> str:
    return "stage" if name.startswith(".asnrules-stage-") else name


@pytest.mark.parametrize("count", [1, 40])
@pytest.mark.parametrize("replaces", [False, True])
def test_what_a_run_names_is_on_disk(
    catalog: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, replaces: bool
) -> None:
    pool = write_pool(tmp_path / "pool.csv", *[nrc_image(number) for number in range(count)])
    output = tmp_path / "new" / "out"
    if replaces:
        generate(catalog, [pool], Options(output=output))
    watched = Watched(monkeypatch, catalog)
    report = generate(catalog, [pool], Options(output=output))
    done = watched.done
    commit = watched.last(*COMMIT)
    names = [Path(path).name for path in report.files]
    assert len(names) == count
    first_move = min(watched.at("move into out", name) for name in names)
    for name in names:
        moved = watched.at("move into out", name)
        assert watched.at("sync", name) < moved < commit
        if replaces:
            aside = watched.at("move into aside", name)
            assert watched.at("move into stage", ".journal") < aside < moved
    # The journal is on disk, and the folder that it is in, before anything is moved ...
    journal = watched.at("move into stage", ".journal")
    assert watched.at("sync", ".journal-new") < journal
    first = min(
        [first_move, *(at for at, (what, _) in enumerate(done) if what == "move into aside")]
    )
    between = done[journal:first]
    assert ("sync", "out") in between
    assert any(kind(name) == "stage" for what, name in between if what == "sync")
    # ... what is replaced lies safely aside before anything takes its place ...
    if replaces:
        last_aside = max(watched.at("move into aside", name) for name in names)
        assert {("sync", "aside"), ("sync", "out")} <= set(done[last_aside:first_move])
    # ... and where all has been moved to is on disk before the commit.
    last_move = max(watched.at("move into out", name) for name in names)
    assert ("sync", "out") in done[last_move:commit]
    # That the files stay is decided after it, and on disk as well.
    decided = watched.at("move into stage", ".decided")
    assert commit < decided
    assert any(kind(name) == "stage" for what, name in done[decided:] if what == "sync")


def test_a_new_folder_is_on_disk(
    catalog: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image())
    watched = Watched(monkeypatch, catalog)
    generate(catalog, [pool], Options(output=tmp_path / "a" / "b"))
    moved = watched.at("move into b", "jw00001-o001_image2_00001_asn.json")
    assert watched.at("sync", tmp_path.name) < moved
    assert watched.at("sync", "a") < moved


def test_a_file_alone_is_on_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(monkeypatch)
    with whole_file(tmp_path / "page.html") as stream:
        stream.write(b"ours")
    (synced, part), moved, folder = watched.done
    assert (synced, part.endswith(".part")) == ("sync", True)
    assert moved == (f"move into {tmp_path.name}", "page.html")
    assert folder == ("sync", tmp_path.name)


def test_orphans_are_on_disk_before_the_commit(
    catalog: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image(exp_type="nrc_dark"))
    watched = Watched(monkeypatch, catalog)
    generate(catalog, [pool], Options(save_orphans=tmp_path / "orphans.csv"))
    part, _ = [at for at, (_, name) in enumerate(watched.done) if name.endswith(".part")]
    assert part < watched.last(*COMMIT)
