"""Reads what stands on a compacted topic now: the newest record of each key."""

import time
from collections.abc import Iterator
from typing import Final

from infra.kafka.connection import Kafka
from infra.kafka.reading import StreamError, TopicReader

READ_TIMEOUT_S: Final = 20.0


def newest_value(kafka: Kafka, topic: str, key: bytes, timeout_s: float = READ_TIMEOUT_S) -> bytes | None:
    """Returns the newest value of a key; None where it has none or was deleted. Raises `StreamError`.

    Reads the whole topic, since nothing indexes it: for a look now and then.
    """
    value: bytes | None = None
    for found, each in _records(kafka, topic, timeout_s):
        if found == key:
            value = each
    return value


def newest_values(
    kafka: Kafka, topic: str, timeout_s: float = READ_TIMEOUT_S, missing_ok: bool = False
) -> dict[bytes, bytes]:
    """Returns the newest value of every key that was not deleted, those changed last at the end. Raises `StreamError`, also for a
    topic that does not exist, unless that is `missing_ok`."""
    found: dict[bytes, bytes] = {}
    for key, value in _records(kafka, topic, timeout_s, missing_ok):
        found.pop(key, None)
        if value is not None:
            found[key] = value
    return found


def _records(
    kafka: Kafka, topic: str, timeout_s: float, missing_ok: bool = False
) -> Iterator[tuple[bytes, bytes | None]]:
    deadline_s = time.monotonic() + timeout_s
    with TopicReader(kafka, topic, missing_ok=missing_ok) as reader:
        for record in reader.read_to_end(quiet_s=0.0):
            yield record.key or b"", record.value
            if time.monotonic() > deadline_s:
                raise StreamError(f"{topic} could not be read to its end within {timeout_s:.0f} s")
