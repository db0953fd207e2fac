"""The acknowledgement contract (control-acks.v1): which rule or model version is in force where, and since when."""

from typing import Literal

from msgspec import Struct

ControlKind = Literal["rule", "model", "segment"]


class ControlAck(Struct):
    """One subtask has taken up a version, or refused it. Only the operator that uses the rule or model acknowledges it.

    `in_force_from_ms` is event time; None where the version is refused. A version in force whose expression could not
    be evaluated has both: `refused` says where and why it failed first. `version` is None for a deletion.
    `subtask` counts from 0, and `subtasks` says how many acknowledge.
    """

    kind: ControlKind
    id: str
    version: int | None
    subtask: int
    subtasks: int
    in_force_from_ms: int | None
    acknowledged_at_ms: int
    refused: str | None = None


def ack_key(ack: ControlAck) -> str:
    """The key on the topic: the newest acknowledgement of a subtask replaces the one before.

    >>> ack_key(ControlAck("rule", "mission-simplify", 2, 0, 4, 0, 0))
    'rule:mission-simplify:0'
    """
    return f"{ack.kind}:{ack.id}:{ack.subtask}"
