"""DELETE /v1/people/{user_id}: what is kept about a person goes, and what cannot go yet is named."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError

from infra.gateway.components import Gateway
from infra.gateway.ingest.producer import Line, LogDown
from infra.gateway.responses import Refusal
from infra.gateway.settings import Settings
from infra.kafka.reading import StreamError, TopicReader
from infra.redis import keys
from models.session_clock import SESSION_END_MS
from schemas.topics import ADJUSTMENTS, EVENTS, LATE, OUTCOMES, REJECTED, SESSION_STATE, Topic

REDIS_PATIENCE_S: Final = 2.0
READ_S: Final = 60.0
"""For session-state.v1, which holds two days of sessions at most."""

_KEPT: Final = {
    EVENTS: "events name the person and the sessions",
    LATE: "late events name the sessions",
    ADJUSTMENTS: "commands name the person and the sessions",
    OUTCOMES: "outcomes name the sessions",
    SESSION_STATE: "until 30 minutes after a session's last event the adjust job may write its state again",
    REJECTED: "refused records keep their original bytes",
}


class Remaining(Struct):
    """What a log keeps until its time is over: Kafka can forget old records, but not single ones."""

    topic: str
    what: str
    until_ms: int


class Erased(Struct):
    """`sessions` are those that named the person; `tombstones` the records deleted on compacted topics."""

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
    """Finds the person's sessions by Redis and by the topic, since Redis may have been emptied."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._settings: Settings = gateway.settings
        self._topic = gateway.settings.topic(SESSION_STATE.name)
        # Each takes a thread for up to a minute, and there are few.
        self._one_at_a_time = asyncio.Lock()

    async def erase(self, user_id: str) -> Erased:
        """Returns when it is done; raises `Refusal` 503 where it is not known to be, and then it can be asked again."""
        async with self._one_at_a_time:
            return await self._erased(user_id)

    async def _erased(self, user_id: str) -> Erased:
        redis: Any = Redis.from_url(
            self._settings.redis_url, socket_timeout=REDIS_PATIENCE_S, socket_connect_timeout=REDIS_PATIENCE_S
        )
        try:
            known = {each.decode() for each in await redis.smembers(keys.user(user_id))}
            sessions = sorted(known | await asyncio.to_thread(_sessions_of, user_id, self._settings, self._topic))
            # The marks come first: from then on the projector writes nothing about these sessions.
            gone = await _forget(redis, user_id, sessions)
            await self._bury(sessions)
        except (RedisError, OSError) as error:
            raise Refusal(503, "unavailable", f"Redis does not answer: {error}", retry_after_s=5) from None
        except (StreamError, LogDown, TimeoutError) as error:
            raise Refusal(503, "unavailable", f"Kafka does not answer: {error}", retry_after_s=5) from None
        finally:
            await redis.aclose()
        now_ms = time.time_ns() // 1_000_000
        remaining = [Remaining(topic.name, what, now_ms + _kept_ms(topic)) for topic, what in _KEPT.items()]
        return Erased(user_id, len(sessions), len(sessions), gone, remaining)

    async def _bury(self, sessions: Sequence[str]) -> None:
        lines = [Line(self._topic, each.encode(), None) for each in sessions]
        await self._gateway.log.acknowledged(self._gateway.log.begin(lines))


def _kept_ms(topic: Topic) -> int:
    if topic.retention_ms is None:
        return SESSION_END_MS + (topic.forgotten_after_ms or 0)
    return topic.retention_ms


async def _forget(redis: Any, user_id: str, sessions: Sequence[str]) -> int:
    """How many keys there were."""
    marking = redis.pipeline(transaction=False)
    for each in sessions:
        marking.set(keys.erased(each), b"1", px=keys.ERASED_LIFE_MS)
    await marking.execute()
    held = [key for each in sessions for key in (keys.session(each), keys.recent(each), keys.adjustments(each))]
    return int(await redis.delete(keys.user(user_id), *held))


def _sessions_of(user_id: str, settings: Settings, topic: str) -> set[str]:
    """Reads all of session-state.v1; blocks. Raises `StreamError`, or `TimeoutError` after a minute."""
    sessions: set[str] = set()
    deadline_s = time.monotonic() + READ_S
    with TopicReader(settings.bootstrap, topic) as reader:
        for record in reader.read_to_end(quiet_s=0.0):
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"{topic} was not read within {READ_S:.0f} s")
            owner = _owner(record.value)
            if owner is not None and owner.user_id == user_id:
                sessions.add(owner.session_id)
    return sessions


def _owner(value: bytes | None) -> _Owner | None:
    try:
        return None if value is None else _owner_decoder.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
