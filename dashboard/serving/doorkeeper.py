"""The door before the pages: whoever asks under a name that is not ours, or from a page of another site, is refused.

Without a login the browser of a person is all that stands between the pages and a site that the person looks at
meanwhile: it could open our websocket, let its own name lead to our address (DNS rebinding), or put our pages into a
frame and have them clicked at.
"""

import logging
import time
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stream import logs

LOOPBACK = ("localhost", "127.0.0.1", "::1")
AGAIN_AFTER_SECONDS = 60.0
POLICY_VIOLATION = 1008
_NOT_OURS, _ANOTHER_SITE = 421, 403
_FRAMES = "frame-ancestors 'self'"


class Doorkeeper:
    """Lets through what asks for one of `names` (`name` or `name:port`, as in a browser) or for this machine."""

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self._app = app
        self._names = frozenset(name.lower() for name in names)
        self._hosts = {*LOOPBACK, *filter(None, map(_hostname, self._names))}
        self._logged_at = float("-inf")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if refusal := self._refusal(host, origin):
            self._log(host, origin)
            return await _refuse(*refusal, scope, receive, send)
        if origin is not None:
            # behind a proxy the two may differ, and Streamlit would ask in the internet for the address of this machine
            scope = {**scope, "headers": _with_host(scope, urlsplit(origin).netloc)}
        return await self._app(scope, receive, _in_no_foreign_frame(send))

    def _refusal(self, host: str, origin: str | None) -> tuple[int, str] | None:
        """Status and sentence for a request under `host` from a page of `origin`; None: it may come in."""
        if _hostname(host) not in self._hosts:
            return _NOT_OURS, f"The dashboard is not served under {host!r}: name it in SCANSTREAM_DASHBOARD_NAMES.\n"
        if origin is not None and _netloc(origin) not in {host.lower(), *self._names}:
            return _ANOTHER_SITE, "The dashboard answers its own pages only.\n"
        return None

    def _log(self, host: str, origin: str | None) -> None:
        """One line a minute: whoever is refused must not fill the log."""
        if time.monotonic() - self._logged_at >= AGAIN_AFTER_SECONDS:
            self._logged_at = time.monotonic()
            logs.event("dashboard_refused", level=logging.WARNING, host=repr(host), origin=repr(origin))


async def _refuse(status: int, sentence: str, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": POLICY_VIOLATION})
    else:
        response = PlainTextResponse(sentence, status, {"X-Content-Type-Options": "nosniff"})
        await response(scope, receive, send)


def _in_no_foreign_frame(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Content-Security-Policy"] = _FRAMES
        await send(message)

    return sending


def _with_host(scope: Scope, host: str) -> list[tuple[bytes, bytes]]:
    return [(b"host", host.encode("latin-1")), *(pair for pair in scope["headers"] if pair[0] != b"host")]


def _hostname(host: str) -> str | None:
    """Of `name:port` the name, without the dot at its end; None: there is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".") or None
    except ValueError:
        return None


def _netloc(origin: str) -> str | None:
    """Of `https://name:port` what follows the slashes; None: there is none, as in `null`."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None
