"""Proposals with names for people and instants, and a driver that decides them."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from models.arbitration.arbiter import Arbiter
from models.arbitration.budget import Budgets, split
from models.arbitration.content_check import ContentCheck, nothing_known
from models.arbitration.proposed_change import ProposalLane, ProposedChange
from models.arbitration.target_state import empty_state
from schemas.actions import ACTIONS, ActionName
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
) -> Outcome:
    """Decides proposals about one target. Those of windows come in a bundle at the end, as in a replay at full speed."""
    arbiter, state = Arbiter(budgets, check), empty_state()
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


class InForce(NamedTuple):
    """One change as a page has it: from when to when, and of which exclusive group."""

    begin_ms: int
    end_ms: int
    group: str
    source: str
    action: str
    parameters: str


def in_force(commands: Iterable[AdjustmentCommand]) -> list[InForce]:
    """What the commands amount to, read as a CMS reads them: until expiry or until taken back."""
    every = list(commands)
    taken_back: dict[str, int] = {}
    for each in every:
        if each.reverts is not None:
            taken_back[each.reverts] = min(each.issued_at_ms, taken_back.get(each.reverts, each.issued_at_ms))
    found = []
    for each in every:
        group = ACTIONS[each.action].exclusive_group
        if each.action == "revert" or group is None:
            continue
        end_ms = min(each.expires_at_ms, taken_back.get(each.command_id, each.expires_at_ms))
        found.append(
            InForce(
                each.issued_at_ms, end_ms, group, each.source.id, each.action, repr(sorted(each.parameters.items()))
            )
        )
    return found


def conflicts(commands: Iterable[AdjustmentCommand]) -> list[tuple[InForce, InForce]]:
    """Pairs of changes of one exclusive group that were in force together. What only prolongs another one is none."""
    by_group: dict[str, list[InForce]] = {}
    for each in sorted(in_force(commands)):
        by_group.setdefault(each.group, []).append(each)
    return [
        (first, second)
        for held in by_group.values()
        for place, first in enumerate(held)
        for second in held[place + 1 :]
        if second.begin_ms < first.end_ms and second.end_ms > second.begin_ms and first[3:] != second[3:]
    ]


def changes_made(commands: Iterable[AdjustmentCommand]) -> list[int]:
    """When a page changed by what counts against the budget: neither for access, nor a revert, nor what prolongs another."""
    held: dict[tuple[str, str, str], int] = {}
    times = []
    for each in sorted(commands, key=lambda each: each.issued_at_ms):
        if each.action == "revert" or each.source.kind == "context":
            continue
        what = (each.source.id, each.action, repr(sorted(each.parameters.items())))
        if held.get(what, 0) <= each.issued_at_ms:
            times.append(each.issued_at_ms)
        held[what] = each.expires_at_ms
    return times
