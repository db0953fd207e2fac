"""The commands that take back what is in force."""

import msgspec

from models.arbitration.target_state import ActionInForce
from schemas.actions import ACTIONS
from schemas.commands import AdjustmentCommand, command_id


def reverts(action: ActionInForce, reason: AdjustmentCommand, at_ms: int) -> list[AdjustmentCommand]:
    """One `revert` for each command of the action that has not expired: the newest, then those that it renewed.

    None for an action that cannot be taken back: it was done when it was commanded, and a page keeps no way to undo it.
    `reason` says who takes it back and why: its source, priority and evidence are those of the reverts.
    """
    if not is_revertible(action):
        return []
    commands = [(action.command_id, action.expires_at_ms), *reversed(action.renewed)]
    return [
        msgspec.structs.replace(
            reason,
            command_id=command_id(reason.target, reason.source, f"revert:{reverted}"),
            issued_at_ms=at_ms,
            expires_at_ms=expires_at_ms,
            action="revert",
            parameters={},
            experiment=None,
            reverts=reverted,
            apply=msgspec.UNSET,
        )
        for reverted, expires_at_ms in commands
        if expires_at_ms > at_ms
    ]


def is_revertible(action: ActionInForce) -> bool:
    return ACTIONS[action.action].revertible


def by_action(action: ActionInForce, lost: AdjustmentCommand) -> AdjustmentCommand:
    """A reason for `reverts`: the action in force stood against the command `lost`."""
    return msgspec.structs.replace(lost, source=action.source, priority=action.priority, evidence={})
