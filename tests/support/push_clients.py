"""The gateway as users start it, and clients of its push endpoints."""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
import psutil
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from infra.gateway.auth import push_tokens
from infra.local import processes
from infra.local.home import PROJECT, Home, ServiceRecord
from tests.support.isolated_topics import Places

WRITE_KEY, SOURCE = "key-of-the-tests", "tests"
OPERATOR = "token-of-the-operator"
SECRETS = ("new-secret", "old-secret")
ORIGIN = "https://paper.example"


def token(session_id: str, life_s: float = 3600, secrets: tuple[str, ...] = SECRETS) -> str:
    return push_tokens.sign(session_id, int((time.time() + life_s) * 1000), secrets)


@dataclass
class Gateway:
    """`microadjust gateway` in a process of its own."""

    places: Places
    home: Home
    more: Mapping[str, str]

    def __post_init__(self) -> None:
        self.port = processes.free_port(0)
        self._service: ServiceRecord | None = None

    def start(self) -> "Gateway":
        settings = {
            "MICROADJUST_HOME": str(self.home.path),
            "MICROADJUST_BOOTSTRAP": self.places.bootstrap,
            "MICROADJUST_WRITE_KEYS": f"{SOURCE}:{WRITE_KEY}",
            "MICROADJUST_PUSH_SECRETS": ",".join(SECRETS),
            "MICROADJUST_GATEWAY_PORT": str(self.port),
            "MICROADJUST_GATEWAY_REDIS_URL": self.places.redis_url,
            "MICROADJUST_GATEWAY_TOPICS_PREFIX": self.places.prefix,
            "MICROADJUST_GATEWAY_CONSOLE_TOKEN": OPERATOR,
            "MICROADJUST_GATEWAY_IP_REQUESTS_PER_S": "100000",
            "MICROADJUST_GATEWAY_IP_BURST": "100000",
            **self.more,
        }
        argv = [sys.executable, "-m", "infra.cli", "gateway"]
        environ = {**os.environ, **settings, "PYTHONPATH": str(PROJECT)}
        log = self.home.log(f"gateway-{self.port}")
        self._service = processes.start(argv, log, environ, {"http": self.port})
        processes.wait_until(lambda: processes.listens(self.port), "the gateway", self._service, log)
        return self

    @property
    def process(self) -> psutil.Process:
        assert self._service is not None
        return psutil.Process(self._service.pid)

    def kill(self) -> None:
        process = self.process
        process.kill()
        process.wait(10)

    def stop(self) -> None:
        if self._service is not None:
            processes.stop(self._service)

    @property
    def log(self) -> str:
        return self.home.log(f"gateway-{self.port}").read_text()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def http(self, **headers: str) -> httpx.Client:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Client(base_url=self.url, timeout=15.0, headers=named)

    def operator(self) -> httpx.Client:
        return self.http(authorization=f"Bearer {OPERATOR}")

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


def heard(socket: ClientConnection, quiet_s: float = 1.0, most: int = 1_000_000) -> list[dict[str, Any]]:
    """The messages that come until none has come for a while."""
    found: list[dict[str, Any]] = []
    while len(found) < most:
        try:
            found.append(msgspec.json.decode(socket.recv(timeout=quiet_s)))
        except TimeoutError:
            break
    return found


def ids(messages: list[dict[str, Any]]) -> list[str]:
    return [each["command"]["command_id"] for each in messages]


@contextmanager
def served(places: Places, home: Home, **more: str) -> Iterator[Gateway]:
    gateway = Gateway(places, home, {f"MICROADJUST_GATEWAY_{name.upper()}": value for name, value in more.items()})
    try:
        yield gateway.start()
    finally:
        gateway.stop()
