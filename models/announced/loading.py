"""Loads a checked model, and makes sure that it scores a row."""

from math import isfinite
from typing import Final

import numpy as np

from models.announced.checking import CheckedModel
from models.announced.errors import ModelRefusedError
from models.anomaly.scorer import AnomalyScorer
from models.isolation_forest.scorer import ForestScorer
from models.model_inputs import UNKNOWN_PLACE, ModelInputs
from models.onnx_scorer import OnnxScorer
from schemas.model_cards import ModelCard

LENGTH_COLUMNS: Final = (1, 3)
"""Columns of the output of a length: the length alone, or with a lower and an upper quantile."""


class LoadedModel:
    """A model that may be in force: its card, and what scores. `forest` is set for a forest, `anomaly` for a combination of
    detectors, `scorer` for all others."""

    __slots__ = ("anomaly", "card", "forest", "inputs", "scorer")

    def __init__(
        self,
        card: ModelCard,
        inputs: ModelInputs,
        scorer: OnnxScorer | None = None,
        forest: ForestScorer | None = None,
        anomaly: AnomalyScorer | None = None,
    ) -> None:
        self.card = card
        self.inputs = inputs
        self.scorer = scorer
        self.forest = forest
        self.anomaly = anomaly


def load(model: CheckedModel) -> LoadedModel:
    """Loads a model. Raises `ModelRefusedError` where ONNX Runtime does not take it, or it does not answer as its card says."""
    card = model.card
    inputs = ModelInputs(card)
    try:
        if card.kind == "isolation_forest":
            forest = ForestScorer(model.artefact)
            _require_count(forest.features, len(card.features))
            _require_finite([forest.score(np.zeros((1, len(card.features)), dtype=np.float32))])
            return LoadedModel(card, inputs, forest=forest)
        if card.kind == "anomaly":
            return LoadedModel(card, inputs, anomaly=_combination(model))
        scorer = OnnxScorer(model.artefact)
        _require_count(scorer.features, len(card.features))
        for row in _probes(card):
            answer = scorer.score(row)
            _require_columns(card, len(answer))
            _require_finite(answer)
            if scorer.explains and len(scorer.explain(row)) != len(card.features):
                raise ModelRefusedError("the model does not give one contribution for each feature")
    except ModelRefusedError:
        raise
    except Exception as error:  # onnxruntime documents no exception types
        raise ModelRefusedError(str(error)[:300]) from None
    return LoadedModel(card, inputs, scorer)


def _combination(model: CheckedModel) -> AnomalyScorer:
    scorer, names = AnomalyScorer(model.artefact), model.card.features
    if scorer.calibration.features != tuple(names):
        raise ModelRefusedError(
            f"the model reads {', '.join(scorer.calibration.features)[:200]}, which its card does not say"
        )
    verdict = scorer.score(_probes(model.card)[0])
    _require_finite([] if verdict is None else [verdict.score])
    return scorer


def _probes(card: ModelCard) -> list["np.ndarray[tuple[int, int], np.dtype[np.float32]]"]:
    """Two rows that any model must answer: one from the middle of its training range, and one of which nothing is known."""
    middle = [0.0 if (known := card.ranges.get(name)) is None else (known[0] + known[1]) / 2 for name in card.features]
    unknown = [UNKNOWN_PLACE if name in card.categories else np.nan for name in card.features]
    return [np.array([row], dtype=np.float32) for row in (middle, unknown)]


def _require_count(found: int | None, wanted: int) -> None:
    if found is not None and found != wanted:
        raise ModelRefusedError(f"the model reads {found} columns, and its card names {wanted} features")


def _require_columns(card: ModelCard, found: int) -> None:
    expected = (len(card.classes),) if card.classes else LENGTH_COLUMNS if card.kind == "length" else (1,)
    if found not in expected:
        raise ModelRefusedError(f"y has {found} columns; expected {' or '.join(map(str, expected))}")


def _require_finite(answer: list[float]) -> None:
    if not all(isfinite(each) for each in answer):
        raise ModelRefusedError("the model answers with what is no number")
