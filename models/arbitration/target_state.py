"""What the arbiter remembers of one target, as structs that stand in keyed state as JSON.

Not compiled (`infra/packaging/mypyc.py`): mypyc drops what a struct says about its fields.
"""

from msgspec import Struct

from models.arbitration.proposed_change import ProposedChange
from schemas.actions import ActionName
from schemas.commands import AdjustmentCommand, Source


class ActionInForce(Struct, array_like=True):
    """A change that has been commanded, and has neither expired nor been taken back.

    `parameters` is a digest of the command's. `renewed` holds (command id, expiry) of earlier commands for the same that have
    not expired either.
    """

    command_id: str
    source: Source
    priority: int
    confidence: float
    action: ActionName
    parameters: str
    issued_at_ms: int
    expires_at_ms: int
    renewed: list[tuple[str, int]] = []


class SourceRecord(Struct, array_like=True):
    """The last command of one rule or model: until when the next one rests, and how many there were in the session."""

    command_id: str
    resting_until_ms: int
    commands: int
    is_counted: bool
    """Whether the rule has a limit for each session."""


class Ledger(Struct, array_like=True):
    """What the proposals of one lane, and of those that it may look at, have led to. `at_ms` is the latest decision.

    `taken_ms` are the moments of the latest changes within a minute, in order.
    """

    at_ms: int = 0
    in_force: list[ActionInForce] = []
    sources: dict[str, SourceRecord] = {}
    taken_ms: list[int] = []
    session_changes: int = 0


class UnsettledCommand(Struct, array_like=True):
    """A command that a single event led to, until event time has passed it and windows may look at it.

    `reverted` are the ids of the commands that were taken back for it; `command` is the last of them where it replaces nothing.
    """

    at_ms: int
    command: AdjustmentCommand
    confidence: float
    reverted: list[str]


class TargetState(Struct, array_like=True):
    """Two ledgers of one target: single events look at the first, windows at the second, which knows of both.

    `waiting` are the proposals of windows whose end event time has not passed. `typed_ms` are the times at which the reader
    typed, in order (`models/arbitration/typing_pause.py`).
    """

    events: Ledger
    windows: Ledger
    unsettled: list[UnsettledCommand] = []
    waiting: list[ProposedChange] = []
    clean_at_ms: int = 0
    typed_ms: list[int] = []


def empty_state() -> TargetState:
    return TargetState(Ledger(), Ledger())
