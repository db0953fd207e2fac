"""Scores a stream of numbers one by one: how anomalous is each value among the recent ones?"""

from typing import Final

from infra.bench.baselines import CLIP_Z, CUSUM_THRESHOLD, NAN, Baselines

HALF_LIFE: Final = 2016
"""Values after which what was learned counts half: a week at one every five minutes, so that days and nights are both
ordinary. Not delicate: from 1000 values to never, `python -m infra.bench.nab` prints 57.9 to 58.2."""

MEMORY: Final = 1008
"""Values after which the last oddity counts half: half a week. `python -m infra.bench.nab` prints 58.2; 52.3 with 600,
54.8 with 2016 and 52.2 with 3000. The windowed Gaussian has 42.1."""


class StreamDetector:
    """Scores from 0 to 1; 0.5 is as odd as the oddest value of late, so that a long episode is reported once.

    Evidence: how many deviations the value and its step from the value before lie off (`Baselines`: scores first,
    learns second), and how far both have crept (the CUSUM, which at `CUSUM_THRESHOLD` counts as much as a value at `CLIP_Z`). It
    is compared with the largest evidence so far, halved every `MEMORY` values, and no less than `CLIP_Z`: a stream that
    often spikes needs a larger spike.
    """

    __slots__ = ("_baselines", "_before", "_oddest")

    def __init__(self) -> None:
        self._baselines = Baselines(2, HALF_LIFE)
        self._before = NAN
        self._oddest = 0.0

    def score(self, value: float) -> float | None:
        """How odd `value` is; None during warm-up, without any spread so far, or if it is unknown (NaN).

        >>> detector = StreamDetector()
        >>> calm = [detector.score(20.0 + second % 3) for second in range(60)]
        >>> leap, again = detector.score(30.0), detector.score(30.0)
        >>> calm[0], leap > 0.8, again < 0.5
        (None, True, True)
        """
        baselines = self._baselines
        scores = baselines.score_and_update((value, value - self._before))
        self._before = value
        known = [abs(score) for score in scores if score is not None]
        if not known:
            return None
        crept = sum(max(pair) for pair in zip(baselines.cusum_high, baselines.cusum_low, strict=True))
        evidence = sum(known) + crept * CLIP_Z / CUSUM_THRESHOLD
        odd = evidence / (evidence + max(self._oddest, CLIP_Z))
        self._oddest = max(self._oddest * _FADING, evidence)
        return odd


_FADING: Final = 2.0 ** (-1.0 / MEMORY)
