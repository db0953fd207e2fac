"""Sends what has been so far at once and the rest when its time comes, with a tick each second, as gateways do."""

import time
from collections.abc import Sequence
from threading import Event, Thread
from types import TracebackType
from typing import Final, Self

from confluent_kafka import Producer

from infra.simulate.recording import header
from infra.simulate.replay import Replayed, tick
from schemas.topics import EVENTS

TICK_MS: Final = 1_000
COARSE_TICK_MS: Final = 10_000
"""For what has been."""


class LifePace:
    """Sends a recording whose times surround now. Ticks go on until the end of the `with`; `result` holds the last."""

    def __init__(self, bootstrap: str, topic: str, recording: Sequence[bytes]) -> None:
        # As the gateway writes.
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": 2,
                "partitioner": "murmur2_random",
            }
        )
        self._topic = topic
        self._recording = recording
        self._stop = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self.result = Replayed()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        next_tick_ms = 0
        for record in self._recording:
            read = header(record)
            assert read is not None
            next_tick_ms = next_tick_ms or read.received_at_ms // COARSE_TICK_MS * COARSE_TICK_MS
            while next_tick_ms <= read.received_at_ms and not self._stop.is_set():
                next_tick_ms = self._tick(next_tick_ms)
            self._wait(read.received_at_ms)
            if self._stop.is_set():
                break
            self._producer.produce(self._topic, record, read.session_id.encode())
            self._producer.poll(0)
            self.result.sent += 1
        while not self._stop.is_set():
            next_tick_ms = self._tick(next_tick_ms)
        self.result.failed = self._producer.flush(30)

    def _tick(self, at_ms: int) -> int:
        """Sends the ticks of a moment when it has come, and returns when the next are due."""
        self._wait(at_ms)
        for partition in range(EVENTS.partitions):
            self._producer.produce(self._topic, tick(partition, at_ms), b"tick", partition)
        self._producer.poll(0)
        self.result.last_tick_ms = at_ms
        step_ms = COARSE_TICK_MS if at_ms + COARSE_TICK_MS < time.time() * 1000 else TICK_MS
        return at_ms + step_ms

    def _wait(self, at_ms: int) -> None:
        """Returns when the moment has come, or when told to stop."""
        self._producer.poll(0)
        if (wait_s := at_ms / 1000 - time.time()) > 0:
            self._stop.wait(wait_s)
