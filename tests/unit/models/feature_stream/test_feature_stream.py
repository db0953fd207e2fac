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
from models.feature_stream.minutes import LATENESS_MS, MINUTE_MS, Minutes
from models.feature_stream.reader_rows import FORGET_MS, ReaderRows
from models.segments.agreement import adjusted_rand
from models.segments.learner import LearningOptions
from models.segments.reader import ReaderState, SegmentsInForce
from schemas.alerts import Alert
from schemas.features import FeatureRow

BEGINNING_MS = 1_760_000_400_000
SLIDE_MS = 10_000

HABITS = {
    # engaged ms, clicks a minute, depth, scroll distance, pages, device
    "skimmers on phones": (6_000.0, 1.0, 0.3, 3.0, 2.0, "mobile"),
    "readers": (45_000.0, 0.5, 0.9, 1.5, 0.5, "desktop"),
    "clickers": (25_000.0, 6.0, 0.5, 0.5, 3.0, "desktop"),
}


def row(session_id: str, at_s: int, engaged_ms: float | None = 1_000.0, kind: str = "window") -> FeatureRow:
    return FeatureRow(session_id, BEGINNING_MS + at_s * 1_000, kind, {"engaged_ms": engaged_ms}, {}, None, {}, None)  # type: ignore[arg-type]


def visits(seed: int, sessions: int, factor: float = 1.0, begin_s: int = 0) -> tuple[list[FeatureRow], dict[str, str]]:
    """Sessions of five minutes, one begun every two seconds: windows every ten seconds, and the end."""
    generator = np.random.default_rng(seed)
    rows, kinds = [], {}
    for number in range(sessions):
        session_id = f"s_{seed}_{number}"
        kind = list(HABITS)[int(generator.integers(len(HABITS)))]
        kinds[session_id] = kind
        engaged, clicks, depth, distance, pages, device = HABITS[kind]
        own = np.exp(generator.normal(size=4) * 0.25)
        means: dict[str, float] = {}
        start_ms = BEGINNING_MS + (begin_s + 2 * number) * 1_000
        for window in range(1, 31):
            features = {
                "engaged_ms": float(generator.gamma(8.0, engaged * own[0] * factor / 8.0)),
                "click_rate": float(generator.poisson(clicks * own[1])),
                "scroll_depth": float(np.clip(generator.normal(depth, 0.1), 0.0, 1.0)),
                "scroll_distance": float(generator.gamma(4.0, distance * own[2] / 4.0)),
                "pages": float(generator.poisson(pages * own[3])),
            }
            means = {name: means.get(name, 0.0) + value / 30 for name, value in features.items()}
            at_ms = start_ms + window * SLIDE_MS
            rows.append(FeatureRow(session_id, at_ms, "window", dict(features), {"device": device}, None, {}, None))
        end = FeatureRow(session_id, start_ms + 400_000, "session_end", dict(means), {"device": device}, None, {}, None)
        rows.append(end)
    return sorted(rows, key=lambda each: (each.window_end_ms, each.session_id)), kinds


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
    assert [each.subject for each in found if isinstance(each, Alert) and each.kind == "retraining"] == ["length"]


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
    assert not ranges.has_reference
    assert [look(2_000.0), look(2_000.0), look(1_000.0)] == [[], [], ["engaged_ms"]]


def test_a_given_reference_serves_at_once_and_scores_count() -> None:
    ranges = DriftRanges(range_rows=100)
    generator = np.random.default_rng(506)

    def ended(score: float | None) -> FeatureRow:
        return FeatureRow("s", 0, "session_end", {"clicks": 1.0}, {}, None, {"isolation_forest": score}, None)

    ranges.set_reference([ended(float(generator.normal(0.45, 0.05))) for _ in range(500)])
    unknown = [each for _ in range(100) for each in ranges.add(ended(None))]
    found = [each for _ in range(100) for each in ranges.add(ended(float(generator.normal(0.6, 0.05))))]

    assert unknown == []
    assert [each.subject for each in found] == ["score isolation_forest"]


#   |----- minute 1 -----|----- minute 2 -----|
#       a        b            c          d: 30 s past the end of minute 1
def test_a_minute_waits_for_slower_partitions_and_then_is_over() -> None:
    minutes = Minutes()
    start_s = -(BEGINNING_MS % MINUTE_MS) // 1_000

    assert list(minutes.add(row("a", start_s + 10))) == []
    assert list(minutes.add(row("c", start_s + 70))) == []
    assert list(minutes.add(row("b", start_s + 5))) == []
    ((end_ms, rows),) = minutes.add(row("d", start_s + 60 + LATENESS_MS // 1_000))
    assert end_ms == BEGINNING_MS + (start_s + 60) * 1_000
    assert [each.session_id for each in rows] == ["b", "a"]
    assert list(minutes.add(row("late", start_s + 20))) == []
    assert minutes.late == 1
    assert [[each.session_id for each in rows] for _, rows in minutes.flush()] == [["c", "d"]]


def test_a_reader_is_one_row_a_minute_and_is_forgotten() -> None:
    readers = ReaderRows()
    place = [column.name for column in readers._columns].index("engaged_ms")  # noqa: SLF001
    values = [1_000.0, None, 3_000.0, 5_000.0]

    (learnt,) = readers.minute(BEGINNING_MS, [row("a", 10 * n, value) for n, value in enumerate(values)])

    logs = [math.log1p(value / 5_000.0) for value in values if value is not None]
    # The second window does not know it; its weight goes to nobody.
    first = logs[0] + (logs[1] - logs[0]) / 3
    assert learnt[place] == pytest.approx(first + (logs[2] - first) / 4)
    assert list(readers.minute(BEGINNING_MS, [row("b", 0)])) == []
    assert len(readers) == 2
    assert list(readers.minute(BEGINNING_MS + FORGET_MS + 40_000, [])) == []
    assert len(readers) == 0


def test_a_session_that_ends_is_forgotten_and_not_learnt_twice() -> None:
    readers = ReaderRows()
    rows = [row("a", 10 * n) for n in range(5)]

    assert list(readers.minute(BEGINNING_MS, [*rows, row("a", 50, kind="session_end")])) == []
    assert len(readers) == 0
