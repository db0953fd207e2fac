"""Losses by row, and their means with bootstrap intervals.

Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13 (percentile intervals).
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.learning.columns import Doubles
from schemas.model_cards import MetricValue

RESAMPLES: Final = 1_000
LEVEL: Final = 0.95
_LEAST: Final = 1e-15
"""Probability below which the logarithm is cut, as in scikit-learn's `log_loss`."""


def absolute_errors(predicted: Doubles, truth: Doubles) -> Doubles:
    errors: Doubles = np.abs(predicted[:, 0] - truth)
    return errors


def log_losses(shares: Doubles, classes: Sequence[str], truth: NDArray[Any]) -> Doubles:
    """Returns minus the logarithm of the probability that the true class got; a class that training did not have gets none."""
    places = {name: place for place, name in enumerate(classes)}
    given = np.array([row[places[label]] if label in places else 0.0 for row, label in zip(shares, truth, strict=True)])
    losses: Doubles = -np.log(np.clip(given, _LEAST, 1.0))
    return losses


def hits(shares: Doubles, classes: Sequence[str], truth: NDArray[Any]) -> Doubles:
    """Returns 1 where the most probable class is the true one, else 0."""
    named = np.array(classes, dtype=object)[shares.argmax(axis=1)]
    found: Doubles = (named == truth).astype(np.float64)
    return found


def session_places(sessions: NDArray[Any]) -> NDArray[np.int64]:
    """Returns for each row (rows,) the number of its session, from 0 on."""
    found: NDArray[np.int64] = np.unique(sessions.astype(str), return_inverse=True)[1]
    return found


def mean_with_interval(values: Doubles, seed: int, sessions: NDArray[Any] | None = None) -> MetricValue:
    """Returns the mean of `values` with its 95 % interval. Whole sessions are drawn where they are known."""
    sums: Doubles = values
    counts: Doubles = np.ones(len(values))
    if sessions is not None:
        which = session_places(sessions)
        sums = np.bincount(which, weights=values).astype(np.float64)
        counts = np.bincount(which).astype(np.float64)
    random = np.random.default_rng(seed)
    means = np.empty(RESAMPLES)
    for place in range(RESAMPLES):
        drawn = random.integers(0, len(sums), len(sums))
        means[place] = sums[drawn].sum() / counts[drawn].sum()
    low, high = np.quantile(means, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
    return MetricValue(float(values.mean()), float(low), float(high))
