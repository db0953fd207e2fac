"""Finds out when readers drifted last: a learner that starts again has kept nothing of it."""

import logging
from contextlib import closing
from typing import Final

import msgspec

from infra.kafka.connection import Kafka
from infra.kafka.reading import KafkaRefusalError, TopicReader, UnknownTopicError
from schemas.drift import DriftLook
from schemas.topics import DRIFT
from schemas.unreadable import UNREADABLE

_log: Final = logging.getLogger(__name__)


def last_drift_ms(kafka: Kafka, from_ms: int) -> int | None:
    """Returns the event time of the look that found the last drift of readers first, of the looks on drift.v1 from `from_ms` on.
    None where there is none, or where drift.v1 cannot be read by these rights. Raises `StreamError`."""
    looks: list[tuple[int, bool]] = []
    try:
        with closing(TopicReader(kafka, DRIFT.name)) as reader:
            reader.seek_to_time(from_ms)
            for record in reader.read_to_end(quiet_s=0.0):
                try:
                    look = msgspec.json.decode(record.value or b"", type=DriftLook)
                except UNREADABLE:
                    continue
                if look.at_ms >= from_ms:
                    looks.append((look.at_ms, look.readers_have_drifted))
    except (KafkaRefusalError, UnknownTopicError) as error:
        _log.warning("when readers drifted last is not known, so the reference may hold readers of before: %s", error)
        return None
    return _last_beginning(sorted(looks))


def _last_beginning(looks: list[tuple[int, bool]]) -> int | None:
    """
    >>> _last_beginning([(1, True), (2, False), (3, True), (4, True), (5, False)]), _last_beginning([(1, False)])
    (3, None)
    """
    found, before = None, False
    for at_ms, has_drifted in looks:
        if has_drifted and not before:
            found = at_ms
        before = has_drifted
    return found
