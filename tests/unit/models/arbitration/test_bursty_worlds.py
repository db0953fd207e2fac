"""The arbiter in bursty worlds: clicks around the ends of windows, commands that expire as others are proposed, several sessions.

Restored from its state between any two steps, and told the time as it goes on, it decides as it does in one piece.
"""

from collections.abc import Sequence
from random import Random
from typing import Final, get_args

import msgspec
import pytest

from infra.simulate.commands_in_force import changes_made, conflicts, most_within_a_minute
from models.arbitration.arbiter import Arbiter
from models.arbitration.budget import split
from models.arbitration.precedence import importance
from models.arbitration.proposed_change import ProposedChange
from models.arbitration.target_state import TargetState, empty_state
from schemas.commands import AdjustmentCommand, encode
from schemas.proposals import Proposal, SuppressionReason, encode_proposal
from tests.support.builders import at
from tests.support.proposed_changes import proposed

ACTIONS: Final = ("simplify", "enrich", "reorder", "refresh_recommendations", "lighten_media", "prompt", "localise")
PER_MINUTE: Final = 4
PER_SESSION: Final = 10
BUDGETS: Final = split(PER_MINUTE, PER_SESSION)
SESSIONS_S: Final = (0, 2_400)
LENGTH_S: Final = 600


def world(seed: int, length: int = 400) -> list[ProposedChange]:
    """Proposals of twelve rules about one reader, in order of event time, events before windows."""
    random, seen = Random(seed), set()
    found: list[ProposedChange] = []
    while len(found) < length:
        number, since_s = random.randrange(12), random.choice(SESSIONS_S)
        is_event = number % 2 == 0
        at_s: float = since_s + 10 * random.randrange(1, LENGTH_S // 10)
        if is_event:
            at_s += random.choice([0.0, 0.0, 0.001, -0.001, 0.05, -0.05, random.uniform(0, 10)])
        at_s = round(at_s, 3)
        if (number, at_s) in seen:
            continue
        seen.add((number, at_s))
        is_revert = random.random() < 0.15
        valid_until_ms = at(at_s + random.choice([-10, 0, 10])) if random.random() < 0.1 else None
        found.append(
            proposed(
                f"rule-{number}",
                "revert"
                if is_revert
                else random.choice([ACTIONS[number % 7], ACTIONS[number % 7], random.choice(ACTIONS)]),
                at_s,
                lane="event" if is_event else "window",
                kind="context" if number in (4, 5) else "rule",
                priority=random.choice([30, 30, 50, 80]),
                expires_s=random.choice([0, 0.05, 10, 20, 30, 120]),
                parameters={} if is_revert else random.choice([{}, {}, {"variant": "x"}]),
                confidence=random.choice([0.5, 1.0, 1.0]),
                cooldown_ms=random.choice([0, 10_000, 60_000]),
                renews=random.random() < 0.3,
                mode="shadow" if random.random() < 0.05 else "active",
                max_per_session=3 if number == 7 else None,
                quiet="reading" if random.random() < 0.1 else None,
                lacks="no variant simple" if random.random() < 0.05 else None,
                valid_until_ms=valid_until_ms,
                session_since_ms=at(since_s) + 1,
            )
        )
    return sorted(found, key=lambda each: (each.command.issued_at_ms, each.lane))


class Decided:
    """Commands and proposals of one run, in order of event time."""

    def __init__(self) -> None:
        self.commands: list[AdjustmentCommand] = []
        self.proposals: list[Proposal] = []

    def bytes(self) -> list[bytes]:
        return sorted([*map(encode, self.commands), *map(encode_proposal, self.proposals)])


def in_one_piece(changes: Sequence[ProposedChange]) -> Decided:
    arbiter, state, found = Arbiter(BUDGETS), empty_state(), Decided()
    for change in changes:
        if change.lane == "event":
            decided = arbiter.on_event(state, change)
            found.commands += decided.commands
            found.proposals += decided.proposals
        else:
            arbiter.on_window(state, change)
    decided = arbiter.on_time(state, at(100_000))
    found.commands += decided.commands
    found.proposals += decided.proposals
    found.commands.sort(key=lambda each: each.issued_at_ms)
    return found


def piece_by_piece(changes: Sequence[ProposedChange], seed: int) -> Decided:
    """Windows are decided as event time goes on, and the state is stored and restored at each step."""
    random, found, stored = Random(seed), Decided(), msgspec.json.encode(empty_state())
    for place, change in enumerate(changes):
        arbiter, state = Arbiter(BUDGETS), msgspec.json.decode(stored, type=TargetState)
        if change.lane == "event":
            decided = arbiter.on_event(state, change)
            found.commands += decided.commands
            found.proposals += decided.proposals
        else:
            arbiter.on_window(state, change)
        stored = msgspec.json.encode(state)
        if random.random() < 0.5:
            next_ms = changes[place + 1].command.issued_at_ms if place + 1 < len(changes) else at(100_000)
            state = msgspec.json.decode(stored, type=TargetState)
            decided = arbiter.on_time(state, next_ms - 1)
            found.commands += decided.commands
            found.proposals += decided.proposals
            stored = msgspec.json.encode(state)
    decided = Arbiter(BUDGETS).on_time(msgspec.json.decode(stored, type=TargetState), at(100_000))
    found.commands += decided.commands
    found.proposals += decided.proposals
    return found


SEEDS: Final = range(1500, 1540)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_must_hold_holds(seed: int) -> None:
    changes = world(seed)
    found = in_one_piece(changes)
    assert conflicts(found.commands) == []
    times = changes_made(found.commands)
    assert most_within_a_minute(times) <= PER_MINUTE
    for since_s in SESSIONS_S:
        own = [each for each in times if at(since_s) <= each < at(since_s + LENGTH_S)]
        assert len(own) <= PER_SESSION
    commands = {each.command_id: each for each in found.commands}
    proposing = {each.command.command_id: each for each in changes}
    assert len(found.proposals) == len(changes) == len({each.proposal_id for each in found.proposals})
    reasons = get_args(SuppressionReason)
    for told in found.proposals:
        if told.outcome == "commanded":
            assert told.reason is None
            assert told.command_id in commands
            continue
        assert told.reason in reasons
        if told.reason in ("exclusive", "outranked"):
            [change] = [
                each
                for each in changes
                if each.command.source.id == told.source.id and each.command.issued_at_ms == told.at_ms
            ]
            blocker = commands[told.by or ""]
            if blocker.source.id != told.source.id:
                other = proposing[blocker.command_id]
                mine = importance(change.command.source.kind, change.command.priority, change.confidence)
                assert mine <= importance(other.command.source.kind, other.command.priority, other.confidence)


@pytest.mark.parametrize("seed", SEEDS)
def test_restored_in_the_middle_it_decides_as_undisturbed(seed: int) -> None:
    changes = world(seed)
    assert piece_by_piece(changes, seed).bytes() == in_one_piece(changes).bytes()


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_reverted_was_in_force_and_is_reverted_before_what_replaces_it(seed: int) -> None:
    found = in_one_piece(world(seed))
    issued: dict[str, AdjustmentCommand] = {}
    for each in found.commands:
        if each.reverts is not None:
            assert each.reverts in issued
            assert each.issued_at_ms < issued[each.reverts].expires_at_ms == each.expires_at_ms
        issued[each.command_id] = each
    assert len(issued) == len(found.commands)
