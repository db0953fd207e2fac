"""A reader's page that sends small batches and records what becomes of each, and how far a process's memory grows meanwhile."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Sequence
from statistics import quantiles
from types import TracebackType
from typing import Final, Self
from uuid import uuid4

import msgspec
import psutil
from msgspec import Struct

BATCH: Final = 3
PER_S: Final = 20.0
SESSIONS: Final = 50


class Honest(Struct):
    """What became of an honest sender's requests. `growth_mb`: of the gateway's resident memory, at most."""

    requests: int
    accepted_share: float
    p50_ms: float
    p99_ms: float
    statuses: dict[int, int]
    growth_mb: float


class HonestSender:
    """Sends from 127.0.0.1 while the context lasts. `sessions` replaces the session ids it sends for."""

    def __init__(self, port: int, write_key: str, process: psutil.Process, sessions: Sequence[str] = ()) -> None:
        self._port, self._write_key, self._process = port, write_key, process
        self._sessions = tuple(sessions) or tuple(f"honest-{number}" for number in range(SESSIONS))
        self._run = uuid4().hex[:8]
        self._took_ms: list[float] = []
        self._statuses: Counter[int] = Counter()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._send, self._watch)]
        self._before = self._most = process.memory_info().rss

    def __enter__(self) -> Self:
        for each in self._threads:
            each.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for each in self._threads:
            each.join(20)

    @property
    def count(self) -> int:
        """Requests answered so far."""
        return self._statuses.total()

    def result(self) -> Honest:
        parts = quantiles(self._took_ms, n=100)
        return Honest(
            requests=self.count,
            accepted_share=round(self._statuses[202] / self.count, 4),
            p50_ms=round(parts[49], 1),
            p99_ms=round(parts[98], 1),
            statuses=dict(self._statuses),
            growth_mb=round((self._most - self._before) / 2**20, 1),
        )

    def _send(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=15)
        began, number = time.monotonic(), 0
        while not self._stop.is_set():
            self._stop.wait(max(0.0, began + number / PER_S - time.monotonic()))
            body = self._batch(number)
            sent = time.perf_counter()
            try:
                connection.request("POST", "/v1/events", body, {"x-write-key": self._write_key})
                answer = connection.getresponse()
                answer.read()
                status = answer.status
            except (OSError, http.client.HTTPException):
                connection.close()
                status = 0
            self._took_ms.append((time.perf_counter() - sent) * 1000)
            self._statuses[status] += 1
            number += 1

    def _batch(self, number: int) -> bytes:
        at_ms = time.time_ns() // 1_000_000
        events = [
            {
                "event_id": f"{self._run}-{number}-{each}",
                "type": "click",
                "occurred_at_ms": at_ms,
                "session_id": self._sessions[number % len(self._sessions)],
                "content_id": "article",
            }
            for each in range(BATCH)
        ]
        return msgspec.json.encode({"events": events, "sent_at_ms": at_ms})

    def _watch(self) -> None:
        while not self._stop.wait(0.1):
            self._most = max(self._most, self._process.memory_info().rss)
