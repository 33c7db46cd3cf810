"""What a page tells the browser beforehand, so that it opens its websocket at once.

Streamlit's script else asks two addresses first whether it may. Of any page but the first one it begins with two that
are not there, below the page's own address, and waits before it tries again: a third of a second for each reader.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEAD = b"<head>"
TOLD = b"""<script>
window.__streamlit = {
  BACKEND_BASE_URL: new URL(".", location.href).href,
  HOST_CONFIG: {allowedOrigins: [location.origin], useExternalAuthToken: false}
}
</script>"""
"""Where our websocket is, also behind a proxy that serves us in a folder; and that no other site has a say here."""
LEFT_OUT = (b"accept-encoding", b"if-none-match", b"if-modified-since")
"""Of a request for a page: it has to come as text and whole."""


class Beforehand:
    """Adds TOLD to each HTML page of `app`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http" or scope["method"] != "GET" or not _asks_for_page(scope):
            return await self._app(scope, receive, send)
        headers = [pair for pair in scope["headers"] if pair[0] not in LEFT_OUT]
        return await self._app({**scope, "headers": headers}, receive, _Page(send))


class _Page:
    """Sends what comes, with TOLD in it if it is HTML; that is held back until it is there as a whole."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_html(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._all(self._start, self._body.replace(HEAD, HEAD + TOLD, 1))

    async def _all(self, start: Message, body: bytes) -> None:
        headers = MutableHeaders(scope=start)
        headers["Content-Length"] = str(len(body))
        for name in ("etag", "last-modified"):
            del headers[name]
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _asks_for_page(scope: Scope) -> bool:
    return "text/html" in Headers(scope=scope).get("accept", "")


def _is_html(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/html")
