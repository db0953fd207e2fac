"""Models of tone are followed as those of length are: grown errors, worse versions, missing outcomes."""

import numpy as np
import pytest

from models.drift.live_errors import ENDED_SESSIONS, LiveErrors
from models.feature_stream.learner import FeatureStreamLearner, Message, Retraining, Rollback
from models.feature_stream.live_answers import error_of
from schemas.alerts import Alert
from schemas.features import FeatureRow
from schemas.outcomes import Outcome
from tests.support.feature_rows import BEGINNING_MS

TONES = ("formal", "friendly")


def told(right: list[float], version_of: list[int], has_outcomes: bool = True) -> list[Message]:
    """What a learner tells of sessions with a probability of the tone that suits, by version."""
    generator = np.random.default_rng(530)
    learner = FeatureStreamLearner(models=("tone",))
    found: list[Message] = []
    for number, (share, version) in enumerate(zip(right, version_of, strict=True)):
        at_ms, session = BEGINNING_MS + number * 10_000, f"s{number}"
        wanted = int(generator.integers(2))
        given = float(np.clip(share + generator.normal(0.0, 0.1), 0.0, 1.0))
        scores: dict[str, float | None] = {f"tone_{TONES[wanted]}": given, f"tone_{TONES[1 - wanted]}": 1.0 - given}
        if has_outcomes:
            learner.add_outcome(Outcome(None, session, None, at_ms + 5_000, f"preferred_tone.{TONES[wanted]}", 1.0))
        found += learner.add(FeatureRow(session, at_ms, "window", {}, {}, None, scores, None, {"tone": version}))
        found += learner.add(FeatureRow(session, at_ms + 20_000, "session_end", {}, {}, None, {}, None))
    return [*found, *learner.flush()]


def kinds(found: list[Message]) -> list[tuple[str, str]]:
    return [(each.kind, each.subject) for each in found if isinstance(each, Alert)]


def test_a_bad_version_of_a_tone_is_rolled_back_and_a_good_one_is_not() -> None:
    assert kinds(told([0.8] * 600, [1] * 300 + [2] * 300)) == []

    found = told([0.8] * 300 + [0.45] * 300, [1] * 300 + [2] * 300)

    assert ("worse_version", "tone") in kinds(found)
    assert [each for each in found if isinstance(each, Rollback)] == [Rollback("tone", 2)]


def test_errors_of_a_tone_that_grow_start_a_retraining() -> None:
    found = told([0.8] * 400 + [0.4] * 300, [1] * 700)

    assert kinds(found) == [("error_drift", "tone"), ("retraining", "tone")]
    assert [each.subjects for each in found if isinstance(each, Retraining)] == [("errors of tone",)]
    assert [each.method for each in found if isinstance(each, Alert) and each.kind == "error_drift"] == ["adwin"]


def test_errors_of_a_tone_that_shrink_are_no_drift() -> None:
    assert kinds(told([0.4] * 400 + [0.8] * 300, [1] * 700)) == []


def test_a_site_that_tells_no_tone_is_told_of_it() -> None:
    found = told([0.8] * (ENDED_SESSIONS + 20), [1] * (ENDED_SESSIONS + 20), has_outcomes=False)

    (alert,) = [each for each in found if isinstance(each, Alert)]
    assert (alert.kind, alert.severity) == ("missing_outcomes", "info")
    assert "metric preferred_tone.LABEL" in alert.text


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3])
def test_wrong_tones_that_are_rare_and_undrifted_raise_no_alarm(share: float) -> None:
    generator = np.random.default_rng(531)
    errors = LiveErrors(is_bounded=True)
    for wrong in (generator.random(20_000) < share).tolist():
        assert list(errors.add(1, float(wrong))) == []


def test_the_error_of_a_tone_is_half_the_brier_score() -> None:
    assert error_of({"formal": 1.0, "friendly": 0.0}, "formal") == 0.0
    assert error_of({"formal": 1.0, "friendly": 0.0}, "friendly") == 1.0
    assert error_of({"formal": 0.5, "friendly": 0.5}, "friendly") == 0.25
    # Not among the tones that the model knows, by hand: (0.36 + 0.16 + 1) / 2.
    assert error_of({"formal": 0.6, "friendly": 0.4}, "playful") == pytest.approx(0.76)
