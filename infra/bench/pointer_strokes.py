"""Reads strokes of the pointer from Balabit's recordings, and what the tracker could say of each: length, time, straightness."""

import csv
import gzip
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.anomaly.robust_scale import Floats

MAX_GAP_S: Final = 0.5
"""Longest time without an event within a stroke."""

MIN_POINTS: Final = 4
MAX_PX: Final = 5000.0
"""Positions beyond are faults of the recording."""

STROKES: Final = 40
"""Strokes that are described together; a session of the test has about 80."""

HOP: Final = 6
_STATES: Final = {"Move": 0, "Drag": 1, "Pressed": 2, "Released": 3}
FEATURES: Final = 19


def read_events(path: Path) -> NDArray[np.float64]:
    """Time of the client in seconds, state, x and y, one row an event."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines)
        next(rows)
        found = np.array([(float(row[1]), _STATES.get(row[3], 4), float(row[4]), float(row[5])) for row in rows])
    return found[(found[:, 2] < MAX_PX) & (found[:, 3] < MAX_PX)]


def strokes(events: NDArray[np.float64]) -> NDArray[np.float64]:
    """One row a stroke: movement between pauses, presses and releases. NaN where a feature cannot be told."""
    times, states = events[:, 0], events[:, 1]
    pauses = np.diff(times)
    moves = states < 2
    cut = (pauses > MAX_GAP_S) | (pauses < 0.0) | (moves[1:] != moves[:-1]) | ((states[1:] == 1) != (states[:-1] == 1))
    starts = np.flatnonzero(np.concatenate([[True], cut]))
    made, before_s = [], np.nan
    for start, end in zip(starts, [*starts[1:], len(events)], strict=True):
        if not moves[start] or end - start < MIN_POINTS:
            continue
        pressed_after = float(end < len(events) and states[end] == 2)
        stroke = _stroke(events[start:end], times[start] - before_s, pressed_after)
        if stroke is not None:
            made.append(stroke)
            before_s = times[end - 1]
    return np.array(made).reshape(-1, FEATURES)


def _stroke(events: NDArray[np.float64], rest_s: float, pressed_after: float) -> list[float] | None:
    times, xs, ys = events[:, 0], events[:, 2], events[:, 3]
    gaps, steps = np.diff(times), np.hypot(np.diff(xs), np.diff(ys))
    path, lasted = steps.sum(), times[-1] - times[0]
    speeds = steps[gaps > 0.0] / gaps[gaps > 0.0]
    if path <= 0.0 or lasted <= 0.0 or len(speeds) < 2:
        return None
    headings = np.arctan2(np.diff(ys), np.diff(xs))[steps > 0.0]
    turns = np.abs((np.diff(headings) + np.pi) % (2.0 * np.pi) - np.pi)
    whole = np.arctan2(ys[-1] - ys[0], xs[-1] - xs[0])
    return [
        np.log(lasted),
        np.log(path),
        np.hypot(xs[-1] - xs[0], ys[-1] - ys[0]) / path,
        np.log(path / lasted),
        np.log1p(speeds.max()),
        np.log1p(np.median(speeds)),
        np.argmax(speeds) / len(speeds),
        float((speeds > 0.0).mean()),
        np.log1p(np.abs(np.diff(speeds)).mean()),
        np.log(gaps.mean() + 1e-3),
        np.log(np.median(gaps) + 1e-3),
        turns.mean() if len(turns) else np.nan,
        (turns > 1.0).mean() if len(turns) else np.nan,
        np.cos(whole),
        np.sin(whole),
        abs(np.cos(whole)),
        np.log(rest_s + 0.01) if rest_s >= 0.0 else np.nan,
        pressed_after,
        float(events[0, 1] == 1),
    ]


def described(made: NDArray[np.float64]) -> Floats:
    """Mean, deviation and median of each feature over `STROKES` strokes, again and again `HOP` later; over all if fewer."""
    starts = range(0, max(len(made) - STROKES, 0) + 1, HOP)
    parts = [made[start : start + STROKES] for start in starts]
    rows: list[Any] = [
        np.concatenate([f(part, axis=0) for f in (np.nanmean, np.nanstd, np.nanmedian)]) for part in parts
    ]
    return np.array(rows, dtype=np.float32)
