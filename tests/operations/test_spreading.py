"""One pool spread over jobs as docs/operations.md says, beside one run of all of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from asnrules.record.verify import verify
from cli.small_pools import nrc_image, write_pool
from operations.test_document import blocks

LIST, XARGS, SLURM = blocks("Spreading one pool over many jobs", "sh")
(IN_NONE,) = blocks("Spreading one pool over many jobs", "sql")

# A science with a background of another observation, two that are alone, one of no candidate.
EXPOSURES = [
    nrc_image(1, asn_candidate="[('o001', 'observation'), ('c1000', 'background')]"),
    nrc_image(2, bkgdtarg="t", asn_candidate="[('o002', 'observation'), ('c1000', 'background')]"),
    nrc_image(3, asn_candidate="[('o003', 'observation'), ('c1001', 'mosaic')]"),
    nrc_image(4, exp_type="nrc_dark", asn_candidate="[('o003', 'observation')]"),
    nrc_image(5, asn_candidate="[('o004', 'observation'), ('c1001', 'mosaic')]"),
    nrc_image(6, asn_candidate="null"),
]
JOBS = "--candidate=c1000 --candidate=o001 --candidate=o002\n--candidate=o003\n--candidate=o004\n"
ASSOCIATIONS = (
    "SELECT a.asn_name, a.asn_rule, m.product, m.expname, m.exptype FROM v_associations AS a "
    "JOIN v_association_members AS m ON m.run_id = a.run_id AND m.asn_name = a.asn_name "
    "WHERE a.run_id {runs} ORDER BY 1, 2, 3, 4, 5"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pool(tmp_path / "pool.csv", *EXPOSURES)
    (tmp_path / "job.sh").write_text(SLURM)
    return tmp_path


def run(folder: Path, database: str, script: str, **variables: str) -> None:
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": programs, "ASNRULES_DATABASE": database, **variables}
    done = subprocess.run(
        ["sh", "-euc", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*_asn.json")}


def test_jobs_make_together_what_one_run_makes(
    catalog: Engine, database_url: str, folder: Path
) -> None:
    run(folder, database_url, f"asnrules generate pool.csv --output whole\n{LIST}{XARGS}")
    # The largest first; those of one size as they are named. A mosaic makes nothing by itself.
    assert (folder / "jobs.txt").read_text() == JOBS
    with catalog.connect() as connection:
        whole = connection.execute(text(ASSOCIATIONS.format(runs="= 1"))).all()
        spread = connection.execute(text(ASSOCIATIONS.format(runs="IN (2, 3, 4)"))).all()
        in_none = connection.execute(text(IN_NONE)).all()
    assert spread == whole
    assert {row.asn_name for row in whole} == {
        "jw00001-c1000_image2_00001_asn", "jw00001-o002_image2_00001_asn",
        "jw00001-o003_image2_00001_asn", "jw00001-o004_image2_00001_asn",
    }  # fmt: skip
    assert files(folder / "associations") == files(folder / "whole")
    assert [name.split("_")[2] for name, _ in sorted(in_none)] == ["00004", "00006"]
    assert verify(catalog).findings == []


def test_a_job_of_an_array_takes_its_line(templates: Any, folder: Path) -> None:
    shutil.copyfile(templates.seeded("sqlite"), folder / "asnrules.db")
    (folder / "jobs.txt").write_text(JOBS)
    run(folder, str(folder / "asnrules.db"), "sh job.sh", SLURM_ARRAY_TASK_ID="2")
    assert list(files(folder / "associations" / "2")) == ["jw00001-o003_image2_00001_asn.json"]
