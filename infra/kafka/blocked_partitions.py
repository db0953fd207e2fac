"""Finds the partitions that do not acknowledge in time, so that records for all others go on."""

import time
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from infra.kafka.partitioner import partition_of

MAX_SCANNED: Final = 2_000
"""Overdue records that are looked at to find out which partitions do not acknowledge."""

SCAN_EVERY_S: Final = 0.1

Place = tuple[str, int | None]
"""Topic and partition; None for a topic whose partitions are unknown."""

Destination = tuple[str, bytes, int | None]
"""Topic, key, and partition if it was given."""


class SentBatch(Protocol):
    """Records sent together, and those of them that are not acknowledged."""

    sent_at_s: float

    def waiting(self) -> list[Destination]: ...


class BlockedPartitions:
    """Judges each partition by the oldest record that waits for it. `partitions` is how many each known topic has."""

    def __init__(self, ack_timeout_s: float) -> None:
        self._ack_timeout_s = ack_timeout_s
        self._blocked: frozenset[Place] = frozenset()
        self._scanned_s = 0.0
        self.partitions: Mapping[str, int] = {}

    def find(self, unacked: Iterable[SentBatch]) -> frozenset[Place]:
        """Returns the partitions with a record that has waited too long. `unacked` has the oldest batch first."""
        now_s = time.monotonic()
        oldest = next(iter(unacked), None)
        if oldest is None or now_s - oldest.sent_at_s < self._ack_timeout_s:
            self._blocked = frozenset()
        elif now_s - self._scanned_s >= SCAN_EVERY_S or not self._blocked:
            self._scanned_s = now_s
            self._blocked = self._scan(unacked, now_s - self._ack_timeout_s)
        return self._blocked

    def is_writable(self, topic: str, blocked: frozenset[Place]) -> bool:
        """Whether a partition of the topic is left."""
        of_topic = {partition for name, partition in blocked if name == topic}
        return not of_topic or (None not in of_topic and len(of_topic) < self.partitions.get(topic, 0))

    def stops(self, destination: Destination, blocked: frozenset[Place]) -> bool:
        """Whether a record with that destination would wait as well."""
        return self._place(*destination) in blocked or (destination[0], None) in blocked

    def _scan(self, unacked: Iterable[SentBatch], sent_before_s: float) -> frozenset[Place]:
        found: set[Place] = set()
        left = MAX_SCANNED
        for batch in unacked:
            if batch.sent_at_s > sent_before_s or left <= 0:
                break
            waiting = batch.waiting()
            left -= len(waiting)
            found.update(self._place(*each) for each in waiting)
        return frozenset(found)

    def _place(self, topic: str, key: bytes, partition: int | None) -> Place:
        if partition is None and (partitions := self.partitions.get(topic)):
            partition = partition_of(key, partitions)
        return topic, partition
