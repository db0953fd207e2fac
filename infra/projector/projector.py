"""session-state.v1 and adjustments.v1 into Redis: write, then commit; when Redis has forgotten, from the start again."""

import logging
import threading
import time
from typing import Any, Final

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaException, TopicPartition
from redis import Redis
from redis.exceptions import RedisError

from infra.projector import redis_generation
from infra.projector.redis_writer import Unreadable, Writes, read_command, read_state
from infra.projector.settings import Settings
from infra.redis import keys
from schemas.session_state import SessionState

_log = logging.getLogger(__name__)

BATCH: Final = 1_000
WAIT_S: Final = 0.05
"""A record waits at most so long for company: this bounds the delay from topic to Redis."""

LOOK_EVERY_S: Final = 0.5
"""How soon an idle projector notices that Redis was emptied."""

LONGEST_PAUSE_S: Final = 1.0
KAFKA_TIMEOUT_S: Final = 10.0

Place = tuple[str, int]
"""Topic and partition."""


class Projector:
    """Reads all partitions of both topics, committed records only: what a poll shows is never taken back.

    It takes its partitions itself instead of joining the group: after a crash it goes on at once, without waiting for a
    session to time out. Two at a time do each other's work again and harm nothing.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._redis = Redis.from_url(
            settings.redis_url, socket_timeout=2.0, socket_connect_timeout=1.0, health_check_interval=0
        )
        self._writes = Writes.on(self._redis)
        self._consumer = Consumer(
            {
                "bootstrap.servers": settings.bootstrap,
                "group.id": settings.group_id,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 50,
                "queued.max.messages.kbytes": 16_384,
                "reconnect.backoff.max.ms": 1_000,
                "log_level": 2,
            }
        )
        self._next: dict[Place, int] = {}
        self._held: list[Any] = []
        self._looked_s = 0.0
        self.written = 0
        self.unreadable = 0
        self.rewinds = 0

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set. Redis and Kafka may come and go, and need not be there yet."""
        failures = 0
        try:
            while not stop.is_set():
                try:
                    if not self._next:
                        self.begin()
                    self.step()
                    failures = 0
                except (RedisError, KafkaException) as error:
                    # The batch stays in hand and its offsets stay uncommitted: nothing is lost, only late.
                    if failures == 0:
                        _log.warning("waiting for Redis and Kafka: %s", error)
                    failures += 1
                    stop.wait(min(LONGEST_PAUSE_S, 0.05 * 2 ** min(failures, 6)))
        finally:
            self._consumer.close()
            self._redis.close()

    def step(self) -> None:
        """One batch, or a look at an idle Redis. After a `RedisError` or `KafkaException` it can be called again."""
        if not self._held:
            self._held = [record for record in self._consumer.consume(BATCH, WAIT_S) if _is_record(record)]
        if not self._held and time.monotonic() - self._looked_s < LOOK_EVERY_S:
            return
        run_id, unmarked = redis_generation.look(self._redis, self._next)
        self._looked_s = time.monotonic()
        if unmarked:
            self._rewind(unmarked, run_id)
            return
        if self._held:
            self._write(self._held)
            self._held = []
            self._commit()

    def begin(self) -> None:
        """From the committed offsets on. Raises `KafkaException`; then it has not begun."""
        wanted = [TopicPartition(*place) for topic in self._topics for place in self._partitions(topic)]
        starts: dict[Place, int] = {}
        for found in self._consumer.committed(wanted, timeout=KAFKA_TIMEOUT_S):
            place = (found.topic, found.partition)
            starts[place] = found.offset if found.offset != OFFSET_INVALID else self._ends(place)[0]
        self._next = starts
        self._assign()

    @property
    def _topics(self) -> tuple[str, str]:
        return self._settings.session_state_topic, self._settings.adjustments_topic

    def _partitions(self, topic: str) -> list[Place]:
        found = self._consumer.list_topics(topic, timeout=KAFKA_TIMEOUT_S).topics[topic]
        if found.error is not None:
            raise KafkaException(found.error)
        return [(topic, partition) for partition in sorted(found.partitions)]

    def _assign(self) -> None:
        self._consumer.assign([TopicPartition(*place, at) for place, at in self._next.items()])

    def _rewind(self, unmarked: list[Place], run_id: str) -> None:
        """Begins again with partitions whose projection Redis does not hold.

        The rewound offset is committed before Redis is marked: a crash in between rewinds once more, a crash
        afterwards goes on within the rebuilding. The other way round it would count as rebuilt.
        """
        _log.warning("Redis does not hold the projection of %d partitions: building it again", len(unmarked))
        self._next |= {place: self._start(place) for place in unmarked}
        # What is in hand is read once more, the marked partitions' part included.
        self._next |= self._first_held(set(self._next) - set(unmarked))
        self._held = []
        self._assign()
        self._commit()
        redis_generation.mark(self._redis, unmarked, run_id)
        self.rewinds += 1

    def _start(self, place: Place) -> int:
        """Where the records begin that Redis would still hold; no command is kept for longer than a day."""
        low, high = self._ends(place)
        if place[0] == self._settings.session_state_topic:
            return low
        since_ms = time.time_ns() // 1_000_000 - keys.SESSION_LIFE_MS
        (found,) = self._consumer.offsets_for_times([TopicPartition(*place, since_ms)], timeout=KAFKA_TIMEOUT_S)
        return int(found.offset) if found.offset >= 0 else high

    def _ends(self, place: Place) -> tuple[int, int]:
        low, high = self._consumer.get_watermark_offsets(TopicPartition(*place), timeout=KAFKA_TIMEOUT_S)
        return int(low), int(high)

    def _first_held(self, places: set[Place]) -> dict[Place, int]:
        first: dict[Place, int] = {}
        for record in self._held:
            place = (record.topic(), record.partition())
            if place in places:
                first.setdefault(place, record.offset())
        return first

    def _write(self, batch: list[Any]) -> None:
        """One round trip. Of several states of a session only the last is sent."""
        now_ms = time.time_ns() // 1_000_000
        pipeline = self._redis.pipeline(transaction=False)
        states: dict[str, tuple[SessionState | None, int]] = {}
        links: set[tuple[str, str]] = set()
        for record in batch:
            try:
                if record.topic() == self._settings.adjustments_topic:
                    command = read_command(record.value())
                    self._writes.command(pipeline, command, record.value(), now_ms)
                else:
                    session_id, state = read_state(record.key(), record.value())
                    states[session_id] = (state, record.timestamp()[1])
                    if state is not None and state.user_id is not None:
                        links.add((state.user_id, session_id))
            except Unreadable as error:
                self.unreadable += 1
                _log.warning("%s %d@%d: %s", record.topic(), record.partition(), record.offset(), error)
        for session_id, (state, appended_at_ms) in states.items():
            self._writes.state(pipeline, session_id, state, appended_at_ms)
        for user_id, session_id in links:
            self._writes.link(pipeline, user_id, session_id)
        pipeline.execute()
        self.written += len(batch)
        for record in batch:
            self._next[record.topic(), record.partition()] = record.offset() + 1

    def _commit(self) -> None:
        offsets = [TopicPartition(*place, at) for place, at in self._next.items()]
        self._consumer.commit(offsets=offsets, asynchronous=False)


def _is_record(record: Any) -> bool:
    """Kafka's troubles come in the same stream; librdkafka mends what it can by itself."""
    if record.error() is None:
        return True
    _log.warning("Kafka: %s", record.error())
    return False
