"""Scores a stream of numbers one by one: how unlike its own past is each value?"""

from binascii import a2b_base64, b2a_base64
from math import log, sqrt
from struct import Struct
from typing import Final

SIGNALS: Final = ("value", "step", "short_mean", "short_restlessness", "long_mean", "long_restlessness", "hour")
"""What is followed: the value; its difference from the one before; two fading means of each; distance from what this hour of the
day (UTC) usually brings."""

WEIGHTS: Final = (1.0, 1.0, 2.0, 1.0, 2.0, 1.0, 0.5)
"""Of a deviation, by signal. A mean deviates less by chance; what an hour brings is known from few days."""

HALF_LIFE: Final = 4032
"""Values after which what was learned counts half: a fortnight of one every five minutes."""

SHORT_HALF_LIFE: Final = 12
LONG_HALF_LIFE: Final = 72
"""Values after which a value counts half in the two fading means."""

WARM_UP: Final = 50
"""Values that a signal must have taught before its first score."""

MAX_DEVIATIONS: Final = 2.0
"""Deviations beyond which a value teaches no more than a value at that distance would."""

MEMORY: Final = 1500
"""Values after which the largest deviation of a signal counts half, or as many as there have been, if these are more."""

MIN_DEVIATIONS: Final = 4.0
"""Weighted deviations that are no news, however calm a signal has been so far."""

AGREEMENT: Final = 16.0
"""Exponent of the mean over signals: 1 would be their average, a very large one the largest alone."""

REST: Final = 200
"""Values after which the highest score counts half: until then a lower one is more of the same."""

MORE_OF_THE_SAME: Final = 0.8
"""Factor of such a score."""

MIN_HOUR_VALUES: Final = 12
"""Values of an hour of the day before it is compared with."""

_HOUR_WEIGHT: Final = 0.02
"""Least weight of a value in the mean of its hour."""

_STILL: Final = 0.05
"""Deviations of a step that count as no step at all: between two kinds of standstill there is no difference."""

_COUNT: Final = len(SIGNALS)
_HOURS: Final = 24
_HOUR_MS: Final = 3_600_000
_NAN: Final = float("nan")
_WEIGHT: Final = 1.0 - 2.0 ** (-1.0 / HALF_LIFE)
_SHORT: Final = 1.0 - 2.0 ** (-1.0 / SHORT_HALF_LIFE)
_LONG: Final = 1.0 - 2.0 ** (-1.0 / LONG_HALF_LIFE)
_REST: Final = 2.0 ** (-1.0 / REST)
_NUMBERS: Final = Struct(f"<{4 * _COUNT + 2 * _HOURS + 7}d")


class StreamDetector:
    """Scores from 0 to 1 against the stream's own past; None during warm-up, without any spread so far, or if unknown (NaN).

    Of each signal it keeps mean, variance and the largest weighted deviation so far, which fades. A signal's score is its
    deviation by that deviation and the largest together: one half is as odd as the oddest so far, so that a stream that often
    spikes needs a larger spike. The detector's score is the generalised mean over signals. It scores first and learns second. No
    unit matters: a stream times a number has the same scores.

    `python -m infra.bench.nab` says how well it does; decision 69 says how the constants were set.
    """

    __slots__ = ("_counts", "_hour_counts", "_hour_means", "_largest", "_means", "_others", "_variances", "scores")

    def __init__(self) -> None:
        self._counts = [0.0] * _COUNT
        self._means = [0.0] * _COUNT
        self._variances = [0.0] * _COUNT
        self._largest = [0.0] * _COUNT
        self._hour_counts = [0.0] * _HOURS
        self._hour_means = [0.0] * _HOURS
        # Values seen; value before; short and long mean of values, then of steps; peak of the score.
        self._others = [0.0, _NAN, _NAN, _NAN, _NAN, _NAN, 0.0]
        self.scores: list[float | None] = [None] * _COUNT
        """Of the signals at the last value, in the order of `SIGNALS`."""

    def score(self, value: float, at_ms: int) -> float | None:
        """Scores `value`, then learns it. `at_ms` tells the hour of the day.

        >>> detector = StreamDetector()
        >>> calm = [detector.score(20.0 + minute % 3, 60_000 * minute) for minute in range(200)]
        >>> leap, again = detector.score(30.0, 12_000_000), detector.score(30.0, 12_060_000)
        >>> calm[0], leap > 0.6, again < 0.5
        (None, True, True)
        """
        self.scores = [None] * _COUNT
        if value != value:
            return None
        seen = self._others[0]
        fade = 2.0 ** (-1.0 / max(float(MEMORY), seen))
        self._others[0] = seen + 1.0
        powers, known = 0.0, False
        for place, reading in enumerate(self._readings(value, at_ms)):
            if reading != reading:
                continue
            deviations = self._learn(place, reading)
            if deviations is None:
                continue
            evidence = WEIGHTS[place] * deviations
            largest = self._largest[place]
            odd = evidence / (evidence + max(largest, MIN_DEVIATIONS))
            self._largest[place] = max(largest * fade, evidence)
            self.scores[place] = odd
            powers += odd**AGREEMENT
            known = True
        if not known:
            return None
        score = float((powers / _COUNT) ** (1.0 / AGREEMENT))
        peak = self._others[6]
        self._others[6] = max(peak * _REST, score)
        return score if score > peak else score * MORE_OF_THE_SAME

    def mean(self) -> float:
        """The fading mean of the values so far; 0 before the first."""
        return self._means[0]

    def strongest(self) -> str | None:
        """The signal that deviated most at the last value; None where there was no score."""
        known = [(score, name) for score, name in zip(self.scores, SIGNALS, strict=True) if score is not None]
        return max(known)[1] if known else None

    def _readings(self, value: float, at_ms: int) -> list[float]:
        """Returns the signals at this value, NaN where there is none yet."""
        others = self._others
        step = value - others[1]
        others[1] = value
        readings = [value, step]
        deviation = sqrt(self._variances[1]) if self._counts[1] > WARM_UP else 0.0
        for place, weight in ((2, _SHORT), (3, _LONG)):
            others[place] = _faded(others[place], value, weight)
            others[place + 2] = restless = _faded(others[place + 2], abs(step), weight)
            readings.append(others[place])
            readings.append(log(restless / deviation + _STILL) if deviation > 0.0 else _NAN)
        hour = at_ms // _HOUR_MS % _HOURS
        count = self._hour_counts[hour]
        readings.append(value - self._hour_means[hour] if count >= MIN_HOUR_VALUES else _NAN)
        self._hour_counts[hour] = count = count + 1.0
        self._hour_means[hour] += (value - self._hour_means[hour]) * max(1.0 / count, _HOUR_WEIGHT)
        return readings

    def _learn(self, place: int, reading: float) -> float | None:
        """Learns a signal's reading by Welford's update with weights that fade; returns its deviations from before."""
        mean, variance, count = self._means[place], self._variances[place], self._counts[place]
        difference, deviations = reading - mean, None
        if count >= WARM_UP and variance > 0.0:
            spread = sqrt(variance)
            deviations = abs(difference) / spread
            limit = MAX_DEVIATIONS * spread
            difference = min(max(difference, -limit), limit)
        self._counts[place] = count = count + 1.0
        weight = max(1.0 / count, _WEIGHT)
        step = weight * difference
        self._means[place] = mean + step
        self._variances[place] = (1.0 - weight) * (variance + difference * step)
        return deviations

    def to_text(self) -> str:
        """As text for keyed state, 888 characters: all numbers in base64, so that a restored detector goes on exactly alike."""
        numbers = (
            *self._counts, *self._means, *self._variances, *self._largest,
            *self._hour_counts, *self._hour_means, *self._others,
        )  # fmt: skip
        return b2a_base64(_NUMBERS.pack(*numbers), newline=False).decode("ascii")

    @classmethod
    def from_text(cls, text: str) -> "StreamDetector":
        """What `to_text` wrote."""
        self = cls()
        numbers = list(_NUMBERS.unpack(a2b_base64(text)))
        columns = [numbers[_COUNT * place : _COUNT * (place + 1)] for place in range(4)]
        self._counts, self._means, self._variances, self._largest = columns
        hours = 4 * _COUNT
        self._hour_counts = numbers[hours : hours + _HOURS]
        self._hour_means = numbers[hours + _HOURS : hours + 2 * _HOURS]
        self._others = numbers[hours + 2 * _HOURS :]
        return self


def _faded(mean: float, value: float, weight: float) -> float:
    """The fading mean with one value more; NaN stands for no mean yet, and for no value."""
    if mean != mean:
        return value
    return mean if value != value else mean + weight * (value - mean)
