"""Baselines of engaged time by content type: finds the type in which the reader suddenly spends more time."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Final

from models.detectors.baselines import CLIP_Z, MIN_WEIGHT, WARM_UP

MAX_CATEGORIES: Final = 6
"""Categories remembered per session; the one unseen for longest is evicted."""


@dataclass(frozen=True, slots=True)
class CategoryRise:
    """A category above its baseline. Times in ms within the window, `z` in standard deviations."""

    category: str
    engaged_ms: float
    baseline_ms: float
    z: float


class CategoryBaselines:
    """A baseline of time per category of one session: category -> [count, mean, variance, last seen].

    The arithmetic is that of `Baselines`; a category not in the window counts as 0 ms.
    """

    def __init__(self, entries: dict[str, list[float]] | None = None) -> None:
        self.entries = entries or {}

    def score_and_update(self, engaged_ms: Mapping[str, int], at_ms: int) -> CategoryRise | None:
        """Returns the category that rose most, if any can be scored; scores first, learns second."""
        rises = []
        for category in sorted(self.entries.keys() | engaged_ms.keys()):
            value = float(engaged_ms.get(category, 0))
            count, mean, variance, seen = self.entries.get(category, (0.0, 0.0, 0.0, float(at_ms)))
            difference = value - mean
            if count >= WARM_UP and variance > 0.0:
                spread = sqrt(variance)
                if difference > 0.0:
                    rises.append(CategoryRise(category, value, mean, difference / spread))
                difference = max(min(difference, CLIP_Z * spread), -CLIP_Z * spread)
            count += 1.0
            weight = max(1.0 / count, MIN_WEIGHT)
            step = weight * difference
            self.entries[category] = [
                count,
                mean + step,
                (1.0 - weight) * (variance + difference * step),
                float(at_ms) if category in engaged_ms else seen,
            ]
        while len(self.entries) > MAX_CATEGORIES:
            del self.entries[min(self.entries, key=lambda name: (self.entries[name][3], name))]
        return max(rises, key=lambda rise: (rise.z, rise.category), default=None)


def parse_engaged(text: str | None) -> dict[str, int]:
    """Parses engaged ms by content type from ``type=ms,type=ms``; the same type may stand there several times.

    >>> parse_engaged("news=5000,video=1000,news=200")
    {'news': 5200, 'video': 1000}
    """
    engaged: dict[str, int] = {}
    for part in (text or "").split(","):
        category, _, ms = part.rpartition("=")
        if category and ms.isdecimal():
            engaged[category] = engaged.get(category, 0) + int(ms)
    return engaged
