"""Runs the application under uvicorn: one process, one event loop."""

import socket
from typing import Final

import uvicorn

from infra.gateway.app import create_app
from infra.gateway.http_protocol import LimitedHttpProtocol
from infra.gateway.settings import Settings

KEEP_ALIVE_TIMEOUT_S: Final = 30
"""How long an idle connection is kept open."""

UNACKED_TIMEOUT_MS: Final = 10_000
"""The kernel closes a connection whose client has acknowledged no data for this long: an orderly close would wait for it."""


def serve(settings: Settings) -> None:
    """Serves until the process is told to stop; requests in progress are answered first."""
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=LimitedHttpProtocol,
        ws="websockets-sansio",
        ws_max_size=65_536,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=",".join(settings.trusted_proxies),
        timeout_keep_alive=KEEP_ALIVE_TIMEOUT_S,
        timeout_graceful_shutdown=5,
        backlog=1024,
    )
    listening = config.bind_socket()
    # Accepted connections inherit the option. Other systems than Linux name it differently or lack it.
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKED_TIMEOUT_MS)
    uvicorn.Server(config).run(sockets=[listening])
