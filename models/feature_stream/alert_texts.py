"""Words what the learner found as alerts."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from models.drift.answered_share import SilenceFinding
from models.drift.live_errors import Finding as LiveKind
from models.drift.live_errors import LiveFinding
from models.drift.unknown_share import MIN_RISE, UnknownFinding
from models.drift.watch import Finding
from models.feature_stream.live_models import text_of
from models.feature_stream.retrainings import SCHEDULE
from models.feature_stream.subjects import named
from models.segments.publishing import Refresh
from schemas.alerts import Alert, AlertKind, Severity, alert_id

RUNBOOK: Final = "infra/docs/segments-and-drift.md"

MAJOR: Final = 0.25
"""PSI beyond the threshold from which a drift is critical: the rule of thumb for a major one."""


UNKNOWN_SHARE: Final = "unknown_share"
"""Method of the alert of a feature that is not known any more."""

ANSWERED_SHARE: Final = "answered_share"
"""Method of the alert of a model that has gone silent."""

MAJOR_RISE: Final = 0.5
"""Rise of the share of unknown from which such an alert is critical: half of the readers."""


_LIVE: Final[Mapping[LiveKind, tuple[AlertKind, Severity]]] = {
    "error_drift": ("error_drift", "warning"),
    "worse_version": ("worse_version", "critical"),
    "not_compared": ("missing_outcomes", "info"),
    "missing_outcomes": ("missing_outcomes", "warning"),
    # A site need not send any; what that means should be known all the same.
    "no_outcomes": ("missing_outcomes", "info"),
}


def drift_alert(finding: Finding, at_ms: int) -> Alert:
    """The alert of a feature, score or text of the context whose distribution has changed."""
    subject, of = named(finding.subject)
    kind: AlertKind = "score_drift" if of == "score" else "feature_drift"
    severity: Severity = "critical" if finding.psi - finding.psi_threshold > MAJOR else "warning"
    second = f"Kolmogorov-Smirnov {finding.distance:.3f}" if finding.changed is None else finding.changed
    text = (
        f"{of} {subject} is distributed otherwise than in the reference range: PSI "
        f"{finding.psi:.3f} over {finding.psi_threshold:.3f}, {second} "
        f"(p {finding.p:.2g}), {finding.rows} sessions"
    )
    return Alert(
        alert_id(kind, subject, at_ms, "psi"),
        at_ms,
        kind,
        severity,
        subject,
        finding.psi,
        finding.psi_threshold,
        text,
        f"{RUNBOOK}#when-something-has-drifted",
        "psi",
    )


def unknown_alert(finding: UnknownFinding, at_ms: int) -> Alert:
    """The alert of a feature that is unknown in more sessions than it was."""
    rise = finding.share - finding.reference_share
    subject, of = named(finding.subject)
    text = (
        f"{of} {subject} is unknown in {finding.share:.1%} of {finding.rows} sessions, in the reference range in "
        f"{finding.reference_share:.1%} (p {finding.p:.2g}): is it, or what it is made of, still sent?"
    )
    return Alert(
        alert_id("feature_drift", subject, at_ms, UNKNOWN_SHARE),
        at_ms,
        "feature_drift",
        "critical" if rise >= MAJOR_RISE else "warning",
        subject,
        finding.share,
        finding.reference_share + MIN_RISE,
        text,
        f"{RUNBOOK}#when-something-has-drifted",
        UNKNOWN_SHARE,
    )


def silence_alert(finding: SilenceFinding, at_ms: int) -> Alert:
    """The alert of a model that answers far fewer sessions than it did."""
    text = (
        f"model {finding.model} answers {finding.share:.1%} of {finding.rows} sessions, {finding.usual_share:.1%} before "
        f"(p {finding.p:.2g}): are readers outside of its training range, or was it withdrawn?"
    )
    return Alert(
        alert_id("score_drift", finding.model, at_ms, ANSWERED_SHARE),
        at_ms,
        "score_drift",
        "critical",
        finding.model,
        finding.share,
        finding.usual_share / 2,
        text,
        f"{RUNBOOK}#when-something-has-drifted",
        ANSWERED_SHARE,
    )


def segment_alerts(refresh: Refresh, known: Sequence[str], at_ms: int) -> list[Alert]:
    """An alert for each segment that is new or has gone since the refresh before; none at the first."""
    if not known:
        return []
    texts = {
        each.segment_id: f"new segment {each.segment_id}, {each.name}: {each.share:.0%} of the readers"
        + (f", from {' and '.join(each.parents)}" if each.parents else "")
        for each in refresh.segments
        if each.segment_id not in known
    }
    texts |= {segment_id: f"segment {segment_id} has gone" for segment_id in refresh.gone}
    return [_plain("segment_change", subject, at_ms, text, "#segments") for subject, text in sorted(texts.items())]


def retraining_alert(model: str, subjects: Sequence[str], at_ms: int) -> Alert:
    """The alert that a model is trained again, because these have drifted or because its schedule says so."""
    why = "as scheduled" if tuple(subjects) == (SCHEDULE,) else f"drift of {', '.join(subjects)}"
    return _plain("retraining", model, at_ms, f"{model} is trained again: {why}", "#retraining")


def kept_out_alert(model: str, version: str, reasons: Sequence[str], at_ms: int) -> Alert:
    """The alert that the gate keeps a model out that was trained again, with the reasons."""
    text = f"the gate keeps {model} version {version} out, and what was in force stays: {'; '.join(reasons)}"
    found = _plain("model_kept_out", model, at_ms, text, "#retraining")
    return msgspec.structs.replace(found, severity="warning")


def retraining_failed_alert(model: str, command: str, status: int | None, at_ms: int) -> Alert:
    """The alert that a model could not be trained again, or not be put in force."""
    text = f"{model} was not trained again: `{command}` {_end_of(status)}; the log of the learner holds what it said"
    found = _plain("retraining_failed", model, at_ms, text, "#retraining")
    return msgspec.structs.replace(found, severity="warning")


def rolled_back_alert(model: str, version: str, at_ms: int) -> Alert:
    """The alert that a version which did worse has been taken back: the rollback has succeeded."""
    text = f"{model} version {version} was taken back; the version before is in force again"
    found = _plain("model_rolled_back", model, at_ms, text, "#live-models")
    return msgspec.structs.replace(found, severity="warning")


def rollback_failed_alert(model: str, version: str, command: str, status: int | None, at_ms: int) -> Alert:
    """The alert that a version which does worse could not be taken back, and may be in force still."""
    what = f"`{command}` {_end_of(status)}; the log of the learner holds what it said"
    text = f"{model} version {version} may still be in force: {what}"
    found = _plain("rollback_failed", model, at_ms, text, "#live-models")
    return msgspec.structs.replace(found, severity="critical")


def _end_of(status: int | None) -> str:
    return "could not be started" if status is None else f"ended with exit status {status}"


def live_alert(model: str, finding: LiveFinding, at_ms: int) -> Alert:
    """The alert of what was found of a live model; of a version that does worse than an earlier one, too."""
    kind, severity = _LIVE[finding.kind]
    return Alert(
        alert_id(kind, model, at_ms),
        at_ms,
        kind,
        severity,
        model,
        finding.value,
        finding.threshold,
        text_of(model, finding),
        f"{RUNBOOK}#live-models",
        finding.method,
    )


def refusal_alert(model: str, version: int | None, reason: str, at_ms: int) -> Alert:
    """The alert of an announced model that the job refuses; the version in force stays."""
    name = f"{model} version {version}" if version is not None else f"{model}, a record without a version,"
    text = f"{name} is refused, and what was in force before stays: {reason}"
    found = _plain("model_refused", model, at_ms, text, "#refused-models")
    # The instant alone would not tell two versions apart that are refused together.
    name = alert_id("model_refused", f"{model}@{version}\n{reason}", at_ms)
    return msgspec.structs.replace(found, severity="critical", alert_id=name)


def _plain(kind: AlertKind, subject: str, at_ms: int, text: str, anchor: str) -> Alert:
    return Alert(alert_id(kind, subject, at_ms), at_ms, kind, "info", subject, None, None, text, RUNBOOK + anchor)
