"""Widens a row of inputs to what trees and linear models are fitted on: missing numbers filled, categories one-hot."""

from dataclasses import dataclass

import numpy as np

from models.learning.columns import Columns, Doubles, Floats
from models.model_inputs import MAX_FLOAT32


@dataclass(frozen=True, slots=True)
class OneHot:
    """Turns inputs (rows, features) into wide rows: the inputs themselves, and one column for each text of a category.

    The inputs that are categories stay where they are but hold 0 throughout: a place in a list is no quantity. `fills` has one
    value for each input. Where training rows lacked a number, it lies below all that were seen, so that one split tells missing
    from known; elsewhere it is the median, which says nothing either way.
    """

    columns: Columns
    fills: tuple[float, ...]

    @classmethod
    def fitted(cls, columns: Columns, rows: Floats) -> "OneHot":
        fills = []
        for name, column in zip(columns.names, rows.T, strict=True):
            known = column[np.isfinite(column)].astype(np.float64)
            if name in columns.categories or len(known) == 0:
                fills.append(0.0)
            elif len(known) < len(column):
                fills.append(float(np.float32(max(-MAX_FLOAT32, known.min() - max(np.ptp(known), 1.0)))))
            else:
                fills.append(float(np.float32(np.median(known))))
        return cls(columns, tuple(fills))

    @property
    def levels(self) -> tuple[tuple[int, int], ...]:
        """The one-hot columns in order, each as (input, place)."""
        return tuple(
            (where, place)
            for where, name in enumerate(self.columns.names)
            for place in range(len(self.columns.categories.get(name, ())))
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The input that each wide column comes from."""
        return (*self.columns.names, *(self.columns.names[where] for where, _ in self.levels))

    def wide(self, rows: Floats) -> Floats:
        filled = np.where(np.isnan(rows), np.array(self.fills, dtype=np.float32), rows)
        for where, name in enumerate(self.columns.names):
            if name in self.columns.categories:
                filled[:, where] = 0.0
        if not self.levels:
            return filled.astype(np.float32)
        hot = np.stack([rows[:, where] == place for where, place in self.levels], axis=1)
        wide: Floats = np.concatenate((filled, hot), axis=1).astype(np.float32)
        return wide

    def scaled(self, rows: Floats) -> Doubles:
        """Returns what a linear model is fitted on: wide rows with missing numbers at their middle and a column that tells so."""
        missing = np.isnan(rows)
        wide = self.wide(rows).astype(np.float64)
        return np.concatenate((wide, missing.astype(np.float64)), axis=1)
