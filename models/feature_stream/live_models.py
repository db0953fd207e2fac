"""Follows the models that are live: what they predicted in features.v1, and what outcomes.v1 says would have suited."""

from collections.abc import Iterator
from typing import Final

from models.drift.live_errors import LiveErrors, LiveFinding
from schemas.features import FeatureRow
from schemas.outcomes import Outcome

TARGETS: Final = {"length": "preferred_content_length"}
"""By model, the metric of outcomes.v1 that says what would have suited; its prediction is the score of the model's own name."""

MAX_WAITING: Final = 100_000
"""Outcomes that wait for the minute they belong to; beyond it the oldest are dropped."""


class LiveModels:
    """Outcomes wait for the end of their minute, as rows do: an outcome is never looked at before the prediction it answers."""

    def __init__(self) -> None:
        self._errors = {model: LiveErrors() for model in TARGETS}
        self._waiting: list[Outcome] = []

    def add(self, outcome: Outcome) -> None:
        """Takes in an outcome; those of other metrics are left out."""
        if outcome.value is not None and outcome.metric in TARGETS.values():
            self._waiting = [*self._waiting[-MAX_WAITING + 1 :], outcome]

    def minute(self, end_ms: int, rows: list[FeatureRow]) -> Iterator[tuple[str, LiveFinding]]:
        """Yields what follows from a minute that is over, by model."""
        for row in rows:
            for model, errors in self._errors.items():
                if model in row.segment_models:
                    # Its version 3 is not version 3 of the model of all readers, which alone is followed.
                    continue
                value, version = row.scores.get(model), row.models.get(model)
                if row.kind == "window" and value is not None and version is not None:
                    errors.predicted(row.session_id, version, value)
        due = [outcome for outcome in self._waiting if outcome.occurred_at_ms <= end_ms]
        self._waiting = [outcome for outcome in self._waiting if outcome.occurred_at_ms > end_ms]
        for outcome in sorted(due, key=lambda each: (each.occurred_at_ms, each.session_id)):
            for model, metric in TARGETS.items():
                if outcome.metric == metric and outcome.value is not None:
                    yield from (
                        (model, each) for each in self._errors[model].outcome(outcome.session_id, outcome.value)
                    )
        for row in rows:
            if row.kind == "session_end":
                for model, errors in self._errors.items():
                    yield from ((model, each) for each in errors.ended(row.session_id))


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
