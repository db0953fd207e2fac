"""Limits what clients may send: token buckets by address and source, and the memory that request bodies may take."""

import time
from collections import Counter, OrderedDict
from typing import Final

from infra.gateway import metrics
from infra.gateway.errors import ApiError

MAX_BUCKETS: Final = 50_000
"""Beyond that the least recently used bucket is dropped; its owner starts with a full one."""

SMALL_BODY_BYTES: Final = 20_480
"""A page's batch has 5 KB."""

MIN_SHARE_BYTES: Final = 1_048_576
"""The largest body, packed and unpacked, has to fit into an address's share."""


class TokenBucket:
    """One token bucket: refilled with `rate` tokens a second, up to `burst`.

    >>> bucket = TokenBucket(rate=2.0, burst=3)
    >>> [bucket.wait_s(1, now_s=0.0) for _ in range(4)]
    [0.0, 0.0, 0.0, 0.5]
    >>> bucket.wait_s(1, now_s=0.5)
    0.0
    """

    __slots__ = ("_at_s", "_burst", "_level", "_rate")

    def __init__(self, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, burst
        self._level, self._at_s = float(burst), -1.0

    def wait_s(self, tokens: int, now_s: float | None = None) -> float:
        """Takes the tokens and returns 0, or takes none and returns how long to wait.

        More than fit cost a full bucket: they could never be granted otherwise.
        """
        now_s = time.monotonic() if now_s is None else now_s
        tokens = min(tokens, self._burst)
        if self._at_s >= 0:
            self._level = min(self._burst, self._level + (now_s - self._at_s) * self._rate)
        self._at_s = now_s
        wait_s = max(0.0, (tokens - self._level) / self._rate)
        if not wait_s:
            self._level -= tokens
        return wait_s

    def spend(self, tokens: int) -> None:
        """Takes tokens whose number was known only afterwards; the bucket may owe some then."""
        self._level -= tokens


class TokenBuckets:
    """One token bucket per name.

    >>> buckets = TokenBuckets(rate=2.0, burst=3)
    >>> buckets.wait_s("anna", 3, now_s=0.0), buckets.wait_s("anna", 1, now_s=0.0), buckets.wait_s("ben", 10, now_s=0.5)
    (0.0, 0.5, 0.0)
    """

    def __init__(self, rate: float, burst: int, max_buckets: int = MAX_BUCKETS) -> None:
        self._rate, self._burst, self._max_buckets = rate, burst, max_buckets
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def wait_s(self, name: str, tokens: int, now_s: float | None = None) -> float:
        """Takes the tokens from the name's bucket and returns 0, or takes none and returns how long to wait."""
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = TokenBucket(self._rate, self._burst)
            if len(self._buckets) > self._max_buckets:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(name)
        return bucket.wait_s(tokens, now_s)

    def spend(self, name: str, tokens: int) -> None:
        """Takes tokens whose number was known only afterwards, from the bucket of an earlier `wait_s`."""
        if (bucket := self._buckets.get(name)) is not None:
            bucket.spend(tokens)

    def charge(self, name: str, tokens: int, what: str) -> None:
        """Takes the tokens; raises `ApiError` 429 if there are too few."""
        if wait_s := self.wait_s(name, tokens):
            metrics.LIMITED.labels(what).inc()
            raise ApiError(429, "too_many", f"too many {what}; retry after {wait_s:.1f} s", retry_after_s=wait_s)


class BodyMemoryBudget:
    """Bounds the bytes of request bodies in memory: over all requests, and for each address.

    An address may hold an eighth. The last eighth is kept for requests of at most `SMALL_BODY_BYTES`, such as a page's
    batches, so that large uploads from many addresses cannot keep them out.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._reserve = max_bytes // 8
        self._max_per_address = min(max_bytes, max(max_bytes // 8, MIN_SHARE_BYTES))
        self._bytes = 0
        self._by_address: Counter[str] = Counter()

    def lease(self, address: str) -> "BodyMemoryLease":
        return BodyMemoryLease(self, address)

    def add(self, address: str, size: int, is_small: bool) -> None:
        """Raises `ApiError` 429 or 503, and adds nothing, if it would exceed the address's share or the budget."""
        if self._by_address[address] + size > self._max_per_address:
            metrics.LIMITED.labels("bytes in progress").inc()
            detail = "too many bytes in progress from this address; retry after 1 s"
            raise ApiError(429, "too_many", detail, retry_after_s=1)
        if self._bytes + size > self._max_bytes - (0 if is_small else self._reserve):
            raise ApiError(503, "overloaded", "too many requests in progress; retry after 1 s", retry_after_s=1)
        self._by_address[address] += size
        self._bytes += size

    def free(self, address: str, size: int) -> None:
        self._bytes -= size
        self._by_address[address] -= size
        if not self._by_address[address]:
            del self._by_address[address]


class BodyMemoryLease:
    """The share of one request in the budget; given back when the context ends."""

    def __init__(self, budget: BodyMemoryBudget, address: str) -> None:
        self._budget, self._address = budget, address
        self.bytes = 0

    def __enter__(self) -> "BodyMemoryLease":
        return self

    def __exit__(self, *_: object) -> None:
        self._budget.free(self._address, self.bytes)

    def add(self, size: int) -> None:
        """Raises `ApiError` if there is no room."""
        self._budget.add(self._address, size, self.bytes + size <= SMALL_BODY_BYTES)
        self.bytes += size
