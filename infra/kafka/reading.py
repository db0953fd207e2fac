"""Reading a topic: what stands there now, or what comes."""

import time
from collections.abc import Iterator
from typing import Any, Final, Literal

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError

PATIENCE_S: Final = 10.0
"""So long a topic may be silent before its end: markers of transactions are no records, and a broker may be busy."""

Isolation = Literal["read_committed", "read_uncommitted"]
Offsets = dict[int, int]
"""By partition, the next record to read."""


class StreamError(Exception):
    """Kafka does not answer, or has no such topic; the message says what to do."""


def consumer(bootstrap: str, topic: str, isolation: Isolation) -> tuple[KafkaConsumer, list[TopicPartition]]:
    """A consumer of all partitions, without a group: it leaves no trace."""
    try:
        found = KafkaConsumer(
            bootstrap_servers=bootstrap,
            isolation_level=isolation,
            enable_auto_commit=False,
            group_id=None,
            bootstrap_timeout_ms=5000,
            fetch_max_wait_ms=20,
            fetch_min_bytes=1,
            max_partition_fetch_bytes=8_388_608,
        )
        partitions = found.partitions_for_topic(topic)
    except KafkaTimeoutError:
        raise StreamError(f"no Kafka at {bootstrap}: start one with `microadjust up`, or give --bootstrap") from None
    if not partitions:
        found.close()
        raise StreamError(f"there is no topic {topic} at {bootstrap}: `microadjust up` creates the topics")
    assigned = [TopicPartition(topic, number) for number in sorted(partitions)]
    found.assign(assigned)
    return found, assigned


def ends(bootstrap: str, topic: str) -> Offsets:
    """Where the topic ends now."""
    reader, partitions = consumer(bootstrap, topic, "read_uncommitted")
    try:
        return {each.partition: offset for each, offset in reader.end_offsets(partitions).items()}
    finally:
        reader.close()


class Tail:
    """Reads a topic on from given offsets (or from the beginning), a bit at a time."""

    def __init__(
        self, bootstrap: str, topic: str, start: Offsets | None = None, isolation: Isolation = "read_committed"
    ) -> None:
        self._reader, self._partitions = consumer(bootstrap, topic, isolation)
        for each in self._partitions:
            self._reader.seek(each, (start or {}).get(each.partition, 0))
        if start is None:
            self._reader.seek_to_beginning(*self._partitions)

    def more(self, wait_s: float) -> list[Any]:
        """The records that have come, in no order across partitions; empty after `wait_s` without any."""
        polled = self._reader.poll(timeout_ms=int(wait_s * 1000), max_records=5000)
        return [record for records in polled.values() for record in records]

    def rest(self, quiet_s: float = 1.0) -> Iterator[Any]:
        """All records up to the end: until nothing has come for `quiet_s`, and all has been read that stood there at first."""
        ends = self._reader.end_offsets(self._partitions)
        patience = time.monotonic() + PATIENCE_S
        while True:
            batch = self.more(quiet_s)
            yield from batch
            if batch:
                patience = time.monotonic() + PATIENCE_S
            elif all(self._reader.position(each) >= end for each, end in ends.items()) or time.monotonic() > patience:
                return

    def close(self) -> None:
        self._reader.close()
