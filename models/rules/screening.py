"""Evaluates all rules of a lane in one generated function: what several of them read is read once."""

from collections.abc import Callable, Sequence
from itertools import compress
from typing import Any, Final

from models.rules.compiled import CompiledRule
from models.rules.expressions.functions_made import made_function
from models.rules.expressions.generator import Generator
from models.rules.expressions.syntax import Call, Node
from models.rules.expressions.types import BOOL
from models.rules.signals import Signals
from models.rules.variables import rule_environment
from schemas.rule_conditions import Lane

Holding = Callable[[Signals], list[bool]]
"""Whether each rule holds, in their order; an expression that cannot be evaluated does not hold."""


class Screen:
    """`holding` says which rules of a lane hold. `places_of` gives the places of those, and of the rules that remember windows in
    which they did not hold, in order."""

    def __init__(self, rules: Sequence[CompiledRule], holding: Holding) -> None:
        self.holding = holding
        self._watched = [
            place for place, each in enumerate(rules) if each.for_windows > 1 or each.rule.grace_s is not None
        ]

    def places_of(self, held: list[bool]) -> list[int]:
        places = list(compress(range(len(held)), held))
        return sorted({*places, *self._watched}) if self._watched else places


MIN_RULES: Final = 4
"""Fewer rules are as fast one by one, and need no function."""


def screen_of(rules: Sequence[CompiledRule], lane: Lane) -> Screen:
    """The function for rules of one lane. A rule whose evaluation may fail is evaluated by itself, so that it alone fails."""

    def one_by_one(signals: Signals) -> list[bool]:
        return [rule.holds(signals) for rule in rules]

    if len(rules) < MIN_RULES:
        return Screen(rules, one_by_one)
    generator = Generator(is_memoised=True)
    tests = [_test(rule, generator) for rule in rules]
    shared, tests = generator.shared.resolved(tests)
    lines = [*generator.memo_statements(), *shared, f"return [{', '.join(tests)}]"]
    names = {**generator.names, "otherwise": one_by_one}
    return Screen(rules, made_function(lines, rule_environment(lane), names))


def _test(rule: CompiledRule, generator: Generator) -> str:
    generator.may_fail = False
    test = generator.when(_all_of(rule.nodes), True)
    return f"{generator.named(rule.holds)}(s)" if generator.may_fail or rule.is_more_than_nodes else test


def _all_of(nodes: Sequence[Node]) -> Node:
    if len(nodes) == 1:
        return nodes[0]
    # The parts of parts that are themselves all of something count as one list, so that the cheapest comes first.
    parts: list[Any] = []
    for node in nodes:
        parts += node.parts if isinstance(node, Call) and node.function == "_&&_" else [node]
    whole = Call(0, "_&&_", tuple(parts))
    whole.type = BOOL
    return whole
