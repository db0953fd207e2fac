"""Which pages' scripts may use the gateway from a browser."""

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.gateway.responses import Refusal, answer

_ALLOWED: Final = {
    "access-control-allow-methods": "GET, POST, DELETE, OPTIONS",
    "access-control-allow-headers": "authorization, content-type, content-encoding, last-event-id, x-retry-count, x-write-key",
    "access-control-expose-headers": "retry-after",
    "access-control-max-age": "7200",
}


class Cors:
    """Answers preflights, and names the origin in other answers. Cookies are never asked for.

    Without a list any origin may call: write keys stand in public pages, and everything else asks for a token.
    With one, a page from elsewhere is refused before it reaches a part.
    """

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        self._app = app
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is None:
            await self._app(scope, receive, send)
            return
        if not self._may(origin, headers.get("host", "")):
            refusal = Refusal(403, "origin", "this origin is not on the list of allowed origins", field="origin")
            await refusal.response()(scope, receive, send)
            return
        named = {"access-control-allow-origin": origin if self._origins else "*", "vary": "origin"}
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await answer(200, {}, {**named, **_ALLOWED})(scope, receive, send)
            return

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update({**named, "access-control-expose-headers": "retry-after"})
            await send(message)

        await self._app(scope, receive, send_named)

    def _may(self, origin: str, host: str) -> bool:
        """Pages that the gateway serves itself may always."""
        return not self._origins or origin in self._origins or origin.partition("://")[2] == host
