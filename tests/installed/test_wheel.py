"""What a user has who installs the wheel: all of the program, wherever and whoever it is."""

from __future__ import annotations

import re
import runpy
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow
import pytest
from pyarrow import ipc, parquet

from cli.conftest import Result
from cli.small_pools import nrc_image, write_pool
from installed.conftest import ROOT, Installed, uv

SHIPPED = {
    "src/asnrules": "asnrules",
    "migrations": "asnrules/_shipped/migrations",
    "seed": "asnrules/_shipped/seed",
}


# ------------------------------------------------------------------ what is in it


def packed(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_all_of_the_program_is_in_the_wheel_from_the_source_distribution(wheel: Path) -> None:
    expected = {
        f"{inside}/{path.relative_to(ROOT / folder).as_posix()}"
        for folder, inside in SHIPPED.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed(wheel) == expected | {"asnrules/_shipped/docs/sql.md"}


def test_the_wheel_from_a_checkout_is_the_same(wheel: Path, tmp_path: Path) -> None:
    uv("build", "--quiet", "--wheel", "--out-dir", tmp_path, ROOT)
    (other,) = tmp_path.glob("*.whl")
    assert packed(other) == packed(wheel)


# ------------------------------------------------------------------ where it is run


def test_it_works_without_a_network(installed: Installed, hermit: list[str], place: Path) -> None:
    def run(*arguments: str) -> Result:
        result = installed(*arguments, folder=place, prefix=hermit, HOME=str(place))
        assert result.code == 0, result.err
        return result

    write_pool(place / "pool.csv", nrc_image(1), nrc_image(2))
    assert "NRS_IFU" in run("lookup", "NRS_IFU").out
    run("generate", "pool.csv", "--output", "made")
    assert len(list((place / "made").glob("*_asn.json"))) == 2
    assert run("audit", "verify").err.startswith("1 run with ")
    (database,) = place.rglob("*.db")
    assert database.name == "asnrules.db"


def test_an_unknown_user_without_a_home_names_a_database(
    installed: Installed, stranger: list[str], place: Path
) -> None:
    write_pool(place / "pool.csv", nrc_image(1), nrc_image(2))
    made = installed(
        "generate", "pool.csv", folder=place, prefix=stranger, ASNRULES_DATABASE="rules.db"
    )
    made.assert_fine()
    runs = installed(
        "--database", "rules.db", "audit", "runs", "--format", "json", folder=place, prefix=stranger
    )
    assert [(run["operator"], run["associations"]) for run in runs.json] == [("unknown", 2)]
    assert [path.name for path in place.rglob("*.db")] == ["rules.db"]


def test_an_unknown_user_without_a_home_is_told_to(
    installed: Installed, stranger: list[str], place: Path
) -> None:
    result = installed("lookup", "NRS_IFU", folder=place, prefix=stranger)
    result.assert_error(2, "no home folder", "asnrules --database FILE", "ASNRULES_DATABASE")
    assert list(place.iterdir()) == []


@pytest.fixture
def home(place: Path) -> Iterator[Path]:
    """Give a home folder, which `lock` makes read only."""
    folder = place / "home"
    folder.mkdir()
    unlock(folder)
    yield folder
    unlock(folder)


def lock(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)


def unlock(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o777)


def test_in_a_read_only_home_another_database_is_named(
    installed: Installed, stranger: list[str], seeded: Path, place: Path, home: Path
) -> None:
    lock(home)
    variables = {"folder": place, "prefix": stranger, "HOME": str(home)}
    refused = installed("lookup", **variables)
    refused.assert_error(4, str(home), "Permission denied", "--database")
    installed("lookup", **variables, ASNRULES_DATABASE=str(seeded)).assert_fine()


def test_in_a_home_that_is_read_only_by_now_all_can_be_read(
    installed: Installed, stranger: list[str], seeded: Path, place: Path, home: Path
) -> None:
    data = home / ".local" / "share" / "asnrules"
    data.mkdir(parents=True)
    shutil.copyfile(seeded, data / "asnrules.db")
    write_pool(place / "pool.csv", nrc_image(1), nrc_image(2))
    lock(home)

    look_up, verify, unrecorded, recorded = installed.one_by_one(
        ["lookup", "NRS_IFU"],
        ["audit", "verify"],
        ["generate", "pool.csv", "--no-record", "--output", "unrecorded"],
        ["generate", "pool.csv", "--output", "recorded"],
        folder=place,
        prefix=stranger,
        HOME=str(home),
    )

    look_up.assert_fine()
    assert verify.code == 0
    unrecorded.assert_fine()
    recorded.assert_error(4, "asnrules.db", "--database")
    assert len(list((place / "unrecorded").iterdir())) == 2
    assert list((place / "recorded").iterdir()) == []


# ------------------------------------------------------------------ what takes an extra


def as_parquet(path: Path, table: pyarrow.Table) -> None:
    parquet.write_table(table, path)


def as_arrow(path: Path, table: pyarrow.Table) -> None:
    with ipc.new_file(str(path), table.schema) as file:
        file.write_table(table)


def as_ecsv(path: Path, table: pyarrow.Table) -> None:
    lines = ["# %ECSV 1.0", "# ---", "# datatype:"]
    lines += [f"# - {{name: {name}, datatype: string}}" for name in table.column_names]
    path.write_text("\n".join([*lines, " ".join(table.column_names), ""]))


TAKES_AN_EXTRA = [
    ("fits", ["pool", "make", "one.fits", "--output", "made.csv"]),
    ("fits", ["generate", "one.fits", "--output", "made"]),
    ("fits", ["classify", "one.fits"]),
    ("fits", ["why", "one.fits", "one.fits"]),
    ("fits", ["generate", "pool.ecsv", "--output", "made"]),
    ("parquet", ["generate", "pool.parquet", "--output", "made"]),
    ("parquet", ["generate", "pool.arrow", "--output", "made"]),
    ("parquet", ["classify", "pool.csv", "--format", "parquet"]),
    ("dask", ["generate", "pool.csv", "--output", "made", "--scheduler", "10.0.0.7:8786"]),
    ("browse", ["browse", "--no-open"]),
    ("postgresql", ["--database", "postgresql://nobody@127.0.0.1/rules", "lookup"]),
]


def test_what_takes_an_extra_names_it(installed: Installed, seeded: Path, place: Path) -> None:
    table = pyarrow.table({name: [value] for name, value in nrc_image().items()})
    as_parquet(place / "pool.parquet", table)
    as_arrow(place / "pool.arrow", table)
    as_ecsv(place / "pool.ecsv", table)
    write_pool(place / "pool.csv", nrc_image())
    (place / "one.fits").write_bytes(b"SIMPLE  =                    T" + b" " * 2850)

    commands = [arguments for _, arguments in TAKES_AN_EXTRA]
    results = installed.one_by_one(*commands, folder=place, ASNRULES_DATABASE=str(seeded))

    for (extra, _), result in zip(TAKES_AN_EXTRA, results, strict=True):
        code = 4 if extra == "postgresql" else 2
        result.assert_error(code, f"not installed; pip install 'asnrules[{extra}]'\n")
    assert not list(place.glob("made*"))


# ------------------------------------------------------------------ five files on a laptop


def test_the_two_commands_of_the_readme_for_fits(wheel: Path, place: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## From FITS files")[2]
    install, *commands = re.search(r"```sh\n(.*?)```", section, re.DOTALL)[1].splitlines()
    assert (len(commands), install) == (1, "pip install '.[fits]'")

    with_fits = Installed(place, f"{wheel}[fits]")
    script = runpy.run_path(str(ROOT / "examples" / "make_exposures.py"))
    script["make_exposures"](place / "exposures")
    result = with_fits.shell("\n".join(commands), place, HOME=str(place))

    assert result.code == 0, result.err
    made = {path.name for path in (place / "associations").glob("*_asn.json")}
    assert len(made) == 5
