"""Follows the models that are live: what they predicted in features.v1, and what outcomes.v1 says would have suited."""

from collections.abc import Iterator
from typing import Final

from models.drift.live_errors import ENDED_SESSIONS, MAX_PREDICTIONS, LiveErrors, LiveFinding
from schemas.features import FeatureRow
from schemas.model_cards import ModelKind, model_id
from schemas.outcomes import Outcome

TARGETS: Final[dict[ModelKind, str]] = {"length": "preferred_content_length"}
"""By kind, the metric of outcomes.v1 that says what would have suited; its prediction is the score of the kind's own name."""

MAX_WAITING: Final = 100_000
"""Outcomes that wait for the minute they belong to; beyond it the oldest are dropped."""

MAX_FOLLOWED: Final = 64
"""Models that are followed; beyond it the one is forgotten that predicted nothing for longest, as of a segment that is gone."""


class LiveModels:
    """A model of a segment has versions of its own, and is followed by itself. A session counts for the model that asked last.

    Outcomes wait for the end of their minute, as rows do: an outcome is never looked at before the prediction it answers.
    """

    def __init__(self) -> None:
        self._errors: dict[str, LiveErrors] = {}
        """By the model's id, that which has predicted last at the end."""
        self._asked: dict[tuple[str, ModelKind], str] = {}
        """The model that has predicted for a session, by session and kind; at most `MAX_PREDICTIONS`."""
        self._waiting: list[Outcome] = []
        self._without_outcomes: set[ModelKind] = set()
        """Kinds of which it was told that no outcome comes: one that does comes for all models of the kind."""

    def add(self, outcome: Outcome) -> None:
        """Takes in an outcome; those of other metrics are left out."""
        if outcome.value is not None and outcome.metric in TARGETS.values():
            self._waiting = [*self._waiting[-MAX_WAITING + 1 :], outcome]

    def minute(self, end_ms: int, rows: list[FeatureRow]) -> Iterator[tuple[str, LiveFinding]]:
        """Yields what follows from a minute that is over, by model."""
        for row in rows:
            if row.kind == "window":
                for kind in TARGETS:
                    self._predicted(kind, row)
        due = [outcome for outcome in self._waiting if outcome.occurred_at_ms <= end_ms]
        self._waiting = [outcome for outcome in self._waiting if outcome.occurred_at_ms > end_ms]
        for outcome in sorted(due, key=lambda each: (each.occurred_at_ms, each.session_id)):
            for kind, metric in TARGETS.items():
                model = self._asked.get((outcome.session_id, kind))
                if model in self._errors and outcome.metric == metric and outcome.value is not None:
                    yield from (
                        (model, each) for each in self._errors[model].outcome(outcome.session_id, outcome.value)
                    )
        for row in rows:
            if row.kind == "session_end":
                for kind in TARGETS:
                    yield from self._ended(kind, row.session_id)

    def _predicted(self, kind: ModelKind, row: FeatureRow) -> None:
        value, version = row.scores.get(kind), row.models.get(kind)
        if value is None or version is None:
            return
        if kind not in row.segment_models:
            model = model_id(kind)
        elif row.segment is not None:
            model = model_id(kind, row.segment)
        else:
            return
        asked = (row.session_id, kind)
        before = self._asked.pop(asked, model)
        if before != model and before in self._errors:
            self._errors[before].forget(row.session_id)
        self._asked[asked] = model
        if len(self._asked) > MAX_PREDICTIONS:
            del self._asked[next(iter(self._asked))]
        errors = self._errors.pop(model, None) or LiveErrors()
        self._errors[model] = errors
        if len(self._errors) > MAX_FOLLOWED:
            del self._errors[next(iter(self._errors))]
        errors.predicted(row.session_id, version, value)

    def _ended(self, kind: ModelKind, session_id: str) -> Iterator[tuple[str, LiveFinding]]:
        model = self._asked.pop((session_id, kind), None)
        if model not in self._errors:
            return
        for finding in self._errors[model].ended(session_id):
            if finding.kind == "no_outcomes":
                if kind in self._without_outcomes:
                    continue
                self._without_outcomes.add(kind)
            yield model, finding


def text_of(model: str, finding: LiveFinding) -> str:
    """What was found, in a sentence."""
    name, value, other = f"{model} version {finding.version}", finding.value, finding.threshold
    match finding.kind:
        case "error_drift":
            return f"the errors of {name} have grown: {value:.4g} lately, {other:.4g} at first, {finding.outcomes} outcomes"
        case "worse_version":
            return f"{name} does worse than the version before: {value:.4g} against {other:.4g}, {finding.outcomes} outcomes"
        case "missing_outcomes":
            return f"outcomes of {name} stay away: {value:.0%} of the sessions have one, half of what is usual is {other:.0%}"
        case "no_outcomes":
            metric = next(metric for kind, metric in TARGETS.items() if kind == model.partition(".")[0])
            return (
                f"nothing is known of the errors of {name}: none of {ENDED_SESSIONS} sessions with a prediction had an outcome "
                f"with metric {metric} before it was over, so a version that does badly cannot be found"
            )
