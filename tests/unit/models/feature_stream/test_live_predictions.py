"""Outcomes and predictions are joined as training joins them: at or before, and not too old."""

import pytest

from models.feature_stream.live_models import LiveModels
from models.feature_stream.live_predictions import MAX_KEPT, LivePredictions, Predicted
from models.feature_stream.minutes import MINUTE_MS
from models.learning.told_windows import ToldWindows
from models.predictions.targets import MAX_AGE_MS
from schemas.features import FeatureRow
from schemas.outcomes import Outcome

METRIC = "preferred_content_length"


def predicted(at_ms: int, value: float = 0.0) -> Predicted[float]:
    return Predicted(at_ms, "length", 1, value)


#   60 s        70 s          120 s
#   says 100    outcome 100   says 500: not asked yet when the reader told
def test_an_outcome_tells_of_the_prediction_before_it_and_not_of_a_later_one() -> None:
    live = LiveModels()

    def window(at_ms: int, value: float, version: int) -> FeatureRow:
        return FeatureRow("a", at_ms, "window", {}, {}, None, {"length": value}, None, {"length": version})

    live.add(Outcome(None, "a", None, 70_000, METRIC, 100.0))
    assert list(live.minute(60_000, [window(60_000, 100.0, 1)])) == []
    assert list(live.minute(120_000, [window(120_000, 500.0, 2)])) == []

    errors = live._errors["length"]  # noqa: SLF001
    assert (errors._errors.version, errors._errors.errors) == (1, [0.0])  # noqa: SLF001


@pytest.mark.parametrize("at_ms", [59_999, 60_000, 119_999, 120_000, 120_000 + MAX_AGE_MS, 120_001 + MAX_AGE_MS])
def test_the_join_is_that_of_training(at_ms: int) -> None:
    windows = [FeatureRow("a", each, "window", {}, {}, None, {}, None) for each in (60_000, 120_000)]
    found = LivePredictions[float]()
    for each in windows:
        found.add("a", predicted(each.window_end_ms))

    joined = found.answered("a", at_ms)

    trained = ToldWindows[None]([("a", at_ms, 5.0)])
    for each in windows:
        if trained.wants("a", each.window_end_ms):
            trained.add("a", each.window_end_ms, None)
    assert ([] if joined is None else [joined.at_ms]) == [end_ms for _, end_ms, _ in trained.pairs()]


def test_an_outcome_older_than_all_that_is_kept_is_joined_with_nothing() -> None:
    found = LivePredictions[float]()
    for minute in range(MAX_KEPT + 1):
        found.add("a", predicted(minute * MINUTE_MS, float(minute)))

    assert found.answered("a", MINUTE_MS - 1) is None
    assert found.answered("a", MINUTE_MS) == predicted(MINUTE_MS, 1.0)
    assert found.answered("b", MINUTE_MS) is None


def test_a_session_that_is_over_is_forgotten_with_its_last_prediction() -> None:
    found = LivePredictions[float]()
    for session in ("a", "b"):
        found.add(session, predicted(0))
        found.add(session, predicted(5))
    found.answered("a", 0)

    assert found.ended("a") == (predicted(5), True)
    assert found.ended("b") == (predicted(5), False)
    assert found.ended("b") is None
