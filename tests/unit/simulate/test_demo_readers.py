"""The recording of the demo, in a small form: the same each time, and every second reader's network gets slow once."""

from dataclasses import replace
from pathlib import Path

import msgspec

from infra.demo.readers import READERS, SLOW_RTT_MS, write_readers
from infra.simulate.ground_truth import read_truth
from infra.simulate.recording import records
from schemas.event_validation import validate_record
from schemas.events import Event

NOW_MS = 1_790_000_000_000
FEW = replace(READERS, readers=7, minutes=16.0)


def test_the_same_readers_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    assert write_readers(first, FEW) == write_readers(second, FEW)
    assert first.read_bytes() == second.read_bytes()


def test_events_are_valid_and_come_in_order_of_arrival(tmp_path: Path) -> None:
    target = tmp_path / "few.jsonl"
    truth = write_readers(target, FEW)
    events = [validate_record(line, NOW_MS) for line in records(target)]
    assert all(isinstance(event, Event) for event in events)
    arrivals = [event.received_at_ms for event in events if isinstance(event, Event)]
    assert arrivals == sorted(arrivals)
    assert len(arrivals) == truth.events
    assert read_truth(target) == truth


def test_each_reader_changes_once_and_every_second_network_gets_slow(tmp_path: Path) -> None:
    target = tmp_path / "few.jsonl"
    truth = write_readers(target, FEW)
    assert {episode.behaviour for episode in truth.episodes} == set(FEW.changes)
    slow = [msgspec.json.decode(line, type=Event) for line in records(target) if b'-slow"' in line]
    assert len({event.session_id for event in slow}) == len(slow) == 4
    assert {event.context.rtt_ms for event in slow if event.context} == {SLOW_RTT_MS}
