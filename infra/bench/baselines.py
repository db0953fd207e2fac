"""Scores numbers against their own past by exponentially weighted means and spreads, z-scores and a CUSUM.

What the job judged by up to release 0.2.0; here for the detector of NAB and for a rival of the throughput benchmark.
"""

from collections.abc import Sequence
from math import sqrt
from typing import Final

HALF_LIFE: Final = 30
"""Windows after which what was learned counts half: five minutes at one window every ten seconds."""


def min_weight(half_life: int) -> float:
    """The weight of a new value once the old ones are many."""
    return 1.0 - float(2.0 ** (-1.0 / half_life))


MIN_WEIGHT: Final = min_weight(HALF_LIFE)

WARM_UP: Final = 12
"""Windows before the first score: two minutes beyond the first full one."""

CLIP_Z: Final = 3.0
"""Standard deviations beyond which a value teaches no more than a value at that distance would."""

CUSUM_SLACK: Final = 0.75
CUSUM_THRESHOLD: Final = 12.0
"""Reference value k and decision interval h of the CUSUM, in standard deviations. Windows overlap by five sixths, so one odd
minute is counted six times: these values keep that silent and raise the alarm after about two odd minutes of 1.5 deviations."""

_MAX_CUSUM: Final = 30.0
NAN: Final = float("nan")


class Baselines:
    """One baseline per feature of one session: count, mean, variance and two CUSUM sums.

    A value weighs 1/n until that falls to `min_weight`, so that at first this is the plain mean and (population)
    variance, and later an exponentially forgetting one. Source: Welford (1962), Technometrics 4(3), 419-420, with
    the weights of Finch (2009), "Incremental calculation of weighted mean and variance", section 9.

    An unknown value (NaN) neither scores nor teaches. Beyond `CLIP_Z` deviations a value teaches as if it stood at the limit:
    one odd minute does not become the norm, a lasting change does.
    """

    __slots__ = ("_min_weight", "counts", "cusum_high", "cusum_low", "means", "prior_means", "variances")

    def __init__(self, features: int, half_life: int = HALF_LIFE) -> None:
        self._min_weight = min_weight(half_life)
        self.counts = [0] * features
        self.means = [0.0] * features
        self.variances = [0.0] * features
        self.cusum_high = [0.0] * features
        self.cusum_low = [0.0] * features
        self.prior_means = [NAN] * features
        """The means that the last scored values were compared with; NaN where there was none yet."""

    def score_and_update(self, values: Sequence[float], learn: bool = True) -> list[float | None]:
        """The z-score of each value against what came before it; None during warm-up, without spread, if unknown.

        Scores first, learns second, in one pass: this runs once per session and window.
        """
        scores: list[float | None] = [None] * len(values)
        counts, means, variances = self.counts, self.means, self.variances
        cusum_high, cusum_low = self.cusum_high, self.cusum_low
        floor = self._min_weight
        self.prior_means = prior_means = [NAN] * len(values)
        for i, value in enumerate(values):
            if value != value:
                continue
            variance = variances[i]
            difference = value - means[i]
            if counts[i] >= WARM_UP:
                prior_means[i] = means[i]
                if variance > 0.0:
                    spread = sqrt(variance)
                    z = difference / spread
                    scores[i] = z
                    if learn:
                        # Spelt out: four calls of min and max a feature would take a third of this method's time.
                        up, down = cusum_high[i] + z - CUSUM_SLACK, cusum_low[i] - z - CUSUM_SLACK
                        cusum_high[i] = 0.0 if up < 0.0 else _MAX_CUSUM if up > _MAX_CUSUM else up
                        cusum_low[i] = 0.0 if down < 0.0 else _MAX_CUSUM if down > _MAX_CUSUM else down
                    if z > CLIP_Z:
                        difference = CLIP_Z * spread
                    elif z < -CLIP_Z:
                        difference = -CLIP_Z * spread
            if not learn:
                continue
            if counts[i] < 65_535:
                counts[i] += 1
            weight = 1.0 / counts[i]
            if weight < floor:
                weight = floor
            step = weight * difference
            means[i] += step
            variances[i] = (1.0 - weight) * (variance + difference * step)
        return scores

    def cusum_alarm(self, feature: int) -> int:
        """1 or -1 where the feature has crept up or down for long (CUSUM beyond `CUSUM_THRESHOLD`), else 0.

        Source: Page (1954), "Continuous inspection schemes", Biometrika 41, 100-115.
        """
        if self.cusum_high[feature] > CUSUM_THRESHOLD:
            return 1
        return -1 if self.cusum_low[feature] > CUSUM_THRESHOLD else 0
