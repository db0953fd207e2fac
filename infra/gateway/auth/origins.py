"""Checks the Origin header: which web pages may call the gateway from a browser."""

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.gateway.errors import ApiError
from infra.gateway.responses import json_response

_PREFLIGHT_HEADERS: Final = {
    "access-control-allow-methods": "GET, POST, DELETE, OPTIONS",
    "access-control-allow-headers": "authorization, content-type, content-encoding, last-event-id, x-retry-count, x-write-key",
    "access-control-expose-headers": "retry-after",
    "access-control-max-age": "7200",
}


def origin_error() -> ApiError:
    detail = "origin: not allowed; add it to MICROADJUST_GATEWAY_ALLOWED_ORIGINS"
    return ApiError(403, "origin", detail, field="origin")


class OriginMiddleware:
    """Rejects requests from pages of other origins, answers CORS preflights and adds the CORS headers.

    Without a list of origins any page may call: write keys stand in public pages, and all else requires a token.
    Credentials (cookies) are never allowed across origins.
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
        if not self._is_allowed(origin, headers.get("host", "")):
            await origin_error().response()(scope, receive, send)
            return
        cors = {"access-control-allow-origin": origin if self._origins else "*", "vary": "origin"}
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await json_response(200, {}, {**cors, **_PREFLIGHT_HEADERS})(scope, receive, send)
            return

        async def send_with_cors(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update({**cors, "access-control-expose-headers": "retry-after"})
            await send(message)

        await self._app(scope, receive, send_with_cors)

    def _is_allowed(self, origin: str, host: str) -> bool:
        """Pages that the gateway serves itself are always allowed."""
        return not self._origins or origin.lower() in self._origins or origin.partition("://")[2] == host
