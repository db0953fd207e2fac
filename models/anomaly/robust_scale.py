"""Scales features by median and interquartile range, which a tenth of odd rows hardly moves."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

MAX_DEVIATIONS: Final = 1e6
"""Deviations beyond which two values count as equally far off: their squares must stay within single precision."""

_IQR_OF_NORMAL: Final = 1.349
"""Interquartile range of the standard normal distribution."""


@dataclass(frozen=True, slots=True)
class RobustScale:
    """Centre and spread of each feature, in single precision, as the exported graph holds them.

    A feature without any spread in training has NaN for both: nothing tells how odd a change of it is, so it is unknown in
    every row.
    """

    centre: Floats
    inverse_spread: Floats

    def squashed(self, rows: NDArray[Any]) -> Doubles:
        """Returns asinh of each value's distance from the centre in spreads; NaN where unknown.

        The inverse hyperbolic sine is linear near 0 and logarithmic far out, so that one wild feature does not drown all others.
        """
        # The difference in single precision, as the graph takes it: for large values close to each other it is all of the error.
        with np.errstate(invalid="ignore", over="ignore"):
            deviations = (rows.astype(np.float32) - self.centre) * self.inverse_spread
        squashed: Doubles = np.arcsinh(np.clip(deviations.astype(np.float64), -MAX_DEVIATIONS, MAX_DEVIATIONS))
        return squashed


def robust_scale(rows: NDArray[Any]) -> RobustScale:
    """Measures `rows` (n, features), of which unknown values (NaN) are left out.

    The spread is the interquartile range by that of a normal distribution; the standard deviation where the middle half of the
    values is one number.
    """
    known = np.where(np.isfinite(rows), rows, np.nan).astype(np.float64)
    centre = np.full(rows.shape[1], np.nan)
    spread = np.full(rows.shape[1], np.nan)
    some = ~np.isnan(known).all(axis=0)
    if some.any():
        low, centre[some], high = np.nanquantile(known[:, some], (0.25, 0.5, 0.75), axis=0)
        spread[some] = (high - low) / _IQR_OF_NORMAL
        spread[some] = np.where(spread[some] > 0.0, spread[some], np.nanstd(known[:, some], axis=0))
    with np.errstate(divide="ignore", over="ignore"):
        inverse = (1.0 / spread).astype(np.float32)
    usable = np.isfinite(inverse)
    nan = np.float32(np.nan)
    return RobustScale(np.where(usable, centre.astype(np.float32), nan), np.where(usable, inverse, nan))
