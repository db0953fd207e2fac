"""The bounds of conditions: for each, when it holds and where its threshold lies. Declared in `schemas/rule_conditions.py`."""

from collections.abc import Callable
from typing import Any, Final

from models.detectors.baselines import CUSUM_THRESHOLD
from models.rules.operands import Operand
from models.rules.signals import Signals

Predicate = Callable[[Signals], bool]
Threshold = Callable[[Signals], float | None]
"""In the unit that `schemas.rule_conditions.BOUNDS` declares; None where it is unknown."""


# Comparisons with NaN are false: what is unknown meets no condition.
def above(operand: Operand, limit: float) -> tuple[Predicate, Threshold]:
    return lambda signals: operand.value(signals) > limit, lambda signals: limit


def below(operand: Operand, limit: float) -> tuple[Predicate, Threshold]:
    return lambda signals: operand.value(signals) < limit, lambda signals: limit


def change_above(operand: Operand, limit: float) -> tuple[Predicate, Threshold]:
    return (
        lambda signals: (change := operand.change(signals)) is not None and change > limit,
        lambda signals: operand.value_at_change(signals, limit),
    )


def change_below(operand: Operand, limit: float) -> tuple[Predicate, Threshold]:
    return (
        lambda signals: (change := operand.change(signals)) is not None and change < limit,
        lambda signals: operand.value_at_change(signals, limit),
    )


def z_above(operand: Operand, limit: float) -> tuple[Predicate, Threshold]:
    return lambda signals: (z := operand.z(signals)) is not None and z > limit, lambda signals: limit


def z_below(operand: Operand, limit: float) -> tuple[Predicate, Threshold]:
    return lambda signals: (z := operand.z(signals)) is not None and z < limit, lambda signals: limit


def shift(operand: Operand, direction: str) -> tuple[Predicate, Threshold]:
    sign = 1 if direction == "up" else -1
    return lambda signals: operand.shift(signals) == sign, lambda signals: sign * CUSUM_THRESHOLD


BOUNDS: Final[dict[str, Callable[[Operand, Any], tuple[Predicate, Threshold]]]] = {
    "above": above,
    "below": below,
    "change_above": change_above,
    "change_below": change_below,
    "z_above": z_above,
    "z_below": z_below,
    "shift": shift,
}
