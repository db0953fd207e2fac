"""Measures the rate of steady state by one rule for all contenders: leave out the warm-up, count until the end."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Final, NamedTuple

WARM_UP_SHARE: Final = 0.5
"""The first half of what was read is warm-up, for all alike: Java's compiler takes up to a third of the processors for
a minute, so that a shorter one would compare how the contenders start."""


class Sample(NamedTuple):
    """Records read until `at_s`, on any clock, and the processor time spent on them."""

    at_s: float
    records: int
    cpu_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Rate:
    """Records read after the warm-up, how long that took, and the processor time of each."""

    records: int
    seconds: float
    per_s: float
    cpu_us: float


def steady_rate(samples: Sequence[Sample]) -> Rate | None:
    """The rate between the end of the warm-up and the last new record; None if nothing was left to measure.

    >>> read = [(0, 0), (10, 100), (20, 300), (30, 500), (40, 500)]
    >>> steady_rate([Sample(*each) for each in read])
    Rate(records=200, seconds=10, per_s=20.0, cpu_us=0.0)
    """
    moves = [later for before, later in pairwise((Sample(0.0, 0), *samples)) if later.records > before.records]
    warm = [each for each in moves if each.records >= WARM_UP_SHARE * moves[-1].records]
    if len(warm) < 2:
        return None
    begin, end = warm[0], warm[-1]
    records, seconds = end.records - begin.records, round(end.at_s - begin.at_s, 3)
    cpu_us = round((end.cpu_s - begin.cpu_s) * 1e6 / records, 2)
    return Rate(records, seconds, round(records / seconds, 1), cpu_us)


def rate_over_time(samples: Sequence[Sample], every_s: float = 2.0) -> list[int]:
    """Returns records a second in steps of at least `every_s`, which show whether the state was steady."""
    steps: list[int] = []
    before = samples[0] if samples else Sample(0.0, 0)
    for each in samples:
        if each.records > before.records and each.at_s - before.at_s >= every_s:
            steps.append(round((each.records - before.records) / (each.at_s - before.at_s)))
            before = each
    return steps


class Meter:
    """Counts the records of a rival from inside. `total` is how many there are, `limit_s` when to stop at the latest."""

    def __init__(self, total: int, limit_s: float) -> None:
        self.total = total
        self.limit_s = limit_s
        self.count = 0
        self._samples: list[Sample] = []
        self._begun_s = self._due_s = 0.0

    def add(self, records: int) -> bool:
        """Counts records that are done with; False once it is time to stop."""
        now_s = time.monotonic()
        if not self.count:
            self._begun_s = now_s
        self.count += records
        if now_s >= self._due_s or self.count >= self.total:
            self._samples.append(Sample(now_s, self.count, time.process_time()))
            self._due_s = now_s + 0.05
        return self.count < self.total and now_s - self._begun_s < self.limit_s

    def report(self, **more: Any) -> str:
        """Returns one line of JSON: the rate, the records read, and `more`."""
        return json.dumps({**summary(self._samples), "read": self.count, **more})


def summary(samples: Sequence[Sample]) -> dict[str, Any]:
    """Returns the rate and its course for JSON; `per_s` is null where the run was too short to have one."""
    rate = steady_rate(samples)
    known = asdict(rate) if rate else {"records": 0, "seconds": 0.0, "per_s": None, "cpu_us": None}
    return {**known, "course": rate_over_time(samples)}
