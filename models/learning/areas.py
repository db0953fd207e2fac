"""Areas under the ROC curve with bootstrap intervals: whole sessions are drawn, since windows of one reader are alike.

Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13 (percentile intervals).
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.learning.columns import Doubles
from models.learning.losses import LEVEL, session_places
from schemas.model_cards import MetricValue

RESAMPLES: Final = 400


def area_under_curve(scores: Doubles, positive: NDArray[np.bool_], weights: Doubles | None = None) -> float:
    """Returns the probability that a positive row scores above a negative one, ties counting half (Mann and Whitney 1947).

    `weights` (rows,) count a row several times, or not at all.

    >>> area_under_curve(np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, False, True, True]))
    0.875
    >>> area_under_curve(np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, False, True, True]), np.array([1, 0, 1, 2]))
    1.0
    """
    return _Ranked(scores, positive).area(np.ones(len(scores)) if weights is None else weights)


def area_with_interval(
    scores: Doubles, positive: NDArray[np.bool_], seed: int, sessions: NDArray[Any] | None = None
) -> MetricValue:
    """Returns the area with its 95 % interval. Without `sessions` each row is one of its own."""
    ranked = _Ranked(scores, positive)
    found = [ranked.area(weights) for weights in _resamples(positive, seed, sessions)]
    return _with_interval(ranked.area(np.ones(len(scores))), found)


def area_advantage(
    own: Doubles, other: Doubles, positive: NDArray[np.bool_], seed: int, sessions: NDArray[Any] | None = None
) -> MetricValue:
    """Returns by how much the area of `own` is larger than that of `other`, with the interval of paired resamples."""
    ours, theirs = _Ranked(own, positive), _Ranked(other, positive)
    found = [ours.area(weights) - theirs.area(weights) for weights in _resamples(positive, seed, sessions)]
    everything = np.ones(len(own))
    return _with_interval(ours.area(everything) - theirs.area(everything), found)


class _Ranked:
    """Rows in groups of one score, ascending, of which any weights give the area."""

    def __init__(self, scores: Doubles, positive: NDArray[np.bool_]) -> None:
        self._group = np.unique(scores, return_inverse=True)[1]
        self._positive = positive.astype(np.float64)

    def area(self, weights: Doubles) -> float:
        hit = np.bincount(self._group, weights * self._positive)
        missed = np.bincount(self._group, weights * (1.0 - self._positive))
        below = np.cumsum(missed) - missed / 2.0
        return float((hit * below).sum() / (hit.sum() * missed.sum()))


def _resamples(positive: NDArray[np.bool_], seed: int, sessions: NDArray[Any] | None) -> Iterator[Doubles]:
    """Yields how often each row (rows,) is drawn; resamples of one class alone are drawn again."""
    random = np.random.default_rng(seed)
    which = np.arange(len(positive)) if sessions is None else session_places(sessions)
    count = int(which.max()) + 1
    found = 0
    while found < RESAMPLES:
        drawn = np.bincount(random.integers(0, count, count), minlength=count)[which].astype(np.float64)
        if 0.0 < drawn[positive].sum() < drawn.sum():
            found += 1
            yield drawn


def _with_interval(value: float, resampled: list[float]) -> MetricValue:
    low, high = np.quantile(resampled, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
    return MetricValue(value, float(low), float(high))
