"""Stage: predicts the length and tone of content that suit a session's reader, and proposes them."""

from typing import Any, Final

from models.announced.loading import LoadedModel
from models.arbitration.proposed_change import ProposedChange
from models.predictions.kinds import PREDICTION_KINDS
from models.predictions.prediction import Prediction, Silence, predict
from models.predictions.proposing import to_change
from models.predictions.standing import Due, PredictionState, due, remember
from models.rules.evaluation import Moment
from models.rules.signals import LazyScore
from schemas.model_cards import ModelMode
from udfs.keyed_state import StateField
from udfs.stages.base import LaneSetup, Stage
from udfs.stages.evaluation import SessionEvaluation

EVERY_MS: Final = 60_000
"""Predictions are made of windows that end with a minute: windows overlap, and what suits a reader does not change in ten
seconds."""


class PredictionStage(Stage):
    """Owns what models have proposed of each session and has not expired. Without a model it does nothing.

    The scores stand under `length`, `length_half_width` and ``tone_CLASS``. Dies with the session.
    """

    def __init__(self, setup: LaneSetup) -> None:
        self._models = setup.models
        self._field = StateField.json("predictions-v1", PredictionState, setup.bundle)
        super().__init__(self._field)

    def on_window(self, evaluation: SessionEvaluation, ctx: Any) -> None:
        window, models = evaluation.window, self._models
        if window is None or models is None or not len(models) or evaluation.at_ms % EVERY_MS:
            return
        for kind in PREDICTION_KINDS:
            model = models.find(kind, evaluation.segment, evaluation.at_ms)
            if model is not None:
                self._predict(kind, model, evaluation)

    def _predict(self, kind: str, model: LoadedModel, evaluation: SessionEvaluation) -> None:
        for name, score in ask_model(kind, model, evaluation, self._field).items():
            evaluation.signals.scores[name] = known_score(score)
        evaluation.models[kind] = model.card.version
        if model.card.segment is not None:
            evaluation.segment_models.append(kind)


def ask_model(
    kind: str,
    model: LoadedModel,
    evaluation: SessionEvaluation,
    field: StateField[PredictionState],
    mode: ModelMode = "active",
) -> dict[str, float]:
    """Has a model predict for a window, and proposes what is due by what stands in `field`. Returns the scores."""
    known = evaluation.facts.known()
    found = predict(model, known.numbers, known.texts)
    if isinstance(found, Silence):
        return found.scores
    state = field.get(evaluation.key) or PredictionState()
    asked = due(state, kind, found, evaluation.at_ms)
    if asked is None:
        return found.scores
    evaluation.changes.append(_change(model, found, asked, evaluation, mode))
    if asked.renews or evaluation.signals.quiet is None:
        # In a quiet time nothing is commanded: the next minute asks again.
        remember(state, kind, asked, evaluation.at_ms)
        field.set(evaluation.key, state)
    return found.scores


def known_score(score: float) -> LazyScore:
    return LazyScore(lambda: score)


def _change(
    model: LoadedModel, found: Prediction, asked: Due, evaluation: SessionEvaluation, mode: ModelMode
) -> ProposedChange:
    known = evaluation.facts.known()
    return to_change(
        model,
        found,
        asked,
        (known.numbers, known.texts),
        evaluation.subject(),
        Moment(evaluation.at_ms, evaluation.trigger, evaluation.session_since_ms),
        evaluation.signals.quiet,
        mode,
    )
