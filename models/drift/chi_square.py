"""The chi-square distribution, without a library that a TaskManager would have to load.

Source: Press et al., Numerical Recipes, section 6.2 (series and continued fraction of the incomplete gamma function).
"""

from math import exp, inf, lgamma, log
from typing import Final

_PRECISION: Final = 1e-15
_MAX_TERMS: Final = 10_000


def tail(value: float, degrees: int) -> float:
    """The probability of a larger value.

    >>> round(tail(3.841458820694124, 1), 6)
    0.05
    """
    if value <= 0.0:
        return 1.0
    a, x = degrees / 2.0, value / 2.0
    factor = exp(a * log(x) - x - lgamma(a))
    return 1.0 - factor * _series(a, x) if x < a + 1.0 else factor * _fraction(a, x)


def quantile(probability: float, degrees: int) -> float:
    """The value that is not exceeded with that probability.

    >>> round(quantile(0.95, 9), 6)
    16.918978
    """
    low, high = 0.0, float(degrees) + 1.0
    while tail(high, degrees) > 1.0 - probability:
        low, high = high, 2.0 * high
    # Bisection to the last digit: 60 steps of a few microseconds, once for each number of degrees and rows.
    while (middle := (low + high) / 2.0) not in (low, high):
        if tail(middle, degrees) > 1.0 - probability:
            low = middle
        else:
            high = middle
    return high


def _series(a: float, x: float) -> float:
    term = total = 1.0 / a
    for n in range(1, _MAX_TERMS):
        term *= x / (a + n)
        total += term
        if term < total * _PRECISION:
            break
    return total


def _fraction(a: float, x: float) -> float:
    """Lentz's method."""
    tiny = 1e-300
    b = x + 1.0 - a
    c, d = inf, 1.0 / b
    total = d
    for n in range(1, _MAX_TERMS):
        an = -n * (n - a)
        b += 2.0
        d = an * d + b
        d = 1.0 / (d if d != 0.0 else tiny)
        c = b + an / c
        c = c if c != 0.0 else tiny
        total *= c * d
        if abs(c * d - 1.0) < _PRECISION:
            break
    return total
