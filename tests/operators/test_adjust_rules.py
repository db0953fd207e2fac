"""Rules that come, change and go while the operator runs."""

import json
from typing import Any

import pytest

from tests.operators.conftest import Start
from tests.support.builders import ANNA, at, rule, rule_data, session_window
from tests.support.flink_fakes import Running
from tests.support.operator_outputs import commands, fed, seconds

BUSY = [{"feature": "pages", "above": 0}]


def put(job: Running, **changed: Any) -> list[Any]:
    """Puts a rule that fires at every window, as the rules topic brings it."""
    data = rule_data(when=BUSY, cooldown_s=1) | changed
    return job.broadcast(("rule", data["id"], json.dumps(data)))


def versions(emitted: list[Any]) -> list[tuple[str, int]]:
    return [(each.source.id, each.source.version) for each in commands(emitted)]


def test_a_rule_that_is_put_takes_effect_at_the_next_window(start: Start) -> None:
    job = start()
    assert fed(job, [session_window(60)]) == []
    assert put(job) == []
    assert seconds(fed(job, [session_window(70)])) == [70]


def test_a_newer_version_replaces_the_older_one(start: Start) -> None:
    job = start(rule(when=BUSY, cooldown_s=1))
    assert versions(fed(job, [session_window(60)])) == [("calm-down", 1)]
    put(job, version=2)
    assert versions(fed(job, [session_window(70)])) == [("calm-down", 2)]


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_rule_that_is_deleted_is_silent_from_then_on(start: Start, nothing: str | None) -> None:
    job = start(rule(when=BUSY, cooldown_s=1))
    job.broadcast(("rule", "calm-down", nothing))
    assert fed(job, [session_window(60)]) == []


def test_deleting_what_is_not_there_does_nothing(start: Start) -> None:
    job = start(rule(when=BUSY, cooldown_s=1))
    job.broadcast(("rule", "unheard-of", None))
    assert versions(fed(job, [session_window(60)])) == [("calm-down", 1)]


def test_what_was_put_and_deleted_survives_a_restart(start: Start) -> None:
    shipped = (rule(id="kept", when=BUSY), rule(id="deleted", when=BUSY), rule(id="changed", when=BUSY))
    before = start(*shipped)
    before.broadcast(("rule", "deleted", None))
    put(before, id="changed", version=2, then={"action": "prompt"})
    put(before, id="new", then={"action": "expand"})
    expected = [("changed", 2), ("kept", 1), ("new", 1)]
    after = start(*shipped, flink=before.flink)
    assert sorted(versions(fed(after, [session_window(60)]))) == expected
    again = start(*shipped, flink=after.flink)
    assert sorted(versions(fed(again, [session_window(60, "someone-else")]))) == expected


def test_after_a_restart_a_timer_may_be_the_first_to_ask(start: Start) -> None:
    before = start()
    put(before, when=[{"feature": "silence_ms", "above": 60_000}])
    fed(before, [session_window(end_s, first_s=0, last_s=5) for end_s in (10, 60)])
    after = start(flink=before.flink)
    assert seconds(after.advance(at(70))) == [70]


def test_a_rule_that_comes_right_after_a_restart_is_not_undone_by_what_was_there_before(start: Start) -> None:
    before = start()
    put(before, version=1)
    after = start(flink=before.flink)
    put(after, version=2)
    assert versions(fed(after, [session_window(60)])) == [("calm-down", 2)]


BROKEN: dict[str, str] = {
    "no JSON": "{",
    "no object": "[]",
    "version 0": json.dumps(rule_data(version=0)),
    "unknown feature": json.dumps(rule_data(when=[{"feature": "mood", "above": 1}])),
    "no baseline": json.dumps(rule_data(when=[{"feature": "silence_ms", "z_above": 1}])),
    "unknown detector": json.dumps(rule_data(when=[{"detector": "crystal_ball", "above": 1}])),
    "id of another rule": json.dumps(rule_data(id="somebody-else")),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_a_broken_rule_is_ignored_counted_and_told_and_the_last_good_version_stays(
    start: Start, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    job = start()
    put(job, version=2)
    held = dict(job.flink.broadcast["control-v1"])
    assert job.broadcast(("rule", "calm-down", body)) == []
    assert job.flink.counters["refusedRules"] == 1
    assert "'calm-down' stays as it was" in caplog.text
    assert job.flink.broadcast["control-v1"] == held
    assert versions(fed(job, [session_window(60)])) == [("calm-down", 2)]
    after = start(flink=job.flink)
    assert versions(fed(after, [session_window(70)])) == [("calm-down", 2)]


def test_a_rule_that_an_older_job_took_and_this_one_does_not_know_is_ignored_and_counted(start: Start) -> None:
    before = start()
    put(before)
    strange = rule_data(id="strange", when=[{"feature": "a-feature-of-last-year", "above": 1}])
    before.flink.broadcast["control-v1"]["rule:strange"] = json.dumps(strange)
    after = start(flink=before.flink)
    assert versions(fed(after, [session_window(60)])) == [("calm-down", 1)]
    assert after.flink.counters["refusedRules"] == 1


def test_an_action_goes_on_resting_when_its_rule_changes(start: Start) -> None:
    job = start()
    put(job, cooldown_s=300)
    assert seconds(fed(job, [session_window(60)])) == [60]
    put(job, version=2, cooldown_s=300)
    assert fed(job, [session_window(70)]) == []
    assert seconds(fed(job, [session_window(360)])) == [360]


def test_rules_take_up_no_keyed_state(start: Start) -> None:
    job = start()
    put(job)
    job.broadcast(("rule", "calm-down", None))
    assert job.flink.left_of("s" + ANNA) == set()


def test_rules_that_are_deleted_leave_the_state(start: Start) -> None:
    job = start()
    for number in range(50):
        put(job, id=f"rule-{number}")
        job.broadcast(("rule", f"rule-{number}", None))
    assert job.flink.broadcast["control-v1"] == {}


def test_of_the_jobs_file_it_is_remembered_what_was_deleted(start: Start) -> None:
    """It would come back with the next start otherwise."""
    job = start(rule(when=BUSY))
    job.broadcast(("rule", "calm-down", None))
    assert job.flink.broadcast["control-v1"] == {"rule:calm-down": ""}


def test_deletions_that_an_earlier_release_remembered_leave_the_state(start: Start) -> None:
    before = start(rule(when=BUSY))
    before.flink.broadcast["control-v1"] = {"rule:calm-down": "", "rule:long-gone": "", "rule:also-gone": ""}
    after = start(rule(when=BUSY), flink=before.flink)
    assert fed(after, [session_window(60)]) == []
    put(after, id="also-gone")
    assert set(after.flink.broadcast["control-v1"]) == {"rule:calm-down", "rule:also-gone"}
