"""Combines anomaly models: the score of a row is the largest of their tail probabilities."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from models.anomaly.tail import Tail


@dataclass(frozen=True, slots=True)
class Calibration:
    """Combines the scores of several models: the least of their tail probabilities, calibrated once more."""

    features: tuple[str, ...]
    members: tuple[str, ...]
    tails: tuple[Tail, ...]
    """One a member."""

    least: Tail
    """Of 1 by the least tail probability: among three, one is low more often than any single one."""

    alarm_rate: float
    """Share of windows that alarm, if windows stay as those held back."""

    @classmethod
    def of(
        cls, scores: Sequence[Sequence[float]], members: Sequence[str], alarm_rate: float, features: Sequence[str]
    ) -> "Calibration":
        """Calibrates by held-back rows, one score a member; rows without scores (NaN) are left out. Raises ValueError."""
        if not 0.0 < alarm_rate < 1.0:
            raise ValueError(f"an alarm rate is above 0 and below 1: {alarm_rate}")
        known = [row for row in scores if all(score == score for score in row)]
        tails = [Tail.of([row[place] for row in known]) for place in range(len(members))]
        lows = [min(tail.probability(score) for tail, score in zip(tails, row, strict=True)) for row in known]
        return cls(tuple(features), tuple(members), tuple(tails), Tail.of([1.0 / low for low in lows]), alarm_rate)

    def judge(self, scores: Sequence[float]) -> tuple[float, int]:
        """Returns the share of rows that are as odd, and the place of the member that found this row oddest."""
        lows = [tail.probability(score) for tail, score in zip(self.tails, scores, strict=True)]
        low = min(lows)
        return self.least.probability(1.0 / low), lows.index(low)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Calibration":
        """What `to_json` wrote. Raises ValueError for anything else."""
        try:
            data = json.loads(text)
            tails = [_tail(each) for each in data["tails"]]
            names = tuple(map(str, data["features"])), tuple(map(str, data["members"]))
            made = cls(*names, tuple(tails), _tail(data["least"]), float(data["alarm_rate"]))
        except (KeyError, TypeError, IndexError, ZeroDivisionError, RecursionError) as error:
            raise ValueError(f"no calibration of anomaly models: {error!r}") from error
        if len(made.tails) != len(made.members) or not made.tails or not 0.0 < made.alarm_rate < 1.0:
            raise ValueError("no calibration of anomaly models: members, tails and alarm rate do not fit together")
        return made


def _tail(data: Any) -> Tail:
    tail = Tail(tuple(float(each) for each in data["quantiles"]), float(data["share"]), float(data["decay"]))
    if not tail.quantiles or list(tail.quantiles) != sorted(tail.quantiles) or not 0.0 < tail.share < 1.0:
        raise ValueError("no calibration of anomaly models: quantiles out of order")
    return tail
