"""The Page-Hinkley test: has the mean of a stream risen or fallen for good?

Sources: Page (1954), Biometrika 41, 100-115; Hinkley (1971), Biometrika 58, 509-523. Index for index as river's.
"""

from math import inf, sqrt
from typing import Literal

Mode = Literal["up", "down", "both"]


class PageHinkley:
    """`delta` is the change per value that counts as none, and `threshold` the cumulated rest from which there is drift.

    With `in_sigma` both are in standard deviations of the stream so far, so that one setting serves errors of 0.1 and times of
    30,000 ms. Without it they are in the stream's own unit. `alpha` lets the sums forget. Begins anew after each drift.
    """

    def __init__(
        self,
        delta: float = 0.005,
        threshold: float = 50.0,
        alpha: float = 0.9999,
        mode: Mode = "both",
        min_values: int = 30,
        in_sigma: bool = False,
    ) -> None:
        self._delta, self._threshold, self._alpha, self._mode = delta, threshold, alpha, mode
        self._min_values, self._in_sigma = min_values, in_sigma
        self._begin()

    def _begin(self) -> None:
        self._count, self._mean, self._m2 = 0, 0.0, 0.0
        self._rise = self._fall = 0.0
        self._least_rise, self._most_fall = inf, -inf
        self.has_drifted = False

    @property
    def sigma(self) -> float | None:
        """The standard deviation so far; None below two values or without spread."""
        return sqrt(self._m2 / (self._count - 1)) if self._count > 1 and self._m2 > 0.0 else None

    @property
    def excess(self) -> float:
        """The greater of the cumulated rests, to compare with the threshold."""
        rise = self._rise - self._least_rise if self._mode != "down" else 0.0
        fall = self._most_fall - self._fall if self._mode != "up" else 0.0
        return max(rise, fall, 0.0) if self._count else 0.0

    def update(self, value: float) -> bool:
        """Takes in a value; whether there is drift with it."""
        if self.has_drifted:
            self._begin()
        self._count += 1
        before = value - self._mean
        self._mean += before / self._count
        deviation = value - self._mean
        self._m2 += before * deviation
        if self._in_sigma:
            # Values before there is a spread to measure by tell nothing.
            if (sigma := self.sigma) is None or self._count < self._min_values:
                return False
            deviation /= sigma
        self._rise = self._alpha * self._rise + deviation - self._delta
        self._fall = self._alpha * self._fall + deviation + self._delta
        self._least_rise = min(self._least_rise, self._rise)
        self._most_fall = max(self._most_fall, self._fall)
        self.has_drifted = self._count >= self._min_values and self.excess > self._threshold
        return self.has_drifted
