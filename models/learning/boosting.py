"""Fits gradient-boosted trees with scikit-learn: a regressor for a number, a classifier for a label."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor

from models.learning.columns import Columns, Doubles, Floats
from models.learning.one_hot import OneHot

TREES: Final = 100
DEPTH: Final = 3
LEARNING_RATE: Final = 0.1
MIN_LEAF_ROWS: Final = 10
"""scikit-learn's own defaults but for the last, which is 1 there: nobody is to learn from one reader. The card records them."""

_SETTINGS: Final[dict[str, float | int]] = {
    "n_estimators": TREES,
    "max_depth": DEPTH,
    "learning_rate": LEARNING_RATE,
    "min_samples_leaf": MIN_LEAF_ROWS,
}

_BATCH: Final = 20_000


@dataclass(frozen=True, slots=True)
class Boosting:
    """Fitted trees and what widens their inputs; for a label its classes, for a number the trees of two quantiles."""

    trees: Any
    one_hot: OneHot
    classes: tuple[str, ...] = ()
    quantiles: tuple[Any, ...] = ()

    @property
    def columns(self) -> Columns:
        return self.one_hot.columns

    def predict(self, rows: Floats) -> Doubles:
        """Returns what the exported model calls `y`, as scikit-learn computes it: (rows, 3), or (rows, classes)."""
        parts = [self._predicted(rows[start : start + _BATCH]) for start in range(0, len(rows), _BATCH)]
        return np.concatenate(parts)

    def _predicted(self, rows: Floats) -> Doubles:
        wide = self.one_hot.wide(rows)
        if self.classes:
            shares: Doubles = self.trees.predict_proba(wide)
            return shares
        values: Doubles = np.stack([each.predict(wide) for each in (self.trees, *self.quantiles)], axis=1)
        return values

    def single_trees(self) -> Iterator[tuple[Any, int, float]]:
        """Yields each tree, the output that it adds to, and the factor of its leaves."""
        for number, ensemble in enumerate((self.trees, *self.quantiles)):
            for stage in ensemble.estimators_:
                for place, each in enumerate(stage):
                    yield each.tree_, number + place, ensemble.learning_rate

    def importances(self) -> dict[str, float]:
        """Returns each input's share of what the splits gained, categories as a whole; the shares sum to 1."""
        found = dict.fromkeys(self.columns.names, 0.0)
        for name, share in zip(self.one_hot.names, self.trees.feature_importances_, strict=True):
            found[name] += float(share)
        return found


def fit_number(columns: Columns, rows: Floats, truth: Doubles, seed: int, coverage: float = 0.9) -> Boosting:
    """Fits a regressor, and two for the quantiles between which the share `coverage` lies.

    The same rows in the same order with the same seed give the same model.
    """
    one_hot = OneHot.fitted(columns, rows)
    wide = one_hot.wide(rows)
    trees = GradientBoostingRegressor(**_parameters(seed)).fit(wide, truth)
    quantiles = [
        GradientBoostingRegressor(loss="quantile", alpha=share, **_parameters(seed)).fit(wide, truth)
        for share in ((1.0 - coverage) / 2.0, (1.0 + coverage) / 2.0)
    ]
    return Boosting(trees, one_hot, quantiles=tuple(quantiles))


def fit_label(columns: Columns, rows: Floats, truth: NDArray[Any], seed: int) -> Boosting:
    """Fits a classifier over two labels or more. The same rows in the same order with the same seed give the same model."""
    one_hot = OneHot.fitted(columns, rows)
    trees = GradientBoostingClassifier(**_parameters(seed)).fit(one_hot.wide(rows), truth.astype(str))
    return Boosting(trees, one_hot, tuple(str(each) for each in trees.classes_))


def settings(is_label: bool) -> dict[str, float | int | str]:
    """Returns what the card says of how a model was fitted, by the names of scikit-learn."""
    estimator = GradientBoostingClassifier if is_label else GradientBoostingRegressor
    return {"estimator": estimator.__name__, **_SETTINGS}


def _parameters(seed: int) -> dict[str, Any]:
    return {**_SETTINGS, "random_state": seed}
