"""Says from acknowledgements which version of a rule is in force in which subtask."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from schemas.control_acks import ControlAck

RuleState = Literal["in_force", "failing", "waiting", "refused", "unknown"]
"""`failing`: in force in every subtask, and in one of them an expression of the rule could not be evaluated."""


@dataclass(frozen=True, slots=True)
class InForce:
    """`missing` are the subtasks that have not answered for the version; empty where their number is unknown."""

    state: RuleState
    acks: list[ControlAck]
    missing: list[int]
    refused: str | None

    def described(self) -> str:
        """The state in words.

        >>> InForce("unknown", [], [], None).described()
        'not acknowledged'
        """
        if self.state == "refused":
            return f"refused: {self.refused}"
        if self.state == "failing":
            return f"in force, but cannot always be evaluated: {self.refused}"
        if self.state == "unknown":
            return "not acknowledged"
        subtasks = self.acks[0].subtasks
        text = f"{subtasks - len(self.missing)} of {subtasks} subtasks"
        return text if self.state == "in_force" else f"{text}; waiting for subtask {', '.join(map(str, self.missing))}"


def judge_acks(acks: Iterable[ControlAck], version: int | None) -> InForce:
    """Judges the newest acknowledgements of one rule by the version that should be in force; None for a deletion.

    A job that ran with more subtasks may have left acknowledgements of subtasks that are no more.
    """
    given = sorted(acks, key=lambda ack: ack.subtask)
    if not given:
        return InForce("unknown", [], [], None)
    subtasks = max(given, key=lambda ack: ack.acknowledged_at_ms).subtasks
    current = [ack for ack in given if ack.subtask < subtasks and ack.subtasks == subtasks]
    answered = {ack.subtask for ack in current if ack.version == version}
    missing = [subtask for subtask in range(subtasks) if subtask not in answered]
    against = [ack for ack in current if ack.version == version and ack.refused is not None]
    for ack in against:
        if ack.in_force_from_ms is None:
            return InForce("refused", current, missing, ack.refused)
    if against and not missing:
        return InForce("failing", current, missing, against[0].refused)
    return InForce("waiting" if missing else "in_force", current, missing, None)
