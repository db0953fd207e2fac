"""Series of slices in which nothing happens, of the kinds that features take: counts, durations, heavy tails, moods."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.random import Generator

Array = np.ndarray[Any, np.dtype[np.float64]]

SLICES_A_MINUTE: Final = 6
SLICES_AN_HOUR: Final = 360
MILLI: Final = 1000.0
"""Whole units by one: sums run in integers, and these series do not."""


class Series(NamedTuple):
    """`draw(generator, slices, clock)` gives one session's slices in whole units; `clock` is the slice in which it begins."""

    name: str
    draw: Callable[[Generator, int, int], Array]
    floor: float = 10.0
    """Least dispersion, in whole units: 1 for counts."""
    is_sparse: bool = False
    """Whether most minutes hold nothing: such counts take few values, and so do their z-scores."""


def _poisson(a_minute: float) -> Series:
    def draw(generator: Generator, slices: int, _clock: int) -> Array:
        return generator.poisson(a_minute / SLICES_A_MINUTE, slices).astype(float)

    return Series(f"Poisson {a_minute:g} a minute", draw, 1.0, a_minute < 1.0)


def _lognormal(sigma: float) -> Series:
    return Series(f"log-normal {sigma:g}", lambda generator, slices, _: MILLI * generator.lognormal(0.0, sigma, slices))


def _pareto(alpha: float) -> Series:
    return Series(f"Pareto {alpha:g}", lambda generator, slices, _: MILLI * generator.pareto(alpha, slices))


def _hurdle(percent: float) -> Series:
    def draw(generator: Generator, slices: int, _clock: int) -> Array:
        return MILLI * generator.lognormal(0.0, 1.0, slices) * (generator.random(slices) < percent / 100.0)

    return Series(f"{percent:g} % of slices, log-normal 1", draw, is_sparse=percent <= 5.0)


def _moody(generator: Generator, slices: int, _clock: int) -> Array:
    """Poisson counts whose logarithm of intensity forgets within two minutes."""
    keep = float(np.exp(-10.0 / 120.0))
    steps = generator.normal(0.0, 0.5 * np.sqrt(1.0 - keep**2), slices)
    level, path = generator.normal(0.0, 0.5), np.empty(slices)
    for place in range(slices):
        path[place] = level
        level = keep * level + steps[place]
    return np.asarray(generator.poisson(np.exp(path)), dtype=float)


def _tidal(generator: Generator, slices: int, clock: int) -> Array:
    """The same hour for all sessions: the whole site does more, then less."""
    hour = 2.0 * np.pi * (np.arange(slices) + clock) / SLICES_AN_HOUR
    return np.asarray(generator.poisson(5.0 * (1.0 + 0.5 * np.sin(hour))), dtype=float)


def _growing(generator: Generator, slices: int, _clock: int) -> Array:
    return generator.poisson(5.0 * (1.0 + np.arange(slices) / SLICES_AN_HOUR)).astype(float)


SERIES: Final = (
    Series("normal", lambda generator, slices, _: MILLI * generator.normal(10.0, 2.0, slices)),
    *map(_poisson, (30.0, 6.0, 1.2, 0.3, 0.06)),
    *map(_lognormal, (0.5, 1.0, 1.5)),
    *map(_pareto, (3.0, 1.5)),
    *map(_hurdle, (30.0, 5.0, 1.0)),
    Series("AR(1) intensity, 2 min", _moody, 1.0),
    Series("diurnal, 50 % up and down", _tidal, 1.0),
    Series("drift, doubles in an hour", _growing, 1.0),
    Series("constant", lambda _generator, slices, _: np.full(slices, 3.0), 1.0),
)
