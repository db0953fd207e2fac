"""One Kafka node for all tests, and topics of their own for each."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final
from uuid import uuid4

import msgspec
from confluent_kafka import Producer

from infra.kafka.reading import StreamError, TopicReader
from infra.local import kafka
from infra.local.home import Home
from schemas.topics import EVENTS, TOPICS, Topic
from tests.support.services import kill, process_of, register
from tests.support.waiting import until

ANY_PARTITION: Final = -1
"""librdkafka's own number: the key decides."""


class Broker:
    """A Kafka node that keeps its port and data when it comes back."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._service = register(home, "kafka", kafka.start(home, 0, 0))

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self._service.ports['broker']}"

    def kill(self) -> None:
        kill(self._service)

    def start(self) -> None:
        ports = self._service.ports
        self._service = register(self._home, "kafka", kafka.start(self._home, ports["broker"], ports["controller"]))
        assert self._service.ports == ports, "another process took the broker's port"

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Suspends the process: connections stay open and nothing is answered; afterwards it works off what has come."""
        process = process_of(self._service)
        process.suspend()
        try:
            yield
        finally:
            process.resume()


@dataclass
class PrefixedTopics:
    """Topics of the contract behind a prefix that no other test uses."""

    bootstrap: str
    prefix: str

    @classmethod
    def create(cls, bootstrap: str, topics: tuple[Topic, ...] = TOPICS) -> "PrefixedTopics":
        created = cls(bootstrap, f"test-{uuid4().hex[:8]}-")
        created.add(*topics)
        return created

    def add(self, *topics: Topic) -> None:
        """Creates topics and returns once each partition has a leader that answers."""
        names = [self.name(topic) for topic in topics]
        kafka.create_topics(
            self.bootstrap, tuple(replace(topic, name=name) for topic, name in zip(topics, names, strict=True))
        )
        with TopicReader(self.bootstrap, *names) as reader:
            until(lambda: _answers(reader))

    def name(self, topic: Topic) -> str:
        return self.prefix + topic.name

    @cached_property
    def producer(self) -> Producer:
        # Idempotent, or what is sent again after a change of leaders would stand behind what came later.
        settings = {"enable.idempotence": True, "partitioner": "murmur2_random", "linger.ms": 0}
        return Producer({"bootstrap.servers": self.bootstrap, **settings})

    def put(
        self, topic: Topic, records: Sequence[tuple[str | bytes | None, bytes | None]], partition: int = ANY_PARTITION
    ) -> None:
        """Returns once Kafka has all of them."""
        failures: list[Any] = []
        for key, value in records:
            self.producer.produce(
                self.name(topic),
                value,
                key,
                partition,
                on_delivery=lambda error, _: failures.append(error) if error else None,
            )
            self.producer.poll(0)
        assert self.producer.flush(30) == 0
        assert not failures

    def records(self, topic: Topic = EVENTS) -> list[dict[str, Any]]:
        """Reads the JSON that stands on the topic by now, in the order of each partition, without ticks and deletions."""
        with TopicReader(self.bootstrap, self.name(topic)) as reader:
            found = [msgspec.json.decode(each.value) for each in reader.read_to_end(quiet_s=0.0) if each.value]
        return [each for each in found if each.get("type") != "tick"]


def _answers(reader: TopicReader) -> bool:
    try:
        reader.bounds()
    except StreamError:
        return False
    return True
