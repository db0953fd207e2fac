"""Reading topics: positions, ends and errors, against a broker with transactions."""

import time
from dataclasses import replace
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from infra.kafka.reading import BrokerUnavailableError, Record, StreamError, TopicReader, UnknownTopicError, end_offsets
from infra.kafka.topic_scan import has_key, scan_latest
from infra.local import kafka
from schemas.topics import ADJUSTMENTS

pytestmark = pytest.mark.kafka

PARTITIONS = 2


@pytest.fixture
def topic(bootstrap: str) -> str:
    name = f"read-{uuid4().hex[:8]}"
    kafka.create_topics(bootstrap, (replace(ADJUSTMENTS, name=name, partitions=PARTITIONS),))
    return name


def write(bootstrap: str, topic: str, values: range, partition: int = 0, at_ms: int = 0) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "log_level": 2})
    for each in values:
        producer.produce(topic, str(each).encode(), f"k{each}".encode(), partition, timestamp=at_ms or each + 1)
    assert producer.flush(30) == 0


def values(records: list[Record]) -> list[int]:
    return sorted(int(each.value or b"") for each in records)


def test_all_up_to_the_end_is_read_and_later_what_has_come_since(bootstrap: str, topic: str) -> None:
    write(bootstrap, topic, range(7_000))
    write(bootstrap, topic, range(7_000, 7_010), partition=1)
    with TopicReader(bootstrap, topic) as reader:
        assert values(list(reader.read_to_end(quiet_s=0.0))) == list(range(7_010))
        assert reader.positions == {(topic, 0): 7_000, (topic, 1): 10}
        assert list(reader.read_to_end(quiet_s=0.0)) == []
        write(bootstrap, topic, range(5), partition=1)
        assert values(list(reader.read_to_end(quiet_s=0.0))) == list(range(5))


def test_the_end_behind_transactions_is_found_without_waiting(bootstrap: str, topic: str) -> None:
    """Offsets: five records and a commit marker, two records and an abort marker, then an open transaction."""
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": topic, "log_level": 2})
    producer.init_transactions(30)
    for count, end in ((5, producer.commit_transaction), (2, producer.abort_transaction), (3, producer.flush)):
        producer.begin_transaction()
        for each in range(count):
            producer.produce(topic, str(each).encode(), partition=0)
        # An abort drops what has not been sent yet.
        producer.flush(30)
        end()
    began_s = time.monotonic()
    with TopicReader(bootstrap, topic) as reader:
        assert values(list(reader.read_to_end(quiet_s=0.0))) == list(range(5))
        assert reader.positions[topic, 0] == 9
    # With open transactions its end is further on.
    assert end_offsets(bootstrap, topic)[topic, 0] == 12
    with TopicReader(bootstrap, topic, isolation="read_uncommitted") as reader:
        assert len(list(reader.read_to_end(quiet_s=0.0))) == 10
    assert time.monotonic() - began_s < 5
    producer.abort_transaction()


def test_reading_begins_where_it_is_told(bootstrap: str, topic: str) -> None:
    write(bootstrap, topic, range(100))
    with TopicReader(bootstrap, topic) as reader:
        reader.seek_back(10)
        assert values(list(reader.read_to_end(quiet_s=0.0))) == list(range(90, 100))
        # Record n is of the instant n + 1.
        reader.seek_to_time(51)
        assert values(list(reader.read_to_end(quiet_s=0.0))) == list(range(50, 100))
        reader.seek_to_time(1_000)
        assert list(reader.read_to_end(quiet_s=0.0)) == []
        reader.assign({(topic, 0): 98})
        assert values(list(reader.read_to_end(quiet_s=0.0))) == [98, 99]


def test_a_backlog_is_skipped_and_counted(bootstrap: str, topic: str) -> None:
    write(bootstrap, topic, range(3_000))
    with TopicReader(bootstrap, topic, isolation="read_uncommitted") as reader:
        first: list[Record] = []
        end_s = time.monotonic() + 15
        # The end of the empty partition may come first, with no record.
        while not first:
            assert time.monotonic() < end_s
            first = reader.poll(1.0, max_records=10)
        skipped = reader.skip_backlog(over=1_000)
        write(bootstrap, topic, range(3_000, 3_003))
        rest = list(reader.read_to_end(quiet_s=0.0))
    assert len(first) + skipped[topic, 0] == 3_000
    assert values(rest) == [3_000, 3_001, 3_002]


def test_ends_are_reached_once_all_partitions_are_read(bootstrap: str, topic: str) -> None:
    write(bootstrap, topic, range(10))
    with TopicReader(bootstrap, topic) as reader:
        assert not reader.has_reached_ends
        end_s = time.monotonic() + 10
        found: list[Record] = []
        while not reader.has_reached_ends:
            assert time.monotonic() < end_s
            found += reader.poll(0.2)
        assert values(found) == list(range(10))


def test_offsets_of_a_group_are_committed_and_found_again(bootstrap: str, topic: str) -> None:
    places = [(topic, 0), (topic, 1)]
    with TopicReader(bootstrap, topic, group_id=f"group-of-{topic}") as reader:
        assert reader.committed(places) == {(topic, 0): None, (topic, 1): None}
        reader.commit({(topic, 0): 7})
    with TopicReader(bootstrap, topic, group_id=f"group-of-{topic}") as reader:
        assert reader.committed(places) == {(topic, 0): 7, (topic, 1): None}


def test_a_scan_finds_the_newest_records_of_a_key(bootstrap: str, topic: str) -> None:
    for _ in range(3):
        write(bootstrap, topic, range(10))
    assert len(list(scan_latest(bootstrap, [topic, "no-such-topic"], 20, has_key("k3")))) == 2
    assert list(scan_latest(bootstrap, ["no-such-topic"], 20, has_key("k3"))) == []


def test_what_cannot_be_read_is_said_in_words(bootstrap: str) -> None:
    with (
        TopicReader(bootstrap, "no-such-topic") as reader,
        pytest.raises(UnknownTopicError, match=f"there is no topic no-such-topic at {bootstrap}"),
    ):
        reader.poll(0.1)
    with (
        TopicReader("127.0.0.1:1", "any") as reader,
        pytest.raises(BrokerUnavailableError, match=r"no Kafka at 127.0.0.1:1"),
    ):
        reader.find_partitions()
    assert issubclass(UnknownTopicError, StreamError)
