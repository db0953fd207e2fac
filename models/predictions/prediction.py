"""Reads a model's output as a length or a tone, with a confidence; or says why there is none."""

import logging
from collections.abc import Mapping
from math import ceil, floor, isfinite
from typing import Any, Final, Literal, NamedTuple

import numpy as np

from models.announced.loading import LENGTH_COLUMNS, LoadedModel
from models.model_inputs import is_unknown
from models.onnx_scorer import OnnxScorer
from models.predictions.targets import MAX_WORDS, STEP_WORDS
from schemas.actions import ActionName
from schemas.model_cards import ModelCard

_log: Final = logging.getLogger(__name__)

_failed: Final[set[str]] = set()
"""Hashes of models that have failed for a row: what is logged for every row would fill the disk."""

STEPS: Final = (STEP_WORDS, 10, 1)
"""In words. An interval that holds no multiple of a step is asked for in the next finer one."""

MIN_WORDS: Final = 50
"""Shortest length that is asked for."""

ROUNDING: Final = 1e-6
"""Probabilities are float32, the limit is not: one that equals it is in the set."""

SilenceReason = Literal["outside", "unknown", "wide", "short", "ambiguous", "unusable"]


class Prediction(NamedTuple):
    """What a model asks for: a number of words or a tone.

    `low` and `high` are the ends of the conformal interval in words, None for a tone; a length lies within. `confidence` is 0 to
    1: of a length the coverage of its interval, of a tone its calibrated probability.
    """

    action: ActionName
    value: int | str
    confidence: float
    low: float | None
    high: float | None
    scores: dict[str, float]

    @property
    def parameters(self) -> dict[str, int | str]:
        """The parameters of the action."""
        return {"length_words" if self.action == "set_length" else "tone": self.value}

    def allows(self, value: int | str) -> bool:
        """Whether another value will do as well: the same, or a length within the interval."""
        if value == self.value:
            return True
        if self.low is not None and self.high is not None and not isinstance(value, str):
            return self.low <= value <= self.high
        return False


class Silence(NamedTuple):
    """Why a model asks for nothing. `about` is the feature that it has seen no such value of, or that is unknown and hardly ever
    was in training.

    An interval is too short that ends below `MIN_WORDS`. An answer is unusable that is no number, or has not as many columns as
    the card says: a model that answers the rows it is tried with may still fail for others.
    """

    reason: SilenceReason
    about: str | None
    scores: dict[str, float]


def predict(
    model: LoadedModel, numbers: Mapping[str, float | None], texts: Mapping[str, str | None]
) -> Prediction | Silence:
    """Predicts for one window, of which `numbers` and `texts` are known."""
    about = model.inputs.outside(numbers, texts)
    if about is not None:
        value = texts.get(about) if about in model.card.categories else numbers.get(about)
        return Silence("unknown" if is_unknown(value) else "outside", about, {})
    assert model.scorer is not None, "a detector predicts nothing"
    output = _answer(model.card, model.scorer, model.inputs.row(numbers, texts))
    if output is None:
        return Silence("unusable", None, {})
    return _length(model, output) if model.card.kind == "length" else _tone(model, output)


def _answer(card: ModelCard, scorer: OnnxScorer, row: "np.ndarray[Any, Any]") -> list[float] | None:
    """Returns the model's answer; None where it gives none, or something that is no number. A failure is logged once."""
    try:
        output = scorer.score(row)
    # Announced graphs are no code of this job: whatever one does with a row, the job goes on. It would restart for ever.
    except Exception:
        if card.sha256 not in _failed:
            _failed.add(card.sha256)
            _log.exception("%s version %d failed for a row and is silent for it", card.id, card.version)
        return None
    return output if all(isfinite(each) for each in output) else None


def _length(model: LoadedModel, output: list[float]) -> Prediction | Silence:
    card = model.card
    assert card.half_width is not None, "announcements are checked"
    assert card.coverage is not None, "announcements are checked"
    if len(output) not in LENGTH_COLUMNS:
        return Silence("unusable", None, {})
    words = output[0]
    lower, upper = (output[1], output[2]) if len(output) == 3 else (words, words)
    low, high = lower - card.half_width, upper + card.half_width
    half_width = (high - low) / 2
    scores = {"length": words, "length_half_width": half_width}
    if max(abs(words), low) > MAX_WORDS:
        return Silence("unusable", None, scores)
    if half_width < 0 or (card.max_half_width is not None and half_width > card.max_half_width):
        return Silence("wide", None, scores)
    if high < MIN_WORDS:
        return Silence("short", None, scores)
    value = rounded_within(words, low, high)
    # Of an interval without a whole number the nearest one is taken, and the interval widened to it: it covers no less.
    return Prediction("set_length", value, card.coverage, min(low, value), max(high, value), scores)


def rounded_within(words: float, low: float, high: float) -> int:
    """Returns the length to ask for: from `low` to `high`, in the coarsest of `STEPS` that has one there, as near to `words` as
    possible; `MIN_WORDS` at least.

    >>> rounded_within(370.0, 290.0, 450.0), rounded_within(427.0, 418.0, 437.0), rounded_within(427.0, 426.2, 428.4)
    (350, 430, 427)
    """
    low = max(low, MIN_WORDS)
    within = min(max(words, low), high)
    for step in STEPS:
        # The nearest multiple may lie beyond an end, and the one on the other side of `words` within.
        near = sorted((floor(within / step) * step, ceil(within / step) * step), key=lambda each: abs(each - within))
        found = next((each for each in near if low <= each <= high), None)
        if found is not None:
            return found
    return round(within)


def _tone(model: LoadedModel, output: list[float]) -> Prediction | Silence:
    card = model.card
    assert card.min_probability is not None, "announcements are checked"
    if len(output) != len(card.classes):
        return Silence("unusable", None, {})
    scores = {f"tone_{name}": probability for name, probability in zip(card.classes, output, strict=True)}
    least = card.min_probability - ROUNDING
    likely = [place for place, probability in enumerate(output) if probability >= least]
    if len(likely) != 1:
        return Silence("ambiguous", None, scores)
    (place,) = likely
    return Prediction("set_tone", card.classes[place], min(output[place], 1.0), None, None, scores)
