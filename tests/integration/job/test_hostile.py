"""Ten thousand hostile records straight into the events topic: no restart, each accounted for."""

import time
from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest

from infra.local.stack import Stack
from models.rules.compiled import KNOWN_FEATURES
from schemas.event_validation import validate_record
from schemas.events import Event
from schemas.rejects import REASONS, ValidationFailure
from schemas.rules import parse_rule_file
from schemas.topics import ADJUSTMENTS, EVENTS, REJECTED, RULES
from tests.support.hostile.records import hostile_records
from tests.support.stack import RunningJob, running_job

pytestmark = pytest.mark.kafka
COUNT = 10_000

PUT = """
rules:
  - {id: any-click, version: 3, about: test, lane: event, when: [{event: type, equals: click}], then: {action: expand}}
"""


@pytest.fixture(scope="module")
def job(stack: Stack) -> Iterator[RunningJob]:
    with running_job(stack) as job:
        yield job


@pytest.mark.timeout(300)
def test_a_rule_put_on_the_topic_is_in_force_and_a_broken_one_is_not(job: RunningJob) -> None:
    (rule,) = parse_rule_file(PUT, KNOWN_FEATURES)
    job.topics.put(RULES, [("any-click", msgspec.json.encode(rule)), ("broken", b'{"id": 7}'), ("gone", None)])
    click = Event("c1", "click", 1_760_000_000_000, 1_760_000_000_050, "clicker")
    found: list[str] = []
    for attempt in range(60):
        # Cooldowns are per session, so each try is another session.
        event = msgspec.structs.replace(click, event_id=f"c{attempt}", session_id=f"clicker-{attempt}")
        job.topics.put(EVENTS, [(event.session_id, msgspec.json.encode(event))], partition=0)
        found = [msgspec.json.decode(each.value)["source"]["id"] for each in job.read(ADJUSTMENTS, quiet_s=1.0)]
        if found:
            break
    assert set(found) == {"any-click"}
    job.topics.put(RULES, [("any-click", None)])
    assert job.restarts() == 0


@pytest.mark.timeout(300)
def test_hostile_records_are_refused_with_a_reason_and_restart_nothing(job: RunningJob) -> None:
    hostile = list(hostile_records(seed=11, count=COUNT))
    now_ms = time.time_ns() // 1_000_000
    found = [validate_record(each, now_ms) for each in hostile]
    refused = Counter(each.reason for each in found if isinstance(each, ValidationFailure))
    valid = [each for each in found if isinstance(each, Event)]
    before = len(job.read(REJECTED))
    job.topics.put(EVENTS, [(None, each) for each in hostile], partition=0)
    # What is valid among them lies in windows; ticks behind the last of them close those. A reader's clock may be ahead.
    end_ms = max(max(each.occurred_at_ms, each.received_at_ms) for each in valid) + 120_000
    tick = msgspec.json.encode(Event("tick", "tick", end_ms, end_ms, "tick"))
    for partition in range(4):
        job.topics.put(EVENTS, [(None, tick)], partition)
    # Together with what the test before has sent: its windows close only now.
    sent = [validate_record(record.value or b"", now_ms) for record in job.read(EVENTS)]
    account = job.settle(sum(not (isinstance(each, Event) and each.type == "tick") for each in sent))
    reasons = Counter(msgspec.json.decode(each.value)["reason"] for each in job.read(REJECTED)[before:])
    print(f"\n{COUNT} hostile records: {account}, {dict(reasons)}, {job.restarts()} restarts")
    assert reasons == refused
    assert set(reasons) == set(REASONS)
    assert account.missing == 0
    assert job.restarts() == 0
