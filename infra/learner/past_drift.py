"""Finds out when readers have drifted: a learner that starts again has kept nothing of it."""

import logging
from contextlib import closing
from typing import Final, NamedTuple

import msgspec

from infra.kafka.connection import Kafka
from infra.kafka.reading import KafkaRefusalError, TopicReader, UnknownTopicError
from schemas.drift import DriftLook
from schemas.topics import DRIFT
from schemas.unreadable import UNREADABLE

_log: Final = logging.getLogger(__name__)


class PastDrift(NamedTuple):
    """When drifts of readers were found first (event time of the looks), oldest first, and whether the newest look found any."""

    found_ms: list[int]
    lasts: bool


def past_drift(kafka: Kafka, from_ms: int) -> PastDrift:
    """Returns what the looks on drift.v1 from `from_ms` on found; nothing where drift.v1 cannot be read by these rights. Raises
    `StreamError`."""
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
        _log.warning("when readers drifted is not known, so the reference may hold readers of before: %s", error)
        return PastDrift([], False)
    return _beginnings(sorted(looks))


def _beginnings(looks: list[tuple[int, bool]]) -> PastDrift:
    """
    >>> _beginnings([(1, True), (2, False), (3, True), (4, True)]), _beginnings([(1, True), (2, False)])
    (PastDrift(found_ms=[1, 3], lasts=True), PastDrift(found_ms=[1], lasts=False))
    """
    found, before = [], False
    for at_ms, has_drifted in looks:
        if has_drifted and not before:
            found.append(at_ms)
        before = has_drifted
    return PastDrift(found, before)
