"""Writes records to Kafka and reports when every in-sync replica has acknowledged them."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Producer

from infra.kafka.connection import Kafka, KafkaConnection
from infra.kafka.refusals import RefusalLog

_log = logging.getLogger(__name__)

_RECORD_OVERHEAD_BYTES: Final = 200
"""What a record takes in librdkafka's queue, beside key and value."""

_FLUSH_TIMEOUT_S: Final = 5.0


class ProducerUnavailableError(Exception):
    """Kafka does not acknowledge, or the queue is full. Records already sent may still be written."""

    retry_after_s = 2


@dataclass(frozen=True, slots=True)
class OutgoingRecord:
    """One record to write. The key chooses the partition if `partition` is None; a value of None deletes the key."""

    topic: str
    key: bytes
    value: bytes | None
    partition: int | None = None


class _Batch:
    """Records sent together. Their callbacks run in the polling thread; the last one wakes the event loop."""

    __slots__ = ("bytes", "done", "failure", "lock", "pending", "producer", "sent_at_s", "size")

    def __init__(
        self, producer: "AckedProducer", records: Sequence[OutgoingRecord], done: asyncio.Future[None]
    ) -> None:
        self.producer = producer
        self.size = self.pending = len(records)
        self.bytes = sum(len(each.value or b"") + len(each.key) + _RECORD_OVERHEAD_BYTES for each in records)
        self.done = done
        self.sent_at_s = time.monotonic()
        self.failure = ""
        self.lock = threading.Lock()

    def on_delivery(self, error: KafkaError | None, message: Any) -> None:
        if error is not None:
            self.producer.refusals.on_delivery(error, message)
        self.settle(1, "" if error is None else error.str())

    def settle(self, records: int, failure: str = "") -> None:
        with self.lock:
            self.pending -= records
            is_last = not self.pending
            self.failure = self.failure or failure
        if is_last:
            self.producer.wake(self)


class AckedProducer:
    """Idempotent producer with acks=all and bounded memory, for one event loop.

    A record stays queued until Kafka has it, however long that takes: a client that got 503 may find its event written
    all the same, and one that sends it again meanwhile waits for the same record (see `Deduplicator`). So nothing is
    written twice, whereas a record given up while in flight might have been stored.
    """

    def __init__(
        self,
        kafka: Kafka,
        *,
        client_id: str = "microadjust",
        ack_timeout_ms: int = 3_000,
        max_queued_records: int = 20_000,
        max_queued_bytes: int = 16_777_216,
        make: Callable[[dict[str, Any]], Producer] = Producer,
    ) -> None:
        self._kafka, self._client_id, self._make = KafkaConnection.of(kafka), client_id, make
        self.refusals = RefusalLog(self._kafka, _log)
        self._ack_timeout_s = ack_timeout_ms / 1000
        self._max_records, self._max_bytes = max_queued_records, max_queued_bytes
        self._unacked: dict[_Batch, None] = {}
        self._records = self._bytes = 0
        self._stop = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._producer: Producer | None = None
        self._was_reached = False

    def send(self, records: Sequence[OutgoingRecord]) -> asyncio.Future[None]:
        """Queues all records or none; raises `ProducerUnavailableError`.

        The future ends when all are acknowledged, or raises the same.
        """
        assert self._loop is not None
        done: asyncio.Future[None] = self._loop.create_future()
        if not records:
            done.set_result(None)
            return done
        batch = _Batch(self, records, done)
        if not self.is_healthy or not self._has_room(batch):
            raise ProducerUnavailableError("Kafka does not acknowledge")
        self._unacked[batch] = None
        self._records += batch.size
        self._bytes += batch.bytes
        assert self._producer is not None
        for number, record in enumerate(records):
            try:
                self._producer.produce(
                    record.topic,
                    record.value,
                    record.key,
                    partition=-1 if record.partition is None else record.partition,
                    on_delivery=batch.on_delivery,
                )
            except (BufferError, KafkaException) as error:
                batch.settle(batch.size - number, str(error))
                break
        return done

    async def wait_acked(self, *sent: asyncio.Future[None]) -> None:
        """Returns once Kafka has all of it; raises `ProducerUnavailableError` on timeout, and sending goes on."""
        pending = {each for each in sent if not each.done()}
        if pending:
            _, late = await asyncio.wait(pending, timeout=self._ack_timeout_s)
            if late:
                raise ProducerUnavailableError("Kafka has not acknowledged in time")
        for each in sent:
            each.result()

    @property
    def is_healthy(self) -> bool:
        """Whether the oldest unacknowledged record is younger than the acknowledgement timeout."""
        oldest = next(iter(self._unacked), None)
        return oldest is None or time.monotonic() - oldest.sent_at_s < self._ack_timeout_s

    @property
    def was_reached(self) -> bool:
        """Whether Kafka has ever answered. `is_healthy` alone is also true while nothing is sent."""
        return self._was_reached

    @property
    def unacked_records(self) -> int:
        return self._records

    def partitions(self, topic: str, timeout_s: float = 2.0) -> list[int]:
        """Returns the topic's partitions, none while Kafka does not answer. Blocks."""
        assert self._producer is not None
        try:
            found = self._producer.list_topics(topic, timeout=timeout_s).topics[topic]
        except KafkaException:
            return []
        return sorted(found.partitions) if found.error is None else []

    def wake(self, batch: _Batch) -> None:
        """Called in the polling thread when every record of the batch is settled."""
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(self._finish, batch)
        except RuntimeError:
            return  # the loop is closed, so nothing waits for the batch any more

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Runs the polling thread; flushes at the end."""
        self._loop = asyncio.get_running_loop()
        self._producer = self._create()
        poller = threading.Thread(target=self._poll, name="kafka-deliveries", daemon=True)
        poller.start()
        try:
            yield
        finally:
            await asyncio.to_thread(self._producer.flush, _FLUSH_TIMEOUT_S)
            self._stop.set()
            await asyncio.to_thread(poller.join)

    def _create(self) -> Producer:
        return self._make(
            {
                **self._kafka.librdkafka,
                "error_cb": self.refusals.on_error,
                "client.id": self._client_id,
                "acks": "all",
                "enable.idempotence": True,
                "message.timeout.ms": 0,
                # A session must land on the partition where kafka-python and Java would put it.
                "partitioner": "murmur2_random",
                "linger.ms": 2,
                # Flink's Kafka connector carries none of the native codecs (zstd, lz4, snappy): a job fails on them.
                "compression.type": "none",
                # Above our own bounds, which count a whole request before any of it is queued.
                "queue.buffering.max.messages": 2 * self._max_records + 100_000,
                "queue.buffering.max.kbytes": 4 * self._max_bytes // 1024 + 8192,
                "reconnect.backoff.ms": 50,
                "reconnect.backoff.max.ms": 500,
                "log_level": 2,
            }
        )

    def _poll(self) -> None:
        while not self._stop.is_set():
            assert self._producer is not None
            if not self._was_reached:
                self._was_reached = self._answers()
            try:
                self._producer.poll(0.1)
            except KafkaException as fatal:
                # Only fatal errors are raised here: an idempotent producer that lost its sequence cannot go on.
                _log.error("Kafka's client failed fatally, creating another: %s", fatal)
                self._recreate()

    def _answers(self) -> bool:
        assert self._producer is not None
        try:
            self._producer.list_topics(timeout=0.2)
        except KafkaException:
            return False
        return True

    def _recreate(self) -> None:
        """Fails everything that is queued, which its senders are told, and starts over with a new client."""
        assert self._producer is not None
        self._producer.purge()
        while len(self._producer):
            with suppress(KafkaException):
                self._producer.poll(0.1)
        self._producer = self._create()

    def _has_room(self, batch: _Batch) -> bool:
        return self._records + batch.size <= self._max_records and self._bytes + batch.bytes <= self._max_bytes

    def _finish(self, batch: _Batch) -> None:
        del self._unacked[batch]
        self._records -= batch.size
        self._bytes -= batch.bytes
        if not batch.failure:
            batch.done.set_result(None)
            return
        batch.done.set_exception(ProducerUnavailableError(f"Kafka: {batch.failure}"))
        # Retrieved here, or asyncio would report it where no request waits any more.
        batch.done.exception()
