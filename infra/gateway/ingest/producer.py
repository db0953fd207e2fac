"""What the gateway writes to Kafka, and when it may say so: after every replica in sync has it."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Producer

from infra.gateway.settings import Settings

_log = logging.getLogger(__name__)

_OVERHEAD_BYTES: Final = 200
"""Of a record in librdkafka's queue, beside key and value."""

_LEAVE_S: Final = 5.0


class LogDown(Exception):
    """Kafka does not acknowledge, or too much waits for it already. What was begun may still arrive."""

    retry_after_s = 2


@dataclass(frozen=True, slots=True)
class Line:
    """One record to write; `partition` is chosen by the key where it is None. A value of None deletes the key."""

    topic: str
    key: bytes
    value: bytes | None
    partition: int | None = None


class _Batch:
    """Lines written together. Their callbacks come in the polling thread, the last one wakes the event loop."""

    __slots__ = ("begun", "bytes", "done", "failure", "left", "lock", "log", "size")

    def __init__(self, log: "Log", lines: Sequence[Line], done: asyncio.Future[None]) -> None:
        self.log = log
        self.size = self.left = len(lines)
        self.bytes = sum(len(line.value or b"") + len(line.key) + _OVERHEAD_BYTES for line in lines)
        self.done = done
        self.begun = time.monotonic()
        self.failure = ""
        self.lock = threading.Lock()

    def on_delivery(self, error: KafkaError | None, _: Any) -> None:
        self.answered(1, "" if error is None else error.str())

    def answered(self, lines: int, failure: str = "") -> None:
        with self.lock:
            self.left -= lines
            last = not self.left
            self.failure = self.failure or failure
        if last:
            self.log.wake(self)


class Log:
    """An idempotent producer with acks=all and bounded memory.

    A record stays in the queue until Kafka has it, however long that takes: who was told 503 may find that the event has
    arrived all the same, and one who sends it again meanwhile waits for the same record (see `Seen`).
    Nothing is sent twice then, whereas a record given up while in flight might have been stored.
    """

    def __init__(self, settings: Settings, make: Callable[[dict[str, Any]], Producer] = Producer) -> None:
        self._settings, self._make = settings, make
        self._waiting: dict[_Batch, None] = {}
        self._events = self._bytes = 0
        self._stop = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._producer: Producer | None = None
        self._was_reached = False

    def begin(self, lines: Sequence[Line]) -> asyncio.Future[None]:
        """Hands all lines over or none. The future ends when all are acknowledged; it raises `LogDown`, as this does."""
        assert self._loop is not None
        done: asyncio.Future[None] = self._loop.create_future()
        if not lines:
            done.set_result(None)
            return done
        batch = _Batch(self, lines, done)
        if not self.is_up or not self._has_room(batch):
            raise LogDown("Kafka does not acknowledge")
        self._waiting[batch] = None
        self._events += batch.size
        self._bytes += batch.bytes
        assert self._producer is not None
        for number, line in enumerate(lines):
            try:
                self._producer.produce(
                    line.topic,
                    line.value,
                    line.key,
                    partition=-1 if line.partition is None else line.partition,
                    on_delivery=batch.on_delivery,
                )
            except (BufferError, KafkaException) as refused:
                batch.answered(batch.size - number, str(refused))
                break
        return done

    async def acknowledged(self, *writing: asyncio.Future[None]) -> None:
        """Returns once Kafka has all of it; raises `LogDown` when that takes too long, and lets it go on."""
        pending = {each for each in writing if not each.done()}
        if pending:
            _, late = await asyncio.wait(pending, timeout=self._settings.ack_timeout_ms / 1000)
            if late:
                raise LogDown("Kafka has not acknowledged in time")
        for each in writing:
            each.result()

    @property
    def is_up(self) -> bool:
        """Whether what waits for Kafka waits for less than the time a request would."""
        oldest = next(iter(self._waiting), None)
        return oldest is None or time.monotonic() - oldest.begun < self._settings.ack_timeout_ms / 1000

    @property
    def was_reached(self) -> bool:
        """Whether Kafka has ever answered: nothing waits for it either while nobody writes."""
        return self._was_reached

    @property
    def waiting_events(self) -> int:
        return self._events

    def partitions(self, topic: str, patience_s: float = 2.0) -> list[int]:
        """The topic's partitions; blocks, and is empty while Kafka does not answer."""
        assert self._producer is not None
        try:
            found = self._producer.list_topics(topic, timeout=patience_s).topics[topic]
        except KafkaException:
            return []
        return sorted(found.partitions) if found.error is None else []

    def wake(self, batch: _Batch) -> None:
        """From the polling thread: every line of the batch has its answer."""
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(self._finish, batch)
        except RuntimeError:
            return  # the loop has ended, and with it whoever waited

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        self._producer = self._connected()
        poller = threading.Thread(target=self._poll, name="kafka-deliveries", daemon=True)
        poller.start()
        try:
            yield
        finally:
            await asyncio.to_thread(self._producer.flush, _LEAVE_S)
            self._stop.set()
            await asyncio.to_thread(poller.join)

    def _connected(self) -> Producer:
        limits = self._settings
        return self._make(
            {
                "bootstrap.servers": limits.bootstrap,
                "client.id": "microadjust-gateway",
                "acks": "all",
                "enable.idempotence": True,
                "message.timeout.ms": 0,
                # Where kafka-python and Java put a session, it has to be put here too.
                "partitioner": "murmur2_random",
                "linger.ms": 2,
                # Flink's Kafka connector carries none of the native codecs (zstd, lz4, snappy): a job fails on them.
                "compression.type": "none",
                # Above our own bounds, which count what a whole request brings before any of it is queued.
                "queue.buffering.max.messages": 2 * limits.queued_events + 100_000,
                "queue.buffering.max.kbytes": 4 * limits.queued_bytes // 1024 + 8192,
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
                # Nothing else is raised here: an idempotent producer that has lost its place cannot go on.
                _log.error("Kafka's client has failed, going on with another: %s", fatal)
                self._renew()

    def _answers(self) -> bool:
        assert self._producer is not None
        try:
            self._producer.list_topics(timeout=0.2)
        except KafkaException:
            return False
        return True

    def _renew(self) -> None:
        """What waited has failed, and whoever sent it is told so."""
        assert self._producer is not None
        self._producer.purge()
        while len(self._producer):
            with suppress(KafkaException):
                self._producer.poll(0.1)
        self._producer = self._connected()

    def _has_room(self, batch: _Batch) -> bool:
        limits = self._settings
        return self._events + batch.size <= limits.queued_events and self._bytes + batch.bytes <= limits.queued_bytes

    def _finish(self, batch: _Batch) -> None:
        del self._waiting[batch]
        self._events -= batch.size
        self._bytes -= batch.bytes
        if not batch.failure:
            batch.done.set_result(None)
            return
        batch.done.set_exception(LogDown(f"Kafka: {batch.failure}"))
        # Nobody may be waiting any more; that is no error of the loop's.
        batch.done.exception()
