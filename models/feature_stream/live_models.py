"""Follows the models that are live: what they predicted in features.v1, and what outcomes.v1 says would have suited."""

from collections.abc import Iterator, Sequence
from typing import Final

from models.drift.live_errors import ENDED_SESSIONS, LiveErrors, LiveFinding
from models.feature_stream.live_answers import Answer, answer_of, error_of
from models.feature_stream.live_predictions import LivePredictions, Predicted
from models.predictions.targets import TARGETS
from models.predictions.told_truth import truth_of
from schemas.features import FeatureRow
from schemas.model_cards import ModelKind, model_id
from schemas.outcomes import Outcome

KINDS: Final[tuple[ModelKind, ...]] = ("length", "tone")
"""Models that predict; what outcomes say of them is `models.predictions.targets`."""

MAX_WAITING: Final = 100_000
"""Outcomes that wait for the minute they belong to; beyond it the oldest are dropped."""

MAX_FOLLOWED: Final = 64
"""Models that are followed; beyond it the one is forgotten that predicted nothing for longest, as of a segment that is gone."""


class LiveModels:
    """A model of a segment has versions of its own, and is followed by itself. A session counts for the model that asked last.

    Outcomes wait for the end of their minute, as rows do. Within it both are taken in by time: an outcome tells of the newest
    prediction at or before it, never of a later one.
    """

    def __init__(self) -> None:
        self._errors: dict[str, LiveErrors] = {}
        """By the model's id, that which has predicted last at the end."""
        self._predicted: dict[ModelKind, LivePredictions[Answer]] = {kind: LivePredictions() for kind in KINDS}
        self._waiting: list[Outcome] = []
        self._without_outcomes: set[ModelKind] = set()
        """Kinds of which it was told that no outcome comes: one that does comes for all models of the kind."""

    def add(self, outcome: Outcome) -> None:
        """Takes in an outcome; those of other metrics are left out."""
        if any(truth_of(kind, outcome) is not None for kind in KINDS):
            self._waiting = [*self._waiting[-MAX_WAITING + 1 :], outcome]

    def minute(self, end_ms: int, rows: list[FeatureRow]) -> Iterator[tuple[str, LiveFinding]]:
        """Yields what follows from a minute that is over, by model."""
        due = [outcome for outcome in self._waiting if outcome.occurred_at_ms <= end_ms]
        self._waiting = [outcome for outcome in self._waiting if outcome.occurred_at_ms > end_ms]
        windows = [row for row in rows if row.kind == "window"]
        # At one instant the window is first: the outcome tells of it.
        steps: list[tuple[int, int, str, FeatureRow | Outcome]] = [
            *((row.window_end_ms, 0, row.session_id, row) for row in windows),
            *((outcome.occurred_at_ms, 1, outcome.session_id, outcome) for outcome in due),
        ]
        for _, _, _, each in sorted(steps, key=lambda step: step[:3]):
            if isinstance(each, FeatureRow):
                for kind in KINDS:
                    self._note(kind, each)
            else:
                yield from self._answer(each)
        for row in rows:
            if row.kind == "session_end":
                for kind in KINDS:
                    yield from self._end(kind, row.session_id)

    def _note(self, kind: ModelKind, row: FeatureRow) -> None:
        value, version = answer_of(kind, row), row.models.get(kind)
        if value is None or version is None:
            return
        if kind not in row.segment_models:
            model = model_id(kind)
        elif row.segment is not None:
            model = model_id(kind, row.segment)
        else:
            return
        self._predicted[kind].add(row.session_id, Predicted(row.window_end_ms, model, version, value))
        errors = self._errors.pop(model, None) or LiveErrors(is_bounded=kind == "tone")
        self._errors[model] = errors
        if len(self._errors) > MAX_FOLLOWED:
            del self._errors[next(iter(self._errors))]
        errors.in_force = version

    def _answer(self, outcome: Outcome) -> Iterator[tuple[str, LiveFinding]]:
        for kind in KINDS:
            truth = truth_of(kind, outcome)
            if truth is None:
                continue
            found = self._predicted[kind].answered(outcome.session_id, outcome.occurred_at_ms)
            if found is not None and found.model in self._errors:
                error = error_of(found.value, truth)
                yield from ((found.model, each) for each in self._errors[found.model].add(found.version, error))

    def _end(self, kind: ModelKind, session_id: str) -> Iterator[tuple[str, LiveFinding]]:
        found = self._predicted[kind].ended(session_id)
        if found is None or found[0].model not in self._errors:
            return
        last, answered = found
        for finding in self._errors[last.model].ended(last.version, answered):
            if finding.kind == "no_outcomes":
                if kind in self._without_outcomes:
                    continue
                self._without_outcomes.add(kind)
            yield last.model, finding


def _versions(numbers: Sequence[int]) -> str:
    """
    >>> _versions([3]), _versions([2, 3])
    ('version 3', 'versions 2 and 3 together')
    """
    *others, last = map(str, numbers)
    return f"versions {', '.join(others)} and {last} together" if others else f"version {last}"


def text_of(model: str, finding: LiveFinding) -> str:
    """What was found, in a sentence."""
    name, value, other = f"{model} version {finding.version}", finding.value, finding.threshold
    match finding.kind:
        case "error_drift":
            return f"the errors of {name} have grown: {value:.4g} lately, {other:.4g} at first, {finding.outcomes} outcomes"
        case "worse_version":
            than = _versions(finding.against)
            return f"{name} does worse than {than}: {value:.4g} against {other:.4g}, {finding.outcomes} outcomes"
        case "not_compared":
            return (
                f"{name} has {finding.outcomes} outcomes and is compared with no earlier version: {_versions(finding.against)} "
                f"had fewer than {other:.0f}, so that it does worse cannot be found"
            )
        case "missing_outcomes":
            return f"outcomes of {name} stay away: {value:.0%} of the sessions have one, half of what is usual is {other:.0%}"
        case "no_outcomes":
            kind = model.partition(".")[0]
            metric = f"{TARGETS[kind]}.LABEL" if kind == "tone" else TARGETS[kind]
            return (
                f"nothing is known of the errors of {name}: none of {ENDED_SESSIONS} sessions with a prediction had an outcome "
                f"with metric {metric} before it was over, so a version that does badly cannot be found"
            )
