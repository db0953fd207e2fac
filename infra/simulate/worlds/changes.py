"""Changes of moderate strength, laid over a reader of any world for a few minutes."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.random import Generator

from infra.simulate.worlds import gaps
from infra.simulate.worlds.gaps import Array
from infra.simulate.worlds.reader import (
    BEAT,
    BEAT_MS,
    CLICK,
    HIDE,
    HOVER,
    IDLE_MS,
    MOVE,
    SCROLL,
    TYPES,
    VIEW,
    WorldReader,
)

LASTS_MS: Final = 240_000.0

ACTIONS: Final = {
    "bored": "simplify",
    "confused": "simplify_layout",
    "skimming": "shorten",
    "captivated": "highlight_related",
    "leaving": "prompt",
    "bot": "prompt",
    "expert": "enrich",
}
"""Planted change -> the action that answers it."""

PARAMETERS: Final[dict[str, dict[str, str]]] = {"leaving": {"kind": "still-reading"}, "bot": {"kind": "verify"}}
"""Planted change -> the parameters that tell its answer from that to another change with the same action."""

MAX_HIDDEN_SHARE: Final = 0.25
_STEADY: Final = ("expert", "leaving", "bot")
"""Changes that need the page in view for all of their time."""


def onset_ms(
    reader: WorldReader, change: str, earliest_ms: float, latest_ms: float, generator: Generator
) -> float | None:
    """A moment from which the page stays in view long enough: nobody is bored by what is not seen. None without one."""
    share = 0.0 if change in _STEADY else MAX_HIDDEN_SHARE
    for _ in range(100):
        begin = float(generator.uniform(earliest_ms, latest_ms))
        end = begin + LASTS_MS
        hidden = sum(max(0.0, min(until, end) - max(since, begin)) for since, until in reader.away)
        if hidden <= share * LASTS_MS and not any(since <= begin < until for since, until in reader.away):
            return begin
    return None


def can_show(reader: WorldReader, change: str) -> bool:
    """Whether the reader's device sends what the change shows in: a phone has no pointer to be confused with."""
    return not (change == "confused" and reader.phone)


def plant(reader: WorldReader, change: str, begin_ms: float, generator: Generator) -> None:
    """Lays `change` over `reader` for `LASTS_MS`."""
    end_ms = begin_ms + LASTS_MS
    _CHANGES[change](_Laying(reader, begin_ms, end_ms, generator))
    for since, until in reader.away:
        # Nothing is done on a page that is not in view.
        for kind, (times, values) in reader.events.items():
            gone = (times > since) & (times < until) & (times >= begin_ms) & (times < end_ms) & (kind != HIDE)
            reader.events[kind] = (times[~gone], values[~gone])
        pages = reader.pages
        gone = (pages > since) & (pages < until) & (pages >= begin_ms) & (pages < end_ms)
        reader.pages, reader.types = pages[~gone], reader.types[~gone]


class _Laying:
    """One change in one reader, and the few operations that changes are made of."""

    def __init__(self, reader: WorldReader, begin_ms: float, end_ms: float, generator: Generator) -> None:
        self.reader = reader
        self.begin_ms = begin_ms
        self.end_ms = end_ms
        self.generator = generator

    def inside(self, times: Array) -> Any:
        return (times >= self.begin_ms) & (times < self.end_ms)

    def thin(self, kind: str, share: float, chosen: Callable[[Array], Any] | None = None) -> None:
        """Drops a share of the events of one type."""
        if kind not in self.reader.events:
            return
        times, values = self.reader.events[kind]
        drop = self.inside(times) & (self.generator.random(len(times)) < share)
        if chosen is not None:
            drop &= chosen(values)
        self.reader.events[kind] = (times[~drop], values[~drop])

    def add(self, kind: str, series: list[Array], values_of: Callable[[int], Array]) -> None:
        """Adds events of one type at the given times, as far as they lie inside."""
        fresh = [times[self.inside(times)] for times in series]
        times = np.concatenate([self.reader.events[kind][0], *fresh])
        values = np.concatenate([self.reader.events[kind][1], values_of(sum(map(len, fresh)))])
        order = np.argsort(times, kind="stable")
        self.reader.events[kind] = (times[order], values[order])

    def turn_pages(self, next_dwell_ms: Callable[[], float], content_type: int | None = None) -> None:
        """Replaces the page turns: one at the beginning, then by `next_dwell_ms`. Clicks lead to the new pages as to the old."""
        reader, generator = self.reader, self.generator
        turns = [self.begin_ms]
        while (turn := turns[-1] + next_dwell_ms()) < self.end_ms:
            turns.append(turn)
        fresh = np.array(turns)
        old, types = reader.pages, reader.types
        outside = ~self.inside(old)
        loyal = generator.random(len(fresh)) < 0.7
        chosen = np.where(loyal, reader.favourite, generator.integers(0, len(TYPES), len(fresh)))
        if content_type is not None:
            chosen = np.full(len(fresh), content_type)
        pages = np.concatenate([old[outside], fresh])
        order = np.argsort(pages, kind="stable")
        reader.pages, reader.types = pages[order], np.concatenate([types[outside], chosen])[order]
        reader.events[VIEW] = (reader.pages, np.zeros(len(pages)))
        times, values = reader.events[HIDE]
        kept = ~np.isin(times, old[1:] - 1.0)
        reader.events[HIDE] = (
            np.concatenate([times[kept], reader.pages[1:] - 1.0]),
            np.concatenate([values[kept], np.diff(reader.pages)]),
        )
        times, values = reader.events[CLICK]
        was_turn = np.isin(np.round(times + 300.0, 3), np.round(old, 3)) & self.inside(times)
        draws = generator.random(len(fresh))
        reader.events[CLICK] = (
            np.concatenate([times[~was_turn], fresh[draws < 0.75] - 300.0]),
            np.concatenate([values[~was_turn], (draws[draws < 0.75] < 0.5).astype(float)]),
        )


def _bored(laying: _Laying) -> None:
    """No recommended clicks, 70 % fewer scrolls and moves, 55 % fewer heartbeats."""
    laying.thin(CLICK, 1.0, lambda values: values > 0)
    for kind in (SCROLL, MOVE, HOVER):
        laying.thin(kind, 0.7)
    laying.thin(BEAT, 0.55)


def _confused(laying: _Laying) -> None:
    """Four times the moves, hovers twice as many and twice as long, clicks as before."""
    reader, generator = laying.reader, laying.generator
    assert reader.moves is not None, "a reader of this world has no pointer"
    fresh = [reader.moves(generator, reader.length_ms) for _ in range(3)]
    laying.add(MOVE, fresh, lambda count: np.round(gaps.lognormal(generator, count, 250.0, 0.9)))
    times, values = reader.events[HOVER]
    reader.events[HOVER] = (times, np.where(laying.inside(times), np.minimum(values * 2.0, 16_000.0), values))
    source = reader.moves(generator, reader.length_ms)
    hovers = source[generator.random(len(source)) < 0.3] + 50.0
    laying.add(
        HOVER,
        [hovers],
        lambda count: np.round(np.minimum(2.0 * gaps.lognormal(generator, count, 600.0, 0.9), 16_000.0)),
    )


def _skimming(laying: _Laying) -> None:
    """A fifth of the time on a page, steps 4.5 times as long."""
    reader, generator = laying.reader, laying.generator
    laying.turn_pages(lambda: max(2_000.0, float(gaps.lognormal(generator, 1, 9_000.0 * reader.tempo, 0.9)[0])))
    times, steps = reader.events[SCROLL]
    reader.events[SCROLL] = (times, np.where(laying.inside(times), steps * 4.5, steps))


def _captivated(laying: _Laying) -> None:
    """Every page of one type that is not the reader's favourite."""
    reader, generator = laying.reader, laying.generator
    chosen = int((reader.favourite + generator.integers(1, len(TYPES))) % len(TYPES))
    laying.turn_pages(
        lambda: max(3_000.0, float(gaps.lognormal(generator, 1, 45_000.0 * reader.tempo, 0.9)[0])), chosen
    )


def _leaving(laying: _Laying) -> None:
    """Nothing more is done, the page stays in view; heartbeats go on until a minute after the last sign."""
    reader = laying.reader
    for kind, (times, values) in reader.events.items():
        drop = laying.inside(times)
        if kind == BEAT:
            drop &= times >= laying.begin_ms + IDLE_MS
        reader.events[kind] = (times[~drop], values[~drop])
    gone = laying.inside(reader.pages)
    reader.pages, reader.types = reader.pages[~gone], reader.types[~gone]


def _bot(laying: _Laying) -> None:
    """A click a second, like clockwork."""
    fresh = np.arange(laying.begin_ms, laying.end_ms, 1_000.0)
    times, values = laying.reader.events[CLICK]
    laying.reader.events[CLICK] = (
        np.concatenate([times, fresh]),
        np.concatenate([values, np.zeros(len(fresh))]),
    )


def _expert(laying: _Laying) -> None:
    """Three times the time on a page, each read to its end without a break, scrolling evenly three times as often."""
    reader, generator, begin, end = laying.reader, laying.generator, laying.begin_ms, laying.end_ms
    laying.turn_pages(lambda: max(30_000.0, float(gaps.lognormal(generator, 1, 135_000.0 * reader.tempo, 0.3)[0])))
    times, steps = reader.events[SCROLL]
    in_view = max(reader.length_ms - sum(until - since for since, until in reader.away), 1.0)
    rate = max(len(times) / in_view, 1e-9)
    fresh = begin + np.cumsum(generator.uniform(0.5, 1.5, int((end - begin) * rate * 3.0) + 40) / (3.0 * rate))
    fresh = fresh[fresh < end]
    outside = ~laying.inside(times)
    times = np.concatenate([times[outside], fresh])
    steps = np.concatenate([steps[outside], np.zeros(len(fresh))])
    order = np.argsort(times, kind="stable")
    times, steps = times[order], steps[order]
    count = max(int(laying.inside(times).sum()), 1)
    drawn = generator.exponential(1.0, len(times)) * 0.85 / max(count * 90_000.0 / (end - begin), 1.0)
    reader.events[SCROLL] = (times, np.where(laying.inside(times), drawn, steps))
    beats = np.arange(np.ceil(begin / BEAT_MS) * BEAT_MS, end, BEAT_MS)
    times, values = reader.events[BEAT]
    outside = ~laying.inside(times)
    reader.events[BEAT] = (
        np.concatenate([times[outside], beats]),
        np.concatenate([values[outside], np.full(len(beats), BEAT_MS)]),
    )


_CHANGES: Final[dict[str, Callable[[_Laying], None]]] = {
    "bored": _bored,
    "confused": _confused,
    "skimming": _skimming,
    "captivated": _captivated,
    "leaving": _leaving,
    "bot": _bot,
    "expert": _expert,
}
