"""Fits the three anomaly models to rows, and calibrates them by rows that were held back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.anomaly.autoencoder import Autoencoder, fit_autoencoder
from models.anomaly.calibration import Calibration
from models.anomaly.robust_scale import Doubles, Floats, RobustScale, robust_scale
from models.isolation_forest.grow import grow_trees
from models.isolation_forest.tree_arrays import TreeArrays

TREES: Final = 100
SAMPLES: Final = 256
MEMBERS: Final = ("forest", "autoencoder", "deviation")
HELD_BACK: Final = 0.3
"""Share of the rows that `split` holds back."""


@dataclass(frozen=True, slots=True)
class AnomalyModel:
    """The fitted models, in the form that the exporter reads."""

    medians: Floats
    """What the forest reads in place of an unknown value; 0 where a feature was never known."""

    scale: RobustScale
    forest: TreeArrays
    autoencoder: Autoencoder

    def scores(self, rows: NDArray[Any]) -> Doubles:
        """Scores `rows` (n, features): one column a member of `MEMBERS`, NaN for a row of which nothing is known.

        The forest's score is 0 to 1, the autoencoder's the root of the mean squared residual, the deviation the largest distance
        from the median in spreads; the latter two are of `RobustScale.squashed` values.
        """
        squashed = self.scale.squashed(rows)
        known = ~np.isnan(squashed)
        # In the same single precision as the exported graph.
        filled = np.where(np.isnan(rows), self.medians, rows).astype(np.float32)
        deviation = np.abs(np.where(known, squashed, 0.0)).max(axis=1)
        scores: Doubles = np.stack([self.forest.scores(filled), self.autoencoder.errors(squashed), deviation], axis=1)
        scores[~known.any(axis=1)] = np.nan
        return scores


def fit_members(rows: NDArray[Any], seed: int) -> AnomalyModel:
    """Fits all three to `rows` (n, features), of which NaN is unknown. The same rows in the same order give the same models."""
    rows = rows.astype(np.float32)
    scale = robust_scale(rows)
    known = np.isfinite(rows)
    medians = np.zeros(rows.shape[1], dtype=np.float32)
    some = known.any(axis=0)
    medians[some] = np.nanmedian(np.where(known, rows, np.nan)[:, some], axis=0)
    filled = np.where(np.isnan(rows), medians, rows)
    forest = grow_trees(filled, seed, TREES, min(SAMPLES, len(rows) // 2))
    return AnomalyModel(medians, scale, forest, fit_autoencoder(scale.squashed(rows), seed))


def split(rows: NDArray[Any], seed: int, share: float = HELD_BACK) -> tuple[NDArray[Any], NDArray[Any]]:
    """Returns rows to fit on and rows held back, drawn at random. For windows in order of time hold back the latest instead."""
    order = np.random.default_rng(seed).permutation(len(rows))
    fitted = len(rows) - round(share * len(rows))
    return rows[order[:fitted]], rows[order[fitted:]]


def fit(
    rows: NDArray[Any], held_back: NDArray[Any], seed: int, alarm_rate: float, features: Sequence[str]
) -> tuple[AnomalyModel, Calibration]:
    """Fits to `rows` and calibrates by `held_back`. Raises ValueError for too few rows held back, or names that do not fit."""
    if len(features) != rows.shape[1]:
        raise ValueError(f"{len(features)} names for {rows.shape[1]} features")
    model = fit_members(rows, seed)
    return model, Calibration.of(model.scores(held_back).tolist(), MEMBERS, alarm_rate, features)
