"""Detector: scores a window by the announced combination of forest, autoencoder and largest robust deviation."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from models.anomaly.scorer import AnomalyScorer
from models.isolation_forest.registry import MIN_ACTIVE_SLICES
from models.model_inputs import ModelInputs
from models.rules.signals import LazyScore
from udfs.stages.base import Detector, LaneSetup
from udfs.stages.evaluation import SessionEvaluation, WindowFacts


class AnomalyStage(Detector):
    """Has no keyed state, and gives no score without an announced model of kind `anomaly`.

    The score is 1 less the share of ordinary windows that are as odd; the threshold that of the card.
    """

    name: ClassVar[str] = "anomaly"

    def __init__(self, setup: LaneSetup) -> None:
        super().__init__()
        self._models = setup.models

    def on_window(self, evaluation: SessionEvaluation, ctx: Any) -> None:
        """Adds the score, which is computed on demand. None of a partial window."""
        window, models = evaluation.window, self._models
        if window is None or models is None or window.active_slices < MIN_ACTIVE_SLICES:
            return
        model = models.find("anomaly", None, evaluation.at_ms)
        if model is None or model.anomaly is None:
            return
        # What is asked later holds no evaluation: see `WindowFacts`.
        scorer, inputs, facts = model.anomaly, model.inputs, evaluation.facts
        evaluation.models[self.name] = model.card.version
        evaluation.signals.scores[self.name] = LazyScore(
            lambda: _score(scorer, _row(inputs, facts)),
            model.card.threshold,
            lambda: _strongest(scorer, _row(inputs, facts)),
        )


def _row(inputs: ModelInputs, facts: WindowFacts) -> "np.ndarray[Any, Any]":
    known = facts.known()
    return inputs.row(known.numbers, known.texts)


def _score(scorer: AnomalyScorer, row: "np.ndarray[Any, Any]") -> float | None:
    try:
        verdict = scorer.score(row)
    # An announced graph is no code of this job: whatever it does with a row, the job goes on. It would restart for ever.
    except Exception:
        return None
    return None if verdict is None else verdict.score


def _strongest(scorer: AnomalyScorer, row: "np.ndarray[Any, Any]", limit: int = 3) -> Mapping[str, float]:
    """Returns the features that contributed most to the score of the member that found the window oddest."""
    try:
        found = scorer.explain(row)
    except Exception:
        return {}
    if found is None:
        return {}
    parts = found.contributions[found.verdict.member]
    known = [(name, part) for name, part in parts.items() if part is not None]
    return dict(sorted(known, key=lambda pair: (-pair[1], pair[0]))[:limit])
