"""The gateway's application in this process: no Kafka, no Redis, no socket."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
from redis.asyncio import Redis
from starlette.applications import Starlette

from infra.gateway.app import create_app
from infra.gateway.settings import Settings
from infra.kafka.producer import AckedProducer, OutgoingRecord, ProducerUnavailableError
from tests.support.credentials import OPERATOR, SOURCE, WRITE_KEY


class RecordingProducer(AckedProducer):
    """Keeps what is sent and acknowledges it at once; while `is_down` it takes nothing, as without Kafka."""

    def __init__(self) -> None:
        super().__init__("nowhere")
        self.sent: list[OutgoingRecord] = []
        self.is_down = False

    def is_writable(self, topic: str) -> bool:
        return not self.is_down

    def send(self, records: Sequence[OutgoingRecord]) -> asyncio.Future[None]:
        if self.is_down:
            raise ProducerUnavailableError("Kafka does not acknowledge")
        self.sent += records
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


def unreachable_redis() -> Redis:
    """Refuses every connection at once, so the gateway goes on without."""
    return Redis(host="127.0.0.1", port=1)


def settings(**more: object) -> Settings:
    given = {"write_keys": {WRITE_KEY: SOURCE}, "token_secrets": ("secret",), "console_token": OPERATOR, **more}
    return Settings(**given)  # type: ignore[arg-type]


class InProcessClient:
    """Calls the application directly, each request in an event loop of its own."""

    def __init__(self, app: Starlette) -> None:
        self._transport = httpx.ASGITransport(app)

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://gateway.example") as client:
                return await client.request(method, path, **more)

        return asyncio.run(ask())

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.request("POST", path, **more)


def in_process(producer: RecordingProducer | None = None, **more: object) -> InProcessClient:
    """A client of the application with these settings. Its lifespan does not run, so nothing is read from Kafka."""
    return InProcessClient(create_app(settings(**more), producer or RecordingProducer(), unreachable_redis()))
