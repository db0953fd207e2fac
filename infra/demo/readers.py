"""Writes the recording that the demo replays: bursty readers, each of whom changes once."""

import gzip
from heapq import merge
from pathlib import Path
from typing import Final

import msgspec

from infra.simulate.ground_truth import Truth, truth_path
from infra.simulate.recording import records
from infra.simulate.worlds.catalogue import WORLDS
from infra.simulate.worlds.recording import BEGIN_MS, MINUTE_MS, WorldRecording
from schemas.events import Context, Event

READERS: Final = WorldRecording(
    "mixed", readers=84, minutes=30.0, seed=20, changes=WORLDS["mixed"].changes, arrive_minutes=3.0
)
"""Half an hour of event time is what a change after ten minutes, four minutes long, needs; a minute of replay has room for it."""

SLOW_EVERY: Final = 2
"""The network of every second reader gets slow once: a single event that is answered at once, to measure the fast lane."""

SLOW_AFTER_MS: Final = 300_000
SLOW_RTT_MS: Final = 900
ARRIVES_AFTER_MS: Final = 50


def write_readers(target: Path, readers: WorldRecording = READERS) -> Truth:
    """Writes the recording and its truth. The same readers give the same bytes."""
    truth = readers.write(target)
    slow = sorted(
        _slow_network(session_id, BEGIN_MS + round(offset_ms))
        for number, (session_id, offset_ms, _, _) in enumerate(readers.cohort())
        if number % SLOW_EVERY == 0 and readers.minutes * MINUTE_MS > SLOW_AFTER_MS
    )
    known = [(msgspec.json.decode(line)["received_at_ms"], line) for line in records(target)]
    body = b"".join(line + b"\n" for _, line in merge(known, slow, key=lambda each: each[0]))
    target.write_bytes(gzip.compress(body, 6, mtime=0) if target.suffix == ".gz" else body)
    truth = msgspec.structs.replace(truth, events=truth.events + len(slow))
    truth_path(target).write_bytes(msgspec.json.format(msgspec.json.encode(truth), indent=1) + b"\n")
    return truth


def _slow_network(session_id: str, begin_ms: int) -> tuple[int, bytes]:
    """Time of arrival, and the event as JSON."""
    occurred_ms = begin_ms + SLOW_AFTER_MS
    event = Event(
        event_id=f"{session_id}-slow",
        type="context",
        occurred_at_ms=occurred_ms,
        received_at_ms=occurred_ms + ARRIVES_AFTER_MS,
        session_id=session_id,
        context=Context(rtt_ms=SLOW_RTT_MS),
    )
    return event.received_at_ms, msgspec.json.encode(event)
