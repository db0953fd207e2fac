"""The evidence of a command: what was seen, what was expected, where the line lay."""

from typing import Any

import pytest

from models.features import SESSION_NAMES
from models.rules.compiled import KNOWN_FEATURES, CompiledRule
from models.rules.signals import LazyScore, Signals
from schemas.commands import Evidence, EvidenceBound
from tests.support.builders import at, rule, session_values
from tests.support.readings import EngagedReadings


def evidence(lane: str = "session_window", **condition: Any) -> dict[str, Evidence]:
    return evidence_of([condition], lane)


def evidence_of(conditions: list[dict[str, Any]], lane: str = "session_window") -> dict[str, Evidence]:
    """About a window with 20 s of engaged time, where the reader's mean is 50 s and the peers' 40 s."""
    signals = Signals(
        values=session_values(engaged_ms=20_000),
        readings=EngagedReadings((50_000.0, -0.6, -3.0), (40_000.0, -0.5, -2.0), below=0.05, up=0.5, down=6.0),
        scalars={"silence_ms": 7_000.0, "rating": 2.0},
        attributes={"device": "phone", "event.element": "close"},
        scores={
            "isolation_forest": LazyScore(lambda: 0.7, 0.65, lambda: {"idle_ms": 0.5, "pages": 0.25}),
            "last_value": LazyScore(lambda: 3.0),
        },
        window_start_ms=at(0),
        window_end_ms=at(60),
    )
    return CompiledRule(rule(lane=lane, when=conditions)).evidence(signals)


WINDOW = (at(0), at(60))


def test_a_bound_on_the_value_is_its_own_threshold() -> None:
    found = evidence(feature="engaged_ms", below=30_000)
    bounds = (EvidenceBound("below", 30_000.0, "ms"),)
    assert found == {"engaged_ms": Evidence(20_000.0, 50_000.0, 30_000.0, -3.0, *WINDOW, bounds)}


def test_a_bound_on_the_change_is_told_in_the_unit_of_the_feature() -> None:
    # a fifth below 50 s is 40 s, a fifth below the peers' 40 s is 32 s
    own = evidence(feature="engaged_ms", change_below=-0.2)
    bounds = (EvidenceBound("change_below", 40_000.0, "ms", "self", 50_000.0, -3.0, -0.6),)
    assert own == {"engaged_ms": Evidence(20_000.0, 50_000.0, 40_000.0, -3.0, *WINDOW, bounds)}
    peers = evidence(feature="engaged_ms", change_below=-0.2, against="peers")
    bounds = (EvidenceBound("change_below", 32_000.0, "ms", "peers", 40_000.0, -2.0, -0.5),)
    assert peers == {"engaged_ms": Evidence(20_000.0, 40_000.0, 32_000.0, -2.0, *WINDOW, bounds)}


def test_a_bound_on_the_score_is_told_in_deviations() -> None:
    found = evidence(feature="engaged_ms", z_below=-2.5)["engaged_ms"]
    assert found.threshold == -2.5
    assert found.bounds == (EvidenceBound("z_below", -2.5, "sd", "self", 50_000.0, -3.0, -3.0),)
    assert evidence(feature="engaged_ms", z_above=-4)["engaged_ms"].threshold == -4.0


@pytest.mark.parametrize(("direction", "nats"), [("up", 0.5), ("down", 6.0)])
def test_a_shift_is_told_as_a_bound_and_never_as_the_threshold(direction: str, nats: float) -> None:
    found = evidence(feature="engaged_ms", shift=direction)["engaged_ms"]
    assert found.threshold is None
    assert found.bounds == (EvidenceBound("shift", 5.5, "nats", "self", 50_000.0, -3.0, nats),)


def test_nats_and_shares_are_told_with_what_was_measured() -> None:
    falls = evidence(feature="engaged_ms", falls=5)["engaged_ms"]
    assert falls.threshold is None
    assert falls.bounds == (EvidenceBound("falls", 5.0, "nats", "self", 50_000.0, -3.0, 6.0),)
    bottom = evidence(feature="engaged_ms", bottom=0.1, against="peers")["engaged_ms"]
    assert bottom.bounds == (EvidenceBound("bottom", 0.1, "share", "peers", 40_000.0, -2.0, 0.05),)
    top = evidence(feature="engaged_ms", top=0.1, against="peers")["engaged_ms"]
    assert top.bounds[0].measured == 0.95


def test_every_bound_on_a_feature_is_told_in_the_order_of_the_rule() -> None:
    conditions = [
        {"feature": "engaged_ms", "z_below": -1, "against": "peers"},
        {"feature": "pages", "above": 0},
        {"feature": "engaged_ms", "z_below": -2, "above": 10_000, "below": 30_000},
    ]
    found = evidence_of(conditions)["engaged_ms"]
    assert found.bounds == (
        EvidenceBound("z_below", -1.0, "sd", "peers", 40_000.0, -2.0, -2.0),
        EvidenceBound("above", 10_000.0, "ms"),
        EvidenceBound("below", 30_000.0, "ms"),
        EvidenceBound("z_below", -2.0, "sd", "self", 50_000.0, -3.0, -3.0),
    )
    # what was there before bounds were told: the last condition, and its bound on the value before that on the score
    assert (found.baseline, found.threshold, found.z) == (50_000.0, 10_000.0, -3.0)


def test_every_feature_that_a_rule_can_name_has_a_unit() -> None:
    for lane, names in KNOWN_FEATURES.items():
        for name in names:
            compiled = CompiledRule(rule(lane=lane, when=[{"feature": name, "above": 0.5}]))
            values = [2.0] * len(SESSION_NAMES)
            [bound] = compiled.evidence(Signals(values=values, scalars=dict.fromkeys(names, 2.0)))[name].bounds
            assert bound.unit


def test_what_is_unknown_is_left_out() -> None:
    found = evidence(feature="pages", above=0)["pages"]
    assert (found.value, found.baseline, found.z) == (1.0, None, None)


def test_what_stands_beside_the_vector_has_value_and_bound() -> None:
    assert evidence(feature="silence_ms", below=20_000) == {
        "silence_ms": Evidence(7_000.0, None, 20_000.0, None, *WINDOW, (EvidenceBound("below", 20_000.0, "ms"),))
    }
    assert evidence("event", feature="rating", below=3) == {
        "rating": Evidence(2.0, None, 3.0, None, *WINDOW, (EvidenceBound("below", 3.0, "1..5"),))
    }


def test_the_score_of_the_forest_comes_with_its_contributions() -> None:
    parts = {
        "forest.idle_ms": Evidence(0.5, None, None, None, *WINDOW),
        "forest.pages": Evidence(0.25, None, None, None, *WINDOW),
    }
    for given, threshold in (("threshold", 0.65), (0.5, 0.5)):
        bounds = (EvidenceBound("forest", threshold, "score"),)
        assert evidence(forest=given) == {"forest": Evidence(0.7, None, threshold, None, *WINDOW, bounds)} | parts
        spelt_out = evidence(detector="isolation_forest", above=given)
        bounds = (EvidenceBound("above", threshold, "score"),)
        assert spelt_out == {"forest": Evidence(0.7, None, threshold, None, *WINDOW, bounds)} | parts


def test_the_score_of_a_detector_stands_under_its_name() -> None:
    bounds = (EvidenceBound("above", 2.5, "score"),)
    found = evidence(detector="last_value", above=2.5)
    assert found == {"last_value": Evidence(3.0, None, 2.5, None, *WINDOW, bounds)}


def test_texts_are_evidence_as_they_are() -> None:
    assert evidence(context="device", equals="phone") == {"device": Evidence("phone", None, None, None, *WINDOW)}
    assert evidence("event", event="element", equals="close") == {
        "event.element": Evidence("close", None, None, None, *WINDOW)
    }


def test_every_condition_leaves_its_evidence() -> None:
    conditions = [{"feature": "engaged_ms", "below": 30_000}, {"feature": "pages", "above": 0}]
    found = CompiledRule(rule(when=conditions)).evidence(Signals(values=session_values()))
    assert set(found) == {"engaged_ms", "pages"}
