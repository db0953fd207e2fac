"""Upkeep of a ledger: what expires, what rests no more, when nothing of it matters any longer."""

from hashlib import blake2b
from typing import Any, Final

import msgspec

from models.arbitration.budget import MINUTE_MS
from models.arbitration.proposed_change import ProposedChange
from models.arbitration.target_state import ActionInForce, Ledger, SourceRecord
from schemas.actions import ACTIONS
from schemas.commands import AdjustmentCommand

KEEP_MS: Final = 4 * 3_600_000
"""A ledger is forgotten if nothing has been proposed for so long and nothing of it is in force or rests."""

MAX_IN_FORCE: Final = 32
MAX_SOURCES: Final = 128
MAX_RENEWED: Final = 4

_encoder: Final = msgspec.json.Encoder(order="sorted")


def begin(ledger: Ledger, change: ProposedChange) -> tuple[Ledger, int]:
    """The ledger as it is when `change` is decided, and the event time of that decision.

    Time does not run backwards: what happened before the latest decision, but came after it, is decided at its time.
    """
    at_ms, since_ms = max(change.command.issued_at_ms, ledger.at_ms), change.session_since_ms
    if since_ms is not None and since_ms > ledger.at_ms:
        # Nothing has been proposed since the session began: all that was counted is of an earlier one.
        ledger.session_changes = 0
        for record in ledger.sources.values():
            record.commands = 0
    return advanced(ledger, at_ms), at_ms


def advanced(ledger: Ledger, at_ms: int) -> Ledger:
    """The ledger at that event time: without what has expired, or a new one where nothing of it matters any longer."""
    if ledger.at_ms and at_ms >= kept_until_ms(ledger):
        return Ledger(at_ms)
    ledger.at_ms = max(ledger.at_ms, at_ms)
    ledger.in_force = [each for each in ledger.in_force if each.expires_at_ms > at_ms]
    rested = [
        name
        for name, record in ledger.sources.items()
        if record.resting_until_ms <= at_ms and not (record.is_counted and record.commands)
    ]
    for name in rested:
        del ledger.sources[name]
    ledger.taken_ms = [taken for taken in ledger.taken_ms if taken > at_ms - MINUTE_MS]
    return ledger


def kept_until_ms(ledger: Ledger) -> int:
    """When nothing that the ledger holds matters any longer."""
    latest = ledger.at_ms + KEEP_MS
    for action in ledger.in_force:
        latest = max(latest, action.expires_at_ms)
    for record in ledger.sources.values():
        latest = max(latest, record.resting_until_ms)
    return latest


def own(ledger: Ledger, source_id: str) -> ActionInForce | None:
    """What that rule or model has in force."""
    for action in ledger.in_force:
        if action.source.id == source_id:
            return action
    return None


def rival(ledger: Ledger, change: ProposedChange) -> ActionInForce | None:
    """What another source has in force of the same exclusive group."""
    group = ACTIONS[change.command.action].exclusive_group
    if group is None:
        return None
    for action in ledger.in_force:
        if ACTIONS[action.action].exclusive_group == group and action.source.id != change.command.source.id:
            return action
    return None


def prompt_in_force(ledger: Ledger) -> ActionInForce | None:
    for action in ledger.in_force:
        if ACTIONS[action.action].exclusive_group == "prompt":
            return action
    return None


def record_command(ledger: Ledger, change: ProposedChange, command: AdjustmentCommand, *, renews: bool) -> None:
    """Remembers a command: in force until it expires, its source resting, its session's count."""
    before = own(ledger, command.source.id)
    renewed: list[tuple[str, int]] = []
    if before is not None:
        ledger.in_force.remove(before)
        if renews:
            renewed = [*before.renewed, (before.command_id, before.expires_at_ms)]
            renewed = [each for each in renewed if each[1] > command.issued_at_ms][-MAX_RENEWED:]
    ledger.in_force.append(in_force(command, change.confidence, renewed))
    if len(ledger.in_force) > MAX_IN_FORCE:
        # Only actions without a group can be so many.
        free = [each for each in ledger.in_force if ACTIONS[each.action].exclusive_group is None]
        ledger.in_force.remove(min(free, key=lambda each: (each.expires_at_ms, each.command_id)))
    known = ledger.sources.get(command.source.id)
    counted = 0 if known is None else known.commands
    ledger.sources[command.source.id] = SourceRecord(
        command.command_id,
        command.issued_at_ms + _rest_ms(change, command.issued_at_ms),
        counted if renews else counted + 1,
        change.max_per_session is not None,
    )
    if len(ledger.sources) > MAX_SOURCES:
        del ledger.sources[min(ledger.sources, key=lambda name: (ledger.sources[name].resting_until_ms, name))]


def _rest_ms(change: ProposedChange, at_ms: int) -> int:
    """How long its source rests after the command. The rule counts its own rest from when it proposed: what waited counts as
    rest, up to half of it, or the rule's next proposal would come too early and be lost."""
    waited_ms = 0 if change.held_since_ms is None else at_ms - change.held_since_ms
    return change.cooldown_ms - min(waited_ms, change.cooldown_ms // 2)


def in_force(
    command: AdjustmentCommand, confidence: float, renewed: list[tuple[str, int]] | None = None
) -> ActionInForce:
    return ActionInForce(
        command.command_id,
        command.source,
        command.priority,
        confidence,
        command.action,
        digest(command.parameters),
        command.issued_at_ms,
        command.expires_at_ms,
        renewed or [],
    )


def digest(parameters: dict[str, Any]) -> str:
    """What stands for parameters where only sameness counts."""
    return blake2b(_encoder.encode(parameters), digest_size=6).hexdigest()
