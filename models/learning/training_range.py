"""Finds the range of an input that a model has learned of, which a few wrong cells must not stretch."""

from typing import Final

import numpy as np

from models.learning.boosting import MIN_LEAF_ROWS
from models.learning.columns import Doubles

TAIL: Final = 0.005
"""Share of the rows at either end that does not set the range by itself."""

WIDENED: Final = 2.0
"""Times the distance between the two quantiles by which the range goes beyond either: of new rows of a lognormal with sigma 1.5,
a long tail, 0.11 % lie beyond what 2,000 rows gave and 0.09 % beyond their least and greatest; a cell of 99999 among numbers
below 100 does not count."""


def training_range(known: Doubles) -> tuple[float, float]:
    """Returns the least and the greatest number that the job asks the model about, never beyond those of `known` (rows,).

    >>> training_range(np.array([*range(1, 1_000), 99_999.0]))
    (1.0, 2973.025)
    >>> training_range(np.array([1.0, 2.0, 3.0]))
    (1.0, 3.0)
    """
    low, high = _quantiles(known)
    if low == high:
        # Nearly constant, as a count of what few readers do: the range is that of the few, if a tree can tell them.
        few = known[known != low]
        if len(few) >= MIN_LEAF_ROWS:
            low_of_few, high_of_few = _quantiles(few)
            low, high = min(low, low_of_few), max(high, high_of_few)
    room = WIDENED * (high - low) or max(1.0, abs(low))
    return max(float(known.min()), low - room), min(float(known.max()), high + room)


def _quantiles(known: Doubles) -> tuple[float, float]:
    low, high = np.quantile(known, (TAIL, 1.0 - TAIL))
    return float(low), float(high)
