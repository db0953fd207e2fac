"""Gives a stored model its inputs as it was trained on them: columns renamed and multiplied as its card says."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.learning.errors import TrainingDataError
from models.learning.examples import Examples
from models.learning.renaming import Renaming, renamings_of
from schemas.model_cards import ModelCard


def as_trained(card: ModelCard, rows: Examples) -> Examples:
    """Returns the rows with the inputs of the model alone. Raises `TrainingDataError` where one is missing or is read otherwise.

    A column that the model's own `--rename` made is made again of the raw one where that is there: so no option of another
    training hides it.
    """
    name = f"{card.id}@{card.version}"
    renamed = renamings_of(card)
    values: dict[str, NDArray[Any]] = {}
    missing = []
    for feature in card.features:
        text, column, factor = renamed.get(feature, Renaming("", feature, 1.0))
        raw = rows.raw_column(column) if text else None
        if raw is None and not rows.has(feature):
            missing.append(feature if column == feature else f"{feature}, nor {column}")
            continue
        found = rows.column(feature) if raw is None else raw
        if (found.dtype == object) != (feature in card.categories):
            wanted = "texts" if feature in card.categories else "numbers"
            raise TrainingDataError(
                f"{rows.source}: {name} reads {feature} as {wanted}: give the options --category and --rename that it was "
                "trained with"
            )
        if raw is not None and factor != 1.0 and found.dtype != object:
            found = found * factor
        if raw is not None and feature in rows.values and not _is_same(found, rows.values[feature]):
            raise TrainingDataError(
                f"{rows.source}: {name} was trained with --rename {text}, which gives other values than {feature} has here: give "
                "the same option"
            )
        values[feature] = found
    if missing:
        raise TrainingDataError(
            f"{rows.source}: no column {'; '.join(missing)} that can be read: give data that has it"
        )
    return rows.with_inputs(values)


def _is_same(left: NDArray[Any], right: NDArray[Any]) -> bool:
    if left.dtype == object or right.dtype == object:
        return left.dtype == right.dtype and left.tolist() == right.tolist()
    return bool(np.array_equal(left, right, equal_nan=True))
