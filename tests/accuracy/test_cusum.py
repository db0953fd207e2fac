"""The CUSUM of the baselines against series worked by hand."""

from math import inf, nextafter, sqrt

import pytest

from infra.bench.baselines import CUSUM_SLACK, CUSUM_THRESHOLD, WARM_UP, Baselines


def warmed() -> Baselines:
    """Mean 0 and deviation 1 after twelve values."""
    baselines = Baselines(1)
    for value in [-1.0, 1.0] * (WARM_UP // 2):
        baselines.score_and_update([value])
    return baselines


def test_sums_follow_a_series_worked_by_hand() -> None:
    # n   value  mean before  variance before        z                rising                  falling
    # 13    2        0        1                      2                2 - 0.75 = 1.25         0
    # 14    2        2/13     16/13 - (2/13)^2       24/sqrt(204)     1.25 + z - 0.75 = 2.18  0
    # 15   -2        4/14     20/14 - (4/14)^2       -16/sqrt(66)     0 (2.18 - 1.97 - 0.75)  1.97 - 0.75 = 1.22
    baselines = warmed()
    baselines.score_and_update([2.0])
    assert baselines.cusum_high == [pytest.approx(1.25)]
    assert baselines.cusum_low == [0.0]
    baselines.score_and_update([2.0])
    assert baselines.cusum_high == [pytest.approx(0.5 + 24 / sqrt(204))]
    assert baselines.cusum_low == [0.0]
    baselines.score_and_update([-2.0])
    assert baselines.cusum_high == [0.0]
    assert baselines.cusum_low == [pytest.approx(16 / sqrt(66) - 0.75)]


def test_sums_stay_at_zero_during_warm_up() -> None:
    baselines = warmed()
    assert (baselines.cusum_high, baselines.cusum_low) == ([0.0], [0.0])


@pytest.mark.parametrize("direction", [1, -1])
def test_a_feature_that_creeps_by_two_deviations_a_window_raises_the_alarm_after_ten(direction: int) -> None:
    baselines = warmed()
    alarms = []
    for _ in range(10):
        baselines.score_and_update([baselines.means[0] + direction * 2.0 * sqrt(baselines.variances[0])])
        alarms.append(baselines.cusum_alarm(0))
    assert alarms == [0] * 9 + [direction]  # 9 * (2 - 0.75) = 11.25 is below the bound of 12, 10 * 1.25 is above


def test_one_odd_window_raises_no_alarm_until_its_seconds_have_left() -> None:
    baselines = warmed()
    for value in (1.5, 1.5, 1.5, 1.5, 1.5, 1.5):
        baselines.score_and_update([value])
    assert baselines.cusum_alarm(0) == 0


def test_the_alarm_begins_above_its_bound() -> None:
    baselines = Baselines(1)
    baselines.cusum_high = [CUSUM_THRESHOLD]
    assert baselines.cusum_alarm(0) == 0
    baselines.cusum_high = [nextafter(CUSUM_THRESHOLD, inf)]
    assert baselines.cusum_alarm(0) == 1


def test_an_ended_shift_is_forgotten_in_bounded_time() -> None:
    baselines = warmed()
    for _ in range(3):
        baselines.score_and_update([1e9])
    assert baselines.cusum_alarm(0) == 1
    ordinary_windows = 0
    while baselines.cusum_alarm(0):
        baselines.score_and_update(baselines.means[:])  # z is 0, so that each window takes away the drift
        ordinary_windows += 1
    assert ordinary_windows <= (30.0 - CUSUM_THRESHOLD) / CUSUM_SLACK + 1


def test_a_silent_window_moves_no_sum() -> None:
    baselines = warmed()
    baselines.score_and_update([50.0], learn=False)
    assert baselines.cusum_high == [0.0]
