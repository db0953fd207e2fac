"""Own counters, sequences and silences against a brute force, over random events that come out of order, at any pace of time."""

from random import Random
from typing import Any

import pytest

from models.arbitration.proposed_change import encode_change
from models.rules.compiled import KNOWN_FEATURES
from models.rules.evaluation import RuleSet
from schemas.events import CROSSING_TYPES, Context, Event, EventType
from schemas.rules import Rule, parse_rule
from tests.operators.conftest import WAIT_MS, Start
from tests.support.builders import ANNA, BEGINNING, BEN, CrossingRow, at, rule_data, trigger_event
from tests.support.operator_outputs import key_of
from tests.support.oracle.events import event_changes

LATENESS_MS, SLACK_MS = 2_000, 500
LENGTH_S = 90
TYPES: tuple[EventType, ...] = ("click", "feedback", "page_view", "conversion")


def random_rule(dice: Random, number: int) -> Rule:
    """A counter, a sequence, a silence, or a counter and one of these. The actions differ, since each rests by itself."""
    data: dict[str, Any] = rule_data(id=f"rule-{number}", lane="event", cooldown_s=dice.choice((0, 5)))
    data["then"] = {"action": dice.choice(("prompt", "simplify", "expand", "enrich"))}
    del data["when"]
    kind = dice.choice(("counter", "sequence", "silence", "both"))
    if kind in ("counter", "both"):
        count = {"event": dice.choice(TYPES)}
        data["features"] = [{"name": "seen", "count": count, "within_s": dice.choice((5, 20, 60))}]
        data["when"] = [{"feature": "seen", "above": dice.choice((0, 1, 3))}]
    if kind != "counter":
        length = 1 if kind == "silence" else dice.choice((1, 2, 3))
        data["sequence"] = dice.choices(TYPES, k=length)
        data["within_s"] = dice.choice((3, 10, 30))
        if length == 1 or dice.random() < 0.5:
            data["without"] = dice.choice(TYPES)
    return parse_rule(data, KNOWN_FEATURES)


def random_events(dice: Random) -> list[Event]:
    """Events of two readers in the order of the topic: received up to two seconds late, by gateways half a second apart."""
    found = []
    for number in range(dice.choice((10, 40))):
        occurred = at(dice.randrange(LENGTH_S * 4) / 4)
        received = occurred + dice.choice((0, 0, 0, dice.randrange(LATENESS_MS)))
        name = dice.choice((f"e{number}", f"e{number}", f"e{max(number - 3, 0)}"))
        event = Event(
            name,
            dice.choice(TYPES),
            occurred,
            received,
            dice.choice((ANNA, BEN)),
            user_id="anna",
            content_id="morning-news",
            content_type="news",
            context=Context(device="phone", country="AT", language="de"),
        )
        found.append((received + dice.randrange(SLACK_MS), event))
    return [event for _, event in sorted(found, key=lambda each: each[0])]


def crossing(event: Event) -> CrossingRow:
    at_s = (event.occurred_at_ms - BEGINNING) / 1000
    return trigger_event(event.event_id, at_s, event.session_id, type=event.type)


@pytest.mark.parametrize("seed", range(150))
def test_the_lane_agrees_with_a_brute_force_at_any_pace_of_time(start_fast: Start, seed: int) -> None:
    dice = Random(seed)
    rules = tuple(random_rule(dice, number) for number in range(dice.choice((1, 3, 6))))
    events = random_events(dice)
    expected = [encode_change(each) for each in event_changes(events, RuleSet(rules), at(LENGTH_S * 2))]
    for pace in (0.0, 0.3, 1.0):
        job, emitted, heard_ms = start_fast(*rules), [], 0
        for event in events:
            heard_ms = max(heard_ms, event.received_at_ms)
            row = crossing(event)
            emitted += job.send(key_of(row), row)
            if dice.random() < pace:
                emitted += job.advance(max(heard_ms - WAIT_MS - 1, job.flink.watermark))
            if dice.random() < 0.05:
                job = start_fast(*rules, flink=job.flink)
        emitted += job.advance(at(LENGTH_S * 2))
        assert sorted(body[0] for _, body in emitted) == sorted(expected)


def test_the_random_rules_are_met_by_counters_sequences_and_silences() -> None:
    met: set[str] = set()
    for seed in range(150):
        dice = Random(seed)
        rules = tuple(random_rule(dice, number) for number in range(dice.choice((1, 3, 6))))
        for each in event_changes(random_events(dice), RuleSet(rules), at(LENGTH_S * 2)):
            met |= each.command.evidence.keys()
    assert met >= {"seen", "sequence", "without"}
    assert set(TYPES) < set(CROSSING_TYPES)
