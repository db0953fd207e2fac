"""Proposals with names for people and instants, and a driver that decides them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from models.arbitration.arbiter import Arbiter
from models.arbitration.budget import Budgets, split
from models.arbitration.content_check import ContentCheck, nothing_known
from models.arbitration.proposed_change import ProposalLane, ProposedChange
from models.arbitration.target_state import empty_state
from schemas.actions import ActionName
from schemas.commands import AdjustmentCommand, Source, SourceKind, Target, command_id
from schemas.proposals import Proposal
from tests.support.builders import ANNA, MORNING_NEWS, at

GENEROUS = split(1_000, 1_000)


def proposed(
    source_id: str,
    action: ActionName,
    at_s: float,
    *,
    lane: ProposalLane = "window",
    priority: int = 50,
    kind: SourceKind = "rule",
    expires_s: float = 300,
    parameters: dict[str, Any] | None = None,
    target: Target | None = None,
    event: str = "",
    **more: Any,
) -> ProposedChange:
    """A proposal of that rule at that second; `event` tells two of one second apart."""
    whom, source = target or Target("session", ANNA), Source(kind, source_id, 1)
    command = AdjustmentCommand(
        command_id(whom, source, f"{lane}:{at(at_s)}:{action}{event}"),
        at(at_s),
        at(at_s + expires_s),
        whom,
        ANNA if whom.kind == "session" else None,
        None,
        MORNING_NEWS,
        action,
        parameters or {},
        priority,
        source,
        {},
    )
    return ProposedChange(command, lane, **more)


class Outcome(NamedTuple):
    """What came of proposals: commands in order of event time, and proposals by the rule and second."""

    commands: list[AdjustmentCommand]
    proposals: list[Proposal]

    def told(self) -> list[tuple[float, str, str]]:
        """(second, rule, action) of the commands."""
        return [((each.issued_at_ms - at(0)) / 1000, each.source.id, each.action) for each in self.commands]

    def reasons(self) -> dict[str, str | None]:
        """The reason of the last proposal of each rule."""
        return {each.source.id: each.reason for each in self.proposals}


def decided(
    changes: Sequence[ProposedChange],
    budgets: Budgets = GENEROUS,
    check: ContentCheck = nothing_known,
    until_s: float = 100_000,
    typed_s: Sequence[float] = (),
) -> Outcome:
    """Decides proposals about one target. Those of windows come in a bundle at the end, as in a replay at full speed.

    At `typed_s` the reader types.
    """
    arbiter, state = Arbiter(budgets, check), empty_state()
    for typed in typed_s:
        arbiter.on_typing(state, at(typed))
    commands: list[AdjustmentCommand] = []
    proposals: list[Proposal] = []
    for change in changes:
        if change.lane == "event":
            found = arbiter.on_event(state, change)
            commands += found.commands
            proposals += found.proposals
        else:
            arbiter.on_window(state, change)
    found = arbiter.on_time(state, at(until_s))
    order = sorted(enumerate([*commands, *found.commands]), key=lambda pair: (pair[1].issued_at_ms, pair[0]))
    return Outcome(
        [command for _, command in order], sorted([*proposals, *found.proposals], key=lambda each: each.at_ms)
    )
