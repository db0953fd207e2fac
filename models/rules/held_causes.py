"""Renews what rules of source `context` have proposed while its cause goes on, though no event says so again.

A browser says once for each page that its reader saves data or that the network is slow. That holds until another context says
otherwise (`models/rules/leaving.py`), or the session is over.
"""

from collections.abc import Sequence

import msgspec

from models.arbitration.proposed_change import RENEW_AHEAD_MS, ProposedChange
from models.rules.compiled import CompiledRule
from models.state_records import DecisionState
from schemas.commands import command_id


def next_renewal_ms(state: DecisionState) -> int | None:
    """When the next proposal is due; None where no cause is held."""
    return min((_due_ms(each.held) for each in state.standing.values() if each.held is not None), default=None)


def renewals(rules: Sequence[CompiledRule], state: DecisionState, until_ms: int) -> list[ProposedChange]:
    """The proposals that are due up to `until_ms`, in order of event time; `state` changes with them.

    Rules that are no longer in force, or in another version, renew nothing.
    """
    versions = {compiled.id: compiled.rule.version for compiled in rules}
    found: list[ProposedChange] = []
    for name, standing in list(state.standing.items()):
        held = standing.held
        if held is not None and versions.get(name) != held.command.source.version:
            if _due_ms(held) <= until_ms:
                del state.standing[name]
            continue
        while held is not None and _due_ms(held) <= until_ms:
            held = _renewed(held, _due_ms(held))
            found.append(held)
            standing.held, standing.expires_at_ms = held, held.command.expires_at_ms
    return sorted(found, key=lambda each: (each.command.issued_at_ms, each.command.source.id))


def _due_ms(held: ProposedChange) -> int:
    """Shortly before the command expires; of a short one, half-way."""
    issued_ms, expires_ms = held.command.issued_at_ms, held.command.expires_at_ms
    return max((issued_ms + expires_ms + 1) // 2, expires_ms - RENEW_AHEAD_MS)


def _renewed(held: ProposedChange, at_ms: int) -> ProposedChange:
    before = held.command
    command = msgspec.structs.replace(
        before,
        command_id=command_id(before.target, before.source, f"renewal:{at_ms}"),
        issued_at_ms=at_ms,
        expires_at_ms=at_ms + before.expires_at_ms - before.issued_at_ms,
    )
    return msgspec.structs.replace(held, command=command, renews=True)
