"""Reads the examples that `models train` and `compare` are given: a CSV file, files of the feature log, or topics."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.cli.bootstrap import resolve_kafka
from infra.cli.durations import duration_ms
from infra.learning.recorded_features import last_feature_rows, last_outcomes
from models.learning.csv_file import CsvOptions, read_csv
from models.learning.errors import TrainingDataError
from models.learning.examples import Examples
from models.learning.feature_log import OutcomeJoin, read_feature_files, read_outcome_files
from models.learning.renaming import renaming
from models.learning.truths import MAX_LENGTH_WORDS, MIN_LENGTH_WORDS
from models.learning.windows import LABEL, is_whole_minute, windows_of
from models.logged_features import NUMBER_NAMES, TEXT_NAMES
from models.predictions.kinds import DETECTOR_KINDS, PREDICTED
from schemas.nearest_names import suggestion

SEGMENT_COLUMN = "segment"

_KNOWN: Final = (*NUMBER_NAMES, *TEXT_NAMES, SEGMENT_COLUMN)
"""What a column can be renamed to."""


@dataclass(frozen=True, slots=True)
class DataOptions:
    """Where examples come from, and how to read the columns of a CSV file."""

    csv: Path | None
    features: Sequence[Path]
    outcomes: Sequence[Path]
    last: str
    target: str
    time: str
    session: str
    without: Sequence[str]
    category: Sequence[str]
    rename: Sequence[str]


def examples_of(given: DataOptions, kind: str, segment: str | None, bootstrap: str, seed: int = 1) -> Examples:
    """Reads examples; the seed chooses a sample where there are too many. Raises `TrainingDataError` and `StreamError`."""
    sources = [given.csv is not None, bool(given.features or given.outcomes), bool(given.last)]
    if sum(sources) != 1:
        raise TrainingDataError("give one source: --csv FILE, or --features FILE with --outcomes FILE, or --last TIME")
    if kind in DETECTOR_KINDS:
        return _windows(given, bootstrap, seed)
    target, is_number = given.target or PREDICTED[kind].target, PREDICTED[kind].is_number
    if given.csv is not None:
        return _of_csv(given, given.csv, target, is_number, segment)
    if given.last:
        last_ms, kafka = duration_ms(given.last), resolve_kafka(bootstrap)
        # The outcomes first: of the many windows, only those of sessions that told something are kept.
        joined = OutcomeJoin(last_outcomes(kafka, last_ms), target, is_number, seed)
        wanted = last_feature_rows(kafka, last_ms, lambda head: joined.wants(head.session_id, head.window_end_ms))
        return joined.examples(wanted, segment)
    if not given.features or not given.outcomes:
        raise TrainingDataError("--features and --outcomes belong together: what was known, and what suited")
    told = read_outcome_files(given.outcomes)
    return OutcomeJoin(told, target, is_number, seed).examples(read_feature_files(given.features), segment)


def _windows(given: DataOptions, bootstrap: str, seed: int) -> Examples:
    """Reads windows for a detector; outcomes, which may label them, are no must."""
    if given.csv is not None:
        return _of_csv(given, given.csv, given.target or LABEL, True, None, needs_truth=False)
    if given.last:
        last_ms, kafka = duration_ms(given.last), resolve_kafka(bootstrap)
        rows = last_feature_rows(kafka, last_ms, lambda head: is_whole_minute(head.kind, head.window_end_ms))
        return windows_of(rows, last_outcomes(kafka, last_ms), seed)
    if not given.features:
        raise TrainingDataError("--outcomes alone label nothing: give the windows with --features")
    return windows_of(read_feature_files(given.features), read_outcome_files(given.outcomes), seed)


def _of_csv(
    given: DataOptions, path: Path, target: str, is_number: bool, segment: str | None, needs_truth: bool = True
) -> Examples:
    renamed = [renaming(each) for each in given.rename]
    for column, count in Counter(column for column, _, _ in renamed).items():
        if count > 1:
            raise TrainingDataError(f"--rename {column}=…: given {count} times, a column is one feature")
    for column, feature, _ in renamed:
        if feature not in _KNOWN:
            raise TrainingDataError(
                f"--rename {column}={feature}: the job computes no {feature}{suggestion(feature, _KNOWN)}"
            )
    options = CsvOptions(
        target,
        is_number,
        needs_truth,
        (MIN_LENGTH_WORDS, MAX_LENGTH_WORDS) if needs_truth and is_number else None,
        given.time or None,
        given.session or None,
        tuple(given.without),
        tuple(given.category),
        {column: feature for column, feature, _ in renamed},
        {column: factor for column, _, factor in renamed if factor != 1.0},
        None if segment is None else _segment_column(renamed),
    )
    found = read_csv(path, options)
    if segment is None:
        return found
    own = found.take(found.values[SEGMENT_COLUMN].astype(str) == segment)
    return own.only([name for name in own.names if name != SEGMENT_COLUMN])


def _segment_column(renamed: Sequence[tuple[str, str, float]]) -> str:
    return next((column for column, feature, _ in renamed if feature == SEGMENT_COLUMN), SEGMENT_COLUMN)
