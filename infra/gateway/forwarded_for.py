"""Takes the client's address from X-Forwarded-For, where a trusted proxy has written it."""

from collections.abc import Sequence
from ipaddress import IPv6Address

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

_HEADER = b"x-forwarded-for"


class ForwardedFor:
    """uvicorn's middleware, for what it does not understand: empty entries, and IPv4 proxies on a socket of IPv6.

    An empty entry names nobody, so the one before it counts; else each reader would have the address of the proxy.
    """

    def __init__(self, app: ASGIApp, trusted_proxies: Sequence[str]) -> None:
        trusted = "*" if "*" in trusted_proxies else list(trusted_proxies)
        self._app = ProxyHeadersMiddleware(app, trusted)  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            scope = {
                **scope,
                "headers": _without_empty_entries(scope["headers"]),
                "client": _unmapped(scope.get("client")),
            }
        await self._app(scope, receive, send)  # type: ignore[arg-type]


def _without_empty_entries(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    found = []
    for name, value in headers:
        if name == _HEADER:
            value = b", ".join(entry for part in value.split(b",") if (entry := part.strip()))
            if not value:
                continue
        found.append((name, value))
    return found


def _unmapped(client: tuple[str, int] | None) -> tuple[str, int] | None:
    """Returns the client with an IPv4 address as such, also where it came to an IPv6 socket: so proxies are listed."""
    if client is None or not client[0].startswith("::ffff:"):
        return client
    mapped = IPv6Address(client[0]).ipv4_mapped
    return client if mapped is None else (str(mapped), client[1])
