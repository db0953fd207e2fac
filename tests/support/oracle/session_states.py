"""What session-state.v1 must end with, computed from the recording and the commands alone."""

import time
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from models.session_clock import SESSION_END_MS
from models.session_state import ACTIONS
from schemas.commands import AdjustmentCommand
from schemas.event_validation import validate_record
from schemas.events import Event
from schemas.session_state import MAX_ACTIVE, MAX_RECENT, SessionState
from schemas.topics import ADJUSTMENTS, SESSION_STATE
from tests.support.stack import RunningJob


def compared(job: RunningJob, recording: Sequence[bytes]) -> list[SessionState]:
    """The last state of each session that acted without a long pause, each held to what the session did and was commanded."""
    now_ms = time.time_ns() // 1_000_000
    done: dict[str, dict[str, Event]] = defaultdict(dict)
    for record in recording:
        event = validate_record(record, now_ms)
        if not isinstance(event, Event) or event.occurred_at_ms <= event.received_at_ms - SESSION_END_MS:
            continue
        if event.type in ACTIONS:
            done[event.session_id].setdefault(event.event_id, event)
    commands = [msgspec.json.decode(each.value, type=AdjustmentCommand) for each in job.read(ADJUSTMENTS)]
    taken_back = {each.reverts for each in commands}
    states = _last_states(job)

    found = []
    for session_id, events in done.items():
        newest = sorted(events.values(), key=lambda each: (-each.occurred_at_ms, each.event_id))
        if any(a.occurred_at_ms - b.occurred_at_ms >= SESSION_END_MS // 2 for a, b in pairwise(newest)):
            continue  # It may have begun anew in between.
        state = states[session_id]
        assert [each.event_id for each in state.recent] == [each.event_id for each in newest[:MAX_RECENT]]
        in_force = [
            each.command_id
            for each in sorted(commands, key=lambda each: (-each.issued_at_ms, each.command_id))
            if each.target.id == session_id and each.expires_at_ms > state.updated_at_ms
            if each.action != "revert" and each.command_id not in taken_back
        ]
        assert [each.command_id for each in state.active] == in_force[:MAX_ACTIVE]
        found.append(state)
    return found


def _last_states(job: RunningJob) -> dict[str, SessionState]:
    states: dict[str, SessionState] = {}
    for record in job.read(SESSION_STATE):
        state = msgspec.json.decode(record.value, type=SessionState)
        assert record.key == state.session_id.encode()
        before = states.get(state.session_id)
        assert before is None or before.updated_at_ms <= state.updated_at_ms
        states[state.session_id] = state
    return states
