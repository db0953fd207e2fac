"""Limits what clients may send: token buckets by address and source, and the memory that request bodies may take."""

import time
from collections import OrderedDict
from typing import Final

from infra.gateway.errors import ApiError

MAX_BUCKETS: Final = 50_000
"""Beyond that the least recently used bucket is dropped; its owner starts with a full one."""


class TokenBuckets:
    """One token bucket per name: refilled with `rate` tokens a second, up to `burst`.

    >>> buckets = TokenBuckets(rate=2.0, burst=3)
    >>> [buckets.wait_s("anna", 1, now_s=0.0) for _ in range(4)]
    [0.0, 0.0, 0.0, 0.5]
    >>> buckets.wait_s("anna", 1, now_s=0.5)
    0.0
    >>> buckets.wait_s("ben", 10, now_s=0.5)
    0.0
    """

    def __init__(self, rate: float, burst: int, max_buckets: int = MAX_BUCKETS) -> None:
        self._rate, self._burst, self._max_buckets = rate, burst, max_buckets
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, name: str, tokens: int, now_s: float | None = None) -> float:
        """Takes the tokens and returns 0, or takes none and returns how long to wait.

        More than fit cost a full bucket: they could never be granted otherwise.
        """
        now_s = time.monotonic() if now_s is None else now_s
        tokens = min(tokens, self._burst)
        level, at_s = self._buckets.pop(name, (float(self._burst), now_s))
        level = min(self._burst, level + (now_s - at_s) * self._rate)
        wait_s = max(0.0, (tokens - level) / self._rate)
        self._buckets[name] = (level if wait_s else level - tokens, now_s)
        if len(self._buckets) > self._max_buckets:
            self._buckets.popitem(last=False)
        return wait_s

    def charge(self, name: str, tokens: int, what: str) -> None:
        """Takes the tokens; raises `ApiError` 429 if there are too few."""
        if wait_s := self.wait_s(name, tokens):
            raise ApiError(429, "too_many", f"too many {what}; retry after {wait_s:.1f} s", retry_after_s=wait_s)


class BodyMemoryBudget:
    """Bounds the bytes of request bodies in memory, over all requests."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0

    def lease(self) -> "BodyMemoryLease":
        return BodyMemoryLease(self)

    def add(self, size: int) -> None:
        """Raises `ApiError` 503, and adds nothing, if it would exceed the budget."""
        if size > 0 and self._bytes + size > self._max_bytes:
            raise ApiError(503, "overloaded", "too many requests in progress; retry after 1 s", retry_after_s=1)
        self._bytes += size


class BodyMemoryLease:
    """The share of one request in the budget; given back when the context ends."""

    def __init__(self, budget: BodyMemoryBudget) -> None:
        self._budget = budget
        self._bytes = 0

    def __enter__(self) -> "BodyMemoryLease":
        return self

    def __exit__(self, *_: object) -> None:
        self._budget.add(-self._bytes)

    def add(self, size: int) -> None:
        self._budget.add(size)
        self._bytes += size
