"""Turns rows of features.v1 into segments, alerts and retrainings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.feature_stream.alert_texts import (
    drift_alert,
    live_alert,
    retraining_alert,
    segment_alerts,
    silence_alert,
    unknown_alert,
)
from models.feature_stream.drift_ranges import DriftRanges, to_look
from models.feature_stream.live_models import LiveModels
from models.feature_stream.minutes import Minutes
from models.feature_stream.read_back import InForce
from models.feature_stream.reader_rows import ReaderRows
from models.feature_stream.retrainings import MIN_GAP_MS, Retrainings
from models.feature_stream.subjects import SILENCE, UNKNOWN, concerns
from models.features import SESSION_NAMES
from models.segments.columns import COLUMNS, Column
from models.segments.learner import DEFAULTS, LearningOptions, SegmentLearner
from models.segments.usual import SegmentMinutes
from schemas.alerts import Alert
from schemas.drift import DriftLook
from schemas.features import FeatureRow
from schemas.outcomes import Outcome
from schemas.segments import Segment


@dataclass(frozen=True, slots=True)
class SegmentChange:
    """A record of segments.v1. `segment` is None where the id has gone: a null deletes it."""

    segment_id: str
    segment: Segment | None


@dataclass(frozen=True, slots=True)
class Retraining:
    """A model should be trained again."""

    model: str
    subjects: tuple[str, ...]
    at_ms: int


@dataclass(frozen=True, slots=True)
class Rollback:
    """A version does worse live than an earlier one: the one before it should be in force again."""

    model: str
    version: int


Message = SegmentChange | DriftLook | Alert | Retraining | Rollback


class FeatureStreamLearner:
    """The same rows give the same messages, in whatever order the partitions came. All times are event time.

    `models` are trained again on drift, and after `retrain_every_ms` without. `previous` are the segments of segments.v1. Minutes
    up to `live_only_until_ms` are read again for live errors alone; of what they show, that is told which concerns a version that
    is `in_force` since.
    """

    def __init__(
        self,
        options: LearningOptions = DEFAULTS,
        columns: Sequence[Column] = COLUMNS,
        previous: Sequence[Segment] = (),
        ranges: DriftRanges | None = None,
        models: Sequence[str] = (),
        gap_ms: int = MIN_GAP_MS,
        retrain_every_ms: int | None = None,
        live_only_until_ms: int = 0,
        in_force: Mapping[str, InForce] | None = None,
    ) -> None:
        self.segments = SegmentLearner(options, columns, previous)
        self.ranges = ranges or DriftRanges()
        self.minutes = Minutes()
        self._readers = ReaderRows(columns)
        self._usual = SegmentMinutes(previous)
        self._live = LiveModels()
        self.live_only_until_ms, self._in_force = live_only_until_ms, in_force or {}
        self._models = tuple(models)
        self.retrainings = Retrainings(models, gap_ms, retrain_every_ms)
        self._drifting: set[str] = set()

    def add(self, row: FeatureRow, partition: int = 0) -> Iterator[Message]:
        """Takes in a row. Yields what follows from the minutes that are over with it."""
        for end_ms, rows in self.minutes.add(row, partition):
            yield from self._minute(end_ms, rows)

    def add_outcome(self, outcome: Outcome) -> None:
        """Takes in an outcome; what follows is yielded at the end of its minute."""
        self._live.add(outcome)

    def flush(self) -> Iterator[Message]:
        """Yields what follows from the rows that still wait, for a recording that has ended."""
        for end_ms, rows in self.minutes.flush():
            yield from self._minute(end_ms, rows)

    def _minute(self, end_ms: int, rows: list[FeatureRow]) -> Iterator[Message]:
        if end_ms <= self.live_only_until_ms:
            yield from self._remember(end_ms, rows)
            return
        self._usual.add_minute(rows)
        for values in self._readers.minute(end_ms, rows):
            yield from self._learn(values, end_ms)
        for row in rows:
            if row.kind == "session_end":
                yield from self._watch(row, end_ms)

        for model, finding in self._live.minute(end_ms, rows):
            yield live_alert(model, finding, end_ms)
            if finding.kind == "worse_version":
                yield Rollback(model, finding.version)
            elif finding.kind == "error_drift":
                # Told once of a version: nobody would ask again.
                yield from self._retrain(model, (f"errors of {model}",), end_ms, keep=True)
        for model, subjects in self.retrainings.due(end_ms):
            yield from self._started(model, subjects, end_ms)

    def _remember(self, end_ms: int, rows: list[FeatureRow]) -> Iterator[Message]:
        """Takes in a minute from before the restart. No retraining starts from it: what it says has been learnt since."""
        for model, finding in self._live.minute(end_ms, rows):
            known = self._in_force.get(model)
            if known is None or known.version != finding.version or end_ms < known.from_ms:
                continue
            yield live_alert(model, finding, end_ms)
            if finding.kind == "worse_version":
                yield Rollback(model, finding.version)

    def _learn(self, values: list[float], at_ms: int) -> Iterator[Message]:
        known = [each.segment_id for each in self.segments.publisher.segments]
        refresh = self.segments.add(values, at_ms)
        if refresh is None:
            return
        self._usual.refreshed(refresh.segments, SESSION_NAMES)
        for segment in refresh.segments:
            yield SegmentChange(segment.segment_id, segment)
        for segment_id in refresh.gone:
            yield SegmentChange(segment_id, None)
        yield from segment_alerts(refresh, known, at_ms)

    def _watch(self, row: FeatureRow, at_ms: int) -> Iterator[Message]:
        looks = self.ranges.looks
        findings = self.ranges.add(row)
        if self.ranges.looks == looks:
            return
        yield to_look(self.ranges.judged, self.ranges.unknown, self.ranges.silent, at_ms)
        unknown = {UNKNOWN + each.subject: each for each in self.ranges.unknown}
        silent = {SILENCE + each.model: each for each in self.ranges.silent}
        found = {each.subject for each in findings} | unknown.keys() | silent.keys()
        # Said once, when it begins; again where it has ended in between.
        yield from (drift_alert(each, at_ms) for each in findings if each.subject not in self._drifting)
        yield from (unknown_alert(each, at_ms) for name, each in unknown.items() if name not in self._drifting)
        yield from (silence_alert(each, at_ms) for name, each in silent.items() if name not in self._drifting)
        # A silence asks when it begins: a model that a training has left as silent is not trained each hour.
        asks = {each for each in found if each not in silent or each not in self._drifting}
        self._drifting = found
        for model in self._models:
            if of_it := sorted(each for each in asks if concerns(each, model)):
                yield from self._retrain(model, of_it, at_ms, keep=not silent.keys().isdisjoint(of_it))

    def _retrain(self, model: str, subjects: Sequence[str], at_ms: int, keep: bool = False) -> Iterator[Message]:
        """Trains the model again where it may be; `keep` says that it waits until then."""
        if self.retrainings.ask(model, subjects, at_ms, keep):
            yield from self._started(model, subjects, at_ms)

    def _started(self, model: str, subjects: Sequence[str], at_ms: int) -> Iterator[Message]:
        yield retraining_alert(model, subjects, at_ms)
        yield Retraining(model, tuple(subjects), at_ms)
