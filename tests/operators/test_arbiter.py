"""The arbiter through its real operator: when it decides, what it remembers, and when it forgets."""

import json
import random
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models.arbitration.budget import split
from models.arbitration.proposed_change import ProposedChange, encode_change
from models.arbitration.typing_pause import encode_typing
from tests.support.builders import ANNA, MORNING_NEWS, at
from tests.support.flink_fakes import FakeFlink, Running
from tests.support.proposal_strategies import CHANGES, PER_MINUTE
from tests.support.proposed_changes import proposed
from udfs import side_outputs
from udfs.arbiter import ArbiterFunction
from udfs.crossing_rows import target_key

ANNAS = "s" + ANNA
BUDGETS = split(PER_MINUTE, 10)


def started(flink: FakeFlink | None = None, emit_proposals: bool = True) -> Running:
    return Running(ArbiterFunction(BUDGETS, emit_proposals), flink)


def sent(job: Running, *changes: ProposedChange) -> list[Any]:
    return [
        each for change in changes for each in job.send(target_key(change.command.target), (encode_change(change),))
    ]


def told(emitted: Sequence[Any]) -> list[tuple[str, str]]:
    """(rule, action) of the commands."""
    commands = [json.loads(each[1]) for each in emitted if not isinstance(each, tuple)]
    return [(each["source"]["id"], each["action"]) for each in commands]


def outcomes(emitted: Sequence[Any]) -> list[tuple[str, str | None]]:
    """(outcome, reason) of the proposals."""
    sides = [each for each in emitted if isinstance(each, tuple)]
    assert all(tag.tag_id == side_outputs.PROPOSALS.tag_id for tag, _ in sides)
    proposals = [json.loads(row[1]) for _, row in sides]
    return [(each["outcome"], each["reason"]) for each in proposals]


def test_an_event_is_decided_at_once_and_a_window_when_its_end_has_passed() -> None:
    job = started()
    assert told(sent(job, proposed("click", "reorder", 61, lane="event"))) == [("click", "reorder")]
    assert sent(job, proposed("tired", "simplify", 60)) == []
    assert job.advance(at(60) - 1) == []
    emitted = job.advance(at(60))
    assert (told(emitted), outcomes(emitted)) == ([("tired", "simplify")], [("commanded", None)])


def test_records_stand_under_the_id_of_their_target() -> None:
    [command, (_, proposal)] = sent(started(), proposed("click", "reorder", 61, lane="event"))
    assert command[0] == proposal[0] == ANNA.encode()
    assert json.loads(proposal[1])["command_id"] == json.loads(command[1])["command_id"]


def test_proposals_can_be_switched_off() -> None:
    assert len(sent(started(emit_proposals=False), proposed("click", "reorder", 61, lane="event"))) == 1


def test_a_restart_forgets_nothing() -> None:
    before = started()
    sent(before, proposed("strong", "simplify", 60, priority=90), proposed("click", "reorder", 50, lane="event"))
    before.advance(at(60))
    sent(before, proposed("weak", "shorten", 70, priority=10))
    after = started(before.flink)
    emitted = after.advance(at(70))
    assert outcomes(emitted) == [("suppressed", "exclusive")]


def test_targets_do_not_disturb_each_other() -> None:
    from schemas.commands import Target

    job = started()
    sent(job, proposed("a", "shorten", 60), proposed("b", "shorten", 60, target=Target("content", MORNING_NEWS)))
    assert sorted(told(job.advance(at(60)))) == [("a", "shorten"), ("b", "shorten")]


def test_state_is_empty_once_nothing_of_it_matters() -> None:
    job = started()
    sent(job, proposed("click", "reorder", 50, lane="event"), proposed("long", "simplify", 60, expires_s=30_000))
    job.advance(at(60))
    job.advance(at(30_059))
    assert job.flink.left_of(ANNAS) == {"arbiter-v1"}
    job.advance(at(60_000))
    assert job.flink.left_of(ANNAS) == set()
    assert job.flink.timers == set()


def test_commands_are_counted() -> None:
    job = started()
    sent(job, proposed("click", "reorder", 50, lane="event"))
    assert job.flink.counters["commands"] == 1


def emitted_by(changes: Sequence[ProposedChange], restart_every: int | None) -> tuple[list[bytes], list[bytes]]:
    """All that is emitted for proposals in that order; `restart_every` of them event time advances, with a restart.

    An event comes before event time has passed it, a window's proposals before it has passed the window's end.
    """
    job, emitted = started(), []
    for number, change in enumerate(changes):
        emitted += sent(job, change)
        if restart_every is not None and number % restart_every == 0:
            later = min((each.command.issued_at_ms for each in changes[number + 1 :]), default=10**14)
            job = started(job.flink)
            if later - 1 > job.flink.watermark:
                emitted += job.advance(later - 1)
    emitted += job.advance(10**14)
    assert job.flink.values["arbiter-v1"] == {}
    commands = sorted(bytes(each[1]) for each in emitted if not isinstance(each, tuple))
    return commands, sorted(bytes(each[1][1]) for each in emitted if isinstance(each, tuple))


@given(CHANGES, st.integers(0, 2**32), st.sampled_from([None, 1, 3]))
@settings(max_examples=200, deadline=None)
def test_whenever_windows_come_and_timers_fire_the_bytes_are_the_same(
    changes: list[ProposedChange], seed: int, restart_every: int | None
) -> None:
    """Events of a session come in one order, and not far apart in time; windows at any time before they have passed."""
    events = sorted((each for each in changes if each.lane == "event"), key=lambda each: each.command.issued_at_ms)
    windows = [each for each in changes if each.lane == "window"]
    straight = emitted_by([*windows, *events], None)
    random.Random(seed).shuffle(windows)
    in_time = sorted([*events, *windows], key=lambda each: each.command.issued_at_ms)
    assert emitted_by([*events, *windows], None) == straight
    assert emitted_by(in_time, restart_every) == straight


def typed(job: Running, at_s: float) -> list[Any]:
    return list(job.send(ANNAS, (encode_typing(at(at_s)),)))


def test_while_the_reader_types_a_window_waits_for_a_timer_of_its_own_also_after_a_restart() -> None:
    before = started()
    assert typed(before, 55) == []
    sent(before, proposed("tired", "simplify", 60))
    assert before.advance(at(60)) == []
    after = started(before.flink)
    assert after.advance(at(65) - 1) == []
    assert told(after.advance(at(65))) == [("tired", "simplify")]


def test_typing_alone_leaves_no_state() -> None:
    job = started()
    typed(job, 55)
    typed(job, 63)
    job.advance(at(72))
    assert job.flink.left_of(ANNAS)
    job.advance(at(73))
    assert not job.flink.left_of(ANNAS)
