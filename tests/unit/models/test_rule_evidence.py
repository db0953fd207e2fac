"""The evidence of a command: what was seen, what was expected, where the line lay."""

from typing import Any

from models.detectors.baselines import Baselines
from models.features import SESSION_NAMES
from models.rules.compiled import CompiledRule, Facts
from schemas.commands import Evidence
from tests.support.builders import NAN, at, rule, session_values


def evidence(lane: str = "session_window", **condition: Any) -> dict[str, Evidence]:
    """About a window with 20 s of engaged time, where the reader's mean is 50 s and the peers' 40 s."""
    baselines = Baselines(len(SESSION_NAMES))
    baselines.prior_means = [50_000.0 if name == "engaged_ms" else NAN for name in SESSION_NAMES]
    facts = Facts(
        values=session_values(engaged_ms=20_000),
        z_self=[-3.0 if name == "engaged_ms" else None for name in SESSION_NAMES],
        z_peers=[-2.0 if name == "engaged_ms" else None for name in SESSION_NAMES],
        peer_means=[40_000.0 if name == "engaged_ms" else NAN for name in SESSION_NAMES],
        baselines=baselines,
        live={"silence_ms": 7_000.0, "rating": 2.0},
        texts={"device": "phone", "event.element": "close"},
        forest_score=0.7,
        forest_threshold=0.65,
        contributions=lambda: {"idle_ms": 0.5, "pages": 0.25},
        window_start_ms=at(0),
        window_end_ms=at(60),
    )
    return CompiledRule(rule(lane=lane, when=[condition])).evidence(facts)


WINDOW = (at(0), at(60))


def test_a_bound_on_the_value_is_its_own_threshold() -> None:
    found = evidence(feature="engaged_ms", below=30_000)
    assert found == {"engaged_ms": Evidence(20_000.0, 50_000.0, 30_000.0, -3.0, *WINDOW)}


def test_a_bound_on_the_change_is_told_in_the_feature_s_unit() -> None:
    # a fifth below 50 s is 40 s, a fifth below the peers' 40 s is 32 s
    own = evidence(feature="engaged_ms", change_below=-0.2)
    assert own == {"engaged_ms": Evidence(20_000.0, 50_000.0, 40_000.0, -3.0, *WINDOW)}
    peers = evidence(feature="engaged_ms", change_below=-0.2, against="peers")
    assert peers == {"engaged_ms": Evidence(20_000.0, 40_000.0, 32_000.0, -2.0, *WINDOW)}


def test_a_bound_on_the_score_is_told_in_deviations() -> None:
    assert evidence(feature="engaged_ms", z_below=-2.5)["engaged_ms"].threshold == -2.5
    assert evidence(feature="engaged_ms", z_above=-4)["engaged_ms"].threshold == -4.0


def test_a_drift_has_no_threshold() -> None:
    assert evidence(feature="engaged_ms", shift="down")["engaged_ms"].threshold is None


def test_what_is_unknown_is_left_out() -> None:
    found = evidence(feature="pages", above=0)["pages"]
    assert (found.value, found.baseline, found.z) == (1.0, None, None)


def test_what_stands_beside_the_vector_has_value_and_bound() -> None:
    assert evidence(feature="silence_ms", below=20_000) == {
        "silence_ms": Evidence(7_000.0, None, 20_000.0, None, *WINDOW)
    }
    assert evidence("event", feature="rating", below=3) == {"rating": Evidence(2.0, None, 3.0, None, *WINDOW)}


def test_the_forest_s_score_comes_with_its_contributions() -> None:
    parts = {
        "forest.idle_ms": Evidence(0.5, None, None, None, *WINDOW),
        "forest.pages": Evidence(0.25, None, None, None, *WINDOW),
    }
    assert evidence(forest="threshold") == {"forest": Evidence(0.7, None, 0.65, None, *WINDOW)} | parts
    assert evidence(forest=0.5) == {"forest": Evidence(0.7, None, 0.5, None, *WINDOW)} | parts


def test_texts_are_evidence_as_they_are() -> None:
    assert evidence(context="device", equals="phone") == {"device": Evidence("phone", None, None, None, *WINDOW)}
    assert evidence("event", event="element", equals="close") == {
        "event.element": Evidence("close", None, None, None, *WINDOW)
    }


def test_every_condition_leaves_its_evidence() -> None:
    conditions = [{"feature": "engaged_ms", "below": 30_000}, {"feature": "pages", "above": 0}]
    found = CompiledRule(rule(when=conditions)).evidence(Facts(values=session_values()))
    assert set(found) == {"engaged_ms", "pages"}
