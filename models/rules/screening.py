"""Evaluates all rules of a lane in one generated function: what several of them read is read once."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from models.rules.compiled import CompiledRule
from models.rules.expressions.functions_made import made_function
from models.rules.expressions.generator import Generator
from models.rules.expressions.shared_parts import SharedParts
from models.rules.expressions.syntax import Call, Node
from models.rules.expressions.types import BOOL
from models.rules.signals import Signals
from models.rules.variables import rule_environment
from schemas.rule_conditions import Lane

Holding = Callable[[Signals], list[int]]
"""The places of the rules that hold, in no order; an expression that cannot be evaluated does not hold."""


class Screen:
    """`holding` says which rules of a lane hold. `places_of` gives the places of those, and of the rules that remember windows in
    which they did not hold, in order. `leaving` are the rules whose commands may be taken back."""

    def __init__(self, rules: Sequence[CompiledRule], holding: Holding) -> None:
        self.holding = holding
        self.leaving = [each for each in rules if each.may_leave]
        self._watched = [
            place for place, each in enumerate(rules) if each.for_windows > 1 or each.rule.grace_s is not None
        ]

    def places_of(self, held: set[int]) -> list[int]:
        return sorted(held.union(self._watched) if self._watched else held)


MIN_RULES: Final = 4
"""Fewer rules are as fast one by one, and need no function."""


def screen_of(rules: Sequence[CompiledRule], lane: Lane) -> Screen:
    """The function for rules of one lane. A rule whose evaluation may fail is evaluated by itself, so that it alone fails."""

    def one_by_one(signals: Signals) -> list[int]:
        return [place for place, rule in enumerate(rules) if rule.holds(signals)]

    if len(rules) < MIN_RULES:
        return Screen(rules, one_by_one)
    generator = Generator(is_memoised=True)
    tests = [_parts(rule, generator) for rule in rules]
    shared, body = generator.shared.resolved(_grouped(tests, generator.shared))
    lines = [*generator.memo_statements(), *shared, "found = []", "hold = found.append", *body, "return found"]
    names = {**generator.names, "otherwise": one_by_one}
    return Screen(rules, made_function(lines, rule_environment(lane), names))


def _parts(rule: CompiledRule, generator: Generator) -> list[str]:
    """Sources all of which are true where the rule holds."""
    generator.may_fail = False
    parts = generator.parts_when(_all_of(rule.nodes))
    return [f"{generator.named(rule.holds)}(s)"] if generator.may_fail or rule.is_more_than_nodes else parts


def _grouped(tests: Sequence[Sequence[str]], shared: SharedParts) -> list[str]:
    """Statements that collect the places of the rules that hold.

    Rules that have a part in common stand behind one test of it: where it fails, none of them is looked at. Of several parts
    that is the one which most rules have.
    """
    alone: list[str] = []
    groups: dict[str, list[str]] = {}
    for place, parts in enumerate(tests):
        first = max(parts, key=shared.uses)
        if shared.uses(first) > 1:
            rest = [each for each in parts if each != first] or ["True"]
            groups.setdefault(first, []).append(f"    if {' and '.join(rest)}: hold({place})")
        else:
            alone.append(f"if {' and '.join(parts)}: hold({place})")
    return [*alone, *(line for first, lines in groups.items() for line in (f"if {first}:", *lines))]


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
