"""Writes numbers of any size as people read them."""

from typing import Final

GROUPED_FROM: Final = 1e4
WRITTEN_OUT_BELOW: Final = 1e15
"""A float beyond has hardly a digit after the point to tell, and nobody counts that many groups."""


def readable(value: float) -> str:
    """Returns a number with six digits at most; from 10,000 on as a whole number with separators of thousands.

    >>> readable(0.59), readable(5_100.0), readable(-1_701_850.4), readable(0.0001234567), readable(3e38)
    ('0.59', '5100', '-1,701,850', '0.000123457', '3e+38')
    """
    return f"{value:,.0f}" if GROUPED_FROM <= abs(value) < WRITTEN_OUT_BELOW else f"{value:.6g}"
