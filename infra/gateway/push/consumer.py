"""Consumes adjustments.v1 for the hub, in a thread. Uncommitted records too: a page cannot wait for a checkpoint.

A command whose transaction is aborted comes again with the same id; the hub drops the repeat.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from infra.gateway.push.hub import Hub
from infra.gateway.push.replay_buffer import REPLAY_MS, InvalidCommandError, PushMessage, to_message
from infra.kafka.connection import Kafka
from infra.kafka.reading import Record, StreamError, TopicReader

_log = logging.getLogger(__name__)

STOP_TIMEOUT_S: Final = 5.0
MAX_BATCH: Final = 500
RETRY_S: Final = 0.5


class CommandConsumer:
    """Starts ten minutes back, so that a gateway that has just started knows what its clients may have missed."""

    def __init__(self, kafka: Kafka, topic: str, hub: Hub) -> None:
        self._kafka, self._topic, self._hub = kafka, topic, hub
        self._loop = asyncio.get_running_loop()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="push-consumer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    async def stop(self) -> None:
        self._stop.set()
        await asyncio.to_thread(self._thread.join, STOP_TIMEOUT_S)

    def _run(self) -> None:
        with TopicReader(self._kafka, self._topic, isolation="read_uncommitted") as reader:
            self._begin(reader)
            is_loaded = False
            while not self._stop.is_set():
                try:
                    records = reader.poll(0.2, MAX_BATCH)
                except StreamError as error:
                    _log.warning("reading commands to push: %s", error)
                    self._stop.wait(RETRY_S)
                    continue
                self._publish(records)
                if not is_loaded and reader.has_reached_ends:
                    is_loaded = True
                    self._announce_loaded()

    def _begin(self, reader: TopicReader) -> None:
        """Goes to the start once Kafka answers."""
        warned = False
        while not self._stop.is_set():
            try:
                reader.seek_to_time(time.time_ns() // 1_000_000 - REPLAY_MS)
            except StreamError as error:
                if not warned:
                    _log.warning("no commands to push yet: %s", error)
                warned = True
                self._stop.wait(RETRY_S)
            else:
                return

    def _announce_loaded(self) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._hub.loaded.set)

    def _publish(self, records: Sequence[Record]) -> None:
        if not records:
            return
        batch: list[PushMessage] = []
        for record in records:
            try:
                batch.append(to_message(record))
            except InvalidCommandError as error:
                _log.warning("skipped %s %d@%d: %s", self._topic, record.partition, record.offset, error)
        try:
            asyncio.run_coroutine_threadsafe(self._hub.publish(batch), self._loop).result()
        except RuntimeError:
            # The event loop has ended, and with it all clients.
            self._stop.set()
