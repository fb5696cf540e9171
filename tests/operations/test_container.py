"""Containerfile: nothing here can build it, so that what it names is held against what there is."""

from __future__ import annotations

import json
import re
import tomllib
from fnmatch import fnmatch

from operations.conftest import ROOT

TEXT = (ROOT / "Containerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def instructions(name: str) -> list[str]:
    joined = TEXT.replace("\\\n", " ")
    return [
        " ".join(line.split()[1:]) for line in joined.splitlines() if line.startswith(f"{name} ")
    ]


def test_it_needs_nothing_but_the_wheel() -> None:
    (copied,) = instructions("COPY")
    source, target = copied.split()
    assert fnmatch(f"dist/{PROJECT['name']}-{PROJECT['version']}-py3-none-any.whl", source)
    (run,) = instructions("RUN")
    assert f"{target}asnrules-*.whl" in run
    assert instructions("ADD") == []


def test_what_it_installs_is_there() -> None:
    (run,) = instructions("RUN")
    extras = re.findall(r"\[(\w+)\]", run)
    assert extras == ["postgresql"]
    assert extras[0] in PROJECT["optional-dependencies"]
    (base,) = instructions("FROM")
    version = re.fullmatch(r"python:3\.(\d+)-slim", base)
    assert version is not None
    assert PROJECT["requires-python"] == ">=3.11"
    assert int(version[1]) >= 11


def test_it_runs_the_command_as_nobody_in_particular() -> None:
    (entry,) = instructions("ENTRYPOINT")
    assert json.loads(entry)[0] in PROJECT["scripts"]
    (user,) = instructions("USER")
    assert user == "asnrules"
    (volume,) = instructions("VOLUME")
    (database,) = (line for line in instructions("ENV") if line.startswith("ASNRULES_DATABASE="))
    assert database == f"ASNRULES_DATABASE={volume}/asnrules.db"
    assert instructions("WORKDIR") == [volume]
