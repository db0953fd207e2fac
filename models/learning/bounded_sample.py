"""Keeps a bounded sample of a stream: the same for the same records and seed, in whatever order they come."""

from collections.abc import Callable, Iterator
from hashlib import blake2b
from heapq import heappush, heapreplace
from typing import Generic, TypeVar

Value = TypeVar("Value")


class BoundedSample(Generic[Value]):
    """At most `limit` values, those with the least hashes of seed and key; a key that comes again counts once.

    Of two values of one key the greater by `rank` stays. Source: bottom-k sampling, Cohen and Kaplan (2007), PODC, 225-234.

    >>> sample = BoundedSample(2, seed=1)
    >>> for key in ("a", "b", "c", "a"):
    ...     sample.add(key, key.upper())
    >>> len(sample), sample.offered
    (2, 4)
    """

    def __init__(self, limit: int, seed: int, rank: Callable[[Value], str] = repr) -> None:
        self._limit, self._rank = limit, rank
        self._salt = seed.to_bytes(16, "little", signed=True)
        self._values: dict[str, Value] = {}
        self._worst: list[tuple[int, str]] = []
        """Negative hash and key; the greatest hash, which is the next to leave, first."""
        self.offered = 0
        """Values that came, repeated ones included."""
        self.is_cut = False
        """Whether something was left out."""

    def __len__(self) -> int:
        return len(self._values)

    def add(self, key: str, value: Value) -> None:
        self.offered += 1
        if key in self._values:
            self._values[key] = max(self._values[key], value, key=self._rank)
            return
        entry = (-int.from_bytes(blake2b(key.encode(), digest_size=16, salt=self._salt).digest()), key)
        if len(self._values) < self._limit:
            heappush(self._worst, entry)
        else:
            self.is_cut = True
            if entry < self._worst[0]:
                return
            del self._values[heapreplace(self._worst, entry)[1]]
        self._values[key] = value

    def __iter__(self) -> Iterator[Value]:
        """The values, in no order."""
        return iter(self._values.values())
