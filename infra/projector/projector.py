"""Projects session-state.v1 and adjustments.v1 into Redis.

Writes first and commits afterwards; where Redis has lost its data, reads the topics again.
"""

import logging
import threading
import time
from collections.abc import Sequence
from typing import Final

from redis import Redis
from redis.exceptions import RedisError

from infra.kafka.reading import Offsets, Partition, Record, StreamError, TopicReader
from infra.projector import redis_generation
from infra.projector.redis_writer import MalformedRecordError, RedisWriter, read_command, read_state
from infra.projector.settings import Settings
from infra.redis import keys
from schemas.session_state import SessionState

_log = logging.getLogger(__name__)

MAX_BATCH: Final = 1_000
LINGER_S: Final = 0.05
"""Longest time a record may wait for others to fill its batch; bounds the delay from topic to Redis."""

CHECK_EVERY_S: Final = 0.5
"""How soon an idle projector notices that Redis was emptied."""

MAX_PAUSE_S: Final = 1.0


class Projector:
    """Reads all partitions of both topics. Committed records only: what a poll returns is never taken back.

    It assigns its partitions itself instead of joining the group: after a crash it continues at once, without waiting for
    a session to time out. Two projectors at a time repeat each other's work and do no harm.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._redis = Redis.from_url(
            settings.redis_url, socket_timeout=2.0, socket_connect_timeout=1.0, health_check_interval=0
        )
        self._writer = RedisWriter.on(self._redis)
        self._reader = TopicReader(
            settings.kafka, settings.session_state_topic, settings.adjustments_topic, group_id=settings.group_id
        )
        self._next: Offsets = {}
        self._batch: list[Record] = []
        self._checked_s = 0.0
        self.written = 0
        self.unreadable = 0
        self.rewinds = 0
        self.failures = 0
        self.problem: str | None = "has not begun"
        """Why it does not get on, None while it does."""
        self.round_at_s = time.monotonic()

    def lag(self) -> dict[Partition, int]:
        """Returns how many records each partition is behind its last known end."""
        try:
            return self._reader.backlog()
        except RuntimeError:
            return {}  # the reader is closed: the process is ending

    def run(self, stop: threading.Event) -> None:
        """Runs until `stop` is set. Redis and Kafka may come and go, and need not be there at the start."""
        failures = 0
        try:
            while not stop.is_set():
                self.round_at_s = time.monotonic()
                try:
                    if not self._next:
                        self.begin()
                    self.step()
                    failures, self.problem = 0, None
                except (RedisError, StreamError) as error:
                    # The batch is kept and its offsets stay uncommitted: nothing is lost, only late.
                    if failures == 0:
                        _log.warning("waiting for Redis and Kafka: %s", error)
                    failures += 1
                    self.failures += 1
                    self.problem = f"waiting for Redis and Kafka: {error}"
                    stop.wait(min(MAX_PAUSE_S, 0.05 * 2 ** min(failures, 6)))
        finally:
            self._reader.close()
            self._redis.close()

    def step(self) -> None:
        """Writes one batch, or checks an idle Redis. Can be called again after a `RedisError` or `StreamError`."""
        if not self._batch:
            self._batch = self._reader.poll(LINGER_S, MAX_BATCH, LINGER_S)
        if not self._batch and time.monotonic() - self._checked_s < CHECK_EVERY_S:
            return
        run_id, missing = redis_generation.find_missing(self._redis, self._next)
        self._checked_s = time.monotonic()
        if missing:
            self._rewind(missing, run_id)
            return
        if self._batch:
            self._write(self._batch)
            self._batch = []
            self._reader.commit(self._next)

    def begin(self) -> None:
        """Goes to the committed offsets. Raises `StreamError`; then it has not begun."""
        partitions = self._reader.find_partitions()
        starts = {each: start for each, (start, _) in self._reader.bounds(partitions).items()}
        committed = self._reader.committed(partitions)
        next_offsets = starts | {each: offset for each, offset in committed.items() if offset is not None}
        self._reader.assign(next_offsets)
        self._next = next_offsets

    def _rewind(self, missing: Sequence[Partition], run_id: str) -> None:
        """Begins again with partitions whose projection Redis does not hold.

        The rewound offset is committed before Redis is marked: a crash in between rewinds once more, a crash
        afterwards continues the rebuild. In the other order the partition would count as rebuilt.
        """
        _log.warning("Redis does not hold the projection of %d partitions: building it again", len(missing))
        self._next |= self._projected_from(missing)
        # The batch is read once more, the marked partitions' part included.
        self._next |= self._first_of_batch(set(self._next) - set(missing))
        self._batch = []
        self._reader.assign(self._next)
        self._reader.commit(self._next)
        redis_generation.mark_projected(self._redis, missing, run_id)
        self.rewinds += 1

    def _projected_from(self, partitions: Sequence[Partition]) -> Offsets:
        """The first records that Redis would still hold; no command is kept for longer than a day."""
        states = [each for each in partitions if each[0] == self._settings.session_state_topic]
        commands = [each for each in partitions if each[0] != self._settings.session_state_topic]
        since_ms = time.time_ns() // 1_000_000 - keys.SESSION_LIFE_MS
        starts = {each: start for each, (start, _) in self._reader.bounds(states).items()}
        return starts | self._reader.offsets_at(since_ms, commands)

    def _first_of_batch(self, partitions: set[Partition]) -> Offsets:
        first: Offsets = {}
        for record in self._batch:
            partition = (record.topic, record.partition)
            if partition in partitions:
                first.setdefault(partition, record.offset)
        return first

    def _write(self, batch: Sequence[Record]) -> None:
        """Writes a batch in one round trip. Of several states of a session only the last is sent."""
        now_ms = time.time_ns() // 1_000_000
        pipeline = self._redis.pipeline(transaction=False)
        states: dict[str, tuple[SessionState | None, int]] = {}
        links: set[tuple[str, str]] = set()
        for record in batch:
            try:
                if record.topic == self._settings.adjustments_topic:
                    command, raw = read_command(record.value)
                    self._writer.command(pipeline, command, raw, now_ms)
                else:
                    session_id, state = read_state(record.key, record.value)
                    states[session_id] = (state, record.timestamp_ms)
                    if state is not None and state.user_id is not None:
                        links.add((state.user_id, session_id))
            except MalformedRecordError as error:
                self.unreadable += 1
                _log.warning("skipped %s %d@%d: %s", record.topic, record.partition, record.offset, error)
        for session_id, (state, appended_at_ms) in states.items():
            self._writer.state(pipeline, session_id, state, appended_at_ms)
        for user_id, session_id in links:
            self._writer.link(pipeline, user_id, session_id)
        pipeline.execute()
        self.written += len(batch)
        for record in batch:
            self._next[record.topic, record.partition] = record.offset + 1
