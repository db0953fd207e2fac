"""Each operator acknowledges the rules of its own lanes: taken up, refused, deleted, restored."""

import json
import time
from typing import Any

import msgspec
import pytest

from schemas.control_acks import ControlAck, ack_key
from tests.operators.conftest import Start
from tests.support.builders import at, rule, rule_data, session_window, trigger_event
from tests.support.flink_fakes import FakeFlink, Running
from tests.support.operator_outputs import fed
from udfs.stages.rule_outcomes import RuleAcknowledger, RuleOutcome

CLICKS = {"lane": "event", "when": [{"event": "type", "equals": "click"}]}


def acks(job: Running) -> list[ControlAck]:
    """What the operator has acknowledged since the last call; each stands under its own key."""
    rows, job.acks = job.acks, []
    found = [(row[0], msgspec.json.decode(row[1], type=ControlAck)) for row in rows]
    assert all(key.decode() == ack_key(ack) for key, ack in found)
    return [ack for _, ack in found]


def brief(job: Running) -> list[tuple[str, int | None, bool]]:
    return [(ack.id, ack.version, ack.refused is not None) for ack in acks(job)]


def put(job: Running, **changed: Any) -> None:
    data = rule_data(**changed)
    job.broadcast(("rule", data["id"], json.dumps(data)))


def test_a_rule_is_acknowledged_as_soon_as_it_comes_without_any_event(start: Start) -> None:
    before_ms = time.time_ns() // 1_000_000
    job = start(flink=FakeFlink(subtask=2, subtasks=4))
    put(job, version=7)
    (ack,) = acks(job)
    assert (ack.kind, ack.id, ack.version, ack.subtask, ack.subtasks) == ("rule", "calm-down", 7, 2, 4)
    assert ack.refused is None
    assert ack.in_force_from_ms is None, "no event has come: nobody knows what time it is"
    assert ack.acknowledged_at_ms >= before_ms


def test_it_is_in_force_from_the_event_time_that_the_subtask_has_come_to(start: Start, start_fast: Start) -> None:
    job = start()
    fed(job, [session_window(60), session_window(50, "someone-else")])
    put(job)
    assert acks(job)[-1].in_force_from_ms == at(60)
    fast = start_fast()
    fed(fast, [trigger_event("e1", 5)])
    put(fast, **CLICKS)
    assert acks(fast)[-1].in_force_from_ms == at(5)


def test_windows_and_events_each_acknowledge_their_own_rules(start: Start, start_fast: Start) -> None:
    windows, events = start(), start_fast()
    for job in (windows, events):
        put(job, id="of-windows")
        put(job, id="of-events", **CLICKS)
        job.broadcast(("rule", "of-events", None))
        job.broadcast(("rule", "unreadable", "{"))
    assert brief(windows) == [("of-windows", 1, False), ("unreadable", None, True)]
    assert brief(events) == [("of-events", 1, False), ("of-events", None, False)]


def test_a_refusal_says_why_and_the_version_it_refuses(start: Start) -> None:
    job = start()
    put(job, version=4)
    put(job, version=5, when=[{"feature": "mood", "above": 1}])
    good, refused = acks(job)
    assert (good.version, good.refused) == (4, None)
    assert (refused.version, refused.in_force_from_ms) == (5, None)
    assert "mood" in str(refused.refused)


def test_a_restarted_subtask_acknowledges_what_it_has_restored_and_its_own_file(start: Start) -> None:
    shipped = rule(id="of-file", version=3)
    before = start(shipped)
    put(before, id="of-topic", version=2)
    after = start(shipped, flink=before.flink)
    fed(after, [session_window(60)])
    assert sorted(brief(after)) == [("of-file", 3, False), ("of-topic", 2, False)]
    fed(after, [session_window(70)])
    assert acks(after) == []


def test_where_a_timer_is_the_first_to_restore_the_next_row_acknowledges(start: Start) -> None:
    before = start()
    put(before, when=[{"feature": "silence_ms", "above": 60_000}])
    fed(before, [session_window(end_s, first_s=0, last_s=5) for end_s in (10, 60)])
    after = start(flink=before.flink)
    after.advance(at(70))
    assert acks(after) == []
    fed(after, [session_window(80)])
    assert brief(after) == [("calm-down", 1, False)]


HOSTILE: dict[str, tuple[str | None, str]] = {
    "no JSON": ("calm-down", "{"),
    "bytes that are no text": ("calm-down", "\ufffd\x00\ufffd"),
    "ten megabytes": ("calm-down", json.dumps(rule_data(about="x" * 10_000_000))),
    "nested ten thousand deep": ("calm-down", "[" * 10_000 + "]" * 10_000),
    "nested deep where a value may be anything": (
        "calm-down",
        json.dumps(rule_data()).replace('"simple"', "[" * 10_000 + "]" * 10_000),
    ),
    "NaN": ("calm-down", json.dumps(rule_data(when=[{"feature": "engaged_ms", "below": float("nan")}]))),
    "infinite": ("calm-down", json.dumps(rule_data(when=[{"feature": "engaged_ms", "below": 1e999}]))),
    "a number of a thousand digits": ("calm-down", json.dumps(rule_data()).replace("10000", "9" * 1000)),
    "keys that are no texts": ("calm-down", '{1: "calm-down"}'),
    "a list": ("calm-down", "[]"),
    "a version that is a text": ("calm-down", json.dumps(rule_data(version="2"))),
    "a version beyond every number": ("calm-down", json.dumps(rule_data()).replace('"version": 1', '"version": 1e400')),
    "a lone surrogate": ("calm-down", '{"id": "\\ud800"}'),
    "an unknown action": ("calm-down", json.dumps(rule_data(then={"action": "explode"}))),
    "an unknown parameter type": (
        "calm-down",
        json.dumps(rule_data(then={"action": "set_length", "parameters": {"length_words": "x"}})),
    ),
    "an unknown field": ("calm-down", json.dumps(rule_data(colour="red"))),
    "no condition": ("calm-down", json.dumps(rule_data(when=[]))),
    "without a key": (None, json.dumps(rule_data())),
    "under another key": ("somebody-else", json.dumps(rule_data())),
    "a long key": ("k" * 100_000, json.dumps(rule_data())),
}


@pytest.mark.parametrize(("key", "body"), HOSTILE.values(), ids=HOSTILE)
def test_whatever_comes_is_refused_with_a_reason_and_other_rules_go_on(
    start: Start, key: str | None, body: str
) -> None:
    job = start()
    put(job, id="good", when=[{"feature": "pages", "above": 0}], cooldown_s=1)
    acks(job)
    job.broadcast(("rule", key, body))
    (refused,) = acks(job)
    assert 0 < len(refused.refused or "") <= 500
    assert len(fed(job, [session_window(60)])) == 1
    assert len(fed(start(flink=job.flink), [session_window(70)])) == 1


def test_an_acknowledgement_tells_the_clock_it_was_given() -> None:
    acknowledger = RuleAcknowledger(("event",), False, 1, 2, lambda: 1234)
    ((tag, row),) = acknowledger.acknowledge([RuleOutcome("r", 1, "event"), RuleOutcome("w", 1, "content_window")], 99)
    ack = msgspec.json.decode(row[1], type=ControlAck)
    assert (tag.tag_id, row[0], ack.acknowledged_at_ms, ack.in_force_from_ms) == ("control-acks", b"rule:r:1", 1234, 99)
