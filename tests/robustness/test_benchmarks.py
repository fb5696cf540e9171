"""The benchmarks run: what they measure is not for a test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECTIONS = ("startup", "command", "growth", "floor", "worst", "irregular")
"""All but that of a cluster, whose processes take as long to start as all others together."""


def test_a_quick_run(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks",
            *SECTIONS,
            "ledger",
            "oracle",
            "--quick",
            "--before",
            str(ROOT),
            "--only",
            "sqlite",
            "--output",
            str(figures),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(figures.read_text())
    assert found["oracle"].get("runs") or found["oracle"] == {"skipped": "no jwst"}
    for section in SECTIONS:
        assert f"\n{section}: " in done.stdout
        assert found[section]["runs"]
        assert not any("error" in run for run in found[section]["runs"])
