"""How fast is steady state? One rule for everything that is compared: leave out the warm-up, count until the end."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

WARM_UP_SHARE: Final = 0.2
WARM_UP_S: Final = 30.0
"""The warm-up is over after this share of the records or after so long, whichever comes first."""

Sample = tuple[float, int]
"""Seconds on any clock, and how many records had been read by then."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Records read after the warm-up, and how long that took."""

    records: int
    seconds: float
    per_s: float


def steady_rate(samples: Sequence[Sample], total: int) -> Rate | None:
    """The rate between the end of the warm-up and the last new record; None if nothing was left to measure.

    >>> steady_rate([(0.0, 0), (10.0, 100), (20.0, 300), (30.0, 500), (40.0, 500)], total=500)
    Rate(records=400, seconds=20.0, per_s=20.0)
    """
    moves = [sample for before, sample in zip(((0.0, 0), *samples), samples, strict=False) if sample[1] > before[1]]
    if not moves:
        return None
    begun, end = moves[0][0], moves[-1]
    for at_s, count in moves:
        if count >= WARM_UP_SHARE * total or at_s - begun >= WARM_UP_S:
            if end[0] <= at_s:
                return None
            records, seconds = end[1] - count, end[0] - at_s
            return Rate(records, round(seconds, 3), round(records / seconds, 1))
    return None


class Meter:
    """Counts the records of a rival from inside. `total` is how many there are, `limit_s` when to stop at the latest."""

    def __init__(self, total: int, limit_s: float) -> None:
        self.total = total
        self.limit_s = limit_s
        self.count = 0
        self._samples: list[Sample] = []
        self._begun_s = 0.0
        self._due_s = 0.0

    def add(self, records: int) -> bool:
        """Counts records that are done with; False once it is time to stop."""
        now_s = time.monotonic()
        if not self.count:
            self._begun_s = now_s
        self.count += records
        if now_s >= self._due_s or self.count >= self.total:
            self._samples.append((now_s, self.count))
            self._due_s = now_s + 0.05
        return self.count < self.total and now_s - self._begun_s < self.limit_s

    def report(self, **more: Any) -> str:
        """One line of JSON: the rate, how far the run came, and whatever else is worth telling."""
        rate = steady_rate(self._samples, self.total)
        told = asdict(rate) if rate else {"records": 0, "seconds": 0.0, "per_s": None}
        return json.dumps({**told, "read": self.count, "of": self.total, **more})
