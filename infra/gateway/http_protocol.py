"""Limits connections, the size and duration of a request's head, idle time and unread bodies, which uvicorn does not."""

import asyncio
from asyncio import TimerHandle
from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from infra.gateway.connections import ConnectionLimits

MAX_HEAD_BYTES: Final = 65_536
MAX_HEADERS: Final = 256
"""Of one request, trailers included. A header of six bytes takes a hundred in memory."""

MAX_FRAMING_BYTES: Final = 131_072
"""How many more bytes than its body a request may send: head, chunk sizes and trailers. Nothing else bounds a trailer."""

HEAD_TIMEOUT_S: Final = 10.0
"""From the connection, or a request's first byte, to the end of its head."""

IDLE_TIMEOUT_S: Final = 30.0
"""From the end of a response to the first byte of the next request; empty lines between the two do not count."""

UNREAD_BODY_TIMEOUT_S: Final = 5.0
MAX_UNREAD_BYTES: Final = 1_048_576
"""How long, and how much, a body may go on after the response to its request: then the connection is closed.

Closing it at once could destroy the response on its way to a client that is still sending.
"""


class LimitedHttpProtocol(HttpToolsProtocol):
    """Closes a connection without a response where one of this module's limits, or `ConnectionLimits`, is exceeded.

    One deadline is pending at any time except while a request is being handled, whose body has limits of its own
    (`ingest/body.py`): for the head, for the rest of an unread body, or for the next request.
    """

    _bytes = 0
    _framing_bytes = 0
    _is_body = False
    _deadline: TimerHandle | None = None
    _is_head = False
    _is_unread = False
    _place: str | None = None

    def __init__(self, *args: Any, limits: ConnectionLimits, **more: Any) -> None:
        super().__init__(*args, **more)
        self._limits = limits

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._place = self._limits.admit(self.client[0] if self.client else "")
        if self._place is None:
            transport.abort()
            return
        self._begin_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel()
        self._release()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._place is None:
            return
        super().data_received(data)
        if self._is_head or self._is_unread:
            self._bytes += len(data)
            if self._bytes > (MAX_HEAD_BYTES if self._is_head else MAX_UNREAD_BYTES):
                self._abort()
        if self._is_body:
            self._framing_bytes += len(data)
            if self._framing_bytes > MAX_FRAMING_BYTES:
                self._abort()

    def handle_websocket_upgrade(self) -> None:
        self._cancel()
        super().handle_websocket_upgrade()
        self._release()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if not self._is_head:
            self._begin_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self.headers) < MAX_HEADERS:
            super().on_header(name, value)
        elif not self.transport.is_closing():
            self._abort()

    def on_body(self, body: bytes) -> None:
        # Twice: the body, and as much again for chunk sizes.
        self._framing_bytes -= 2 * len(body)
        super().on_body(body)

    def on_headers_complete(self) -> None:
        self._cancel()
        self._is_body, self._framing_bytes = True, 0
        super().on_headers_complete()
        if self._limits.is_draining and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        self._is_body = False
        super().on_message_complete()
        # uvicorn leaves this out where the response was sent before.
        if self.cycle is not None:
            self.cycle.more_body = False
        if self._is_unread:
            self._wait_for_request()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing() or self.pipeline or self._is_head or not self.cycle.response_complete:
            return
        if self._limits.is_draining:
            self.transport.close()
        elif self.cycle.more_body:
            self._start(UNREAD_BODY_TIMEOUT_S, self._abort)
            self._is_unread = True
        else:
            self._wait_for_request()

    def _begin_head(self) -> None:
        self._start(HEAD_TIMEOUT_S, self._abort)
        self._is_head = True

    def _wait_for_request(self) -> None:
        self._start(IDLE_TIMEOUT_S, self.timeout_keep_alive_handler)

    def _start(self, seconds: float, expire: Callable[[], None]) -> None:
        self._cancel()
        self._bytes = 0
        self._deadline = self.loop.call_later(seconds, expire)

    def _cancel(self) -> None:
        self._is_head = self._is_unread = False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _abort(self) -> None:
        self._cancel()
        self.transport.abort()

    def _release(self) -> None:
        if self._place is not None:
            self._limits.release(self._place)
            self._place = None
