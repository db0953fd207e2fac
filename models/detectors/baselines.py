"""How unusual is each feature for this session? Forgetting means and spreads, and z-scores against them."""

from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from math import sqrt
from struct import Struct
from typing import Final

HALF_LIFE: Final = 30
"""Windows after which what was learned counts half: five minutes at one window every ten seconds."""


def least_weight(half_life: int) -> float:
    """The weight of a new value once the old ones are many."""
    return 1.0 - float(2.0 ** (-1.0 / half_life))


LEAST_WEIGHT: Final = least_weight(HALF_LIFE)

WARM_UP: Final = 12
"""Windows before the first score: two minutes beyond the first full one."""

LIMIT: Final = 3.0
"""Standard deviations beyond which a value teaches no more than a value at that distance would."""

DRIFT: Final = 0.75
ALARM: Final = 12.0
"""Reference and decision interval of the CUSUM, in standard deviations. Windows overlap by five sixths, so one odd
minute is counted six times: these values keep that silent and speak after about two odd minutes of 1.5 deviations."""

_CEILING: Final = 30.0
NAN: Final = float("nan")


class Baselines:
    """One baseline per feature of one session: count, mean, variance and two CUSUM sums.

    A value weighs 1/n until that falls to `least_weight`, so that at first this is the plain mean and (population)
    variance, and later an exponentially forgetting one. Source: Welford (1962), Technometrics 4(3), 419-420, with
    the weights of Finch (2009), "Incremental calculation of weighted mean and variance", section 9.

    An unknown value (NaN) neither scores nor teaches. Beyond `LIMIT` deviations a value teaches as if it stood at the limit:
    one odd minute does not become the norm, a lasting change does.
    """

    __slots__ = ("_least_weight", "counts", "expected", "falling", "means", "rising", "variances")

    def __init__(self, features: int, half_life: int = HALF_LIFE) -> None:
        self._least_weight = least_weight(half_life)
        self.counts = [0] * features
        self.means = [0.0] * features
        self.variances = [0.0] * features
        self.rising = [0.0] * features
        self.falling = [0.0] * features
        self.expected = [NAN] * features
        """The means that the last judged values were compared with; NaN where there was none yet."""

    def judge(self, values: Sequence[float], learn: bool = True) -> list[float | None]:
        """The z-score of each value against what came before it; None during warm-up, without spread, if unknown.

        Scores first, learns second, in one pass: this runs once per session and window.
        """
        scores: list[float | None] = [None] * len(values)
        counts, means, variances = self.counts, self.means, self.variances
        rising, falling = self.rising, self.falling
        least = self._least_weight
        self.expected = expected = [NAN] * len(values)
        for i, value in enumerate(values):
            if value != value:
                continue
            variance = variances[i]
            difference = value - means[i]
            if counts[i] >= WARM_UP:
                expected[i] = means[i]
                if variance > 0.0:
                    spread = sqrt(variance)
                    z = difference / spread
                    scores[i] = z
                    if learn:
                        # Spelt out: four calls of min and max a feature would take a third of this method's time.
                        up, down = rising[i] + z - DRIFT, falling[i] - z - DRIFT
                        rising[i] = 0.0 if up < 0.0 else _CEILING if up > _CEILING else up
                        falling[i] = 0.0 if down < 0.0 else _CEILING if down > _CEILING else down
                    if z > LIMIT:
                        difference = LIMIT * spread
                    elif z < -LIMIT:
                        difference = -LIMIT * spread
            if not learn:
                continue
            if counts[i] < 65_535:
                counts[i] += 1
            weight = 1.0 / counts[i]
            if weight < least:
                weight = least
            step = weight * difference
            means[i] += step
            variances[i] = (1.0 - weight) * (variance + difference * step)
        return scores

    def shift(self, feature: int) -> int:
        """1 or -1 where the feature has crept up or down for long (CUSUM beyond `ALARM`), else 0.

        Source: Page (1954), "Continuous inspection schemes", Biometrika 41, 100-115.
        """
        if self.rising[feature] > ALARM:
            return 1
        return -1 if self.falling[feature] > ALARM else 0

    def pack(self) -> str:
        """As text for keyed state. Text, because thread mode hands bytes over one by one."""
        numbers = (*self.means, *self.variances, *self.rising, *self.falling, *self.counts)
        return b2a_base64(_layout(len(self.means)).pack(*numbers), newline=False).decode("ascii")

    @classmethod
    def unpack(cls, text: str, features: int, half_life: int = HALF_LIFE) -> "Baselines":
        """What `pack` packed, exactly. The half-life is not packed: it must be the one it was made with."""
        numbers = _layout(features).unpack(a2b_base64(text))
        self = cls(features, half_life)
        for place, name in enumerate(("means", "variances", "rising", "falling", "counts")):
            setattr(self, name, list(numbers[place * features : (place + 1) * features]))
        return self


_layouts: dict[int, Struct] = {}


def _layout(features: int) -> Struct:
    if features not in _layouts:
        _layouts[features] = Struct(f"<{4 * features}d{features}H")
    return _layouts[features]
