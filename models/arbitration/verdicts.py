"""Decides one proposal against one ledger: done, or not and why."""

from typing import NamedTuple

import msgspec

from models.arbitration import ledgers
from models.arbitration.budget import Budget, exceeded, take
from models.arbitration.content_check import ContentCheck
from models.arbitration.precedence import Importance, importance, importance_of
from models.arbitration.proposed_change import RENEW_AHEAD_MS, ProposedChange
from models.arbitration.reverts import is_revertible, reverts
from models.arbitration.target_state import ActionInForce, Ledger
from schemas.actions import ACTIONS
from schemas.commands import AdjustmentCommand
from schemas.proposals import SuppressionReason


class Verdict(NamedTuple):
    """The commands in order, what was taken back first; or the reason why there are none, and what stood in the way."""

    commands: list[AdjustmentCommand]
    reason: SuppressionReason | None
    by: str | None


def _refused(reason: SuppressionReason, by: str | None = None) -> Verdict:
    return Verdict([], reason, by)


def decide(ledger: Ledger, change: ProposedChange, at_ms: int, budget: Budget, check: ContentCheck) -> Verdict:
    """Decides a proposal, and enters into the ledger what follows. `ledgers.begin` has given ledger and time."""
    command = change.command
    mine = ledgers.own(ledger, command.source.id)
    may_end = mine is not None and is_revertible(mine) and command.expires_at_ms > at_ms
    if command.action == "revert" and mine is not None and may_end:
        # What the rule has commanded it can take back, also where it may command no more: in shadow, or after its validity.
        return _taken_back(ledger, change, mine, at_ms)
    if change.mode != "active":
        return _refused("shadow")
    if command.action == "revert" or command.expires_at_ms <= at_ms or not _is_valid(change, at_ms):
        return _refused("expired")
    lacks = change.lacks or check(command.content_id, command.action, command.parameters)
    if lacks is not None:
        return _refused("unknown_content", lacks)
    if mine is not None and _is_same(mine, command):
        # What goes on for long need not be said again; nor does what would expire first, as of an event that came late.
        is_due = change.renews or mine.expires_at_ms - at_ms <= RENEW_AHEAD_MS
        if is_due and command.expires_at_ms > mine.expires_at_ms:
            return _renewed(ledger, change, at_ms)
        return _refused("exclusive", mine.command_id)
    return _new(ledger, change, mine, at_ms, budget)


def _is_valid(change: ProposedChange, at_ms: int) -> bool:
    begins, ends = change.valid_from_ms, change.valid_until_ms
    return (begins is None or at_ms >= begins) and (ends is None or at_ms < ends)


def _is_same(mine: ActionInForce, command: AdjustmentCommand) -> bool:
    """Whether the command would only prolong what its source has in force already."""
    action = ACTIONS[command.action]
    return (
        mine.action == command.action
        and action.revertible
        and action.exclusive_group != "prompt"
        and mine.parameters == ledgers.digest(command.parameters)
    )


def _taken_back(ledger: Ledger, change: ProposedChange, mine: ActionInForce, at_ms: int) -> Verdict:
    ledger.in_force.remove(mine)
    record = ledger.sources.get(change.command.source.id)
    if record is not None and importance_of(change).is_safety:
        # What is needed for access follows its cause: where it comes back, so does the change.
        record.resting_until_ms = at_ms
    return Verdict(reverts(mine, change.command, at_ms), None, None)


def _renewed(ledger: Ledger, change: ProposedChange, at_ms: int) -> Verdict:
    """Nothing changes for the reader: neither cooldown nor budget nor a quiet time stands in the way."""
    # A page that waited with it for a break would have a gap.
    command = msgspec.structs.replace(change.command, issued_at_ms=at_ms, apply=msgspec.UNSET)
    ledgers.record_command(ledger, change, command, renews=True)
    return Verdict([command], None, None)


def _new(ledger: Ledger, change: ProposedChange, mine: ActionInForce | None, at_ms: int, budget: Budget) -> Verdict:
    command, rank = change.command, importance_of(change)
    record = ledger.sources.get(command.source.id)
    if record is not None:
        used_up = change.max_per_session is not None and record.commands >= change.max_per_session
        if used_up or at_ms < record.resting_until_ms:
            return _refused("resting", record.command_id)
    if mine is not None and ACTIONS[mine.action].exclusive_group == "prompt":
        return _refused("exclusive", mine.command_id)
    other = ledgers.rival(ledger, change)
    if other is not None and rank <= _importance(other):
        return _refused("outranked" if other.issued_at_ms == at_ms else "exclusive", other.command_id)
    if not rank.is_safety:
        if change.quiet is not None:
            return _refused("quiet", change.quiet)
        prompt = ledgers.prompt_in_force(ledger)
        if prompt is not None and prompt is not other and rank <= _importance(prompt):
            return _refused("quiet", prompt.command_id)
        limit = exceeded(ledger, budget, at_ms, rank)
        if limit is not None:
            return _refused("budget", limit)
        take(ledger, budget, at_ms)
    command = _issued(command, at_ms)
    commands: list[AdjustmentCommand] = []
    for replaced in (mine, other):
        if replaced is not None:
            commands += reverts(replaced, command, at_ms)
    if other is not None:
        ledger.in_force.remove(other)
    ledgers.record_command(ledger, change, command, renews=False)
    return Verdict([*commands, command], None, None)


def _importance(action: ActionInForce) -> Importance:
    return importance(action.source.kind, action.priority, action.confidence)


def _issued(command: AdjustmentCommand, at_ms: int) -> AdjustmentCommand:
    return command if command.issued_at_ms == at_ms else msgspec.structs.replace(command, issued_at_ms=at_ms)
