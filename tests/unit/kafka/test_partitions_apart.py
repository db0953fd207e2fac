"""AckedProducer with a fake client of which one partition does not acknowledge: the others go on."""

import asyncio
from typing import Any

import pytest

from infra.kafka.partitioner import partition_of
from infra.kafka.producer import AckedProducer, OutgoingRecord, ProducerUnavailableError
from tests.unit.kafka.test_producer import FakeClient

PARTITIONS = 4
STUCK = 1


class PartitionedClient(FakeClient):
    """Knows the topic's partitions; acknowledges all but the stuck one, until that `recovers`."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self.recovers = False
        self._kept: list[Any] = []

    def list_topics(self, *_: Any, **__: Any) -> Any:
        partition = type("Partition", (), {"leader": 1})
        topic = type("Topic", (), {"error": None, "partitions": {number: partition for number in range(PARTITIONS)}})
        return type("Metadata", (), {"topics": {"topic": topic}})

    def produce(self, topic: str, value: Any, key: bytes, *, partition: int, on_delivery: Any) -> None:  # type: ignore[override]
        chosen = partition if partition >= 0 else partition_of(key, PARTITIONS)
        if topic == "other" or chosen != STUCK or self.recovers:
            super().produce(on_delivery=on_delivery)
        else:
            self._kept.append(on_delivery)

    def poll(self, timeout: float = 0.0) -> int:
        if self.recovers:
            while self._kept:
                self._kept.pop()(None, None)
        return super().poll(timeout)


def key_on(partition: int) -> bytes:
    return next(key for key in (b"reader-%d" % n for n in range(100)) if partition_of(key, PARTITIONS) == partition)


def record(partition: int, topic: str = "topic") -> OutgoingRecord:
    return OutgoingRecord(topic, key_on(partition), b"value")


def test_a_partition_that_does_not_acknowledge_stops_only_itself() -> None:
    made: list[PartitionedClient] = []

    def make(config: dict[str, Any]) -> PartitionedClient:
        made.append(PartitionedClient(config))
        return made[-1]

    async def story() -> None:
        producer = AckedProducer("nowhere", ack_timeout_ms=100, make=make)
        async with producer.running():
            await asyncio.to_thread(producer.find_leaders, ["topic"])
            stuck = producer.send([record(STUCK), record(2)])
            with pytest.raises(ProducerUnavailableError):
                await producer.wait_acked(stuck)
            for partition in (0, 2, 3):
                await producer.wait_acked(producer.send([record(partition)]))
            with pytest.raises(ProducerUnavailableError):
                producer.send([record(0), record(STUCK)])
            with pytest.raises(ProducerUnavailableError):
                producer.send([OutgoingRecord("topic", b"tick", b"", STUCK)])
            assert producer.blocked() == {("topic", STUCK)}
            assert producer.is_writable("topic")
            made[0].recovers = True
            await asyncio.wait_for(asyncio.shield(stuck), 5)
            await producer.wait_acked(producer.send([record(STUCK)]))
            assert producer.blocked() == frozenset()

    asyncio.run(asyncio.wait_for(story(), 20))


def test_a_topic_whose_partitions_are_unknown_stops_as_a_whole_and_no_other() -> None:
    async def story() -> None:
        producer = AckedProducer("nowhere", ack_timeout_ms=100, make=PartitionedClient)
        async with producer.running():
            with pytest.raises(ProducerUnavailableError):
                await producer.wait_acked(producer.send([record(STUCK)]))
            assert not producer.is_writable("topic")
            assert producer.is_writable("other")
            with pytest.raises(ProducerUnavailableError):
                producer.send([record(0)])
            await producer.wait_acked(producer.send([record(STUCK, "other")]))

    asyncio.run(asyncio.wait_for(story(), 20))
