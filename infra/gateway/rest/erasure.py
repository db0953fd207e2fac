"""Erases a person's data (DELETE /v1/people/{user_id}) and lists what cannot be erased yet."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError

from infra.gateway.components import GatewayContext
from infra.gateway.errors import ApiError
from infra.gateway.settings import Settings
from infra.kafka.producer import OutgoingRecord, ProducerUnavailableError
from infra.kafka.reading import StreamError, TopicReader
from infra.redis import keys
from models.session_clock import SESSION_END_MS
from schemas.topics import ADJUSTMENTS, EVENTS, LATE, OUTCOMES, REJECTED, SESSION_STATE, Topic

REDIS_TIMEOUT_S: Final = 2.0
READ_TIMEOUT_S: Final = 60.0
"""For reading session-state.v1, which holds at most two days of sessions."""

_REMAINING: Final = {
    EVENTS: "events name the person and the sessions",
    LATE: "late events name the sessions",
    ADJUSTMENTS: "commands name the person and the sessions",
    OUTCOMES: "outcomes name the sessions",
    SESSION_STATE: "until 30 minutes after a session's last event the adjust job may write its state again",
    REJECTED: "refused records keep their original bytes",
}


class Remaining(Struct):
    """What a topic keeps until its retention ends: Kafka can delete old records, but not single ones."""

    topic: str
    what: str
    until_ms: int


class Erased(Struct):
    """`sessions`: how many named the person. `tombstones`: how many records were deleted on compacted topics."""

    user_id: str
    sessions: int
    tombstones: int
    redis_keys: int
    remaining: list[Remaining]


class _Owner(Struct):
    session_id: str
    user_id: str | None = None


_owner_decoder = msgspec.json.Decoder(_Owner)


class Eraser:
    """Finds the person's sessions in Redis and on the topic, since Redis may have been emptied."""

    def __init__(self, gateway: GatewayContext) -> None:
        self._gateway = gateway
        self._settings: Settings = gateway.settings
        self._topic = gateway.settings.topic(SESSION_STATE.name)
        # An erasure takes a thread for up to a minute, and threads are few.
        self._one_at_a_time = asyncio.Lock()

    async def erase(self, user_id: str) -> Erased:
        """Erases the person's data; raises `ApiError` 503 if that is not known to be complete, and can then be repeated."""
        async with self._one_at_a_time:
            return await self._erased(user_id)

    async def _erased(self, user_id: str) -> Erased:
        redis: Any = Redis.from_url(
            self._settings.redis_url, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S
        )
        try:
            known = {each.decode() for each in await redis.smembers(keys.user(user_id))}
            sessions = sorted(known | await asyncio.to_thread(_sessions_of, user_id, self._settings, self._topic))
            # The marks come first: they stop the projector from writing these sessions again.
            deleted = await _delete_keys(redis, user_id, sessions)
            await self._write_tombstones(sessions)
        except (RedisError, OSError) as error:
            raise ApiError(
                503, "unavailable", f"not erased: Redis does not answer ({error}); retry later", retry_after_s=5
            ) from None
        except (StreamError, ProducerUnavailableError, TimeoutError) as error:
            raise ApiError(
                503, "unavailable", f"not erased: Kafka does not answer ({error}); retry later", retry_after_s=5
            ) from None
        finally:
            await redis.aclose()
        now_ms = time.time_ns() // 1_000_000
        remaining = [Remaining(topic.name, what, now_ms + _retention_ms(topic)) for topic, what in _REMAINING.items()]
        return Erased(user_id, len(sessions), len(sessions), deleted, remaining)

    async def _write_tombstones(self, sessions: Sequence[str]) -> None:
        producer = self._gateway.producer
        tombstones = [OutgoingRecord(self._topic, each.encode(), None) for each in sessions]
        await producer.wait_acked(producer.send(tombstones))


def _retention_ms(topic: Topic) -> int:
    if topic.retention_ms is None:
        return SESSION_END_MS + (topic.compacted_retention_ms or 0)
    return topic.retention_ms


async def _delete_keys(redis: Any, user_id: str, sessions: Sequence[str]) -> int:
    """Marks the sessions as erased and deletes their keys; returns how many keys there were."""
    marking = redis.pipeline(transaction=False)
    for each in sessions:
        marking.set(keys.erased(each), b"1", px=keys.ERASED_LIFE_MS)
    await marking.execute()
    held = [key for each in sessions for key in (keys.session(each), keys.recent(each), keys.adjustments(each))]
    return int(await redis.delete(keys.user(user_id), *held))


def _sessions_of(user_id: str, settings: Settings, topic: str) -> set[str]:
    """Reads all of session-state.v1 for the person's sessions. Blocks; raises `StreamError` or `TimeoutError`."""
    sessions: set[str] = set()
    deadline_s = time.monotonic() + READ_TIMEOUT_S
    with TopicReader(settings.kafka, topic) as reader:
        for record in reader.read_to_end(quiet_s=0.0):
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"{topic} was not read within {READ_TIMEOUT_S:.0f} s")
            owner = _owner(record.value)
            if owner is not None and owner.user_id == user_id:
                sessions.add(owner.session_id)
    return sessions


def _owner(value: bytes | None) -> _Owner | None:
    try:
        return None if value is None else _owner_decoder.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
