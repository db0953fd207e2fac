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


def test_a_score_that_is_not_given_any_more_is_no_fault_of_a_sender() -> None:
    ranges = DriftRanges(reference_rows=100, range_rows=100)

    def ended(scores: dict[str, float | None]) -> FeatureRow:
        return FeatureRow("s", 0, "session_end", {"clicks": 1.0}, {}, None, scores, None)

    for number in range(200):
        assert ranges.add(ended({"shadow_length": 400.0} if number < 100 else {})) == []
    assert (ranges.looks, ranges.unknown) == (1, [])


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


def ended_with(scores: dict[str, float], rows: int, seed: int) -> list[FeatureRow]:
    """Ended sessions as the job logs them, with scores about these."""
    generator = np.random.default_rng([523, seed])
    found = []
    for _ in range(rows):
        given: dict[str, float | None] = {
            name: value * float(generator.normal(1.0, 0.01)) for name, value in scores.items()
        }
        features: dict[str, float | None] = {"clicks": float(generator.poisson(5.0))}
        found.append(FeatureRow("s", 0, "session_end", features, {}, None, given, None))
    return found


def test_scores_of_a_training_range_are_no_reference_and_those_that_follow_are() -> None:
    ranges = DriftRanges(reference_rows=300, range_rows=100)

    def drifts(scores: dict[str, float], rows: int) -> list[str]:
        return [found.subject for each in ended_with(scores, rows, ranges.looks) for found in ranges.add(each)]

    ranges.set_reference(ended_with({"length": 400.0, "anomaly": 0.4}, 300, 100))
    assert drifts({"length": 500.0, "anomaly": 0.6}, 300) == []
    assert drifts({"length": 500.0, "anomaly": 0.6}, 200) == []
    assert drifts({"length": 500.0, "anomaly": 0.9}, 100) == ["score anomaly"]
    # A model that comes into force later gets a reference of its own.
    assert drifts({"length": 500.0, "anomaly": 0.6, "tone_formal": 0.5}, 400) == []
    assert drifts({"length": 500.0, "anomaly": 0.6, "tone_formal": 0.2}, 100) == ["score tone_formal"]


def test_scores_of_sessions_that_the_version_before_has_scored_are_no_reference() -> None:
    ranges = DriftRanges(reference_rows=300, range_rows=100)

    def drifts(score: float, rows: int, at_ms: int) -> list[str]:
        given = [
            msgspec.structs.replace(each, window_end_ms=at_ms) for each in ended_with({"length": score}, rows, at_ms)
        ]
        return [found.subject for each in given for found in ranges.add(each)]

    ranges.set_reference(ended_with({}, 300, 100))
    assert drifts(400.0, 100, 7_000_000) == []
    ranges.set_reference(ended_with({}, 300, 101))
    assert drifts(400.0, 300, 7_000_000 + 1_800_000) == []
    assert drifts(500.0, 200, 7_000_000 + 3_600_000) == []
    assert drifts(500.0, 100, 11_000_000) == []
    assert drifts(400.0, 100, 12_000_000) == ["score length"]


def test_a_model_that_a_training_leaves_silent_is_trained_for_that_once() -> None:
    learner = FeatureStreamLearner(ranges=DriftRanges(reference_rows=400, range_rows=200), models=("length",))
    assert not [each for each in messages(learner, ends(525, 800, "desktop", 0)) if isinstance(each, Retraining)]
    found = messages(learner, ends(526, 4_000, "desktop", 1_620, answers=False))
    assert [each.subjects for each in found if isinstance(each, Retraining)] == [("silence of length",)]


def test_scores_of_readers_who_have_drifted_are_no_reference() -> None:
    ranges = DriftRanges(reference_rows=100, range_rows=100)
    ranges.set_reference(ended_with({}, 200, 200))
    drifted = ended_with({"length": 400.0}, 200, 201)
    for each in drifted:
        each.features["clicks"] = 50.0
    assert {found.subject for each in drifted for found in ranges.add(each)} == {"clicks"}
    calm = [*ended_with({"length": 300.0}, 100, 202), *ended_with({"length": 300.0}, 100, 203)]
    assert [found for each in calm for found in ranges.add(each)] == []
    assert [found.subject for each in ended_with({"length": 400.0}, 100, 204) for found in ranges.add(each)] == [
        "score length"
    ]


def test_a_reference_of_before_a_drift_that_waits_does_not_end_it() -> None:
    def ends_from(seed: int, scale: float, count: int) -> list[FeatureRow]:
        generator = np.random.default_rng([524, seed])
        return [row("s", 0, float(generator.gamma(8.0, scale)), "session_end") for _ in range(count)]

    ranges = DriftRanges(reference_rows=300, range_rows=100)
    ranges.set_reference(ends_from(0, 1_000.0, 300))
    found = [each for ended in ends_from(1, 1_000.0, 20) for each in ranges.add(ended)]
    ranges.set_reference(ends_from(2, 1_000.0, 300))
    found += [each for ended in ends_from(3, 2_000.0, 80) for each in ranges.add(ended)]
    assert [each.subject for each in found] == ["engaged_ms"]
    ranges.renew_reference()
    assert [each for ended in ends_from(4, 2_000.0, 600) for each in ranges.add(ended)] == []


def test_after_a_retraining_the_new_habits_are_the_reference() -> None:
    ranges = DriftRanges(reference_rows=100, range_rows=100)
    generator = np.random.default_rng(505)

    def look(scale: float) -> list[str]:
        found = []
        for _ in range(100):
            found += ranges.add(row("s", 0, float(generator.gamma(8.0, scale)), "session_end"))
        return [each.subject for each in found]

    assert look(1_000.0) == []
    assert look(2_000.0) == ["engaged_ms"]
    ranges.renew_reference()
    assert [look(2_000.0), look(2_000.0), look(1_000.0)] == [[], [], ["engaged_ms"]]


@pytest.mark.parametrize("has_card", [True, False])
@pytest.mark.parametrize("a_day", [150, 900])
def test_on_a_small_site_drift_is_found_though_models_are_trained_each_day(a_day: int, has_card: bool) -> None:
    ranges, generator = DriftRanges(), np.random.default_rng(535)
    found: list[tuple[int, str]] = []
    for day in range(20):
        scale = 5_000.0 if day >= 12 else 1_000.0
        rows = [row("s", 0, float(generator.gamma(8.0, scale)), "session_end") for _ in range(a_day)]
        found += [(day, each.subject) for ended in rows for each in ranges.add(ended)]
        if has_card:
            ranges.set_reference(rows)
        else:
            ranges.renew_reference()

    assert ranges.looks >= 5
    assert found[0][0] in (12, 13)
    assert all(day < 16 for day, _ in found) or not has_card


def test_an_odd_hour_of_the_site_is_no_drift_of_its_readers() -> None:
    ends = [each for each in visits(seed=503, sessions=450)[0] if each.kind == "session_end"]
    reference, current = ends[:200], ends[200:400]
    odd = [
        msgspec.structs.replace(each, features=each.features | {"site_oddness": 0.5 + 0.001 * place})
        for place, each in enumerate(current)
    ]
    ranges = DriftRanges(range_rows=200)
    ranges.set_reference(
        [msgspec.structs.replace(each, features=each.features | {"site_oddness": 0.2}) for each in reference]
    )
    assert [found for each in odd for found in ranges.add(each)] == []
    assert ranges.looks == 1


def test_a_given_reference_serves_at_once_and_scores_count() -> None:
    ranges = DriftRanges(range_rows=100)
    generator = np.random.default_rng(506)

    def ended(score: float | None) -> FeatureRow:
        return FeatureRow("s", 0, "session_end", {"clicks": 1.0}, {}, None, {"isolation_forest": score}, None)

    ranges.set_reference([ended(None) for _ in range(500)])
    usual = [each for _ in range(1_000) for each in ranges.add(ended(float(generator.normal(0.45, 0.05))))]
    assert usual == []
    unknown = [each for _ in range(100) for each in ranges.add(ended(None))]
    found = [each for _ in range(100) for each in ranges.add(ended(float(generator.normal(0.6, 0.05))))]

    assert unknown == []
    assert [each.subject for each in found] == ["score isolation_forest"]
    assert ranges.readers_since_ms is None, "the forest may have been trained anew"


def test_a_training_range_of_which_nothing_is_kept_is_no_reference_and_another_is_formed() -> None:
    generator = np.random.default_rng(511)
    ranges = DriftRanges(reference_rows=100, range_rows=100)
    kept = [row("s", 0, 1_000.0, "session_end") for _ in range(29)]
    assert not ranges.set_reference([])
    assert not ranges.set_reference([*kept, row("s", 0, 1_000.0)])

    def look(scale: float) -> list[str]:
        ended = (row("s", 0, float(generator.gamma(8.0, scale)), "session_end") for _ in range(100))
        return [found.subject for each in ended for found in ranges.add(each)]

    assert [look(1_000.0), look(2_000.0)] == [[], ["engaged_ms"]]


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
