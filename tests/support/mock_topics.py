"""Topics of librdkafka's mock cluster with records in them, for endpoints that only read Kafka."""

from collections.abc import Iterable
from typing import Any

import msgspec
from confluent_kafka import Producer

from infra.bench.mock_kafka import MockKafka


def write(kafka: MockKafka, topic: str, records: Iterable[tuple[str, Any]]) -> None:
    """Writes (key, record): a record as JSON, bytes as they are; it is there when this returns."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    for key, record in records:
        value = record if isinstance(record, bytes) else msgspec.json.encode(record)
        producer.produce(topic, value, key.encode("utf-8", "replace"))
    assert producer.flush(30) == 0
