"""The arbiter: turns the proposals about one target into commands, and says what became of each.

`infra/docs/arbitration.md` gives the order of decisions.
"""

from hashlib import blake2b
from typing import NamedTuple

import msgspec

from models.arbitration import ledgers, typing_pause
from models.arbitration.budget import Budgets
from models.arbitration.content_check import ContentCheck, nothing_known
from models.arbitration.precedence import decision_order
from models.arbitration.proposed_change import ProposedChange
from models.arbitration.settlement import settle
from models.arbitration.target_state import TargetState, UnsettledCommand
from models.arbitration.verdicts import Verdict, decide
from schemas.commands import AdjustmentCommand
from schemas.proposals import Proposal


class Decisions(NamedTuple):
    """What follows now: commands and proposals, each in the order in which they were decided."""

    commands: list[AdjustmentCommand]
    proposals: list[Proposal]


class Arbiter:
    """Decides proposals. What it knows of a target stands in the `TargetState` that it is given, and changes."""

    def __init__(self, budgets: Budgets, check: ContentCheck = nothing_known) -> None:
        self._budgets = budgets
        self._check = check

    def on_event(self, state: TargetState, change: ProposedChange) -> Decisions:
        """Decides the proposal of a single event at once, by what earlier events led to."""
        ledger, at_ms = ledgers.begin(state.events, change)
        state.events = ledger
        verdict = decide(ledger, change, at_ms, self._budgets.events, self._check)
        if verdict.commands:
            reverted = [each.reverts for each in verdict.commands if each.reverts is not None]
            state.unsettled.append(UnsettledCommand(at_ms, verdict.commands[-1], change.confidence, reverted))
        return Decisions(verdict.commands, [to_proposal(change, verdict, at_ms)])

    def on_window(self, state: TargetState, change: ProposedChange) -> int:
        """Keeps the proposal of a window until event time has passed its end, which is returned."""
        state.waiting.append(change)
        return change.command.issued_at_ms

    def on_typing(self, state: TargetState, at_ms: int) -> int:
        """Remembers that the reader typed; returns when that is over."""
        return typing_pause.record(state, at_ms) + typing_pause.TYPING_MS

    def on_time(self, state: TargetState, now_ms: int) -> Decisions:
        """Settles what events up to `now_ms` led to, and decides the windows that end by then, all in order of event time."""
        commands: list[AdjustmentCommand] = []
        proposals: list[Proposal] = []
        while True:
            moments = [each.at_ms for each in state.unsettled] + [each.command.issued_at_ms for each in state.waiting]
            at_ms = min(moments, default=now_ms + 1)
            if at_ms > now_ms:
                break
            # What is commanded at one moment by events is in force at it: windows look at it.
            for unsettled in [each for each in state.unsettled if each.at_ms == at_ms]:
                state.windows = ledgers.advanced(state.windows, at_ms)
                commands += settle(state.windows, unsettled)
            state.unsettled = [each for each in state.unsettled if each.at_ms > at_ms]
            due = [each for each in state.waiting if each.command.issued_at_ms == at_ms]
            state.waiting = [each for each in state.waiting if each.command.issued_at_ms > at_ms]
            typing_until_ms = typing_pause.typing_until_ms(state, at_ms)
            withdrawn = typing_pause.withdrawn(due, state.waiting)
            if withdrawn:
                due = [each for each in due if each not in withdrawn]
                state.waiting = [each for each in state.waiting if each not in withdrawn]
                refused = Verdict([], "expired", None)
                proposals += [to_proposal(each, refused, at_ms) for each in sorted(withdrawn, key=decision_order)]
            for change in sorted(due, key=decision_order):
                if typing_until_ms is not None and typing_pause.waits(change):
                    later = typing_pause.postponed(change, at_ms, typing_until_ms)
                    if later is not None:
                        state.waiting.append(later)
                        continue
                    change = msgspec.structs.replace(change, quiet="typing")
                decided = self._decide_window(state, change)
                commands += decided.commands
                proposals += decided.proposals
        typing_pause.forget(state, now_ms)
        return Decisions(commands, proposals)

    def _decide_window(self, state: TargetState, change: ProposedChange) -> Decisions:
        ledger, at_ms = ledgers.begin(state.windows, change)
        state.windows = ledger
        has_sessions = change.command.target.kind == "session"
        budget = self._budgets.windows if has_sessions else self._budgets.others
        verdict = decide(ledger, change, at_ms, budget, self._check)
        return Decisions(verdict.commands, [to_proposal(change, verdict, at_ms)])


def kept_until_ms(state: TargetState) -> int:
    """When the state of a target can be cleared."""
    latest = max(ledgers.kept_until_ms(state.events), ledgers.kept_until_ms(state.windows))
    for change in state.waiting:
        latest = max(latest, change.command.issued_at_ms + 1)
    for unsettled in state.unsettled:
        latest = max(latest, unsettled.at_ms + 1)
    for typed_ms in state.typed_ms:
        latest = max(latest, typed_ms + typing_pause.TYPING_MS)
    return latest


def to_proposal(change: ProposedChange, verdict: Verdict, at_ms: int) -> Proposal:
    """The record for proposals.v1."""
    command = change.command
    done = verdict.commands[0 if command.action == "revert" else -1].command_id if verdict.commands else None
    outcome = "commanded" if verdict.commands else "shadow" if verdict.reason == "shadow" else "suppressed"
    return Proposal(
        proposal_id(command),
        at_ms,
        command.target,
        command.action,
        command.parameters,
        command.source,
        command.evidence,
        outcome,  # type: ignore[arg-type]
        verdict.reason,
        verdict.by,
        done,
    )


def proposal_id(command: AdjustmentCommand) -> str:
    """The same proposal always gets the same id, another than its command's."""
    return blake2b(f"proposal:{command.command_id}".encode(), digest_size=16).hexdigest()
