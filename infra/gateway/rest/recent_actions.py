"""Read-your-writes: stores accepted events in Redis before the response is sent."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from itertools import islice
from typing import Any, Final

import msgspec
from redis.asyncio import Redis

from infra.gateway import metrics
from infra.redis import keys
from infra.redis.circuit_breaker import CircuitBreaker
from models.session_state import person_digest
from schemas.events import Event
from schemas.session_state import MAX_RECENT, RecentAction

REDIS_TIMEOUT_S: Final = 0.04
"""The page waits for it. What Redis does not take in time is stored a little later."""

MAX_SESSIONS_AT_ONCE: Final = 100
"""In one round trip: a batch of many sessions must not keep Redis from others for long."""

MAX_UNFINISHED: Final = 50
"""Batches still being stored; further ones are left out and appear once the adjust job has written their state."""

_NO_ACTIONS: Final = frozenset({"tick", "move", "heartbeat"})
"""Events that show presence, not an action."""

_RECORD: Final = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('LPUSH', KEYS[2], unpack(ARGV, 5))
redis.call('LTRIM', KEYS[2], 0, ARGV[2] - 1)
redis.call('PEXPIRE', KEYS[2], ARGV[3])
for i = 3, #KEYS do
  redis.call('SADD', KEYS[i], ARGV[1])
  redis.call('PEXPIRE', KEYS[i], ARGV[4])
end
return 1
"""
"""Writes nothing for an erased session: neither its actions nor who they are of."""


class RecentActions:
    """A hook of `GatewayContext.on_accepted`, so that it gets the events of every endpoint."""

    def __init__(self, redis: Redis, breaker: CircuitBreaker) -> None:
        self._redis, self._breaker = redis, breaker
        self._unfinished: set[asyncio.Task[bool]] = set()

    async def record(self, events: Sequence[Event]) -> None:
        """Returns when Redis has them, or after 40 ms without; Kafka has the events either way."""
        by_session: defaultdict[str, list[Event]] = defaultdict(list)
        for event in events:
            if event.type not in _NO_ACTIONS:
                by_session[event.session_id].append(event)
        if not by_session:
            return
        if len(self._unfinished) >= MAX_UNFINISHED:
            metrics.RECENT_MISSED.inc()
            return
        # Goes on after the 40 ms: that a batch takes longer does not mean that Redis is down.
        writing = asyncio.get_running_loop().create_task(self._write(by_session))
        self._unfinished.add(writing)
        writing.add_done_callback(self._unfinished.discard)
        await asyncio.wait({writing}, timeout=REDIS_TIMEOUT_S)
        if not writing.done() or not writing.result():
            metrics.RECENT_MISSED.inc()

    async def _write(self, by_session: dict[str, list[Event]]) -> bool:
        """Returns whether Redis has all of it."""
        sessions = iter(by_session.items())
        while part := list(islice(sessions, MAX_SESSIONS_AT_ONCE)):
            if not await self._breaker.call(lambda part=part: self._write_part(part)):  # type: ignore[misc]
                return False
        return True

    async def _write_part(self, part: Sequence[tuple[str, list[Event]]]) -> bool:
        pipeline: Any = self._redis.pipeline(transaction=False)
        for session_id, events in part:
            newest = sorted(events, key=lambda event: event.occurred_at_ms)[-MAX_RECENT:]
            users = sorted({event.user_id for event in events if event.user_id})
            names = [keys.erased(session_id), keys.recent(session_id), *map(keys.user, users)]
            lives = (keys.SESSION_LIFE_MS, keys.USER_LIFE_MS)
            # Not by its digest: asking whether Redis has it would be one round trip more.
            pipeline.eval(_RECORD, len(names), *names, session_id, MAX_RECENT, *lives, *map(_encoded, newest))
        await pipeline.execute()
        return True


class NotedAction(RecentAction):
    """An action with a digest of who was signed in, so that the next person is not shown it."""

    person: str | None = None


def _encoded(event: Event) -> bytes:
    person = None if event.user_id is None else person_digest(event.user_id)
    return msgspec.json.encode(NotedAction(event.event_id, event.type, event.content_id, event.occurred_at_ms, person))
