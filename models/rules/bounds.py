"""The bounds of conditions: for each, when it holds and where its threshold lies. Declared in `schemas/rule_conditions.py`."""

from collections.abc import Callable
from typing import Any, Final

from models.detectors.baselines import CUSUM_THRESHOLD
from models.rules.operands import Operand
from models.rules.signals import Facts

Predicate = Callable[[Facts], bool]
Threshold = Callable[[Facts], float | None]
"""In the unit that `schemas.rule_conditions.BOUNDS` declares; None where it is unknown."""


# Comparisons with NaN are false: what is unknown meets no condition.
def above(operand: Operand, limit: float) -> tuple[Predicate, Threshold]:
    return lambda facts: operand.value(facts) > limit, lambda facts: limit


def below(operand: Operand, limit: float) -> tuple[Predicate, Threshold]:
    return lambda facts: operand.value(facts) < limit, lambda facts: limit


def change_above(operand: Operand, limit: float) -> tuple[Predicate, Threshold]:
    return (
        lambda facts: (change := operand.change(facts)) is not None and change > limit,
        lambda facts: operand.value_at_change(facts, limit),
    )


def change_below(operand: Operand, limit: float) -> tuple[Predicate, Threshold]:
    return (
        lambda facts: (change := operand.change(facts)) is not None and change < limit,
        lambda facts: operand.value_at_change(facts, limit),
    )


def z_above(operand: Operand, limit: float) -> tuple[Predicate, Threshold]:
    return lambda facts: (z := operand.z(facts)) is not None and z > limit, lambda facts: limit


def z_below(operand: Operand, limit: float) -> tuple[Predicate, Threshold]:
    return lambda facts: (z := operand.z(facts)) is not None and z < limit, lambda facts: limit


def shift(operand: Operand, direction: str) -> tuple[Predicate, Threshold]:
    sign = 1 if direction == "up" else -1
    return lambda facts: operand.shift(facts) == sign, lambda facts: sign * CUSUM_THRESHOLD


BOUNDS: Final[dict[str, Callable[[Operand, Any], tuple[Predicate, Threshold]]]] = {
    "above": above,
    "below": below,
    "change_above": change_above,
    "change_below": change_below,
    "z_above": z_above,
    "z_below": z_below,
    "shift": shift,
}
