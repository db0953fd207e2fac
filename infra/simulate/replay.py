"""Replays a recording to events.v1 at a given speed, with the ticks that move event time."""

import time
from collections.abc import Callable, Iterable
from typing import Final

import msgspec
from msgspec import Struct

from infra.kafka.blocking_producer import BlockingProducer
from infra.kafka.connection import Kafka
from infra.simulate.recording import Header, header

TICK_MS: Final = 1000
COARSE_TICK_MS: Final = 10_000
"""At full speed a tick per hop of the windows is enough."""

TRAIL_MS: Final = 210_000
"""Ticks continue this long after the last event, so that every window closes and silence is noticed."""

MAX_WAIT_S: Final = 3.0
"""Longest wait for a gap in the recording."""

Sent = Callable[[bytes, Header | None], None]


class Replayed(Struct):
    """Result of a replay. `sent` does not count `ticks`. `first_ms` and `last_ms`: reception of the first and last event."""

    sent: int = 0
    ticks: int = 0
    failed: int = 0
    seconds: float = 0.0
    first_ms: int | None = None
    last_ms: int | None = None
    last_tick_ms: int | None = None


class Replay:
    """One replay. The same recording gives the same records in each partition, ticks included, at any one speed.

    The ticks after the last event come at once, unless `trail_at_speed`: on a topic of now they would run ahead of the
    clock, and make the events of the next minutes late.
    """

    def __init__(
        self, kafka: Kafka, topic: str, speed: float, on_sent: Sent | None = None, trail_at_speed: bool = False
    ) -> None:
        self._trail_at_speed = trail_at_speed
        self._speed = speed
        self._tick_ms = TICK_MS if speed else COARSE_TICK_MS
        self._on_sent = on_sent
        self._topic = topic
        self._producer = BlockingProducer(kafka, linger_ms=0 if speed else 20)
        self._partitions = self._producer.partitions(topic)
        self.result = Replayed()
        self._next_tick_ms = 0
        self._base: tuple[float, int] = (0.0, 0)

    def run(self, recording: Iterable[bytes]) -> Replayed:
        """Sends all records and waits until Kafka has acknowledged them."""
        began = time.monotonic()
        try:
            for record in recording:
                self._send(record)
            self._trail()
            self.result.failed = self._producer.flush()
        finally:
            self.result.seconds = time.monotonic() - began
        return self.result

    def _send(self, record: bytes) -> None:
        read = header(record)
        if read is not None:
            self._wait(read.received_at_ms)
            self._tick_until(read.received_at_ms)
            self.result.last_ms = max(read.received_at_ms, self.result.last_ms or 0)
        key = read.session_id.encode("utf-8", "replace") if read is not None else None
        if self._on_sent is not None:
            self._on_sent(record, read)
        # What is no event has no session: it goes where every replay will put it.
        self._put(record, key, None if key is not None else self._partitions[0])
        self.result.sent += 1

    def _put(self, record: bytes, key: bytes | None, partition: int | None) -> None:
        self._producer.send(self._topic, record, key, partition)

    @property
    def problem(self) -> str:
        """Why Kafka has not taken the first of those that failed; empty if it took all."""
        return self._producer.problem

    def _wait(self, at_ms: int) -> None:
        """Waits until the moment of the recording has come."""
        if self.result.first_ms is None:
            self.result.first_ms = at_ms
            self._base = (time.monotonic(), at_ms)
            self._next_tick_ms = at_ms // self._tick_ms * self._tick_ms
        if not self._speed:
            return
        while True:
            wall, begin_ms = self._base
            due_s = wall + (at_ms - begin_ms) / 1000 / self._speed - time.monotonic()
            if due_s <= 0:
                return
            if due_s > MAX_WAIT_S:
                self._base = (wall - due_s + MAX_WAIT_S, begin_ms)
                waited_ms = int(MAX_WAIT_S * self._speed * 1000)
                skipped = max(at_ms - waited_ms - self._next_tick_ms, 0) // self._tick_ms
                self._next_tick_ms += skipped * self._tick_ms
                continue
            # Ticks come on time also while nothing else does.
            to_tick_s = due_s - (at_ms - self._next_tick_ms) / 1000 / self._speed
            if to_tick_s >= due_s:
                time.sleep(due_s)
                return
            time.sleep(max(to_tick_s, 0.0))
            self._tick_once(self._next_tick_ms)

    def _tick_until(self, at_ms: int) -> None:
        """Sends the ticks due before an event; in a long gap only the last, since one is enough to move event time."""
        behind = (at_ms - self._next_tick_ms) // self._tick_ms
        if behind > 10:
            self._next_tick_ms += behind * self._tick_ms
        while self._next_tick_ms <= at_ms:
            self._tick_once(self._next_tick_ms)

    def _tick_once(self, at_ms: int) -> None:
        for partition in self._partitions:
            self._put(tick(partition, at_ms), b"tick", partition)
            self.result.ticks += 1
        self.result.last_tick_ms = at_ms
        self._next_tick_ms = at_ms + self._tick_ms

    def _trail(self) -> None:
        if self.result.last_ms is None:
            return
        end_ms = self.result.last_ms + TRAIL_MS
        self._tick_ms = COARSE_TICK_MS
        while self._next_tick_ms <= end_ms:
            self._tick_once(self._next_tick_ms)
            if self._speed:
                pause_s = self._tick_ms / 1000 / self._speed
                time.sleep(pause_s if self._trail_at_speed else min(0.05, pause_s))


def tick(partition: int, at_ms: int) -> bytes:
    """The record that moves the event time of a partition."""
    return msgspec.json.encode(
        {
            "event_id": f"tick-{partition}-{at_ms}",
            "type": "tick",
            "occurred_at_ms": at_ms,
            "received_at_ms": at_ms,
            "session_id": "tick",
        }
    )
