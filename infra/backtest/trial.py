"""A back-test of rules: on a recording, or on what stands on events.v1."""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from infra.backtest.recorded_events import SLACK_MS, Intake
from infra.backtest.report import Backtest, report
from infra.backtest.runner import WAIT_MS, BacktestJob, Decided, Progress, run
from infra.kafka.compacted import newest_values
from infra.kafka.connection import Kafka
from infra.kafka.reading import Record, TopicReader
from infra.simulate.ground_truth import Episode, read_truth
from infra.simulate.judging import Span
from infra.simulate.recording import RecordingError, header, records
from models.model_store import load_forest
from schemas.events import Event
from schemas.rules import Rule
from schemas.topics import CONTENT, EVENTS

MAX_EVENTS: Final = 5_000_000
"""More records do not fit into memory: some kilobytes each."""


@dataclass
class RecordedEvents:
    """Raw records in order of arrival, with the broker's time where it is known, and what was planted in them."""

    records: list[tuple[bytes, int | None]]
    episodes: list[Episode] | None = None
    until_ms: int | None = None
    """Last watermark; None to go on after the last event, as in a replay."""
    content: Sequence[tuple[str, bytes]] = ()
    """Content items that are known from the beginning, as (id, JSON), those written last at the end."""


def of_recording(path: Path, most: int = MAX_EVENTS) -> RecordedEvents:
    """Reads a recording and the truth beside it. Raises `RecordingError`."""
    if not path.exists() or path.is_dir():
        raise RecordingError(f"there is no file {path}")
    truth = read_truth(path)
    found = list(islice(records(path), most + 1))
    if len(found) > most:
        raise RecordingError(f"{path} has more than {most} records: cut it into parts")
    return RecordedEvents([(each, None) for each in found], None if truth is None else truth.episodes)


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
    items = newest_values(kafka, CONTENT.name, missing_ok=True)
    content = [(key.decode("utf-8", "replace"), item) for key, item in items.items()]
    written: list[tuple[bytes, int | None]] = [(each.value or b"", each.timestamp_ms) for each in found]
    return RecordedEvents(written, None, reached_ms(written), content)


def reached_ms(written: Iterable[tuple[bytes, int | None]]) -> int | None:
    """How far event time has come on a topic that somebody writes ticks to; None without any. `written` are records and the
    broker's times: what a gateway's clock is ahead of these by more than the slack moves no time."""
    latest_ms, has_ticks = None, False
    for record, written_ms in written:
        if (read := header(record)) is not None:
            at_ms = read.received_at_ms if written_ms is None else min(read.received_at_ms, written_ms + SLACK_MS)
            latest_ms = max(at_ms, latest_ms or 0)
            has_ticks = has_ticks or read.type == "tick"
    return latest_ms - WAIT_MS if has_ticks and latest_ms is not None else None


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
