"""How rare is a score? The share of held-back rows that score as high, continued beyond the highest of them."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, log
from typing import Final

TAIL_SHARE: Final = 0.05
"""Share of held-back scores, the highest, whose fall-off is continued beyond them."""

MIN_TAIL_ROWS: Final = 5
MIN_PROBABILITY: Final = 1e-300
"""Rarer than this is not told apart: 1 by it must be a number."""

LEVELS: Final = 128
"""Quantiles that are kept of the other scores."""


@dataclass(frozen=True, slots=True)
class Tail:
    """Tail probabilities of positive scores.

    Up to `start` they follow the quantiles of held-back scores; beyond it a Pareto tail, whose index is estimated by Hill (1975),
    Annals of Statistics 3(5), 1163-1174, so that rows beyond all that were held back still have an order.
    """

    quantiles: tuple[float, ...]
    """Held-back scores in order, at even steps of probability; the last is `start`."""

    share: float
    """Share of held-back scores above `start`."""

    decay: float
    """Mean logarithm of score by `start` beyond it; 0 where the highest scores are all one number."""

    @property
    def start(self) -> float:
        return self.quantiles[-1]

    @classmethod
    def of(cls, scores: Sequence[float]) -> "Tail":
        """Calibrates by the scores of rows that were held back. Raises ValueError for fewer than twice `MIN_TAIL_ROWS`.

        >>> tail = Tail.of([float(score) for score in range(1, 101)])
        >>> tail.start, tail.share, tail.probability(50.0), tail.probability(95.0)
        (95.0, 0.05, 0.5, 0.05)
        """
        ordered = sorted(score for score in scores if score == score)
        if len(ordered) < 2 * MIN_TAIL_ROWS:
            raise ValueError(f"{len(ordered)} held-back rows with a score are too few: at least {2 * MIN_TAIL_ROWS}")
        above = max(ceil(TAIL_SHARE * len(ordered)), MIN_TAIL_ROWS)
        body = ordered[: len(ordered) - above]
        start = body[-1]
        levels = min(LEVELS, len(body))
        quantiles = [body[ceil((step + 1) * len(body) / levels) - 1] for step in range(levels)]
        excess = [log(score / start) for score in ordered[-above:]] if start > 0.0 else [0.0]
        return cls(tuple(quantiles), above / len(ordered), sum(excess) / len(excess))

    def probability(self, score: float) -> float:
        """Returns the share of rows that score higher, above 0 and at most 1."""
        if score > self.start:
            if self.decay == 0.0:
                return self.share / 2.0
            # By logarithms, which neither overflow nor end at 0 for the narrowest of tails.
            return max(self.share * exp(-log(score / self.start) / self.decay), MIN_PROBABILITY)
        place = bisect_right(self.quantiles, score)
        step = (1.0 - self.share) / len(self.quantiles)
        if place == len(self.quantiles):
            return self.share
        low = self.quantiles[place - 1] if place else 0.0
        high = self.quantiles[place]
        way = min(max((score - low) / (high - low), 0.0), 1.0)
        return 1.0 - step * (place + way)
