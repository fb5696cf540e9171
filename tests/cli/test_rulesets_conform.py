"""`asnrules rulesets conform`, with a stand-in for the environment of a release.

The stand-in is an interpreter with a package jwst of its own. Its asn_generate writes those of the
associations kept beside it whose members are all in the pool.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asnrules.errors import UsageError
from asnrules.workflows import asn_generate
from asnrules.workflows.asn_generate import AsnGenerate
from cli.conftest import Command
from cli.small_pools import nrc_image, pool_text, without

pytestmark = pytest.mark.usefixtures("read_once")

NAMES = tuple(f"jw00001001001_02101_{number:05}_nrca1" for number in (1, 2, 3))
SHARED = "[('o001', 'observation'), ('c1000', 'mosaic')]"

PACKAGE = {
    "__init__.py": '__version__ = "9.1"',
    "associations/__init__.py": "",
    "associations/lib/__init__.py": "",
    "associations/lib/rules_level2b.py": "",
    "associations/main.py": """
import json, pathlib, shutil
KEPT = pathlib.Path(__file__).parents[2] / "kept"
class Main:
    @classmethod
    def cli(cls, arguments):
        assert arguments[:2] == ["--ignore-default", "-r"]
        assert arguments[2].endswith("rules_level2b.py")
        assert arguments[3] == "-p"
        pool = pathlib.Path(arguments[5]).read_text()
        print("a release says much")
        if "stopping" in pool:
            raise KeyError("optical path")
        for path in sorted(KEPT.glob("*.json")):
            members = json.loads(path.read_text())["products"][0]["members"]
            if all(one["expname"].rpartition("_")[0] in pool for one in members):
                shutil.copy(path, arguments[4])
""",
}


def association(*numbers: int, **changes: Any) -> dict[str, Any]:
    """Give what the rules make of the first of some images; the others are its backgrounds."""
    members = [
        {
            "expname": f"{NAMES[number - 1]}_rate.fits",
            "exptype": "background" if place else "science",
            "exposerr": "null",
        }
        for place, number in enumerate(numbers)
    ]
    return {
        "asn_type": "image2",
        "asn_rule": "candidate_Asn_Lv2Image",
        "degraded_status": "No known degraded exposures in association.",
        "program": "00001",
        "asn_id": "o001",
        "target": "1",
        "products": [{"name": NAMES[numbers[0] - 1], "members": members}],
        **changes,
    }


Release = Callable[..., str]


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """Give a function that makes an interpreter whose asn_generate makes these associations."""

    def make(*made: dict[str, Any], package: dict[str, str] = PACKAGE) -> str:
        for name, text in package.items():
            path = tmp_path / "environment" / "jwst" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        kept = tmp_path / "environment" / "kept"
        kept.mkdir()
        for one in made:
            # The last one is number 1.
            number = 3 - NAMES.index(one["products"][0]["name"])
            path = kept / f"jw00001-o001_image2_{number:05}_asn.json"
            path.write_text(json.dumps(one))
        code = f"import runpy, sys; sys.path.insert(0, {str(tmp_path / 'environment')!r}); "
        code += "sys.argv[:2] = []; runpy.run_path(sys.argv[0], run_name='__main__')"
        return executable(tmp_path / "python", f'exec {sys.executable} -c "{code}" "$@"')

    return make


def executable(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def pool(tmp_path: Path) -> str:
    path = tmp_path / "three_pool.csv"
    rows = [nrc_image(number, asn_candidate=SHARED) for number in (3, 1, 2)]
    path.write_text(pool_text(*rows))
    return str(path)


@pytest.fixture
def conform(asnrules_on_file: Command) -> Command:
    """Give the command without probes."""

    def run(*arguments: str) -> Any:
        return asnrules_on_file("rulesets", "conform", "jwst-3.0.0", "--no-probes", *arguments)

    return run


def test_says_that_they_agree(release: Release, pool: str, conform: Command) -> None:
    python = release(*(association(number) for number in (1, 2, 3)))
    done = conform(pool, "--python", python)
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("jwst-3.0.0 and jwst 9.1: they agree; ")


def test_shows_the_smallest_pool_for_what_only_the_release_makes(
    release: Release, pool: str, conform: Command
) -> None:
    other = association(1, asn_type="spec2", asn_rule="candidate_Asn_Lv2New")
    python = release(other, association(2), association(3))
    done = conform(pool, "--python", python, "--format", "json")
    assert done.code == 1
    (found,) = json.loads(done.out)["differences"]
    assert (found["asn_rule"], found["exp_type"]) == ("Asn_Lv2Image", "NRC_IMAGE")
    (row,) = found["pool"]
    assert row["filename"] == f"{NAMES[0]}_uncal.fits"
    assert row["asn_candidate"] == "[('o001', 'observation')]"


def test_tells_of_members(release: Release, pool: str, conform: Command) -> None:
    python = release(association(1, 2), association(2), association(3))
    done = conform(pool, "--python", python)
    assert done.code == 1
    assert "Asn_Lv2Image, NRC_IMAGE, members (1 time)" in done.out
    told = " ".join(done.out.split())
    assert f"the file has {NAMES[1]}_rate.fits (background), but the rules do not" in told
    # Two exposures show it; the third does not matter.
    assert done.out.count("FILENAME=") == 2


def test_tells_of_what_only_the_ruleset_makes(
    release: Release, pool: str, conform: Command
) -> None:
    done = conform(pool, "--python", release(association(1)), "--format", "jsonl")
    assert done.code == 1
    (found,) = map(json.loads, done.out.splitlines())
    assert (found["what"], found["count"], len(found["pool"])) == ("only the ruleset", 2, 1)


def test_numbers_are_compared_where_all_else_is_equal(
    release: Release, pool: str, conform: Command, tmp_path: Path
) -> None:
    python = release(*(association(number) for number in (1, 2, 3)))
    kept = tmp_path / "environment" / "kept"
    first, last = (kept / f"jw00001-o001_image2_{number:05}_asn.json" for number in (1, 3))
    texts = first.read_text(), last.read_text()
    for path, text in zip((last, first), texts, strict=True):
        path.write_text(text)
    done = conform(pool, "--python", python, "--format", "jsonl")
    assert done.code == 1
    (found,) = map(json.loads, done.out.splitlines())
    assert (found["asn_rule"], found["what"], found["count"]) == ("Asn_Lv2Image", "name", 2)
    assert len(found["pool"]) == 1


def test_a_pool_that_only_the_ruleset_refuses_is_a_difference(
    release: Release, conform: Command, tmp_path: Path
) -> None:
    path = tmp_path / "narrow_pool.csv"
    path.write_text(pool_text(without(nrc_image(1), "pntgtype")))
    done = conform(str(path), "--python", release(association(1)), "--format", "csv")
    assert done.code == 1
    assert "no column PNTGTYPE" in done.out
    assert f"FILENAME={NAMES[0]}_uncal.fits" in done.out


def test_a_type_that_is_not_known_is_a_difference(
    release: Release, pool: str, conform: Command
) -> None:
    python = release(association(1, asn_type="cube2"), association(2), association(3))
    done = conform(pool, "--python", python)
    assert done.code == 1
    assert "asn_type 'cube2' is not known" in done.out


def test_where_it_stops_nothing_is_compared(
    release: Release, pool: str, conform: Command, tmp_path: Path
) -> None:
    path = tmp_path / "stopping_pool.csv"
    path.write_text(pool_text(nrc_image(1, filter="stopping")))
    python = release(*(association(number) for number in (1, 2, 3)))
    done = conform(str(path), pool, "--python", python)
    assert (done.code, done.out) == (0, "")
    first, last = done.err.splitlines()
    told = "asnrules: not compared, as asn_generate stops: 1 pool: stopping_pool.csv: KeyError: "
    assert first == f"{told}'optical path'"
    assert "they agree" in last
    conform(str(path), "--python", python).assert_error(
        2, "asn_generate of jwst 9.1 stops on every pool: KeyError: 'optical path'; try it"
    )


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (None, "cannot be started: No such file or directory"),
        ("exit 3", "ended with code 3: it says nothing"),
        ("echo no room on the disk >&2; exit 1", "ended with code 1: no room on the disk"),
        ("echo hello", "answers hello"),
        ("exec cat /dev/zero", "answers '\\x00"),
        ("printf '%09999d' 0 | tr 0 '['", "answers [[["),
        ("""echo '{"release": "9"}'; printf '%09999d' 0 | tr 0 '['""", "answers [[["),
        ("""echo '{"release": "9"}'; echo '{"stopped": "\\u001b[31m"}'; cat""", "jwst 9 stops"),
        ("""echo '{"release": "\\u001b[31m"}'; echo '{"stopped": "no"}'; cat""", "'\\x1b[31m'"),
    ],
)
def test_an_interpreter_that_is_none_is_one_line(
    script: str | None, words: str, pool: str, conform: Command, tmp_path: Path
) -> None:
    python = tmp_path / "other"
    if script is not None:
        executable(python, script)
    done = conform(pool, "--python", str(python))
    done.assert_error(2, words)
    assert "\x1b" not in done.err


def test_an_interpreter_that_falls_silent_is_one_line(
    pool: str, conform: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = executable(tmp_path / "other", """echo '{"release": "9"}'; exec tail -f /dev/null""")
    monkeypatch.setattr(asn_generate, "_MORE", 0.2 - asn_generate._SECONDS)
    conform(pool, "--python", python).assert_error(2, f"--python {python}: no answer within 0.2")


def test_processes_of_several_releases_are_refused(tmp_path: Path) -> None:
    python = executable(tmp_path / "other", """echo "{\\"release\\": \\"1.$$\\"}"; cat""")
    with pytest.raises(UsageError, match=r"is of several releases: 1\."):
        AsnGenerate(python, [], tmp_path, workers=2)


def test_an_environment_without_jwst_is_one_line(
    release: Release, pool: str, conform: Command
) -> None:
    python = release(package={"__init__.py": "raise ImportError('No module named numpy')"})
    conform(pool, "--python", python).assert_error(
        2, "cannot run asn_generate: ImportError: No module named numpy"
    )


def test_an_end_in_the_middle_is_one_line(release: Release, pool: str, conform: Command) -> None:
    main = "import os\nclass Main: pass\nos.fork = lambda: os._exit(7)\n"
    python = release(package={**PACKAGE, "associations/main.py": main})
    conform(pool, "--python", python).assert_error(2, "ended with code 7")


def test_names_that_are_not_known(asnrules_on_file: Command) -> None:
    command = ("rulesets", "conform", "--python", os.devnull)
    asnrules_on_file(*command, "jwst-9").assert_error(3, "jwst-9")
    asnrules_on_file(*command, "jwst-3.0.0", "--exp-type", "NRS_DRAK").assert_error(3, "NRS_DARK")


def test_an_exp_type_is_for_probes(conform: Command, pool: str) -> None:
    conform(pool, "--python", os.devnull, "--exp-type", "NRS_IFU").assert_error(
        2, "--exp-type is for probes; leave out --no-probes"
    )
