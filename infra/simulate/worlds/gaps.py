"""Distributions of pauses and of time spent on a page. Times in ms; `generator` is numpy's."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.random import Generator

Array = np.ndarray[Any, np.dtype[np.float64]]

Gaps = Callable[[Generator, int], Array]
"""(generator, count) -> gaps of mean 1."""

Pauses = Callable[[Generator, int, float, float], Array]
"""(generator, count, median in ms, spread) -> pauses in ms."""

Dwell = Callable[[Generator, int, float], Array]
"""(generator, count, median in ms) -> times on a page in ms."""

Pace = Callable[[float], float]
"""Time in ms -> factor on all pauses that begin there."""


def uniform_gaps(generator: Generator, count: int) -> Array:
    return generator.uniform(0.5, 1.5, count)


def exponential_gaps(generator: Generator, count: int) -> Array:
    return generator.exponential(1.0, count)


def lognormal(generator: Generator, count: int, median: float, sigma: float) -> Array:
    return np.asarray(median * np.exp(generator.normal(0.0, sigma, count)))


def weibull_pauses(generator: Generator, count: int, median: float, spread: float) -> Array:
    """Shape 0.75 / spread: 0.83 where a log-normal would have sigma 0.9."""
    shape = 0.75 / spread
    return np.asarray(median * (generator.weibull(shape, count) / np.log(2.0) ** (1.0 / shape)))


def exponential_pauses(generator: Generator, count: int, median: float, _spread: float) -> Array:
    return generator.exponential(median / np.log(2.0), count)


def pareto_pauses(generator: Generator, count: int, median: float, _spread: float) -> Array:
    """Lomax of shape 3: now and then a very long pause."""
    return np.asarray(median / (2.0 ** (1.0 / 3.0) - 1.0) * generator.pareto(3.0, count))


def gamma_pauses(generator: Generator, count: int, median: float, _spread: float) -> Array:
    """Shape 0.6: many short pauses, some long ones."""
    return generator.gamma(0.6, median / 0.315, count)


def lognormal_dwell(generator: Generator, count: int, median: float) -> Array:
    return lognormal(generator, count, median, 0.9)


def gamma_dwell(generator: Generator, count: int, median: float) -> Array:
    return generator.gamma(1.2, median * 1.1, count)


def articles_and_ways() -> Dwell:
    """Long articles, and a few pages of seconds each on the way from one to the next."""
    left = [0]

    def dwell(generator: Generator, count: int, median: float) -> Array:
        if left[0] > 0:
            left[0] -= 1
            return generator.uniform(4_000.0, 15_000.0, count)
        left[0] = int(generator.geometric(0.25))
        return generator.gamma(3.0, median * 4.0 / 3.0, count)

    return dwell


def one_to_three(generator: Generator, count: int) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Events of a burst."""
    return generator.integers(1, 4, count)


def geometric_sizes(generator: Generator, count: int) -> "np.ndarray[Any, np.dtype[np.int64]]":
    return generator.geometric(0.3, count)


def alternating_pace(generator: Generator, length_ms: float, stay_ms: float = 180_000.0) -> Pace:
    """Two paces that alternate: exponential stays, pauses 0.6 and 1.7 times the reader's own."""
    edges, now = [0.0], 0.0
    while now < length_ms:
        now += float(generator.exponential(stay_ms))
        edges.append(now)
    borders, first = np.array(edges), int(generator.integers(0, 2))
    return lambda at_ms: (0.6, 1.7)[(int(np.searchsorted(borders, at_ms, side="right")) + first) % 2]


def drifting_pace(generator: Generator, length_ms: float) -> Pace:
    """The logarithm of the pace is an Ornstein-Uhlenbeck process: spread 0.5, forgotten in three minutes."""
    count = int(length_ms / 5_000.0) + 2
    keep = float(np.exp(-5_000.0 / 180_000.0))
    steps = generator.normal(0.0, 0.5 * np.sqrt(1.0 - keep**2), count)
    path = np.empty(count)
    path[0] = generator.normal(0.0, 0.5)
    for place in range(1, count):
        path[place] = keep * path[place - 1] + steps[place]
    factor = np.exp(path)
    return lambda at_ms: float(factor[min(int(at_ms / 5_000.0), count - 1)])
