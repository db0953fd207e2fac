"""NAB's rules by hand, and our streaming detector beside NAB's windowed Gaussian."""

from collections.abc import Sequence
from math import exp, tanh
from statistics import NormalDist

import pytest

from infra.bench.nab import (
    NO_ALARM,
    PROFILES,
    Series,
    best_threshold,
    gaussian_scores,
    our_detector,
    read,
    score_at,
    scored_points,
    windowed_gaussian,
)
from tests.support.shared_data import shared

STANDARD = PROFILES["standard"]


def series(name: str, length: int, windows: list[tuple[int, int]]) -> Series:
    return Series(name, [0.0] * length, windows, list(range(length)))


#   row   0   3        10   14       19
#         [--)          [---]               the first 15 % (3 rows) do not count; one window of 5 rows
ONE_WINDOW = series("one", 20, [(10, 14)])
TWO_WINDOWS = series("two", 20, [(6, 9), (14, 17)])


def alarms(*rows: int, length: int = 20) -> list[float]:
    return [1.0 if row in rows else 0.0 for row in range(length)]


def standard(series: Series, scores: Sequence[float]) -> float:
    return best_threshold([(series, scores)], STANDARD).score


def test_an_alarm_at_the_first_row_of_each_window_and_nowhere_else_is_perfect() -> None:
    assert standard(ONE_WINDOW, alarms(10)) == pytest.approx(100.0)
    assert standard(TWO_WINDOWS, alarms(6, 14)) == pytest.approx(100.0)


def test_silence_is_nothing() -> None:
    # Long enough that an alarm at every row, which would find the window too, costs more than it gains.
    result = best_threshold([(series("long", 100, [(50, 54)]), alarms(length=100))], STANDARD)
    assert result.score == 0.0
    assert result.threshold == NO_ALARM


def test_a_late_alarm_is_worth_less() -> None:
    # The last row of five stands at -1/5: 2 / (1 + e^-1) - 1 = 0.46212, of 2 / (1 + e^-5) - 1 = 0.98661 for the first.
    (late,) = [point for point in scored_points(ONE_WINDOW, alarms(14)) if point.score]
    assert late.weight == pytest.approx(0.46212 / 0.98661, abs=1e-4)
    assert standard(ONE_WINDOW, alarms(14)) == pytest.approx(100.0 * (0.4684 + 1.0) / 2.0, abs=1e-2)


def test_of_two_alarms_in_a_window_the_first_counts() -> None:
    assert standard(ONE_WINDOW, alarms(10, 12, 14)) == pytest.approx(100.0)


def test_a_false_alarm_far_from_any_window_costs_its_weight() -> None:
    # 1 for the window less 0.11, from -1 for silence: 1.89 of 2.
    assert standard(ONE_WINDOW, alarms(5, 10)) == pytest.approx(94.5)


def test_a_false_alarm_just_after_a_window_costs_less() -> None:
    # Row 15 is a quarter of the width after the last row: 2 / (1 + e^1.25) - 1 = -0.5546.
    assert 2.0 / (1.0 + exp(1.25)) - 1.0 == pytest.approx(-0.5546, abs=1e-4)
    assert standard(ONE_WINDOW, alarms(10, 15)) == pytest.approx(100.0 * (2.0 - 0.11 * 0.5546) / 2.0, abs=1e-3)


def test_three_widths_after_a_window_a_false_alarm_costs_all() -> None:
    far = series("far", 40, [(10, 14)])
    worths = {row: point.weight for row, point in enumerate(scored_points(far, [0.0] * 40), start=6)}
    assert worths[26] == pytest.approx(-tanh(7.5))
    assert worths[27] == -1.0


def test_alarms_in_probation_count_for_nothing() -> None:
    assert standard(ONE_WINDOW, alarms(0, 1, 2, 10)) == pytest.approx(100.0)
    assert standard(ONE_WINDOW, alarms(3, 10)) == pytest.approx(94.5)


def test_probation_ends_after_750_rows_of_a_long_series() -> None:
    assert len(scored_points(series("long", 6000, []), [0.0] * 6000)) == 6000 - 750


def test_a_window_in_probation_can_be_neither_found_nor_missed() -> None:
    # As in NAB it stays in the perfect score: silence -1, one window found 1, perfect 2.
    early = series("early", 20, [(0, 1), (10, 14)])
    assert standard(early, alarms(10)) == pytest.approx(100.0 * 2.0 / 3.0)


def test_half_of_the_windows_is_half_of_the_score_in_every_profile_without_false_alarms() -> None:
    long = series("long", 200, [(60, 69), (140, 149)])
    for profile in PROFILES.values():
        assert best_threshold([(long, alarms(60, length=200))], profile).score == pytest.approx(50.0)


def test_profiles_weigh_false_alarms_differently() -> None:
    scores = {name: best_threshold([(ONE_WINDOW, alarms(5, 10))], profile).score for name, profile in PROFILES.items()}
    # 1.89 of 2; 1.78 of 2; 2.89 of 3, since silence is -2.
    expected = {"standard": 94.5, "reward_low_FP_rate": 89.0, "reward_low_FN_rate": 96.333}
    assert scores == pytest.approx(expected, abs=1e-3)


def test_one_threshold_is_chosen_for_the_whole_corpus() -> None:
    # At 0.9 the first window is found; at 0.5 also the second, for two false alarms; at 0.1 everything alarms.
    first = [0.1] * 20
    first[10], first[4] = 0.9, 0.5
    second = [0.1] * 20
    second[10], second[5] = 0.5, 0.5
    result = best_threshold([(ONE_WINDOW, first), (series("other", 20, [(10, 14)]), second)], STANDARD)
    assert result.threshold == 0.5
    assert (result.found, result.windows, result.false_alarms) == (2, 2, 2)
    assert result.score == pytest.approx(100.0 * (2.0 - 0.22 + 2.0) / 4.0)


def test_a_false_alarm_that_scores_higher_than_the_window_must_be_paid_for() -> None:
    scores = [0.0] * 20
    scores[5], scores[10] = 0.9, 0.8
    assert best_threshold([(ONE_WINDOW, scores)], STANDARD).threshold == 0.8
    assert standard(ONE_WINDOW, scores) == pytest.approx(94.5)


def test_the_windowed_gaussian_learns_at_once_until_its_window_is_full_and_then_in_steps() -> None:
    #   1   3 | 3   5 | 4        window of 2, steps of 2
    #   mean 2, deviation 1 for the third and fourth; then 4 and 1
    scores = gaussian_scores([1.0, 3.0, 3.0, 5.0, 4.0, 2.0], size=2, step=2)
    phi = NormalDist().cdf
    assert scores == pytest.approx([0.0, 1.0, phi(1.0), phi(3.0), 0.5, phi(2.0)])


@pytest.fixture(scope="module")
def corpus() -> list[Series]:
    return read(shared("nab"))


def test_every_label_belongs_to_its_series(corpus: list[Series]) -> None:
    windows = [window for series in corpus for window in series.windows]
    assert len(corpus) == 38
    assert len(windows) == 69
    assert all(first < last for first, last in windows)


def test_a_threshold_set_elsewhere_is_kept() -> None:
    scores = [0.0] * 20
    scores[5], scores[10] = 0.9, 0.8
    at = [score_at([(ONE_WINDOW, scores)], STANDARD, threshold) for threshold in (0.85, 0.8)]
    # At 0.85 the one alarm is false, and silence is better.
    assert [(each.score, each.found) for each in at] == [(0.0, 0), (pytest.approx(94.5), 1)]


def test_the_detector_scores_far_above_the_windowed_gaussian_where_it_was_not_tuned(corpus: list[Series]) -> None:
    # Those of a fortnight; the longer ones take a minute on a busy machine.
    judged = [each for each in corpus[1::2] if len(each.values) < 5000]
    assert len(judged) == 14
    own = [(each, our_detector(each)) for each in judged]
    other = [(each, windowed_gaussian(each)) for each in judged]
    for name, profile in PROFILES.items():
        ahead, behind = best_threshold(own, profile).score, best_threshold(other, profile).score
        print(f"{name}: StreamDetector {ahead:.2f}, windowed Gaussian {behind:.2f}")
        assert ahead > behind + 15.0
