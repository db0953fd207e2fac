"""Models are followed while they are live: by themselves, by what outcomes tell, and said to be unknown where none comes."""

import numpy as np

from models.feature_stream.learner import FeatureStreamLearner, Message, Retraining, Rollback
from models.feature_stream.live_models import LiveModels
from models.feature_stream.minutes import MINUTE_MS
from models.feature_stream.retrainings import MIN_GAP_MS
from schemas.alerts import Alert
from schemas.features import FeatureRow
from schemas.outcomes import Outcome
from tests.support.feature_rows import BEGINNING_MS


def of_three_versions(
    of_segment: tuple[int, ...] = (), segment: str | None = "s1", wish: float | None = 500.0
) -> dict[int, list[Message]]:
    """What a learner tells of three versions, one after the other, of which the third is bad; `of_segment` are those of the model
    of the readers' segment."""
    generator = np.random.default_rng(507)
    learner = FeatureStreamLearner(models=("length",))
    found: dict[int, list[Message]] = {}
    for number in range(900):
        # Version 2 is as good as version 1; version 3 misses by twice as much.
        version = 1 + number // 300
        wanted, miss = 500.0, float(generator.normal(0.0, 160.0 if version == 3 else 80.0))
        at_ms = BEGINNING_MS + number * 10_000
        session_id = f"s{number}"
        scores: dict[str, float | None] = {"length": wanted + miss}
        owners = ["length"] if version in of_segment else []
        window = FeatureRow(session_id, at_ms, "window", {}, {}, segment, scores, None, {"length": version}, owners)
        if wish is not None:
            # The outcome comes first: it waits for what was predicted before it.
            learner.add_outcome(Outcome(None, session_id, None, at_ms + 5_000, "preferred_content_length", wish))
        end = FeatureRow(session_id, at_ms + 20_000, "session_end", {}, {}, None, {}, None)
        for each in (window, end):
            found.setdefault(version, []).extend(learner.add(each))
    return found


def test_the_versions_of_a_segment_are_not_those_of_the_model_of_all_readers() -> None:
    assert not [each for each in of_three_versions((3,))[3] if isinstance(each, (Alert, Rollback))]


def test_a_bad_version_of_a_segment_is_rolled_back_as_one_of_all_readers_is() -> None:
    found = of_three_versions((1, 2, 3))
    assert not [each for each in found[1] + found[2] if isinstance(each, (Alert, Rollback))]
    assert [each for each in found[3] if isinstance(each, Rollback)] == [Rollback("length.s1", 3)]
    (alert,) = [each for each in found[3] if isinstance(each, Alert) and each.kind == "worse_version"]
    assert alert.subject == "length.s1"
    assert "length.s1 version 3 does worse than version 2:" in alert.text


def test_a_session_counts_for_the_model_that_predicted_last() -> None:
    live = LiveModels()
    outcomes = list(range(60))

    def minute(version: int, segment: str | None, miss: float) -> list[str]:
        found = []
        for number in outcomes:
            at_ms = BEGINNING_MS + number * MINUTE_MS
            name, owners = f"{version}-{number}", [] if segment is None else ["length"]
            # Before, the model of all readers had predicted for the session, and well.
            rows = [FeatureRow(name, at_ms, "window", {}, {}, None, {"length": 500.0}, None, {"length": 1})]
            models = {"length": version}
            rows.append(
                FeatureRow(name, at_ms, "window", {}, {}, segment, {"length": 500.0 + miss}, None, models, owners)
            )
            live.add(Outcome(None, name, None, at_ms, "preferred_content_length", 500.0 + number % 7))
            found += [model for model, each in live.minute(at_ms, rows) if each.kind == "worse_version"]
        return found

    assert minute(1, "s1", 10.0) == []
    assert minute(1, None, 0.0) == []
    assert minute(2, "s1", 300.0) == ["length.s1"]


def test_a_site_that_sends_no_outcomes_is_told_once_for_all_its_models() -> None:
    found = of_three_versions((2,), wish=None)
    alerts = [each for messages in found.values() for each in messages if isinstance(each, Alert)]
    assert [(each.kind, each.severity, each.subject) for each in alerts] == [("missing_outcomes", "info", "length")]
    assert (alerts[0].value, alerts[0].threshold) == (0.0, 0.005)
    assert (
        "none of 200 sessions with a prediction had an outcome with metric preferred_content_length" in alerts[0].text
    )
    assert not [each for messages in found.values() for each in messages if isinstance(each, Rollback)]


def test_errors_that_grow_within_an_hour_of_a_retraining_start_one_when_the_hour_is_over() -> None:
    generator = np.random.default_rng(508)
    learner = FeatureStreamLearner(models=("length", "tone"))
    # Something else had drifted at the first minute.
    first_ms = BEGINNING_MS - BEGINNING_MS % MINUTE_MS
    assert learner.retrainings.ask("length", ("clicks",), first_ms)
    found: list[tuple[int, Message]] = []
    for number in range(1_200):
        at_ms = BEGINNING_MS + number * 6_000
        miss = float(generator.exponential(40.0)) + (200.0 if number >= 300 else 0.0)
        window = FeatureRow(f"s{number}", at_ms, "window", {}, {}, None, {"length": 400.0}, None, {"length": 1})
        learner.add_outcome(Outcome(None, f"s{number}", None, at_ms, "preferred_content_length", 400.0 + miss))
        found += [(at_ms, each) for each in learner.add(window)]

    (told_ms,) = [at_ms for at_ms, each in found if isinstance(each, Alert) and each.kind == "error_drift"]
    assert told_ms < first_ms + MIN_GAP_MS
    (retraining,) = [each for _, each in found if isinstance(each, Retraining)]
    assert (retraining.model, retraining.subjects) == ("length", ("errors of length",))
    assert retraining.at_ms == first_ms + MIN_GAP_MS


def test_a_bad_version_is_rolled_back_and_a_good_one_is_not() -> None:
    found = of_three_versions()
    assert not [each for each in found[1] + found[2] if isinstance(each, (Alert, Rollback))]
    assert [each for each in found[3] if isinstance(each, Rollback)] == [Rollback("length", 3)]
    (alert,) = [each for each in found[3] if isinstance(each, Alert) and each.kind == "worse_version"]
    assert (alert.subject, alert.severity) == ("length", "critical")
    assert "length version 3 does worse than version 2:" in alert.text
