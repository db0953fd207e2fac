"""A reader's events as slices of ten seconds, as the job's SQL makes them of the recorded events."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from infra.simulate.worlds.reader import BEAT, CLICK, HIDE, HOVER, MOVE, SCROLL, TYPES, VIEW, WorldReader
from models.judgement.layout import HABIT_NAMES, PLACES
from models.judgement.presence import SLICE_MS
from models.judgement.session import SliceEvents

_PASSIVE: Final = (BEAT, HIDE)
_ORDER: Final = {HIDE: 0, VIEW: 1}
RAPID_MS: Final = 10_000.0


def timeline(reader: WorldReader) -> Iterator[tuple[int, str, float, float]]:
    """(time in ms, event type, value, distance scrolled) in order of time. A scroll's value is the depth."""
    times, depths = reader.depths() if SCROLL in reader.events else (np.zeros(0), np.zeros(0))
    pages = np.searchsorted(reader.pages, times, side="right") - 1
    distances, last_page, last_depth = [], -1, 0.0
    for page, depth in zip(pages.tolist(), depths.tolist(), strict=True):
        if page != last_page:
            last_page, last_depth = page, reader.top
        distances.append(max(0.0, depth - last_depth))
        last_depth = depth
    found: list[tuple[int, str, float, float]] = []
    for kind, (at, values) in reader.events.items():
        moved = distances if kind == SCROLL else [0.0] * len(at)
        shown = depths if kind == SCROLL else values
        found += [
            (round(time), kind, value, distance)
            for time, value, distance in zip(at.tolist(), shown.tolist(), moved, strict=True)
            if 0 <= round(time) < reader.length_ms
        ]
    found.sort(key=lambda event: (event[0], _ORDER.get(event[1], 2), event[1]))
    yield from found


def slices(reader: WorldReader, begin_ms: int = 0) -> dict[int, SliceEvents]:
    """One entry per slice number in which anything happened; times in ms, those of a session that begins at `begin_ms`."""
    types = iter(reader.types.tolist())
    rows: dict[int, list[tuple[int, str, float, float]]] = {}
    for after_ms, *event in timeline(reader):
        at_ms = begin_ms + after_ms
        rows.setdefault(at_ms // SLICE_MS, []).append((at_ms, *event))  # type: ignore[arg-type]
    return {number: _slice(number, events, types) for number, events in rows.items()}


def _slice(number: int, events: list[tuple[int, str, float, float]], types: Iterator[int]) -> SliceEvents:
    sums = dict.fromkeys(PLACES, 0)
    acted = [time for time, kind, _, _ in events if kind not in _PASSIVE]
    hidden = [time for time, kind, _, _ in events if kind == HIDE]
    opened, depth = [], -1.0
    for _, kind, value, distance in events:
        if kind == VIEW:
            opened.append(TYPES[next(types, 0)])
            sums["pages"] += 1
            depth = -1.0
        elif kind == SCROLL:
            depth = max(depth, value)
            sums["signs"] += 1
            sums["scrolls"] += 1
            sums["scroll_distance"] += round(distance * 10_000)
        elif kind == MOVE:
            sums["signs"] += 1
            sums["pointer_path_px"] += int(value)
        elif kind == HOVER:
            sums["hover_ms"] += int(value)
        elif kind == BEAT:
            sums["engaged_ms"] += int(value)
        elif kind == CLICK:
            sums["clicks"] += 1
            sums["recommended_clicks"] += value > 0
        elif kind == HIDE:
            sums["rapid_exits"] += value <= RAPID_MS
    first, last = events[0][0], events[-1][0]
    sums["session_duration_ms"] = last - first
    return SliceEvents(
        (number + 1) * SLICE_MS,
        first,
        last,
        acted[0] if acted else -1,
        acted[-1] if acted else -1,
        hidden[-1] if hidden else -1,
        tuple(opened),
        depth,
        tuple(sums[name] for name in HABIT_NAMES),
    )
