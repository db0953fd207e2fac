"""Reads adjustments.v1 for the hub, in a thread: uncommitted records too, since a page cannot wait for a checkpoint.

A command whose transaction is aborted comes again with the same id, and the hub drops it then.
"""

import asyncio
import logging
import threading
import time
from contextlib import suppress
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from infra.gateway.push.hub import Hub
from infra.gateway.push.replay_buffer import KEPT_MS, NoCommand, Pushed, pushed

_log = logging.getLogger(__name__)

KAFKA_TIMEOUT_S: Final = 5.0
MOST_AT_ONCE: Final = 500


class Reader:
    """From ten minutes back on, so that a gateway that has just started knows what its clients may have missed."""

    def __init__(self, bootstrap: str, topic: str, hub: Hub) -> None:
        self._bootstrap, self._topic, self._hub = bootstrap, topic, hub
        self._loop = asyncio.get_running_loop()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="push-reader", daemon=True)

    def start(self) -> None:
        self._thread.start()

    async def stop(self) -> None:
        self._stop.set()
        await asyncio.to_thread(self._thread.join, KAFKA_TIMEOUT_S)

    def _run(self) -> None:
        consumer = Consumer(
            {
                "bootstrap.servers": self._bootstrap,
                # Partitions are assigned by hand and nothing is committed; the client wants a name all the same.
                "group.id": "microadjust-push",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_uncommitted",
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 100,
                "queued.max.messages.kbytes": 8_192,
                "reconnect.backoff.max.ms": 500,
                "log_level": 2,
            }
        )
        try:
            behind = self._begin(consumer)
            while not self._stop.is_set():
                first = consumer.poll(0.2)
                # `consume` alone would wait for company up to its timeout.
                batch = [first, *consumer.consume(MOST_AT_ONCE, 0)] if first is not None else []
                self._hand_over([each for each in batch if each.error() is None])
                if behind:
                    behind -= {each.partition() for each in batch if _is_end(each)}
                    if not behind:
                        self._tell_loaded()
        finally:
            consumer.close()

    def _begin(self, consumer: Consumer) -> set[int]:
        """Assigns the partitions, once Kafka answers. Returns them."""
        warned = False
        while not self._stop.is_set():
            try:
                return self._assigned(consumer)
            except (KafkaException, KeyError) as error:
                if not warned:
                    _log.warning("no commands to push yet: %s", error)
                warned = True
                self._stop.wait(0.5)
        return set()

    def _assigned(self, consumer: Consumer) -> set[int]:
        found = consumer.list_topics(self._topic, timeout=KAFKA_TIMEOUT_S).topics[self._topic]
        if found.error is not None:
            raise KafkaException(found.error)
        since_ms = time.time_ns() // 1_000_000 - KEPT_MS
        wanted = [TopicPartition(self._topic, number, since_ms) for number in sorted(found.partitions)]
        starts = consumer.offsets_for_times(wanted, timeout=KAFKA_TIMEOUT_S)
        for place in starts:
            if place.offset < 0:
                _, place.offset = consumer.get_watermark_offsets(place, timeout=KAFKA_TIMEOUT_S)
        consumer.assign(starts)
        return {place.partition for place in starts}

    def _tell_loaded(self) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._hub.loaded.set)

    def _hand_over(self, records: list[Any]) -> None:
        if not records:
            return
        batch: list[Pushed] = []
        for record in records:
            try:
                batch.append(pushed(record.partition(), record.offset(), record.timestamp()[1], record.value()))
            except NoCommand as error:
                _log.warning("%s %d@%d: %s", self._topic, record.partition(), record.offset(), error)
        try:
            asyncio.run_coroutine_threadsafe(self._hub.publish(batch), self._loop).result()
        except RuntimeError:
            # The loop has ended, and with it whoever listened.
            self._stop.set()


def _is_end(record: Any) -> bool:
    """Of a partition, for the moment."""
    error = record.error()
    return error is not None and error.code() == KafkaError._PARTITION_EOF  # noqa: SLF001
