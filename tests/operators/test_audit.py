"""What was not used, and how much was, as records for the audit topics."""

from base64 import b64decode

import msgspec
import pytest

from schemas.audit import LateEvent, WindowTally
from schemas.rejects import REASONS, RejectedRecord
from tests.operators.conftest import Start
from tests.support.builders import ANNA, CrossingRow, at
from tests.support.operator_outputs import commands, fed, records


def rejected(reason: str | None, original: bytes) -> CrossingRow:
    return "rejected", [2.0, 1_234_567.0, float(at(5))], [reason, "value: 0..1", original.decode("latin-1")]


@pytest.mark.parametrize("reason", REASONS)
def test_a_rejected_record_keeps_its_reason_and_its_bytes(start: Start, reason: str) -> None:
    original = bytes(range(256))
    [(output, key, body)] = records(fed(start(), [rejected(reason, original)]))
    record = msgspec.json.decode(body, type=RejectedRecord)
    assert (output, key) == ("rejected", reason.encode())
    assert b64decode(record.original) == original
    assert record == RejectedRecord(
        reason,  # type: ignore[arg-type]
        "value: 0..1",
        "adjust",
        "events.v1",
        2,
        1_234_567,
        record.original,
        at(5),
    )


def test_an_empty_record_is_rejected_as_it_is(start: Start) -> None:
    [(_, key, body)] = records(fed(start(), [rejected(None, b"")]))
    record = msgspec.json.decode(body, type=RejectedRecord)
    assert (key, record.reason, record.original) == (b"malformed", "malformed", "")


@pytest.mark.parametrize(("event_id", "type"), [("e17", "scroll"), (None, None)])
def test_a_late_event_tells_where_it_stands(start: Start, event_id: str | None, type: str | None) -> None:
    row: CrossingRow = ("late", [float(at(5)), float(at(9)), 3.0, 2.0**40], [event_id, type, ANNA])
    job = start()
    [(output, key, body)] = records(fed(job, [row]))
    assert (output, key) == ("late", ANNA.encode())
    assert job.flink.counters["lateEvents"] == 1
    assert msgspec.json.decode(body, type=LateEvent) == LateEvent(event_id, type, ANNA, at(5), at(9), 3, 2**40)


def test_a_tally_counts_what_was_used(start: Start) -> None:
    row: CrossingRow = ("tally", [float(at(60)), 1_800.0, 7.0], [None])
    [(output, key, body)] = records(fed(start(), [row]))
    assert (output, key) == ("tally", str(at(60)).encode())
    assert msgspec.json.decode(body, type=WindowTally) == WindowTally(at(60), 1_800, 7)


def test_audit_records_are_no_commands_and_leave_no_state(start: Start) -> None:
    job = start()
    emitted = fed(job, [rejected("malformed", b"{"), ("tally", [float(at(60)), 1.0, 0.0], [None])])
    assert commands(emitted) == []
    assert all(not held for held in job.flink.values.values())
    assert job.flink.timers == set()
