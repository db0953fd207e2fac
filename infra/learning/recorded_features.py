"""Reads a time range of the feature log and of the outcomes from Kafka."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from infra.kafka.connection import Kafka
from infra.kafka.reading import TopicReader
from models.learning.errors import TrainingDataError
from schemas.features import FeatureRow, decode_feature_row
from schemas.outcomes import Outcome
from schemas.topics import FEATURES, OUTCOMES, Topic

MAX_ROWS: Final = 2_000_000

_decode_outcome: Final = msgspec.json.Decoder(Outcome).decode


def last_feature_rows(kafka: Kafka, last_ms: int) -> Iterator[FeatureRow]:
    """Reads the rows that the broker wrote within the last `last_ms`. Raises `StreamError` and `TrainingDataError`."""
    yield from _decoded(kafka, FEATURES, last_ms, decode_feature_row)


def last_outcomes(kafka: Kafka, last_ms: int) -> Iterator[Outcome]:
    """Reads the outcomes that the broker wrote within the last `last_ms`. Raises `StreamError` and `TrainingDataError`."""
    yield from _decoded(kafka, OUTCOMES, last_ms, _decode_outcome)


def _decoded(kafka: Kafka, topic: Topic, last_ms: int, decode: Callable[[bytes], Any]) -> Iterator[Any]:
    """What is no record of the topic is passed over: anybody may write to a topic, and one bad record must not stop training."""
    with TopicReader(kafka, topic.name) as reader:
        reader.assign(reader.offsets_at(time.time_ns() // 1_000_000 - last_ms))
        for count, record in enumerate(reader.read_to_end(quiet_s=0.0), start=1):
            if count > MAX_ROWS:
                raise TrainingDataError(
                    f"more than {MAX_ROWS:,} records on {topic.name}: give a shorter time with --last"
                )
            try:
                yield decode(record.value or b"")
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
