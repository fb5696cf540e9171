"""Serve the catalog to web browsers on this machine only."""

from __future__ import annotations

import os
import socket
import threading
import webbrowser
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Engine

from asnrules.errors import UsageError

ADDRESS = "127.0.0.1"

# Nothing of a page may be fetched from elsewhere or sent there, and no other site may frame it.
_POLICY = (
    "default-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def browse(engine: Engine, port: int, *, open_browser: bool, tell: Callable[[str], None]) -> None:
    """Serve the catalog until Ctrl-C, at a port; 0 takes one that is free.

    `tell` is told the address of the first page, once it can be opened. It is a UsageError if the
    catalog is not an SQLite file, the extra is not installed, or the port is taken.
    """
    if engine.dialect.name != "sqlite":
        raise UsageError(
            "browse shows a catalog in an SQLite file, not PostgreSQL; use asnrules sql, "
            "asnrules audit report, or an SQL client with the role asnrules_reader"
        )
    try:
        import uvicorn

        from asnrules.browse.site import make_site
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        raise UsageError(
            f"browse needs {library}, which is not installed; pip install 'asnrules[browse]'"
        ) from error
    with _listening(port) as listener:
        number = listener.getsockname()[1]
        app = _guarded(make_site(engine).app(), number)
        # Without handlers of its own: what it logs goes where all that is logged goes.
        config = uvicorn.Config(
            app, log_config=None, log_level="warning", access_log=False, ws="none"
        )
        url = f"http://{ADDRESS}:{number}/"
        tell(url)
        if open_browser:
            # A browser in the terminal would only return when it is left.
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
        try:
            uvicorn.Server(config).run(sockets=[listener])
        except KeyboardInterrupt:
            return


def _listening(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # A port that was served a moment ago can be taken again at once.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((ADDRESS, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        reason = os.strerror(getattr(error, "errno", None) or 0) if port < 2**16 else "no port"
        raise UsageError(
            f"--port {port}: {reason}; name another, or 0 for one that is free"
        ) from error
    return listener


def _guarded(app: Any, port: int) -> Any:
    """Refuse what other sites have a browser ask for here: under a name of theirs, or by a link."""
    hosts = {f"{name}:{port}".encode() for name in (ADDRESS, "localhost")}

    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        async def send_with_policy(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ()), *_HEADERS]
                message = {**message, "headers": headers}
            await send(message)

        if scope["type"] == "http":
            headers = dict(scope["headers"])
            host = headers.get(b"host")
            if host not in hosts:
                await _refuse(send, 421, "This is not that host.\n")
                return
            if _is_from_elsewhere(headers, host):
                await _refuse(send, 403, _FROM_ELSEWHERE.format(host.decode()))
                return
        await app(scope, receive, send_with_policy)

    return guarded


_FROM_ELSEWHERE = (
    "Another site has led here, which could ask the catalog for anything.\n"
    "If it is what you want, enter the address yourself: http://{}/\n"
)


def _is_from_elsewhere(headers: Mapping[bytes, bytes], host: bytes) -> bool:
    """Whether a request comes from a page of another site or port, as far as browsers say."""
    if (site := headers.get(b"sec-fetch-site")) is not None:
        return site not in {b"same-origin", b"none"}
    # Browsers from before 2023 may not know that one. Other clients send none of them.
    own = b"http://" + host
    origin, referrer = headers.get(b"origin", own), headers.get(b"referer", own + b"/")
    return origin != own or not referrer.startswith(own + b"/")


async def _refuse(send: Any, status: int, words: str) -> None:
    kind = (b"content-type", b"text/plain; charset=utf-8")
    await send({"type": "http.response.start", "status": status, "headers": [kind, *_HEADERS]})
    await send({"type": "http.response.body", "body": words.encode()})


_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)
