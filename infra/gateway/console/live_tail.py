"""Tails the topics for the console, as server-sent events.

Kafka is read only while somebody watches, and no faster than people can read: where more comes in, the tail skips to the end and
reports how many records it left out. So a console costs the collector little, whatever the load.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

import msgspec

from infra.gateway.console import record_views
from infra.gateway.settings import Settings
from infra.kafka.reading import Record, StreamError, TopicReader
from schemas.topics import ADJUSTMENTS, EVENTS, LATE, OUTCOMES, REJECTED

BATCH_S: Final = 0.25
MAX_BATCH: Final = 500
"""Records read for one batch, over all topics."""

MAX_SHOWN: Final = 30
"""Records of each kind in a batch; further ones are only counted. Nobody reads as many."""

MAX_BACKLOG: Final = 1_000
"""A partition that is further behind is skipped to its end."""

RECENT_RECORDS: Final = 50
"""Records of each partition that a new watcher sees at once."""

MAX_QUEUED: Final = 20
"""Batches queued for a slow watcher; the oldest are dropped first."""

KEEPALIVE_S: Final = 15.0
RETRY_S: Final = 2.0
_TOPICS: Final = (EVENTS, ADJUSTMENTS, REJECTED, OUTCOMES, LATE)
_encoder: Final = msgspec.json.Encoder()


class LiveTail:
    """One tail for all watchers, in a thread that starts with the first and ends with the last."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._names = {name: topic.name for topic in _TOPICS for name in settings.console_topics(topic.name)}
        self._watchers: set[asyncio.Queue[bytes | None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = threading.Event()

    async def watch(self) -> AsyncIterator[bytes]:
        """Yields server-sent events until the watcher leaves or the gateway ends."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_QUEUED)
        self._loop = asyncio.get_running_loop()
        self._watchers.add(queue)
        if len(self._watchers) == 1:
            # Each thread has an event of its own, so a new watcher never waits for an old thread to stop.
            self._stop = threading.Event()
            threading.Thread(target=self._tail, args=(self._stop,), name="console-tail", daemon=True).start()
        try:
            yield b"retry: 2000\n\n"
            while True:
                try:
                    async with asyncio.timeout(KEEPALIVE_S):
                        batch = await queue.get()
                except TimeoutError:
                    yield b": alive\n\n"
                    continue
                if batch is None:
                    return
                yield b"data: " + batch + b"\n\n"
        finally:
            self._watchers.discard(queue)
            if not self._watchers:
                self._stop.set()

    def end(self) -> None:
        """Ends the streams of all watchers."""
        self._stop.set()
        for queue in self._watchers:
            _offer(queue, None)

    def _tail(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self._follow(stop)
            except StreamError as error:
                self._send(TailBatch(self._names, problem=str(error)))
                stop.wait(RETRY_S)

    def _follow(self, stop: threading.Event) -> None:
        with TopicReader(self._settings.kafka, *self._names, isolation="read_uncommitted", missing_ok=True) as reader:
            reader.seek_back(RECENT_RECORDS)
            while not stop.is_set():
                began_s = time.monotonic()
                batch = TailBatch(self._names)
                for record in reader.poll(BATCH_S, MAX_BATCH):
                    batch.add(record)
                if batch.is_full:
                    batch.skip(_skip_backlog(reader))
                self._send(batch)
                stop.wait(max(0.0, BATCH_S - (time.monotonic() - began_s)))

    def _send(self, batch: "TailBatch") -> None:
        if self._loop is None or self._loop.is_closed():
            return
        line = batch.encoded()
        if line is not None:
            self._loop.call_soon_threadsafe(self._distribute, line)

    def _distribute(self, batch: bytes) -> None:
        for queue in self._watchers:
            _offer(queue, batch)


def _offer(queue: "asyncio.Queue[bytes | None]", batch: bytes | None) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(batch)


def _skip_backlog(reader: TopicReader) -> Counter[str]:
    """Skips partitions that are far behind; returns how many records of each topic that leaves out."""
    skipped: Counter[str] = Counter()
    for (topic, _), records in reader.skip_backlog(MAX_BACKLOG).items():
        skipped[topic] += records
    return skipped


class TailBatch:
    """The records of a quarter of a second. Ticks are not shown: they set the clock."""

    def __init__(self, names: dict[str, str], problem: str = "") -> None:
        self._names = names
        self._problem = problem
        self._read = 0
        self._counts: Counter[str] = Counter()
        self._shown: dict[str, list[dict[str, Any]]] = {"events": [], "commands": [], "rejected": [], "outcomes": []}
        self._clock_ms = 0
        self._skipped = 0

    @property
    def is_full(self) -> bool:
        return self._read >= MAX_BATCH

    def skip(self, records: Counter[str]) -> None:
        """Counts records that were left out."""
        self._skipped += records.total()
        self._counts.update({self._names[topic]: count for topic, count in records.items()})

    def add(self, record: Record) -> None:
        self._read += 1
        topic = self._names.get(record.topic, "")
        fields = record_views.decoded(record.value)
        if fields is None:
            return
        if fields.get("type") == "tick" and topic == EVENTS.name:
            received = fields.get("received_at_ms")
            self._clock_ms = max(self._clock_ms, received if isinstance(received, int) else 0)
            return
        self._counts[topic] += 1
        match topic:
            case EVENTS.name:
                self._show("events", record_views.event, fields)
            case ADJUSTMENTS.name:
                self._show("commands", record_views.command, fields)
            case REJECTED.name:
                self._show("rejected", record_views.rejected, fields)
            case OUTCOMES.name:
                self._show("outcomes", record_views.outcome, fields)

    def _show(self, kind: str, view: Callable[[Mapping[str, Any]], dict[str, Any]], fields: dict[str, Any]) -> None:
        if len(self._shown[kind]) < MAX_SHOWN:
            self._shown[kind].append(view(fields))
        else:
            self._skipped += 1

    def encoded(self) -> bytes | None:
        """JSON on one line; None where nothing happened."""
        content: dict[str, Any] = {name: records for name, records in self._shown.items() if records}
        if self._counts:
            content["counts"] = dict(self._counts)
        for name, value in (("clock_ms", self._clock_ms), ("skipped", self._skipped), ("problem", self._problem)):
            if value:
                content[name] = value
        return _encoder.encode(content) if content else None
