"""From rules that hold to commands: order, streaks, cooldowns, ids."""

from typing import Any

from models.rules.evaluation import Moment, RuleSet, evaluate_rules
from models.rules.signals import Signals
from models.state_records import DecisionState
from schemas.commands import AdjustmentCommand, Source, Target, command_id
from schemas.rule_conditions import Lane
from schemas.rules import Rule
from tests.support.builders import ANNA, BEN, MORNING_NEWS, at, reader, rule, session_values

CALM, RESTLESS = 40_000.0, 5_000.0
"""Engaged time at which the rule of `builders` is silent, and at which it holds."""


def deciding(
    rules: list[Rule],
    state: DecisionState,
    at_s: int,
    engaged_ms: float = RESTLESS,
    session: str = ANNA,
    fill: dict[str, Any] | None = None,
) -> list[AdjustmentCommand]:
    signals = Signals(values=session_values(engaged_ms=engaged_ms))
    book = RuleSet(rules).lane("session_window")
    known = fill or {}
    moment = Moment(at(at_s), f"window:{at(at_s)}")
    changes, _ = evaluate_rules(book, signals, lambda: reader(session), state, moment, lambda name: known.get(name))
    return [each.command for each in changes]


def test_a_rule_that_holds_becomes_a_command() -> None:
    asked = rule(version=3, priority=70, expires_s=90)
    [command] = deciding([asked], DecisionState(), 60)
    assert command.target == Target("session", ANNA)
    assert (command.session_id, command.user_id, command.content_id) == (ANNA, "anna", MORNING_NEWS)
    assert (command.action, command.parameters, command.priority) == ("simplify", {"variant": "simple"}, 70)
    assert (command.issued_at_ms, command.expires_at_ms) == (at(60), at(150))
    assert command.source == Source("rule", "calm-down", 3)
    assert list(command.evidence) == ["engaged_ms"]


def test_a_rule_that_does_not_hold_becomes_nothing_and_leaves_no_trace() -> None:
    state = DecisionState()
    signals = Signals(values=session_values())
    found = evaluate_rules(
        RuleSet([rule()]).lane("session_window"), signals, reader, state, Moment(at(60), "w"), lambda _: None
    )
    assert found == ([], False)
    assert state == DecisionState()


#   60 s     170 s       180 s
#   command  resting     rested: 120 s have passed
def test_an_action_rests_for_its_cooldown() -> None:
    state, rules = DecisionState(), [rule(cooldown_s=120)]
    commanded = [at_s for at_s in range(60, 310, 10) if deciding(rules, state, at_s)]
    assert commanded == [60, 180, 300]


def test_without_a_cooldown_an_action_never_rests() -> None:
    state, rules = DecisionState(), [rule(cooldown_s=0)]
    assert [at_s for at_s in range(60, 100, 10) if deciding(rules, state, at_s)] == [60, 70, 80, 90]


def test_a_rule_does_not_rest_for_another_one() -> None:
    rules = [rule(id="a", cooldown_s=300), rule(id="b", cooldown_s=10)]
    state = DecisionState()
    assert [each.source.id for each in deciding(rules, state, 60)] == ["a", "b"]
    assert [each.source.id for each in deciding(rules, state, 70)] == ["b"]


def test_two_rules_propose_in_order() -> None:
    other = rule(id="other", then={"action": "prompt"})
    assert [each.action for each in deciding([rule(), other], DecisionState(), 60)] == ["simplify", "prompt"]


def test_rested_rules_are_forgotten_when_the_next_one_proposes() -> None:
    state = DecisionState()
    deciding([rule(cooldown_s=10)], state, 60)
    deciding([rule(id="other", then={"action": "prompt"}, cooldown_s=10)], state, 70)
    assert state.cooldown_until_ms == {"other": at(80)}


#   60 s   ...   120 s   ...   180 s     windows that share no second
#   1      1     2       2     3 !
def test_a_streak_counts_windows_that_share_no_second() -> None:
    state, rules = DecisionState(), [rule(for_windows=3, cooldown_s=1)]
    found = [at_s for at_s in range(60, 210, 10) if deciding(rules, state, at_s, RESTLESS)]
    assert found == [180, 190, 200]


#   60 s   ...   130 s   140 s   150 s   ...   210 s
#   1            2       broken  1             2 !
def test_a_streak_must_be_unbroken() -> None:
    state, rules = DecisionState(), [rule(for_windows=2, cooldown_s=300)]
    found = [at_s for at_s in range(80, 260, 10) if deciding(rules, state, at_s, CALM if at_s == 130 else RESTLESS)]
    assert found == [200]


def test_a_broken_streak_leaves_no_trace() -> None:
    state, rules = DecisionState(), [rule(for_windows=3)]
    deciding(rules, state, 60)
    assert state.streaks == {"calm-down": 1}
    deciding(rules, state, 70, CALM)
    assert state == DecisionState()


def test_higher_priority_comes_first_then_the_id() -> None:
    actions = {"low": "expand", "b-high": "prompt", "a-high": "enrich"}
    priority = {"low": 10, "b-high": 90, "a-high": 90}
    rules = [rule(id=name, then={"action": actions[name]}, priority=priority[name]) for name in actions]
    assert [each.source.id for each in deciding(rules, DecisionState(), 60)] == ["a-high", "b-high", "low"]


def test_the_same_decision_has_the_same_id_and_others_have_others() -> None:
    def id_of(session: str = ANNA, at_s: int = 60, **changed: Any) -> str:
        [command] = deciding([rule(**changed)], DecisionState(), at_s, session=session)
        return command.command_id

    ids = {id_of(), id_of(session=BEN), id_of(at_s=70), id_of(version=2), id_of(id="other"), id_of(source="model")}
    assert len(ids) == 6
    assert id_of() == command_id(Target("session", ANNA), Source("rule", "calm-down", 1), f"window:{at(60)}")


def test_placeholders_are_filled_in_and_other_parameters_left_alone() -> None:
    parameters = {"of": "$category", "unknown": "$content_id", "price": 5, "text": "costs $5"}
    asked = rule(then={"action": "enrich", "parameters": parameters})
    [command] = deciding([asked], DecisionState(), 60, fill={"$category": "news"})
    assert command.parameters == {"of": "news", "unknown": None, "price": 5, "text": "costs $5"}
    assert asked.then.parameters == parameters


def test_a_disabled_rule_is_kept_but_never_asked() -> None:
    book = RuleSet([rule(enabled=False)])
    assert list(book.rules) == ["calm-down"]
    assert book.lane("session_window") == []


def test_a_rule_stands_in_its_own_lane_only() -> None:
    event = rule(id="event", lane="event", when=[{"feature": "rating", "below": 3}])
    content = rule(id="content", lane="content_window")
    book = RuleSet([rule(), event, content])
    lanes: tuple[Lane, ...] = ("session_window", "content_window", "event")
    assert [[each.rule.id for each in book.lane(lane)] for lane in lanes] == [["calm-down"], ["content"], ["event"]]


def test_putting_and_deleting_leave_the_old_book_as_it_was() -> None:
    book = RuleSet([rule()])
    assert book.with_rule(rule(version=2)).rules["calm-down"].version == 2
    assert book.without("calm-down").rules == {}
    assert book.without("unheard-of").rules == book.rules
    assert book.rules["calm-down"].version == 1


def test_a_change_compiles_the_changed_rule_alone() -> None:
    before = RuleSet([rule(id="kept"), rule(id="changed")])
    (kept,) = (each for each in before.lane("session_window") if each.id == "kept")
    after = before.with_rule(rule(id="changed", version=2)).without("nobody")
    found = {each.id: each for each in after.lane("session_window")}
    assert found["kept"] is kept
    assert found["changed"].rule.version == 2
