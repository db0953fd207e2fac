"""Runs the application under uvicorn: one process, one event loop. Stops in two steps: not ready first, then gone."""

import asyncio
import logging
import signal
import socket
import time
from functools import partial
from types import FrameType
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette

from infra.gateway.app import create_app
from infra.gateway.components import GatewayContext
from infra.gateway.connections import ConnectionLimits
from infra.gateway.forwarded_for import ForwardedFor
from infra.gateway.http_protocol import IDLE_TIMEOUT_S, LimitedHttpProtocol
from infra.gateway.settings import Settings
from infra.gateway.websocket_protocol import LimitedWebSocketProtocol

_log = logging.getLogger(__name__)

UNACKED_TIMEOUT_MS: Final = 10_000
"""The kernel closes a connection whose client has acknowledged no data for this long: an orderly close would wait for it."""

STREAM_TIMEOUT_S: Final = 2.0
"""How long ending the open streams may take beyond the drain."""


class DrainingServer(uvicorn.Server):
    """On SIGTERM goes on serving for a while, so that a balancer that asks `/ready` can send requests elsewhere.

    Each response then closes its connection, and open streams are ended one by one, or all clients would connect anew in
    the same moment. A second signal, and SIGINT, stop at once. Requests in progress are answered in any case.
    """

    def __init__(self, config: uvicorn.Config, gateway: GatewayContext, limits: ConnectionLimits) -> None:
        super().__init__(config)
        self._gateway, self._limits = gateway, limits
        self._drain_s = gateway.settings.drain_s
        self._stop_at_s: float | None = None
        self._ending: asyncio.Task[None] | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGTERM and not self._gateway.is_draining and self._drain_s > 0:
            self._gateway.is_draining = self._limits.is_draining = True
            self._stop_at_s = time.monotonic() + self._drain_s
            # Kept for uvicorn, which raises it again at the end.
            self._captured_signals.append(sig)
            return
        self._gateway.is_draining = self._limits.is_draining = True
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        if self._stop_at_s is not None:
            if self._ending is None:
                _log.info("stopping: not ready any more, serving for %.1f s", self._drain_s)
                self._ending = asyncio.create_task(self._end_streams(self._drain_s))
            if time.monotonic() >= self._stop_at_s:
                self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._ending is not None:
            self._ending.cancel()
        # Before uvicorn waits for connections: streams do not end by themselves.
        await self._end_streams(0.0)
        await super().shutdown(sockets)

    async def _end_streams(self, seconds: float) -> None:
        """In the second half of the time: a balancer has to notice first, or clients would come back here."""
        await asyncio.sleep(seconds / 2)
        hooks = [hook(seconds / 2) for hook in self._gateway.on_drain]
        try:
            async with asyncio.timeout(seconds + STREAM_TIMEOUT_S):
                await asyncio.gather(*hooks)
        except TimeoutError:
            _log.warning("open streams did not end in time")


def serve(settings: Settings) -> None:
    """Serves until the process is told to stop."""
    server, listening = server_of(settings, create_app(settings))
    server.run(sockets=[listening])


def server_of(settings: Settings, app: Starlette) -> tuple[DrainingServer, socket.socket]:
    """Returns the server and the socket it is to be run with, which listens already."""
    limits = ConnectionLimits.of(settings)
    # uvicorn calls these with keyword arguments, as it would call the classes.
    http: Any = partial(LimitedHttpProtocol, limits=limits)
    websocket: Any = partial(LimitedWebSocketProtocol, limits=limits)
    config = uvicorn.Config(
        ForwardedFor(app, settings.trusted_proxies) if settings.trusted_proxies else app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=http,
        ws=websocket,
        ws_max_size=65_536,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=int(IDLE_TIMEOUT_S),
        timeout_graceful_shutdown=5,
        backlog=1024,
    )
    listening = config.bind_socket()
    # Accepted connections inherit the option. Other systems than Linux name it differently or lack it.
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKED_TIMEOUT_MS)
    return DrainingServer(config, app.state.gateway, limits), listening
