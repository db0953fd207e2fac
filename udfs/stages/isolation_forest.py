"""Detector: scores a window as a whole with the Isolation Forest of its content type and epoch."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from models.features import FOREST_FEATURES
from models.isolation_forest.registry import MIN_ACTIVE_SLICES, to_feature_row
from models.isolation_forest.scorer import ForestScorer
from models.rules.signals import LazyScore
from udfs.stages.base import Detector, LaneSetup
from udfs.stages.evaluation import SessionEvaluation


class IsolationForestStage(Detector):
    """Has no keyed state: the forests come by broadcast and are fitted elsewhere."""

    name: ClassVar[str] = "isolation_forest"

    def __init__(self, setup: LaneSetup) -> None:
        super().__init__()
        self._forests = setup.forests

    def on_window(self, evaluation: SessionEvaluation, ctx: Any) -> None:
        """Adds the forest's score, which is computed on demand: it costs three times all baselines. None of a partial window."""
        window = evaluation.window
        if window is None or window.active_slices < MIN_ACTIVE_SLICES:
            return
        forest = self._forests.resolve(window.main_type or "", evaluation.at_ms)
        values = window.values
        evaluation.signals.scores[self.name] = LazyScore(
            lambda: _score(forest.scorer, to_feature_row(values)),
            forest.threshold,
            lambda: _strongest(forest.scorer, to_feature_row(values)),
        )


def _score(scorer: ForestScorer, row: "np.ndarray[Any, Any]") -> float | None:
    try:
        return scorer.score(row)
    # An announced graph is no code of this job: whatever it does with a row, the job goes on. It would restart for ever.
    except Exception:
        return None


def _strongest(scorer: ForestScorer, row: "np.ndarray[Any, Any]", limit: int = 3) -> Mapping[str, float]:
    """Returns the features that contributed most to the score."""
    try:
        _, parts = scorer.explain(row)
    except Exception:
        return {}
    ordered = sorted(zip(FOREST_FEATURES, parts, strict=True), key=lambda pair: (-pair[1], pair[0]))
    return dict(ordered[:limit])
