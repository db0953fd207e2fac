"""The compiled conditions of rules: each as predicates over the signals, and the evidence of those that held."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from models.features import (
    CONTENT_FEATURES,
    CONTENT_NAMES,
    EVENT_FEATURES,
    ITEM_FEATURES,
    LIVE_FEATURES,
    SECTION_FEATURES,
    SESSION_FEATURES,
    SESSION_NAMES,
    Feature,
)
from models.rules.bounds import BOUNDS, CompiledBound
from models.rules.compiled_condition import CompiledCondition, detector_evidence
from models.rules.expression_condition import ExpressionCondition, compile_rule_expression, range_in_lane
from models.rules.expressions.certainty import contradiction
from models.rules.expressions.syntax import Node
from models.rules.operands import CounterOperand, Operand, VectorOperand
from models.rules.signals import Signals
from models.rules.variables import rule_environment
from schemas.commands import Evidence, EvidenceBound
from schemas.own_events import MAX_COUNTED
from schemas.rule_conditions import (
    FOREST,
    ON_VALUE_SCALE,
    BaselineScope,
    Bound,
    Condition,
    Lane,
    bounds_of,
    bounds_on_values,
)
from schemas.rules import Rule, RuleError

KNOWN_FEATURES: Final[dict[Lane, tuple[str, ...]]] = {
    "session_window": (*SESSION_NAMES, *LIVE_FEATURES),
    "content_window": (*CONTENT_NAMES, *ITEM_FEATURES),
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
    "content_window": {each.name: each.unit for each in CONTENT_FEATURES}
    | {each.name: each.unit for each in ITEM_FEATURES.values()},
    "content_section": {each.name: each.unit for each in SECTION_FEATURES.values()},
    "event": {each.name: each.unit for each in EVENT_FEATURES.values()},
}


COUNTER_UNIT: Final = f"0..{MAX_COUNTED}"
"""What own counters can be, as features say it in their units."""


def find_contradiction(rule: Rule, parts: Iterable[tuple[str, Node]], own: Iterable[str]) -> tuple[str, str] | None:
    """Which of a rule's conditions can never hold together with those before it, and why. `parts` are fields and expressions."""
    units = {**_UNITS[rule.lane], **dict.fromkeys(own, COUNTER_UNIT)}
    return contradiction(parts, lambda variable: range_in_lane(variable, units))


class FeatureCondition(CompiledCondition):
    """Bounds on one number."""

    def __init__(self, operand: Operand, condition: Condition, lane: Lane) -> None:
        given = bounds_of(condition)
        compiled = [BOUNDS[bound.name].compiled(operand, getattr(condition, bound.name)) for bound in given]
        super().__init__([each.predicate for each in compiled])
        self.operand = operand
        self.against = condition.against
        self.unit = "count" if isinstance(operand, CounterOperand) else _UNITS[lane][operand.name]
        self.bounds = list(zip(given, compiled, strict=True))
        self.uses_up = [(operand.name, each.uses_up) for each in compiled if each.uses_up is not None]

    def evidence(self, signals: Signals) -> dict[str, Evidence]:
        operand, value = self.operand, self.operand.value(signals)
        bounds = tuple(self._bound(bound, compiled, signals) for bound, compiled in self.bounds)
        shown = zip(self.bounds, bounds, strict=True)
        thresholds = (found.threshold for (declared, _), found in shown if declared.unit in ON_VALUE_SCALE)
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
        threshold = self._threshold(signals)
        return detector_evidence(self.detector, signals, threshold, (EvidenceBound(self.bound, threshold, "score"),))


class TextCondition(CompiledCondition):
    """A text of the window or event that must be one of several."""

    def __init__(self, name: str, wanted: set[str]) -> None:
        super().__init__([lambda signals: signals.attributes.get(name) in wanted])
        self.name = name

    def evidence(self, signals: Signals) -> dict[str, Evidence]:
        text = signals.attributes.get(self.name)
        return {self.name: Evidence(text, None, None, None, signals.window_start_ms, signals.window_end_ms)}


def reads_scores(condition: CompiledCondition) -> bool:
    return (
        condition.reads_scores
        if isinstance(condition, ExpressionCondition)
        else isinstance(condition, DetectorCondition)
    )


def compile_expression_of(rule: Rule, own: Mapping[str, str]) -> ExpressionCondition:
    lane, units = rule.lane, _UNITS[rule.lane]
    ranges = {**units, **dict.fromkeys(own, COUNTER_UNIT)}
    compiled = compile_rule_expression(rule.if_ or "", rule_environment(lane, own), ranges, f"rule {rule.id}", "if")
    return ExpressionCondition(compiled, _operands(lane), units)


@cache
def _operands(lane: Lane) -> dict[str, Operand]:
    return {name: _operand_of(name, lane, "self") for name in KNOWN_FEATURES[lane]}


def compile_condition(condition: Condition, lane: Lane, where: str, own: Mapping[str, str]) -> CompiledCondition:
    if condition.forest is not None:
        return DetectorCondition(FOREST, _least(condition.forest), "forest")
    if condition.detector is not None:
        return DetectorCondition(condition.detector, _least(condition.above), "above")
    if condition.feature is None:
        name = condition.context or f"event.{condition.event}"
        return TextCondition(name, {*(condition.among or ()), *_texts(condition.equals)})
    if condition.feature in own:
        return FeatureCondition(CounterOperand(condition.feature, own[condition.feature]), condition, lane)
    return FeatureCondition(_operand(condition, lane, where), condition, lane)


def _least(score: str | float | None) -> float | None:
    return None if score is None or score == "threshold" else float(score)


def _texts(text: str | None) -> Iterable[str]:
    return () if text is None else (text,)


def _operand(condition: Condition, lane: Lane, where: str) -> Operand:
    operand = _operand_of(condition.feature or "", lane, condition.against)
    if not isinstance(operand, VectorOperand):
        for bound in bounds_of(condition):
            if bound.scopes:
                problem = f"{operand.name} has no baseline; use {bounds_on_values()}"
                raise RuleError(f"{where}.{bound.name}: {problem}", f"{where.partition(': ')[2]}.{bound.name}")
    return operand


def _operand_of(name: str, lane: Lane, against: BaselineScope) -> Operand:
    vector = _VECTORS[lane]
    if name not in vector:
        return Operand(name)
    adds_up = any(each.name == name and each.adds_up for each in _FEATURES[lane])
    return VectorOperand(name, vector.index(name), against, adds_up)
