"""The benchmarks run: what they measure is not for a test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("section", ["oracle", "growth", "floor", "worst"])
def test_a_quick_run(section: str, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks", section, "--quick", "--sqlite-only"]
    done = subprocess.run(
        [*command, "--output", str(figures)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert section in done.stdout
    found = json.loads(figures.read_text())[section]
    assert found.get("runs") or found == {"skipped": "no jwst"}
    assert not any("error" in run for run in found.get("runs", []))
