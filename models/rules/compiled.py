"""Compiled rules: the predicates over the signals that must all hold, and the evidence of those that did."""

from collections.abc import Callable, Iterator
from functools import partial

import msgspec

from models.rules.bounds import Predicate
from models.rules.condition_nodes import nodes_of
from models.rules.conditions import KNOWN_FEATURES as KNOWN_FEATURES
from models.rules.conditions import (
    FeatureCondition,
    compile_condition,
    compile_expression_of,
    find_contradiction,
    reads_scores,
)
from models.rules.expression_condition import ExpressionCondition
from models.rules.expressions.compilation import CompiledExpression
from models.rules.own_counters import OwnCounter
from models.rules.rule_facts import RuleFacts
from models.rules.sequences import EventSequence
from models.rules.signals import Signals
from schemas.commands import Evidence
from schemas.rules import Rule, RuleError, Until


class CompiledRule:
    """One rule as a list of predicates; the first that fails ends it. Raises `RuleError` where a bound could never hold."""

    __slots__ = (
        "conditions",
        "counters",
        "facts",
        "for_windows",
        "id",
        "nodes",
        "predicates",
        "rule",
        "sequence",
        "until",
        "uses_up",
    )

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.id = rule.id
        self.for_windows = rule.for_windows
        self.facts = RuleFacts(rule)
        self.until = _compile_until(rule)
        name = f"rule {rule.id}"
        self.counters = [
            OwnCounter(feature, f"{name}: features[{number}]") for number, feature in enumerate(rule.features)
        ]
        self.sequence = EventSequence(rule.sequence, rule.without, rule.within_s or 0, name) if rule.sequence else None
        own = {counter.name: counter.key for counter in self.counters}
        self.conditions = [
            compile_condition(condition, rule.lane, f"rule {rule.id}: when[{number}]", own)
            for number, condition in enumerate(rule.when)
        ]
        if rule.if_ is not None:
            self.conditions.append(compile_expression_of(rule, own))
        parts = [
            (f"when[{number}]", node)
            for number, condition in enumerate(rule.when)
            for node in nodes_of(condition, rule.lane, own)
        ]
        parts += [("if", each.compiled.node) for each in self.conditions if isinstance(each, ExpressionCondition)]
        if (found := find_contradiction(rule, parts, own)) is not None:
            raise RuleError(f"{name}: {found[0]}: {found[1]}", found[0])
        self.nodes = [node for _, node in parts]
        # Detectors come last: whatever else fails first spares their scores.
        ordered = sorted(self.conditions, key=reads_scores)
        self.predicates: list[Predicate] = [each for condition in ordered for each in condition.predicates]

        self.uses_up = [
            each
            for condition in self.conditions
            if isinstance(condition, FeatureCondition | ExpressionCondition)
            for each in condition.uses_up
        ]

    def holds(self, signals: Signals) -> bool:
        if self.sequence is not None and self.sequence.key not in signals.completed:
            return False
        return self.conditions_hold(signals)

    def conditions_hold(self, signals: Signals) -> bool:
        """Whether all holds but for the sequence, if the rule has one."""
        # Evaluated for every rule and window: `all` over a generator takes twice as long.
        for predicate in self.predicates:  # noqa: SIM110
            if not predicate(signals):
                return False
        return True

    @property
    def is_more_than_nodes(self) -> bool:
        """Whether `holds` looks at more than the expressions in `nodes`: such a rule is evaluated by itself."""
        return self.sequence is not None or not self.nodes

    @property
    def may_leave(self) -> bool:
        """Whether the rule's command can be taken back before it expires: by its `until`, or by another context."""
        return self.until is not None or self.facts.is_held

    @property
    def failures(self) -> int:
        """How often an expression of the rule could not be evaluated."""
        return sum(each.failures for _, each in self.expressions())

    def expressions(self) -> Iterator[tuple[str, CompiledExpression]]:
        """The rule's expressions, each with its field."""
        for condition in self.conditions:
            if isinstance(condition, ExpressionCondition):
                yield "if", condition.compiled
        matchers = [each.matcher for each in self.counters]
        if self.sequence is not None:
            matchers += self.sequence.matchers
        for matcher in matchers:
            if matcher.expression is not None:
                yield matcher.field, matcher.expression
        if self.until is not None:
            # The events' own expressions are those of the rule itself.
            yield from ((f"until.{field}", each) for field, each in self.until.expressions() if field == "if")

    def watch(self, report: Callable[[Rule, str, str], None]) -> None:
        """Has `report` called with the rule, the field and the reason whenever an expression cannot be evaluated."""
        for field, expression in self.expressions():
            expression.on_failure = partial(report, self.rule, field)

    def evidence(self, signals: Signals) -> dict[str, Evidence]:
        """Each feature the rule looked at, with what it was compared with. Holds only what `holds` has found to hold."""
        sequence = self.sequence
        found: dict[str, Evidence] = {} if sequence is None else sequence.evidence(signals.completed[sequence.key])
        for condition in self.conditions:
            for name, evidence in condition.evidence(signals).items():
                before = found[name].bounds if name in found else ()
                found[name] = msgspec.structs.replace(evidence, bounds=before + evidence.bounds) if before else evidence
        return found


def _compile_until(rule: Rule) -> CompiledRule | None:
    """The conditions under which the rule's command is taken back, as a rule of their own."""
    if rule.until is None:
        return None
    try:
        return _compile_conditions(rule, rule.until)
    except RuleError as error:
        # What is wrong is told of the conditions as if they were the rule's.
        name = f"rule {rule.id}: "
        message = f"{name}until.{error.message.removeprefix(name)}"
        raise RuleError(message, f"until.{error.field}" if error.field else "until", error.within) from None


def _compile_conditions(rule: Rule, until: Until) -> CompiledRule:
    return CompiledRule(
        msgspec.structs.replace(
            rule,
            when=until.when,
            if_=until.if_,
            for_windows=until.for_windows,
            sequence=(),
            without=None,
            until=None,
        )
    )
