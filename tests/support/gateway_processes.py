"""A real broker, a real Redis and the gateway as users start it: processes that can be killed and come back."""

import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import psutil
from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from redis import Redis

from infra.gateway.ingest.deduplication import RedisSeenIds
from infra.gateway.settings import Settings
from infra.kafka.reading import TopicReader
from infra.local import kafka, processes, redis
from infra.local.home import PROJECT, Home, ServiceRecord
from infra.redis.client import create_client
from schemas.topics import EVENTS, REJECTED, Topic

WRITE_KEY = "key-of-the-tests"
SOURCE = "tests"


class Broker:
    """One Kafka node that keeps its port and data when it comes back."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._service = kafka.start(home, 0, 0)

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self._service.ports['broker']}"

    def kill(self) -> None:
        _kill(self._service)

    def start(self) -> None:
        ports = self._service.ports
        self._service = kafka.start(self._home, ports["broker"], ports["controller"])
        assert self._service.ports == ports, "somebody took the broker's port"

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Alive, but it answers nobody; afterwards it goes on with what has come meanwhile."""
        process = processes.find(self._service)
        assert process is not None
        process.suspend()
        try:
            yield
        finally:
            process.resume()

    def stop(self) -> None:
        processes.stop(self._service)

    def create_topics(self, prefix: str, topics: tuple[Topic, ...] = (EVENTS, REJECTED)) -> None:
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            admin.create_topics(
                [
                    NewTopic(
                        prefix + each.name,
                        num_partitions=each.partitions,
                        replication_factor=1,
                        topic_configs=each.config,
                    )
                    for each in topics
                ],
                wait_for_metadata=True,
            )
        finally:
            admin.close()


class RedisServer:
    def __init__(self, home: Home) -> None:
        self._home = home
        self._service = redis.start(home, 0)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._service.ports['redis']}/0"

    def kill(self) -> None:
        _kill(self._service)

    def start(self) -> None:
        self._service = redis.start(self._home, self._service.ports["redis"])

    def stop(self) -> None:
        processes.stop(self._service)

    def knows(self, event_id: str) -> bool:
        """Whether a gateway that has just started would take it for a repeat."""
        seen = RedisSeenIds(create_client(self.url, 1.0), Settings().seen_ids)
        ((bucket, mark),) = seen.slots([f"{SOURCE}\n{event_id}"])
        with Redis.from_url(self.url) as client:
            return bool(client.exists(bucket)) and mark in client.get(bucket)


@dataclass
class Running:
    """`microadjust gateway` in a process of its own, with topics that nobody else uses."""

    broker: Broker
    redis_url: str
    home: Home
    more: Mapping[str, str] = field(default_factory=dict)
    prefix: str = field(default_factory=lambda: f"t{uuid4().hex[:8]}-")
    port: int = 0

    def __post_init__(self) -> None:
        self.broker.create_topics(self.prefix)
        self.port = processes.free_port(0)
        self._service: ServiceRecord | None = None
        self.client = httpx.Client(base_url=self.url, timeout=15.0, headers={"x-write-key": WRITE_KEY})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def process(self) -> psutil.Process:
        assert self._service is not None
        return psutil.Process(self._service.pid)

    @property
    def log(self) -> Path:
        return self.home.log(f"gateway-{self.prefix}")

    def start(self) -> "Running":
        settings = {
            "MICROADJUST_HOME": str(self.home.path),
            "MICROADJUST_WRITE_KEYS": f"{SOURCE}:{WRITE_KEY}",
            "MICROADJUST_GATEWAY_PORT": str(self.port),
            "MICROADJUST_GATEWAY_REDIS_URL": self.redis_url,
            "MICROADJUST_GATEWAY_TOPICS_PREFIX": self.prefix,
            "MICROADJUST_GATEWAY_IP_REQUESTS_PER_S": "100000",
            "MICROADJUST_GATEWAY_IP_BURST": "100000",
            "MICROADJUST_BOOTSTRAP": self.broker.bootstrap,
            **self.more,
        }
        argv = [sys.executable, "-m", "infra.cli", "gateway"]
        environ = {**os.environ, **settings, "PYTHONPATH": str(PROJECT)}
        self._service = processes.start(argv, self.log, environ, {"http": self.port})
        processes.wait_until(lambda: processes.listens(self.port), "the gateway", self._service, self.log)
        return self

    def kill(self) -> None:
        assert self._service is not None
        _kill(self._service)

    def stop(self) -> None:
        self.client.close()
        if self._service is not None:
            processes.stop(self._service)

    def post(self, events: list[dict[str, Any]], **more: Any) -> httpx.Response:
        return self.client.post("/v1/events", json={"events": events, **more})

    def records(self, topic: Topic = EVENTS) -> list[dict[str, Any]]:
        """What stands on the topic by now, ticks left out, in the order of each partition."""
        with TopicReader(self.broker.bootstrap, self.prefix + topic.name) as reader:
            found = [msgspec.json.decode(record.value or b"") for record in reader.read_to_end(quiet_s=0.0)]
        return [each for each in found if each.get("type") != "tick"]


def event(event_id: str = "", **more: Any) -> dict[str, Any]:
    """A click of now."""
    fields = {"event_id": event_id or uuid4().hex, "type": "click", "occurred_at_ms": now_ms(), "session_id": "anna"}
    return {**fields, **more}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def _kill(service: ServiceRecord) -> None:
    """As the system does when memory is short: at once, without a last word."""
    process = processes.find(service)
    assert process is not None
    process.send_signal(signal.SIGKILL)
    process.wait(10)
