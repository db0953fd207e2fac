"""Read-your-writes: stores accepted events in Redis before the response is sent."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from redis.asyncio import Redis

from infra.redis import keys
from infra.redis.circuit_breaker import CircuitBreaker
from models.session_state import person_digest
from schemas.events import Event
from schemas.session_state import MAX_RECENT, RecentAction

REDIS_TIMEOUT_S: Final = 0.04
"""The page waits for it. What Redis does not take in time appears once the adjust job has written its state."""

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

    async def record(self, events: Sequence[Event]) -> None:
        """Returns when Redis has them, or after 40 ms without; Kafka has the events either way."""
        by_session: defaultdict[str, list[Event]] = defaultdict(list)
        for event in events:
            if event.type not in _NO_ACTIONS:
                by_session[event.session_id].append(event)
        if by_session:
            await self._breaker.call(lambda: asyncio.wait_for(self._write(by_session), REDIS_TIMEOUT_S))

    async def _write(self, by_session: dict[str, list[Event]]) -> bool:
        pipeline: Any = self._redis.pipeline(transaction=False)
        for session_id, events in by_session.items():
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
