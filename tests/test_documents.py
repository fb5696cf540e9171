import re
import shutil
from pathlib import Path

import pytest

import shown

DOCUMENTS = [
    "README.md",
    *(f"docs/{path.name}" for path in sorted((shown.ROOT / "docs").glob("*.md"))),
]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_shows_what_its_commands_print(name, templates, tmp_path):
    document = shown.ROOT / name
    shutil.copyfile(templates.seeded("sqlite"), tmp_path / shown.DATABASE)

    assert shown.renewed(document, tmp_path) == document.read_text()


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
