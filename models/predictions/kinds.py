"""Kinds of models that are trained: what a prediction is of, and which models are detectors."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, get_args

PredictionKind = Literal["length", "tone"]
DetectorKind = Literal["isolation_forest", "anomaly"]
PREDICTION_KINDS: Final[tuple[PredictionKind, ...]] = get_args(PredictionKind)
DETECTOR_KINDS: Final[tuple[DetectorKind, ...]] = get_args(DetectorKind)


class Predicted(NamedTuple):
    """What a kind of model predicts."""

    target: str
    """The metric of outcomes that tells it: a number is its value, a label the end of its name (`preferred_tone.friendly`)."""
    is_number: bool
    """Else a label."""
    unit: str
    """Of the number; empty for a label."""


PREDICTED: Final[Mapping[str, Predicted]] = {
    "length": Predicted("preferred_content_length", True, "words"),
    "tone": Predicted("preferred_tone", False, ""),
}
