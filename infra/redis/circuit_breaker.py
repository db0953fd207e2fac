"""Circuit breaker for Redis: after a failure, fail fast for one second instead of waiting for each timeout."""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from redis.exceptions import RedisError

_log = logging.getLogger(__name__)

OPEN_S: Final = 1.0
"""How long the circuit stays open after a failure."""

T = TypeVar("T")


class CircuitBreaker:
    """Runs requests to Redis; None where one fails, and at once while the circuit is open.

    `on_failure` is called for each request that has failed, for a counter.
    """

    def __init__(self, on_failure: Callable[[], None]) -> None:
        self._on_failure = on_failure
        self._open_until_s = 0.0
        self._down = False

    async def call(self, request: Callable[[], Awaitable[T]]) -> T | None:
        """After a failure only the first request of each second is tried; the others return None meanwhile."""
        now_s = time.monotonic()
        if now_s < self._open_until_s:
            return None
        if self._down:
            self._open_until_s = now_s + OPEN_S
        try:
            result = await request()
        except (RedisError, OSError, TimeoutError) as error:
            self._open_until_s = time.monotonic() + OPEN_S
            self._on_failure()
            if not self._down:
                _log.warning("Redis does not answer, continuing without it: %s", error)
            self._down = True
            return None
        if self._down:
            _log.warning("Redis answers again")
        self._down, self._open_until_s = False, 0.0
        return result
