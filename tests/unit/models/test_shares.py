"""Evidence about shares against Bernoulli's likelihood ratio, worked by hand."""

from math import log, sqrt

import pytest

from models.judgement.habit import Habit
from models.judgement.shares import CHANGE_ODDS, MARGIN_ERRORS, Shares
from models.judgement.site_card import SiteCard, SiteView

UNIT = 20
RAPID = (Habit("rx", 0.3, 4.0, 0.8, 1_000.0),)
"""A fifth of twenty, known so well that the margin is next to nothing."""
ONES = [1.0]
VIEW = SiteView(SiteCard([4.0], [0.8], ONES, [1_000.0], [], [], [], ONES), ONES, ONES)
MARGIN = MARGIN_ERRORS * sqrt(0.2 * 0.8 / (UNIT * 1_000.0))


def nats(successes: int, trials: int, share: float, odds: float) -> float:
    changed = share * odds / (1.0 - share + share * odds)
    return successes * log(changed / share) + (trials - successes) * log((1.0 - changed) / (1.0 - share))


@pytest.mark.parametrize(("successes", "trials"), [(1, 1), (2, 3), (2, 4)])
def test_a_slice_adds_bernoulli_s_likelihood_ratio(successes: int, trials: int) -> None:
    shares = Shares(RAPID, UNIT)
    shares.on_slice([successes], 3_000 * trials, VIEW)
    assert shares.up[0] == pytest.approx(1000 * nats(successes, trials, 0.2 + MARGIN, CHANGE_ODDS), abs=1.0)


def test_fewer_than_usual_is_evidence_for_less() -> None:
    shares = Shares(RAPID, UNIT)
    shares.on_slice([0], 3_000 * 5, VIEW)
    assert shares.down[0] == pytest.approx(1000 * nats(0, 5, 0.2 - MARGIN, 1.0 / CHANGE_ODDS), abs=1.0)
    assert shares.up[0] == 0


def test_what_scatters_more_than_trials_do_counts_less() -> None:
    wide = SiteView(SiteCard([4.0], [2.4], ONES, [1_000.0], [], [], [], ONES), ONES, ONES)
    shares = Shares(RAPID, UNIT)
    shares.on_slice([2], 6_000, wide)
    share = 0.2 + MARGIN_ERRORS * sqrt(3.0 * 0.2 * 0.8 / (UNIT * 1_000.0))
    assert shares.up[0] == pytest.approx(1000 * nats(2, 2, share, CHANGE_ODDS) / 3.0, abs=1.0)


@pytest.mark.parametrize("mean", [0.0, 20.0])
def test_a_share_of_nothing_or_of_all_is_not_taken_for_certain(mean: float) -> None:
    view = SiteView(SiteCard([mean], [0.8], ONES, [1_000.0], [], [], [], ONES), ONES, ONES)
    shares = Shares(RAPID, UNIT)
    shares.on_slice([3], 9_000, view)
    assert 0 <= shares.up[0] <= 2_000
