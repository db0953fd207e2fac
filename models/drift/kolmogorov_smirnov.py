"""The Kolmogorov-Smirnov test of two samples, and the Wasserstein distance between them.

Sources: Hodges (1958), Arkiv för Matematik 3, 469-486 (exact); Stephens (1970), JRSS B 32, 115-122 (large samples).
"""

from math import exp, gcd, lgamma, log, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MAX_EXACT_CELLS: Final = 4_000_000
"""Product of the sizes up to which paths are counted: 20 ms."""

LEAST_EXACT: Final = 1e-9
"""Below this, one minus the share of paths has no digits left."""


def statistic(reference: Floats, current: Floats) -> float:
    """The greatest distance between the two distribution functions."""
    first, second = np.sort(reference), np.sort(current)
    both = np.concatenate([first, second])
    return float(np.max(np.abs(_below(first, both) - _below(second, both))))


def p_value(distance: float, first: int, second: int) -> float:
    """The probability of such a distance between samples of the same distribution: exact for small samples. Ties make it
    smaller than said, never greater."""
    if first * second <= MAX_EXACT_CELLS:
        found = exact_p(distance, first, second)
        if found > LEAST_EXACT:
            return found
    return stephens_p(distance, first, second)


def exact_p(distance: float, first: int, second: int) -> float:
    """One minus the share of the paths from (0, 0) to (first, second) that stay nearer to the diagonal than that.

    >>> round(exact_p(1.0, 3, 3), 4)
    0.1
    """
    rows, columns = min(first, second), max(first, second)
    common = gcd(rows, columns)
    step_row, step_column = columns // common, rows // common
    limit = round(distance * rows * columns / common)
    if limit <= 0:
        return 1.0
    counts, scale = np.zeros(columns + 1), 0.0
    # In the first row every place is reached by one path, as far as the band goes.
    counts[: min(columns, (limit - 1) // step_column) + 1] = 1.0
    for row in range(1, rows + 1):
        middle = row * step_row
        low = max(0, (middle - limit) // step_column + 1)
        high = min(columns, (middle + limit - 1) // step_column)
        if low > high:
            return 1.0
        inside = np.cumsum(counts[low : high + 1])
        counts = np.zeros(columns + 1)
        most = float(inside[-1])
        if most == 0.0:
            return 1.0
        counts[low : high + 1] = inside / most
        scale += log(most)
    if counts[columns] == 0.0:
        return 1.0
    all_paths = lgamma(rows + columns + 1) - lgamma(rows + 1) - lgamma(columns + 1)
    return min(1.0, max(0.0, 1.0 - float(counts[columns]) * exp(scale - all_paths)))


def stephens_p(distance: float, first: int, second: int) -> float:
    """Kolmogorov's distribution with the correction for finite samples."""
    root = sqrt(first * second / (first + second))
    x = (root + 0.12 + 0.11 / root) * distance
    if x < 0.2:
        # The alternating sum needs many terms here, and is 1 to 12 digits.
        return 1.0
    return min(1.0, 2.0 * sum((-1.0) ** (k - 1) * exp(-2.0 * k * k * x * x) for k in range(1, 101)))


def wasserstein(reference: Floats, current: Floats) -> float:
    """The area between the two distribution functions, in the values' unit."""
    first, second = np.sort(reference), np.sort(current)
    both = np.sort(np.concatenate([first, second]))
    gaps = np.abs(_below(first, both[:-1]) - _below(second, both[:-1]))
    return float(np.sum(gaps * np.diff(both)))


def _below(ordered: Floats, places: Floats) -> Floats:
    return np.asarray(np.searchsorted(ordered, places, side="right") / len(ordered))
