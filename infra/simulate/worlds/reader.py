"""One reader of a world: pages, their types, and events as arrays of times and values."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.random import Generator

from infra.simulate.worlds import gaps
from infra.simulate.worlds.gaps import Array, Dwell, Gaps, Pace, Pauses

TYPES: Final = ("culture", "news", "science", "sport")
VIEW, SCROLL, MOVE, HOVER, BEAT, CLICK, HIDE = "page_view", "scroll", "move", "hover", "heartbeat", "click", "page_hide"
BEAT_MS: Final = 5_000.0
IDLE_MS: Final = 60_000.0
"""The tracker counts a reader as engaged until so long after the last sign."""

Series = tuple[Array, Array]
Bursts = Callable[[Generator, float], Array]


@dataclass
class WorldReader:
    """Times in ms after the session's beginning.

    `events` holds times and values per event type: steps of depth for scrolls, px for moves, ms for hovers and heartbeats, 1 for
    a click on recommended content, ms on the page for page_hide.
    """

    length_ms: float
    pages: Array
    types: Any
    """Place of each page's type in `TYPES`."""
    events: dict[str, Series]
    top: float = 0.0
    """Depth that is seen without scrolling."""
    tempo: float = 1.0
    phone: bool = False
    away: list[tuple[float, float]] = field(default_factory=list)
    favourite: int = 0
    scrolls: Bursts | None = None
    """Draws more of the reader's scrolls or moves, for changes that add some."""
    moves: Bursts | None = None

    def depths(self) -> Series:
        """Times and depths of scrolling. What a page shows begins anew with each page."""
        times, steps = self.events[SCROLL]
        page = np.searchsorted(self.pages, times, side="right") - 1
        total = np.cumsum(steps)
        first = np.searchsorted(page, page)
        before = np.where(first > 0, total[np.maximum(first - 1, 0)], 0.0)
        return times, np.minimum(1.0, self.top + total - before)


def _renewal(generator: Generator, length_ms: float, mean_ms: float, gap: Gaps) -> Array:
    times = np.cumsum(gap(generator, int(length_ms / mean_ms * 1.8) + 80) * mean_ms)
    return np.asarray(times[times < length_ms])


def regular_reader(generator: Generator, gap: Gaps, length_ms: float) -> WorldReader:
    """A reader with the habits of `infra.simulate.behaviours`; `gap` draws gaps of mean 1."""
    tempo = float(generator.uniform(0.85, 1.15))
    home = generator.choice([0, 1, 3], 2, replace=False)
    pages = np.concatenate([[0.0], _renewal(generator, length_ms, 48_000.0, gap)])
    types = home[generator.integers(0, 2, len(pages))]
    scrolls = _renewal(generator, length_ms, 2_400.0 * tempo, gap)
    moves = _renewal(generator, length_ms, 2_000.0 * tempo, gap)
    move_px, hover_ms = 260.0 * generator.uniform(0.8, 1.2), 700.0 * generator.uniform(0.8, 1.2)
    hovers = _renewal(generator, length_ms, 9_000.0, gap)
    clicks = _renewal(generator, length_ms, 32_000.0, gap)
    beats = np.arange(1, int(length_ms) // 5_000) * BEAT_MS
    draws = generator.random(len(beats))
    engaged = draws < 0.6
    glance = ~engaged & (generator.random(len(beats)) < 0.4)
    values, keep = np.where(engaged, BEAT_MS, 500.0), engaged | glance
    events: dict[str, Series] = {
        VIEW: (pages, np.zeros(len(pages))),
        HIDE: (np.append(pages[1:] - 1.0, length_ms - 1.0), np.append(np.diff(pages), 30_000.0)),
        SCROLL: (scrolls, 0.045 * generator.uniform(0.6, 1.4, len(scrolls))),
        MOVE: (moves, np.round(move_px * generator.uniform(0.6, 1.4, len(moves)))),
        HOVER: (hovers, np.round(hover_ms * generator.uniform(0.6, 1.4, len(hovers)))),
        CLICK: (clicks, (generator.random(len(clicks)) < 0.85).astype(float)),
        BEAT: (beats[keep], values[keep]),
    }

    def every(mean_ms: float) -> Bursts:
        return lambda more, within_ms: _renewal(more, within_ms, mean_ms * tempo, gap)

    return WorldReader(
        *(length_ms, pages, types, events),
        tempo=tempo,
        favourite=int(home[0]),
        scrolls=every(2_400.0),
        moves=every(2_000.0),
    )


def _bursts(
    generator: Generator,
    length_ms: float,
    pauses: Gaps,
    rest_ms: float,
    apart_ms: float,
    pace: Pace | None,
    sizes: Callable[[Generator, int], Any],
) -> Array:
    """Bursts of a few events, `apart_ms` from each other, with pauses of `rest_ms` and more between bursts."""
    pauses_ms = pauses(generator, int(length_ms / 1_500.0)) + rest_ms
    if pace is None:
        starts = np.cumsum(pauses_ms)
    else:
        begun, now = [], 0.0
        for pause_ms in pauses_ms.tolist():
            if now >= length_ms:
                break
            now += pause_ms * pace(now)
            begun.append(now)
        starts = np.array(begun)
    starts = starts[starts < length_ms]
    counts = sizes(generator, len(starts))
    within = np.concatenate([np.arange(count) for count in counts] or [np.zeros(0)])
    times = np.sort(np.repeat(starts, counts) + apart_ms * within)
    return np.asarray(times[times < length_ms])


@dataclass(frozen=True)
class TrackerHabits:
    """Parameters of readers as the tracker sends them: bursts of signs, pauses, pages, perhaps other tabs."""

    hides: bool = False
    pause_ms: float = 6_000.0
    spread: float = 0.9
    pauses: Pauses = gaps.lognormal
    dwell: Callable[[], Dwell] = lambda: gaps.lognormal_dwell
    pace: Callable[[Generator, float], Pace] | None = None
    away_every_ms: float = 300_000.0
    loyalty: float = 0.7
    """Share of pages of the reader's favourite type."""
    sizes: Callable[[Generator, int], Any] = gaps.one_to_three
    tempo_spread: float = 0.25
    phones: float = 0.4
    """Share of readers without a pointer."""


def tracker_reader(generator: Generator, habits: TrackerHabits, length_ms: float) -> WorldReader:
    """A reader whose signs come in bursts, with heavy-tailed pauses."""
    phone = bool(generator.random() < habits.phones)
    tempo = float(np.exp(generator.normal(0.0, habits.tempo_spread)))
    away = _hidden_times(generator, habits, length_ms)
    pace = habits.pace(generator, length_ms) if habits.pace else None

    def in_view(times: Array) -> Any:
        keep = np.ones(len(times), dtype=bool)
        for begin, end in away:
            keep &= ~((times >= begin) & (times < end))
        return keep

    pages = _pages(generator, habits.dwell(), tempo, length_ms)
    pages = pages[in_view(pages)]
    favourite = int(generator.integers(0, len(TYPES)))
    loyal = generator.random(len(pages)) < habits.loyalty
    types = np.where(loyal, favourite, generator.integers(0, len(TYPES), len(pages)))

    def bursts(median_ms: float, spread: float, rest_ms: float, apart_ms: float) -> Bursts:
        def pauses(inner: Generator, count: int) -> Array:
            return habits.pauses(inner, count, median_ms * tempo, spread)

        return lambda inner, length: _bursts(inner, length, pauses, rest_ms, apart_ms, pace, habits.sizes)

    scrolls = bursts(habits.pause_ms, habits.spread, 1_500.0, 1_000.0)
    moves = bursts(habits.pause_ms * 7.0 / 6.0, habits.spread * 1.1, 2_000.0, 2_000.0)
    scroll_times = scrolls(generator, length_ms)
    scroll_times = scroll_times[in_view(scroll_times)]
    events: dict[str, Series] = {SCROLL: (scroll_times, generator.exponential(0.05, len(scroll_times)))}
    signs = [scroll_times]
    if not phone:
        move_times = moves(generator, length_ms)
        move_times = move_times[in_view(move_times)]
        events[MOVE] = (move_times, np.round(gaps.lognormal(generator, len(move_times), 250.0, 0.9)))
        signs.append(move_times)
        hovers = move_times[generator.random(len(move_times)) < 0.3]
        lengths = np.minimum(gaps.lognormal(generator, len(hovers), 600.0, 0.9), 8_000.0)
        events[HOVER] = (hovers + 50.0, np.round(lengths))
    leaves = pages[1:]
    draws = generator.random(len(leaves))
    clicked = leaves[draws < 0.75] - 300.0
    events[CLICK] = (clicked, (draws[draws < 0.75] < 0.5).astype(float))
    events[BEAT] = _heartbeats(generator, np.sort(np.concatenate([*signs, clicked, pages])), in_view, length_ms)
    hidden_at = np.array([begin for begin, _ in away])
    on_page = np.searchsorted(pages, hidden_at, side="right") - 1
    events[VIEW] = (pages, np.zeros(len(pages)))
    events[HIDE] = (
        np.concatenate([pages[1:] - 1.0, hidden_at, [length_ms - 1.0]]),
        np.concatenate([np.diff(pages), hidden_at - pages[on_page] if len(on_page) else [], [30_000.0]]),
    )
    return WorldReader(length_ms, pages, types, events, 0.15, tempo, phone, away, favourite, scrolls, moves)


def _hidden_times(generator: Generator, habits: TrackerHabits, length_ms: float) -> list[tuple[float, float]]:
    """When the reader looks at another tab: every few minutes, log-normal with a median of 20 s."""
    away: list[tuple[float, float]] = []
    if not habits.hides:
        return away
    now = float(generator.exponential(habits.away_every_ms))
    while now < length_ms:
        lasts = min(float(gaps.lognormal(generator, 1, 20_000.0, 1.2)[0]), 1_500_000.0)
        away.append((now, min(now + lasts, length_ms)))
        now += lasts + float(generator.exponential(habits.away_every_ms))
    return away


def _pages(generator: Generator, dwell: Dwell, tempo: float, length_ms: float) -> Array:
    pages = [0.0]
    while pages[-1] < length_ms:
        pages.append(pages[-1] + max(3_000.0, float(dwell(generator, 1, 45_000.0 * tempo)[0])))
    return np.array(pages[:-1])


def _heartbeats(generator: Generator, signs: Array, in_view: Callable[[Array], Any], length_ms: float) -> Series:
    """One every five seconds in view, until a minute after the last sign."""
    beats = np.arange(1, int(length_ms) // 5_000) * BEAT_MS + generator.uniform(-40.0, 40.0)
    beats = beats[in_view(beats)]
    last = np.searchsorted(signs, beats, side="right") - 1
    since = np.where(last >= 0, beats - signs[np.maximum(last, 0)], 1e9)
    beats = beats[since < IDLE_MS]
    return beats, np.full(len(beats), BEAT_MS)
