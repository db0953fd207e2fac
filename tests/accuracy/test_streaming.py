"""Baselines with a half-life of their own."""

import numpy as np
import pytest

from infra.bench.baselines import HALF_LIFE, Baselines, min_weight


@pytest.mark.parametrize("half_life", [1, HALF_LIFE, 2016])
def test_the_min_weight_halves_what_was_after_a_half_life(half_life: int) -> None:
    assert (1.0 - min_weight(half_life)) ** half_life == pytest.approx(0.5)


def test_long_baselines_are_the_plain_mean_and_variance_for_long() -> None:
    values = np.random.default_rng(2).uniform(0.0, 1.0, 400)
    baselines = Baselines(1, half_life=300)
    for count, value in enumerate(values.tolist(), start=1):
        baselines.score_and_update([value])
        assert baselines.means[0] == pytest.approx(values[:count].mean())
        assert baselines.variances[0] == pytest.approx(values[:count].var(), abs=1e-15)
