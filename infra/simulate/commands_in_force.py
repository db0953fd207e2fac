"""Reads commands as a CMS does: what is in force when, what contradicts what, and how often a page changes."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from schemas.actions import ACTIONS
from schemas.commands import AdjustmentCommand


class InForce(NamedTuple):
    """One change as a page has it: from when to when, and of which exclusive group."""

    begin_ms: int
    end_ms: int
    group: str
    source: str
    action: str
    parameters: str


def in_force(commands: Iterable[AdjustmentCommand]) -> list[InForce]:
    """What the commands amount to, read as a CMS reads them: until expiry or until taken back.

    What cannot be taken back is done in a moment and leaves no state that could contradict another.
    """
    every = list(commands)
    taken_back: dict[str, int] = {}
    for each in every:
        if each.reverts is not None:
            taken_back[each.reverts] = min(each.issued_at_ms, taken_back.get(each.reverts, each.issued_at_ms))
    found = []
    for each in every:
        group = ACTIONS[each.action].exclusive_group
        if group is None or not ACTIONS[each.action].revertible:
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
        held[what] = each.expires_at_ms if ACTIONS[each.action].revertible else each.issued_at_ms
    return times


def most_within_a_minute(times: Sequence[int]) -> int:
    """The greatest number of changes in any minute; `times` are in order."""
    most = first = 0
    for place, at_ms in enumerate(times):
        while times[first] <= at_ms - 60_000:
            first += 1
        most = max(most, place - first + 1)
    return most
