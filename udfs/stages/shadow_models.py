"""Stage: has models in shadow look at the windows that the models in force look at."""

from typing import Any

from models.announced.loading import LoadedModel
from models.isolation_forest.registry import MIN_ACTIVE_SLICES, to_feature_row
from models.predictions.kinds import DETECTOR_KINDS, PREDICTION_KINDS
from models.predictions.standing import PredictionState
from models.predictions.targets import SHADOW_PREFIX
from udfs.keyed_state import StateField
from udfs.stages.base import LaneSetup, Stage
from udfs.stages.evaluation import SessionEvaluation
from udfs.stages.predictions import EVERY_MS, ask_model


class ShadowStage(Stage):
    """Owns what models in shadow have proposed of each session and has not expired. Without a model in shadow it does nothing.

    Lengths and tones become proposals in mode `shadow`, which the arbiter records and never commands. The scores stand in the
    feature log alone, beside those of the models in force: no rule and no session state sees them. Dies with the session.
    """

    def __init__(self, setup: LaneSetup) -> None:
        self._models = setup.models
        self._logs = setup.log_features
        self._field = StateField.json("shadow-predictions-v1", PredictionState, setup.bundle)
        super().__init__(self._field)

    def on_window(self, evaluation: SessionEvaluation, ctx: Any) -> None:
        models = self._models
        if models is None or not models.has_shadows:
            return
        window = evaluation.window
        if window is None:
            return
        if evaluation.at_ms % EVERY_MS == 0:
            for kind in PREDICTION_KINDS:
                model = models.find_shadow(kind, evaluation.segment, evaluation.at_ms)
                if model is not None:
                    scores = ask_model(kind, model, evaluation, self._field, "shadow")
                    _log(kind, model, scores, evaluation)
        # A detector asks for nothing: without the log nobody would see its score.
        if self._logs and window.active_slices >= MIN_ACTIVE_SLICES:
            for detector in DETECTOR_KINDS:
                model = models.find_shadow(detector, None, evaluation.at_ms)
                if model is not None:
                    score = _score(model, evaluation)
                    _log(detector, model, {} if score is None else {detector: score}, evaluation)


def _log(kind: str, model: LoadedModel, scores: dict[str, float], evaluation: SessionEvaluation) -> None:
    evaluation.models[SHADOW_PREFIX + kind] = model.card.version
    found = evaluation.shadow_scores or {}
    found.update({SHADOW_PREFIX + name: score for name, score in scores.items()})
    evaluation.shadow_scores = found


def _score(model: LoadedModel, evaluation: SessionEvaluation) -> float | None:
    """The score of a detector, by what it reads in its own right."""
    if model.forest is not None:
        return model.forest.score(to_feature_row(evaluation.values))
    if model.anomaly is None:
        return None
    known = evaluation.facts.known()
    verdict = model.anomaly.score(model.inputs.row(known.numbers, known.texts))
    return None if verdict is None else verdict.score
