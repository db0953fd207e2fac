"""Read-your-writes: stores accepted events in Redis before the response is sent."""

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

REDIS_TIMEOUT_S: Final = 0.04
"""The page waits for it. What Redis does not take in time appears once the adjust job has written its state."""

_NO_ACTIONS: Final = frozenset({"tick", "move", "heartbeat"})
"""Events that show presence, not an action."""


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
