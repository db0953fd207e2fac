"""Evidence that a habit has changed: how often by chance, how soon in truth, and its bytes in state."""

import numpy as np
import pytest
from numpy.random import Generator

from models.judgement.habit import Habit
from models.judgement.habit_numbers import habit_keys, pack_habits, unpack_habits
from models.judgement.habits import MAX_SLICE_NATS, SHIFT_NATS, Habits
from models.judgement.site_card import SiteView, shipped_card

CLICKS, PAGES = Habit("ck", 1.0, 6.0, 1.2, 3.0), Habit("pg", 1.0, 1.0, 1.2, 3.0)
SLICES_A_MINUTE, SLICE_MS = 6, 10_000


def watched(habits: Habits, declared: tuple[Habit, ...], values: list[tuple[int, ...]]) -> list[float]:
    """Upward evidence of the first habit after each slice, in nats."""
    card = shipped_card(declared)
    view, found = SiteView(card, card.level, card.level), []
    for each in values:
        habits.on_slice(each, SLICE_MS, view)
        found.append(habits.up[0] / 1000.0)
    return found


def clicks(generator: Generator, a_minute: float, minutes: int) -> list[tuple[int, ...]]:
    return [(int(n),) for n in generator.poisson(a_minute / SLICES_A_MINUTE, minutes * SLICES_A_MINUTE)]


@pytest.mark.parametrize("a_minute", [1.0, 6.0, 30.0])
def test_a_steady_reader_seldom_seems_to_have_changed(a_minute: float) -> None:
    """Not tuned on Poisson counts of these seeds. 0.06 an hour is claimed for normal values."""
    crossings, hours, known = 0, 0, (CLICKS._replace(mean=a_minute),)
    for seed in range(900, 920):
        nats = watched(Habits(known), known, clicks(np.random.default_rng(seed), a_minute, 180))
        above = np.array(nats) >= SHIFT_NATS
        crossings += int(np.sum(above[1:] & ~above[:-1]))
        hours += 3
    assert crossings / hours <= 0.2


def test_three_standard_deviations_more_are_mostly_seen_within_three_minutes() -> None:
    """By the card of a new site, which doubts its own dispersion: 27 of 40 were."""
    seen, mean, known = 0, 12.0, (CLICKS._replace(mean=12.0),)
    for seed in range(930, 970):
        generator = np.random.default_rng(seed)
        habits = Habits(known)
        watched(habits, known, clicks(generator, mean, 20))
        seen += max(watched(habits, known, clicks(generator, mean + 3 * mean**0.5, 3))) >= SHIFT_NATS
    assert seen >= 22


def test_one_wild_slice_adds_two_nats_at_most() -> None:
    habits = Habits((CLICKS,))
    watched(habits, (CLICKS,), clicks(np.random.default_rng(971), 6.0, 20))
    before = habits.up[0] / 1000.0
    [after] = watched(habits, (CLICKS,), [(10_000,)])
    assert after - before <= MAX_SLICE_NATS


def test_numbers_in_state_are_exact_and_read_by_key() -> None:
    both = (CLICKS, PAGES)
    habits = Habits(both)
    generator = np.random.default_rng(972)
    watched(
        habits,
        both,
        [(*one, *other) for one, other in zip(clicks(generator, 6, 9), clicks(generator, 1, 9), strict=True)],
    )
    data, keys = pack_habits(habits), habit_keys(both)

    again = Habits(both)
    unpack_habits(again, both, keys, data, 0)
    assert pack_habits(again) == data

    likes = Habit("lk", 1.0, 1.0, 1.0, 3.0)
    changed = Habits((likes, PAGES))
    unpack_habits(changed, (likes, PAGES), keys, data, 0)
    assert changed.minutes == [0.0, habits.minutes[1]]
    assert changed.totals == [0.0, habits.totals[1]]


def test_a_reader_whose_numbers_are_made_up_fits_into_state() -> None:
    """An event may bear a value of 1e15. Every hour of such minutes can be written and read again."""
    path = (Habit("px", 50.0, 2_500.0, 2_000.0, 1.0),)
    card = shipped_card(path)
    whole, parts, view = Habits(path), Habits(path), SiteView(card, card.level, card.level)
    for _ in range(6 * 180):
        for each in (whole, parts):
            each.on_slice((10**16,), SLICE_MS, view)
        data = pack_habits(parts)
        again = Habits(path)
        unpack_habits(again, path, habit_keys(path), data, 0)
        again.present_ms, again.previous_ms, parts = parts.present_ms, parts.previous_ms, again
    assert pack_habits(parts) == pack_habits(whole)


def test_a_habit_that_begins_anew_is_not_taught_the_minutes_before() -> None:
    """The minutes under way were counted without it; nothing is not zero. The other goes on as if nothing had been."""
    both = (CLICKS, PAGES)
    habits, alone = Habits(both), Habits(both)
    quiet: list[tuple[int, ...]] = [(1, 0)] * SLICES_A_MINUTE
    page: list[tuple[int, ...]] = [(1, 1), *quiet[1:]]
    for each in (habits, alone):
        watched(each, both, [*quiet * 20, *quiet[:3]])
    habits.begin_anew([1])
    assert (habits.minutes[1], habits.down[1]) == (0.0, 0)
    for each in (habits, alone):
        watched(each, both, [*quiet[:3], *page])
    assert habits.minutes[1] == 0.0
    # The bytes of state tell as well which minutes are to be left out.
    again = Habits(both)
    unpack_habits(again, both, habit_keys(both), pack_habits(habits), 0)
    again.present_ms, again.previous_ms = habits.present_ms, habits.previous_ms
    for each in (again, alone):
        watched(each, both, page * 3)
    assert again.minutes[1] == pytest.approx(2.8, abs=0.1)
    assert again.totals[1] / again.minutes[1] == pytest.approx(1.0)
    assert (again.minutes[0], again.totals[0], again.up[0]) == (alone.minutes[0], alone.totals[0], alone.up[0])
