"""How much is taken from whom: token buckets by address and key, and the memory that bodies may hold."""

import time
from collections import OrderedDict
from typing import Final

from infra.gateway.responses import Refusal

MOST_BUCKETS: Final = 50_000
"""Beyond that the one unused longest is forgotten, and starts full."""


class Buckets:
    """A bucket per name: `rate` tokens a second run in, `burst` fit.

    >>> buckets = Buckets(rate=2.0, burst=3)
    >>> [buckets.wait_s("anna", 1, now_s=0.0) for _ in range(4)]
    [0.0, 0.0, 0.0, 0.5]
    >>> buckets.wait_s("anna", 1, now_s=0.5)
    0.0
    >>> buckets.wait_s("ben", 10, now_s=0.5)
    0.0
    """

    def __init__(self, rate: float, burst: int, most: int = MOST_BUCKETS) -> None:
        self._rate, self._burst, self._most = rate, burst, most
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, name: str, tokens: int, now_s: float | None = None) -> float:
        """Takes the tokens and returns 0, or takes none and returns how long to wait.

        Who asks for more than fits takes a full bucket: it could never be served otherwise.
        """
        now_s = time.monotonic() if now_s is None else now_s
        tokens = min(tokens, self._burst)
        level, at_s = self._buckets.pop(name, (float(self._burst), now_s))
        level = min(self._burst, level + (now_s - at_s) * self._rate)
        wait_s = max(0.0, (tokens - level) / self._rate)
        self._buckets[name] = (level if wait_s else level - tokens, now_s)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return wait_s

    def take(self, name: str, tokens: int, what: str) -> None:
        """Raises `Refusal` 429."""
        if wait_s := self.wait_s(name, tokens):
            raise Refusal(429, "too_many", f"too many {what}", retry_after_s=wait_s)


class Held:
    """Bytes of bodies in memory, over all requests."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = 0

    def request(self) -> "HeldByRequest":
        return HeldByRequest(self)

    def add(self, size: int) -> None:
        """Raises `Refusal` 503 and adds nothing where it would be too much."""
        if size > 0 and self._bytes + size > self._most:
            raise Refusal(503, "overloaded", "too many requests are under way", retry_after_s=1)
        self._bytes += size


class HeldByRequest:
    """What one request holds; given back at its end."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self._bytes = 0

    def __enter__(self) -> "HeldByRequest":
        return self

    def __exit__(self, *_: object) -> None:
        self._held.add(-self._bytes)

    def add(self, size: int) -> None:
        self._held.add(size)
        self._bytes += size
