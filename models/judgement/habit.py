"""What a feature declares about the habits that readers have of it."""

from typing import NamedTuple


class Habit(NamedTuple):
    """Declared by a feature whose window is the sum of its slices. The shipped values serve until the site is known."""

    key: str
    """Two letters that stand for the feature in state; never used for another one."""
    floor: float
    """Least variance of a present minute by its mean, in whole units. 1 for counts: nothing is more regular than a Poisson
    process for certain. Elsewhere the grain of the signal: a tenth of a heartbeat, 1 % of a page, 50 px, a tenth of a second."""
    mean: float
    """Of a present minute, in whole units."""
    dispersion: float
    weight: float
    """Minutes that the shipped mean counts for."""
    scale: float = 1.0
    """Whole units by one unit of the feature: sums run in integers."""


class Level(NamedTuple):
    """Declared by a feature whose window is no sum of its slices: a depth, a speed, a time since."""

    key: str
    floor: float
    """Least standard deviation, in the feature's unit."""
    scale: float = 1.0
    """Whole units by one unit of the feature, for ranks."""
