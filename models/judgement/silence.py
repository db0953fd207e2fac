"""How long a silence is unusual on a site, and for one of its readers."""

from collections.abc import Sequence
from math import exp, log, sqrt
from typing import Final

GAP_BOUNDS_MS: Final = (10_000, 20_000, 40_000)
"""Silences are counted from each of these lengths up."""

MAX_GAP_MS: Final = 160_000
"""A reader silent for longer has left, and tells nothing about those who stay."""

SILENCES_AN_HOUR: Final = 0.1
"""How often a silence may reach the bound by itself, an hour of presence."""

MIN_SILENCE_MS: Final = 45_000
MAX_SILENCE_MS: Final = 240_000
_FURTHEST_MS: Final = 320_000.0
_SLOWEST_FALL: Final = -0.7
_PRIOR_MINUTES: Final = 5.0


def site_silence_ms(gaps: Sequence[int], hours: float) -> float:
    """Length that a silence reaches `SILENCES_AN_HOUR` times an hour of presence, extrapolated from shorter ones.

    `gaps` are the numbers of silences of at least 10, 20 and 40 s. The logarithm of the rate is carried on octave by octave,
    with its bend: the tail of log-normal pauses falls faster with each octave.
    """
    first, second, level = (log((count + 0.5) / hours) for count in gaps)
    fall, bend, goal = level - second, min(level - 2.0 * second + first, 0.0), log(SILENCES_AN_HOUR)
    length_ms = 40_000.0
    while level > goal and length_ms < _FURTHEST_MS:
        fall = min(fall + bend, _SLOWEST_FALL)
        if level + fall <= goal:
            return length_ms * exp((goal - level) / fall * log(2.0))
        level, length_ms = level + fall, length_ms * 2.0
    return length_ms


def reader_silence_ms(site_ms: float, site_gaps_a_minute: float, gaps: int, present_minutes: float) -> float:
    """The site's bound for one reader: stretched by the root of how often this reader is silent for 20 s beside others.

    `gaps` are the reader's silences of 20 s or more in `present_minutes`; the site counts as five minutes of them.
    """
    bound = site_ms
    if site_gaps_a_minute > 0.0:
        expected = site_gaps_a_minute * (present_minutes + _PRIOR_MINUTES)
        bound *= sqrt((gaps + _PRIOR_MINUTES * site_gaps_a_minute) / expected)
    return min(max(bound, float(MIN_SILENCE_MS)), float(MAX_SILENCE_MS))
