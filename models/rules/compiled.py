"""Compiled rules: each condition as predicates over the signals, and the evidence of those that held."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Final

import msgspec

from models.features import (
    CONTENT_FEATURES,
    CONTENT_NAMES,
    EVENT_FEATURES,
    LIVE_FEATURES,
    SECTION_FEATURES,
    SESSION_FEATURES,
    SESSION_NAMES,
    Feature,
)
from models.rules.bounds import BOUNDS, CompiledBound, Predicate
from models.rules.operands import Operand, VectorOperand
from models.rules.rule_facts import RuleFacts
from models.rules.signals import Signals
from schemas.commands import Evidence, EvidenceBound
from schemas.rule_conditions import FOREST, NATS, SHARE, Bound, Condition, Lane, bounds_of, bounds_on_values
from schemas.rules import Rule, RuleError

KNOWN_FEATURES: Final[dict[Lane, tuple[str, ...]]] = {
    "session_window": (*SESSION_NAMES, *LIVE_FEATURES),
    "content_window": CONTENT_NAMES,
    "content_section": tuple(SECTION_FEATURES),
    "event": tuple(EVENT_FEATURES),
}

_VECTORS: Final[dict[Lane, tuple[str, ...]]] = {
    "session_window": SESSION_NAMES,
    "content_window": CONTENT_NAMES,
    "content_section": (),
    "event": (),
}

_FEATURES: Final[dict[Lane, tuple[Feature, ...]]] = {
    "session_window": SESSION_FEATURES,
    "content_window": CONTENT_FEATURES,
    "content_section": (),
    "event": (),
}

_UNITS: Final[dict[Lane, dict[str, str]]] = {
    "session_window": {each.name: each.unit for each in SESSION_FEATURES}
    | {each.name: each.unit for each in LIVE_FEATURES.values()},
    "content_window": {each.name: each.unit for each in CONTENT_FEATURES},
    "content_section": {each.name: each.unit for each in SECTION_FEATURES.values()},
    "event": {each.name: each.unit for each in EVENT_FEATURES.values()},
}

_EVIDENCE_NAMES: Final = {FOREST: "forest"}
"""Detectors that commands name otherwise than rules do."""


class CompiledCondition(ABC):
    """A condition as predicates that must all hold."""

    def __init__(self, predicates: list[Predicate]) -> None:
        self.predicates = predicates

    @abstractmethod
    def evidence(self, signals: Signals) -> dict[str, Evidence]:
        """Each feature that the condition looked at, with what it was compared with."""


class FeatureCondition(CompiledCondition):
    """Bounds on one number."""

    def __init__(self, operand: Operand, condition: Condition, lane: Lane) -> None:
        given = bounds_of(condition)
        compiled = [BOUNDS[bound.name](operand, getattr(condition, bound.name)) for bound in given]
        super().__init__([each.predicate for each in compiled])
        self.operand = operand
        self.against = condition.against
        self.unit = _UNITS[lane][operand.name]
        self.bounds = list(zip(given, compiled, strict=True))
        self.uses_up = [(operand.name, each.uses_up) for each in compiled if each.uses_up is not None]

    def evidence(self, signals: Signals) -> dict[str, Evidence]:
        operand, value = self.operand, self.operand.value(signals)
        bounds = tuple(self._bound(bound, compiled, signals) for bound, compiled in self.bounds)
        # Nats and shares are on no scale on which the value or its z-score could be shown.
        thresholds = (each.threshold for each in bounds if each.unit not in (NATS, SHARE))
        return {
            operand.name: Evidence(
                value,
                operand.baseline(signals),
                next((threshold for threshold in thresholds if threshold is not None), None),
                operand.z(signals),
                signals.window_start_ms,
                signals.window_end_ms,
                bounds,
            )
        }

    def _bound(self, bound: Bound, compiled: CompiledBound, signals: Signals) -> EvidenceBound:
        unit, threshold = self.unit if bound.unit == "feature" else bound.unit, compiled.threshold(signals)
        if not bound.scopes:
            return EvidenceBound(bound.name, threshold, unit)
        baseline, z = self.operand.baseline(signals), self.operand.z(signals)
        measured = None if compiled.measured is None else compiled.measured(signals)
        return EvidenceBound(bound.name, threshold, unit, self.against, baseline, z, measured)


class DetectorCondition(CompiledCondition):
    """A least score of a detector; None stands for the detector's own threshold. `bound` is the field that gives it."""

    def __init__(self, detector: str, least: float | None, bound: str) -> None:
        super().__init__([self._holds])
        self.detector = detector
        self.least = least
        self.bound = bound

    def _threshold(self, signals: Signals) -> float | None:
        if self.least is not None:
            return self.least
        score = signals.scores.get(self.detector)
        return None if score is None else score.threshold

    def _value(self, signals: Signals) -> float | None:
        score = signals.scores.get(self.detector)
        return None if score is None else score.value()

    def _holds(self, signals: Signals) -> bool:
        # The threshold first: without one the score would be computed for nothing.
        threshold = self._threshold(signals)
        return threshold is not None and (value := self._value(signals)) is not None and value >= threshold

    def evidence(self, signals: Signals) -> dict[str, Evidence]:
        start, end, threshold = signals.window_start_ms, signals.window_end_ms, self._threshold(signals)
        label = _EVIDENCE_NAMES.get(self.detector, self.detector)
        bounds = (EvidenceBound(self.bound, threshold, "score"),)
        found = {label: Evidence(self._value(signals), None, threshold, None, start, end, bounds)}
        if (score := signals.scores.get(self.detector)) is not None:
            for name, part in score.contributions().items():
                found[f"{label}.{name}"] = Evidence(part, None, None, None, start, end)
        return found


class TextCondition(CompiledCondition):
    """A text of the window or event that must be one of several."""

    def __init__(self, name: str, wanted: set[str]) -> None:
        super().__init__([lambda signals: signals.attributes.get(name) in wanted])
        self.name = name

    def evidence(self, signals: Signals) -> dict[str, Evidence]:
        text = signals.attributes.get(self.name)
        return {self.name: Evidence(text, None, None, None, signals.window_start_ms, signals.window_end_ms)}


class CompiledRule:
    """One rule as a list of predicates; the first that fails ends it. Raises `RuleError` where a bound could never hold."""

    __slots__ = ("conditions", "facts", "for_windows", "id", "predicates", "rule", "until", "uses_up")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.id = rule.id
        self.for_windows = rule.for_windows
        self.facts = RuleFacts(rule)
        self.until = _compile_until(rule)
        self.conditions = [
            _compile(condition, rule.lane, f"rule {rule.id}: when[{number}]")
            for number, condition in enumerate(rule.when)
        ]
        # Detectors come last: whatever else fails first spares their scores.
        ordered = sorted(self.conditions, key=lambda condition: isinstance(condition, DetectorCondition))
        self.predicates: list[Predicate] = [each for condition in ordered for each in condition.predicates]

        self.uses_up = [
            each
            for condition in self.conditions
            if isinstance(condition, FeatureCondition)
            for each in condition.uses_up
        ]

    def holds(self, signals: Signals) -> bool:
        # Evaluated for every rule and window: `all` over a generator takes twice as long.
        for predicate in self.predicates:  # noqa: SIM110
            if not predicate(signals):
                return False
        return True

    def evidence(self, signals: Signals) -> dict[str, Evidence]:
        """Each feature the rule looked at, with what it was compared with. Holds only what `holds` has found to hold."""
        found: dict[str, Evidence] = {}
        for condition in self.conditions:
            for name, evidence in condition.evidence(signals).items():
                before = found[name].bounds if name in found else ()
                found[name] = msgspec.structs.replace(evidence, bounds=before + evidence.bounds) if before else evidence
        return found


def _compile_until(rule: Rule) -> CompiledRule | None:
    """The conditions under which the rule's command is taken back, as a rule of their own."""
    if rule.until is None:
        return None
    return CompiledRule(
        msgspec.structs.replace(
            rule,
            when=rule.until.when,
            if_=rule.until.if_,
            for_windows=rule.until.for_windows,
            sequence=(),
            without=None,
            until=None,
        )
    )


def _compile(condition: Condition, lane: Lane, where: str) -> CompiledCondition:
    if condition.forest is not None:
        return DetectorCondition(FOREST, _least(condition.forest), "forest")
    if condition.detector is not None:
        return DetectorCondition(condition.detector, _least(condition.above), "above")
    if condition.feature is None:
        name = condition.context or f"event.{condition.event}"
        return TextCondition(name, {*(condition.among or ()), *_texts(condition.equals)})
    return FeatureCondition(_operand(condition, lane, where), condition, lane)


def _least(score: str | float | None) -> float | None:
    return None if score is None or score == "threshold" else float(score)


def _texts(text: str | None) -> Iterable[str]:
    return () if text is None else (text,)


def _operand(condition: Condition, lane: Lane, where: str) -> Operand:
    name, vector = condition.feature or "", _VECTORS[lane]
    if name in vector:
        adds_up = any(each.name == name and each.adds_up for each in _FEATURES[lane])
        return VectorOperand(name, vector.index(name), condition.against, adds_up)
    for bound in bounds_of(condition):
        if bound.scopes:
            raise RuleError(f"{where}.{bound.name}: {name} has no baseline; use {bounds_on_values()}")
    return Operand(name)
