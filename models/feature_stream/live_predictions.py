"""Remembers what models predicted for sessions, to be joined with what readers tell: point in time, as training joins them."""

from typing import Final, Generic, NamedTuple, TypeVar

from models.predictions.targets import MAX_AGE_MS

T = TypeVar("T")

MAX_PREDICTIONS: Final = 100_000
"""Sessions whose predictions are remembered; the ones predicted for longest ago are forgotten."""

MAX_KEPT: Final = 8
"""Predictions kept of a session, for outcomes that come late; they are made once a minute. An outcome that is older than all of
them is joined with none: of a later prediction it tells nothing."""


class Predicted(NamedTuple, Generic[T]):
    """What a version of a model predicted at an instant (event time)."""

    at_ms: int
    model: str
    version: int
    value: T


class LivePredictions(Generic[T]):
    """The newest predictions of each session, oldest first, and whether an outcome has answered any of them."""

    def __init__(self) -> None:
        self._sessions: dict[str, list[Predicted[T]]] = {}
        self._answered: set[str] = set()

    def add(self, session_id: str, predicted: Predicted[T]) -> None:
        """Notes a prediction; those of a session come in order of time."""
        known = self._sessions.pop(session_id, [])
        self._sessions[session_id] = [*known[-MAX_KEPT + 1 :], predicted]
        if len(self._sessions) > MAX_PREDICTIONS:
            oldest = next(iter(self._sessions))
            del self._sessions[oldest]
            self._answered.discard(oldest)

    def answered(self, session_id: str, at_ms: int) -> Predicted[T] | None:
        """The newest prediction at or before an outcome of that instant, within the age that training allows; None where there is
        none."""
        for predicted in reversed(self._sessions.get(session_id, [])):
            if predicted.at_ms <= at_ms:
                if at_ms - predicted.at_ms > MAX_AGE_MS:
                    return None
                self._answered.add(session_id)
                return predicted
        return None

    def ended(self, session_id: str) -> tuple[Predicted[T], bool] | None:
        """Forgets a session that is over. Returns its last prediction and whether an outcome answered any; None where it had
        none."""
        known, answered = self._sessions.pop(session_id, None), session_id in self._answered
        self._answered.discard(session_id)
        return (known[-1], answered) if known else None
