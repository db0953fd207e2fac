"""Windows of one reader are no independent witnesses: intervals of areas draw whole sessions."""

import numpy as np
import pytest

from models.learning.areas import area_advantage, area_under_curve, area_with_interval
from models.learning.detector_gate import MIN_LABELLED_SESSIONS, can_rank

WINDOWS = 25


def chance(seed: int, sessions: int = 40, odd: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Scores that differ between readers, of whom some are called odd by lot."""
    random = np.random.default_rng(seed)
    scores = np.repeat(random.normal(size=sessions), WINDOWS) + 0.3 * random.normal(size=sessions * WINDOWS)
    is_odd = np.isin(np.arange(sessions), random.choice(sessions, odd, replace=False))
    return scores, np.repeat(is_odd, WINDOWS), np.repeat(np.arange(sessions), WINDOWS)


def test_scores_that_rank_readers_by_chance_seldom_pass() -> None:
    passed = np.zeros(2)
    for seed in range(100):
        scores, odd, sessions = chance(seed)
        by_session, by_row = area_with_interval(scores, odd, 1, sessions), area_with_interval(scores, odd, 1)
        assert by_session.value == by_row.value == area_under_curve(scores, odd)
        passed += [(each.low or 0.0) > 0.5 for each in (by_session, by_row)]
    # Nominal are 2.5 of 100: beyond 8 lies a chance of 0.1 %.
    assert passed[0] <= 8
    assert passed[1] > 20, "rows taken for witnesses let many in"


def test_scores_that_rank_readers_pass_and_the_same_seed_gives_the_same_interval() -> None:
    scores, odd, sessions = chance(1)
    found = area_with_interval(scores + 3.0 * odd, odd, 1, sessions)
    assert found.low is not None
    assert found.low > 0.8
    assert area_with_interval(scores + 3.0 * odd, odd, 1, sessions) == found


def test_one_detector_is_not_shown_to_rank_better_by_rows_of_few_readers() -> None:
    scores, odd, sessions = chance(2)
    assert area_advantage(scores, scores, odd, 1, sessions).value == 0.0
    better = area_advantage(scores + 3.0 * odd, scores, odd, 1, sessions)
    assert better.low is not None
    assert better.low > 0.0
    by_session, by_row = (area_advantage(scores, scores[::-1], odd, 1, each) for each in (sessions, None))
    assert by_session.value == by_row.value
    widths = [(each.high or 0.0) - (each.low or 0.0) for each in (by_session, by_row)]
    assert widths[0] > 2.0 * widths[1]


@pytest.mark.parametrize(("sessions", "is_enough"), [(MIN_LABELLED_SESSIONS, True), (MIN_LABELLED_SESSIONS - 1, False)])
def test_a_ranking_needs_sessions_of_either_kind_not_rows(sessions: int, is_enough: bool) -> None:
    odd = np.repeat([True, False], 300)
    which = np.concatenate((np.arange(300) % sessions, 1_000 + np.arange(300)))
    assert can_rank(odd, which) is is_enough
    assert can_rank(~odd, which) is is_enough
    assert can_rank(odd)
