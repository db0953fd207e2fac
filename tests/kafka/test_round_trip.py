"""The job on the real stack: the recorded sample in, and the commands of the plain-Python reference out."""

import base64
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import msgspec
import pytest

from infra.local.stack import Stack
from infra.simulate.recording import SAMPLE, records
from infra.simulate.replay import Replayed
from infra.simulate.truth import read_truth, score
from models.attention import SESSION_END_MS
from models.session_states import ACTIONS
from schemas.commands import AdjustmentCommand
from schemas.contract import verdict
from schemas.events import Event
from schemas.state import MAX_ACTIVE, MAX_RECENT, SessionState
from schemas.topics import ADJUSTMENTS, EVENTS, LATE, REJECTED, SESSION_STATE
from tests.stack import RunningJob, expected, start_job

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def recording() -> list[bytes]:
    return list(records(SAMPLE))


@pytest.fixture(scope="module", params=["thread", "process"])
def replayed(
    request: pytest.FixtureRequest, stack: Stack, recording: list[bytes]
) -> Iterator[tuple[RunningJob, Replayed]]:
    job = start_job(stack, "--execution-mode", request.param)
    yield job, job.replay(recording)
    job.cancel()


@pytest.mark.timeout(400)
def test_commands_are_those_of_the_reference_byte_by_byte(
    replayed: tuple[RunningJob, Replayed], recording: list[bytes]
) -> None:
    job, done = replayed
    account = job.settle(done.sent, patience_s=180)
    wanted = expected(recording, done)
    assert (account.used, account.late, account.duplicates, account.rejected) == (
        wanted.used,
        len(job.read(LATE)),
        wanted.duplicates,
        len(wanted.rejected),
    )
    assert account.missing == 0
    assert job.commands(len(wanted.commands)) == wanted.commands
    assert job.restarts() == 0


def test_every_planted_behaviour_is_answered_and_little_else(replayed: tuple[RunningJob, Replayed]) -> None:
    job, _ = replayed
    truth = read_truth(SAMPLE)
    assert truth is not None
    found = score(truth.episodes, [msgspec.json.decode(record.value) for record in job.read(ADJUSTMENTS)])
    assert (found.precision or 0.0) >= 0.9
    assert (found.recall or 0.0) >= 0.9
    assert {episode.behaviour for episode in truth.episodes} == set(found.seconds_to_detect)


def test_a_refused_record_is_kept_with_reason_place_and_bytes(
    replayed: tuple[RunningJob, Replayed], recording: list[bytes]
) -> None:
    job, done = replayed
    refused = [msgspec.json.decode(record.value) for record in job.read(REJECTED)]
    wanted = expected(recording, done).rejected
    assert sorted(each["reason"] for each in refused) == sorted(each.reason for each in wanted)
    where = {(record.partition, record.offset): record.value for record in job.read(EVENTS)}
    for each in refused:
        assert base64.b64decode(each["original"]) == (where[each["partition"], each["offset"]] or b"")
        assert each["seen_at_ms"] > 0


def test_the_last_state_of_each_session_holds_what_it_did_and_what_is_in_force(
    replayed: tuple[RunningJob, Replayed], recording: list[bytes]
) -> None:
    job, _ = replayed
    now_ms = time.time_ns() // 1_000_000
    done: dict[str, dict[str, Event]] = defaultdict(dict)
    for record in recording:
        event = verdict(record, now_ms)
        if isinstance(event, Event) and event.type in ACTIONS:
            done[event.session_id].setdefault(event.event_id, event)
    commands = [msgspec.json.decode(record.value, type=AdjustmentCommand) for record in job.read(ADJUSTMENTS)]

    states: dict[str, SessionState] = {}
    for record in job.read(SESSION_STATE):
        state = msgspec.json.decode(record.value, type=SessionState)
        assert record.key == state.session_id.encode()
        before = states.get(state.session_id)
        assert before is None or before.updated_at_ms <= state.updated_at_ms
        states[state.session_id] = state

    compared = 0
    for session_id, events in done.items():
        newest = sorted(events.values(), key=lambda each: (-each.occurred_at_ms, each.event_id))
        if any(a.occurred_at_ms - b.occurred_at_ms >= SESSION_END_MS // 2 for a, b in pairwise(newest)):
            continue  # It may have been forgotten in between.
        state = states[session_id]
        assert [each.event_id for each in state.recent] == [each.event_id for each in newest[:MAX_RECENT]]
        active = [
            each.command_id
            for each in sorted(commands, key=lambda each: (-each.issued_at_ms, each.command_id))
            if each.target.kind == "session"
            and each.target.id == session_id
            and each.expires_at_ms > state.updated_at_ms
        ]
        assert [each.command_id for each in state.active] == active[:MAX_ACTIVE]
        compared += 1
    assert compared > 50
    assert any(state.active for state in states.values())
    assert any(state.scores.get("isolation_forest") for state in states.values())
