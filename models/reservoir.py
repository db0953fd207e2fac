"""A bounded sample that favours recent rows and does not depend on the order in which they come."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from heapq import heapify, heappop, heappush
from math import log
from typing import Final

CAPACITY: Final = 512
MAX_PER_SESSION: Final = 2
"""Rows of one session: a sample is of readers, and who stays for hours is one of them."""

_BELOW_ONE: Final = 1.0 - 2.0**-53
"""The greatest hashes would round to 1, whose double logarithm does not exist."""

Item = tuple[float, str, tuple[float, ...]]


class Reservoir:
    """Of the rows with the highest priority, at most two a session, the `capacity` highest.

    A row's priority is log(u) / w, with u uniform from a hash of its name and w growing with its time: that is weighted
    sampling without replacement (Efraimidis and Spirakis 2006, Information Processing Letters 97) under forward
    decay (Cormode et al. 2009, ICDE), here as a difference of logarithms. Equal rows in any order give the same sample, so that a
    replay fits the same forest: a row gives way to `capacity` higher ones or to two of its session, and these only to still
    higher ones.
    """

    def __init__(self, half_life_ms: float, capacity: int = CAPACITY) -> None:
        self._half_life_ms = half_life_ms
        self._capacity = capacity
        self._heap: list[Item] = []
        self._by_session: dict[str, list[Item]] = {}

    def add(self, session: str, at_ms: int, values: Iterable[float]) -> bool:
        """Offers a row, the only one of that session and time; False if it was not taken."""
        name = f"{session}:{at_ms}"
        return self._offer((self._priority(name, at_ms), name, tuple(values)))

    def _offer(self, item: Item) -> bool:
        session = session_of(item[1])
        own = self._by_session.setdefault(session, [])
        if len(own) >= MAX_PER_SESSION:
            least = min(own)
            if item <= least:
                return False
            self._heap[self._heap.index(least)] = item
            heapify(self._heap)
            own.remove(least)
            own.append(item)
            return True
        own.append(item)
        heappush(self._heap, item)
        if len(self._heap) <= self._capacity:
            return True
        dropped = heappop(self._heap)
        left = self._by_session[session_of(dropped[1])]
        left.remove(dropped)
        if not left:
            del self._by_session[session_of(dropped[1])]
        return dropped[1] != item[1]

    def _priority(self, name: str, at_ms: int) -> float:
        uniform = min((int.from_bytes(blake2b(name.encode(), digest_size=8).digest()) + 1) / (2**64 + 2), _BELOW_ONE)
        # log(-log(u)) - t·ln2/half-life orders like log(u)/w without overflow; lower is better there, so it is negated.
        return at_ms * (log(2.0) / self._half_life_ms) - log(-log(uniform))

    def __len__(self) -> int:
        return len(self._heap)

    def count_since(self, at_ms: int) -> int:
        """How many rows of the sample are of a time after `at_ms`."""
        return sum(int(name.rpartition(":")[2]) > at_ms for _, name, _ in self._heap)

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
        """Takes up a sample; of one that an earlier release drew, two rows a session."""
        self = cls(half_life_ms, capacity)
        for priority, name, values in items:
            self._offer((priority, name, tuple(values)))
        return self


def session_of(name: str) -> str:
    """The session of a row by its name, ``session:time``."""
    return name.rpartition(":")[0]
