"""Bounds what a WebSocket client may send beside messages: pings, pongs and fragments, which uvicorn answers without limit."""

from asyncio.transports import BaseTransport
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from infra.gateway import metrics
from infra.gateway.connections import ConnectionLimits
from infra.gateway.ingest.limits import TokenBucket

FRAMES_PER_S: Final = 2.0
FRAMES_BURST: Final = 120
"""Control frames and fragments of one connection; a client that pings each second stays below both."""

MAX_UNSENT_BYTES: Final = 65_536
"""Where more than this waits to be sent, pings of the client are not answered but end the connection."""


class LimitedWebSocketProtocol(WebSocketsSansIOProtocol):
    """Closes a connection at once that floods it with control frames or fragments, or pings without reading the pongs."""

    def __init__(self, *args: Any, limits: ConnectionLimits, **more: Any) -> None:
        super().__init__(*args, **more)
        self._limits = limits
        self._place: str | None = None
        self._frames = TokenBucket(FRAMES_PER_S, FRAMES_BURST)
        self._is_cut = False

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self._place = self._limits.take(self._limits.key(self.client[0] if self.client else ""))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._place is not None:
            self._limits.release(self._place)
            self._place = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._is_cut:
            super().data_received(data)

    def handle_ping(self) -> None:
        if self._is_allowed():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        if self._is_allowed():
            super().handle_pong(event)

    def handle_cont(self, event: Frame) -> None:
        if self._is_allowed():
            super().handle_cont(event)

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            # Or uvicorn would log an error for each client that is refused, with which anybody could fill the log.
            self.handshake_complete = True

    def _is_allowed(self) -> bool:
        if self._is_cut:
            return False
        if self._frames.wait_s(1) or self.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self._is_cut = True
            metrics.PUSH_CUT.inc()
            # Not an orderly close: its frame would wait behind what the client does not read.
            self.transport.abort()
            return False
        return True
