"""How unusual is each feature among the readers of the site? Means and spreads come with the window."""

from collections.abc import Sequence
from typing import Final

ENOUGH: Final = 30
"""Windows of other sessions before anybody is compared with them."""


def z_scores(
    values: Sequence[float], means: Sequence[float], spreads: Sequence[float], windows: float
) -> list[float | None]:
    """Standard deviations from the peers' mean; None with too few peers, without spread, or where unknown (NaN).

    >>> z_scores([4.0, 1.0], [2.0, 1.0], [1.0, 0.0], windows=100)
    [2.0, None]
    """
    if not windows >= ENOUGH:
        return [None] * len(values)
    return [
        (value - mean) / spread if spread > 0.0 and value == value else None
        for value, mean, spread in zip(values, means, spreads, strict=True)
    ]
