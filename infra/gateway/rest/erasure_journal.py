"""Journals erasures in Redis: what is still to be done of each, and which sessions are erased, for all gateways."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from infra.gateway.erased_sessions import Erasure
from infra.redis import keys
from models.session_clock import SESSION_END_MS
from models.session_state import person_digest

MAX_CHUNK: Final = 500
"""Sessions that are worked on at once."""

TOMBSTONE_AGAIN_MS: Final = SESSION_END_MS + 60_000
"""After the adjust job has ended a session that was left when it was erased."""

_SESSION, _PERSON = "s:", "p:"


class ErasureJournal:
    """The steps of an erasure that concern Redis. Each can be repeated.

    `Redis` may fail in any of them: `RedisError` or `OSError`.
    """

    def __init__(self, redis: Any) -> None:
        self._redis = redis

    async def begin(self, user_id: str, sessions: Iterable[str]) -> None:
        """Records sessions as still to be erased, before anything of them goes."""
        for chunk in chunks(sessions):
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.sadd(keys.erasure(user_id), *chunk)
            pipeline.pexpire(keys.erasure(user_id), keys.USER_LIFE_MS)
            await pipeline.execute()

    async def open_sessions(self, user_id: str) -> set[str]:
        """Returns the person's sessions: those indexed, and those that an erasure has not finished."""
        found = [*await self._redis.smembers(keys.user(user_id)), *await self._redis.smembers(keys.erasure(user_id))]
        return {each.decode() for each in found}

    async def delete_keys(self, user_id: str, sessions: Sequence[str], now_ms: int) -> int:
        """Marks sessions as erased and deletes their keys; returns how many keys there were.

        The marks come first: they stop collector and projector from writing the sessions again.
        """
        deleted = 0
        for chunk in chunks(sessions):
            marking = self._redis.pipeline(transaction=True)
            for each in chunk:
                marking.set(keys.erased(each), b"1", px=keys.ERASED_LIFE_MS)
            marking.zadd(keys.ERASED_LOG, {_SESSION + each: now_ms for each in chunk})
            marking.zadd(keys.TOMBSTONES_DUE, {each: now_ms + TOMBSTONE_AGAIN_MS for each in chunk})
            await marking.execute()
            held = [key for each in chunk for key in (keys.session(each), keys.recent(each), keys.adjustments(each))]
            deleted += await self._redis.delete(*held)
        await self._redis.zadd(keys.ERASED_LOG, {_PERSON + person_digest(user_id): now_ms})
        await self._redis.zremrangebyscore(keys.ERASED_LOG, 0, now_ms - keys.ERASED_LIFE_MS)
        await self._redis.pexpire(keys.ERASED_LOG, keys.ERASED_LIFE_MS)
        return deleted

    async def finish(self, user_id: str, sessions: Sequence[str]) -> int:
        """Removes the index and then the journal; returns how many keys that were.

        Only these sessions leave the index: one that began meanwhile stays findable.
        """
        had_index = await self._redis.exists(keys.user(user_id))
        for chunk in chunks(sessions):
            await self._redis.srem(keys.user(user_id), *chunk)
        has_index = await self._redis.exists(keys.user(user_id))
        await self._redis.delete(keys.erasure(user_id))
        return int(had_index and not has_index)

    async def due_tombstones(self, now_ms: int) -> list[str]:
        found = await self._redis.zrangebyscore(keys.TOMBSTONES_DUE, 0, now_ms, start=0, num=MAX_CHUNK)
        return [each.decode() for each in found]

    async def remove_due(self, sessions: Sequence[str]) -> None:
        await self._redis.zrem(keys.TOMBSTONES_DUE, *sessions)

    async def log_since(self, at_ms: int) -> dict[str, float]:
        """Returns the entries of the log of erasures from then on, with their times."""
        found = await self._redis.zrangebyscore(keys.ERASED_LOG, at_ms, "+inf", withscores=True)
        return {entry.decode(): score for entry, score in found}

    async def is_erased(self, sessions: Sequence[str]) -> set[str]:
        """Returns those of the sessions that are marked as erased."""
        found: set[str] = set()
        for chunk in chunks(sessions):
            pipeline = self._redis.pipeline(transaction=False)
            for each in chunk:
                pipeline.exists(keys.erased(each))
            marks = await pipeline.execute()
            found.update(each for each, marked in zip(chunk, marks, strict=True) if marked)
        return found


def erasure_of_log(entries: Iterable[str]) -> Erasure:
    listed = list(entries)
    return Erasure(
        frozenset(each.removeprefix(_SESSION) for each in listed if each.startswith(_SESSION)),
        frozenset(each.removeprefix(_PERSON) for each in listed if each.startswith(_PERSON)),
    )


def chunks(sessions: Iterable[str]) -> Iterator[list[str]]:
    listed = list(sessions)
    for start in range(0, len(listed), MAX_CHUNK):
        yield listed[start : start + MAX_CHUNK]
