import io
import re
import shutil
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout, suppress
from pathlib import Path

import pytest
import typer

import shown
from asnrules.cli import main
from cli.conftest import tree_of

DOCUMENTS = [
    "README.md",
    *(f"docs/{path.name}" for path in sorted((shown.ROOT / "docs").glob("*.md"))),
]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_shows_what_its_commands_print(name, templates, tmp_path):
    document = shown.ROOT / name
    shutil.copyfile(templates.seeded("sqlite"), tmp_path / shown.DATABASE)

    assert shown.renewed(document, tmp_path, in_process) == document.read_text()


def in_process(line, folder, environment):
    """Give what a command prints: in this process, as starting another takes longer."""
    if shown.SHELL.search(line) or not line.startswith("asnrules "):
        return shown.by_shell(line, folder, environment)
    printed = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
    with (
        pytest.MonkeyPatch.context() as patch,
        chdir(folder),
        redirect_stdout(printed),
        redirect_stderr(printed),
        suppress(SystemExit),
    ):
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", shown.words(line))
        patch.setattr(typer.main, "get_command", tree_of)
        main()
    return printed.buffer.getvalue().decode()


def test_the_readme_shows_commands():
    assert len(re.findall(r"^\$ asnrules ", (shown.ROOT / "README.md").read_text(), re.M)) >= 8


@pytest.mark.parametrize("name", [*DOCUMENTS, "CONTRIBUTING.md", "CHANGELOG.md"])
def test_a_document_links_to_what_is_there(name):
    document = shown.ROOT / name
    links = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())

    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_first_command_of_the_readme_writes_the_associations(tmp_path):
    command = re.search(
        r"uv run asnrules (generate .*)", Path(shown.ROOT / "README.md").read_text()
    )

    assert command is not None
    assert (shown.ROOT / command[1].split()[1]).is_file()
    assert command[1].split()[2:] == ["--output", "associations"]


def test_contributing_names_what_is_there():
    where = (shown.ROOT / "CONTRIBUTING.md").read_text().split("## Where things are")[1]
    paths = re.findall(r"`([\w/]+(?:\.\w+|/))`", where.split("## ")[0])
    folders = (shown.ROOT, shown.ROOT / "src" / "asnrules")

    assert len(paths) > 60
    assert [one for one in paths if not any((folder / one).exists() for folder in folders)] == []
