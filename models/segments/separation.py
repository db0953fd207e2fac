"""Tells whether two groups are two: is there a valley between their centres?"""

from math import sqrt
from typing import Final

import numpy as np

from models.segments.mini_batch import Floats

PLACES: Final = 11
"""Places along the line from centre to centre at which the density is looked at."""

BANDWIDTH: Final = 0.08
"""Of the density, as a part of the distance between the centres."""


def valley(rows: Floats, first: Floats, second: Floats, errors: float = 0.0) -> float:
    """The least density of the rows between two centres, by the lesser of the densities at the centres.

    Well below 1 for two groups, about 1 or more for one group cut in two. Rows and centres are scaled; the rows are those of
    both groups, projected onto the line through the centres. What a row does not know (NaN) counts as the middle. So many
    standard `errors` are added to the least density, which is about a count of rows: a few rows make valleys by chance.

    >>> generator = np.random.default_rng(0)
    >>> one = generator.normal(size=(2000, 1))
    >>> apart = np.concatenate([one - 4.0, one + 4.0])
    >>> valley(apart, np.array([-4.0]), np.array([4.0])) < 0.1 < 0.9 < valley(one, np.array([-0.8]), np.array([0.8]))
    True
    """
    line = second - first
    length = sqrt(float(line @ line))
    if length == 0.0 or len(rows) == 0:
        return 1.0
    middle = (first + second) / 2.0
    along = np.where(np.isnan(rows), middle, rows) @ line
    places = (along - first @ line) / (length * length)
    density = np.exp(-0.5 * ((places[:, None] - np.linspace(0.0, 1.0, PLACES)) / BANDWIDTH) ** 2).sum(axis=0)
    at_centres = min(float(density[:3].max()), float(density[-3:].max()))
    least = float(density[2:-2].min())
    return (least + errors * sqrt(least + 1.0)) / at_centres if at_centres > 0.0 else 1.0
