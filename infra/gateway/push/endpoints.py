"""GET /v1/push, /v1/push/events and /v1/push/all: pushes commands to pages and CMSs."""

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
from infra.gateway.auth.token_grants import CHECK_EVERY_S, PushTokens
from infra.gateway.client_address import client_address, rate_limit_key
from infra.gateway.components import Component, GatewayContext
from infra.gateway.errors import ApiError
from infra.gateway.presence import UNKNOWN, Presence
from infra.gateway.push.consumer import CommandConsumer
from infra.gateway.push.hub import CapacityError, Client, Hub
from infra.gateway.rest.sessions import SessionStore
from infra.gateway.settings import Settings
from infra.redis.circuit_breaker import CircuitBreaker
from schemas.topics import ADJUSTMENTS

LOADING_TIMEOUT_S: Final = 2.0
"""How long a client waits for a gateway that has just started and does not yet know what was missed."""

SEND_TIMEOUT_S: Final = 10.0
"""A client whose connection does not take a message within this time is cut."""

CLOSE_TIMEOUT_S: Final = 0.2
KEEPALIVE_S: Final = 15.0
MAX_RECEIVED: Final = 100
"""Messages a client may send; all of them are ignored."""

_CUT, _EXPIRED, _TOO_MANY_MESSAGES = 1013, 1008, 1008

Authorize = Callable[[HTTPConnection, Settings, PushTokens], PushGrant]


class Push:
    """The push endpoints of one hub."""

    def __init__(self, gateway: GatewayContext) -> None:
        self._settings, self._tokens = gateway.settings, gateway.push_tokens
        self._keys = gateway.write_keys
        self._sessions = SessionStore(gateway.redis, CircuitBreaker(metrics.REDIS_DOWN.inc))
        self.hub = Hub(gateway.settings.push_clients_per_address, gateway.erased)

    async def end_revoked(self) -> None:
        """Disconnects the clients of keys that are revoked or expire while the gateway runs."""
        known = self._keys.ids
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            if (found := self._keys.ids) != known:
                known = found
                self.hub.cut_unless(lambda claims: self._tokens.revocation(claims) is None)

    async def _join(self, connection: HTTPConnection, authorize: Authorize) -> tuple[Client, PushGrant]:
        """Authorizes a client and adds it to the hub. Raises `ApiError`."""
        try:
            admitted = authorize(connection, self._settings, self._tokens)
            if not self.hub.loaded.is_set():
                # Without Kafka, what was missed is sent as soon as it is back, since the client keeps its `seen`.
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOADING_TIMEOUT_S):
                        await self.hub.loaded.wait()
            # An operator's servers may share one address.
            address = (
                ""
                if admitted.session_id is None
                else rate_limit_key(client_address(connection), self._settings.ipv6_prefix)
            )
            present = await self._present(admitted.session_id)
            client = self.hub.join(admitted.session_id, admitted.seen, address, admitted.claims, present)
            return client, admitted
        except CapacityError as full:
            refusal = ApiError(503, "full", str(full), retry_after_s=5)
        except ApiError as refused:
            refusal = refused
        metrics.PUSH_REFUSED.labels(refusal.rule).inc()
        raise refusal

    async def _present(self, session_id: str | None) -> Presence:
        """Returns who uses the session, where a command of before waits for it; thousands may connect at once."""
        if session_id is None or not any(True for _ in self.hub.replay.of(session_id)):
            return UNKNOWN
        return await self._sessions.presence(session_id)

    async def page(self, socket: WebSocket) -> None:
        await self._serve(socket, authorize_session)

    async def all_sessions(self, socket: WebSocket) -> None:
        await self._serve(socket, authorize_all)

    async def _serve(self, socket: WebSocket, authorize: Authorize) -> None:
        try:
            client, admitted = await self._join(socket, authorize)
        except ApiError as refusal:
            await socket.send_denial_response(refusal.response(socket))
            return
        try:
            await socket.accept()
            code = await wait_for_first(
                client, admitted, send_messages(client, lambda text: socket.send_text(text)), _receive(socket)
            )
            if code is not None:
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await socket.close(code)
        except (WebSocketDisconnect, TimeoutError, RuntimeError, OSError):
            return  # the client has gone or does not read: a close frame would not reach it
        finally:
            self.hub.leave(client)

    async def events(self, request: Request) -> Response:
        try:
            client, admitted = await self._join(request, authorize_session)
        except ApiError as refusal:
            return refusal.response(request)
        return Events(self.hub, client, admitted)


class Events(Response):
    """Streams commands as server-sent events until the client leaves or is cut."""

    def __init__(self, hub: Hub, client: Client, admitted: PushGrant) -> None:
        super().__init__(
            headers={"cache-control": "no-store", "x-accel-buffering": "no"}, media_type="text/event-stream"
        )
        # The length is unknown.
        del self.headers["content-length"]
        self._hub, self._client, self._admitted = hub, client, admitted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def write(text: str) -> None:
            await send({"type": "http.response.body", "body": text.encode(), "more_body": True})

        async def wait_for_disconnect() -> int | None:
            while (await receive())["type"] != "http.disconnect":
                pass
            return None

        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await write("retry: 2000\n\n")
            code = await wait_for_first(
                self._client, self._admitted, send_server_sent_events(self._client, write), wait_for_disconnect()
            )
            if code == _EXPIRED:
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await send({"type": "http.response.body", "body": b""})
        except (TimeoutError, OSError):
            return
        finally:
            self._hub.leave(self._client)


# Below, `asyncio.timeout` and not `asyncio.wait_for`: up to Python 3.11 the latter drops a cancellation that comes in the same
# turn of the loop as the result. A client that was cut would then be sent what still comes, with a gap where it was cut.
async def wait_for_first(
    client: Client, admitted: PushGrant, sender: Awaitable[int | None], receiver: Awaitable[int | None]
) -> int | None:
    """Waits until sending ends, the client leaves or is cut, or its token expires. Returns the close code, if any."""
    left_s = None if admitted.expires_at_ms is None else admitted.expires_at_ms / 1000 - time.time()
    cut = asyncio.ensure_future(client.was_cut.wait())
    tasks = [cut, asyncio.ensure_future(sender), asyncio.ensure_future(receiver)]
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


async def send_messages(client: Client, write: Callable[[str], Awaitable[None]]) -> int | None:
    while True:
        each = await client.next()
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await write(each.text)
        except TimeoutError:
            metrics.PUSH_CUT.inc()
            return _CUT
        metrics.PUSH_SENT.inc()


async def send_server_sent_events(client: Client, write: Callable[[str], Awaitable[None]]) -> int | None:
    """Sends commands as server-sent events, with a comment line every 15 s so that proxies keep the connection open."""
    while True:
        try:
            async with asyncio.timeout(KEEPALIVE_S):
                each = await client.next()
            text = f"id: {each.id}\ndata: {each.text}\n\n"
        except TimeoutError:
            text = ": alive\n\n"
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await write(text)
        except TimeoutError:
            metrics.PUSH_CUT.inc()
            return _CUT
        metrics.PUSH_SENT.inc()


async def _receive(socket: WebSocket) -> int | None:
    """Reads and ignores what the client sends; without reading, its pongs and its close would not be seen."""
    for _ in range(MAX_RECEIVED):
        if (await socket.receive())["type"] == "websocket.disconnect":
            return None
    return _TOO_MANY_MESSAGES


async def _upgrade(_: Request) -> Response:
    refusal = ApiError(426, "upgrade", "this endpoint is a WebSocket; /v1/push/events serves the same over plain HTTP")
    response = refusal.response()
    response.headers["upgrade"] = "websocket"
    return response


def component(gateway: GatewayContext) -> Component:
    settings, push = gateway.settings, Push(gateway)
    gateway.on_drain.append(push.hub.cut_over)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        consumer = CommandConsumer(settings.kafka, settings.topic(ADJUSTMENTS.name), push.hub)
        consumer.start()
        gateway.is_alive.append(lambda: None if consumer.is_running else "push consumer")
        ending = asyncio.create_task(push.end_revoked())
        try:
            yield
        finally:
            ending.cancel()
            with suppress(asyncio.CancelledError):
                await ending
            push.hub.cut_all()
            await consumer.stop()

    routes = [
        WebSocketRoute("/v1/push", push.page),
        WebSocketRoute("/v1/push/all", push.all_sessions),
        Route("/v1/push", _upgrade, methods=["GET"]),
        Route("/v1/push/all", _upgrade, methods=["GET"]),
        Route("/v1/push/events", push.events, methods=["GET"]),
    ]
    return Component(routes, running)
