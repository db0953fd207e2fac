"""After a retraining drift is told against what the new version was trained on, or else against sessions from then on."""

import time
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from infra.bench.mock_kafka import MockKafka, is_available, mock_kafka
from infra.kafka.connection import KafkaConnection
from infra.kafka.reading import Offsets, Partition, Record, TopicReader
from infra.learner.announced_models import announced_models
from infra.learner.model_hook import ModelHook
from infra.learner.past_drift import PastDrift, past_drift
from infra.learner.reference_renewal import ReferenceRenewal
from infra.learner.reference_rows import ReferenceRows
from infra.learner.service import LearnerService, LearnerSettings
from models.feature_stream.drift_ranges import DriftRanges
from models.segments.learner import LearningOptions
from schemas.drift import DriftLook, DriftReading
from schemas.features import FeatureRow, decode_feature_row
from schemas.model_cards import ModelCard, ModelRecord
from schemas.topics import DRIFT, FEATURES, MODELS
from tests.support.feature_rows import BEGINNING_MS
from tests.support.mock_topics import write

TRAINED_MS = (BEGINNING_MS, BEGINNING_MS + 299_000)


def ends(first: int, count: int, scale: float) -> Iterator[FeatureRow]:
    """Sessions of which one ends each second."""
    for number in range(first, first + count):
        engaged = float(np.random.default_rng([534, number + 1_000]).gamma(8.0, scale))
        at_ms = BEGINNING_MS + number * 1_000
        yield FeatureRow(f"s{number}", at_ms, "session_end", {"engaged_ms": engaged}, {}, None, {}, None)


def decode(record: Record) -> FeatureRow | None:
    return decode_feature_row(record.value or b"")


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockKafka]:
    """Sessions 0 to 299, of readers with other habits than before, then others; version 2 was trained on the former."""
    if not is_available():
        pytest.skip("this client brings no mock cluster")
    with mock_kafka() as cluster:
        rows = [*ends(0, 300, 2_000.0), *ends(300, 50, 9_000.0)]
        write(cluster, FEATURES.name, [(each.session_id, each) for each in rows])
        from_ms, until_ms = TRAINED_MS
        card = ModelCard("length", 2, "length", ["clicks"], None, "", "a recording", until_ms, from_ms)
        write(cluster, MODELS.name, [("length", ModelRecord(card, "", None, 5))])

        # The mock cluster does not know times.
        def offsets_at(reader: TopicReader, at_ms: int, _: list[Partition] | None = None) -> Offsets:
            return {each: (end if at_ms > until_ms else start) for each, (start, end) in reader.bounds().items()}

        monkeypatch.setattr(TopicReader, "offsets_at", offsets_at)
        yield cluster


def read(renewal: ReferenceRenewal, ranges: DriftRanges) -> None:
    until_s = time.monotonic() + 30.0
    while renewal.is_reading and time.monotonic() < until_s:
        renewal.read_on(ranges)
    assert not renewal.is_reading


def drifted(ranges: DriftRanges, rows: Iterator[FeatureRow]) -> list[str]:
    return [found.subject for each in rows for found in ranges.add(each)]


def drifted_ranges() -> DriftRanges:
    """Ranges whose sessions 0 to 99 have drifted away from those of the reference."""
    ranges = DriftRanges(reference_rows=100, range_rows=100)
    ranges.set_reference(list(ends(-500, 100, 1_000.0)))
    assert drifted(ranges, ends(0, 100, 2_000.0)) == ["engaged_ms"]
    return ranges


def test_the_reference_is_what_the_new_version_was_trained_on(kafka: MockKafka) -> None:
    ranges = drifted_ranges()
    renewal = ReferenceRenewal(KafkaConnection(kafka.bootstrap), decode)
    renewal.begin(ranges, "length", "2")
    read(renewal, ranges)

    # At once, and of the readers that the new version knows: no session had to end for it.
    assert drifted(ranges, ends(500, 100, 2_000.0)) == []
    assert drifted(ranges, ends(600, 100, 1_000.0)) == ["engaged_ms"]


def announce_both(kafka: MockKafka) -> None:
    """Two models that were trained on readers of before the drift, too."""
    write(kafka, FEATURES.name, [(each.session_id, each) for each in ends(-300, 300, 1_000.0)])
    for model in ("length", "tone"):
        card = ModelCard(model, 3, "length", ["clicks"], None, "", "of both", TRAINED_MS[1], BEGINNING_MS - 300_000)
        write(kafka, MODELS.name, [(model, ModelRecord(card, "", None, 6))])


@pytest.mark.parametrize("between", [0, 30, 100])
def test_sessions_of_before_the_drift_are_no_part_of_any_reference_after_it(kafka: MockKafka, between: int) -> None:
    announce_both(kafka)
    ranges = drifted_ranges()
    renewal = ReferenceRenewal(KafkaConnection(kafka.bootstrap), decode)
    for model in ("length", "tone"):
        renewal.begin(ranges, model, "3")
        read(renewal, ranges)
        assert drifted(ranges, ends(500, between, 2_000.0)) == []

    assert drifted(ranges, ends(700, 300, 2_000.0)) == []
    assert "engaged_ms" in drifted(ranges, ends(1_000, 200, 1_000.0))


def test_a_reference_of_which_a_drift_leaves_too_little_is_formed_on(kafka: MockKafka) -> None:
    announce_both(kafka)
    ranges = DriftRanges(reference_rows=250, range_rows=100)
    ranges.set_reference(list(ends(-500, 100, 1_000.0)))
    assert drifted(ranges, ends(0, 100, 2_000.0)) == ["engaged_ms"]
    renewal = ReferenceRenewal(KafkaConnection(kafka.bootstrap), decode)
    renewal.begin(ranges, "length", "3")
    read(renewal, ranges)

    # 200 sessions of the training range come after the drift, and 50 more make a reference: a range begins after these.
    assert drifted(ranges, ends(500, 149, 2_000.0)) == []
    assert ranges.looks == 1
    assert drifted(ranges, ends(649, 1, 2_000.0)) == []
    assert ranges.looks == 2
    assert drifted(ranges, ends(650, 100, 1_000.0)) == ["engaged_ms"]


def test_a_reference_that_is_being_formed_when_readers_drift_begins_again() -> None:
    ranges = DriftRanges(reference_rows=300, range_rows=100)
    ranges.set_reference(list(ends(-500, 100, 1_000.0)))
    ranges.renew_reference()
    assert drifted(ranges, ends(0, 100, 1_000.0)) == []
    assert drifted(ranges, ends(100, 400, 2_000.0)) == ["engaged_ms"] * 3

    assert drifted(ranges, ends(500, 200, 2_000.0)) == []
    assert drifted(ranges, ends(700, 100, 1_000.0)) == ["engaged_ms"]


def test_a_range_of_before_the_drift_alone_is_no_reference(kafka: MockKafka) -> None:
    ranges = drifted_ranges()
    assert drifted(ranges, ends(300, 100, 2_000.0)) == ["engaged_ms"]
    assert ranges.readers_since_ms == BEGINNING_MS + 99_000, "the range in which it was found first"
    assert drifted(ranges, ends(400, 100, 1_000.0)) == []
    assert drifted(ranges, ends(500, 100, 2_000.0)) == ["engaged_ms"]
    assert ranges.readers_since_ms == BEGINNING_MS + 599_000, "a calm range lies between: another drift"
    renewal = ReferenceRenewal(KafkaConnection(kafka.bootstrap), decode)
    renewal.begin(ranges, "length", "2")

    assert not renewal.is_reading
    assert drifted(ranges, ends(600, 100, 2_000.0)) == []
    assert drifted(ranges, ends(700, 100, 1_000.0)) == ["engaged_ms"]


def ranges_at_a_start(connection: KafkaConnection) -> DriftRanges:
    """What a learner that starts compares with."""
    settings = LearnerSettings(connection, LearningOptions(), reference_rows=200, range_rows=100)
    service = LearnerService(settings, ModelHook(), ModelHook())
    with closing(service._reader), closing(service._refused):  # noqa: SLF001
        return service._ranges(announced_models(connection))  # noqa: SLF001


def test_a_learner_that_starts_again_leaves_out_readers_of_before_the_drift(kafka: MockKafka) -> None:
    announce_both(kafka)
    looks = [*(_look(second, False) for second in (-200, -100, 0)), *(_look(second, True) for second in (99, 199))]
    write(kafka, DRIFT.name, [("", each) for each in (*looks, _look(260, False), b"no look")])
    connection = KafkaConnection(kafka.bootstrap)

    assert past_drift(connection, BEGINNING_MS - 300_000) == PastDrift([BEGINNING_MS + 99_000], False)
    assert past_drift(connection, BEGINNING_MS + 200_000) == PastDrift([], False)
    ranges = ranges_at_a_start(connection)
    assert drifted(ranges, ends(700, 300, 2_000.0)) == []
    assert drifted(ranges, ends(1_000, 100, 1_000.0)) == ["engaged_ms"]


def test_a_learner_that_starts_again_tells_of_a_drift_that_no_version_answers(kafka: MockKafka) -> None:
    write(kafka, DRIFT.name, [("", _look(second, second >= 400)) for second in (350, 400, 500)])
    connection = KafkaConnection(kafka.bootstrap)
    # Version 2 was trained on seconds 0 to 299, and came into force before them.
    ranges = ranges_at_a_start(connection)
    assert drifted(ranges, ends(500, 100, 1_000.0)) == ["engaged_ms"]
    assert ranges.readers_since_ms == BEGINNING_MS + 400_000, "it is the same drift"

    # Until a version does, of which models.v1 tells.
    card = ModelCard("length", 3, "length", ["clicks"], None, "", "of before", TRAINED_MS[1], TRAINED_MS[0])
    write(kafka, MODELS.name, [("length", ModelRecord(card, "", None, BEGINNING_MS + 450_000))])
    ranges = ranges_at_a_start(connection)
    # Sessions of before the drift, which are read again, count as little for the reference that is formed.
    assert drifted(ranges, ends(200, 150, 2_000.0)) == []
    assert drifted(ranges, ends(500, 400, 1_000.0)) == []
    assert drifted(ranges, ends(900, 100, 2_000.0)) == ["engaged_ms"]


def test_a_learner_that_starts_again_reads_whole_minutes_again(
    kafka: MockKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = LearnerSettings(KafkaConnection(kafka.bootstrap), LearningOptions(), look_back_ms=3_600_000)
    service = LearnerService(settings, ModelHook(), ModelHook())
    monkeypatch.setattr(service, "_newest_ms", lambda: BEGINNING_MS + 45_678)
    with closing(service._reader), closing(service._refused):  # noqa: SLF001
        until_ms = service._begun().live_only_until_ms  # noqa: SLF001
    assert until_ms > 0
    assert until_ms % 60_000 == 0, "else sessions without features are among those that are compared"


def test_a_drift_that_is_not_answered_brings_no_readers_of_before_an_answered_one_back(kafka: MockKafka) -> None:
    announce_both(kafka)
    looks = [_look(second, second in (99, 450)) for second in (-200, -100, 0, 99, 200, 300, 450, 500)]
    write(kafka, DRIFT.name, [("", each) for each in looks])
    connection = KafkaConnection(kafka.bootstrap)
    ranges = ranges_at_a_start(connection)
    assert drifted(ranges, ends(500, 300, 2_000.0)) == []
    assert drifted(ranges, ends(800, 100, 1_000.0)) == ["engaged_ms"]


def _look(second: int, has_drifted: bool) -> DriftLook:
    reading = DriftReading("engaged_ms", "feature", 1.0, 0.5, 0.5, 0.0, 100, has_drifted)
    forest = DriftReading("isolation_forest", "score", 1.0, 0.5, 0.5, 0.0, 100, True)
    return DriftLook(BEGINNING_MS + second * 1_000, [forest, reading])


@pytest.mark.parametrize(("model", "version"), [("length", "3"), ("length", ""), ("tone", "2")])
def test_where_no_card_is_of_the_new_version_a_reference_is_formed(kafka: MockKafka, model: str, version: str) -> None:
    ranges = drifted_ranges()
    renewal = ReferenceRenewal(KafkaConnection(kafka.bootstrap), decode)
    renewal.begin(ranges, model, version)

    assert not renewal.is_reading
    assert drifted(ranges, ends(100, 100, 2_000.0)) == []


def test_a_range_of_which_too_little_is_left_leaves_the_old_reference_until_a_new_one_is_formed(
    kafka: MockKafka,
) -> None:
    ranges = DriftRanges(reference_rows=100, range_rows=100)
    ranges.set_reference(list(ends(-500, 100, 1_000.0)))
    renewal = ReferenceRenewal(KafkaConnection(kafka.bootstrap), lambda record: None)
    renewal.begin(ranges, "length", "2")
    read(renewal, ranges)

    assert drifted(ranges, ends(0, 100, 2_000.0)) == ["engaged_ms"]
    assert drifted(ranges, ends(100, 100, 2_000.0)) == []


def test_of_a_busy_day_every_nth_session_is_kept(kafka: MockKafka, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.learner.reference_rows.MAX_REFERENCE_ROWS", 40)
    with closing(ReferenceRows(KafkaConnection(kafka.bootstrap), TRAINED_MS, decode)) as reference:
        reference.read()

    # From 80 on every other one goes, and every other one is taken: of 300 every fourth, then every eighth from there on.
    assert 300 // 8 <= len(reference.rows) < 80
    assert len({each.session_id for each in reference.rows}) == len(reference.rows)
