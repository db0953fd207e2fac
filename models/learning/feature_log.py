"""Joins the feature log with outcomes: what the job knew of a reader just before the reader told what suits.

Point in time: an outcome is joined with the newest window of its session that ended at or before it, never with a later one.
The order of the records does not matter, and a record that comes again counts once.
"""

import gzip
import zlib
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.learning.errors import TrainingDataError
from models.learning.examples import Examples
from models.learning.told_windows import MAX_TOLD, ToldWindows, told_by
from models.logged_features import NUMBER_NAMES, OF_ALL_READERS, TEXT_NAMES
from models.predictions.targets import MAX_AGE_MS
from schemas.features import FeatureRow, decode_feature_row
from schemas.outcomes import Outcome
from schemas.unreadable import UNREADABLE

Known = tuple[str | None, "array[float]", tuple[str | None, ...]]
"""What is kept of a window: segment, numbers as in `NUMBER_NAMES` (NaN where unknown), texts as in `TEXT_NAMES`."""

_decode_outcome: Final = msgspec.json.Decoder(Outcome).decode


def read_feature_files(paths: Iterable[Path]) -> Iterator[FeatureRow]:
    """Reads files of one record of features.v1 a line, `.gz` or not. Raises `TrainingDataError` with file and line."""
    for path in paths:
        for line, text in _lines(path):
            try:
                yield decode_feature_row(text)
            except UNREADABLE as error:
                raise TrainingDataError(f"{path}, line {line}: no record of features.v1: {error}") from None


def read_outcome_files(paths: Iterable[Path]) -> Iterator[Outcome]:
    """Reads files of one record of outcomes.v1 a line, `.gz` or not. Raises `TrainingDataError` with file and line."""
    for path in paths:
        for line, text in _lines(path):
            try:
                yield _decode_outcome(text)
            except UNREADABLE as error:
                raise TrainingDataError(f"{path}, line {line}: no record of outcomes.v1: {error}") from None


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            for line, text in enumerate(file, start=1):
                if text.strip():
                    yield line, text
    except (OSError, EOFError, zlib.error) as error:
        raise TrainingDataError(f"{path} cannot be read: {error}") from None


class OutcomeJoin:
    """Joins windows with the outcomes that tell of `target`; raises `TrainingDataError` where no outcome does.

    A number is the `value` of an outcome whose metric is `target`. A label is the end of the metric's name, as friendly in
    `preferred_tone.friendly`. Beyond `most` outcomes a sample of them by `seed` is joined. Memory is bounded by the outcomes.
    """

    def __init__(
        self, outcomes: Iterable[Outcome], target: str, target_is_number: bool, seed: int = 1, most: int = MAX_TOLD
    ) -> None:
        self._metric = target if target_is_number else f"{target}.LABEL"
        self._is_number = target_is_number
        told, self._is_sample = told_by(outcomes, target, target_is_number, seed, most)
        if not told:
            raise TrainingDataError(
                f"no outcome has the metric {self._metric}: give a longer range, or see who sends it"
            )
        self._outcomes = len(told)
        self._windows: ToldWindows[Known] = ToldWindows(told)

    def wants(self, session_id: str, window_end_ms: int) -> bool:
        """Whether an outcome may be joined with that window."""
        return self._windows.wants(session_id, window_end_ms)

    def examples(self, rows: Iterable[FeatureRow], segment: str | None = None) -> Examples:
        """Returns one example for each outcome with a window. Raises `TrainingDataError` where there is none.

        With `segment`, only outcomes whose window is of its readers are taken.
        """
        for row in rows:
            if row.kind == "window" and self._windows.wants(row.session_id, row.window_end_ms):
                self._windows.add(row.session_id, row.window_end_ms, _known(row))
        chosen = [each for each in self._windows.pairs() if segment is None or each[2][0] == segment]
        of = f" of readers of segment {segment}" if segment is not None else ""
        if not chosen:
            raise TrainingDataError(
                f"no outcome with metric {self._metric} has a window{of} in the {MAX_AGE_MS // 60_000} minutes before it: "
                f"{self._outcomes} such outcomes of {self._windows.sessions} sessions; was the feature log on?"
            )
        sample = f" of a sample of {self._outcomes:,}" if self._is_sample else ""
        inputs, aside = _columns([known for _, _, known in chosen])
        return Examples(
            inputs,
            np.array([truth for (_, _, truth), _, _ in chosen], dtype=np.float64 if self._is_number else object),
            f"features.v1 with outcomes.v1, {len(chosen)} outcomes{sample}{of}",
            np.array([end_ms for _, end_ms, _ in chosen], dtype=np.int64),
            np.array([session for (session, _, _), _, _ in chosen], dtype=object),
            self._outcomes - len(chosen),
            aside=aside,
            as_the_job=frozenset((*NUMBER_NAMES, *TEXT_NAMES)),
        )


def join(
    rows: Iterable[FeatureRow],
    outcomes: Iterable[Outcome],
    target: str,
    target_is_number: bool,
    segment: str | None = None,
) -> Examples:
    """Returns one example for each outcome that tells what suits; see `OutcomeJoin`. Raises `TrainingDataError`."""
    return OutcomeJoin(outcomes, target, target_is_number).examples(rows, segment)


def _known(row: FeatureRow) -> Known:
    given = [row.features.get(name) for name in NUMBER_NAMES]
    numbers = array("d", [np.nan if value is None else value for value in given])
    return row.segment, numbers, tuple(row.context.get(name) for name in TEXT_NAMES)


def _columns(rows: list[Known]) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Returns what models learn from, by name, and what stands aside: unknown or the same throughout, or of all readers."""
    found: dict[str, NDArray[Any]] = {}
    aside: dict[str, NDArray[Any]] = {}
    for place, name in enumerate(NUMBER_NAMES):
        numbers = np.array([known[place] for _, known, _ in rows], dtype=np.float64)
        differs = name not in OF_ALL_READERS and len(np.unique(numbers)) > 1
        (found if differs else aside)[name] = numbers
    for place, name in enumerate(TEXT_NAMES):
        texts = np.array([known[place] for _, _, known in rows], dtype=object)
        (found if len(set(texts.tolist())) > 1 else aside)[name] = texts
    return found, aside
