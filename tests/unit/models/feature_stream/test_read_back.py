"""A learner that starts again knows the errors of the version before, and compares with what a model was trained on."""

from collections.abc import Iterator

import numpy as np

from models.feature_stream.drift_ranges import DriftRanges
from models.feature_stream.learner import FeatureStreamLearner, Message, Retraining, Rollback, SegmentChange
from models.feature_stream.read_back import REFERENCE_MS, InForce, live_from_ms, reference_range
from schemas.alerts import Alert
from schemas.drift import DriftLook
from schemas.features import FeatureRow
from schemas.outcomes import Outcome
from tests.support.feature_rows import BEGINNING_MS

VERSION_2_MS = BEGINNING_MS + 400 * 10_000


def answers(first: int, end: int) -> Iterator[tuple[FeatureRow, Outcome]]:
    """Sessions ten seconds apart; version 2, which comes at session 400, misses by far more."""
    for number in range(first, end):
        at_ms = BEGINNING_MS + number * 10_000
        version = 1 if at_ms < VERSION_2_MS else 2
        generator = np.random.default_rng([509, number])
        miss = float(generator.exponential(40.0)) + (300.0 if version == 2 else 0.0)
        row = FeatureRow(f"s{number}", at_ms, "window", {}, {}, None, {"length": 400.0}, None, {"length": version})
        yield row, Outcome(None, row.session_id, None, at_ms, "preferred_content_length", 400.0 + miss)


def told(learner: FeatureStreamLearner, first: int, end: int) -> list[Message]:
    found: list[Message] = []
    for row, outcome in answers(first, end):
        learner.add_outcome(outcome)
        found += learner.add(row)
    return [*found, *learner.flush()]


def test_a_bad_version_is_rolled_back_though_the_learner_was_restarted_in_between() -> None:
    in_force = {"length": InForce(2, VERSION_2_MS, None)}
    before = told(FeatureStreamLearner(), 0, 420)
    newest_ms = BEGINNING_MS + 420 * 10_000
    # What the service does: all of this is more than an hour, but for the last minutes.
    assert live_from_ms(newest_ms, in_force.values()) <= BEGINNING_MS
    again = FeatureStreamLearner(live_only_until_ms=newest_ms - 60_000, in_force=in_force)

    after = told(again, 0, 900)

    assert not [each for each in before if isinstance(each, Rollback)]
    assert [each for each in after if isinstance(each, Rollback)] == [Rollback("length", 2)]


def test_minutes_from_before_are_read_for_live_errors_alone_and_old_findings_stay_old() -> None:
    def all_of(in_force: dict[str, InForce]) -> list[Message]:
        learner = FeatureStreamLearner(
            ranges=DriftRanges(100, 40), models=("length",), live_only_until_ms=BEGINNING_MS * 2, in_force=in_force
        )
        return told(learner, 0, 900)

    # Nobody was there when version 2 was found out: it is taken back now.
    found = all_of({"length": InForce(2, VERSION_2_MS, None)})
    assert [each for each in found if isinstance(each, Rollback)] == [Rollback("length", 2)]
    assert not [each for each in found if isinstance(each, (SegmentChange, DriftLook, Retraining))]
    # It was taken back long ago, or somebody has put it in force once more.
    assert all_of({"length": InForce(1, VERSION_2_MS, None)}) == []
    assert not [each for each in all_of({"length": InForce(2, BEGINNING_MS * 2, None)}) if isinstance(each, Alert)]


def test_a_week_is_read_back_where_any_version_is_in_force() -> None:
    day_ms = REFERENCE_MS
    for from_ms in (0, 99 * day_ms, 100 * day_ms + 5):
        assert live_from_ms(100 * day_ms, [InForce(3, from_ms, None)]) == 93 * day_ms
    assert live_from_ms(100 * day_ms, []) == 100 * day_ms


def test_a_bad_version_after_a_short_lived_one_is_rolled_back_though_the_learner_was_restarted() -> None:
    # Version 2 was live for an hour, days before: a day before version 3 holds neither it nor version 1.
    day_ms, wished = REFERENCE_MS, 400.0
    since = {1: BEGINNING_MS, 2: BEGINNING_MS + 2 * day_ms, 3: BEGINNING_MS + 4 * day_ms}
    newest_ms = since[3] + 10 * 60_000
    in_force = {"length": InForce(3, since[3], None)}
    learner = FeatureStreamLearner(live_only_until_ms=newest_ms, in_force=in_force)
    generator, found = np.random.default_rng(533), list[Message]()
    for version, outcomes in ((1, 100), (2, 40), (3, 100)):
        for number in range(outcomes):
            at_ms = since[version] + number * 60_000
            if at_ms < live_from_ms(newest_ms, in_force.values()):
                continue
            session, miss = f"s{version}-{number}", float(generator.exponential(400.0 if version == 3 else 40.0))
            row = FeatureRow(session, at_ms, "window", {}, {}, None, {"length": wished}, None, {"length": version})
            learner.add_outcome(Outcome(None, session, None, at_ms, "preferred_content_length", wished + miss))
            found += learner.add(row)
    found += learner.flush()

    assert [each for each in found if isinstance(each, Rollback)] == [Rollback("length", 3)]
    (alert,) = [each for each in found if isinstance(each, Alert) and each.kind == "worse_version"]
    assert "does worse than version 1:" in alert.text


def test_the_reference_is_the_last_day_that_a_wanted_model_was_trained_on() -> None:
    week_ms = 7 * REFERENCE_MS
    in_force = {
        "length": InForce(2, 0, (0, week_ms)),
        "tone": InForce(1, 0, (week_ms, week_ms + 5_000)),
        "forest": InForce(1, 0, None),
    }

    assert reference_range(in_force, ("length",)) == (week_ms - REFERENCE_MS, week_ms)
    assert reference_range(in_force, ("forest",)) == (week_ms, week_ms + 5_000)
    assert reference_range(in_force, ()) == (week_ms, week_ms + 5_000)
    assert reference_range({"forest": in_force["forest"]}, ()) is None
