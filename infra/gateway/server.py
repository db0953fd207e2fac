"""Runs the application under uvicorn: one process, one event loop."""

import socket
from typing import Final

import uvicorn

from infra.gateway.app import build
from infra.gateway.http_protocol import BoundedHttp
from infra.gateway.settings import Settings

HEADERS_WAIT_S: Final = 30
"""An idle connection is kept so long."""

STALLED_MS: Final = 10_000
"""A client that takes nothing of what was sent for so long is hung up on by the system: closing would wait for it."""


def serve(settings: Settings) -> None:
    """Returns when the process is told to end, after requests under way have been answered."""
    config = uvicorn.Config(
        build(settings),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=BoundedHttp,
        ws="websockets-sansio",
        ws_max_size=65_536,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=",".join(settings.trusted_proxies),
        timeout_keep_alive=HEADERS_WAIT_S,
        timeout_graceful_shutdown=5,
        backlog=1024,
    )
    listening = config.bind_socket()
    # Connections inherit it. Other systems than Linux know it under other names or not at all.
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_MS)
    uvicorn.Server(config).run(sockets=[listening])
