"""Rules at work: every kind of bound, and that what is unknown satisfies none."""

from typing import Any

import pytest

from models.detectors.baselines import CUSUM_THRESHOLD, Baselines
from models.features import SESSION_NAMES
from models.rules.compiled import CompiledRule
from models.rules.signals import LazyScore, Signals
from schemas.rules import RuleError
from tests.support.builders import NAN, rule, session_values

ENGAGED = SESSION_NAMES.index("engaged_ms")


def holds(signals: Signals, lane: str = "session_window", **condition: Any) -> bool:
    return CompiledRule(rule(lane=lane, when=[condition])).holds(signals)


def scores(engaged: float | None) -> list[float | None]:
    return [engaged if name == "engaged_ms" else None for name in SESSION_NAMES]


def baselines(expected: float, rising: float = 0.0, falling: float = 0.0) -> Baselines:
    """Baselines that have compared engaged time with `expected`."""
    made = Baselines(len(SESSION_NAMES))
    made.prior_means = [expected if name == "engaged_ms" else NAN for name in SESSION_NAMES]
    made.cusum_high[ENGAGED], made.cusum_low[ENGAGED] = rising, falling
    return made


def window(engaged_ms: float = 30_000.0, **signals: Any) -> Signals:
    empty: list[float | None] = [None] * len(SESSION_NAMES)
    given: dict[str, Any] = {"values": session_values(engaged_ms=engaged_ms), "z_self": empty, "z_peers": empty}
    return Signals(**(given | signals))


def peers(mean: float) -> list[float]:
    return [mean if name == "engaged_ms" else NAN for name in SESSION_NAMES]


@pytest.mark.parametrize(
    ("bound", "holding", "not_holding"),
    [
        ({"above": 100}, window(100.5), window(100.0)),
        ({"below": 100}, window(99.5), window(100.0)),
        ({"z_above": 2}, window(z_self=scores(2.1)), window(z_self=scores(2.0))),
        ({"z_below": -2}, window(z_self=scores(-2.1)), window(z_self=scores(-2.0))),
        ({"z_below": 0.5}, window(z_self=scores(0.0)), window(z_self=scores(0.5))),
        ({"z_above": 2, "against": "peers"}, window(z_peers=scores(2.1)), window(z_self=scores(2.1))),
        ({"z_below": -2, "against": "peers"}, window(z_peers=scores(-2.1)), window(z_self=scores(-2.1))),
        ({"change_above": 0.5}, window(151, baselines=baselines(100)), window(150, baselines=baselines(100))),
        ({"change_below": -0.2}, window(79, baselines=baselines(100)), window(80, baselines=baselines(100))),
        ({"change_below": -0.2}, window(-130, baselines=baselines(-100)), window(-110, baselines=baselines(-100))),
        ({"change_above": 0.5, "against": "peers"}, window(151, peer_means=peers(100)), window(peer_means=peers(3e4))),
        ({"change_below": -0.2, "against": "peers"}, window(79, peer_means=peers(100)), window(peer_means=peers(3e4))),
        (
            {"shift": "up"},
            window(baselines=baselines(1, rising=CUSUM_THRESHOLD + 1)),
            window(baselines=baselines(1, falling=CUSUM_THRESHOLD + 1)),
        ),
        (
            {"shift": "down"},
            window(baselines=baselines(1, falling=CUSUM_THRESHOLD + 1)),
            window(baselines=baselines(1, rising=CUSUM_THRESHOLD + 1)),
        ),
        ({"above": 100, "below": 200}, window(150), window(200)),
        ({"above": 100, "z_below": 0}, window(101, z_self=scores(-1.0)), window(101, z_self=scores(0.0))),
    ],
)
def test_a_bound_holds_beyond_its_line_and_not_on_it(
    bound: dict[str, Any], holding: Signals, not_holding: Signals
) -> None:
    assert holds(holding, feature="engaged_ms", **bound)
    assert not holds(not_holding, feature="engaged_ms", **bound)


@pytest.mark.parametrize(
    "bound",
    [
        {"above": -1e300},
        {"below": 1e300},
        {"z_above": -1e300},
        {"z_below": 1e300},
        {"z_above": -1e300, "against": "peers"},
        {"z_below": 1e300, "against": "peers"},
        {"change_above": -1e300},
        {"change_below": 1e300},
        {"change_above": -1e300, "against": "peers"},
        {"change_below": 1e300, "against": "peers"},
        {"shift": "up"},
        {"shift": "down"},
    ],
    ids=str,
)
def test_what_is_unknown_never_satisfies(bound: dict[str, Any]) -> None:
    assert not holds(window(NAN), feature="engaged_ms", **bound)
    assert not holds(window(NAN, baselines=baselines(100), peer_means=peers(100)), feature="engaged_ms", **bound)


@pytest.mark.parametrize("expected", [0.0, NAN])
@pytest.mark.parametrize("against", ["self", "peers"])
def test_no_change_is_known_without_a_baseline_to_compare_with(expected: float, against: str) -> None:
    signals = window(50, baselines=baselines(expected), peer_means=peers(expected))
    assert not holds(signals, feature="engaged_ms", change_above=-9, against=against)
    assert not holds(signals, feature="engaged_ms", change_below=9, against=against)


def test_a_value_of_zero_is_a_value() -> None:
    assert holds(window(0.0), feature="engaged_ms", below=1)
    assert holds(window(0.0, baselines=baselines(100)), feature="engaged_ms", change_below=-0.9)


@pytest.mark.parametrize(
    ("score", "threshold", "bound", "expected"),
    [
        (0.7, 0.7, "threshold", True),
        (0.69, 0.7, "threshold", False),
        (None, 0.7, "threshold", False),
        (0.7, None, "threshold", False),
        (0.7, 0.9, 0.7, True),
        (0.69, 0.1, 0.7, False),
        (None, None, 0.0, False),
    ],
)
def test_the_forest_s_score_counts_from_its_bound_on(
    score: float | None, threshold: float | None, bound: Any, expected: bool
) -> None:
    signals = window(scores={"isolation_forest": LazyScore(lambda: score, threshold)})
    assert holds(signals, forest=bound) is expected
    assert holds(signals, detector="isolation_forest", above=bound) is expected


@pytest.mark.parametrize("bound", ["threshold", 0.0])
def test_a_detector_without_a_score_satisfies_nothing(bound: Any) -> None:
    signals = window(scores={"isolation_forest": LazyScore(lambda: 0.9, 0.1)})
    assert not holds(signals, detector="last_value", above=bound)


def test_a_score_is_computed_once_and_only_if_all_else_holds() -> None:
    asked = []

    def score() -> float:
        asked.append(1)
        return 0.9

    signals = window(5, scores={"isolation_forest": LazyScore(score, 0.5)})
    unmet = {"feature": "engaged_ms", "above": 6}
    scored = {"detector": "isolation_forest", "above": "threshold"}
    assert not CompiledRule(rule(when=[scored, unmet])).holds(signals)
    assert asked == []
    assert CompiledRule(rule(when=[scored, {"forest": 0.8}])).holds(signals)
    assert asked == [1]


@pytest.mark.parametrize(("name", "value"), [("silence_ms", 5.0), ("session_age_ms", 5.0), ("category_rise_z", 5.0)])
def test_what_stands_beside_the_vector_is_compared_alike(name: str, value: float) -> None:
    signals = window(scalars={name: value})
    assert holds(signals, feature=name, above=4)
    assert holds(signals, feature=name, below=6)
    assert not holds(signals, feature=name, above=5)
    assert not holds(signals, feature=name, below=5)
    assert not holds(signals, feature=name, above=4, below=4.5)


@pytest.mark.parametrize("live", [{}, {"rating": NAN}])
def test_an_event_without_the_feature_satisfies_nothing(live: dict[str, float]) -> None:
    assert not holds(Signals(scalars=live), lane="event", feature="rating", above=-1e300)
    assert not holds(Signals(scalars=live), lane="event", feature="rating", below=1e300)


@pytest.mark.parametrize("bound", [{"z_above": 1}, {"change_below": 0.5}, {"shift": "up"}, {"above": 1, "z_below": 3}])
def test_what_has_no_baseline_cannot_be_compared_with_one(bound: dict[str, Any]) -> None:
    with pytest.raises(RuleError, match=r"calm-down.*silence_ms has no baseline"):
        holds(window(), feature="silence_ms", **bound)


@pytest.mark.parametrize(
    ("text", "condition", "expected"),
    [
        ("phone", {"equals": "phone"}, True),
        ("tablet", {"equals": "phone"}, False),
        (None, {"equals": "phone"}, False),
        ("phone", {"among": ["tablet", "phone"]}, True),
        ("desktop", {"among": ["tablet", "phone"]}, False),
        (None, {"among": []}, False),
    ],
)
def test_texts_are_compared_whole(text: str | None, condition: dict[str, Any], expected: bool) -> None:
    assert holds(window(attributes={"device": text}), context="device", **condition) is expected
    assert holds(Signals(attributes={"event.element": text}), lane="event", event="element", **condition) is expected
    assert not holds(window(), context="device", **condition)


def test_all_conditions_must_hold() -> None:
    both = CompiledRule(rule(when=[{"feature": "engaged_ms", "below": 10}, {"context": "device", "equals": "phone"}]))
    assert both.holds(window(5, attributes={"device": "phone"}))
    assert not both.holds(window(5, attributes={"device": "desktop"}))
    assert not both.holds(window(50, attributes={"device": "phone"}))
