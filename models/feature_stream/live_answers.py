"""What a model answered for a window, and how far that is from what a reader told."""

from collections.abc import Mapping
from typing import Final

from models.predictions.told_truth import Truth
from schemas.features import FeatureRow
from schemas.model_cards import ModelKind

TONE: Final = "tone_"
"""Before a tone, in the names of scores."""

Answer = float | Mapping[str, float]
"""A length in words, or the probability of each tone."""


def answer_of(kind: ModelKind, row: FeatureRow) -> Answer | None:
    """The prediction of a window; None where the model was silent."""
    if kind == "length":
        return row.scores.get(kind)
    found = {
        name.removeprefix(TONE): value
        for name, value in row.scores.items()
        if name.startswith(TONE) and value is not None
    }
    return found or None


def error_of(answer: Answer, truth: Truth) -> float:
    """The error in words; of a tone half of the Brier score: 0 for certain and right, 1 for certain and wrong.

    Source: Brier (1950), Monthly Weather Review 78(1), 1-3. A tone that the model does not know had no probability.

    >>> error_of(450.0, 400.0), error_of({"formal": 0.75, "friendly": 0.25}, "formal")
    (50.0, 0.0625)
    """
    if isinstance(answer, Mapping) and isinstance(truth, str):
        known = {**dict.fromkeys([truth], 0.0), **answer}
        return min(1.0, sum((share - (name == truth)) ** 2 for name, share in known.items()) / 2.0)
    if isinstance(answer, Mapping) or isinstance(truth, str):
        raise TypeError(f"{truth!r:.40} is no answer of the same kind as {answer!r:.40}")
    return abs(truth - answer)
