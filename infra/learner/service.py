"""Runs the learner on Kafka: features.v1, outcomes.v1 and control-acks.v1 in, segments.v1, alerts.v1 and retrainings out."""

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Final

import msgspec

from infra.kafka.blocking_producer import BlockingProducer
from infra.kafka.compacted import newest_values
from infra.kafka.connection import KafkaConnection
from infra.kafka.reading import Offsets, Record, StreamError, TopicReader
from infra.learner.announced_models import announced_models
from infra.learner.command_ends import retraining_end, rollback_end
from infra.learner.model_hook import ModelHook
from infra.learner.past_drift import past_drift
from infra.learner.reference_renewal import ReferenceRenewal, set_reference, since
from infra.learner.reference_rows import ReferenceRows
from infra.learner.refused_models import RefusedModels
from infra.learner.stored_segments import readable_segments
from models.feature_stream.drift_ranges import DriftRanges
from models.feature_stream.learner import FeatureStreamLearner, Message, Retraining, Rollback, SegmentChange
from models.feature_stream.minutes import MINUTE_MS
from models.feature_stream.read_back import InForce, answers, live_from_ms, reference_range
from models.feature_stream.retrainings import Retrainings
from models.segments.learner import DEFAULTS, LearningOptions
from schemas.drift import DriftLook
from schemas.events import MAX_SKEW_MS
from schemas.features import FeatureRow, decode_feature_row
from schemas.outcomes import Outcome
from schemas.topics import ALERTS, DRIFT, FEATURES, OUTCOMES, SEGMENTS
from schemas.unreadable import UNREADABLE

_log = logging.getLogger(__name__)

POLL_S: Final = 0.5
MAX_PAUSE_S: Final = 5.0
_OUTCOMES: Final = -1
HOUR_MS: Final = 3_600_000
MAX_AHEAD_MS: Final = 600_000
"""What is dated later than this after the clock of this machine is left out: nothing is known before it has happened, and all
minutes up to then would be over with it, those to come included. Clocks of machines that are kept at all are nearer."""


@dataclass(frozen=True, slots=True)
class LearnerSettings:
    """`look_back_ms`: how much of features.v1 is read again at the start, since the learner keeps no state of its own; None for
    all of it. For live errors more is read (`models/feature_stream/read_back.py`).

    `reference_ms` is the range of event time that a model was trained on; None to take that of a model in force, else the first
    sessions that are read.

    `models` are trained again on drift, and after `retrain_every_ms` without.
    """

    kafka: KafkaConnection
    options: LearningOptions = DEFAULTS
    look_back_ms: int | None = HOUR_MS
    reference_ms: tuple[int, int] | None = None
    reference_rows: int = 1_000
    range_rows: int = 200
    models: tuple[str, ...] = ()
    retrain_every_ms: int | None = None


class LearnerService:
    """Ids of segments go on from segments.v1. After a restart the last hour is read again, and alerts that were sent before come
    with the same ids."""

    def __init__(self, settings: LearnerSettings, hook: ModelHook, rollback: ModelHook) -> None:
        """`hook` trains a model again, `rollback` puts the version before in force."""
        self._settings, self._hook, self._rollback = settings, hook, rollback
        self._reader = TopicReader(settings.kafka, FEATURES.name, OUTCOMES.name, group_id="microadjust-learn")
        self._refused = RefusedModels(settings.kafka)
        self._producer = self._new_producer()
        self.learner: FeatureStreamLearner | None = None
        self._behind: Offsets = {}
        """Where the partitions ended at the beginning that have not been read so far."""
        self.rows = self.unreadable = self.ahead = 0
        self._unsent: list[Message] = []
        """Alerts of how commands ended."""
        self._renewal = ReferenceRenewal(settings.kafka, self._row)
        self._closed_ms = 0
        self._retrainings: Retrainings | None = None
        """Of the learner before, where Kafka went and came: how long to wait lasts."""

    def run(self, stop: threading.Event, once: bool = False) -> None:
        """Runs until `stop` is set, or with `once` until all that stands on features.v1 has been read.

        Kafka may come and go, and need not be there at the start; with `once` that raises `StreamError`.
        """
        failures = 0
        try:
            while not stop.is_set():
                try:
                    self._round(once)
                    failures = 0
                except StreamError as error:
                    if once:
                        raise
                    if failures == 0:
                        _log.warning("waiting for Kafka: %s", error)
                    failures += 1
                    stop.wait(min(MAX_PAUSE_S, 0.1 * 2 ** min(failures, 6)))
                if once:
                    return
                self._settle()
        finally:
            self._hook.close()
            self._rollback.close()
            self._reader.close()
            self._refused.close()
            self._renewal.close()

    def _settle(self) -> None:
        """Takes in how commands have ended. What Kafka does not take is said at the next call."""
        if (end := self._rollback.ended()) is not None and (alert := rollback_end(end, self._now_ms())) is not None:
            self._unsent.append(alert)
        if (end := self._hook.ended()) is not None:
            if self._retrainings is not None:
                self._retrainings.ended(end.model, end.status == 0)
            if end.status == 0 and self.learner is not None:
                self._renewal.begin(self.learner.ranges, end.model, end.version)
            if (alert := retraining_end(end, self._now_ms())) is not None:
                self._unsent.append(alert)
        try:
            if self.learner is not None:
                self._renewal.read_on(self.learner.ranges)
            self._send(iter(self._unsent))
        except StreamError as error:
            _log.warning("alerts, or a new reference, wait for Kafka: %s", error)
            self._producer = self._new_producer()
        else:
            self._unsent = []

    def _now_ms(self) -> int:
        """Event time, as of the last minute that is over, be it before Kafka went."""
        if self.learner is not None:
            self._closed_ms = self.learner.minutes.closed_ms
        return self._closed_ms

    def _new_producer(self) -> BlockingProducer:
        # Anew after each failure: a producer that has failed says so for ever.
        return BlockingProducer(self._settings.kafka, linger_ms=5)

    def _round(self, once: bool) -> None:
        if once:
            self._refused.read_to_end()
        else:
            self._refused.poll()
        learner = self.learner = self.learner or self._begun()
        if once:
            while self._behind:
                self._take(learner, self._reader.poll(POLL_S))
            self._send(learner.flush())
            return
        records = self._reader.poll(0.0 if self._renewal.is_reading else POLL_S)
        try:
            self._take(learner, records)
        except StreamError:
            # What was learnt could not be said: learn it again, from the look back on.
            self.learner, self._producer = None, self._new_producer()
            self._renewal.close()
            raise

    def _begun(self) -> FeatureStreamLearner:
        settings = self._settings
        in_force = announced_models(settings.kafka)
        ranges = self._ranges(in_force)
        newest_ms = None if settings.look_back_ms is None else self._newest_ms()
        live_only_until_ms = 0
        if newest_ms is None or settings.look_back_ms is None:
            self._reader.assign_beginning()
        else:
            # Minutes are read again whole: rows of before count for live errors alone, and have no features left.
            back_ms = (newest_ms - settings.look_back_ms) // MINUTE_MS * MINUTE_MS
            from_ms = min(back_ms, live_from_ms(newest_ms, in_force.values()))
            live_only_until_ms = back_ms if from_ms < back_ms else 0
            self._reader.seek_to_time(from_ms)
        ends = {each: end for each, (_, end) in self._reader.bounds().items()}
        at = self._reader.positions
        self._behind = {each: end for each, end in ends.items() if at.get(each, 0) < end}
        values = newest_values(settings.kafka, SEGMENTS.name).values()
        previous = readable_segments(values)
        learner = FeatureStreamLearner(
            settings.options,
            previous=previous,
            ranges=ranges,
            models=settings.models,
            retrain_every_ms=settings.retrain_every_ms,
            live_only_until_ms=live_only_until_ms,
            in_force=in_force,
        )
        learner.minutes.behind = self._partitions_behind()
        learner.retrainings = self._retrainings = self._retrainings or learner.retrainings
        return learner

    def _ranges(self, in_force: Mapping[str, InForce]) -> DriftRanges:
        """The watch for drift, with the reference that a card names where its sessions still stand on the topic."""
        settings = self._settings
        ranges = DriftRanges(settings.reference_rows, settings.range_rows)
        whole_ms = settings.reference_ms or reference_range(in_force, settings.models)
        if whole_ms is None:
            _log.warning(
                "no training range is known: drift is told against the first %d sessions that are read, which may have drifted "
                "already; give --model-card, or announce a model",
                settings.reference_rows,
            )
            return ranges
        drift = past_drift(settings.kafka, whole_ms[0])
        # A drift that no version answers is told of again: its readers are no reference.
        answered = [each for each in drift.found_ms if answers(in_force, settings.models, each)]
        reference_ms = since(max(answered, default=None), whole_ms) if settings.reference_ms is None else whole_ms
        rows: list[FeatureRow] = []
        if reference_ms is not None:
            with closing(ReferenceRows(settings.kafka, reference_ms, self._row)) as reference:
                reference.read()
            rows = reference.rows
        if not set_reference(ranges, rows, reference_ms != whole_ms):
            _log.warning(
                "of the training range %d ended sessions of today's readers stand on %s: drift is told against %d sessions, of "
                "which the others are those that are read first and may have drifted already",
                len(rows),
                FEATURES.name,
                settings.reference_rows,
            )
        if drift.found_ms:
            ranges.go_on(drift.found_ms[-1], drift.lasts and drift.found_ms[-1] not in answered)
        return ranges

    def _partitions_behind(self) -> set[int]:
        """Partitions that have not been read to where they began to be behind, or that have more to read by now."""
        waiting = [each for each, count in self._reader.backlog().items() if count and each[0] == FEATURES.name]
        # No partition of features.v1: while outcomes are behind, no minute is over.
        return {partition if topic == FEATURES.name else _OUTCOMES for topic, partition in (*self._behind, *waiting)}

    def _newest_ms(self) -> int | None:
        """The time of the last record that stands on features.v1; None where there is none."""
        self._reader.seek_back(1)
        records = self._reader.read_to_end(quiet_s=0.0)
        return max((record.timestamp_ms for record in records if record.topic == FEATURES.name), default=None)

    def _take(self, learner: FeatureStreamLearner, records: Iterable[Record]) -> None:
        for record in records:
            if record.topic == OUTCOMES.name:
                self._take_outcome(learner, record)
            elif (row := self._row(record)) is not None and not self._is_ahead(record, row.window_end_ms):
                self.rows += 1
                if row.window_end_ms <= learner.live_only_until_ms:
                    # Of these only the scores are looked at, and a day of them may wait for a slower partition.
                    row.features, row.context = {}, {}
                self._send(learner.add(row, record.partition))
        positions = self._reader.positions
        self._behind = {each: end for each, end in self._behind.items() if positions[each] < end}
        learner.minutes.behind = self._partitions_behind()

    def _take_outcome(self, learner: FeatureStreamLearner, record: Record) -> None:
        try:
            outcome = msgspec.json.decode(record.value or b"", type=Outcome)
        except UNREADABLE as error:
            self.unreadable += 1
            _log.warning("skipped %s %d@%d: %s", record.topic, record.partition, record.offset, error)
            return
        # Others than the gateway, which corrects it, may write the clock of a page.
        if not self._is_ahead(record, outcome.occurred_at_ms - MAX_SKEW_MS):
            learner.add_outcome(outcome)

    def _is_ahead(self, record: Record, at_ms: int) -> bool:
        """Whether a record is dated in the future. The first is logged, all are counted: a clock that is off dates all alike."""
        ahead_ms = at_ms - time.time_ns() // 1_000_000
        if ahead_ms <= MAX_AHEAD_MS:
            return False
        self.ahead += 1
        if self.ahead == 1:
            _log.warning(
                "skipped %s %d@%d: it is dated %d s after the clock of this machine; see to the clocks; others are counted",
                record.topic,
                record.partition,
                record.offset,
                ahead_ms // 1_000,
            )
        return True

    def _row(self, record: Record) -> FeatureRow | None:
        try:
            return decode_feature_row(record.value or b"")
        except UNREADABLE as error:
            self.unreadable += 1
            _log.warning("skipped %s %d@%d: %s", record.topic, record.partition, record.offset, error)
            return None

    def _send(self, messages: Iterator[Message]) -> None:
        """Sends what follows from a row, and waits until Kafka has it: segments of one refresh stand together."""
        sent = False
        for message in messages:
            match message:
                case SegmentChange(segment_id, segment):
                    value = None if segment is None else msgspec.json.encode(segment)
                    self._producer.send(SEGMENTS.name, value, segment_id.encode())
                case DriftLook():
                    self._producer.send(DRIFT.name, msgspec.json.encode(message), b"watch")
                case Retraining():
                    self._hook.start(message.model)
                    continue
                case Rollback():
                    self._rollback.start(message.model, message.version)
                    continue
                case alert:
                    _log.warning("%s", alert.text)
                    self._producer.send(ALERTS.name, msgspec.json.encode(alert), alert.subject.encode())
            sent = True
        if sent:
            self._producer.finish()
