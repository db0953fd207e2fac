"""`microadjust gateway` as users start it, in a process of its own, and the clients that ask it."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
import psutil
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from infra.local import processes
from infra.local.home import PROJECT, Home, ServiceRecord
from tests.support.broker import PrefixedTopics
from tests.support.credentials import OPERATOR, SECRETS, SOURCE, WRITE_KEY, token
from tests.support.services import kill, process_of

_UNLIMITED = ("IP_EVENTS_PER_S", "IP_EVENTS_BURST", "IP_BYTES_PER_S", "IP_BYTES_BURST", "KEY_EVENTS_PER_S", "KEY_BURST")
"""Limits that one machine with all readers on it would reach."""


@dataclass
class Gateway:
    """A gateway process with topics that no other uses; `client` sends the write key.

    `settings` are environment variables on top of those that all tests' gateways have; an empty one counts as not set.
    """

    topics: PrefixedTopics
    redis_url: str
    home: Home
    settings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.port = processes.free_port(0)
        self._service: ServiceRecord | None = None
        self._log = self.home.log(f"gateway-{self.topics.prefix}{self.port}")
        self.client = self.http(x_write_key=WRITE_KEY)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def process(self) -> psutil.Process:
        assert self._service is not None, "the gateway has not been started"
        return process_of(self._service)

    @property
    def log(self) -> str:
        return self._log.read_text()

    def start(self) -> "Gateway":
        """Returns once it listens."""
        settings = {
            "MICROADJUST_HOME": str(self.home.path),
            "MICROADJUST_BOOTSTRAP": self.topics.bootstrap,
            "MICROADJUST_WRITE_KEYS": f"{SOURCE}:{WRITE_KEY}",
            "MICROADJUST_PUSH_SECRETS": ",".join(SECRETS),
            "MICROADJUST_GATEWAY_PORT": str(self.port),
            "MICROADJUST_GATEWAY_REDIS_URL": self.redis_url,
            "MICROADJUST_GATEWAY_TOPICS_PREFIX": self.topics.prefix,
            "MICROADJUST_GATEWAY_CONSOLE_TOKEN": OPERATOR,
            "MICROADJUST_GATEWAY_IP_REQUESTS_PER_S": "100000",
            "MICROADJUST_GATEWAY_IP_BURST": "100000",
            **{f"MICROADJUST_GATEWAY_{name}": "100000000" for name in _UNLIMITED},
            "MICROADJUST_GATEWAY_DRAIN_S": "0",
            **self.settings,
        }
        argv = [sys.executable, "-m", "infra.cli", "gateway"]
        environ = {**os.environ, **settings, "PYTHONPATH": str(PROJECT)}
        self._service = processes.start(argv, self._log, environ, {"http": self.port})
        processes.wait_until(lambda: processes.listens(self.port), "the gateway", self._service, self._log)
        return self

    def kill(self) -> None:
        assert self._service is not None, "the gateway has not been started"
        kill(self._service)

    def stop(self) -> None:
        self.client.close()
        if self._service is not None:
            processes.stop(self._service)

    def http(self, **headers: str) -> httpx.Client:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Client(base_url=self.url, timeout=15.0, headers=named)

    def operator(self) -> httpx.Client:
        return self.http(authorization=f"Bearer {OPERATOR}")

    def post(self, events: list[Any], **more: Any) -> httpx.Response:
        return self.client.post("/v1/events", json={"events": events, **more})

    def page(
        self,
        session_id: str,
        last_id: str = "",
        given: str | None = None,
        origin: str | None = None,
        max_queue: int | None = 16,
    ) -> ClientConnection:
        """Listens as a page does. Raises what `websockets` raises where it is refused."""
        query = {"session_id": session_id, "token": token(session_id) if given is None else given}
        return self.socket("/v1/push", {**query, **({"last_id": last_id} if last_id else {})}, origin, max_queue)

    def everything(self, last_id: str = "", given: str = OPERATOR) -> ClientConnection:
        """Listens as a CMS does."""
        return self.socket("/v1/push/all", {"token": given, **({"last_id": last_id} if last_id else {})})

    def socket(
        self, path: str, query: Mapping[str, str], origin: str | None = None, max_queue: int | None = 16
    ) -> ClientConnection:
        address = f"ws://127.0.0.1:{self.port}{path}?{urlencode(query)}"
        named = Origin(origin) if origin is not None else None
        # Not as a context manager: what is refused is refused by this very call.
        return connect(address, origin=named, proxy=None, legacy=True, max_queue=max_queue)


def environment(**settings: str) -> dict[str, str]:
    """Environment variables of settings named as in `Settings`; names in capitals stay as they are."""
    return {
        name if name.isupper() else f"MICROADJUST_GATEWAY_{name.upper()}": value for name, value in settings.items()
    }


@contextmanager
def running_gateway(topics: PrefixedTopics, redis_url: str, home: Home, **settings: str) -> Iterator[Gateway]:
    gateway = Gateway(topics, redis_url, home, environment(**settings))
    try:
        yield gateway.start()
    finally:
        gateway.stop()
