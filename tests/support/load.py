"""Readers that send batches without rest and send again what was not acknowledged, as the tracker does."""

import http.client
import queue
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import msgspec

from tests.support.credentials import WRITE_KEY
from tests.support.event_builders import now_ms

BATCH = 20


@dataclass(order=True)
class _Due:
    at_s: float
    number: int
    events: list[dict[str, Any]] = field(compare=False)


class Load:
    """`rate` new batches a second, whatever becomes of them; each is repeated until it is acknowledged.

    `acknowledged` holds the ids of events for which the answer was 202, `answers` counts statuses (0: no answer).
    """

    def __init__(self, port: int, rate: float, threads: int = 6) -> None:
        self._port, self._rate = port, rate
        # What one test has sent is known to Redis in the next.
        self._run = uuid4().hex[:8]
        self._due: queue.PriorityQueue[_Due] = queue.PriorityQueue()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._open = 0
        self._is_over = False
        self.acknowledged: set[str] = set()
        self.answers: Counter[int] = Counter()
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(threads)]
        self._pace = threading.Thread(target=self._make, daemon=True)

    def start(self) -> "Load":
        for each in (*self._threads, self._pace):
            each.start()
        return self

    def finish(self, patience_s: float = 150.0) -> int:
        """Makes no more, waits until all is acknowledged; returns how many batches are not.

        What is answered later is not counted: who compares `acknowledged` with a topic reads that now.
        """
        self._stop.set()
        self._pace.join()
        end = time.monotonic() + patience_s
        while self._open and time.monotonic() < end:
            time.sleep(0.05)
        with self._lock:
            self._is_over = True
            return self._open

    def _make(self) -> None:
        began, number = time.monotonic(), 0
        while not self._stop.is_set():
            due_s = began + number / self._rate
            time.sleep(max(0.0, due_s - time.monotonic()))
            events = [
                {
                    "event_id": f"{self._run}-{number}-{each}",
                    "type": "scroll",
                    "occurred_at_ms": now_ms(),
                    "session_id": f"reader-{number % 50}",
                    "content_id": f"article-{each}",
                    "value": each / BATCH,
                    "context": {"device": "mobile", "language": "de"},
                }
                for each in range(BATCH)
            ]
            with self._lock:
                self._open += 1
            self._due.put(_Due(due_s, number, events))
            number += 1

    def _send(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        while True:
            due = self._due.get()
            time.sleep(max(0.0, due.at_s - time.monotonic()))
            status, again_s = self._post(connection, due.events)
            with self._lock:
                if self._is_over:
                    return
                self.answers[status] += 1
                if status == 202:
                    self._open -= 1
                    self.acknowledged.update(each["event_id"] for each in due.events)
            if status != 202:
                self._due.put(_Due(time.monotonic() + again_s, due.number, due.events))

    def _post(self, connection: http.client.HTTPConnection, events: list[dict[str, Any]]) -> tuple[int, float]:
        body = msgspec.json.encode({"events": events, "sent_at_ms": now_ms()})
        try:
            connection.request("POST", "/v1/events", body, {"x-write-key": WRITE_KEY})
            answer = connection.getresponse()
            told = answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return 0, 0.3
        if answer.status == 202:
            assert msgspec.json.decode(told)["rejected"] == []
        return answer.status, float(answer.headers.get("retry-after", "1"))
