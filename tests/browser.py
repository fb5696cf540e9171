"""A real web browser without a window, and what a page is made of."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, BinaryIO

import pytest

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
    # Whatever is not on this machine is not found, so that no page can need it.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
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
    """A page of a new user, on the network of this machine only; by the DevTools protocol."""

    def __init__(self, sent: BinaryIO, received: BinaryIO) -> None:
        self._sent = sent
        self._received = received
        self._count = 0
        self._loaded = 0
        self._session = ""
        target = self._do("Target.createTarget", url="about:blank")["targetId"]
        attached = self._do("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self._do("Page.enable")

    def page(self, address: str, width: int = 1300) -> Page:
        """Open a page, and give it as it is when its scripts have run."""
        self._do(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=900, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        # An address that differs in its fragment only would load nothing.
        self.follow(lambda: self._do("Page.navigate", url="about:blank"))
        return self.follow(lambda: self._do("Page.navigate", url=address))

    def follow(self, act: Callable[[], Any]) -> Page:
        """Do what leads to another page, and give that."""
        self._loaded = 0
        act()
        while not self._loaded:
            self._message()
        return Page(self.evaluate("document.documentElement.outerHTML"))

    def evaluate(self, script: str) -> Any:
        """Give what an expression is in the page; of a promise, what it comes to."""
        found = self._do(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def press(self, key: str, text: str = "") -> None:
        """Press a key; what it writes is its text."""
        for kind, written in (("keyDown", text), ("keyUp", "")):
            code = {"Tab": 9, "Enter": 13}.get(key, 0)
            self._do(
                "Input.dispatchKeyEvent",
                type=kind, key=key, text=written, windowsVirtualKeyCode=code,
            )  # fmt: skip

    def screenshot(self, target: Path, height: int) -> None:
        """Save the top of the page."""
        width = self.evaluate("innerWidth")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        found = self._do("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        target.write_bytes(base64.b64decode(found["data"]))

    def _do(self, method: str, **parameters: Any) -> Any:
        self._count += 1
        number = self._count
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._sent.write(json.dumps(message).encode() + b"\0")
        self._sent.flush()
        while (answer := self._message()).get("id") != number:
            pass
        assert "result" in answer, answer
        return answer["result"]

    def _message(self) -> dict[str, Any]:
        text = bytearray()
        while (byte := self._received.read(1)) != b"\0":
            assert byte, "Chromium has ended"
            text += byte
        message: dict[str, Any] = json.loads(text)
        self._loaded += message.get("method") == "Page.loadEventFired"
        return message


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[Chromium]:
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium here; on Debian, apt-get install chromium")
    (orders, sent), (received, answers) = os.pipe(), os.pipe()
    command = [program, *FLAGS, f"--user-data-dir={tmp_path / 'browser'}", "about:blank"]
    # It reads from 3 and writes to 4.
    redirected = f'exec "$@" 3</dev/fd/{orders} 4>/dev/fd/{answers}'
    process = subprocess.Popen(
        ["/bin/sh", "-c", redirected, "sh", *command],
        pass_fds=(orders, answers),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(orders)
    os.close(answers)
    try:
        with os.fdopen(sent, "wb") as to_it, os.fdopen(received, "rb") as from_it:
            yield Chromium(to_it, from_it)
    finally:
        process.kill()
        process.wait()
