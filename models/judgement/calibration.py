"""Ranks and z-scores by the site's own recent values instead of by an assumed distribution."""

from collections.abc import Sequence
from math import exp
from statistics import NormalDist
from typing import Final

MIN_SCORES: Final = 500
"""Scores below which nothing is told of the tail: those of half an hour of 35 readers, both halves of a site together. With 40
readers and tails as heavy as log-normal 1.5, three was exceeded in 0.3 % of windows, and in 3 % without calibration
(`infra/bench/calibration.py`)."""

MIN_TAIL_SCORES: Final = 30
"""Scores beyond which the tail is counted; further out it is extrapolated."""

_DEFAULT_EXCESS_BINS: Final = 4.0
_SMALLEST: Final = 1e-12
_NORMAL: Final = NormalDist()


def cumulative_shares(counts: Sequence[int]) -> list[float]:
    """Share of all values at or below each step; all zeros where there is none.

    >>> cumulative_shares([1, 0, 3])
    [0.25, 0.25, 1.0]
    """
    total, running, shares = max(sum(counts), 1), 0, []
    for count in counts:
        running += count
        shares.append(round(running / total, 4))
    return shares


def calibrated_z(counts: Sequence[int]) -> list[float]:
    """For each bin of a histogram of raw scores, the z whose normal tail is the share of scores beyond it.

    Empty below `MIN_SCORES`. Beyond the last `MIN_TAIL_SCORES` scores the tail falls exponentially, with the mean excess
    of those scores (peaks over threshold: Pickands 1975, Annals of Statistics 3(1), with shape 0).
    """
    total = sum(counts)
    if total < MIN_SCORES:
        return []
    above, tails = 0.0, []
    for count in reversed(counts):
        tails.append((above + 0.5 * count + 0.5) / (total + 1.0))
        above += count
    tails.reverse()
    last = max((place for place, tail in enumerate(tails) if tail * total >= MIN_TAIL_SCORES), default=0)
    beyond = sum(counts[last + 1 :])
    excess = _DEFAULT_EXCESS_BINS
    if beyond:
        excess = sum(count * (place - last) for place, count in enumerate(counts) if place > last) / beyond
    for place in range(last + 1, len(tails)):
        tails[place] = tails[last] * exp(-(place - last) / max(excess, 1.0))
    return [round(-_NORMAL.inv_cdf(min(max(tail, _SMALLEST), 1.0 - _SMALLEST)), 3) for tail in tails]
