"""Enters into the ledger of the windows what single events have led to, once event time has passed it.

An event is answered at once, without a look at the windows: which of the two comes first may differ between a run and its
replay. Where an event's command meets a window's of the same exclusive group, the less important one is taken back here,
at the event's time.
"""

from models.arbitration import ledgers
from models.arbitration.precedence import importance
from models.arbitration.reverts import by_action, is_revertible, reverts
from models.arbitration.target_state import Ledger, UnsettledCommand
from schemas.actions import ACTIONS
from schemas.commands import AdjustmentCommand


def settle(ledger: Ledger, unsettled: UnsettledCommand) -> list[AdjustmentCommand]:
    """Returns the reverts that follow; `ledger` is that of the windows, advanced to the event's time."""
    command, at_ms = unsettled.command, unsettled.at_ms
    ledger.in_force = [each for each in ledger.in_force if each.command_id not in unsettled.reverted]
    if command.action == "revert":
        return []
    renewed: list[tuple[str, int]] = []
    before = ledgers.own(ledger, command.source.id)
    if before is not None:
        ledger.in_force.remove(before)
    if before is not None and is_revertible(before):
        renewed = [*before.renewed, (before.command_id, before.expires_at_ms)]
        renewed = [each for each in renewed if each[1] > at_ms][-ledgers.MAX_RENEWED :]
    entry = ledgers.in_force(command, unsettled.confidence, renewed)
    group = ACTIONS[command.action].exclusive_group
    met = [each for each in ledger.in_force if group is not None and ACTIONS[each.action].exclusive_group == group]
    for other in met:
        mine = importance(command.source.kind, command.priority, unsettled.confidence)
        if mine <= importance(other.source.kind, other.priority, other.confidence):
            return reverts(entry, by_action(other, command), at_ms)
    commands: list[AdjustmentCommand] = []
    for other in met:
        ledger.in_force.remove(other)
        commands += reverts(other, command, at_ms)
    ledger.in_force.append(entry)
    return commands
