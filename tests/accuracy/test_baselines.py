"""Baselines against numpy at every prefix."""

from math import floor, sqrt

import numpy as np
import pytest
from numpy.typing import NDArray

from infra.bench.baselines import CLIP_Z, HALF_LIFE, MIN_WEIGHT, WARM_UP, Baselines

Matrix = NDArray[np.float64]
PLAIN = floor(1.0 / MIN_WEIGHT)
"""So many values weigh alike."""

SERIES: Matrix = np.random.default_rng(1).uniform(0.0, 1.0, (150, 3)) * [1.0, 60_000.0, 0.001] + [0.0, 5.0, -1.0]
"""Three features of different scales; a uniform value never lies three deviations from the mean."""


def moments(values: Matrix) -> tuple[Matrix, Matrix]:
    """Weighted mean and population variance, from the weights written out: 1/`PLAIN` each, then `MIN_WEIGHT`."""
    late = len(values) - PLAIN
    if late <= 0:
        return values.mean(axis=0), values.var(axis=0)
    faded = (1.0 - MIN_WEIGHT) ** np.arange(late, -1, -1)
    weights = np.concatenate([np.full(PLAIN, faded[0] / PLAIN), MIN_WEIGHT * faded[1:]])
    mean = np.average(values, axis=0, weights=weights)
    return mean, np.average((values - mean) ** 2, axis=0, weights=weights)


def fed(values: Matrix | list[float], features: int = 1) -> Baselines:
    baselines = Baselines(features)
    for row in np.reshape(values, (-1, features)).tolist():
        baselines.score_and_update(row)
    return baselines


def test_weights_of_the_oracle_sum_to_one_and_halve_after_a_half_life() -> None:
    late = 90
    faded = (1.0 - MIN_WEIGHT) ** np.arange(late, -1, -1)
    assert faded[0] + MIN_WEIGHT * faded[1:].sum() == pytest.approx(1.0)
    assert faded[-1 - HALF_LIFE] == pytest.approx(0.5)


def test_mean_and_variance_agree_with_numpy_at_every_prefix() -> None:
    baselines = Baselines(3)
    for n, row in enumerate(SERIES, start=1):
        baselines.score_and_update(row.tolist())
        mean, variance = moments(SERIES[:n])
        assert baselines.means == pytest.approx(mean.tolist(), rel=1e-9)
        assert baselines.variances == pytest.approx(variance.tolist(), rel=1e-9, abs=1e-18)


def test_scores_compare_with_what_came_before_at_every_prefix() -> None:
    baselines = Baselines(3)
    for n, row in enumerate(SERIES):
        scores = baselines.score_and_update(row.tolist())
        if n < WARM_UP:
            assert scores == [None, None, None]
            continue
        mean, variance = moments(SERIES[:n])
        assert scores == pytest.approx(((row - mean) / np.sqrt(variance)).tolist(), rel=1e-7)
        assert baselines.prior_means == pytest.approx(mean.tolist(), rel=1e-9)


def test_nothing_is_expected_during_warm_up() -> None:
    baselines = fed([float(n) for n in range(WARM_UP)])
    assert np.isnan(baselines.prior_means).all()


def test_a_constant_value_gives_no_score_but_an_expectation() -> None:
    baselines = fed([0.0] * WARM_UP)
    assert baselines.score_and_update([5.0]) == [None]
    assert baselines.prior_means == [0.0]


def test_an_unknown_value_neither_scores_nor_teaches() -> None:
    holes = SERIES[:60].copy()
    holes[::3, 1] = np.nan
    baselines = Baselines(3)
    for row in holes:
        scores = baselines.score_and_update(row.tolist())
        assert not np.isnan(row[1]) or scores[1] is None
    known = holes[:, 1][~np.isnan(holes[:, 1])]
    mean, variance = moments(known[:, None])
    assert baselines.counts == [60, 40, 60]
    assert baselines.means[1] == pytest.approx(mean[0])
    assert baselines.variances[1] == pytest.approx(variance[0])


@pytest.mark.parametrize(("odd", "stands_for"), [(100.0, 1.0 + CLIP_Z), (-7.5, 1.0 - CLIP_Z)])
def test_beyond_the_limit_a_value_teaches_as_if_it_stood_there(odd: float, stands_for: float) -> None:
    before = [0.0, 2.0] * (WARM_UP // 2)  # mean 1, deviation 1
    baselines = fed(before)
    assert baselines.score_and_update([odd]) == [pytest.approx(odd - 1.0)]
    assert baselines.means[0] == pytest.approx(np.mean([*before, stands_for]))
    assert baselines.variances[0] == pytest.approx(np.var([*before, stands_for]))


def test_a_value_at_the_limit_teaches_in_full() -> None:
    before = [0.0, 2.0] * (WARM_UP // 2)
    baselines = fed([*before, 4.0])
    assert baselines.means[0] == pytest.approx(np.mean([*before, 4.0]))


def test_a_lasting_change_becomes_the_norm() -> None:
    baselines = fed([0.0, 2.0] * 30)
    for value in [99.0, 101.0] * 150:
        score = baselines.score_and_update([value])[0]
    assert score is not None
    assert abs(score) < 2.0
    assert baselines.means[0] == pytest.approx(100.0, abs=1.0)


def test_judging_without_learning_changes_nothing_and_scores_the_same() -> None:
    baselines, other = fed(SERIES[:50], 3), fed(SERIES[:50], 3)
    before = list(baselines.means)
    row = (SERIES[50] + 10.0).tolist()
    assert baselines.score_and_update(row, learn=False) == other.score_and_update(row)
    assert baselines.means == before
    assert other.means != before


def test_counts_stop_where_their_sixteen_bits_end() -> None:
    baselines = fed([0.0, 1.0] * 30)
    baselines.counts = [65_535]
    baselines.score_and_update([0.5])
    assert baselines.counts == [65_535]


def test_the_deviation_is_the_population_s() -> None:
    baselines = fed([1.0, 3.0] * 6)
    assert sqrt(baselines.variances[0]) == pytest.approx(1.0)
