"""Decides proposals in memory as the job's arbiter does: for references and simulations that run without Flink."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from models.arbitration.arbiter import Arbiter, Decisions
from models.arbitration.budget import Budgets, split
from models.arbitration.content_check import ContentCheck, nothing_known
from models.arbitration.proposed_change import ProposedChange
from models.arbitration.target_state import TargetState, empty_state

DEFAULT_BUDGETS: Final = split(4, 60)
"""Those of the job's options `changes_per_minute` and `changes_per_session`."""


def decide_all(
    changes: Iterable[ProposedChange],
    until_ms: int,
    budgets: Budgets = DEFAULT_BUDGETS,
    check: ContentCheck = nothing_known,
    typed: Iterable[tuple[str, int]] = (),
) -> Decisions:
    """Decides proposals, each target's events in the order in which they came, up to `until_ms` of event time.

    `typed` says when readers typed, as (session, ms).
    """
    arbiter, states = Arbiter(budgets, check), defaultdict[tuple[str, str], TargetState](empty_state)
    for session_id, at_ms in typed:
        arbiter.on_typing(states["session", session_id], at_ms)
    commands, proposals = [], []
    for change in changes:
        target = change.command.target
        state = states[target.kind, target.id]
        if change.lane == "event":
            decided = arbiter.on_event(state, change)
            commands += decided.commands
            proposals += decided.proposals
        else:
            arbiter.on_window(state, change)
    for state in states.values():
        decided = arbiter.on_time(state, until_ms)
        commands += decided.commands
        proposals += decided.proposals
    return Decisions(commands, proposals)
