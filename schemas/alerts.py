"""The alert contract (alerts.v1): what a person should look at, with value, threshold and the page that says what to do."""

from hashlib import sha256
from typing import Literal

from msgspec import Struct

AlertKind = Literal[
    "feature_drift",
    "score_drift",
    "error_drift",
    "missing_outcomes",
    "segment_change",
    "retraining",
    "model_kept_out",
    "retraining_failed",
    "model_refused",
    "worse_version",
    "model_rolled_back",
    "rollback_failed",
    "site_anomaly",
]
Severity = Literal["info", "warning", "critical"]


class Alert(Struct):
    """Something has changed or failed. `subject` names what: a feature, a score, a model, a segment, or the site.

    `value` and `threshold` are in the unit of `method`; null where nothing was measured, as for a refused model. `at_ms` is
    event time. The id is the same whenever the same rows are read again. `runbook` is a page of the documentation.
    """

    alert_id: str
    at_ms: int
    kind: AlertKind
    severity: Severity
    subject: str
    value: float | None
    threshold: float | None
    text: str
    runbook: str
    method: str | None = None


def alert_id(kind: AlertKind, subject: str, at_ms: int, method: str | None = None) -> str:
    """The id of an alert, from what it tells of.

    >>> alert_id("feature_drift", "clicks", 60_000, "psi") == alert_id("feature_drift", "clicks", 60_000, "psi")
    True
    """
    return "alert-" + sha256(f"{kind}\n{subject}\n{at_ms}\n{method or ''}".encode()).hexdigest()[:24]
