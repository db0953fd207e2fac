"""Prints how z-scores and evidence are calibrated on series in which nothing happens: ``python -m infra.bench.calibration``

Each series is a feature of a site with as many readers as a site's card is made from. The habits, cards and scores are those of
the session lane (`models/judgement`). Then: how often lasting shifts of normal values are seen, how soon, and what a burst hides.
"""

import argparse
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np

from infra.bench.series import SERIES, SLICES_A_MINUTE, SLICES_AN_HOUR, Array, Series
from models.judgement.card_registry import LEAD_MS
from models.judgement.habit import Habit
from models.judgement.habits import SHIFT_NATS, Habits, calibrated
from models.judgement.presence import SLICE_MS
from models.judgement.site_card import SiteCard, SiteView, shipped_card
from models.judgement.site_level import site_level
from models.judgement.site_sample import HALVES, MAX_SAMPLED
from models.judgement.site_statistics import CARD_MS, SiteStatistics

NOMINAL: Final = 0.00135
"""Share of normal values beyond three deviations."""

HOURS: Final = 3
"""Sessions of an hour in a row by each of the site's readers; the first hour makes the site known and is not counted."""

FIRST_SLICE: Final = 3 * SLICES_A_MINUTE
"""Scores count from a session's third minute on."""

REST_SLICES: Final = 5 * SLICES_A_MINUTE
"""An alarm is followed by so long a rest, as a rule's cooldown."""

_CARD_SLICES: Final = CARD_MS // SLICE_MS
_LEAD_SLICES: Final = LEAD_MS // SLICE_MS
_SIGMA: Final = 2.0 * SLICES_A_MINUTE**0.5 / SLICES_A_MINUTE * 1000.0
"""What one deviation of a minute adds to each slice of the normal series."""

_KNOWN: Final = SiteCard([60_000.0], [420.0], [1.0], [2.8], [], [], [], [1.0])
"""What a site of readers with normal slices learns, within a few per cent."""

_NORMAL_HABIT: Final = Habit("nn", 10.0, 60_000.0, 420.0, 2.8)


class Scores(NamedTuple):
    """Shares of windows; rates by reader-hour."""

    name: str
    above: float
    below: float
    early: float
    """Share above 3 in a session's minutes three to six."""
    rises_an_hour: float
    falls_an_hour: float


class _Site:
    """A site's two halves of readers: each is judged by the card that the other has made."""

    def __init__(self, habit: Habit) -> None:
        self._statistics = [SiteStatistics([habit], shipped_card([habit])) for _ in range(HALVES)]
        self._cards = [shipped_card([habit])] * HALVES
        self._next = self._cards
        self._newest: list[tuple[float, int]] = []

    def views(self, clock: int) -> list[SiteView]:
        """What each half sees in that slice."""
        if clock and clock % _CARD_SLICES == 0:
            made = [statistics.end_bucket() for statistics in self._statistics]
            self._next = [made[1 - half] for half in range(HALVES)]
        if clock % _CARD_SLICES == _LEAD_SLICES:
            self._cards = self._next
        total = sum(each for each, _ in self._newest)
        active_ms = float(SLICE_MS * sum(readers for _, readers in self._newest))
        levels = [site_level([total], active_ms, card) for card in self._cards]
        return [SiteView(card, level, level) for card, level in zip(self._cards, levels, strict=True)]

    def statistics(self, half: int) -> SiteStatistics:
        return self._statistics[half]

    def note(self, total: float, readers: int) -> None:
        """Notes the sum of a slice over all readers, and how many there were."""
        self._newest = [*self._newest, (total, readers)][-SLICES_A_MINUTE:]


def scores(series: Series, seed: int, readers: int = MAX_SAMPLED, hours: int = HOURS) -> Scores:
    """Scores and evidence of readers whose sessions follow each other, each beginning at a slice of its own."""
    generator = np.random.default_rng(seed)
    starts = generator.integers(0, SLICES_AN_HOUR, readers)
    values = np.concatenate(
        [[series.draw(generator, SLICES_AN_HOUR, int(start)) for start in starts] for _ in range(hours)],
        axis=1,
    ).astype(np.int64)
    a_minute = max(float(values.mean()) * SLICES_A_MINUTE, 1e-6)
    # A shipped mean that is wrong by half.
    site = _Site(Habit("ss", series.floor, 1.5 * a_minute, 3.0 * series.floor, 1.0))
    habit = [Habit("ss", series.floor, 1.5 * a_minute, 3.0 * series.floor, 1.0)]
    habits = [Habits(habit) for _ in range(readers)]
    z = np.full(values.shape, np.nan)
    up, down = np.zeros(values.shape), np.zeros(values.shape)
    for clock in range(values.shape[1] + SLICES_AN_HOUR):
        views, total, active = site.views(clock), 0.0, 0
        for reader in range(readers):
            place = clock - int(starts[reader])
            if not 0 <= place < values.shape[1]:
                continue
            since, half = place % SLICES_AN_HOUR, reader % HALVES
            if since == 0:
                habits[reader] = Habits(habit)
            view, statistics, value = views[half], site.statistics(half), int(values[reader, place])
            if since >= SLICES_A_MINUTE - 1:
                window = float(values[reader, place - SLICES_A_MINUTE + 1 : place + 1].sum())
                raw = habits[reader].raw_score(0, window, 1.0, view)
                z[reader, place] = calibrated(0, raw, view.card)
                if since % SLICES_A_MINUTE == SLICES_A_MINUTE - 1:
                    statistics.add_score(0, raw)
            statistics.add_slice(str(reader), [value], SLICE_MS, SLICE_MS)
            habits[reader].on_slice([value], SLICE_MS, view, statistics)
            up[reader, place], down[reader, place] = habits[reader].up[0] / 1000.0, habits[reader].down[0] / 1000.0
            total, active = total + value, active + 1
        site.note(total, active)
    return _summary(series.name, z, up, down)


def _scores_at(seed: int, place: int) -> Scores:
    """By place, since what draws a series cannot be sent to another process."""
    return scores(SERIES[place], seed)


def _summary(name: str, z: Array, up: Array, down: Array) -> Scores:
    """Leaves out the first hour, and of each session the minutes before scores count."""
    by_session = [each[:, SLICES_AN_HOUR:].reshape(-1, SLICES_AN_HOUR) for each in (z, up, down)]
    late, early = by_session[0][:, FIRST_SLICE:], by_session[0][:, FIRST_SLICE : 2 * FIRST_SLICE]
    return Scores(
        name,
        float((late > 3.0).mean()),
        float((late < -3.0).mean()),
        float((early > 3.0).mean()),
        alarms_an_hour(by_session[1] >= SHIFT_NATS),
        alarms_an_hour(by_session[2] >= SHIFT_NATS),
    )


def alarms_an_hour(beyond: "np.ndarray[Any, np.dtype[np.bool_]]") -> float:
    """Alarms by reader-hour, each followed by a rest. `beyond` is by session and slice."""
    count, last = 0, np.full(beyond.shape[0], -REST_SLICES)
    for place in range(beyond.shape[1]):
        fires = beyond[:, place] & (place - last >= REST_SLICES)
        count += int(fires.sum())
        last[fires] = place
    return count * SLICES_AN_HOUR / beyond.size


def evidence(shift: Callable[[Array], Array], slices: int, sessions: int, seed: int) -> Array:
    """Evidence of a rise by session and slice, of normal values plus `shift` (slice -> deviations of a minute)."""
    generator = np.random.default_rng(seed)
    values = generator.normal(10_000.0, 2_000.0, (sessions, slices)) + _SIGMA * shift(np.arange(slices, dtype=float))
    view, up = SiteView(_KNOWN, [1.0], [1.0]), np.zeros(values.shape)
    for session, row in enumerate(values.astype(np.int64).tolist()):
        habits = Habits([_NORMAL_HABIT])
        for place, value in enumerate(row):
            habits.on_slice([value], SLICE_MS, view)
            up[session, place] = habits.up[0] / 1000.0
    return up


def false_alarms_an_hour(sessions: int, seed: int) -> float:
    return alarms_an_hour(evidence(lambda at: 0.0 * at, SLICES_AN_HOUR, sessions, seed) >= SHIFT_NATS)


class Seen(NamedTuple):
    in_3_min: float
    in_10_min: float
    median_s: float


def shift_seen(minutes: int, sigmas: float, sessions: int, seed: int) -> Seen:
    """How often, and how soon, a lasting shift is seen after so many ordinary minutes."""
    begin = minutes * SLICES_A_MINUTE
    up = evidence(lambda at: sigmas * (at >= begin), begin + 10 * SLICES_A_MINUTE, sessions, seed)
    beyond = up[:, begin:] >= SHIFT_NATS
    seen = beyond.any(axis=1)
    delays_s = np.where(seen, (np.argmax(beyond, axis=1) + 1) * SLICE_MS / 1000.0, np.inf)
    return Seen(
        float(beyond[:, : 3 * SLICES_A_MINUTE].any(axis=1).mean()), float(seen.mean()), float(np.median(delays_s))
    )


def seen_after_burst(calm_minutes: int, sessions: int, seed: int) -> float:
    """Share in which a lasting shift of four deviations is seen within ten minutes, two minutes of 20 deviations and so many
    calm minutes after twenty ordinary ones. What is still the alarm of the burst does not count."""
    burst = 20 * SLICES_A_MINUTE
    calm = burst + 2 * SLICES_A_MINUTE
    begin = calm + calm_minutes * SLICES_A_MINUTE
    up = evidence(
        lambda at: 20.0 * ((at >= burst) & (at < calm)) + 4.0 * (at >= begin),
        begin + 10 * SLICES_A_MINUTE,
        sessions,
        seed,
    )
    was_calm = up[:, begin - 1] < SHIFT_NATS
    return float(((up[:, begin:] >= SHIFT_NATS).any(axis=1) & was_calm).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=301)
    parser.add_argument("--sessions", type=int, default=1_500, help="for shifts and bursts")
    given = parser.parse_args()
    print(f"z > 3 (nominal {NOMINAL:.3%}); evidence at {SHIFT_NATS} nats by reader-hour, five minutes of rest")
    with ProcessPoolExecutor(2) as pool:
        for found in pool.map(partial(_scores_at, given.seed), range(len(SERIES))):
            print(
                f"{found.name:30s} z > 3 {found.above:.3%} (minutes 3 to 6 {found.early:.3%}), z < -3 {found.below:.3%};"
                f" rises {found.rises_an_hour:.3f}, falls {found.falls_an_hour:.3f}",
                flush=True,
            )
    print(f"normal, false alarms {false_alarms_an_hour(given.sessions, given.seed):.3f} an hour")
    for minutes in (5, 10, 20, 30):
        for sigmas in (2.0, 3.0, 4.0):
            seen = shift_seen(minutes, sigmas, given.sessions, given.seed)
            print(
                f"+{sigmas:g} deviations after {minutes} min: {seen.in_3_min:.1%} in 3 min, {seen.in_10_min:.1%} in 10 min,"
                f" median {seen.median_s:.0f} s",
                flush=True,
            )
    for calm_minutes in (2, 5, 10):
        share = seen_after_burst(calm_minutes, given.sessions, given.seed)
        print(f"+4 deviations, {calm_minutes} calm minutes after a burst: {share:.1%}", flush=True)


if __name__ == "__main__":
    main()
