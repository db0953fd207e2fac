"""Precedence among proposals: safety and access first, then priority times confidence, then the id."""

from typing import Final, NamedTuple

from models.arbitration.proposed_change import ProposedChange
from schemas.commands import SourceKind

SAFETY_SOURCES: Final[tuple[SourceKind, ...]] = ("context",)
"""Sources whose changes keep a page usable: save-data, a slow network, consent. Budgets and quiet times do not hold them up."""


class Importance(NamedTuple):
    """How much a change matters; a greater one outranks. `weight` is priority (0..100) times confidence (0..1)."""

    is_safety: bool
    weight: float


def is_safety(kind: SourceKind) -> bool:
    return kind in SAFETY_SOURCES


def importance(kind: SourceKind, priority: int, confidence: float) -> Importance:
    """Safety before all else, then priority times confidence.

    >>> importance("rule", 80, 0.5) < importance("model", 50, 0.9) < importance("context", 10, 1.0)
    True
    """
    return Importance(is_safety(kind), priority * confidence)


def importance_of(change: ProposedChange) -> Importance:
    return importance(change.command.source.kind, change.command.priority, change.confidence)


def decision_order(change: ProposedChange) -> tuple[bool, bool, float, str, str]:
    """Sort key of the proposals of one moment: what is taken back first, then the most important; ties by id."""
    command, rank = change.command, importance_of(change)
    return (
        command.action != "revert",
        not rank.is_safety,
        -rank.weight,
        command.source.id,
        command.command_id,
    )
