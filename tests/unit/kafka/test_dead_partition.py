"""A partition without a leader that answers ends a reading with an error, and holds no thread for ever."""

import time

import pytest

from infra.bench.mock_kafka import DEAD_BROKER, is_available, mock_kafka
from infra.kafka.reading import REQUEST_TIMEOUT_S, SILENCE_TIMEOUT_S, StreamError, TopicReader
from schemas.topics import EVENTS

pytestmark = pytest.mark.skipif(not is_available(), reason="the installed Kafka client has no mock cluster")


def test_reading_to_the_end_gives_up_where_a_partition_does_not_answer() -> None:
    began_s = time.monotonic()
    with mock_kafka(has_dead_broker=True) as kafka:
        kafka.set_leader(EVENTS.name, 1, DEAD_BROKER)
        with TopicReader(kafka.bootstrap, EVENTS.name) as reader, pytest.raises(StreamError, match=kafka.bootstrap):
            list(reader.read_to_end())
    assert time.monotonic() - began_s < SILENCE_TIMEOUT_S + 4 * REQUEST_TIMEOUT_S
