"""Scales of charts: round ticks, their texts, and the places of values."""

from math import ceil, floor, isfinite, log10
from typing import Final

MAX_DECIMALS: Final = 6
MAX_DIGITS: Final = 7
"""Digits before the point of a tick's text; longer numbers are written with an exponent."""


class Scale:
    """Maps values to positions, as text with one digit after the point: the same on every machine.

    It goes from the last tick at or below `low` to the first at or above `high`; `first` and `last` are their positions.
    """

    def __init__(self, low: float, high: float, first: float, last: float) -> None:
        self.ticks, self._step = _ticks(low, high)
        self._low, self._span = self.ticks[0], (self.ticks[-1] - self.ticks[0]) or 1.0
        self._first, self._last = first, last

    def at(self, value: float) -> str:
        return number(self._first + (value - self._low) / self._span * (self._last - self._first))

    def text(self, tick: float) -> str:
        """Returns a tick as people read it, as 1,040 or 0.85."""
        decimals = max(0, -floor(log10(self._step) + 1e-9)) if self._step > 0.0 else MAX_DECIMALS + 1
        if decimals > MAX_DECIMALS or abs(tick) >= 10.0**MAX_DIGITS:
            return f"{tick:.3g}"
        return f"{tick:,.{decimals}f}"


def number(value: float) -> str:
    return f"{value:.1f}"


def _ticks(low: float, high: float) -> tuple[list[float], float]:
    """Returns round numbers, at most seven, about a range, and their distance: 1, 2 or 5 times a power of ten.

    >>> _ticks(118.0, 1_040.0)[0], _ticks(0.88, 0.91)[0]
    ([0.0, 200.0, 400.0, 600.0, 800.0, 1000.0, 1200.0], [0.88, 0.89, 0.9, 0.91])
    """
    span = (high - low) or abs(high) or 1.0
    if not isfinite(span) or span < 1e-300:
        return [low, high], 0.0
    rough = span / 5.0
    power = 10.0 ** floor(log10(rough))
    step = next(each for each in (power, 2.0 * power, 5.0 * power, 10.0 * power) if each >= rough * (1.0 - 1e-9))
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    digits = max(0, 2 - floor(log10(step)))
    # Where the distance is lost beside the numbers, as with 1e17 and 1e17 + 1.
    if last - first > 8:
        return [low, high], 0.0
    return [round(place * step, digits) for place in range(first, max(last, first + 1) + 1)], step
