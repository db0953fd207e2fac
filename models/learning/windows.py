"""Windows to learn what is ordinary from: of the feature log or a CSV file, in order of time, with labels where there are any."""

from collections.abc import Iterable
from typing import Final

import numpy as np

from models.features import FOREST_FEATURES
from models.learning.columns import Floats, single_precision
from models.learning.errors import TrainingDataError
from models.learning.examples import Examples
from models.learning.feature_log import told_numbers
from schemas.features import FeatureRow
from schemas.outcomes import Outcome

LABEL: Final = "anomalous"
"""Metric of outcomes.v1, or column of a CSV file, that says whether a reader's window is odd: 1, or ordinary: 0."""

MINUTE_MS: Final = 60_000


def windows_of(rows: Iterable[FeatureRow], outcomes: Iterable[Outcome] = ()) -> Examples:
    """Returns the windows of the log that detectors score, those that end with a minute: windows between share their seconds.

    The truth is 1 or 0 where an outcome labels the session's newest window before it, else NaN. Raises `TrainingDataError`.
    """
    windows = [row for row in rows if row.kind == "window" and row.window_end_ms % MINUTE_MS == 0]
    # The job scores a window with enough of its reader in it; others are odd to every detector.
    scored = [row for row in windows if "isolation_forest" in row.scores] or windows
    if not scored:
        raise TrainingDataError("features.v1 holds no window that ends with a minute: give a longer range")
    labels = told_numbers(scored, outcomes, LABEL)
    known = [[row.features.get(name) for name in FOREST_FEATURES] for row in scored]
    columns = np.array([[np.nan if value is None else value for value in row] for row in known], dtype=np.float64)
    return Examples(
        {name: columns[:, place] for place, name in enumerate(FOREST_FEATURES)},
        np.array([labels.get((row.session_id, row.window_end_ms), np.nan) for row in scored]),
        f"features.v1, {len(scored)} windows, {len(labels)} labelled",
        np.array([row.window_end_ms for row in scored], dtype=np.int64),
        np.array([row.session_id for row in scored], dtype=object),
    )


def matrix(windows: Examples) -> Floats:
    """Returns float32 (rows, features) in the order of `FOREST_FEATURES`, NaN where unknown. Raises `TrainingDataError`."""
    given = windows.only(FOREST_FEATURES)
    for name in FOREST_FEATURES:
        if given.is_category(name):
            raise TrainingDataError(f"{windows.source}: column {name} holds texts; a detector reads numbers")
    found: Floats = np.stack([single_precision(given.values[name]) for name in FOREST_FEATURES], axis=1)
    return found


def is_odd(windows: Examples) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Returns which rows have a label, and which of these are odd."""
    labelled = np.isfinite(windows.truth.astype(np.float64))
    return labelled, windows.truth[labelled].astype(np.float64) > 0.5
