"""Leaves Redis alone for a moment after it has not answered, so that nobody waits for it in vain."""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from redis.exceptions import RedisError

from infra.gateway import metrics

_log = logging.getLogger(__name__)

REST_S: Final = 1.0

T = TypeVar("T")


class Breaker:
    """Asks Redis, or answers None: at once while it rests, after its client's timeout while it fails."""

    def __init__(self) -> None:
        self._rests_until_s = 0.0
        self._down = False

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T | None:
        """The first question after a rest finds out whether Redis is back; those beside it go on without."""
        now_s = time.monotonic()
        if now_s < self._rests_until_s:
            return None
        if self._down:
            self._rests_until_s = now_s + REST_S
        try:
            answer = await question()
        except (RedisError, OSError, TimeoutError) as error:
            self._rests_until_s = time.monotonic() + REST_S
            metrics.REDIS_DOWN.inc()
            if not self._down:
                _log.warning("Redis does not answer, going on without: %s", error)
            self._down = True
            return None
        if self._down:
            _log.warning("Redis is back")
        self._down, self._rests_until_s = False, 0.0
        return answer
