"""A reader's windows of a minute, from slices: the rows that forests are trained and measured on."""

from typing import Final, NamedTuple

import numpy as np

from infra.simulate.worlds.reader import SCROLL, WorldReader
from infra.simulate.worlds.slices import slices
from models.features import SESSION_NAMES
from models.judgement.layout import HABIT_NAMES, PLACES
from models.judgement.presence import SLICE_MS

WINDOW_SLICES: Final = 6
_NAN: Final = float("nan")


class MinuteWindow(NamedTuple):
    """One minute of one reader; `values` stand in the order of `SESSION_NAMES`."""

    end_ms: int
    active_slices: int
    values: tuple[float, ...]


def minute_windows(reader: WorldReader) -> list[MinuteWindow]:
    """Each window that holds an event, one every ten seconds; times in ms after the session's beginning."""
    own = slices(reader)
    scrolling = _scrolling(reader)
    found = []
    for last in range(min(own), max(own) + WINDOW_SLICES):
        numbers = [number for number in range(last - WINDOW_SLICES + 1, last + 1) if number in own]
        if not numbers:
            continue
        end_ms = (last + 1) * SLICE_MS
        sums = np.sum([own[number].values for number in numbers], axis=0)
        acted = max(own[number].acted_last_ms for number in numbers)
        values = {name: float(sums[PLACES[name]]) for name in HABIT_NAMES}
        scrolled = values["scroll_distance"]
        scrolls = [scrolling[number] for number in numbers if number in scrolling]
        values["scroll_distance"] = scrolled / 1e4
        values["click_rate"] = values["clicks"]
        values["recommended_click_rate"] = values["recommended_clicks"]
        values["scroll_depth"] = max((depth for depth, _ in scrolls), default=_NAN)
        values["scroll_speed"] = scrolled * 6.0 / max(sum(ms for _, ms in scrolls), 1_000) if scrolls else _NAN
        values["idle_ms"] = float(end_ms - acted if acted >= 0 else WINDOW_SLICES * SLICE_MS)
        found.append(MinuteWindow(end_ms, len(numbers), tuple(values[name] for name in SESSION_NAMES)))
    return found


def _scrolling(reader: WorldReader) -> dict[int, tuple[float, int]]:
    """Deepest point, and ms from the first to the last scroll, of each slice with scrolls."""
    found: dict[int, tuple[float, int, int]] = {}
    if SCROLL in reader.events:
        times, depths = reader.depths()
        for at, depth in zip(times.tolist(), depths.tolist(), strict=True):
            at_ms = round(at)
            deepest, first, last = found.get(at_ms // SLICE_MS, (0.0, at_ms, at_ms))
            found[at_ms // SLICE_MS] = (max(deepest, depth), min(first, at_ms), max(last, at_ms))
    return {number: (deepest, last - first) for number, (deepest, first, last) in found.items()}
