"""ADWIN: a window over a stream that shrinks where its two halves differ.

Source: Bifet and Gavaldà (2007), Learning from time-changing data with adaptive windowing, SDM, 443-448. Index for index as
river's.
"""

from dataclasses import dataclass, field
from math import log, sqrt
from typing import Final

MAX_BUCKETS: Final = 5
"""Buckets of one size; of more, the two oldest become one of twice the size."""


@dataclass(slots=True)
class _Level:
    """The buckets of one size, oldest first: total and squared deviations of each."""

    totals: list[float] = field(default_factory=list)
    squares: list[float] = field(default_factory=list)


class Adwin:
    """`delta` is the probability of a false alarm at each look, `clock` the number of values between two looks.

    Memory grows with the logarithm of the window. Begins anew after each drift.
    """

    def __init__(
        self,
        delta: float = 0.002,
        clock: int = 32,
        max_buckets: int = MAX_BUCKETS,
        min_half: int = 5,
        grace: int = 10,
    ) -> None:
        self._delta, self._clock, self._max_buckets = delta, clock, max_buckets
        self._min_half, self._grace = min_half, grace
        self._begin()

    def _begin(self) -> None:
        self._levels = [_Level()]
        self._seen = 0
        self.width = 0
        self.total = 0.0
        self.squares = 0.0
        """Squared deviations from the window's mean."""
        self.has_drifted = False

    @property
    def mean(self) -> float | None:
        return self.total / self.width if self.width else None

    def update(self, value: float) -> bool:
        """Takes in a value; whether the window was cut with it."""
        if self.has_drifted:
            self._begin()
        self._insert(value)
        self._seen += 1
        if self._seen % self._clock == 0 and self.width > self._grace:
            while self._cuts():
                self.has_drifted = True
                self._drop_oldest()
        return self.has_drifted

    def _insert(self, value: float) -> None:
        self._levels[0].totals.append(value)
        self._levels[0].squares.append(0.0)
        if self.width:
            off = value - self.total / self.width
            self.squares += self.width * off * off / (self.width + 1)
        self.width += 1
        self.total += value
        for index, level in enumerate(self._levels):
            if len(level.totals) <= self._max_buckets:
                return
            if index + 1 == len(self._levels):
                self._levels.append(_Level())
            size = float(2**index)
            between = (level.totals[0] - level.totals[1]) / size
            self._levels[index + 1].totals.append(level.totals[0] + level.totals[1])
            self._levels[index + 1].squares.append(level.squares[0] + level.squares[1] + size * between * between / 2.0)
            del level.totals[:2], level.squares[:2]

    def _cuts(self) -> bool:
        """Whether some cut leaves two halves whose means differ by more than chance allows."""
        older, older_total = 0.0, 0.0
        for index in range(len(self._levels) - 1, -1, -1):
            size, totals = float(2**index), self._levels[index].totals
            for total in totals:
                older, older_total = older + size, older_total + total
                newer = self.width - older
                if newer < self._min_half or older < self._min_half:
                    continue
                difference = older_total / older - (self.total - older_total) / newer
                if abs(difference) > self._chance(older, newer):
                    return True
        return False

    def _chance(self, older: float, newer: float) -> float:
        confidence = log(2.0 * log(self.width) / self._delta)
        reciprocal = 1.0 / (older - self._min_half + 1.0) + 1.0 / (newer - self._min_half + 1.0)
        variance = self.squares / self.width
        return sqrt(2.0 * reciprocal * variance * confidence) + 2.0 / 3.0 * confidence * reciprocal

    def _drop_oldest(self) -> None:
        level, size = self._levels[-1], float(2 ** (len(self._levels) - 1))
        total, squares = level.totals.pop(0), level.squares.pop(0)
        self.width -= int(size)
        self.total -= total
        off = total / size - self.total / self.width
        self.squares -= squares + size * self.width * off * off / (size + self.width)
        if not level.totals:
            self._levels.pop()
