"""Serves the console: its static pages and the data they request."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from infra.gateway.auth.operator import OperatorSession
from infra.gateway.components import Component, GatewayContext
from infra.gateway.console.actions import ActionCounts
from infra.gateway.console.health import health
from infra.gateway.console.heatmap import HeatmapReader
from infra.gateway.console.history import explain_command, session_timeline
from infra.gateway.console.learning_endpoints import LearningEndpoints
from infra.gateway.console.live_tail import LiveTail
from infra.gateway.console.proposals import session_proposals
from infra.gateway.console.rule_endpoints import RuleEndpoints
from infra.gateway.errors import ApiError
from infra.gateway.settings import Settings
from infra.gateway.static.files import FolderFiles, page_headers
from infra.kafka.reading import StreamError
from schemas.topics import HEATMAP

PAGES: Final = Path(__file__).parents[2] / "console"
MAX_ID_CHARS: Final = 256

HEADERS: Final = page_headers(
    # Trusted Types: not even a mistake in our own code can turn a visitor's text into markup. blob: is a picture that the
    # user of the console opened from disk.
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
) | {
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

_encoder: Final = msgspec.json.Encoder()

Endpoint = Callable[[Request], Awaitable[Response]]


class Console:
    """The endpoints of the console. Data requires the operator's token: cookie, `Authorization: Bearer` or `?token=`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._files = FolderFiles(PAGES, HEADERS, {".html", ".css", ".js", ".svg"})
        self.live = LiveTail(settings)
        self.heat = HeatmapReader(settings.kafka, settings.topic(HEATMAP.name))
        self.actions = ActionCounts(settings)
        self._session = OperatorSession(settings, "/console")
        self._rules = RuleEndpoints(settings, self._session, HEADERS)
        self._learning = LearningEndpoints(settings, HEADERS)

    def routes(self) -> list[BaseRoute]:
        api = {
            "me": self.get_me,
            "live": self.get_live,
            "command": self.get_command,
            "session": self.get_session,
            "sessions/{session_id:path}/proposals": self.get_proposals,
            "actions": self.get_actions,
            "heat/pages": self.get_pages,
            "heat/cells": self.get_cells,
            "heat/picture": self.get_picture,
            "health": self.get_health,
        }
        return [
            Route("/console", lambda _: RedirectResponse("/console/", headers=HEADERS)),
            *(Route(f"/console/api/{path}", self._guarded(endpoint)) for path, endpoint in api.items()),
            *self._rules.routes(),
            *self._learning.routes(self._guarded),
            Route("/console/", self.get_index),
            Route("/console/{name:path}", self.get_file),
        ]

    async def get_index(self, request: Request) -> Response:
        """Serves the page; a valid `?token=` becomes a cookie first and leaves the address."""
        return self._session.sign_in(request, HEADERS) or self._file("index.html")

    async def get_file(self, request: Request) -> Response:
        return self._file(request.path_params["name"])

    async def get_me(self, request: Request) -> Response:
        """Names the operator and its roles: a page shows only what they permit."""
        operator = self._session.require(request)
        return _json({"name": operator.name, "roles": sorted(operator.roles)})

    async def get_live(self, _: Request) -> Response:
        return StreamingResponse(self.live.watch(), headers=HEADERS, media_type="text/event-stream")

    async def get_command(self, request: Request) -> Response:
        """Explains the command `?id=` by its rule and what its session did around it."""
        command_id = request.query_params.get("id", "")[:MAX_ID_CHARS]
        found = await run_in_threadpool(explain_command, self.settings, command_id)
        return (
            _json(found)
            if found
            else _problem(404, "no such command among the newest 20,000 records of each partition")
        )

    async def get_session(self, request: Request) -> Response:
        session_id = request.query_params.get("id", "")[:MAX_ID_CHARS]
        return _json(await run_in_threadpool(session_timeline, self.settings, session_id))

    async def get_proposals(self, request: Request) -> Response:
        """Lists what was proposed for a session between `from` and `to`, in milliseconds; either may be left out."""
        session_id = request.path_params["session_id"][:MAX_ID_CHARS]
        span = [_millis(request, name) for name in ("from", "to")]
        return _json(await run_in_threadpool(session_proposals, self.settings, session_id, *span))

    async def get_actions(self, _: Request) -> Response:
        """Lists the actions with impact, complexity, and how often each was commanded and carried out lately."""
        return _json(await run_in_threadpool(self.actions.matrix))

    async def get_pages(self, _: Request) -> Response:
        pages = await run_in_threadpool(self.heat.pages)
        return _json([page | {"picture": self._picture(page["page"]) is not None} for page in pages])

    async def get_cells(self, request: Request) -> Response:
        query = request.query_params
        since_ms = _millis(request, "since_ms") or 0
        cells = partial(self.heat.cells, query.get("page", ""), query.get("device"), since_ms)
        return _json(await run_in_threadpool(cells))

    async def get_picture(self, request: Request) -> Response:
        picture = self._picture(request.query_params.get("page", ""))
        if picture is None:
            return _problem(404, "no screenshot of this page")
        return Response(picture.read_bytes(), headers=HEADERS, media_type="image/png")

    async def get_health(self, _: Request) -> Response:
        return _json(await run_in_threadpool(health, self.settings))

    def _file(self, name: str) -> Response:
        return self._files.response(name) or _problem(404, "there is no such page")

    def _picture(self, page: str) -> Path | None:
        path = Path(self.settings.pictures) / screenshot_filename(page)
        return path if self.settings.pictures and path.is_file() else None

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        async def guarded(request: Request) -> Response:
            try:
                self._session.require(request)
                return await endpoint(request)
            except ApiError as refusal:
                if refusal.status != 401:
                    return _problem(refusal.status, refusal.detail)
                return _problem(
                    401, "no valid token: open the console at the address that `microadjust gateway` printed"
                )
            except StreamError as error:
                return _problem(503, str(error))

        return guarded


def screenshot_filename(page: str) -> str:
    """Names the file of a page's screenshot in the folder `pictures`. `page` is as in heatmap.v1."""
    return hashlib.sha256(page.encode("utf-8", "replace")).hexdigest()[:32] + ".png"


def _millis(request: Request, name: str) -> int | None:
    """A time in the query, None where it is left out. Raises `ApiError`."""
    given = request.query_params.get(name)
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > 15:
        raise ApiError(400, "wrong_type", f"{name}: expected milliseconds since 1970", field=name)
    return int(given)


def _json(document: Any) -> Response:
    return Response(_encoder.encode(document), headers=HEADERS, media_type="application/json")


def _problem(status: int, problem: str) -> Response:
    return Response(_encoder.encode({"problem": problem}), status, headers=HEADERS, media_type="application/json")


def component(gateway: GatewayContext) -> Component:
    console = Console(gateway.settings)

    async def end_streams(_: float) -> None:
        console.live.end()

    gateway.on_drain.append(end_streams)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        try:
            yield
        finally:
            console.live.end()
            await run_in_threadpool(console.heat.close)

    return Component(console.routes(), lifespan)
