"""Middleware around all routes: request ids, the access log, a count of every response, and the answer to an internal error."""

import logging
import time
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.gateway import metrics
from infra.gateway.client_address import anonymize_ip, client_address, rate_limit_key
from infra.gateway.request_context import RequestContext, request_in_progress
from infra.gateway.responses import json_response

_log = logging.getLogger(__name__)
_access: Final = logging.getLogger("microadjust.access")

UNMATCHED: Final = "unmatched"
"""Stands for the route in metrics and log where there is none: paths of a scanner are without number."""

PROBES: Final = ("/live", "/ready", "/health", "/metrics")
"""Asked every few seconds, so only logged when they fail."""

PROXY_HEADER: Final = "x-forwarded-for"


class RequestLog:
    """Logs a request under its route: neither path nor query, which hold session ids, people and tokens."""

    def __init__(self, app: ASGIApp, ipv6_prefix: int, trusted_proxies: tuple[str, ...], access_log: bool) -> None:
        self._app, self._ipv6_prefix, self._access_log = app, ipv6_prefix, access_log
        self._warns_of_proxy = not trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        headers, address = Headers(scope=scope), client_address(connection)
        if self._warns_of_proxy and PROXY_HEADER in headers:
            self._warn_of_proxy(address)
        with request_in_progress(
            headers.get("x-request-id", ""), rate_limit_key(address, self._ipv6_prefix)
        ) as context:
            await self._handle(_Exchange(scope, send, context, address), receive)

    async def _handle(self, exchange: "_Exchange", receive: Receive) -> None:
        try:
            await self._app(exchange.scope, receive, exchange.send)
        except Exception:
            _log.exception("internal error on %s", exchange.route)
            if exchange.status or exchange.scope["type"] == "websocket":
                exchange.status = 500
                raise
            problem = {
                "error": "internal error",
                "rule": "internal",
                "field": "",
                "request_id": exchange.context.request_id,
            }
            await json_response(500, problem)(exchange.scope, receive, exchange.send)
        finally:
            self._record(exchange)

    def _record(self, exchange: "_Exchange") -> None:
        # A client that left before the answer has no status.
        metrics.RESPONSES.labels(exchange.route, exchange.method, exchange.status or 499).inc()
        if self._access_log and not (exchange.route in PROBES and exchange.status == 200):
            fields = {
                "method": exchange.method,
                "route": exchange.route,
                "status": exchange.status or 499,
                "ms": round((time.perf_counter() - exchange.began_s) * 1000, 1),
                "network": anonymize_ip(exchange.address),
            }
            _access.info("%s %s %s", fields["method"], fields["route"], fields["status"], extra={"fields": fields})

    def _warn_of_proxy(self, address: str) -> None:
        self._warns_of_proxy = False
        _log.warning(
            "requests from %s carry X-Forwarded-For, which is not believed: all readers behind it count as one address;"
            " if it is your proxy, name it in MICROADJUST_GATEWAY_TRUSTED_PROXIES",
            anonymize_ip(address) or address,
        )


class _Exchange:
    """One request and the status of its answer; adds the request id to the answer."""

    def __init__(self, scope: Scope, send: Send, context: RequestContext, address: str) -> None:
        self.scope, self._send, self.context, self.address = scope, send, context, address
        self.began_s = time.perf_counter()
        self.status = 0

    @property
    def method(self) -> str:
        return str(self.scope.get("method", "WEBSOCKET"))

    @property
    def route(self) -> str:
        return str(getattr(self.scope.get("route"), "path", UNMATCHED))

    async def send(self, message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            self.status = message["status"]
            MutableHeaders(scope=message)["x-request-id"] = self.context.request_id
        elif message["type"] == "websocket.accept":
            self.status = 101
        await self._send(message)
