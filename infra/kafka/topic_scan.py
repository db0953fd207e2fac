"""Scans the newest records of topics for those that somebody asks about."""

import time
from collections.abc import Callable, Iterator, Sequence

from infra.kafka.connection import Kafka
from infra.kafka.reading import Record, TopicReader

SCAN_TIMEOUT_S = 10.0


def scan_latest(
    kafka: Kafka,
    topics: Sequence[str],
    last: int,
    wanted: Callable[[Record], bool],
    timeout_s: float = SCAN_TIMEOUT_S,
) -> Iterator[Record]:
    """Yields the wanted ones of the last so many records of each partition, in no order across partitions.

    Uncommitted records count; topics that do not exist are left out. Ends after `timeout_s` with what was found until
    then. Raises `StreamError`.
    """
    deadline_s = time.monotonic() + timeout_s
    with TopicReader(kafka, *topics, isolation="read_uncommitted", missing_ok=True) as reader:
        reader.seek_back(last)
        for record in reader.read_to_end(quiet_s=0.0):
            if wanted(record):
                yield record
            if time.monotonic() > deadline_s:
                return


def has_key(key: str) -> Callable[[Record], bool]:
    """A predicate for `scan_latest`."""
    wanted = key.encode("utf-8", "replace")
    return lambda record: record.key == wanted
