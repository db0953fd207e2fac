"""Leaves out truths that no model should learn from: impossible lengths, and labels of very few rows."""

from collections import Counter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.announced.checking import MAX_CLASS_CHARS
from models.learning.errors import TrainingDataError
from models.learning.examples import Examples
from models.predictions.kinds import PREDICTED, PredictionKind
from models.predictions.targets import MAX_WORDS, MIN_TOLD_WORDS

MIN_LENGTH_WORDS: Final = MIN_TOLD_WORDS
MAX_LENGTH_WORDS: Final = MAX_WORDS

MIN_LABEL_ROWS: Final = 5
"""Rows from which a label is learned. One that fewer readers have told is a slip more often than a tone, and a later row of a
label that training lacks costs any model its log loss."""


def usable_truths(examples: Examples, kind: PredictionKind) -> Examples:
    """Returns the rows whose truth can be learned; `left_out` counts the others, by reason. Raises `TrainingDataError`."""
    is_label = examples.truth.dtype == object
    if is_label == PREDICTED[kind].is_number:
        return examples  # told where the kind of truth is checked
    usable, reason = _labels(examples.truth) if is_label else _lengths(examples.truth)
    if usable.all():
        return examples
    if not usable.any():
        raise TrainingDataError(f"{examples.source}: all {len(examples):,} rows have {reason}: is it the right column?")
    return examples.leaving_out(~usable, reason)


def _lengths(truth: NDArray[Any]) -> tuple[NDArray[np.bool_], str]:
    usable = (truth >= MIN_LENGTH_WORDS) & (truth <= MAX_LENGTH_WORDS)
    return usable, f"lengths outside {MIN_LENGTH_WORDS} to {MAX_LENGTH_WORDS:,} words"


def _labels(truth: NDArray[Any]) -> tuple[NDArray[np.bool_], str]:
    rows = Counter(truth.tolist())
    kept = {text for text, count in rows.items() if count >= MIN_LABEL_ROWS and _can_be_class(text)}
    reason = f"labels of fewer than {MIN_LABEL_ROWS} rows, or not of 1 to {MAX_CLASS_CHARS} printable characters"
    return np.array([text in kept for text in truth.tolist()], dtype=bool), reason


def _can_be_class(text: str) -> bool:
    """Whether the job would take it as the name of a class."""
    return 0 < len(text) <= MAX_CLASS_CHARS and text.isprintable()
