"""z-scores and evidence where nothing happens, and lasting shifts: the small form of `infra/bench/calibration.py`.

On a site of sixty readers, where a card is made from few.
"""

from typing import Final

import pytest

from infra.bench.calibration import NOMINAL, false_alarms_an_hour, scores, seen_after_burst, shift_seen
from infra.bench.series import SERIES

SEED: Final = 613
READERS: Final = 60
HOURS: Final = 4

MAX_TIMES_NOMINAL: Final = 3.0
BY_NAME: Final = {series.name: series for series in SERIES}


@pytest.mark.parametrize("name", ["normal", "log-normal 1", "Pareto 3"])
def test_three_is_as_rare_as_it_says_whatever_the_distribution(name: str) -> None:
    found = scores(BY_NAME[name], SEED, READERS, HOURS)
    assert NOMINAL / 2 <= found.above <= MAX_TIMES_NOMINAL * NOMINAL, found


@pytest.mark.parametrize("name", ["Poisson 6 a minute", "Poisson 0.3 a minute"])
def test_counts_take_few_values_and_are_no_more_often_beyond_three(name: str) -> None:
    found = scores(BY_NAME[name], SEED, READERS, HOURS)
    assert found.above <= MAX_TIMES_NOMINAL * NOMINAL, found


def test_a_lasting_shift_is_seen_and_no_shift_is_not() -> None:
    assert false_alarms_an_hour(300, SEED) <= 0.1
    assert shift_seen(20, 3.0, 300, SEED).in_3_min >= 0.8
    assert shift_seen(20, 4.0, 300, SEED).in_3_min >= 0.95


def test_a_burst_does_not_blind() -> None:
    assert seen_after_burst(5, 200, SEED) >= 0.7
