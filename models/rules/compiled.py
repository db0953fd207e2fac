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
    SESSION_FEATURES,
    SESSION_NAMES,
)
from models.rules.bounds import BOUNDS, Predicate
from models.rules.operands import Operand, VectorOperand
from models.rules.signals import Facts as Facts
from schemas.commands import Evidence, EvidenceBound
from schemas.rule_conditions import CUMULATIVE_DEVIATIONS, Bound, Condition, Lane, bounds_of, bounds_on_values
from schemas.rules import Rule, RuleError

KNOWN_FEATURES: Final[dict[Lane, tuple[str, ...]]] = {
    "session_window": (*SESSION_NAMES, *LIVE_FEATURES),
    "content_window": CONTENT_NAMES,
    "event": tuple(EVENT_FEATURES),
}

_VECTORS: Final[dict[Lane, tuple[str, ...]]] = {
    "session_window": SESSION_NAMES,
    "content_window": CONTENT_NAMES,
    "event": (),
}

_UNITS: Final[dict[Lane, dict[str, str]]] = {
    "session_window": {each.name: each.unit for each in SESSION_FEATURES}
    | {each.name: each.unit for each in LIVE_FEATURES.values()},
    "content_window": {each.name: each.unit for each in CONTENT_FEATURES},
    "event": {each.name: each.unit for each in EVENT_FEATURES.values()},
}


class CompiledCondition(ABC):
    """A condition as predicates that must all hold."""

    def __init__(self, predicates: list[Predicate]) -> None:
        self.predicates = predicates

    @abstractmethod
    def evidence(self, facts: Facts) -> dict[str, Evidence]:
        """Each feature that the condition looked at, with what it was compared with."""


class FeatureCondition(CompiledCondition):
    """Bounds on one number."""

    def __init__(self, operand: Operand, condition: Condition, lane: Lane) -> None:
        given = bounds_of(condition)
        compiled = [BOUNDS[bound.name](operand, getattr(condition, bound.name)) for bound in given]
        super().__init__([predicate for predicate, _ in compiled])
        self.operand = operand
        self.against = condition.against
        self.unit = _UNITS[lane][operand.name]
        self.bounds = list(zip(given, [threshold for _, threshold in compiled], strict=True))

    def evidence(self, facts: Facts) -> dict[str, Evidence]:
        operand, value = self.operand, self.operand.value(facts)
        bounds = tuple(self._bound(bound, threshold(facts), facts) for bound, threshold in self.bounds)
        # A drift's threshold is on no scale on which the value or its z-score could be shown.
        thresholds = (each.threshold for each in bounds if each.unit != CUMULATIVE_DEVIATIONS)
        return {
            operand.name: Evidence(
                value,
                operand.baseline(facts),
                next((threshold for threshold in thresholds if threshold is not None), None),
                operand.z(facts),
                facts.window_start_ms,
                facts.window_end_ms,
                bounds,
            )
        }

    def _bound(self, bound: Bound, threshold: float | None, facts: Facts) -> EvidenceBound:
        unit = self.unit if bound.unit == "feature" else bound.unit
        if not bound.scopes:
            return EvidenceBound(bound.name, threshold, unit)
        baseline, z = self.operand.baseline(facts), self.operand.z(facts)
        return EvidenceBound(bound.name, threshold, unit, self.against, baseline, z)


class ForestCondition(CompiledCondition):
    """A least anomaly score; None stands for the model's own threshold."""

    def __init__(self, least: float | None) -> None:
        super().__init__([self._holds])
        self.least = least

    def _threshold(self, facts: Facts) -> float | None:
        return facts.forest_threshold if self.least is None else self.least

    def _holds(self, facts: Facts) -> bool:
        # The threshold first: without one the score would be computed for nothing.
        threshold = self._threshold(facts)
        return threshold is not None and (score := facts.score()) is not None and score >= threshold

    def evidence(self, facts: Facts) -> dict[str, Evidence]:
        start, end, threshold = facts.window_start_ms, facts.window_end_ms, self._threshold(facts)
        bounds = (EvidenceBound("forest", threshold, "score"),)
        found = {"forest": Evidence(facts.score(), None, threshold, None, start, end, bounds)}
        for name, part in (facts.contributions() if facts.contributions else {}).items():
            found[f"forest.{name}"] = Evidence(part, None, None, None, start, end)
        return found


class TextCondition(CompiledCondition):
    """A text of the window or event that must be one of several."""

    def __init__(self, name: str, wanted: set[str]) -> None:
        super().__init__([lambda facts: facts.texts.get(name) in wanted])
        self.name = name

    def evidence(self, facts: Facts) -> dict[str, Evidence]:
        text = facts.texts.get(self.name)
        return {self.name: Evidence(text, None, None, None, facts.window_start_ms, facts.window_end_ms)}


class CompiledRule:
    """One rule as a list of predicates; the first that fails ends it. Raises `RuleError` where a bound could never hold."""

    __slots__ = ("conditions", "for_windows", "id", "predicates", "rule")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.id = rule.id
        self.for_windows = rule.for_windows
        self.conditions = [
            _compile(condition, rule.lane, f"rule {rule.id}: when[{number}]")
            for number, condition in enumerate(rule.when)
        ]
        # The forest comes last: whatever else fails first spares its score.
        ordered = sorted(self.conditions, key=lambda condition: isinstance(condition, ForestCondition))
        self.predicates: list[Predicate] = [each for condition in ordered for each in condition.predicates]

    def holds(self, facts: Facts) -> bool:
        # Evaluated for every rule and window: `all` over a generator takes twice as long.
        for predicate in self.predicates:  # noqa: SIM110
            if not predicate(facts):
                return False
        return True

    def evidence(self, facts: Facts) -> dict[str, Evidence]:
        """Each feature the rule looked at, with what it was compared with. Holds only what `holds` has found to hold."""
        found: dict[str, Evidence] = {}
        for condition in self.conditions:
            for name, evidence in condition.evidence(facts).items():
                before = found[name].bounds if name in found else ()
                found[name] = msgspec.structs.replace(evidence, bounds=before + evidence.bounds) if before else evidence
        return found


def _compile(condition: Condition, lane: Lane, where: str) -> CompiledCondition:
    if condition.forest is not None:
        return ForestCondition(None if condition.forest == "threshold" else float(condition.forest))
    if condition.feature is None:
        name = condition.context or f"event.{condition.event}"
        return TextCondition(name, {*(condition.among or ()), *_texts(condition.equals)})
    return FeatureCondition(_operand(condition, lane, where), condition, lane)


def _texts(text: str | None) -> Iterable[str]:
    return () if text is None else (text,)


def _operand(condition: Condition, lane: Lane, where: str) -> Operand:
    name, vector = condition.feature or "", _VECTORS[lane]
    if name in vector:
        return VectorOperand(name, vector.index(name), condition.against == "peers")
    for bound in bounds_of(condition):
        if bound.scopes:
            raise RuleError(f"{where}.{bound.name}: {name} has no baseline; use {bounds_on_values()}")
    return Operand(name)
