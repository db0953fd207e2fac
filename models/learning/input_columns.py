"""Chooses the inputs of a model from the columns of its examples, and sums up what training saw of each."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.learning.columns import MIN_LEVEL_ROWS, Columns, levels_of, other_texts_of, single_precision
from models.learning.errors import TrainingDataError
from models.learning.evaluation import InputSummary
from models.learning.examples import Examples
from models.learning.training_range import training_range
from models.model_inputs import is_enough


def choose_columns(examples: Examples) -> tuple[Columns, list[str]]:
    """Returns the inputs, and the columns of texts that are left out: no text of theirs stands in enough rows to learn from.

    Raises `TrainingDataError` where nothing is left.
    """
    texts = {name: examples.values[name].tolist() for name in examples.names if examples.is_category(name)}
    categories = {name: levels_of(given) for name, given in texts.items()}
    left_out = [name for name, levels in categories.items() if not levels]
    names = tuple(name for name in examples.names if name not in left_out)
    if not names:
        raise TrainingDataError(
            f"{examples.source}: no text of {', '.join(left_out)} stands in {MIN_LEVEL_ROWS} rows: give other columns"
        )
    kept = {name: levels for name, levels in categories.items() if levels}
    others = {name: found for name, levels in kept.items() if (found := other_texts_of(texts[name], levels))}
    return Columns(names, kept, others), left_out


def summarise_inputs(columns: Columns, examples: Examples, importances: dict[str, float]) -> list[InputSummary]:
    """Returns what training saw of each input, in the order of the columns."""
    return [_summary(name, columns, examples.values[name], importances[name]) for name in columns.names]


def unknown_at_once(columns: Columns, examples: Examples) -> int:
    """Returns the most inputs that were unknown at once in enough rows for a model to have learned of that."""
    counts = np.zeros(len(examples), dtype=np.int64)
    for name in columns.names:
        counts += _unknown(examples.values[name], name in columns.categories)
    return max(
        most for most in range(len(columns.names) + 1) if most == 0 or is_enough((counts >= most).sum(), len(counts))
    )


def _unknown(values: NDArray[Any], is_category: bool) -> NDArray[np.bool_]:
    if is_category:
        return np.array([text is None for text in values.tolist()], dtype=bool)
    found: NDArray[np.bool_] = ~np.isfinite(single_precision(values))
    return found


def _summary(name: str, columns: Columns, values: NDArray[Any], importance: float) -> InputSummary:
    if name in columns.categories:
        texts = values.tolist()
        rows = {text: texts.count(text) for text in columns.categories[name]}
        return InputSummary(name, importance, texts.count(None), texts=rows)
    known = values[~_unknown(values, False)].astype(np.float64)
    missing = len(values) - len(known)
    if len(known) == 0:
        return InputSummary(name, importance, missing)
    low, high = training_range(known)
    return InputSummary(name, importance, missing, low, high, least=float(known.min()), greatest=float(known.max()))
