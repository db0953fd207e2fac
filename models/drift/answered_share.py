"""Watches in which share of the sessions each model answers: has one gone silent?"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from models.drift.unknown_share import LEVEL, rise_p

RECENT_RANGES: Final = 5
"""Ranges whose mean is the share at a time: a single range is too much chance to be compared with for good."""

MIN_FALL: Final = 0.1
"""Least fall of the share. A convention, as the least rise of unknown values."""


@dataclass(frozen=True, slots=True)
class SilenceFinding:
    """In which `share` of `rows` sessions a model answered, and the largest share that it had before. `p` is the probability of
    so large a fall by chance."""

    model: str
    usual_share: float
    share: float
    p: float
    rows: int


class AnswerWatch:
    """A model is compared with itself: with the largest mean share of five ranges in a row that it had so far.

    So a slow fall is found as well as a sudden one. A model that has never answered is not usual, and so never silent.
    """

    def __init__(self) -> None:
        self._recent: dict[str, deque[tuple[int, int]]] = {}
        """By model, the answered and all sessions of the newest ranges."""
        self._usual: dict[str, tuple[int, int]] = {}

    def judge(self, answered: Mapping[str, int], rows: int) -> list[SilenceFinding]:
        """Takes in a range of `rows` sessions, and by model how many it answered; models that are not named answered none.
        Returns those that answer less than half as many as usual, largest fall first."""
        found = []
        for model in sorted(self._usual.keys() | {name for name, count in answered.items() if count}):
            now = answered.get(model, 0)
            if (finding := self._compared(model, now, rows)) is not None:
                found.append(finding)
                continue
            recent = self._recent.setdefault(model, deque(maxlen=RECENT_RANGES))
            recent.append((now, rows))
            sums = sum(each for each, _ in recent), sum(each for _, each in recent)
            usual = self._usual.get(model)
            if usual is None or sums[0] * usual[1] > usual[0] * sums[1]:
                self._usual[model] = sums
        return sorted(found, key=lambda each: (each.share - each.usual_share, each.model))

    def _compared(self, model: str, now: int, rows: int) -> SilenceFinding | None:
        usual = self._usual.get(model)
        if usual is None or not rows:
            return None
        before, share = usual[0] / usual[1], now / rows
        if share >= before / 2 or before - share < MIN_FALL:
            return None
        p = rise_p(usual[1] - usual[0], usual[1], rows - now, rows)
        return SilenceFinding(model, before, share, p, rows) if p < LEVEL else None
