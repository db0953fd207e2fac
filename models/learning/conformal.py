"""Conformal prediction: how far a prediction may be from the truth, at a stated share of misses.

Split conformal: Papadopoulos et al. (2002), ECML; Lei et al. (2018), JASA 113(523), 1094-1111. The guarantee, coverage of at
least 1 - alpha, holds where calibration rows and new rows are exchangeable; drift is watched for elsewhere.

Training uses `conformal_quantile`, `quantile_score` and `label_set`. `weighted_conformal_quantile` and `next_alpha` are for rows
that are not exchangeable; training does not call them yet. They are kept because reference vectors check them
(`tests/unit/models/learning/data/conformal.json`): whoever makes intervals follow drift begins there.
"""

from collections.abc import Sequence
from math import ceil, inf
from typing import Final

_EXACT: Final = 1e-9
"""Room for binary fractions: 20 × (1 - 0.1) is 18.000000000000004 on some ways of computing it."""


def conformal_rank(rows: int, alpha: float) -> int:
    """Returns which of the sorted calibration scores bounds a new one: ceil((rows + 1)(1 - alpha)).

    >>> conformal_rank(99, 0.1), conformal_rank(9, 0.05)
    (90, 10)
    """
    return ceil((rows + 1) * (1.0 - alpha) - _EXACT)


def conformal_quantile(scores: Sequence[float], alpha: float) -> float:
    """Returns the bound that a new score keeps with probability 1 - alpha; infinite where there are too few scores to tell.

    >>> conformal_quantile([3.0, 1.0, 2.0, 4.0], 0.2)
    4.0
    >>> conformal_quantile([3.0, 1.0, 2.0], 0.2)
    inf
    """
    rank = conformal_rank(len(scores), alpha)
    return inf if rank > len(scores) else sorted(scores)[rank - 1]


def weighted_conformal_quantile(scores: Sequence[float], weights: Sequence[float], alpha: float) -> float:
    """Returns the bound where calibration rows count differently, as older ones less; the new row weighs 1.

    Source: Tibshirani et al. (2019), NeurIPS; Barber et al. (2023), Annals of Statistics 51(2), 816-845.
    """
    wanted = (1.0 - alpha) * (sum(weights) + 1.0)
    reached = 0.0
    for score, weight in sorted(zip(scores, weights, strict=True)):
        reached += weight
        if reached >= wanted - _EXACT:
            return score
    return inf


def quantile_score(lower: float, upper: float, truth: float) -> float:
    """Returns how far the truth lies outside of two predicted quantiles; negative inside.

    Source: Romano, Patterson and Candès (2019), "Conformalized quantile regression", NeurIPS.
    """
    return max(lower - truth, truth - upper)


def next_alpha(alpha: float, wanted_alpha: float, missed: bool, gamma: float) -> float:
    """Returns the miss rate to ask for next, from whether the last interval missed.

    Source: Gibbs and Candès (2021), "Adaptive conformal inference under distribution shift", NeurIPS.
    """
    return alpha + gamma * (wanted_alpha - float(missed))


def label_set(probabilities: Sequence[float], bound: float) -> tuple[int, ...]:
    """Returns the classes that cannot be ruled out: those whose 1 - probability is at most `bound` (LAC).

    Source: Sadinle, Lei and Wasserman (2019), JASA 114(525), 223-234.

    >>> label_set([0.7, 0.2, 0.1], 0.8)
    (0, 1)
    """
    return tuple(place for place, share in enumerate(probabilities) if 1.0 - share <= bound + _EXACT)
