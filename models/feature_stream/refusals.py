"""Turns refusals of announced models, as subtasks acknowledge them, into alerts."""

from typing import Final

from models.feature_stream.alert_texts import refusal_alert
from schemas.alerts import Alert
from schemas.control_acks import ControlAck

SAME_MS: Final = 60_000
"""Within this time all refusals of a version for one reason are one: each subtask tells its own."""

MAX_REFUSALS: Final = 1_000


class Refusals:
    """Each subtask refuses a model by itself; people are told once."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, int | None, str], int] = {}
        """When each was told, by id, version and reason; at most `MAX_REFUSALS`, the oldest are forgotten."""

    def add(self, ack: ControlAck) -> Alert | None:
        """Takes in an acknowledgement. Returns the alert of the first subtask that refuses a model."""
        if ack.kind != "model" or ack.refused is None:
            return None
        refusal, at_ms = (ack.id, ack.version, ack.refused), ack.acknowledged_at_ms
        told_ms = self._told.pop(refusal, None)
        if told_ms is not None and abs(at_ms - told_ms) < SAME_MS:
            self._told[refusal] = told_ms
            return None
        self._told[refusal] = at_ms
        if len(self._told) > MAX_REFUSALS:
            del self._told[next(iter(self._told))]
        return refusal_alert(ack.id, ack.version, ack.refused, at_ms)
