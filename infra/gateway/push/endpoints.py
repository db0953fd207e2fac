"""GET /v1/push, /v1/push/events and /v1/push/all: commands on their way to pages and CMSs."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from infra.gateway import metrics
from infra.gateway.auth.push import PushGrant, authorize_all, authorize_session
from infra.gateway.client_address import client_address, rate_limit_key
from infra.gateway.components import Component, GatewayContext
from infra.gateway.errors import ApiError
from infra.gateway.push.consumer import Reader
from infra.gateway.push.hub import Client, Full, Hub
from infra.gateway.settings import Settings
from schemas.topics import ADJUSTMENTS

LOADING_S: Final = 2.0
"""So long a client waits for a gateway that has just started and does not know yet what was missed."""

SEND_S: Final = 10.0
"""One message takes at most so long to leave; then its client is cut."""

ALIVE_S: Final = 15.0
MOST_HEARD: Final = 100
"""Messages a client may send, though nobody listens to it."""

_CUT, _EXPIRED, _TOO_MUCH = 1013, 1008, 1008

Door = Callable[[HTTPConnection, Settings], PushGrant]


class Push:
    """The endpoints, around one hub."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.hub = Hub(settings.push_clients_per_address)

    async def _join(self, connection: HTTPConnection, door: Door) -> tuple[Client, PushGrant]:
        """Raises `ApiError`."""
        try:
            admitted = door(connection, self._settings)
            if not self.hub.loaded.is_set():
                # Where Kafka is away, what was missed comes as soon as it is back, since `seen` stays known.
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.hub.loaded.wait(), LOADING_S)
            # An operator's servers may all stand behind one address.
            address = "" if admitted.session_id is None else rate_limit_key(client_address(connection))
            return self.hub.join(admitted.session_id, admitted.seen, address), admitted
        except Full as full:
            refusal = ApiError(503, "full", str(full), retry_after_s=5)
        except ApiError as refused:
            refusal = refused
        metrics.PUSH_REFUSED.labels(refusal.rule).inc()
        raise refusal

    async def page(self, socket: WebSocket) -> None:
        await self._serve(socket, authorize_session)

    async def everything(self, socket: WebSocket) -> None:
        await self._serve(socket, authorize_all)

    async def _serve(self, socket: WebSocket, door: Door) -> None:
        try:
            client, admitted = await self._join(socket, door)
        except ApiError as refusal:
            await socket.send_denial_response(refusal.response(socket))
            return
        try:
            await socket.accept()
            code = await first_of(
                client, admitted, _sending(client, lambda text: socket.send_text(text)), _hearing(socket)
            )
            if code is not None:
                await asyncio.wait_for(socket.close(code), 0.2)
        except (WebSocketDisconnect, TimeoutError, RuntimeError, OSError):
            return  # whoever has gone, or does not read, needs no farewell
        finally:
            self.hub.leave(client)

    async def events(self, request: Request) -> Response:
        try:
            client, admitted = await self._join(request, authorize_session)
        except ApiError as refusal:
            return refusal.response(request)
        return Events(self.hub, client, admitted)


class Events(Response):
    """Commands as server-sent events, until the client goes or is cut."""

    def __init__(self, hub: Hub, client: Client, admitted: PushGrant) -> None:
        super().__init__(
            headers={"cache-control": "no-store", "x-accel-buffering": "no"}, media_type="text/event-stream"
        )
        # Its length is not known.
        del self.headers["content-length"]
        self._hub, self._client, self._admitted = hub, client, admitted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def write(text: str) -> None:
            await send({"type": "http.response.body", "body": text.encode(), "more_body": True})

        async def gone() -> int | None:
            while (await receive())["type"] != "http.disconnect":
                pass
            return None

        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await write("retry: 2000\n\n")
            code = await first_of(self._client, self._admitted, _sending_events(self._client, write), gone())
            if code == _EXPIRED:
                await asyncio.wait_for(send({"type": "http.response.body", "body": b""}), 0.2)
        except (TimeoutError, OSError):
            return
        finally:
            self._hub.leave(self._client)


async def first_of(
    client: Client, admitted: PushGrant, sending: Awaitable[int | None], hearing: Awaitable[int | None]
) -> int | None:
    """Ends with the first of: all said, the client gone, cut, its token expired. The code to close with, if any."""
    left_s = None if admitted.expires_at_ms is None else admitted.expires_at_ms / 1000 - time.time()
    cut = asyncio.ensure_future(client.was_cut.wait())
    tasks = [cut, asyncio.ensure_future(sending), asyncio.ensure_future(hearing)]
    try:
        done, _ = await asyncio.wait(tasks, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            return _EXPIRED
        if cut in done:
            return _CUT
        ended = done.pop()
        return None if ended.exception() is not None else ended.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _sending(client: Client, write: Callable[[str], Awaitable[None]]) -> int | None:
    while True:
        each = await client.next()
        try:
            await asyncio.wait_for(write(each.text), SEND_S)
        except TimeoutError:
            metrics.PUSH_CUT.inc()
            return _CUT
        metrics.PUSH_SENT.inc()


async def _sending_events(client: Client, write: Callable[[str], Awaitable[None]]) -> int | None:
    """A line of silence now and then keeps proxies from hanging up."""
    while True:
        try:
            each = await asyncio.wait_for(client.next(), ALIVE_S)
            text = f"id: {each.id}\ndata: {each.text}\n\n"
        except TimeoutError:
            text = ": alive\n\n"
        try:
            await asyncio.wait_for(write(text), SEND_S)
        except TimeoutError:
            metrics.PUSH_CUT.inc()
            return _CUT
        metrics.PUSH_SENT.inc()


async def _hearing(socket: WebSocket) -> int | None:
    """Reads what the client sends, or its pongs and its farewell would never be seen."""
    for _ in range(MOST_HEARD):
        if (await socket.receive())["type"] == "websocket.disconnect":
            return None
    return _TOO_MUCH


async def _upgrade(_: Request) -> Response:
    refusal = ApiError(426, "upgrade", "this is a WebSocket; /v1/push/events gives the same over plain HTTP")
    response = refusal.response()
    response.headers["upgrade"] = "websocket"
    return response


def component(gateway: GatewayContext) -> Component:
    settings, push = gateway.settings, Push(gateway.settings)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        reader = Reader(settings.bootstrap, settings.topic(ADJUSTMENTS.name), push.hub)
        reader.start()
        try:
            yield
        finally:
            push.hub.cut_all()
            await reader.stop()

    routes = [
        WebSocketRoute("/v1/push", push.page),
        WebSocketRoute("/v1/push/all", push.everything),
        Route("/v1/push", _upgrade, methods=["GET"]),
        Route("/v1/push/all", _upgrade, methods=["GET"]),
        Route("/v1/push/events", push.events, methods=["GET"]),
    ]
    return Component(routes, running)
