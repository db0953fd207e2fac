"""Z-scores of each feature against the other readers of the site. Means and standard deviations come with the window."""

from collections.abc import Sequence
from typing import Final

MIN_PEER_WINDOWS: Final = 30
"""Windows of other sessions that a comparison needs."""


def z_scores(
    values: Sequence[float], means: Sequence[float], spreads: Sequence[float], windows: float
) -> list[float | None]:
    """Returns the standard deviations from the peers' mean; None with too few peers, without spread, or where unknown (NaN).

    >>> z_scores([4.0, 1.0], [2.0, 1.0], [1.0, 0.0], windows=100)
    [2.0, None]
    """
    if not windows >= MIN_PEER_WINDOWS:
        return [None] * len(values)
    return [
        (value - mean) / spread if spread > 0.0 and value == value else None
        for value, mean, spread in zip(values, means, spreads, strict=True)
    ]
