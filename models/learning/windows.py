"""Windows to learn what is ordinary from: of the feature log or a CSV file, in order of time, with labels where there are any."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.features import FOREST_FEATURES
from models.learning.bounded_sample import BoundedSample
from models.learning.columns import Floats, single_precision
from models.learning.errors import TrainingDataError
from models.learning.examples import Examples
from models.learning.told_windows import Told, ToldWindows, told_by
from schemas.events import LATEST_MS
from schemas.features import FeatureRow
from schemas.outcomes import Outcome

LABEL: Final = "anomalous"
"""Metric of outcomes.v1, or column of a CSV file, that says whether a reader's window is odd: 1, or ordinary: 0."""

MINUTE_MS: Final = 60_000


UNDATED: Final = "a window_end_ms before 1970 or after the year 9999"
"""Why a row is left out."""

MAX_WINDOWS: Final = 200_000
"""Windows that a detector learns from and is judged by: beyond, the threshold and the alarm rate gain no digit."""


def is_whole_minute(kind: str, window_end_ms: int) -> bool:
    """Whether detectors use a row of the log: windows between two minutes share their seconds with those."""
    return kind == "window" and window_end_ms % MINUTE_MS == 0


def windows_of(
    rows: Iterable[FeatureRow], outcomes: Iterable[Outcome] = (), seed: int = 1, most: int = MAX_WINDOWS
) -> Examples:
    """Returns the windows of the log that detectors score, those that end with a minute, in order of time and session.

    The truth is 1 or 0 where an outcome labels the session's newest window before it, else NaN. A repeated row counts once, and
    the order of the rows does not matter. Of more than `most` windows a sample by `seed` is taken. Raises `TrainingDataError`.
    """
    told, _ = told_by(outcomes, LABEL, True, seed)
    scored, others = _Collected(told, seed, most), _Collected(told, seed, most)
    for row in rows:
        if is_whole_minute(row.kind, row.window_end_ms):
            # The job scores a window with enough of its reader in it; others are odd to every detector.
            if "isolation_forest" in row.scores:
                scored.add(row)
            elif not len(scored):
                others.add(row)
    return (scored if len(scored) else others).examples()


class _Collected:
    """A sample of windows, and the labels of all of them. Rows whose time no clock shows are counted, and passed over."""

    def __init__(self, told: Sequence[Told], seed: int, most: int) -> None:
        self._sample: BoundedSample[tuple[int, str, array[float]]] = BoundedSample(most, seed)
        self._labelled: ToldWindows[None] = ToldWindows(told)
        self._undated = 0

    def __len__(self) -> int:
        return len(self._sample)

    def add(self, row: FeatureRow) -> None:
        session_id, end_ms = row.session_id, row.window_end_ms
        if not 0 <= end_ms <= LATEST_MS:
            self._undated += 1
            return
        given = [row.features.get(name) for name in FOREST_FEATURES]
        numbers = array("d", [np.nan if value is None else value for value in given])
        self._sample.add(f"{end_ms}\0{session_id}", (end_ms, session_id, numbers))
        if self._labelled.wants(session_id, end_ms):
            self._labelled.add(session_id, end_ms, None)

    def examples(self) -> Examples:
        if not len(self):
            raise TrainingDataError("features.v1 holds no window that ends with a minute: give a longer range")
        chosen = sorted(self._sample, key=lambda each: each[:2])
        # Of several labels of a window the last counts.
        labels = {(session, end_ms): float(truth) for (session, _, truth), end_ms, _ in self._labelled.pairs()}
        truth = np.array([labels.get((session, end_ms), np.nan) for end_ms, session, _ in chosen])
        columns = np.array([numbers for _, _, numbers in chosen], dtype=np.float64)
        sample = f", a sample of {self._sample.offered:,}" if self._sample.is_cut else ""
        left_out = {UNDATED: self._undated} if self._undated else {}
        return Examples(
            {name: columns[:, place] for place, name in enumerate(FOREST_FEATURES)},
            truth,
            f"features.v1, {len(chosen)} windows{sample}, {int(np.isfinite(truth).sum())} labelled",
            np.array([end_ms for end_ms, _, _ in chosen], dtype=np.int64),
            np.array([session for _, session, _ in chosen], dtype=object),
            left_out=left_out,
        )


def matrix(windows: Examples) -> Floats:
    """Returns float32 (rows, features) in the order of `FOREST_FEATURES`, NaN where unknown. Raises `TrainingDataError`."""
    given = windows.only(FOREST_FEATURES)
    for name in FOREST_FEATURES:
        if given.is_category(name):
            raise TrainingDataError(f"{windows.source}: column {name} holds texts; a detector reads numbers")
    found: Floats = np.stack([single_precision(given.values[name]) for name in FOREST_FEATURES], axis=1)
    return found


@dataclass(frozen=True, slots=True)
class Labels:
    """What people told of windows: `labelled` (rows,) says of which; `odd` and `sessions` are of these alone."""

    labelled: NDArray[np.bool_]
    odd: NDArray[np.bool_]
    sessions: NDArray[Any] | None


def told(windows: Examples) -> Labels:
    truth = windows.truth.astype(np.float64)
    labelled = np.isfinite(truth)
    return Labels(labelled, truth[labelled] > 0.5, None if windows.sessions is None else windows.sessions[labelled])
