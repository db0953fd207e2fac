"""Words how the commands of a retraining or a rollback ended, as alerts."""

from infra.learner.model_hook import HookEnd
from models.feature_stream.alert_texts import kept_out_alert, retraining_failed_alert
from schemas.alerts import Alert


def retraining_end(end: HookEnd, at_ms: int) -> Alert | None:
    """The alert of a retraining that brought no version in force; None where it did."""
    if end.status == 0:
        return None
    if end.printed.reasons:
        return kept_out_alert(end.model, end.version or "unknown", end.printed.reasons, at_ms)
    return retraining_failed_alert(end.model, end.command, end.status, at_ms)
