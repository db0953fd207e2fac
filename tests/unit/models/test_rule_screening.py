"""All rules of a lane in one function: the same as each by itself."""

from random import Random
from typing import Any

import pytest

from models.rules.compiled import CompiledRule
from models.rules.evaluation import RuleSet
from models.rules.screening import screen_of
from models.rules.signals import LazyScore, Signals
from tests.support.builders import rule, session_values
from tests.support.readings import EngagedReadings

CONDITIONS: list[dict[str, Any]] = [
    {"feature": "engaged_ms", "above": 30_000},
    {"feature": "engaged_ms", "below": 30_000},
    {"feature": "clicks", "above": 2, "below": 5},
    {"feature": "engaged_ms", "change_below": -0.3},
    {"feature": "engaged_ms", "change_above": -0.3, "against": "peers"},
    {"feature": "engaged_ms", "z_above": 1},
    {"feature": "engaged_ms", "z_below": -1, "against": "peers"},
    {"feature": "engaged_ms", "rises": 4},
    {"feature": "engaged_ms", "falls": 4},
    {"feature": "engaged_ms", "rises_below": 4},
    {"feature": "engaged_ms", "falls_below": 4},
    {"feature": "engaged_ms", "top": 0.2, "against": "peers"},
    {"feature": "engaged_ms", "bottom": 0.2, "against": "peers"},
    {"feature": "engaged_ms", "shift": "up"},
    {"feature": "engaged_ms", "shift": "down"},
    {"feature": "silence_ms", "above": 5_000},
    {"feature": "silence_ms", "below": 5_000},
    {"context": "device", "equals": "phone"},
    {"context": "device", "among": ["tablet", "desktop"]},
    {"forest": "threshold"},
    {"forest": 0.5},
    {"detector": "isolation_forest", "above": 0.7},
]
EXPRESSIONS = [
    "clicks > 3.0",
    "clicks > 3.0 || engaged_ms < 20000.0",
    "!(clicks > 3.0) && z(engaged_ms) < 1.0",
    "z(engaged_ms) < 1.0",
    "int(clicks) / int(pages) > 1",
    "context.device == '\\x00a0\\x00' || clicks > 1.0",
    "context.device == '\\x00a0\\x00' || pages > 1.0",
    "context.device in ['phone'] ? clicks > 2.0 : clicks > 4.0",
]


def some_signals(random: Random) -> Signals:
    def one_of(*values: Any) -> Any:
        return random.choice(values)

    def usual() -> tuple[float | None, float | None, float | None]:
        return one_of(None, 40_000.0), one_of(None, -0.5, 0.5), one_of(None, -2.0, 0.0, 2.0)

    values = session_values(engaged_ms=one_of(10_000, 50_000), clicks=one_of(1, 3, 4, 7), pages=one_of(0, 2))
    readings = EngagedReadings(usual(), usual(), one_of(None, 0.1, 0.9), one_of(None, 2.0, 6.0), one_of(None, 2.0, 6.0))
    signals = Signals(
        values,
        one_of(readings, readings, None),
        scalars=one_of({}, {"silence_ms": 2_000.0}, {"silence_ms": 9_000.0}),
        attributes={"device": one_of(None, "phone", "desktop")},
        scores=one_of({}, {"isolation_forest": LazyScore(lambda: one_of(0.4, 0.6, 0.8), one_of(None, 0.65))}),
    )
    signals.is_whole = one_of(True, False)
    return signals


def all_rules() -> list[CompiledRule]:
    conditions = [rule(id=f"c{number}", when=[each]) for number, each in enumerate(CONDITIONS)]
    both = [rule(id=f"b{number}", when=[each, CONDITIONS[2]]) for number, each in enumerate(CONDITIONS)]
    expressions = [rule(id=f"e{number}", **{"if": each}) for number, each in enumerate(EXPRESSIONS)]
    return [CompiledRule(each) for each in (*conditions, *both, *expressions)]


@pytest.mark.parametrize("seed", range(5))
def test_rules_hold_in_one_function_as_they_do_by_themselves(seed: int) -> None:
    rules, random = all_rules(), Random(seed)
    screen = screen_of(rules, "session_window").holding
    held = [0] * len(rules)
    for _ in range(200):
        signals = some_signals(random)
        found = screen(signals)
        # A score that is drawn at random is computed once, so both see the same.
        assert sorted(found) == [place for place, each in enumerate(rules) if each.holds(signals)]
        for place in found:
            held[place] += 1
    assert sum(count > 0 for count in held) > len(rules) * 3 // 4


def test_a_score_is_not_computed_for_rules_that_fail_without_it() -> None:
    asked: list[int] = []

    def score() -> float:
        asked.append(1)
        return 0.9

    rules = [
        CompiledRule(rule(id=f"r{number}", when=[{"forest": 0.5}, {"feature": "clicks", "above": 10 + number}]))
        for number in range(6)
    ]
    signals = Signals(session_values(clicks=3), scores={"isolation_forest": LazyScore(score, 0.6)})
    assert screen_of(rules, "session_window").holding(signals) == []
    assert asked == []


def test_a_rule_that_is_put_leaves_what_is_compiled_of_the_others() -> None:
    before = RuleSet([rule(id="a"), rule(id="b")])
    after = before.with_rule(rule(id="b", version=2)).without("c")
    assert after.compiled["a"] is before.compiled["a"]
    assert after.compiled["b"].rule.version == 2


def test_counters_of_one_name_are_apart() -> None:
    """Each rule counts its own: the name is the rule's, the key is that of what is counted."""
    rules = []
    for number, event in enumerate(("click", "custom", "click", "feedback")):
        counter = {"name": "seen", "count": {"event": event}, "within_s": 60}
        made = rule(id=f"r{number}", lane="event", features=[counter], when=[{"feature": "seen", "above": 2}])
        rules.append(CompiledRule(made))
    scalars = {counter.key: 9.0 for counter in rules[0].counters}
    assert screen_of(rules, "event").holding(Signals(scalars=scalars)) == [0, 2]
