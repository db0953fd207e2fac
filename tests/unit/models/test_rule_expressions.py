"""Rules whose condition is an expression: when they hold, what they say as evidence, and what becomes of an error."""

import logging
from typing import Any

import pytest

from models.features import LIVE_FEATURES
from models.rules.compiled import CompiledRule
from models.rules.signals import LazyScore, Signals
from models.rules.variables import lane_features, lane_texts, rule_environment
from schemas.commands import Evidence, EvidenceBound
from schemas.rule_conditions import CONTEXTS, DETECTORS, EVENT_TEXTS
from tests.support.builders import at, rule_data, session_values
from tests.support.readings import EngagedReadings

WINDOW = (at(0), at(60))


def compiled(text: str, lane: str = "session_window", **changed: Any) -> CompiledRule:
    from models.rules.compiled import KNOWN_FEATURES
    from schemas.rules import parse_rule

    data = rule_data(lane=lane, **{"if": text}, **changed)
    if "when" not in changed:
        del data["when"]
    return CompiledRule(parse_rule(data, KNOWN_FEATURES))


def signals(**changed: Any) -> Signals:
    """A window with 20 s of engaged time, where the reader's mean is 50 s and the peers' 40 s."""
    given: dict[str, Any] = {
        "values": session_values(engaged_ms=20_000, pages=3, clicks=4),
        "readings": EngagedReadings((50_000.0, -0.6, -3.0), (40_000.0, -0.5, -2.0), below=0.05, up=0.5, down=6.0),
        "scalars": {"silence_ms": 7_000.0, "rating": 2.0},
        "attributes": {"device": "phone", "event.type": "click", "event.element": "buy-now", "country": "NO"},
        "scores": {"isolation_forest": LazyScore(lambda: 0.7, 0.65, lambda: {"idle_ms": 0.5})},
        "window_start_ms": at(0),
        "window_end_ms": at(60),
    }
    return Signals(**(given | changed))


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("clicks > 3.0", True),
        ("clicks / pages >= 1.5", False),
        ("z(engaged_ms) < -2.5 && change(engaged_ms) <= -0.5", True),
        ("z(engaged_ms, 'peers') < -2.5", False),
        ("engaged_ms < 0.5 * baseline(engaged_ms, 'self')", True),
        ("nats(engaged_ms, 'down') >= 5.0 && rank(engaged_ms) <= 0.1", True),
        ("score('isolation_forest') >= threshold('isolation_forest')", True),
        ("score('isolation_forest') >= 0.71", False),
        ("context.device in ['phone', 'tablet'] ? clicks > 3.0 : clicks > 10.0", True),
        ("silence_ms > 5000.0 && !(context.device == 'desktop')", True),
    ],
)
def test_an_expression_holds_where_it_is_true(text: str, holds: bool) -> None:
    assert compiled(text).holds(signals()) is holds


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("event.type == 'click' && element.startsWith('buy')", True),
        ("event.element.matches('^buy-[a-z]+$') && context.country == 'NO'", True),
        ("rating <= 2.0 || context.save_data", True),
        ("!context.save_data && rating <= 2.0", False),
        ("!(context.save_data && rating > 2.0)", True),
    ],
)
def test_an_expression_on_an_event_holds_where_it_is_true(text: str, holds: bool) -> None:
    """Nobody knows whether the reader saves data."""
    assert compiled(text, "event").holds(signals()) is holds


def test_an_expression_and_the_conditions_beside_it_must_both_hold() -> None:
    both = compiled("clicks > 3.0", when=[{"feature": "pages", "above": 2}])
    assert both.holds(signals())
    assert not both.holds(signals(values=session_values(pages=3, clicks=3)))
    assert not both.holds(signals(values=session_values(pages=2, clicks=4)))


@pytest.mark.parametrize(
    "text",
    [
        "z(engaged_ms) < 0.0",
        "!(z(engaged_ms) < 0.0)",
        "z(engaged_ms) != 1.0",
        "z(engaged_ms) < 0.0 ? clicks > 0.0 : clicks > 0.0",
    ],
)
def test_what_is_unknown_does_not_hold_nor_does_its_opposite(text: str) -> None:
    assert not compiled(text).holds(signals(readings=None))


def test_a_part_of_a_window_can_show_much_and_never_little() -> None:
    part = signals()
    part.is_whole = False
    assert compiled("clicks > 3.0").holds(part)
    assert compiled("3.0 < clicks").holds(part)
    assert not compiled("!(clicks > 4.0)").holds(part)
    assert not compiled("clicks < 5.0").holds(part)
    assert not compiled("clicks == 4.0").holds(part)
    assert compiled("!(clicks < 3.0) || clicks > 3.0").holds(part)


def test_scores_are_not_computed_where_something_else_fails_first() -> None:
    asked: list[int] = []

    def score() -> float:
        asked.append(1)
        return 0.9

    tried = compiled("score('isolation_forest') > 0.5", when=[{"feature": "pages", "above": 5}])
    assert not tried.holds(signals(scores={"isolation_forest": LazyScore(score, 0.6)}))
    assert asked == []


def test_the_evidence_names_all_that_was_read() -> None:
    text = "engaged_ms < 30000.0 && change(engaged_ms) <= -0.2 && context.device == 'phone' && silence_ms < 20000.0"
    found = compiled(text).evidence(signals())
    bounds = (
        EvidenceBound("<", 30_000.0, "ms"),
        EvidenceBound("change <=", -0.2, None, "self", 50_000.0, -3.0, -0.6),
    )
    assert found == {
        "if": Evidence(text, None, None, None, *WINDOW),
        "engaged_ms": Evidence(20_000.0, 50_000.0, 30_000.0, -3.0, *WINDOW, bounds),
        "context.device": Evidence("phone", None, None, None, *WINDOW),
        "silence_ms": Evidence(7_000.0, None, 20_000.0, None, *WINDOW, (EvidenceBound("<", 20_000.0, "ms"),)),
    }


def test_the_evidence_of_a_score_has_its_parts() -> None:
    found = compiled("score('isolation_forest') > 0.5 || z(engaged_ms, 'peers') > 9.0").evidence(signals())
    assert (found["forest"].value, found["forest.idle_ms"].value) == (0.7, 0.5)
    assert found["engaged_ms"].bounds == (EvidenceBound("z", None, "sd", "peers", 40_000.0, -2.0, -2.0),)


def test_nats_that_must_be_reached_are_used_up_as_those_of_falls_are() -> None:
    assert compiled("nats(engaged_ms, 'down') >= 5.0").uses_up == [("engaged_ms", "down")]
    assert compiled("nats(engaged_ms, 'down') < 5.0").uses_up == []


def test_an_error_does_not_hold_is_told_once_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    rule = compiled("int(clicks) / int(pages) > 1")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert not rule.holds(signals(values=session_values(clicks=4, pages=0)))
    assert rule.holds(signals(values=session_values(clicks=4, pages=2)))
    assert rule.failures == 3
    assert len([each for each in caplog.records if "division by zero" in each.message]) == 1


def test_one_true_side_makes_up_for_an_error_on_the_other() -> None:
    either = compiled("int(clicks) / int(pages) > 1 || clicks > 3.0")
    assert either.holds(signals(values=session_values(clicks=4, pages=0)))
    assert either.failures == 0


def test_expressions_know_every_feature_and_text_that_conditions_know() -> None:
    for lane in CONTEXTS:
        known = rule_environment(lane).variables
        assert set(lane_features(lane)) <= set(known)
        assert set(lane_texts(lane)) <= set(known)
    assert {f"event.{name}" for name in EVENT_TEXTS} <= set(rule_environment("event").variables)
    assert set(LIVE_FEATURES) <= set(rule_environment("session_window").variables)


def test_the_detectors_that_expressions_know_are_those_of_the_job() -> None:
    from udfs.lanes.sessions import DETECTORS as RUN

    assert DETECTORS == RUN
