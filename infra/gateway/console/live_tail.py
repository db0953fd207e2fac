"""What happens right now, for those who watch the console: a tail of the topics, as server-sent events.

Kafka is read only while somebody watches, and no faster than people can read: where more comes in, the tail skips to the end and
says how much it left out. So a console costs the collector little, whatever the load.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

import msgspec
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from infra.gateway.console import record_views
from infra.gateway.settings import Settings
from infra.kafka import topic_scan
from schemas.topics import ADJUSTMENTS, EVENTS, LATE, OUTCOMES, REJECTED

EVERY_S: Final = 0.25
MOST_A_TURN: Final = 500
"""Records read in a quarter of a second, over all topics."""

MOST_SHOWN: Final = 30
"""Of each kind and turn; the others are counted. Nobody reads as many."""

BEHIND: Final = 1_000
"""A partition that is further behind is skipped to its end."""

RECENT: Final = 50
"""Records of each partition that a new watcher sees at once."""

WAITING: Final = 20
"""Batches kept for a watcher who is slow; older ones go first."""

ALIVE_S: Final = 15.0
_TOPICS: Final = (EVENTS, ADJUSTMENTS, REJECTED, OUTCOMES, LATE)
_encoder: Final = msgspec.json.Encoder()


class Live:
    """One tail for all watchers: a thread that starts with the first and ends with the last."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._names = {name: topic.name for topic in _TOPICS for name in settings.console_topics(topic.name)}
        self._watchers: set[asyncio.Queue[bytes | None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = threading.Event()

    async def watch(self) -> AsyncIterator[bytes]:
        """Server-sent events until the watcher leaves or the gateway ends."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(WAITING)
        self._loop = asyncio.get_running_loop()
        self._watchers.add(queue)
        if len(self._watchers) == 1:
            # A thread that is told to stop keeps its own event, so a new watcher never waits for an old thread.
            self._stop = threading.Event()
            threading.Thread(target=self._tail, args=(self._stop,), name="console-tail", daemon=True).start()
        try:
            yield b"retry: 2000\n\n"
            while True:
                try:
                    batch = await asyncio.wait_for(queue.get(), ALIVE_S)
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
        """Lets every watcher go."""
        self._stop.set()
        for queue in self._watchers:
            _offer(queue, None)

    def _tail(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self._follow(stop)
            except KafkaException as error:
                self._send(Turn(self._names, problem=error.args[0].str()))
                stop.wait(2.0)

    def _follow(self, stop: threading.Event) -> None:
        reader = topic_scan.consumer(self._settings.bootstrap)
        try:
            places = topic_scan.partitions(reader, list(self._names))
            reader.assign(topic_scan.near_the_end(reader, places, RECENT))
            while not stop.is_set():
                began = time.monotonic()
                turn = Turn(self._names)
                for message in reader.consume(MOST_A_TURN, timeout=EVERY_S):
                    if (error := topic_scan.failure(message)) is not None:
                        raise KafkaException(error)
                    turn.add(message)
                if turn.full:
                    turn.skip(_skip(reader, places))
                self._send(turn)
                stop.wait(max(0.0, EVERY_S - (time.monotonic() - began)))
        finally:
            reader.close()

    def _send(self, turn: "Turn") -> None:
        if self._loop is None or self._loop.is_closed():
            return
        batch = turn.encoded()
        if batch is not None:
            self._loop.call_soon_threadsafe(self._spread, batch)

    def _spread(self, batch: bytes) -> None:
        for queue in self._watchers:
            _offer(queue, batch)


def _offer(queue: "asyncio.Queue[bytes | None]", batch: bytes | None) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(batch)


def _skip(reader: Consumer, places: list[TopicPartition]) -> Counter[str]:
    """Moves partitions that are far behind to where their end was last seen; how many records of each topic that leaves out."""
    skipped: Counter[str] = Counter()
    for place in reader.position(places):
        _, high = reader.get_watermark_offsets(place, cached=True)
        if place.offset >= 0 and high - place.offset > BEHIND:
            skipped[place.topic] += high - place.offset
            # Not OFFSET_END: what has come since that end was seen would be left out without being counted.
            reader.seek(TopicPartition(place.topic, place.partition, high))
    return skipped


class Turn:
    """A quarter of a second. Ticks are counted, not shown: they are the clock."""

    def __init__(self, names: dict[str, str], problem: str = "") -> None:
        self._names = names
        self._problem = problem
        self._read = 0
        self._counts: Counter[str] = Counter()
        self._shown: dict[str, list[dict[str, Any]]] = {"events": [], "commands": [], "rejected": [], "outcomes": []}
        self._clock_ms = 0
        self._skipped = 0

    @property
    def full(self) -> bool:
        return self._read >= MOST_A_TURN

    def skip(self, records: Counter[str]) -> None:
        """They are counted and not shown."""
        self._skipped += records.total()
        self._counts.update({self._names[topic]: count for topic, count in records.items()})

    def add(self, message: Message) -> None:
        if topic_scan.is_end(message):
            return
        self._read += 1
        topic = self._names.get(message.topic() or "", "")
        record = record_views.decoded(message.value())
        if record is None:
            return
        if record.get("type") == "tick" and topic == EVENTS.name:
            received = record.get("received_at_ms")
            self._clock_ms = max(self._clock_ms, received if isinstance(received, int) else 0)
            return
        self._counts[topic] += 1
        match topic:
            case EVENTS.name:
                self._show("events", record_views.event, record)
            case ADJUSTMENTS.name:
                self._show("commands", record_views.command, record)
            case REJECTED.name:
                self._show("rejected", record_views.rejected, record)
            case OUTCOMES.name:
                self._show("outcomes", record_views.outcome, record)

    def _show(self, kind: str, shown: Callable[[Mapping[str, Any]], dict[str, Any]], record: dict[str, Any]) -> None:
        if len(self._shown[kind]) < MOST_SHOWN:
            self._shown[kind].append(shown(record))
        else:
            self._skipped += 1

    def encoded(self) -> bytes | None:
        """JSON on one line; None of a quarter of a second in which nothing happened."""
        told: dict[str, Any] = {name: records for name, records in self._shown.items() if records}
        if self._counts:
            told["counts"] = dict(self._counts)
        for name, value in (("clock_ms", self._clock_ms), ("skipped", self._skipped), ("problem", self._problem)):
            if value:
                told[name] = value
        return _encoder.encode(told) if told else None
