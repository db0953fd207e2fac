"""Writes records to Kafka and reports when every in-sync replica has acknowledged them."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Producer

from infra.kafka.blocked_partitions import BlockedPartitions, Destination, Place
from infra.kafka.connection import Kafka, KafkaConnection
from infra.kafka.refusals import RefusalLog

_log = logging.getLogger(__name__)

_RECORD_OVERHEAD_BYTES: Final = 200
"""What a record takes in librdkafka's queue, beside key and value."""

_FLUSH_TIMEOUT_S: Final = 5.0

REFUSED_WAIT_S: Final = 1.0
"""Before another client is made for a user who may not write."""


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

    __slots__ = ("bytes", "done", "failure", "lock", "open", "producer", "sent_at_s", "size")

    def __init__(
        self, producer: "AckedProducer", records: Sequence[OutgoingRecord], done: asyncio.Future[None]
    ) -> None:
        self.producer = producer
        self.size = len(records)
        self.open: dict[int, Destination] = {
            number: (each.topic, each.key, each.partition) for number, each in enumerate(records)
        }
        self.bytes = sum(len(each.value or b"") + len(each.key) + _RECORD_OVERHEAD_BYTES for each in records)
        self.done = done
        self.sent_at_s = time.monotonic()
        self.failure = ""
        self.lock = threading.Lock()

    def on_delivery(self, number: int, error: KafkaError | None, message: Any) -> None:
        if error is not None:
            self.producer.refusals.on_delivery(error, message)
        self.settle([number], "" if error is None else error.str())

    def waiting(self) -> list[Destination]:
        """Returns where the records that are not acknowledged were sent to."""
        with self.lock:
            return list(self.open.values())

    def settle(self, numbers: Sequence[int], failure: str = "") -> None:
        with self.lock:
            for each in numbers:
                del self.open[each]
            is_last = not self.open
            self.failure = self.failure or failure
        if is_last:
            self.producer.wake(self)


class AckedProducer:
    """Idempotent producer with acks=all and bounded memory, for one event loop.

    A record stays queued until Kafka has it, however long that takes: a client that got 503 may find its event written
    all the same, and one that sends it again meanwhile waits for the same record (see `Deduplicator`). So nothing is
    written twice, whereas a record given up while in flight might have been stored. With `message_timeout_ms` a record is
    given up after that time all the same: for topics where a loss is better than a full queue.

    Each partition is judged by itself: while one does not acknowledge in time, records for it are refused at once, and
    those for all others go on.
    """

    def __init__(
        self,
        kafka: Kafka,
        *,
        client_id: str = "microadjust",
        ack_timeout_ms: int = 3_000,
        message_timeout_ms: int = 0,
        max_queued_records: int = 20_000,
        max_queued_bytes: int = 16_777_216,
        make: Callable[[dict[str, Any]], Producer] = Producer,
    ) -> None:
        self._kafka, self._client_id, self._make = KafkaConnection.of(kafka), client_id, make
        self.refusals = RefusalLog(self._kafka, _log)
        self._ack_timeout_s = ack_timeout_ms / 1000
        self._message_timeout_ms = message_timeout_ms
        self._max_records, self._max_bytes = max_queued_records, max_queued_bytes
        self._unacked: dict[_Batch, None] = {}
        self._records = self._bytes = 0
        self._stop = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._producer: Producer | None = None
        self._was_reached = False
        self._blocked = BlockedPartitions(self._ack_timeout_s)

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
        blocked = self.blocked()
        if blocked and any(self._blocked.stops((each.topic, each.key, each.partition), blocked) for each in records):
            raise ProducerUnavailableError("Kafka does not acknowledge")
        if not self._has_room(batch):
            raise ProducerUnavailableError("too many records wait for Kafka")
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
                    on_delivery=partial(batch.on_delivery, number),
                )
            except (BufferError, KafkaException) as error:
                batch.settle(range(number, batch.size), str(error))
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

    def is_writable(self, topic: str) -> bool:
        """Whether a partition of the topic acknowledges in time, as far as is known."""
        return self._blocked.is_writable(topic, self.blocked())

    def blocked(self) -> frozenset[Place]:
        """Returns the partitions with a record that has waited longer than the acknowledgement timeout."""
        return self._blocked.find(self._unacked)

    @property
    def was_reached(self) -> bool:
        """Whether Kafka has ever answered. `is_writable` is also true while nothing is sent."""
        return self._was_reached

    @property
    def unacked_records(self) -> int:
        return self._records

    def partitions(self, topic: str, timeout_s: float = 2.0) -> list[int]:
        """Returns the topic's partitions, none while Kafka does not answer. Blocks."""
        return sorted(self.find_leaders([topic], timeout_s).get(topic, {}))

    def find_leaders(self, topics: Sequence[str], timeout_s: float = 2.0) -> dict[str, dict[int, bool]]:
        """Returns for each topic that exists whether each partition has a leader; none while Kafka does not answer. Blocks."""
        assert self._producer is not None
        try:
            known = self._producer.list_topics(timeout=timeout_s).topics
        except KafkaException:
            return {}
        found = {
            topic: {number: each.leader >= 0 for number, each in known[topic].partitions.items()}
            for topic in topics
            if topic in known and known[topic].error is None
        }
        # Replaced, not changed: the event loop reads it meanwhile.
        counts = {topic: len(each) for topic, each in found.items() if each}
        self._blocked.partitions = {**self._blocked.partitions, **counts}
        return found

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
            # What would be given up anyhow is not worth a long wait.
            await asyncio.to_thread(self._producer.flush, 1.0 if self._message_timeout_ms else _FLUSH_TIMEOUT_S)
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
                "message.timeout.ms": self._message_timeout_ms,
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
                if self.refusals.on_fatal(fatal.args[0]):
                    self._stop.wait(REFUSED_WAIT_S)
                else:
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
