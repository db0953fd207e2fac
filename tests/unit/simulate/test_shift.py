"""A shifted recording: later, of other sessions, and otherwise the same."""

import json

import pytest

from infra.simulate.recording import SAMPLE, RecordingError, header, records
from infra.simulate.replay import TRAIL_MS
from infra.simulate.shift import MAX_ID_LENGTH, Shift
from schemas.event_validation import validate_record
from schemas.events import Event

BEGIN_MS = 1_760_000_000_000
NOW_MS = BEGIN_MS + 86_400_000


def event(at_s: float, name: str = "e1", session: str = "anna") -> bytes:
    at_ms = BEGIN_MS + round(at_s * 1000)
    body = {"event_id": name, "type": "click", "occurred_at_ms": at_ms - 40, "received_at_ms": at_ms}
    return json.dumps({**body, "session_id": session, "user_id": "u", "content_id": "c"}).encode()


def received(recording: list[bytes]) -> list[int]:
    return [read.received_at_ms for read in map(header, recording) if read is not None]


def test_a_fast_replay_and_its_ticks_end_now() -> None:
    recording = [event(0), event(600)]
    (first, last) = received([*Shift.to_now(recording, NOW_MS, speed=0).apply(recording)])
    assert last + TRAIL_MS == NOW_MS
    assert last - first == 600_000


def test_at_its_own_speed_a_recording_begins_now() -> None:
    recording = [event(5), event(600)]
    assert received([*Shift.to_now(recording, NOW_MS, speed=1).apply(recording)]) == [NOW_MS, NOW_MS + 595_000]


def test_ids_change_alike_and_what_is_not_of_the_session_stays() -> None:
    (before, repeat, other) = (event(0), event(1), event(2, "e2", "ben"))
    first, second, third = map(json.loads, Shift(1000).apply([before, repeat, other]))
    assert first["event_id"] == second["event_id"] != "e1"
    assert first["session_id"] == second["session_id"] not in ("anna", third["session_id"])
    assert (first["user_id"], first["content_id"], first["type"]) == ("u", "c", "click")
    assert first["received_at_ms"] - first["occurred_at_ms"] == 40


def test_two_shifts_give_two_sets_of_ids() -> None:
    (one,) = Shift(1000).apply([event(0)])
    (two,) = Shift(2000).apply([event(0)])
    assert json.loads(one)["session_id"] != json.loads(two)["session_id"]


def test_a_long_id_stays_within_the_contract() -> None:
    (shifted,) = Shift(1000).apply([event(0, "e" * MAX_ID_LENGTH, "s" * MAX_ID_LENGTH)])
    assert isinstance(validate_record(shifted, NOW_MS), Event)


def test_records_that_are_no_events_stay_as_they_are() -> None:
    assert [*Shift(1000).apply([b"", b"{", b'{"type":"click"}'])] == [b"", b"{", b'{"type":"click"}']


def test_the_sample_has_as_many_valid_events_after_a_shift() -> None:
    def valid(recording: list[bytes]) -> int:
        return sum(isinstance(validate_record(record, 2**62), Event) for record in recording)

    sample = [*records(SAMPLE)]
    assert valid([*Shift(12_345_678).apply(sample)]) == valid(sample) > 1000


def test_a_recording_without_an_event_cannot_be_shifted() -> None:
    with pytest.raises(RecordingError, match="holds no event"):
        Shift.to_now([b"{"], NOW_MS, speed=0)
