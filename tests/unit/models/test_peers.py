"""Comparison with the site's other readers."""

import pytest

from models.detectors.peers import MIN_PEER_WINDOWS, z_scores
from tests.support.builders import NAN


def test_the_score_is_the_distance_in_the_peers_deviations() -> None:
    assert z_scores([4.0, -1.0], [2.0, 1.0], [4.0, 0.5], MIN_PEER_WINDOWS) == [0.5, -4.0]


def test_a_value_at_the_mean_scores_zero_which_is_not_unknown() -> None:
    assert z_scores([2.0], [2.0], [1.0], MIN_PEER_WINDOWS) == [0.0]


@pytest.mark.parametrize("windows", [0.0, MIN_PEER_WINDOWS - 1, NAN])
def test_too_few_peers_give_no_scores(windows: float) -> None:
    assert z_scores([4.0, 1.0], [2.0, 1.0], [1.0, 1.0], windows) == [None, None]


@pytest.mark.parametrize(("value", "mean", "spread"), [(4.0, 2.0, 0.0), (NAN, 2.0, 1.0), (4.0, NAN, NAN)])
def test_what_is_unknown_or_without_spread_gives_no_score(value: float, mean: float, spread: float) -> None:
    assert z_scores([value], [mean], [spread], MIN_PEER_WINDOWS) == [None]
