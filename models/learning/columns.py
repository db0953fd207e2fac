"""The inputs of a model in their order: numbers, and categories as places in a list of texts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.model_inputs import MAX_FLOAT32, UNKNOWN_PLACE

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

MAX_LEVELS: Final = 32
MIN_LEVEL_ROWS: Final = 5
"""Rows from which a text of a category gets a place. What is learned from fewer is noise."""

MAX_OTHERS: Final = 500
"""Texts without a place that a card lists for one category."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the inputs in order; `categories` has the texts of those that are categories, `others` the texts that training has
    seen and that have no place.

    >>> columns = Columns(("click_rate", "device"), {"device": ("phone", "tablet")})
    >>> rows = {"click_rate": np.array([3.0, np.nan]), "device": np.array(["tablet", "fridge"], dtype=object)}
    >>> columns.matrix(rows).tolist()
    [[3.0, 1.0], [nan, -1.0]]
    """

    names: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if name not in self.categories)

    def matrix(self, values: Mapping[str, NDArray[Any]]) -> Floats:
        """Returns rows of inputs from whole columns: float64 with NaN, or objects with None.

        Each row is the one that `ModelInputs.row` gives the job of the same values.
        """
        columns = []
        for name in self.names:
            column = values[name]
            if name in self.categories:
                places = {text: float(place) for place, text in enumerate(self.categories[name])}
                column = np.array([places.get(text, UNKNOWN_PLACE) for text in column], dtype=np.float32)
            else:
                column = single_precision(column)
            columns.append(np.asarray(column, dtype=np.float32))
        return np.ascontiguousarray(np.stack(columns, axis=1))


def single_precision(column: NDArray[Any]) -> Floats:
    """Returns a column of numbers as models read it: NaN where a number is beyond float32.

    >>> single_precision(np.array([1.0, 1e100])).tolist()
    [1.0, nan]
    """
    found: Floats = np.where(np.abs(column) > MAX_FLOAT32, np.nan, column).astype(np.float32)
    return found


def levels_of(texts: Sequence[str | None]) -> tuple[str, ...]:
    """Returns the texts that get a place, the most frequent first.

    >>> levels_of(["phone"] * 9 + ["desktop"] * 5 + ["fridge", None])
    ('phone', 'desktop')
    """
    counts = Counter(text for text in texts if text is not None)
    frequent = [(-count, text) for text, count in counts.items() if count >= MIN_LEVEL_ROWS]
    return tuple(text for _, text in sorted(frequent)[:MAX_LEVELS])


def other_texts_of(texts: Sequence[str | None], levels: Sequence[str]) -> tuple[str, ...]:
    """Returns the texts that have no place, the most frequent first: what training learned of them, it learned of all together.

    In fewer than `MIN_LEVEL_ROWS` rows it learned nothing of them, and there is none.

    >>> other_texts_of(["phone"] * 9 + ["fridge"] * 4 + ["watch", None], ["phone"])
    ('fridge', 'watch')
    >>> other_texts_of(["phone"] * 9 + ["fridge"] * 4, ["phone"])
    ()
    """
    counts = Counter(text for text in texts if text is not None and text not in levels)
    if counts.total() < MIN_LEVEL_ROWS:
        return ()
    return tuple(text for _, text in sorted((-count, text) for text, count in counts.items())[:MAX_OTHERS])
