"""AckedProducer with a fake client: what happens when Kafka's client fails fatally."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from infra.kafka.producer import AckedProducer, OutgoingRecord, ProducerUnavailableError

RECORD = OutgoingRecord("topic", b"key", b"value")


class FakeClient(Producer):
    """Acknowledges at the next poll; once it is broken it raises there, as librdkafka's binding does, and takes nothing."""

    def __init__(self, _: dict[str, Any]) -> None:
        super().__init__({"log_level": 0})
        self._waiting: deque[Callable[[KafkaError | None, Any], None]] = deque()
        self._lock = threading.Lock()
        self.holds = self.is_broken = self._has_said_so = False

    def list_topics(self, *_: Any, **__: Any) -> Any:
        raise KafkaException(KafkaError(KafkaError._TRANSPORT))  # noqa: SLF001

    def produce(self, *_: Any, on_delivery: Any = None, **__: Any) -> None:
        if self.is_broken:
            raise KafkaException(KafkaError(KafkaError._FATAL, "lost its place", fatal=True))  # noqa: SLF001
        with self._lock:
            self._waiting.append(on_delivery)

    def poll(self, _: float = 0.0) -> int:
        if self.is_broken and not self._has_said_so:
            self._has_said_so = True
            raise KafkaException(KafkaError(KafkaError._FATAL, "lost its place", fatal=True))  # noqa: SLF001
        if not self.holds:
            self._answer(None)
        threading.Event().wait(0.001)
        return 0

    def _answer(self, error: KafkaError | None) -> None:
        with self._lock:
            while self._waiting:
                self._waiting.popleft()(error, None)

    def purge(self, *_: Any, **__: Any) -> None:
        self._answer(KafkaError(KafkaError._PURGE_QUEUE))  # noqa: SLF001

    def flush(self, *_: Any) -> int:
        self._answer(None)
        return 0

    def __len__(self) -> int:
        return len(self._waiting)


def test_after_a_fatal_error_what_was_queued_fails_and_a_new_client_goes_on() -> None:
    made: list[FakeClient] = []

    def make(config: dict[str, Any]) -> FakeClient:
        made.append(FakeClient(config))
        return made[-1]

    async def story() -> None:
        producer = AckedProducer("nowhere", ack_timeout_ms=2_000, make=make)
        async with producer.running():
            await producer.wait_acked(producer.send([RECORD]))
            made[0].holds = True
            waiting = producer.send([RECORD, RECORD])
            made[0].is_broken = True
            with pytest.raises(ProducerUnavailableError):
                await producer.wait_acked(waiting)
            while len(made) == 1:
                await asyncio.sleep(0.01)
            await producer.wait_acked(producer.send([RECORD]))
            assert producer.is_writable("topic")
            assert producer.unacked_records == 0

    asyncio.run(asyncio.wait_for(story(), 10))
    assert len(made) == 2
