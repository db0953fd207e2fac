"""Which refit judges which window."""

import pytest

from models.isolation_forest.schedule import RefitSchedule
from tests.support.builders import at

HALF_HOUR_MS, LEAD_MS = 1_800_000, 300_000
SCHEDULE = RefitSchedule(HALF_HOUR_MS, LEAD_MS)
FIRST = at(0) // HALF_HOUR_MS
"""The epoch whose boundary is `BEGINNING`."""


#   epoch 0 ends                          epoch 1 ends
#   0 min           5 min                 30 min          35 min
#   |--- lead ------|-- forest 0 judges --|---------------|-- forest 1 judges ---
@pytest.mark.parametrize(("minute", "epoch"), [(0, -1), (4.99, -1), (5, 0), (30, 0), (34.99, 0), (35, 1)])
def test_a_forest_judges_from_its_boundary_plus_the_lead(minute: float, epoch: int) -> None:
    assert SCHEDULE.epoch_at(at(minute * 60)) == FIRST + epoch


@pytest.mark.parametrize(("second", "epoch"), [(-1, 0), (0, 0), (1, 1), (1_800, 1), (1_801, 2)])
def test_a_window_goes_into_the_first_forest_whose_boundary_it_does_not_pass(second: int, epoch: int) -> None:
    assert SCHEDULE.first_epoch(at(second)) == FIRST + epoch
    assert SCHEDULE.boundary_ms(FIRST + epoch) >= at(second) > SCHEDULE.boundary_ms(FIRST + epoch - 1)


def test_no_forest_judges_a_window_it_has_seen() -> None:
    for second in range(0, 7_200, 10):
        assert SCHEDULE.epoch_at(at(second)) < SCHEDULE.first_epoch(at(second))


def test_an_interval_of_zero_means_no_refits() -> None:
    assert not RefitSchedule(0, LEAD_MS).enabled
    assert SCHEDULE.enabled
