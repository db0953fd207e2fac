"""Joins the feature log with outcomes: what the job knew of a reader just before the reader told what suits.

Point in time: an outcome is joined with the newest window of its session that ended at or before it, never with a later one.
"""

import gzip
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.learning.errors import TrainingDataError
from models.learning.examples import Examples
from models.logged_features import NUMBER_NAMES, OF_ALL_READERS, TEXT_NAMES
from models.predictions.targets import MAX_AGE_MS
from schemas.features import FeatureRow, decode_feature_row
from schemas.outcomes import Outcome

_decode_outcome: Final = msgspec.json.Decoder(Outcome).decode


def read_feature_files(paths: Iterable[Path]) -> Iterator[FeatureRow]:
    """Reads files of one record of features.v1 a line, `.gz` or not. Raises `TrainingDataError` with file and line."""
    for path in paths:
        for line, text in _lines(path):
            try:
                yield decode_feature_row(text)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise TrainingDataError(f"{path}, line {line}: no record of features.v1: {error}") from None


def read_outcome_files(paths: Iterable[Path]) -> Iterator[Outcome]:
    """Reads files of one record of outcomes.v1 a line, `.gz` or not. Raises `TrainingDataError` with file and line."""
    for path in paths:
        for line, text in _lines(path):
            try:
                yield _decode_outcome(text)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise TrainingDataError(f"{path}, line {line}: no record of outcomes.v1: {error}") from None


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            for line, text in enumerate(file, start=1):
                if text.strip():
                    yield line, text
    except (OSError, EOFError, zlib.error) as error:
        raise TrainingDataError(f"{path} cannot be read: {error}") from None


def join(
    rows: Iterable[FeatureRow],
    outcomes: Iterable[Outcome],
    target: str,
    target_is_number: bool,
    segment: str | None = None,
) -> Examples:
    """Returns one example for each outcome that tells what suits. Raises `TrainingDataError` where there is none.

    A number is the `value` of an outcome whose metric is `target`. A label is the end of the metric's name, as friendly in
    `preferred_tone.friendly`. With `segment`, only windows of its readers are taken.
    """
    windows = _by_session(rows)
    told = sorted({each for outcome in outcomes if (each := _told(outcome, target, target_is_number))}, key=_order)
    chosen = [
        (known, truth) for session, at_ms, truth in told if (known := _newest(windows.get(session), at_ms)) is not None
    ]
    if segment is not None:
        chosen = [(row, truth) for row, truth in chosen if row.segment == segment]
    of = f" of readers of segment {segment}" if segment is not None else ""
    if not chosen:
        metric = target if target_is_number else f"{target}.LABEL"
        raise TrainingDataError(
            f"no outcome with metric {metric} has a window{of} in the {MAX_AGE_MS // 60_000} minutes before it: "
            f"{len(told)} such outcomes, windows of {len(windows)} sessions"
        )
    inputs, aside = _columns([row for row, _ in chosen])
    return Examples(
        inputs,
        np.array([truth for _, truth in chosen], dtype=np.float64 if target_is_number else object),
        f"features.v1 with outcomes.v1, {len(chosen)} outcomes{of}",
        np.array([row.window_end_ms for row, _ in chosen], dtype=np.int64),
        np.array([row.session_id for row, _ in chosen], dtype=object),
        len(told) - len(chosen),
        aside=aside,
    )


def told_numbers(rows: Iterable[FeatureRow], outcomes: Iterable[Outcome], metric: str) -> dict[tuple[str, int], float]:
    """Returns what outcomes of that metric tell of windows, by session and end; of several the last counts."""
    windows = _by_session(rows)
    found = {}
    for session, at_ms, truth in sorted(
        {each for outcome in outcomes if (each := _told(outcome, metric, True))}, key=_order
    ):
        known = _newest(windows.get(session), at_ms)
        if known is not None:
            found[session, known.window_end_ms] = float(truth)
    return found


def _by_session(rows: Iterable[FeatureRow]) -> dict[str, list[FeatureRow]]:
    """Returns the windows of each session, in order of time."""
    windows: dict[str, list[FeatureRow]] = {}
    for row in rows:
        if row.kind == "window":
            windows.setdefault(row.session_id, []).append(row)
    for own in windows.values():
        own.sort(key=lambda row: row.window_end_ms)
    return windows


def _told(outcome: Outcome, target: str, target_is_number: bool) -> tuple[str, int, float | str] | None:
    """Returns session, time and truth; None for an outcome that tells something else. The same outcome twice is one."""
    metric, value = outcome.metric or "", outcome.value
    if target_is_number:
        told = metric == target and value is not None
        return (outcome.session_id, outcome.occurred_at_ms, float(value)) if told and value is not None else None
    name, _, label = metric.rpartition(".")
    if name != target or not label or value == 0.0:
        return None
    return outcome.session_id, outcome.occurred_at_ms, label


def _order(told: tuple[str, int, float | str]) -> tuple[int, str, str]:
    session, at_ms, truth = told
    return at_ms, session, str(truth)


def _newest(own: list[FeatureRow] | None, at_ms: int) -> FeatureRow | None:
    if not own:
        return None
    place = bisect_right(own, at_ms, key=lambda row: row.window_end_ms)
    if place == 0 or own[place - 1].window_end_ms < at_ms - MAX_AGE_MS:
        return None
    return own[place - 1]


def _columns(rows: list[FeatureRow]) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Returns what models learn from, by name, and what stands aside: unknown or the same throughout, or of all readers."""
    found: dict[str, NDArray[Any]] = {}
    aside: dict[str, NDArray[Any]] = {}
    for name in NUMBER_NAMES:
        given = [row.features.get(name) for row in rows]
        numbers = np.array([np.nan if value is None else value for value in given], dtype=np.float64)
        differs = name not in OF_ALL_READERS and len(np.unique(numbers)) > 1
        (found if differs else aside)[name] = numbers
    for name in TEXT_NAMES:
        texts = np.array([row.context.get(name) for row in rows], dtype=object)
        (found if len(set(texts.tolist())) > 1 else aside)[name] = texts
    return found, aside
