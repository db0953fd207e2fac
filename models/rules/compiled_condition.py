"""Base class of the compiled conditions of rules, and what they tell of detectors."""

from abc import ABC, abstractmethod
from typing import Final

from models.rules.bounds import Predicate
from models.rules.signals import Signals
from schemas.commands import Evidence, EvidenceBound
from schemas.rule_conditions import FOREST

_EVIDENCE_NAMES: Final = {FOREST: "forest"}
"""Detectors that commands name otherwise than rules do."""


class CompiledCondition(ABC):
    """A condition as predicates that must all hold."""

    def __init__(self, predicates: list[Predicate]) -> None:
        self.predicates = predicates

    @abstractmethod
    def evidence(self, signals: Signals) -> dict[str, Evidence]:
        """Each feature that the condition looked at, with what it was compared with."""


def detector_evidence(
    detector: str, signals: Signals, threshold: float | None, bounds: tuple[EvidenceBound, ...]
) -> dict[str, Evidence]:
    """The detector's score, and how much each feature added to it."""
    start, end, score = signals.window_start_ms, signals.window_end_ms, signals.scores.get(detector)
    label = _EVIDENCE_NAMES.get(detector, detector)
    value = None if score is None else score.value()
    found = {label: Evidence(value, None, threshold, None, start, end, bounds)}
    if score is not None:
        for name, part in score.contributions().items():
            found[f"{label}.{name}"] = Evidence(part, None, None, None, start, end)
    return found
