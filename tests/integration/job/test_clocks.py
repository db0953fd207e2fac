"""A gateway whose clock is an hour ahead, beside one whose clock is right."""

import time
from collections.abc import Iterator
from threading import Event as Flag
from threading import Thread

import msgspec
import pytest

from infra.kafka.reading import TopicReader
from infra.local import flink
from infra.local.stack import Stack
from infra.simulate.replay import tick
from schemas.events import Event, EventType
from schemas.rules import Rule, parse_rule
from schemas.topics import ADJUSTMENTS, EVENTS, LATE, RULES
from tests.support.builders import rule_data
from tests.support.stack import RunningJob, running_job
from tests.support.waiting import until

pytestmark = pytest.mark.kafka

AHEAD_MS = 3_600_000
CLICKED: Rule = parse_rule(
    rule_data(id="clicked", lane="event", when=[{"event": "type", "equals": "click"}], then={"action": "expand"}),
    {"event": (), "session_window": (), "content_window": ()},
)
SEEN: Rule = parse_rule(
    rule_data(id="seen", when=[{"feature": "pages", "above": 0}], then={"action": "prompt"}),
    {"event": (), "session_window": ("pages",), "content_window": ()},
)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Gateway:
    """Ticks to all partitions each second, and brings a click and a page of a reader now and then, by a clock of its own."""

    def __init__(self, job: RunningJob, name: str, ahead_ms: int) -> None:
        self._job, self._name, self._ahead_ms = job, name, ahead_ms
        self._stop = Flag()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(0.5):
            at_ms = now_ms() + self._ahead_ms
            number += 1
            session = f"{self._name}-{number // 20}"
            kind: EventType = "click" if number % 2 else "page_view"
            event = Event(
                f"{self._name}-{number}", kind, at_ms - 100, at_ms, session, content_id="a", content_type="news"
            )
            self._job.topics.put(EVENTS, [(session, msgspec.json.encode(event))])
            if number % 2:
                for partition in range(EVENTS.partitions):
                    self._job.topics.put(EVENTS, [("tick", tick(partition, at_ms))], partition)


@pytest.fixture
def job(stack: Stack) -> Iterator[RunningJob]:
    with running_job(stack) as job:
        job.topics.put(RULES, [(each.id, msgspec.json.encode(each)) for each in (CLICKED, SEEN)])
        yield job


@pytest.mark.timeout(300)
def test_a_gateway_whose_clock_is_ahead_makes_nobody_late_and_its_readers_are_judged_with_the_others(
    job: RunningJob,
) -> None:
    right, ahead = Gateway(job, "right", 0), Gateway(job, "ahead", AHEAD_MS)
    try:
        answered = {(rule, name) for rule in ("clicked", "seen") for name in ("right", "ahead")}
        until(lambda: answered <= found(job).keys(), patience_s=150)
    finally:
        right.stop()
        ahead.stop()
    assert job.read(LATE) == []
    latest_ms = now_ms() + 70_000
    assert all(issued_ms < latest_ms for issued_ms in found(job).values()), "a command of the future"
    until(lambda: counted_ahead(job) > 10, patience_s=30)
    assert job.restarts() == 0


def found(job: RunningJob) -> dict[tuple[str, str], int]:
    """Time of the last command by rule and gateway."""
    with TopicReader(job.stack.bootstrap, job.topics.name(ADJUSTMENTS)) as reader:
        commands = [msgspec.json.decode(each.value) for each in reader.read_to_end(0.0) if each.value]
    return {
        (each["source"]["id"], each["session_id"].partition("-")[0]): each["issued_at_ms"]
        for each in commands
        if each["session_id"]
    }


def counted_ahead(job: RunningJob) -> int:
    """The job's own count of events that it has set back, from Flink's metrics."""
    total = 0
    for vertex in flink.get(job.stack.rest_port, f"/jobs/{job.job_id}")["vertices"]:
        place = f"/jobs/{job.job_id}/vertices/{vertex['id']}/subtasks/metrics"
        names = [
            each["id"] for each in flink.get(job.stack.rest_port, place) if each["id"].endswith("clockAheadEvents")
        ]
        for name in names:
            (value,) = flink.get(job.stack.rest_port, f"{place}?get={name}&agg=sum")
            total += int(value["sum"])
    return total
