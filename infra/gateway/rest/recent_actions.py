"""Read your writes: what the collector has accepted stands in Redis before its answer goes out."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from redis.asyncio import Redis

from infra.redis import keys
from infra.redis.circuit_breaker import CircuitBreaker
from schemas.events import Event
from schemas.session_state import MAX_RECENT, RecentAction

PATIENCE_S: Final = 0.04
"""A reader's page waits: what Redis cannot take by then is seen when the adjust job has written its state."""

_NO_ACTIONS: Final = frozenset({"tick", "move", "heartbeat"})
"""They say that somebody is there, not what they did."""


class RecentActions:
    """Hangs into `Gateway.on_accepted`, so that every endpoint that takes events feeds it."""

    def __init__(self, redis: Redis, breaker: CircuitBreaker) -> None:
        self._redis, self._breaker = redis, breaker

    async def note(self, events: Sequence[Event]) -> None:
        """Returns when Redis has them, or after 40 ms without; the events are safe on Kafka either way."""
        by_session: defaultdict[str, list[Event]] = defaultdict(list)
        for event in events:
            if event.type not in _NO_ACTIONS:
                by_session[event.session_id].append(event)
        if by_session:
            await self._breaker.call(lambda: asyncio.wait_for(self._write(by_session), PATIENCE_S))

    async def _write(self, by_session: dict[str, list[Event]]) -> bool:
        pipeline: Any = self._redis.pipeline(transaction=False)
        for session_id, events in by_session.items():
            newest = sorted(events, key=lambda event: event.occurred_at_ms)[-MAX_RECENT:]
            pipeline.lpush(keys.recent(session_id), *(msgspec.json.encode(_action(event)) for event in newest))
            pipeline.ltrim(keys.recent(session_id), 0, MAX_RECENT - 1)
            pipeline.pexpire(keys.recent(session_id), keys.SESSION_LIFE_MS)
            for user_id in {event.user_id for event in events if event.user_id}:
                pipeline.sadd(keys.user(user_id), session_id)
                pipeline.pexpire(keys.user(user_id), keys.USER_LIFE_MS)
        await pipeline.execute()
        return True


def _action(event: Event) -> RecentAction:
    return RecentAction(event.event_id, event.type, event.content_id, event.occurred_at_ms)
