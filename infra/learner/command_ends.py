"""Words how the commands of a retraining or a rollback ended, as alerts."""

from typing import Final

from infra.learner.model_hook import HookEnd
from models.feature_stream.alert_texts import (
    kept_out_alert,
    retraining_failed_alert,
    rollback_failed_alert,
    rolled_back_alert,
)
from schemas.alerts import Alert

UNCHANGED: Final = "unchanged"
"""The state that `models rollback --if-in-force` prints where another version is in force."""


def retraining_end(end: HookEnd, at_ms: int) -> Alert | None:
    """The alert of a retraining that brought no version in force; None where it did."""
    if end.status == 0:
        return None
    if end.printed.reasons:
        return kept_out_alert(end.model, end.version or "unknown", end.printed.reasons, at_ms)
    return retraining_failed_alert(end.model, end.command, end.status, at_ms)


def rollback_end(end: HookEnd, at_ms: int) -> Alert | None:
    """The alert of a rollback; None where it found another version in force, so that there was nothing to take back."""
    if end.status != 0:
        return rollback_failed_alert(end.model, end.meant, end.command, end.status, at_ms)
    return None if end.printed.state == UNCHANGED else rolled_back_alert(end.model, end.meant, at_ms)
