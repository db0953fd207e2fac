"""The bounds of conditions: for each, when it holds, where its threshold lies, and the number that it measures.

Declared in `schemas/rule_conditions.py`.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from models.judgement.habits import SHIFT_NATS
from models.rules.operands import Operand
from models.rules.readings import Direction
from models.rules.signals import Signals

Predicate = Callable[[Signals], bool]
Number = Callable[[Signals], float | None]
"""In the unit that `schemas.rule_conditions.BOUNDS` declares; None where it is unknown."""


class CompiledBound(NamedTuple):
    """`measured` is what is compared with the threshold where that is not the value itself. `uses_up` names the evidence that
    a command resets."""

    predicate: Predicate
    threshold: Number
    measured: Number | None = None
    uses_up: Direction | None = None


# Comparisons with NaN are false: what is unknown meets no condition.
def above(operand: Operand, limit: float) -> CompiledBound:
    return CompiledBound(lambda signals: operand.value(signals) > limit, lambda signals: limit)


def below(operand: Operand, limit: float) -> CompiledBound:
    return CompiledBound(lambda signals: operand.small_value(signals) < limit, lambda signals: limit)


def change_above(operand: Operand, limit: float) -> CompiledBound:
    return CompiledBound(
        lambda signals: (change := operand.change(signals)) is not None and change > limit,
        lambda signals: operand.value_at_change(signals, limit),
        operand.change,
    )


def change_below(operand: Operand, limit: float) -> CompiledBound:
    return CompiledBound(
        lambda signals: (change := operand.change(signals)) is not None and change < limit,
        lambda signals: operand.value_at_change(signals, limit),
        operand.change,
    )


def z_above(operand: Operand, limit: float) -> CompiledBound:
    return CompiledBound(
        lambda signals: (z := operand.z(signals)) is not None and z > limit, lambda signals: limit, operand.z
    )


def z_below(operand: Operand, limit: float) -> CompiledBound:
    return CompiledBound(
        lambda signals: (z := operand.z(signals)) is not None and z < limit, lambda signals: limit, operand.z
    )


def rises(operand: Operand, limit: float) -> CompiledBound:
    return _evidence(operand, limit, "up")


def falls(operand: Operand, limit: float) -> CompiledBound:
    return _evidence(operand, limit, "down")


def rises_below(operand: Operand, limit: float) -> CompiledBound:
    return CompiledBound(
        lambda signals: (nats := operand.nats(signals, "up")) is not None and nats < limit,
        lambda signals: limit,
        lambda signals: operand.nats(signals, "up"),
    )


def falls_below(operand: Operand, limit: float) -> CompiledBound:
    return CompiledBound(
        lambda signals: (nats := operand.nats(signals, "down")) is not None and nats < limit,
        lambda signals: limit,
        lambda signals: operand.nats(signals, "down"),
    )


def top(operand: Operand, share: float) -> CompiledBound:
    return CompiledBound(
        lambda signals: (rank := operand.rank(signals)) is not None and rank >= 1.0 - share,
        lambda signals: share,
        lambda signals: None if (rank := operand.rank(signals)) is None else round(1.0 - rank, 4),
    )


def bottom(operand: Operand, share: float) -> CompiledBound:
    return CompiledBound(
        lambda signals: (rank := operand.rank(signals)) is not None and rank <= share,
        lambda signals: share,
        operand.rank,
    )


def shift(operand: Operand, direction: str) -> CompiledBound:
    return _evidence(operand, SHIFT_NATS, "up" if direction == "up" else "down")._replace(uses_up=None)


def _evidence(operand: Operand, limit: float, direction: Direction) -> CompiledBound:
    return CompiledBound(
        lambda signals: (nats := operand.nats(signals, direction)) is not None and nats >= limit,
        lambda signals: limit,
        lambda signals: operand.nats(signals, direction),
        direction,
    )


class DeclaredBound(NamedTuple):
    """How a bound is evaluated. `comparison` says the same of a limit as an expression does: which reading (value, change, z,
    rank, or up and down for the evidence), its sign, and the number that it is compared with."""

    compiled: Callable[[Operand, Any], CompiledBound]
    comparison: Callable[[Any], tuple[str, str, float]]


BOUNDS: Final[dict[str, DeclaredBound]] = {
    "above": DeclaredBound(above, lambda limit: ("value", ">", limit)),
    "below": DeclaredBound(below, lambda limit: ("value", "<", limit)),
    "change_above": DeclaredBound(change_above, lambda limit: ("change", ">", limit)),
    "change_below": DeclaredBound(change_below, lambda limit: ("change", "<", limit)),
    "z_above": DeclaredBound(z_above, lambda limit: ("z", ">", limit)),
    "z_below": DeclaredBound(z_below, lambda limit: ("z", "<", limit)),
    "rises": DeclaredBound(rises, lambda limit: ("up", ">=", limit)),
    "falls": DeclaredBound(falls, lambda limit: ("down", ">=", limit)),
    "rises_below": DeclaredBound(rises_below, lambda limit: ("up", "<", limit)),
    "falls_below": DeclaredBound(falls_below, lambda limit: ("down", "<", limit)),
    "top": DeclaredBound(top, lambda share: ("rank", ">=", 1.0 - share)),
    "bottom": DeclaredBound(bottom, lambda share: ("rank", "<=", share)),
    "shift": DeclaredBound(shift, lambda direction: (direction, ">=", SHIFT_NATS)),
}
