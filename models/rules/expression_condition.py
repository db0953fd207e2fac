"""The condition `if` of a rule: an expression, and the evidence of what it read."""

from collections.abc import Iterator
from math import inf
from typing import Final

from models.rules.compiled_condition import CompiledCondition, detector_evidence
from models.rules.expressions.certainty import Range, check_certainty, comparisons
from models.rules.expressions.compilation import CompiledExpression, compile_expression
from models.rules.expressions.environment import Environment, Variable
from models.rules.expressions.errors import EvaluationError, ExpressionError, PlacedError
from models.rules.expressions.evaluator import UNKNOWN
from models.rules.expressions.known_texts import check_texts
from models.rules.lookups import SCORE, ReadingVariable, scope_of
from models.rules.operands import Operand
from models.rules.ranges import NATS_RANGE, SHARE_RANGE, WHOLE_LOSS_AND_MORE, range_of
from models.rules.readings import Direction
from models.rules.signals import Signals
from schemas.commands import Evidence, EvidenceBound
from schemas.events import CROSSING_TYPES
from schemas.rule_conditions import FOREST, NATS, SHARE, STANDARD_DEVIATIONS
from schemas.rule_errors import RuleError, WithinText
from schemas.segments import SEGMENT_KINDS

READING_UNITS: Final = {"z": STANDARD_DEVIATIONS, "nats": NATS, "rank": SHARE}


def compile_rule_expression(
    text: str, environment: Environment, units: dict[str, str], where: str, field: str
) -> CompiledExpression:
    """Raises `RuleError` with the place in the field. `where` names the rule."""
    try:
        compiled = compile_expression(text, environment)
        try:
            check_texts(compiled.node, {"event.type": CROSSING_TYPES, "segment_kind": SEGMENT_KINDS})
            check_certainty(compiled.node, lambda variable: range_in_lane(variable, units))
        except PlacedError as error:
            raise error.in_text(text) from None
    except ExpressionError as error:
        raise RuleError(f"{where}: {field}: {error}", field, WithinText(error.line, error.column)) from None
    return compiled


def range_in_lane(variable: Variable, units: dict[str, str]) -> Range:
    """The least and the greatest value of a variable. `units` are those of the lane's features."""
    if isinstance(variable.detail, ReadingVariable):
        if (
            variable.detail.kind == "change"
            and range_of(variable.detail.feature, units[variable.detail.feature])[0] >= 0.0
        ):
            return WHOLE_LOSS_AND_MORE
        return {"nats": NATS_RANGE, "rank": SHARE_RANGE}.get(variable.detail.kind, (-inf, inf))
    if variable.detail is not None:
        return SHARE_RANGE if variable.detail[1] == FOREST else (-inf, inf)
    return range_of(variable.name.removeprefix("context."), units.get(variable.name, ""))


class ExpressionCondition(CompiledCondition):
    """An expression that must be true. `operands` are the features that it read, by name, and `units` those of the lane."""

    def __init__(self, compiled: CompiledExpression, operands: dict[str, Operand], units: dict[str, str]) -> None:
        super().__init__([compiled.holds])
        self.compiled = compiled
        self._operands = operands
        self._units = units
        self._comparisons = list(comparisons(compiled.node))
        self.uses_up = list(self._evidence_used())

    @property
    def reads_scores(self) -> bool:
        return any(
            each.detail is not None and not isinstance(each.detail, ReadingVariable) for each in self.compiled.reads
        )

    def is_known(self, signals: Signals) -> bool:
        """Whether all that decides about the expression is known."""
        try:
            return self.compiled.value(signals) is not UNKNOWN
        except EvaluationError:
            return False

    def _evidence_used(self) -> Iterator[tuple[str, Direction]]:
        """As `rises` and `falls` do: what must reach so many nats is used up by a command."""
        for each in self._comparisons:
            detail = each.variable.detail
            if isinstance(detail, ReadingVariable) and detail.kind == "nats" and each.sign in (">", ">="):
                yield detail.feature, "up" if detail.second == "up" else "down"

    def evidence(self, signals: Signals) -> dict[str, Evidence]:
        start, end = signals.window_start_ms, signals.window_end_ms
        found: dict[str, Evidence] = {"if": Evidence(self.compiled.text, None, None, None, start, end)}
        for variable in self.compiled.reads:
            detail = variable.detail
            if isinstance(detail, ReadingVariable):
                found.setdefault(detail.feature, self._feature(detail.feature, signals))
            elif detail is not None:
                if detail[0] == SCORE:
                    found |= detector_evidence(detail[1], signals, None, ())
            elif variable.name in self._operands:
                found.setdefault(variable.name, self._feature(variable.name, signals))
            else:
                value = variable.read(signals)
                told = float(value) if isinstance(value, bool | int | float) else value
                found[variable.name] = Evidence(told, None, None, None, start, end)
        return found

    def _feature(self, name: str, signals: Signals) -> Evidence:
        operand = self._operands[name]
        bounds: list[EvidenceBound] = []
        threshold: float | None = None
        for each in self._comparisons:
            detail = each.variable.detail
            if each.variable.name == name:
                threshold = each.number
                bounds.append(EvidenceBound(each.sign, each.number, self._units.get(name)))
            elif isinstance(detail, ReadingVariable) and detail.feature == name:
                bounds.append(self._bound(f"{detail.kind} {each.sign}", each.number, detail, signals))
        for variable in self.compiled.reads:
            detail = variable.detail
            if isinstance(detail, ReadingVariable) and detail.feature == name and not self._is_compared(variable):
                bounds.append(self._bound(detail.kind, None, detail, signals))
        start, end = signals.window_start_ms, signals.window_end_ms
        return Evidence(
            operand.value(signals), operand.baseline(signals), threshold, operand.z(signals), start, end, tuple(bounds)
        )

    def _is_compared(self, variable: Variable) -> bool:
        return any(each.variable.name == variable.name for each in self._comparisons)

    def _bound(self, bound: str, threshold: float | None, detail: ReadingVariable, signals: Signals) -> EvidenceBound:
        """What a reading gave. What it is compared with in another way than with a number has no threshold."""
        against = scope_of(detail.second)
        readings, unit = signals.readings, READING_UNITS.get(detail.kind)
        if readings is None:
            return EvidenceBound(bound, threshold, unit, against)
        baseline, z = readings.baseline(detail.feature, against), readings.z(detail.feature, against)
        return EvidenceBound(bound, threshold, unit, against, baseline, z, detail.value(signals))
