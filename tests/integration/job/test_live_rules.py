"""Rules change while the job runs: acknowledged by every subtask, in effect from then on, taken back; broken ones are refused."""

import json
import time
from collections.abc import Iterator

import msgspec
import pytest

from infra.local.stack import Stack
from infra.rules.changing import Author, RuleChanger
from infra.rules.in_force import InForce
from infra.rules.listing import list_rules
from infra.rules.rule_topics import RuleTopics
from infra.rules.waiting import AckWaiter
from models.rules.compiled import KNOWN_FEATURES
from schemas.events import Event
from schemas.rule_history import RuleChange
from schemas.rules import Rule, parse_rule
from schemas.topics import ADJUSTMENTS, EVENTS, RULES, RULES_HISTORY
from tests.support.builders import rule_data
from tests.support.stack import RunningJob, running_job
from tests.support.waiting import until

pytestmark = pytest.mark.kafka

PATIENCE_S = 60.0
DEEP = "[" * 10_000 + "]" * 10_000
BROKEN: dict[str, bytes] = {
    "no-json": b"{",
    "no-text": b"\xff\xfe\x00",
    "not-a-number": json.dumps(rule_data(when=[{"feature": "engaged_ms", "below": float("nan")}])).encode(),
    "deep": DEEP.encode(),
    "deep-inside": json.dumps(rule_data(id="deep-inside")).replace('"simple"', DEEP).encode(),
    "long": json.dumps(rule_data(id="long", about="x" * 900_000)).encode(),
    "other-id": json.dumps(rule_data()).encode(),
    "unknown-action": json.dumps(rule_data(id="unknown-action", then={"action": "explode"})).encode(),
}


def clicked(version: int, action: str) -> Rule:
    """Answers each click of a session that no other click of it has been answered in."""
    when = [{"event": "type", "equals": "click"}]
    return parse_rule(
        rule_data(id="clicked", version=version, lane="event", when=when, then={"action": action}, cooldown_s=0),
        KNOWN_FEATURES,
    )


class Live:
    """A job of two subtasks and the rules on its topics."""

    def __init__(self, job: RunningJob) -> None:
        job.topics.add(RULES_HISTORY)
        self.job, self.topics = job, RuleTopics(job.stack.bootstrap, job.topics.prefix)
        self.changer = RuleChanger(self.topics, Author("anna", "a-desk", "command line"))

    def change(self, changes: list[RuleChange]) -> InForce:
        (change,) = changes
        with AckWaiter(self.topics) as waiter:
            self.changer.write(changes)
            return waiter.wait({change.id: change.version}, PATIENCE_S)[change.id]

    def actions_after_click(self, session: str) -> list[str]:
        """What clicks of a session that nobody has seen before lead to."""
        at_ms = time.time_ns() // 1_000_000
        click = Event(f"click-{session}", "click", at_ms - 50, at_ms, session, content_id="a", content_type="news")
        self.job.topics.put(EVENTS, [(session, msgspec.json.encode(click))])
        until(lambda: bool(self._actions(session)), PATIENCE_S)
        return self._actions(session)

    def _actions(self, session: str) -> list[str]:
        commands = [msgspec.json.decode(record.value) for record in self.job.read(ADJUSTMENTS)]
        return [each["action"] for each in commands if each["session_id"] == session]


@pytest.fixture(scope="module")
def live(stack: Stack) -> Iterator[Live]:
    with running_job(stack, "--parallelism", "2") as job:
        yield Live(job)


@pytest.mark.timeout(400)
def test_a_rule_is_acknowledged_by_every_subtask_takes_effect_and_is_taken_back(live: Live) -> None:
    found = live.change(live.changer.plan_put([clicked(1, "expand")]))
    assert (found.state, [ack.subtask for ack in found.acks]) == ("in_force", [0, 1])
    assert live.actions_after_click("first") == ["expand"]
    assert live.change(live.changer.plan_put([clicked(2, "enrich")])).state == "in_force"
    assert live.actions_after_click("second") == ["enrich"]
    back = live.change(live.changer.plan_rollback("clicked"))
    assert (back.state, {ack.version for ack in back.acks}) == ("in_force", {3})
    assert live.actions_after_click("third") == ["expand"]
    assert [(each.change, each.by) for each in live.topics.history("clicked")] == [
        ("put", "anna"),
        ("put", "anna"),
        ("rollback", "anna"),
    ]


@pytest.mark.timeout(200)
def test_broken_rules_are_refused_with_the_reason_and_the_others_go_on(live: Live) -> None:
    live.change(live.changer.plan_put([clicked(9, "expand")], bump=True))
    live.job.topics.put(RULES, list(BROKEN.items()))
    until(lambda: _refused_by(live) == {0, 1}, PATIENCE_S)
    assert live.actions_after_click("after-the-broken-ones") == ["expand"]
    listed = {each.id: each for each in list_rules(live.topics)}
    assert {listed[name].in_force.state for name in BROKEN} == {"refused"}
    assert all(listed[name].problem for name in BROKEN)
    assert live.job.restarts() == 0


def _refused_by(live: Live) -> set[int]:
    """The subtasks that have refused all of the broken rules."""
    acks = live.topics.acks()
    refusing = [
        {number for number, ack in acks.get(name, {}).items() if ack.refused and ack.in_force_from_ms is None}
        for name in BROKEN
    ]
    return set.intersection(*refusing)
