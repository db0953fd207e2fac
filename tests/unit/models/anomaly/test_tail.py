"""Tail probabilities by hand, and their combination."""

from itertools import pairwise
from math import e, inf

import numpy as np
import pytest

from models.anomaly.calibration import Calibration
from models.anomaly.tail import Tail

HUNDRED = [float(score) for score in range(1, 101)]


def test_within_the_held_back_scores_it_is_the_share_above() -> None:
    tail = Tail.of(HUNDRED)
    assert [tail.probability(score) for score in (10.0, 50.0, 90.0)] == pytest.approx([0.9, 0.5, 0.1])


def test_between_two_held_back_scores_it_lies_between() -> None:
    assert Tail.of(HUNDRED).probability(50.5) == pytest.approx(0.495)


def test_below_all_it_is_one() -> None:
    assert Tail.of([score + 10.0 for score in HUNDRED]).probability(0.0) == 1.0


def test_beyond_the_start_it_falls_off_as_the_highest_scores_do() -> None:
    # Five of a hundred lie at e times the start or so: a mean logarithm of 1, and so a tail of 1 by the score.
    tail = Tail.of([1.0] * 95 + [e] * 5)
    assert (tail.start, tail.share) == (1.0, 0.05)
    assert tail.decay == pytest.approx(1.0)
    assert tail.probability(10.0) == pytest.approx(0.005)


def test_a_higher_score_is_never_less_rare() -> None:
    random = np.random.default_rng(1)
    tail = Tail.of(random.gamma(2.0, 1.0, 500).tolist())
    found = [tail.probability(score) for score in np.linspace(0.0, 1000.0, 20_000).tolist()]
    assert all(low >= high > 0.0 for low, high in pairwise(found))


def test_without_spread_above_a_higher_score_is_rarer_than_any() -> None:
    tail = Tail.of([3.0] * 50)
    assert 0.0 < tail.probability(4.0) < tail.probability(3.0)


def test_of_pareto_scores_it_is_the_true_tail_far_beyond_all() -> None:
    scores = (np.random.default_rng(2).random(20_000) ** -0.5).tolist()  # P(score > s) = s^-2
    assert Tail.of(scores).probability(1000.0) == pytest.approx(1e-6, rel=0.5)


def test_the_narrowest_tail_gives_no_probability_of_zero() -> None:
    tail = Tail.of([1.0 + 1e-9 * place for place in range(100)])
    assert 0.0 < tail.probability(1e300) <= tail.probability(2.0) < 1e-9


def test_too_few_rows_calibrate_nothing() -> None:
    with pytest.raises(ValueError, match="9 held-back rows"):
        Tail.of([*HUNDRED[:9], float("nan")])


def combined(number: int = 2000, members: int = 3) -> Calibration:
    scores = np.random.default_rng(3).exponential(size=(number, members)) + 0.1
    return Calibration.of(scores.tolist(), ["a", "b", "c"][:members], 0.02, ["x"])


def test_the_member_in_whose_tail_a_row_lies_furthest_speaks() -> None:
    calibration = combined()
    assert [calibration.judge(scores)[1] for scores in ([9.0, 1.0, 1.0], [1.0, 9.0, 2.0], [8.0, 8.0, 9.0])] == [0, 1, 2]


def test_the_combination_is_calibrated_although_it_takes_the_least_of_three() -> None:
    calibration = combined()
    fresh = np.random.default_rng(4).exponential(size=(20_000, 3)) + 0.1
    found = np.array([calibration.judge(row)[0] for row in fresh.tolist()])
    for share in (0.5, 0.1, 0.02):
        assert (found < share).mean() == pytest.approx(share, rel=0.25)


def test_rows_without_a_score_do_not_calibrate() -> None:
    scores = [[score, score] for score in HUNDRED]
    with_unknown = [*scores, [float("nan"), 1e9], [1e9, float("nan")]]
    made = [Calibration.of(each, ["a", "b"], 0.1, ["x"]) for each in (scores, with_unknown)]
    assert made[0] == made[1]


@pytest.mark.parametrize("rate", [0.0, 1.0, -1.0, inf])
def test_an_alarm_rate_is_a_share(rate: float) -> None:
    with pytest.raises(ValueError, match="alarm rate"):
        Calibration.of([[score] for score in HUNDRED], ["a"], rate, ["x"])


def test_text_restores_it_exactly() -> None:
    calibration = combined()
    assert Calibration.from_json(calibration.to_json()) == calibration


TEXT = combined().to_json()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        '{"features": 1}',
        TEXT.replace('"alarm_rate": 0.02', '"alarm_rate": 2'),
        TEXT.replace('["a", "b", "c"]', '["a"]'),
        TEXT.replace('"quantiles": [', '"quantiles": [9e9, '),
    ],
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"calibration|Expecting"):
        Calibration.from_json(text)
