"""How sure a share is: an interval around a proportion that was counted."""

from math import sqrt
from typing import Final

Z_95: Final = 1.959964
"""Two-sided 95 % of the normal distribution."""


def wilson_interval(hits: int, trials: int) -> tuple[float, float] | None:
    """Lower and upper end of the 95 % interval of a share, 0..1; None without a trial.

    Source: Wilson (1927), JASA 22(158), 209-212.

    >>> [round(end, 4) for end in wilson_interval(10, 20)]
    [0.2993, 0.7007]
    """
    if trials == 0:
        return None
    share, weight = hits / trials, Z_95 * Z_95 / trials
    middle = (share + weight / 2) / (1 + weight)
    half = Z_95 / (1 + weight) * sqrt(share * (1 - share) / trials + weight / (4 * trials))
    return max(0.0, middle - half), min(1.0, middle + half)
