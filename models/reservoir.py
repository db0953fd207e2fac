"""A bounded sample that favours recent rows and does not depend on the order in which they come."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from heapq import heappush, heappushpop
from math import log
from typing import Final

CAPACITY: Final = 512


class Reservoir:
    """The `capacity` rows with the highest priority.

    A row's priority is log(u) / w, with u uniform from a hash of its name and w growing with its time: that is weighted
    sampling without replacement (Efraimidis and Spirakis 2006, Information Processing Letters 97) under forward
    decay (Cormode et al. 2009, ICDE), here as a difference of logarithms. Equal rows in any order give the same sample, so that a
    replay fits the same forest.
    """

    def __init__(self, half_life_ms: float, capacity: int = CAPACITY) -> None:
        self._half_life_ms = half_life_ms
        self._capacity = capacity
        self._heap: list[tuple[float, str, tuple[float, ...]]] = []

    def add(self, name: str, at_ms: int, values: Iterable[float]) -> bool:
        """Offers a row; False if it was not taken. `name` is unique to it."""
        item = (self._priority(name, at_ms), name, tuple(values))
        if len(self._heap) < self._capacity:
            heappush(self._heap, item)
            return True
        return heappushpop(self._heap, item) is not item

    def _priority(self, name: str, at_ms: int) -> float:
        uniform = (int.from_bytes(blake2b(name.encode(), digest_size=8).digest()) + 1) / (2**64 + 2)
        # log(-log(u)) - t·ln2/half-life orders like log(u)/w without overflow; lower is better there, so it is negated.
        return at_ms * (log(2.0) / self._half_life_ms) - log(-log(uniform))

    def __len__(self) -> int:
        return len(self._heap)

    def rows(self) -> list[tuple[float, ...]]:
        """The sample, in an order that depends on the rows alone."""
        return [values for _, _, values in sorted(self._heap)]

    def items(self) -> list[tuple[float, str, Sequence[float]]]:
        """What `from_items` needs."""
        return [(priority, name, list(values)) for priority, name, values in sorted(self._heap)]

    @classmethod
    def from_items(
        cls,
        items: Iterable[tuple[float, str, Sequence[float]]],
        half_life_ms: float,
        capacity: int = CAPACITY,
    ) -> "Reservoir":
        self = cls(half_life_ms, capacity)
        # A sorted list is a heap.
        self._heap = sorted((priority, name, tuple(values)) for priority, name, values in items)
        return self
