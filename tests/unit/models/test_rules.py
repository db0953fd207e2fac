"""Rules at work: every kind of bound, and that what is unknown satisfies none."""

from typing import Any

import pytest

from models.rules.compiled import CompiledRule
from models.rules.signals import LazyScore, Signals
from schemas.rules import RuleError
from tests.support.builders import NAN, rule, session_values
from tests.support.readings import EngagedReadings


def holds(signals: Signals, lane: str = "session_window", **condition: Any) -> bool:
    return CompiledRule(rule(lane=lane, when=[condition])).holds(signals)


def window(engaged_ms: float = 30_000.0, **signals: Any) -> Signals:
    return Signals(**({"values": session_values(engaged_ms=engaged_ms)} | signals))


def read(**known: Any) -> Signals:
    """An ordinary window of which that much is known about engaged time."""
    return window(readings=EngagedReadings(**known))


def own(change: float | None = None, z: float | None = None) -> Signals:
    return read(own=(100.0, change, z))


def peers(change: float | None = None, z: float | None = None) -> Signals:
    return read(peers=(100.0, change, z))


@pytest.mark.parametrize(
    ("bound", "holding", "not_holding"),
    [
        pytest.param({"above": 100}, window(100.5), window(100.0), id="above"),
        pytest.param({"below": 100}, window(99.5), window(100.0), id="below"),
        pytest.param({"z_above": 2}, own(z=2.1), own(z=2.0), id="z_above"),
        pytest.param({"z_below": -2}, own(z=-2.1), own(z=-2.0), id="z_below"),
        pytest.param({"z_below": 0.5}, own(z=0.0), own(z=0.5), id="z_below of zero"),
        pytest.param({"z_above": 2, "against": "peers"}, peers(z=2.1), own(z=2.1), id="z_above peers"),
        pytest.param({"z_below": -2, "against": "peers"}, peers(z=-2.1), own(z=-2.1), id="z_below peers"),
        pytest.param({"change_above": 0.5}, own(0.51), own(0.5), id="change_above"),
        pytest.param({"change_below": -0.2}, own(-0.21), own(-0.2), id="change_below"),
        pytest.param({"change_above": 0.5, "against": "peers"}, peers(0.51), own(0.51), id="change_above peers"),
        pytest.param({"rises": 5}, read(up=5.0), read(up=4.99), id="rises"),
        pytest.param({"falls": 5}, read(down=5.0), read(up=9.0, down=4.99), id="falls"),
        pytest.param({"rises_below": 3}, read(up=2.9), read(up=3.0), id="rises_below"),
        pytest.param({"falls_below": 3}, read(down=2.9), read(down=3.0), id="falls_below"),
        pytest.param({"top": 0.1, "against": "peers"}, read(below=0.9), read(below=0.89), id="top"),
        pytest.param({"bottom": 0.1, "against": "peers"}, read(below=0.1), read(below=0.11), id="bottom"),
        pytest.param({"shift": "up"}, read(up=5.5), read(up=5.4, down=12.0), id="shift up"),
        pytest.param({"shift": "down"}, read(down=5.5), read(up=12.0), id="shift down"),
        pytest.param({"above": 100, "below": 200}, window(150), window(200), id="between"),
        pytest.param({"above": 100, "z_below": 0}, own(z=-1.0), own(z=0.0), id="value and score"),
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
        {"rises": 0.001},
        {"falls": 0.001},
        {"rises_below": 12},
        {"falls_below": 12},
        {"top": 0.99, "against": "peers"},
        {"bottom": 0.99, "against": "peers"},
        {"shift": "up"},
        {"shift": "down"},
    ],
    ids=str,
)
def test_what_is_unknown_never_satisfies(bound: dict[str, Any]) -> None:
    assert not holds(window(NAN), feature="engaged_ms", **bound)
    assert not holds(window(NAN, readings=EngagedReadings()), feature="engaged_ms", **bound)


def test_a_value_of_zero_is_a_value() -> None:
    assert holds(window(0.0), feature="engaged_ms", below=1)
    assert holds(read(down=0.0), feature="engaged_ms", falls_below=1)


def test_a_part_of_a_window_is_not_small_but_can_be_great() -> None:
    part = window(9_000.0)
    part.is_whole = False
    assert not holds(part, feature="engaged_ms", below=10_000)
    assert holds(part, feature="engaged_ms", above=8_000)
    assert holds(part, feature="scroll_depth", below=0.6)  # no sum: the page's depth is what it is


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
def test_the_score_of_the_forest_counts_from_its_bound_on(
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


@pytest.mark.parametrize("live", [{}, {"rating": NAN}], ids=["absent", "not a number"])
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
