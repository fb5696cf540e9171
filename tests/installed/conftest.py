"""The wheel, built and installed in an empty environment, and places to run it from."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from cli.conftest import Result

ROOT = Path(__file__).parents[2]
NAMESPACE = ["unshare", "--user", "--map-user=12345", "--map-group=12345"]

# Ways to run a program, the first of which that works here is taken.
STRANGERS = [NAMESPACE, ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"]]
HERMITS = [[*NAMESPACE, "--net"], ["unshare", "--net"]]

IS_STRANGER = """
import os, pwd, asnrules.api
try:
    pwd.getpwuid(os.getuid())
except KeyError:
    os.mkdir("stranger")
    os.rmdir("stranger")
else:
    raise SystemExit("the user is known")
"""
IS_HERMIT = """
import socket, asnrules.api
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=5)
except OSError:
    pass
else:
    raise SystemExit("there is a network")
"""

# Commands of one process after the other, as starting each anew takes longer than it works.
ONE_BY_ONE = """
import contextlib, io, json, sys
from asnrules.cli import main

results = []
for arguments in json.loads(sys.argv[1]):
    out, err, code = io.TextIOWrapper(io.BytesIO()), io.StringIO(), 0
    sys.argv = ["asnrules", *arguments]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as done:
            code = done.code or 0
    out.seek(0)
    results.append([code, out.read(), err.getvalue()])
json.dump(results, sys.stdout)
"""


def uv(*arguments: str | Path) -> None:
    program = os.environ.get("UV") or shutil.which("uv")
    if program is None:
        pytest.skip("uv is not installed")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Installed:
    """The program, in an environment that has nothing else but what it asks for."""

    def __init__(self, folder: Path, wheel: str) -> None:
        self._scripts = folder / "environment" / ("Scripts" if os.name == "nt" else "bin")
        self._folder = folder
        uv("venv", "--quiet", "--python", sys.executable, folder / "environment")
        uv("pip", "install", "--quiet", "--python", folder / "environment", wheel)

    def python(self, program: str, prefix: Sequence[str] = ()) -> Result:
        return self._run([*prefix, str(self._scripts / "python"), "-c", program], self._folder)

    def __call__(
        self, *arguments: str, folder: Path, prefix: Sequence[str] = (), **environment: str
    ) -> Result:
        """Run a command in a folder, with no variables but these."""
        command = [*prefix, str(self._scripts / "asnrules"), *arguments]
        return self._run(command, folder, **environment)

    def one_by_one(
        self, *commands: list[str], folder: Path, prefix: Sequence[str] = (), **environment: str
    ) -> list[Result]:
        """Run several commands in one process."""
        python = str(self._scripts / "python")
        program = [*prefix, python, "-c", ONE_BY_ONE, json.dumps(commands)]
        done = self._run(program, folder, **environment)
        assert (done.code, done.err) == (0, "")
        return [Result(*result) for result in json.loads(done.out)]

    def shell(self, commands: str, folder: Path, **environment: str) -> Result:
        """Run lines of a shell."""
        path = os.pathsep.join([str(self._scripts), "/usr/bin", "/bin"])
        return self._run(["sh", "-e", "-c", commands], folder, PATH=path, **environment)

    def _run(self, command: list[str], folder: Path, **environment: str) -> Result:
        variables = {"PATH": os.pathsep.join(["/usr/bin", "/bin"]), **environment}
        done = subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            cwd=folder,
            env=variables,
            check=False,
            timeout=120,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def first_that_works(self, prefixes: list[list[str]], probe: str) -> list[str] | None:
        for prefix in prefixes:
            if shutil.which(prefix[0]) and self.python(probe, prefix).code == 0:
                return prefix
        return None


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """Give a folder that any user may enter, which those of pytest are not."""
    with tempfile.TemporaryDirectory(prefix="asnrules-") as name:
        Path(name).chmod(0o777)
        yield Path(name)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the source distribution, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("built")
    uv("build", "--quiet", "--out-dir", folder, ROOT)
    return folder


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel: Path, open_folder: Path) -> Installed:
    """Give the program without any extra."""
    return Installed(open_folder, str(wheel))


@pytest.fixture(scope="session")
def seeded(installed: Installed, open_folder: Path) -> Path:
    """Give the catalog that the program makes when it is first used, for tests that only read."""
    path = open_folder / "seeded.db"
    installed("lookup", folder=open_folder, ASNRULES_DATABASE=str(path)).assert_fine()
    path.chmod(0o666)
    return path


@pytest.fixture(scope="session")
def stranger(installed: Installed) -> list[str]:
    """Give what runs a program as a user whom the system does not know."""
    prefix = installed.first_that_works(STRANGERS, IS_STRANGER)
    if prefix is None:
        pytest.skip("no program can be run as another user here")
    return prefix


@pytest.fixture(scope="session")
def hermit(installed: Installed) -> list[str]:
    """Give what runs a program without a network."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        probe = IS_HERMIT.format(port=server.getsockname()[1])
        prefix = installed.first_that_works(HERMITS, probe)
    if prefix is None:
        pytest.skip("no program can be run without a network here")
    return prefix


@pytest.fixture
def place(open_folder: Path) -> Iterator[Path]:
    """Give a folder of the test's own, which any user may enter and write to."""
    with tempfile.TemporaryDirectory(dir=open_folder) as name:
        Path(name).chmod(0o777)
        yield Path(name)
