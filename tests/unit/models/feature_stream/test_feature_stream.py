"""From rows of features.v1 to messages: the same whatever the order of partitions, and right about planted readers."""

import math
import random
from collections.abc import Iterable
from zlib import crc32

import msgspec
import numpy as np
import pytest

from models.feature_stream.drift_ranges import DriftRanges
from models.feature_stream.learner import FeatureStreamLearner, Message, Retraining, SegmentChange
from models.feature_stream.reader_rows import FORGET_MS, ReaderRows
from models.segments.agreement import adjusted_rand
from models.segments.learner import LearningOptions
from models.segments.reader import DIGITS, ReaderState, SegmentsInForce
from schemas.alerts import Alert
from schemas.drift import DriftLook
from schemas.features import FeatureRow, decode_feature_row, encode_feature_row
from schemas.segments import Segment
from tests.support.feature_rows import BEGINNING_MS, HABITS, row, visits


def messages(learner: FeatureStreamLearner, rows: Iterable[FeatureRow]) -> list[Message]:
    return [message for each in rows for message in learner.add(each)] + list(learner.flush())


def in_partitions(rows: list[FeatureRow], seed: int) -> list[FeatureRow]:
    """The rows as four partitions give them: in order within one, with up to twenty seconds between them."""
    shuffled = random.Random(seed)
    lag = [shuffled.uniform(0.0, 20_000.0) for _ in range(4)]
    return sorted(rows, key=lambda each: each.window_end_ms + lag[crc32(each.session_id.encode()) % 4])


def test_planted_readers_are_told_apart_and_placed() -> None:
    rows, kinds = visits(seed=501, sessions=500)
    learner = FeatureStreamLearner(LearningOptions(warm_up_rows=500, refresh_rows=500))

    found = messages(learner, rows)
    force = SegmentsInForce(learner.segments.publisher.segments)
    placed: dict[str, ReaderState] = {}
    for each in rows:
        if each.kind == "window":
            placed[each.session_id] = force.after(
                placed.get(each.session_id, ReaderState()), each.features, each.context
            )

    assert len(force) == len(HABITS)
    labels = [placed[session_id].segment for session_id in kinds]
    assert None not in labels
    assert adjusted_rand(labels, list(kinds.values())) >= 0.9
    names = {each.segment.name for each in found if isinstance(each, SegmentChange) and each.segment is not None}
    assert any("many clicks" in name for name in names)
    assert not any(isinstance(each, Alert) for each in found)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_partitions_changes_nothing(seed: int) -> None:
    rows, _ = visits(seed=502, sessions=120)
    options = LearningOptions(warm_up_rows=200, refresh_rows=200)

    one, other = (messages(FeatureStreamLearner(options), each) for each in (rows, in_partitions(rows, seed)))

    assert [type(each) for each in one].count(SegmentChange) >= 6
    assert msgspec.json.encode(one) == msgspec.json.encode(other)


def test_planted_drift_raises_an_alarm_and_one_retraining_and_no_drift_raises_none() -> None:
    calm, _ = visits(seed=503, sessions=900)
    drifted, _ = visits(seed=504, sessions=600, factor=1.6, begin_s=1_800)
    learner = FeatureStreamLearner(ranges=DriftRanges(reference_rows=400, range_rows=100), models=("length",))

    assert not [each for each in messages(learner, calm) if isinstance(each, (Alert, Retraining))]
    found = messages(learner, drifted)
    drifts = [each for each in found if isinstance(each, Alert) and each.kind == "feature_drift"]
    retrainings = [each for each in found if isinstance(each, Retraining)]

    assert {each.subject for each in drifts} == {"engaged_ms"}
    first = drifts[0]
    assert first.value is not None
    assert first.threshold is not None
    assert first.value > first.threshold
    # 100 sessions that end two seconds apart, of which the first began when the drift did.
    assert first.at_ms <= BEGINNING_MS + 1_800_000 + 400_000 + 2 * 200_000
    assert [(each.model, each.subjects) for each in retrainings] == [("length", ("engaged_ms",))]
    looks = [each for each in found if isinstance(each, DriftLook)]
    assert len(looks) >= 5, "each look is told, whether it finds drift or not"
    for look in looks:
        assert {each.subject for each in look.readings} == {
            "device",
            "engaged_ms",
            "click_rate",
            "scroll_depth",
            "scroll_distance",
            "pages",
        }
        assert {each.subject for each in look.readings if each.has_drifted} <= {"engaged_ms"}
    assert first.at_ms == next(look.at_ms for look in looks if look.readings[0].has_drifted)
    assert [each.subject for each in found if isinstance(each, Alert) and each.kind == "retraining"] == ["length"]


def test_a_feature_that_is_no_longer_sent_is_told_once_and_one_that_begins_to_be_is_not() -> None:
    def sent(seed: int, begin_s: int, lacking: str) -> list[FeatureRow]:
        rows, _ = visits(seed, sessions=400, begin_s=begin_s)
        for each in rows:
            each.features |= {"hover_share": 0.5, lacking: None}
        return rows

    learner = FeatureStreamLearner(ranges=DriftRanges(reference_rows=300, range_rows=100), models=("length",))

    assert not [
        each for each in messages(learner, sent(508, 0, "hover_share")) if isinstance(each, (Alert, Retraining))
    ]
    found = messages(learner, sent(509, 1_200, "click_rate"))
    alerts = [each for each in found if isinstance(each, Alert)]
    (alert,) = [each for each in alerts if each.kind == "feature_drift"]

    assert (alert.subject, alert.method, alert.severity, alert.value) == (
        "click_rate",
        "unknown_share",
        "critical",
        1.0,
    )
    assert alert.threshold == pytest.approx(0.1)
    assert "feature click_rate is unknown in 100.0% of 100 sessions, in the reference range in 0.0%" in alert.text
    assert [each.subjects for each in found if isinstance(each, Retraining)] == [("unknown values of click_rate",)]
    shares = [msgspec.to_builtins(each.unknown) for each in found if isinstance(each, DriftLook)]
    assert shares[-1] == [{"subject": "click_rate", "share": 1.0, "reference_share": 0.0, "rows": 100}]


def ends(seed: int, sessions: int, device: str | None, begin_s: int, answers: bool = True) -> list[FeatureRow]:
    """Ended sessions, two seconds apart, with a length where the model answers."""
    generator = np.random.default_rng(seed)
    scores = [float(each) for each in generator.normal(400.0, 50.0, sessions)]
    found = []
    for number, score in enumerate(scores):
        each = row(f"s_{seed}_{number}", begin_s + 2 * number, float(generator.gamma(8.0, 1_000.0)), "session_end")
        given: dict[str, float | None] = {"length": score, "length_half_width": 90.0} if answers else {}
        found.append(msgspec.structs.replace(each, context={"device": device}, scores=given))
    return found


def test_another_device_and_a_model_gone_silent_are_told_once_and_start_a_retraining() -> None:
    learner = FeatureStreamLearner(ranges=DriftRanges(reference_rows=1_000, range_rows=200), models=("length",))
    calm = messages(learner, ends(520, 1_400, "desktop", 0))
    assert not [each for each in calm if isinstance(each, (Alert, Retraining))]

    found = messages(learner, ends(521, 600, "watch", 2_820, answers=False))

    drifts = [each for each in found if isinstance(each, Alert) and each.kind != "retraining"]
    assert [(each.kind, each.subject, each.method, each.severity) for each in drifts] == [
        ("feature_drift", "device", "psi", "critical"),
        ("score_drift", "length", "answered_share", "critical"),
    ]
    assert "context device is distributed otherwise" in drifts[0].text
    assert "100.0%" in drifts[0].text
    assert "model length answers 0.0% of 200 sessions, 100.0% before" in drifts[1].text
    assert [each.subjects for each in found if isinstance(each, Retraining)] == [
        ("context device", "silence of length")
    ]
    looks = [each for each in found if isinstance(each, DriftLook)]
    assert [(each.subject, each.kind, each.has_drifted) for each in looks[-1].readings if each.kind == "context"] == [
        ("device", "context", True)
    ]
    assert msgspec.to_builtins(looks[-1].silent) == [{"model": "length", "share": 0.0, "usual_share": 1.0, "rows": 200}]


def test_a_model_is_trained_again_as_scheduled_and_the_alert_says_so() -> None:
    learner = FeatureStreamLearner(models=("length",), retrain_every_ms=3_600_000)

    found = messages(learner, [row(f"s{number}", 60 * number) for number in range(100)])

    assert [(each.model, each.subjects) for each in found if isinstance(each, Retraining)] == [
        ("length", ("schedule",))
    ]
    assert [each.text for each in found if isinstance(each, Alert)] == ["length is trained again: as scheduled"]


def test_a_text_that_is_no_longer_sent_is_told() -> None:
    learner = FeatureStreamLearner(ranges=DriftRanges(reference_rows=300, range_rows=100), models=("length",))
    messages(learner, ends(522, 300, "desktop", 0))

    found = messages(learner, ends(523, 200, None, 660))

    (alert,) = [each for each in found if isinstance(each, Alert) and each.kind == "feature_drift"]
    assert (alert.subject, alert.method) == ("device", "unknown_share")
    assert "context device is unknown in 100.0%" in alert.text


def test_drift_of_a_score_trains_the_model_that_gives_it_and_no_other() -> None:
    names = ("length", "isolation_forest", "tone.s1", "mine")
    learner = FeatureStreamLearner(ranges=DriftRanges(reference_rows=200, range_rows=100), models=names)

    def ended(begin_s: int, sessions: int, scores: dict[str, float]) -> list[FeatureRow]:
        generator = np.random.default_rng([522, begin_s])
        found = []
        for number in range(sessions):
            each = row(f"s{begin_s}_{number}", begin_s + 2 * number, 1_000.0, "session_end")
            noise = float(generator.normal(0.0, 0.05))
            given: dict[str, float | None] = {name: value + noise for name, value in scores.items()}
            found.append(msgspec.structs.replace(each, scores=given))
        return found

    usual = {"length": 400.0, "isolation_forest": 0.4, "tone_formal": 0.5, "shadow_tone_formal": 0.5}
    assert not [each for each in messages(learner, ended(0, 400, usual)) if isinstance(each, (Alert, Retraining))]
    drifted = usual | {"isolation_forest": 0.6, "shadow_tone_formal": 0.2}
    found = messages(learner, ended(900, 100, drifted))

    forest, shadow = "score isolation_forest", "score shadow_tone_formal"
    assert {each.subject for each in found if isinstance(each, Alert) and each.kind == "score_drift"} == {
        "isolation_forest",
        "shadow_tone_formal",
    }
    assert {each.model: each.subjects for each in found if isinstance(each, Retraining)} == {
        "isolation_forest": (forest,),
        "mine": (forest, shadow),
    }
    later = messages(learner, ended(1_200, 100, drifted | {"tone_formal": 0.9}))
    assert [(each.model, each.subjects) for each in later if isinstance(each, Retraining)] == [
        ("tone.s1", ("score tone_formal",))
    ]


def test_a_model_that_a_training_leaves_silent_is_trained_for_that_once() -> None:
    learner = FeatureStreamLearner(ranges=DriftRanges(reference_rows=400, range_rows=200), models=("length",))
    assert not [each for each in messages(learner, ends(525, 800, "desktop", 0)) if isinstance(each, Retraining)]
    found = messages(learner, ends(526, 4_000, "desktop", 1_620, answers=False))
    assert [each.subjects for each in found if isinstance(each, Retraining)] == [("silence of length",)]


#   |----- minute 1 -----|----- minute 2 -----|
#       a        b            c          d: 30 s past the end of minute 1
def test_a_reader_is_one_row_a_minute_and_is_forgotten() -> None:
    readers = ReaderRows()
    place = [column.name for column in readers._columns].index("engaged_ms")  # noqa: SLF001
    values = [1_000.0, None, 3_000.0, 5_000.0]

    (learnt,) = readers.minute(BEGINNING_MS, [row("a", 10 * n, value) for n, value in enumerate(values)])

    logs = [math.log1p(value / 5_000.0) for value in values if value is not None]
    # The second window does not know it; its weight goes to nobody.
    first = logs[0] + (logs[1] - logs[0]) / 3
    assert learnt[place] == pytest.approx(first + (logs[2] - first) / 4, abs=2 * 10**-DIGITS)
    assert list(readers.minute(BEGINNING_MS, [row("b", 0)])) == []
    assert len(readers) == 2
    assert list(readers.minute(BEGINNING_MS + FORGET_MS + 40_000, [])) == []
    assert len(readers) == 0


def test_a_session_that_ends_is_forgotten_and_not_learnt_twice() -> None:
    readers = ReaderRows()
    rows = [row("a", 10 * n) for n in range(5)]

    assert list(readers.minute(BEGINNING_MS, [*rows, row("a", 50, kind="session_end")])) == []
    assert len(readers) == 0


def test_numbers_that_no_reader_reaches_are_refused_and_the_largest_that_are_not_break_no_segment() -> None:
    for value in ("1e101", "-1e101", "1e400"):
        text = encode_feature_row(row("a", 10, 5.0)).decode().replace("5.0", value)
        with pytest.raises(msgspec.ValidationError):
            decode_feature_row(text)
    rows, _ = visits(seed=510, sessions=200)
    for number, each in enumerate(rows):
        each.segment, each.features["coverage"] = "s1", 1.0
        if number % 40 == 0:
            each.features[("engaged_ms", "scroll_depth", "pages")[number % 3]] = (1e100, -1e100)[number % 80 == 0]
    rows = [decode_feature_row(encode_feature_row(each)) for each in rows]

    found = messages(FeatureStreamLearner(LearningOptions(warm_up_rows=200, refresh_rows=200)), rows)

    published = [each.segment for each in found if isinstance(each, SegmentChange) and each.segment is not None]
    assert any(each.usual for each in published)
    for segment in published:
        assert msgspec.json.decode(msgspec.json.encode(segment), type=Segment) == segment
    again = FeatureStreamLearner(LearningOptions(warm_up_rows=200, refresh_rows=200), previous=published[-3:])
    assert messages(again, rows)


def test_a_refresh_tells_what_is_usual_with_those_whom_the_job_had_placed() -> None:
    rows, kinds = visits(seed=503, sessions=300)
    segments = {"skimmers on phones": "s1", "readers": "s2", "clickers": "s3"}
    for each in rows:
        each.segment = segments[kinds[each.session_id]]
        each.features["coverage"] = 1.0
    found = messages(FeatureStreamLearner(LearningOptions(segments=3, warm_up_rows=500, refresh_rows=500)), rows)

    newest = {each.segment_id: each.segment for each in found if isinstance(each, SegmentChange) and each.segment}
    usual = [each.usual["engaged_ms"].mean for each in newest.values()]
    assert len(usual) == len(HABITS)
    assert sorted(usual) == pytest.approx(
        [HABITS[each][0] for each in ("skimmers on phones", "clickers", "readers")], rel=0.15
    )
    assert all(each.readers > 20 for each in newest.values())
    assert all("coverage" not in each.usual for each in newest.values())
