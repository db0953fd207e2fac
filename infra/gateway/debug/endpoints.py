"""GET /debug/good and /debug/bad, POST /debug/reset: shows incoming events and why some were rejected."""

import base64
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from infra.gateway.auth.operator import OperatorSession
from infra.gateway.clock import now_ms
from infra.gateway.components import Component, GatewayContext
from infra.gateway.erased_sessions import Erasure
from infra.gateway.errors import ApiError
from infra.gateway.responses import json_response
from infra.gateway.static.files import FolderFiles, page_headers
from schemas.events import Event
from schemas.rejects import RejectedRecord

MAX_KEPT: Final = 500
MAX_SHOWN: Final = 500

HEADERS: Final = page_headers(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_FILES: Final = FolderFiles(Path(__file__).parent / "static", HEADERS)


class Debug:
    """Keeps the last 500 events that Kafka has acknowledged and the last 500 rejected ones, in this process.

    Requires the operator's token (`Authorization: Bearer`, `?token=` or the page's cookie) even from this machine: behind
    a local proxy every request seems to come from here.
    """

    def __init__(self, gateway: GatewayContext) -> None:
        self._session = OperatorSession(gateway.settings, "/debug")
        self._good: deque[tuple[int, Event]] = deque(maxlen=MAX_KEPT)
        self._bad: deque[tuple[int, RejectedRecord]] = deque(maxlen=MAX_KEPT)
        self._goods = self._bads = 0
        gateway.on_accepted.append(self._on_accepted)
        gateway.on_rejected.append(self._on_rejected)
        self._erased = gateway.erased
        gateway.erased.hooks["debug"] = self.forget
        gateway.erased.exports["debug"] = self.exported

    async def _on_accepted(self, events: Sequence[Event]) -> None:
        for event in events:
            self._goods += 1
            if event.session_id not in self._erased:
                self._good.append((self._goods, event))

    def _on_rejected(self, rejects: Sequence[RejectedRecord]) -> None:
        for each in rejects:
            self._bads += 1
            self._bad.append((self._bads, each))

    def forget(self, erasure: Erasure) -> int:
        """Removes events of erased sessions and people, and rejected records whose original mentions them."""
        good = [each for each in self._good if not erasure.covers(each[1].session_id, each[1].user_id)]
        bad = [each for each in self._bad if not erasure.is_mentioned_in(_original(each[1]))]
        removed = len(self._good) - len(good) + len(self._bad) - len(bad)
        self._good, self._bad = deque(good, maxlen=MAX_KEPT), deque(bad, maxlen=MAX_KEPT)
        return removed

    def exported(self, wanted: Erasure) -> list[dict[str, Any]]:
        """Returns what `forget` would remove."""
        good = [event for _, event in self._good if wanted.covers(event.session_id, event.user_id)]
        bad = [rejected for _, rejected in self._bad if wanted.is_mentioned_in(_original(rejected))]
        return [msgspec.to_builtins(each) for each in (*good, *bad)]

    async def good(self, request: Request) -> Response:
        return self._shown(request, "event", self._goods, self._good)

    async def bad(self, request: Request) -> Response:
        return self._shown(request, "rejected", self._bads, self._bad)

    async def reset(self, _: Request) -> Response:
        self._good.clear()
        self._bad.clear()
        self._goods = self._bads = 0
        return json_response(200, {"good": 0, "bad": 0})

    def _shown(self, request: Request, name: str, total: int, kept: deque[tuple[int, Any]]) -> Response:
        """Lists the newest first; `after` leaves out what the client has seen."""
        after = _number(request, "after", 0)
        limit = min(_number(request, "limit", MAX_SHOWN), MAX_SHOWN)
        lines = [{"number": number, name: each} for number, each in reversed(kept) if number > after][:limit]
        return json_response(200, {"total": total, "at_ms": now_ms(), "lines": lines}, HEADERS)

    def guarded(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                self._session.require(request)
                return await handler(request)
            except ApiError as refusal:
                return refusal.response(request)

        return endpoint

    async def sign_in(self, request: Request) -> Response:
        """Leads to the page; a valid `?token=` becomes its cookie and leaves the address."""
        return self._session.sign_in(request, HEADERS) or RedirectResponse("/debug/", headers=HEADERS)

    async def page(self, request: Request) -> Response:
        """Serves the static page, which holds no data; a valid `?token=` becomes a cookie first and leaves the address."""
        if (signed_in := self._session.sign_in(request, HEADERS)) is not None:
            return signed_in
        found = _FILES.response(request.path_params.get("name", "index.html"))
        return found or ApiError(404, "path", "there is no such page", field="path").response()


def _original(rejected: RejectedRecord) -> str:
    return base64.b64decode(rejected.original).decode("utf-8", "replace")


def _number(request: Request, name: str, default: int) -> int:
    given = request.query_params.get(name, "")
    if not given:
        return default
    if not (given.isascii() and given.isdigit() and len(given) < 16):
        raise ApiError(400, "wrong_type", f"{name}: expected a number", field=name)
    return int(given)


def component(gateway: GatewayContext) -> Component:
    debug = Debug(gateway)
    routes = [
        Route("/debug/good", debug.guarded(debug.good)),
        Route("/debug/bad", debug.guarded(debug.bad)),
        Route("/debug/reset", debug.guarded(debug.reset), methods=["POST"]),
        Route("/debug", debug.sign_in),
        Route("/debug/", debug.page),
        Route("/debug/{name}", debug.page),
    ]
    return Component(routes)
