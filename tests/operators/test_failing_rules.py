"""Rules whose expression cannot be evaluated: isolated, counted by rule, and told once a version."""

from typing import Any

import pytest

from infra.rules.in_force import judge_acks
from tests.operators.conftest import Start
from tests.operators.test_rule_acknowledgements import CLICKS, acks, put
from tests.support.builders import at, rule, session_window, trigger_event
from tests.support.flink_fakes import FakeFlink
from tests.support.operator_outputs import fed

ALWAYS = {"when": [{"feature": "pages", "above": 0}], "cooldown_s": 0}
DIVIDES = {"if": "int(silence_ms) / int(silence_ms - silence_ms) > 0", **ALWAYS}
NO_BOOL = {"if": "dyn(silence_ms)", **ALWAYS}
NO_KEY = {"if": "{'a': silence_ms}[string(int(silence_ms))] > 0.0", **ALWAYS}

FAILING: dict[str, tuple[dict[str, Any], str]] = {
    "a division by zero": (DIVIDES, "if: division by zero"),
    "a value that is no truth value": (NO_BOOL, "if: gives a float, not true or false"),
    "a missing key": (NO_KEY, "if: no such key"),
}


@pytest.mark.parametrize(("expression", "reason"), FAILING.values(), ids=FAILING)
def test_a_failure_is_told_once_and_counted_always(start: Start, expression: dict[str, Any], reason: str) -> None:
    job = start(flink=FakeFlink(subtask=1, subtasks=2))
    put(job, id="good", **ALWAYS)
    put(job, id="failing", version=3, **expression)
    acks(job)
    rows = [len(fed(job, [session_window(end_s)])) for end_s in (60, 70, 80)]
    (ack,) = acks(job)
    assert (ack.id, ack.version, ack.subtask, ack.in_force_from_ms) == ("failing", 3, 1, at(60))
    assert (ack.refused or "").startswith(reason)
    assert job.flink.counters["failedEvaluations"] == job.flink.counters["rule.failing.failedEvaluations"] >= 3
    assert rows == [1, 1, 1], "the other rule proposes at each window"
    assert job.flink.counters["refusedRules"] == 0


def test_a_new_version_is_taken_up_and_may_fail_anew(start: Start) -> None:
    job = start()
    put(job, id="failing", version=1, **DIVIDES)
    fed(job, [session_window(60)])
    put(job, id="failing", version=2, **DIVIDES)
    fed(job, [session_window(70)])
    put(job, id="failing", version=3, **ALWAYS)
    fed(job, [session_window(80)])
    told = [(ack.version, ack.refused is not None) for ack in acks(job)]
    assert told == [(1, False), (1, True), (2, False), (2, True), (3, False)]


def test_many_rules_fail_by_themselves(start: Start) -> None:
    # Four and more are evaluated in one function.
    rules = [rule(id=f"failing-{number}", **DIVIDES) for number in range(120)]
    job = start(*rules, rule(id="good", **ALWAYS))
    assert len(fed(job, [session_window(60)])) == 1
    failed = [ack for ack in acks(job) if ack.refused is not None]
    assert sorted(ack.id for ack in failed) == sorted(each.id for each in rules)
    assert sum(name.startswith("rule.") for name in job.flink.counters) == 100


def test_what_fails_in_a_silence_is_told_at_the_next_row(start: Start) -> None:
    job = start()
    put(job, id="failing", **{**DIVIDES, "when": [{"feature": "silence_ms", "above": 60_000}]})
    acks(job)
    fed(job, [session_window(end_s, first_s=0, last_s=5) for end_s in range(10, 70, 10)])
    job.advance(at(70))
    assert acks(job) == []
    fed(job, [session_window(80)])
    assert [(ack.id, ack.refused) for ack in acks(job)] == [("failing", "if: division by zero")]


def test_until_and_events_of_a_rule_are_told_with_their_fields(start: Start, start_fast: Start) -> None:
    windows = start()
    put(windows, id="leaving", **{**ALWAYS, "cooldown_s": 300}, until={"if": DIVIDES["if"]})
    fed(windows, [session_window(end_s) for end_s in (60, 120, 130)])
    assert [ack.refused for ack in acks(windows) if ack.refused] == ["until.if: division by zero"]
    fast = start_fast()
    counter = {"name": "odd", "count": {"event": "click", "where": "int(page_url) > 3"}, "within_s": 60}
    put(fast, id="counting", **CLICKS, features=[counter])
    fed(fast, [trigger_event("e1", 5, page_url="/a")])
    (_, failed) = acks(fast)
    assert (failed.refused or "").startswith("features[0].count.where: ")


def test_the_rule_is_shown_as_in_force_and_failing(start: Start) -> None:
    job = start()
    put(job, id="failing", version=3, **DIVIDES)
    fed(job, [session_window(60)])
    found = judge_acks(acks(job)[-1:], 3)
    assert (found.state, found.missing) == ("failing", [])
    assert found.described() == "in force, but cannot always be evaluated: if: division by zero"
