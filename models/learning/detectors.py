"""Detectors that can be trained: how each is fitted, exported, and asked for many rows. All read `FOREST_FEATURES`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.anomaly.autoencoder import BATCH, LEARNING_RATE, STEPS, TRIMMED, WEIGHT_DECAY, layer_sizes
from models.anomaly.calibration import Calibration
from models.anomaly.fit import MEMBERS, AnomalyModel, fit_members
from models.anomaly.fit import SAMPLES as FOREST_SAMPLES
from models.anomaly.fit import TREES as FOREST_TREES
from models.anomaly.onnx_export import to_onnx as anomaly_to_onnx
from models.anomaly.scorer import AnomalyScorer
from models.features import FOREST_FEATURES
from models.isolation_forest.fit import threshold_of
from models.isolation_forest.grow import grow_trees
from models.isolation_forest.onnx_export import SAMPLES, TREES
from models.isolation_forest.onnx_export import to_onnx as forest_to_onnx
from models.isolation_forest.scorer import ForestScorer
from models.isolation_forest.tree_arrays import TreeArrays
from models.learning.columns import Doubles, Floats
from models.predictions.kinds import DetectorKind as DetectorKind


@dataclass(frozen=True, slots=True)
class FittedDetector:
    """`threshold` is the score from which a window is odd, `forest` the forest alone."""

    artefact: bytes
    threshold: float
    forest: TreeArrays
    model: AnomalyModel | TreeArrays

    def raw(self, rows: Floats) -> Doubles:
        """Returns what the training code gives, (rows, members)."""
        if isinstance(self.model, AnomalyModel):
            return self.model.scores(rows)
        return self.model.scores(filled(rows)).reshape(-1, 1)


class DetectorScores(Protocol):
    def raw(self, rows: Floats) -> Doubles:
        """Returns the outputs `score` of the artefact, (rows, members)."""

    def scores(self, rows: Floats) -> Doubles:
        """Returns the score of each row that rules see; -1 where nothing of it is known."""


class ForestScores:
    """An exported forest, for many rows."""

    def __init__(self, artefact: bytes) -> None:
        self._scorer = ForestScorer(artefact)

    def raw(self, rows: Floats) -> Doubles:
        return self._scorer.scores(filled(rows)).astype(np.float64)

    def scores(self, rows: Floats) -> Doubles:
        found: Doubles = self.raw(rows)[:, 0]
        return found


class CombinedScores:
    """An exported combination, for many rows."""

    def __init__(self, artefact: bytes) -> None:
        self._scorer = AnomalyScorer(artefact)

    def raw(self, rows: Floats) -> Doubles:
        return self._scorer.scores(rows).astype(np.float64)

    def scores(self, rows: Floats) -> Doubles:
        judged = [self._scorer.judge(row) for row in self.raw(rows).tolist()]
        return np.array([-1.0 if each is None else each.score for each in judged])


def fit_detector(kind: DetectorKind, rows: Floats, calibration: Floats, seed: int, alarm_rate: float) -> FittedDetector:
    """Fits to `rows`; the threshold comes from `calibration`, later rows that the trees have not seen. Raises ValueError."""
    if kind == "anomaly":
        model = fit_members(rows, seed)
        judged = Calibration.of(model.scores(calibration).tolist(), MEMBERS, alarm_rate, FOREST_FEATURES)
        return FittedDetector(anomaly_to_onnx(model, judged), 1.0 - alarm_rate, model.forest, model)
    trees = grow_trees(filled(rows), seed, TREES, min(SAMPLES, len(rows) // 2))
    # By the bulk of the scores, which odd rows among them hardly move (`models/isolation_forest/fit.py`).
    return FittedDetector(forest_to_onnx(trees), threshold_of(trees.scores(filled(calibration))), trees, trees)


def settings(kind: DetectorKind, rows: int, alarm_rate: float) -> dict[str, float | int | str]:
    """Returns what the card says of how a detector was fitted to so many rows; the latter half is of the autoencoder."""
    trees, samples = (FOREST_TREES, FOREST_SAMPLES) if kind == "anomaly" else (TREES, SAMPLES)
    found: dict[str, float | int | str] = {
        "trees": trees,
        "samples": min(samples, rows // 2),
        "alarm_rate": alarm_rate,
    }
    if kind == "isolation_forest":
        return found
    hidden, code = layer_sizes(len(FOREST_FEATURES))
    return found | {
        "hidden": hidden,
        "code": code,
        "steps": STEPS,
        "batch": BATCH,
        "learning_rate": LEARNING_RATE,
        "weight_decay": WEIGHT_DECAY,
        "trimmed": TRIMMED,
    }


def open_detector(kind: DetectorKind, artefact: bytes) -> DetectorScores:
    """Opens an exported detector. Raises ValueError."""
    return CombinedScores(artefact) if kind == "anomaly" else ForestScores(artefact)


def filled(rows: Floats) -> Floats:
    """Returns the rows as the job's forest reads them: an unknown value counts as 0."""
    found: Floats = np.where(np.isnan(rows), np.float32(0.0), rows).astype(np.float32)
    return found


def split_shares(trees: TreeArrays, names: Sequence[str]) -> dict[str, float]:
    """Returns the share of the forest's splits that each feature has."""
    inner: NDArray[np.bool_] = trees.left >= 0
    counts = np.bincount(trees.feature[inner], minlength=len(names))
    return {name: float(count / max(1, counts.sum())) for name, count in zip(names, counts, strict=True)}
