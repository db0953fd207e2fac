"""A back-test of rules: on a recording, or on what stands on events.v1."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.backtest.recorded_events import Intake
from infra.backtest.report import Backtest, report
from infra.backtest.runner import WAIT_MS, BacktestJob, Decided, Progress, run
from infra.kafka.compacted import newest_values
from infra.kafka.connection import Kafka
from infra.kafka.reading import Record, TopicReader
from infra.simulate.ground_truth import Episode, read_truth
from infra.simulate.judging import Span
from infra.simulate.recording import Header, RecordingError, header, records
from models.model_store import load_forest
from schemas.events import Event
from schemas.rules import Rule
from schemas.topics import CONTENT, EVENTS

MAX_EVENTS: Final = 5_000_000
"""More do not fit into memory: some kilobytes each."""


@dataclass
class RecordedEvents:
    """Raw records in order of arrival, with the broker's time where it is known, and what was planted in them."""

    records: list[tuple[bytes, int | None]]
    episodes: list[Episode] | None = None
    until_ms: int | None = None
    """Last watermark; None to go on after the last event, as in a replay."""
    content: Sequence[tuple[str, bytes]] = ()
    """Content items that are known from the beginning, as (id, JSON), those written last at the end."""


def of_recording(path: Path) -> RecordedEvents:
    """Reads a recording and the truth beside it. Raises `RecordingError`."""
    if not path.exists():
        raise RecordingError(f"there is no file {path}")
    truth = read_truth(path)
    return RecordedEvents([(each, None) for each in records(path)], None if truth is None else truth.episodes)


def of_topic(kafka: Kafka, last_ms: int) -> RecordedEvents:
    """Reads the records that the broker wrote within the last `last_ms`, and the content items as they stand now.

    Raises `StreamError` and `RecordingError`.
    """
    found: list[Record] = []
    with TopicReader(kafka, EVENTS.name) as reader:
        reader.assign(reader.offsets_at(time.time_ns() // 1_000_000 - last_ms))
        for record in reader.read_to_end(quiet_s=0.0):
            found.append(record)
            if len(found) > MAX_EVENTS:
                raise RecordingError(f"more than {MAX_EVENTS} events: give a shorter time")
    # Of one session all are in one partition, and stay in order.
    found.sort(key=lambda each: (each.timestamp_ms, each.partition, each.offset))
    found_ticks = max((each.received_at_ms for each in map(_tick, found) if each is not None), default=None)
    until_ms = None if found_ticks is None else found_ticks - WAIT_MS
    items = newest_values(kafka, CONTENT.name, missing_ok=True)
    content = [(key.decode("utf-8", "replace"), item) for key, item in items.items()]
    return RecordedEvents([(each.value or b"", each.timestamp_ms) for each in found], None, until_ms, content)


def _tick(record: Record) -> Header | None:
    read = header(record.value or b"")
    return read if read is not None and read.type == "tick" else None


def backtest(
    given: RecordedEvents, rules: Sequence[Rule], tested: Sequence[str], progress: Progress = lambda _, __: None
) -> tuple[Backtest, Decided]:
    """Runs the rules, the tested ones among them, and reports on them."""
    intake = Intake()
    events = list(intake.read(given.records, time.time_ns() // 1_000_000))
    with _errors_only("udfs", "models.rules"):
        job = BacktestJob(tuple(rules), load_forest())
        for written_ms, (content_id, item) in enumerate(given.content):
            job.on_content(content_id, item, written_ms)
        decided = run(events, job, given.until_ms, progress)
    spans = _spans(events)
    counts = (intake.used, intake.late, intake.rejected)
    return report(decided, rules, tested, spans, given.episodes, counts), decided


@contextmanager
def _errors_only(*names: str) -> Iterator[None]:
    """Keeps warnings back: that it runs as plain Python is known here, and the report says which rules could not be evaluated."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [each.level for each in loggers]
    for each in loggers:
        each.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for each, level in zip(loggers, levels, strict=True):
            each.setLevel(level)


def _spans(events: Sequence[Event]) -> dict[str, Span]:
    """First and last event of each session, of those that are used: a refused one may bear any time."""
    spans: dict[str, Span] = {}
    for each in events:
        at_ms, known = each.occurred_at_ms, spans.get(each.session_id)
        spans[each.session_id] = (
            Span(at_ms, at_ms) if known is None else Span(min(known.first_ms, at_ms), max(known.last_ms, at_ms))
        )
    return spans
