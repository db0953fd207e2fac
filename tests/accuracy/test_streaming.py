"""The streaming detector by hand, and baselines with a half-life of their own."""

import numpy as np
import pytest

from infra.bench.baselines import HALF_LIFE, WARM_UP, Baselines, min_weight
from infra.bench.stream_detector import MEMORY, StreamDetector

NAN = float("nan")


def fed(values: list[float]) -> StreamDetector:
    detector = StreamDetector()
    for value in values:
        detector.score(value)
    return detector


def calm(length: int) -> list[float]:
    random = np.random.default_rng(1)
    return [float(value) for value in random.normal(20.0, 1.0, length)]


def test_evidence_is_compared_with_the_limit_where_nothing_odd_has_been() -> None:
    # Mean 1, deviation 1: 11 lies 10 off, the CUSUM is 10 - 0.75. There are 11 steps: too few to judge.
    # 10 + 9.25 * 3 / 12 = 12.3125, and 12.3125 / (12.3125 + 3) = 0.80408.
    assert fed([0.0, 2.0] * (WARM_UP // 2)).score(11.0) == pytest.approx(0.80408, abs=1e-5)


def test_the_same_oddity_soon_after_is_as_odd_as_the_oddest_of_late() -> None:
    detector = fed([*calm(500), 40.0, *calm(50)])
    assert detector.score(40.0) == pytest.approx(0.5, abs=0.02)


def test_a_greater_oddity_soon_after_is_above_one_half() -> None:
    detector = fed([*calm(500), 40.0, *calm(50)])
    greater = detector.score(80.0)
    assert greater is not None
    assert greater > 0.6


def test_after_a_while_the_same_oddity_is_odd_again() -> None:
    detector = fed([*calm(500), 40.0, *calm(2 * MEMORY)])
    again = detector.score(40.0)
    assert again is not None
    assert again > 0.7


def test_warm_up_gives_no_score() -> None:
    detector = StreamDetector()
    assert [detector.score(value) for value in calm(WARM_UP)] == [None] * WARM_UP
    assert detector.score(20.0) is not None


def test_a_constant_stream_and_its_first_change_give_no_score() -> None:
    assert fed([5.0] * 100).score(9.0) is None


def test_an_unknown_value_gives_no_score_and_leaves_no_step() -> None:
    detector = fed([0.0, 2.0] * 20)
    assert detector.score(NAN) is None
    after = detector.score(1.0)
    assert after is not None
    assert after < 0.5


def test_scores_lie_between_0_and_1() -> None:
    values = [*calm(100), 1e15, -1e15, 0.0, 1e-300, *calm(10)]
    detector = StreamDetector()
    scores = [score for value in values if (score := detector.score(value)) is not None]
    assert scores
    assert all(0.0 <= score <= 1.0 for score in scores)


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
