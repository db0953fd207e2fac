"""Readers who tell which length suits them, sent to the contract's own topics: first in haste, then as the clock goes."""

import heapq
import threading
import time
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import numpy as np

from infra.simulate.replay import tick
from schemas.outcomes import Outcome
from schemas.topics import EVENTS, OUTCOMES
from tests.support.broker import PrefixedTopics

SESSION_S: Final = 150
SLICE_S: Final = 10
TOLD_AT_S: Final = 140
"""Second of a session in which its reader tells the length: two windows at least end with a minute before."""

HASTE: Final = 60
CALM_HOVER_MS, DRIFTED_HOVER_MS = 800.0, 4_000.0
DRIFT_WORDS: Final = 200.0
NOISE_WORDS: Final = 25.0
METRIC: Final = "preferred_content_length"


def visit(seed: int, number: int, start_ms: int, has_drifted: bool) -> tuple[list[dict[str, Any]], Outcome]:
    """Returns the events of a session, and what its reader tells.

    Readers at a desktop who click much and those with a phone who click little wish 300 words more than the others. Those who
    have drifted hover five times as long, and wish 200 words more.
    """
    random = np.random.default_rng([seed, number])
    session_id = f"reader-{seed}-{number}"
    device, clicks_a_minute = str(random.choice(["desktop", "mobile"])), float(random.choice([1.0, 10.0]))
    hover_ms = DRIFTED_HOVER_MS if has_drifted else CALM_HOVER_MS
    events: list[dict[str, Any]] = []

    def add(kind: str, at_s: float, value: float | None = None) -> None:
        at_ms = start_ms + int(at_s * 1000)
        events.append(
            {
                "event_id": f"{session_id}-{len(events)}",
                "type": kind,
                "occurred_at_ms": at_ms,
                "received_at_ms": at_ms,
                "session_id": session_id,
                "content_id": f"article-{number % 20}",
                "content_type": "news",
                "value": value,
                "context": {"device": device},
            }
        )

    add("page_view", 0.0)
    for begin_s in range(0, SESSION_S, SLICE_S):
        add("heartbeat", begin_s + 9.0, 5_000.0)
        add("hover", begin_s + 4.0, float(random.gamma(4.0, hover_ms / 4.0)))
        for _ in range(int(random.poisson(clicks_a_minute / 6))):
            add("click", begin_s + float(random.uniform(0.5, 9.5)))
    wish = 300.0 + (300.0 if (device == "desktop") == (clicks_a_minute > 5.0) else 0.0)
    told = wish + (DRIFT_WORDS if has_drifted else 0.0) + float(random.normal(0.0, NOISE_WORDS))
    at_ms = start_ms + TOLD_AT_S * 1000
    return sorted(events, key=lambda each: each["occurred_at_ms"]), Outcome(
        None, session_id, None, at_ms, METRIC, round(told)
    )


class DriftingReaders:
    """Sends readers in a thread. Event time runs at `HASTE` until it has caught up with the clock, then as the clock does.

    `drift_ms` is the event time from which readers who come have drifted. `pause_at_ms` stops event time; None lets it run.
    `per_minute` new readers come; it may be changed.
    """

    def __init__(self, topics: PrefixedTopics, seed: int, begin_ms: int, drift_ms: int, per_minute: int) -> None:
        self._topics, self._seed = topics, seed
        self._drift_ms, self.per_minute = drift_ms, per_minute
        self._at_ms = self._next_ms = begin_ms
        self._number = 0
        self._waiting: list[tuple[int, int, bool, dict[str, Any] | Outcome]] = []
        self._order = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.pause_at_ms: int | None = None
        self.caught_up = threading.Event()
        self.problem: BaseException | None = None

    @property
    def at_ms(self) -> int:
        """Event time that has been reached."""
        return self._at_ms

    def __enter__(self) -> "DriftingReaders":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        assert self.problem is None, self.problem

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._second()
        except BaseException as error:
            self.problem = error

    def _second(self) -> None:
        """Sends one second of event time, once it is due."""
        if self.pause_at_ms is not None and self._at_ms >= self.pause_at_ms:
            time.sleep(0.05)
            return
        ahead_s = (self._at_ms + 1_000) / 1000 - time.time()
        if ahead_s > 0:
            self.caught_up.set()
            time.sleep(ahead_s)
        else:
            time.sleep(1 / HASTE)
        self._at_ms += 1_000
        while self._next_ms < self._at_ms:
            events, outcome = visit(self._seed, self._number, self._next_ms, self._next_ms >= self._drift_ms)
            for each in events:
                self._wait_for(each["occurred_at_ms"], True, each)
            self._wait_for(outcome.occurred_at_ms, False, outcome)
            self._number, self._next_ms = self._number + 1, self._next_ms + 60_000 // self.per_minute
        self._send(self._due())

    def _wait_for(self, at_ms: int, is_event: bool, record: dict[str, Any] | Outcome) -> None:
        self._order += 1
        heapq.heappush(self._waiting, (at_ms, self._order, is_event, record))

    def _due(self) -> Iterator[tuple[bool, dict[str, Any] | Outcome]]:
        while self._waiting and self._waiting[0][0] < self._at_ms:
            _, _, is_event, record = heapq.heappop(self._waiting)
            yield is_event, record

    def _send(self, due: Iterator[tuple[bool, dict[str, Any] | Outcome]]) -> None:
        producer = self._topics.producer
        for is_event, record in due:
            session_id = record.session_id if isinstance(record, Outcome) else record["session_id"]
            topic = self._topics.name(EVENTS if is_event else OUTCOMES)
            producer.produce(topic, msgspec.json.encode(record), session_id)
        for partition in range(EVENTS.partitions):
            producer.produce(self._topics.name(EVENTS), tick(partition, self._at_ms), b"tick", partition)
        producer.poll(0)
