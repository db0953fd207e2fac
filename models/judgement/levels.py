"""What is usual for features that are no sums: a depth, a speed, a time since."""

from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from math import sqrt
from struct import Struct
from typing import Final

from models.judgement.habit import Level

HALF_LIFE_WINDOWS: Final = 10.0
"""Windows that share no second, after which what was learned counts half."""

MIN_WINDOWS: Final = 2.0
"""Windows of one's own before there is a score."""

MAX_DEVIATIONS: Final = 3.0
"""Deviations beyond which a value teaches no more than a value at that distance would."""

_KEEP: Final = float(2.0 ** (-1.0 / HALF_LIFE_WINDOWS))
_NAN: Final = float("nan")


class Levels:
    """Forgetting mean and variance of each level, over windows that share no second.

    A window teaches when the next one that shares no second with it has ended: what is judged and what it is judged by share
    no second. Welford's update (1962, Technometrics 4(3)) with weights that fade.
    """

    __slots__ = ("_floors", "_keys", "_text", "counts", "means", "pending", "squares")

    def __init__(self, levels: Sequence[Level]) -> None:
        self._keys = "".join(level.key for level in levels)
        self._floors = [level.floor for level in levels]
        self.counts = [0.0] * len(levels)
        self.means = [0.0] * len(levels)
        self.squares = [0.0] * len(levels)
        self.pending = [_NAN] * len(levels)
        """The last window that has not taught yet."""
        self._text = ""

    def raw_score(self, place: int, value: float) -> float | None:
        """Distance from the mean in standard deviations of a new value; None where too little is known."""
        count = self.counts[place]
        if count < MIN_WINDOWS or value != value:
            return None
        variance = self.squares[place] / count + self._floors[place] ** 2
        return (value - self.means[place]) / sqrt(variance * (1.0 + 1.0 / count))

    def mean(self, place: int) -> float | None:
        """Mean of the windows that have taught; None where there are too few."""
        return self.means[place] if self.counts[place] >= MIN_WINDOWS else None

    def learn(self, values: Sequence[float]) -> None:
        """Takes the values of the window that ends with a minute; NaN where one is unknown."""
        for place, value in enumerate(self.pending):
            if value == value:
                self._learn(place, value)
        self.pending = list(_rounded(values))
        self._text = ""

    def _learn(self, place: int, value: float) -> None:
        count = self.counts[place] * _KEEP + 1.0
        difference = value - self.means[place]
        if self.counts[place] >= MIN_WINDOWS:
            spread = sqrt(self.squares[place] / self.counts[place] + self._floors[place] ** 2)
            difference = min(max(difference, -MAX_DEVIATIONS * spread), MAX_DEVIATIONS * spread)
        step = difference / count
        squares = self.squares[place] * _KEEP + difference * (difference - step)
        self.counts[place], self.means[place], self.squares[place] = _rounded(
            (count, self.means[place] + step, squares)
        )

    def to_text(self) -> str:
        """As text for keyed state: the levels' keys, numbers in base64. They change once a minute."""
        if not self._text:
            numbers = (*self.counts, *self.means, *self.squares, *self.pending)
            body = b2a_base64(Struct(f"<{len(numbers)}f").pack(*numbers), newline=False).decode("ascii")
            self._text = f"{self._keys}:{body}"
        return self._text

    @classmethod
    def from_text(cls, text: str, levels: Sequence[Level]) -> "Levels":
        """What `to_text` wrote. A level that the text lacks begins empty, one that is gone is dropped."""
        self = cls(levels)
        keys, _, body = text.partition(":")
        stored = len(keys) // 2
        numbers = Struct(f"<{4 * stored}f").unpack(a2b_base64(body))
        for place, level in enumerate(levels):
            for at in range(stored):
                if keys[2 * at : 2 * at + 2] == level.key:
                    self.counts[place], self.means[place] = numbers[at], numbers[stored + at]
                    self.squares[place], self.pending[place] = numbers[2 * stored + at], numbers[3 * stored + at]
        return self


def _rounded(values: Sequence[float]) -> tuple[float, ...]:
    """In single precision, so that text in state loses nothing."""
    single = Struct(f"<{len(values)}f")
    return single.unpack(single.pack(*values))
