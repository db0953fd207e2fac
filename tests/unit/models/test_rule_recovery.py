"""What a rule proposes after its first command: renewals while it holds, and a revert once its `until` has held."""

from typing import Any

import msgspec

from models.arbitration.proposed_change import ProposedChange
from models.rules.evaluation import Moment, RuleSet, evaluate_rules
from models.rules.signals import Signals
from models.state_records import DecisionState, StandingProposal
from schemas.rules import Rule
from tests.support.builders import at, reader, rule, session_values
from tests.support.readings import EngagedReadings

CALM, BETWEEN, RESTLESS = 40_000.0, 25_000.0, 5_000.0
LEAVES: Any = {"when": [{"feature": "engaged_ms", "above": 30_000}], "for_windows": 2}


def proposing(
    asked: Rule, state: DecisionState, at_s: int, engaged_ms: float = RESTLESS, **signal: Any
) -> list[ProposedChange]:
    signals = Signals(values=session_values(engaged_ms=engaged_ms), readings=signal.pop("readings", None))
    for name, value in signal.items():
        setattr(signals, name, value)
    moment = Moment(at(at_s), f"window:{at(at_s)}", at(0))
    return evaluate_rules(RuleSet([asked]).lane("session_window"), signals, reader, state, moment, lambda _: None)[0]


def told(asked: Rule, story: dict[int, float]) -> list[tuple[int, str, bool]]:
    """(second, action, renews) of what a rule proposes along a story of engaged time."""
    state = DecisionState()
    return [
        (at_s, change.command.action, change.renews)
        for at_s, engaged_ms in story.items()
        for change in proposing(asked, state, at_s, engaged_ms)
    ]


def story(end_s: int, *changes: tuple[int, float]) -> dict[int, float]:
    """Restless from the first minute on, until the seconds given."""
    found = dict.fromkeys(range(60, end_s, 10), RESTLESS)
    for from_s, engaged_ms in changes:
        found |= dict.fromkeys(range(from_s, end_s, 10), engaged_ms)
    return found


#   60 s                  350 s    360 s: expired
#   proposed              renewed
def test_a_lasting_action_is_renewed_before_it_expires_while_its_rule_holds() -> None:
    assert told(rule(cooldown_s=600), story(700)) == [
        (60, "simplify", False),
        (350, "simplify", True),
        (640, "simplify", True),
    ]


def test_a_rule_that_holds_no_more_renews_nothing() -> None:
    assert told(rule(cooldown_s=600), story(700, (340, CALM))) == [(60, "simplify", False)]


def test_a_prompt_is_not_renewed() -> None:
    asked = rule(cooldown_s=600, then={"action": "prompt"})
    assert told(asked, story(700)) == [(60, "prompt", False), (660, "prompt", False)]


def test_a_cooldown_shorter_than_the_command_does_not_put_off_its_renewal() -> None:
    found = told(rule(cooldown_s=100), story(400))
    assert [each for each in found if each[2]] == [(350, "simplify", True)]


#   60 s       100 s       120 s: the first window without a second of the one that fired    180 s
#   fires      recovered   counted                                                           two in a row
def test_a_change_is_taken_back_after_so_many_windows_that_share_no_second() -> None:
    assert told(rule(until=LEAVES), story(300, (100, CALM))) == [(60, "simplify", False), (180, "revert", False)]


def test_between_the_two_limits_nothing_changes() -> None:
    assert told(rule(until=LEAVES), story(350, (100, BETWEEN))) == [(60, "simplify", False)]


def test_one_window_below_begins_the_count_anew() -> None:
    relapsed = story(300, (100, CALM)) | {150: BETWEEN}
    assert told(rule(until=LEAVES), relapsed)[1:] == [(220, "revert", False)]


def test_what_has_expired_is_not_taken_back() -> None:
    assert told(rule(until=LEAVES, expires_s=60), story(400, (100, CALM))) == [(60, "simplify", False)]


def test_a_revert_names_its_rule_and_says_why() -> None:
    state, asked = DecisionState(), rule(until={"when": [{"feature": "engaged_ms", "above": 30_000}]}, priority=70)
    proposing(asked, state, 60)
    [change] = proposing(asked, state, 120, CALM)
    command = change.command
    assert (command.action, command.source.id, command.priority, command.reverts) == ("revert", "calm-down", 70, None)
    assert command.evidence["engaged_ms"].threshold == 30_000
    assert state.standing == {}


def test_a_quiet_time_is_told_and_leaves_the_evidence_for_later() -> None:
    readings = EngagedReadings(down=9.0)
    asked, state = rule(when=[{"feature": "engaged_ms", "falls": 5}], cooldown_s=300), DecisionState()
    [quiet] = proposing(asked, state, 60, quiet="typing", readings=readings)
    assert (quiet.quiet, readings.used) == ("typing", [])
    assert proposing(asked, state, 70, readings=readings) == []
    [change] = proposing(asked, state, 90, readings=readings)
    assert (change.quiet, readings.used) == (None, [("engaged_ms", "down")])


def test_a_rule_in_shadow_proposes_and_uses_up_nothing() -> None:
    readings = EngagedReadings(down=9.0)
    asked = rule(when=[{"feature": "engaged_ms", "falls": 5}], mode="shadow")
    [change] = proposing(asked, DecisionState(), 60, readings=readings)
    assert (change.mode, readings.used) == ("shadow", [])


def test_a_rule_that_is_off_is_never_asked() -> None:
    assert RuleSet([rule(mode="off")]).lane("session_window") == []


def test_validity_confidence_and_limits_go_to_the_arbiter() -> None:
    asked = rule(
        valid_until="1970-01-01T00:01:00Z", valid_from="1970-01-01T01:00:00+01:00", confidence=0.4, max_per_session=3
    )
    [change] = proposing(asked, DecisionState(), 60)
    assert (change.valid_from_ms, change.valid_until_ms) == (0, 60_000)
    assert (change.confidence, change.max_per_session, change.session_since_ms) == (0.4, 3, at(0))


def test_state_of_a_version_without_an_arbiter_is_read() -> None:
    before = msgspec.json.decode(b'[{"simplify":1760000700000},{"a":2},7,{"a":5}]', type=DecisionState)
    assert before.standing == {}
    assert len(proposing(rule(), before, 60)) == 1
    state = DecisionState(standing={"a": StandingProposal(1, 2)})
    assert msgspec.json.decode(msgspec.json.encode(state), type=DecisionState) == state
