"""What a model has proposed of a session and has not expired yet, and when it proposes again.

Not compiled (`infra/packaging/mypyc.py`): it holds msgspec structs.
"""

from typing import Final

from msgspec import Struct

from models.arbitration.proposed_change import RENEW_AHEAD_MS
from models.predictions.prediction import Prediction

EXPIRES_MS: Final = 10 * 60_000
"""How long a predicted length or tone is in force."""

MIN_CHANGE_MS: Final = 3 * 60_000
"""Shortest time between two different lengths or tones for one reader: a text that changes under the eyes helps nobody."""

AHEAD_MS: Final = 60_000 + RENEW_AHEAD_MS
"""Predictions are made once a minute: what expires before the next one is renewed."""


class StandingPrediction(Struct, array_like=True):
    """A value that a model asked for. `changed_at_ms` is when it first did."""

    value: int | str
    changed_at_ms: int
    expires_at_ms: int


class PredictionState(Struct, array_like=True):
    """What stands in keyed state of a session, by kind of model."""

    standing: dict[str, StandingPrediction] = {}


class Due(Struct):
    """A value to be proposed now; `renews` what stands already."""

    value: int | str
    renews: bool


def due(state: PredictionState, kind: str, prediction: Prediction, at_ms: int) -> Due | None:
    """Returns what is to be proposed now; None where what stands will do.

    What stands is kept while the prediction allows it, so that a length does not change from minute to minute.
    """
    known = state.standing.get(kind)
    if known is None or at_ms >= known.expires_at_ms:
        return Due(prediction.value, False)
    if prediction.allows(known.value):
        return Due(known.value, True) if known.expires_at_ms - at_ms <= AHEAD_MS else None
    return None if at_ms - known.changed_at_ms < MIN_CHANGE_MS else Due(prediction.value, False)


def remember(state: PredictionState, kind: str, asked: Due, at_ms: int) -> None:
    """Enters into `state` what has been proposed."""
    known = state.standing.get(kind)
    changed_at_ms = known.changed_at_ms if asked.renews and known is not None else at_ms
    state.standing[kind] = StandingPrediction(asked.value, changed_at_ms, at_ms + EXPIRES_MS)
