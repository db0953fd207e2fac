"""Robust scaling: the spread of each column, which distances are measured in."""

from typing import Final

import numpy as np

from models.segments.mini_batch import Floats, Integers

DENSEST: Final = 0.1
"""Share of the rows whose closest neighbourhood gives the first spread."""

DENSEST_OF_NORMAL: Final = 0.2513226937
"""Width of the middle tenth of a normal distribution with standard deviation 1."""

MAD_OF_NORMAL: Final = 0.6744897501960817
"""Median absolute deviation of the same."""


def first_spread(rows: Floats, floors: Floats) -> Floats:
    """The width of the densest tenth of each column, as a standard deviation; where it is 0, the standard deviation.

    Before there are groups. Groups that lie far apart hardly widen it, as they do the interquartile range: that would hide the
    very column that tells them apart. Never below the floors. Unknown values (NaN) are left out.
    """
    found = floors.copy()
    for index, column in enumerate(rows.T):
        known = np.sort(column[~np.isnan(column)])
        if len(known) < 2:
            continue
        within = max(1, int(DENSEST * len(known)))
        width = float((known[within:] - known[:-within]).min()) / DENSEST_OF_NORMAL
        found[index] = max(width if width > 0.0 else float(known.std()), floors[index])
    return found


def spread_within(rows: Floats, points: Floats, assigned: Integers, floors: Floats) -> Floats:
    """The median absolute deviation of the rows from their own centroids, as a standard deviation. Never below the floors.

    A spread over all readers is wide where groups are far apart, and then hides what else tells them apart.
    """
    off = np.abs(rows - points[assigned])
    found = floors.copy()
    for index, column in enumerate(off.T):
        known = column[~np.isnan(column)]
        if len(known):
            found[index] = max(float(np.median(known)) / MAD_OF_NORMAL, floors[index])
    return found
