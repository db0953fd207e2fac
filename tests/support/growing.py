"""A replay at the pace of life, in the middle of which the events topic gets more partitions."""

import time
from collections.abc import Sequence

from confluent_kafka.admin import AdminClient, NewPartitions  # type: ignore[attr-defined]
from kafka.partitioner import murmur2

from infra.simulate.recording import header
from infra.simulate.replay import TRAIL_MS, Replayed, tick
from schemas.topics import EVENTS
from tests.support.broker import PrefixedTopics

TICK_MS = 1_000


class GrowingReplay:
    """Writes as gateways do: a session's partition follows from its key and the number of partitions, ticks go to each.

    The new partitions are used at once, when no consumer can know them yet.
    """

    def __init__(self, topics: PrefixedTopics, add_at_s: float, partitions: int) -> None:
        self._topics = topics
        self._add_at_s = add_at_s
        self._grown = partitions
        self._partitions = EVENTS.partitions
        self._moved: set[str] = set()

    @property
    def moved(self) -> int:
        """Sessions that had another partition before."""
        return len(self._moved)

    def run(self, recording: Sequence[bytes]) -> Replayed:
        done, began, next_tick_ms = Replayed(), time.monotonic(), 0
        for record in recording:
            read = header(record)
            if read is None:
                continue
            if done.first_ms is None:
                done.first_ms = next_tick_ms = read.received_at_ms
            time.sleep(max(0.0, began + (read.received_at_ms - done.first_ms) / 1000 - time.monotonic()))
            if self._partitions < self._grown and time.monotonic() - began > self._add_at_s:
                self._add()
            while next_tick_ms <= read.received_at_ms:
                self._tick(next_tick_ms, done)
                next_tick_ms += TICK_MS
            key = read.session_id.encode()
            partition = self._place(key, self._partitions)
            if partition != self._place(key, EVENTS.partitions):
                self._moved.add(read.session_id)
            self._topics.producer.produce(self._topics.name(EVENTS), record, key, partition)
            self._topics.producer.poll(0)
            done.sent += 1
            done.last_ms = max(done.last_ms or 0, read.received_at_ms)
        while next_tick_ms <= (done.last_ms or 0) + TRAIL_MS:
            self._tick(next_tick_ms, done)
            next_tick_ms += 10 * TICK_MS
        assert self._topics.producer.flush(30) == 0
        return done

    def _add(self) -> None:
        admin = AdminClient({"bootstrap.servers": self._topics.bootstrap})
        name = self._topics.name(EVENTS)
        for added in admin.create_partitions([NewPartitions(name, self._grown)]).values():
            added.result(30)
        while len(self._topics.producer.list_topics(name, timeout=10).topics[name].partitions) < self._grown:
            time.sleep(0.01)
        self._partitions = self._grown

    def _tick(self, at_ms: int, done: Replayed) -> None:
        for partition in range(self._partitions):
            self._topics.producer.produce(self._topics.name(EVENTS), tick(partition, at_ms), b"tick", partition)
        done.ticks += self._partitions
        done.last_tick_ms = at_ms

    @staticmethod
    def _place(key: bytes, partitions: int) -> int:
        return int(murmur2(key) & 0x7FFFFFFF) % partitions
