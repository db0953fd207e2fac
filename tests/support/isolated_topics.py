"""Where a test's records and keys live, and a Redis server that can be killed."""

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import psutil
from confluent_kafka import Producer
from redis import Redis

from infra.local import kafka, processes, redis
from infra.local.home import PROJECT, Home, ServiceRecord
from infra.projector.projector import Projector
from infra.projector.settings import Settings
from schemas.topics import ADJUSTMENTS, EVENTS, OUTCOMES, REJECTED, SESSION_STATE, Topic

TOPICS = (EVENTS, ADJUSTMENTS, OUTCOMES, REJECTED, SESSION_STATE)


class ProjectorProcess:
    """`microadjust projector` as users start it."""

    def __init__(self, places: "Places", home: Home) -> None:
        self._places, self._home = places, home

    def start(self) -> None:
        settings = {
            "MICROADJUST_HOME": str(self._home.path),
            "MICROADJUST_BOOTSTRAP": self._places.bootstrap,
            "MICROADJUST_GATEWAY_REDIS_URL": self._places.redis_url,
            "MICROADJUST_GATEWAY_TOPICS_PREFIX": self._places.prefix,
            "PYTHONPATH": str(PROJECT),
        }
        argv = [sys.executable, "-m", "infra.cli", "projector"]
        self._service = processes.start(argv, self._home.log("projector"), {**os.environ, **settings}, {})

    def kill(self) -> None:
        process = psutil.Process(self._service.pid)
        process.kill()
        process.wait(5)

    def stop(self) -> str:
        """Asks it to end; what it has said."""
        processes.stop(self._service)
        return self._home.log("projector").read_text()


class RedisServer:
    """One server process; after `kill` it can be started again at the same port, and is empty."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self.port = processes.free_port(0)
        self._service: ServiceRecord | None = None

    def start(self) -> None:
        self._service = redis.start(self._home, self.port)
        assert self._service.ports["redis"] == self.port

    def process(self) -> psutil.Process:
        assert self._service is not None
        return psutil.Process(self._service.pid)

    def kill(self) -> None:
        process = self.process()
        process.kill()
        process.wait(5)

    def stop(self) -> None:
        if self._service is not None:
            processes.stop(self._service)


@dataclass(frozen=True)
class Places:
    """Topics by the names of the contract, with a prefix in front."""

    bootstrap: str
    redis_port: int
    prefix: str

    @classmethod
    def fresh(cls, bootstrap: str, redis_port: int) -> "Places":
        prefix = f"test-{uuid4().hex[:8]}-"
        kafka.create_topics(bootstrap, tuple(replace(topic, name=prefix + topic.name) for topic in TOPICS))
        return cls(bootstrap, redis_port, prefix)

    @property
    def redis_url(self) -> str:
        return f"redis://127.0.0.1:{self.redis_port}/0"

    def topic(self, topic: Topic) -> str:
        return self.prefix + topic.name

    def redis(self) -> Any:
        return Redis.from_url(self.redis_url)

    def projector_settings(self, group: str = "projector") -> Settings:
        return Settings(
            self.bootstrap,
            self.redis_url,
            self.topic(SESSION_STATE),
            self.topic(ADJUSTMENTS),
            self.prefix + group,
        )

    def producer(self) -> Producer:
        # Idempotent, or what is sent again after a change of leaders would stand behind what came later.
        settings = {"enable.idempotence": True, "partitioner": "murmur2_random", "linger.ms": 0}
        return Producer({"bootstrap.servers": self.bootstrap, **settings})

    def put(self, topic: Topic, records: Sequence[tuple[str, bytes | None]]) -> None:
        """Returns once Kafka has all of them."""
        failures: list[Any] = []
        producer = self.producer()
        for key, value in records:
            producer.produce(
                self.topic(topic), value, key, on_delivery=lambda error, _: failures.append(error) if error else None
            )
            producer.poll(0)
        assert producer.flush(30) == 0
        assert not failures


@contextmanager
def projecting(settings: Settings) -> Iterator[Projector]:
    """A projector in a thread; what ends it early fails the test."""
    stop = threading.Event()
    failure: list[BaseException] = []

    def run() -> None:
        try:
            projector.run(stop)
        except BaseException as error:  # handed to the test
            failure.append(error)

    projector = Projector(settings)
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield projector
    finally:
        stop.set()
        thread.join(30)
        if failure:
            raise failure[0]
