"""What became of the rules that an operator was told, and the acknowledgements for control-acks.v1 that follow."""

from collections.abc import Callable, Iterable
from time import time_ns
from typing import Any, Final, NamedTuple

import msgspec
from pyflink.common import Row
from pyflink.datastream import OutputTag

from models.epochs import NO_WATERMARK
from schemas.control_acks import ControlAck, ControlKind, ack_key
from schemas.rule_conditions import Lane
from udfs.side_outputs import CONTROL_ACKS
from udfs.stages.control_outcomes import ControlOutcome

MAX_REASON_CHARS: Final = 500
MAX_ID_CHARS: Final = 64

_encoder: Final = msgspec.json.Encoder()


class RuleOutcome(NamedTuple):
    """One rule was taken up, deleted (`version` is None) or `refused` with the reason. `lane` is None where it cannot be read."""

    id: str
    version: int | None
    lane: Lane | None
    refused: str | None = None


def now_ms() -> int:
    """The wall clock: an acknowledgement says when it was given, and decides nothing."""
    return time_ns() // 1_000_000


class RuleAcknowledger:
    """Acknowledges the outcomes of the rules of an operator's own lanes.

    Where the lane cannot be read, the operator `answers_unknown` of the job acknowledges: one, not both.
    """

    def __init__(
        self,
        lanes: tuple[Lane, ...],
        answers_unknown: bool,
        subtask: int,
        subtasks: int,
        clock_ms: Callable[[], int] = now_ms,
    ) -> None:
        self._lanes = frozenset(lanes)
        self._answers_unknown = answers_unknown
        self._subtask, self._subtasks = subtask, subtasks
        self._clock_ms = clock_ms

    def acknowledge(self, outcomes: Iterable[RuleOutcome], reached_ms: int) -> list[tuple[OutputTag, Row]]:
        """Returns rows for the side output. `reached_ms` is the event time that the operator has come to."""
        return [
            (CONTROL_ACKS, self._record(each, reached_ms))
            for each in outcomes
            if (self._answers_unknown if each.lane is None else each.lane in self._lanes)
        ]

    def _record(self, outcome: RuleOutcome, reached_ms: int) -> Any:
        is_in_force = outcome.refused is None and reached_ms != NO_WATERMARK
        in_force_from_ms = reached_ms if is_in_force else None
        return self.record("rule", outcome.id, outcome.version, in_force_from_ms, outcome.refused)

    def acknowledge_others(self, outcomes: Iterable[ControlOutcome], reached_ms: int) -> list[tuple[OutputTag, Row]]:
        """Likewise for models and segments: what begins later is in force from then on."""
        rows = []
        for each in outcomes:
            is_known = each.from_ms is not None and (each.from_ms > 0 or reached_ms != NO_WATERMARK)
            in_force_from_ms = max(each.from_ms or 0, reached_ms) if is_known else None
            row = self.record(each.kind, each.id, each.version, in_force_from_ms, each.refused)
            rows.append((CONTROL_ACKS, row))
        return rows

    def record(
        self, kind: ControlKind, id: str, version: int | None, in_force_from_ms: int | None, refused: str | None
    ) -> Row:
        """Returns the acknowledgement of this subtask, as it is written."""
        ack = ControlAck(
            kind,
            id[:MAX_ID_CHARS],
            version,
            self._subtask,
            self._subtasks,
            in_force_from_ms,
            self._clock_ms(),
            refused and refused[:MAX_REASON_CHARS],
        )
        return Row(ack_key(ack).encode(), _encoder.encode(ack))
