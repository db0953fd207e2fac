"""Makes proposals of predictions: `set_length` and `set_tone`, with what explains them."""

from collections.abc import Mapping
from typing import Final

from models.announced.loading import LoadedModel
from models.arbitration.proposed_change import ProposedChange
from models.predictions.prediction import Prediction
from models.predictions.standing import EXPIRES_MS, Due
from models.rules.evaluation import Moment, Subject
from schemas.actions import ACTIONS
from schemas.commands import AdjustmentCommand, Evidence, EvidenceBound, Source, command_id
from schemas.model_cards import ModelMode

MAX_EVIDENCE: Final = 16
"""Inputs of the model that an explanation shows, in the order of its card."""


def to_change(
    model: LoadedModel,
    prediction: Prediction,
    asked: Due,
    known: tuple[Mapping[str, float | None], Mapping[str, str | None]],
    subject: Subject,
    moment: Moment,
    quiet: str | None,
    mode: ModelMode = "active",
) -> ProposedChange:
    """Returns the proposal. `known` are the numbers and texts of the window."""
    card, at_ms = model.card, moment.at_ms
    # The version in shadow may be the one in force: the two propose at the same windows.
    trigger = moment.trigger if mode == "active" else f"{moment.trigger}:{mode}"
    source = Source("model", card.kind, card.version)
    name = next(iter(prediction.parameters))
    command = AdjustmentCommand(
        command_id=command_id(subject.target, source, trigger),
        issued_at_ms=at_ms,
        expires_at_ms=at_ms + EXPIRES_MS,
        target=subject.target,
        session_id=subject.session_id,
        user_id=subject.user_id,
        content_id=subject.content_id,
        action=prediction.action,
        parameters={name: asked.value},
        priority=ACTIONS[prediction.action].matrix_priority,
        source=source,
        evidence=_evidence(model, prediction, name, known, at_ms),
    )
    return ProposedChange(
        command=command,
        lane="window",
        confidence=prediction.confidence,
        mode=mode,
        renews=asked.renews,
        session_since_ms=moment.session_since_ms,
        quiet=None if asked.renews else quiet,
    )


def _evidence(
    model: LoadedModel,
    prediction: Prediction,
    name: str,
    known: tuple[Mapping[str, float | None], Mapping[str, str | None]],
    end_ms: int,
) -> dict[str, Evidence]:
    """The prediction with its interval or probability, and the inputs that were known."""
    start_ms, card = end_ms - 60_000, model.card
    if prediction.low is not None and prediction.high is not None:
        bounds: tuple[EvidenceBound, ...] = (
            EvidenceBound("low", prediction.low, "words"),
            EvidenceBound("high", prediction.high, "words"),
        )
    else:
        bounds = (EvidenceBound("probability", card.min_probability, None, measured=prediction.confidence),)
    value = float(prediction.value) if isinstance(prediction.value, int) else prediction.value
    evidence = {name: Evidence(value, window_start_ms=start_ms, window_end_ms=end_ms, bounds=bounds)}
    numbers, texts = known
    for each in card.features:
        found: float | str | None = texts.get(each) if each in card.categories else numbers.get(each)
        if found is not None and len(evidence) <= MAX_EVIDENCE:
            evidence[each] = Evidence(found, window_start_ms=start_ms, window_end_ms=end_ms)
    return evidence
