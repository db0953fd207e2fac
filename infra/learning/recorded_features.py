"""Reads a time range of the feature log and of the outcomes from Kafka."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct

from infra.kafka.connection import Kafka
from infra.kafka.reading import TopicReader
from schemas.features import FeatureRow, FeatureRowKind, decode_feature_row
from schemas.outcomes import Outcome
from schemas.topics import FEATURES, OUTCOMES, Topic
from schemas.unreadable import UNREADABLE


class FeatureRowHead(Struct):
    """Of a record of features.v1, what tells whether it is wanted: most of a record's time goes into its numbers."""

    session_id: str
    window_end_ms: int
    kind: FeatureRowKind


Wanted = Callable[[FeatureRowHead], bool]

_decode_head: Final = msgspec.json.Decoder(FeatureRowHead).decode
_decode_outcome: Final = msgspec.json.Decoder(Outcome).decode


def last_feature_rows(kafka: Kafka, last_ms: int, wanted: Wanted = lambda head: True) -> Iterator[FeatureRow]:
    """Reads the wanted rows that the broker wrote within the last `last_ms`, one at a time. Raises `StreamError`."""
    yield from _decoded(kafka, FEATURES, last_ms, wanted_decoder(wanted))


def last_outcomes(kafka: Kafka, last_ms: int) -> Iterator[Outcome]:
    """Reads the outcomes that the broker wrote within the last `last_ms`, one at a time. Raises `StreamError`."""
    yield from _decoded(kafka, OUTCOMES, last_ms, _decode_outcome)


def wanted_decoder(wanted: Wanted) -> Callable[[bytes], FeatureRow | None]:
    """Returns a decoder of features.v1 that gives None for what is not wanted. It raises what `UNREADABLE` names."""
    return lambda value: decode_feature_row(value) if wanted(_decode_head(value)) else None


def _decoded(kafka: Kafka, topic: Topic, last_ms: int, decode: Callable[[bytes], Any]) -> Iterator[Any]:
    """What is no record of the topic is passed over: anybody may write to a topic, and one bad record must not stop training."""
    with TopicReader(kafka, topic.name) as reader:
        reader.assign(reader.offsets_at(time.time_ns() // 1_000_000 - last_ms))
        for record in reader.read_to_end(quiet_s=0.0):
            try:
                found = decode(record.value or b"")
            except UNREADABLE:
                continue
            if found is not None:
                yield found
