"""A real web browser without a window, and what a page is made of."""

from __future__ import annotations

import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")

_BLOCKS = {"dd", "div", "dt", "h1", "h2", "li", "p", "td", "th"}


class Page(HTMLParser):
    """The elements and the text of a page.

    Attributes
    ----------
    elements : list of (str, dict)
        Names and attributes, in order.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._texts: list[str] = []
        self._title: list[str] = []
        self._within: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in _BLOCKS:
            self._texts.append(" ")
        self._within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._within and self._within.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._within[-1:] == ["title"] and "svg" not in self._within:
            self._title.append(data)
        elif not {"style", "script"} & set(self._within[-1:]):
            self._texts.append(data)

    @property
    def title(self) -> str:
        return "".join(self._title)

    @property
    def text(self) -> str:
        """All text, its blanks made single."""
        return " ".join("".join(self._texts).split())

    def named(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        """Give the attributes of the elements of a name that have these among them."""
        return [
            found
            for name, found in self.elements
            if name == tag and attributes.items() <= {k: v or "" for k, v in found.items()}.items()
        ]


class Chromium:
    """Opens pages; each time as a new user, and with the network of this machine only."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._opened = 0

    def page(self, address: str) -> Page:
        """Give a page as it is when its scripts have run."""
        return Page(self._run(address, "--dump-dom"))

    def screenshot(self, address: str, target: Path, width: int, height: int) -> None:
        self._run(address, f"--screenshot={target}", f"--window-size={width},{height}")

    def _run(self, address: str, *what: str) -> str:
        for _ in range(2):
            # A browser that hangs or crashes for once is not what is tested.
            try:
                return self._run_once(address, *what)
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
                failed = error
        raise failed

    def _run_once(self, address: str, *what: str) -> str:
        self._opened += 1
        command = [
            self._program,
            *FLAGS,
            # Whatever is not on this machine is not found, so that no page can need it.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            "--hide-scrollbars",
            f"--user-data-dir={self._folder / str(self._opened)}",
            *what,
            address,
        ]
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", timeout=120, check=True
        )
        return done.stdout


@pytest.fixture
def chromium(tmp_path: Path) -> Chromium:
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium here; on Debian, apt-get install chromium")
    return Chromium(program, tmp_path / "browser")
