"""Renews the reference for drift once a model has been trained again, beside the rows that are read."""

import logging
from collections.abc import Sequence

from infra.kafka.connection import Kafka
from infra.kafka.reading import StreamError
from infra.learner.announced_models import announced_models
from infra.learner.reference_rows import Decode, ReferenceRows
from models.feature_stream.drift_ranges import MAX_REFERENCE_ROWS, DriftRanges
from models.feature_stream.read_back import last_day
from schemas.features import FeatureRow

_log = logging.getLogger(__name__)


class ReferenceRenewal:
    """The reference is what the new version was trained on, where models.v1 says so and its sessions still stand on features.v1,
    else the sessions that end from now on. Sessions of before a drift are left out: a reference of both kinds of readers would
    find the new ones to have drifted again, and again."""

    def __init__(self, kafka: Kafka, decode: Decode) -> None:
        self._kafka, self._decode = kafka, decode
        self._rows: ReferenceRows | None = None
        self._is_cut = False

    @property
    def is_reading(self) -> bool:
        """Whether a range is being read: then `read_on` is to be called soon."""
        return self._rows is not None

    def begin(self, ranges: DriftRanges, model: str, version: str) -> None:
        """Begins to read what a version was trained on that has come into force."""
        self.close()
        try:
            known = announced_models(self._kafka).get(model)
            if known is not None and known.trained_ms is not None and str(known.version) == version:
                whole_ms = last_day(known.trained_ms)
                range_ms = since(ranges.readers_since_ms, whole_ms)
                if range_ms is not None:
                    self._is_cut = range_ms != whole_ms
                    self._rows = ReferenceRows(self._kafka, range_ms, self._decode)
                    return
        except StreamError as error:
            _log.warning("what %s version %s was trained on cannot be read: %s", model, version, error)
        ranges.renew_reference()

    def read_on(self, ranges: DriftRanges) -> None:
        """Reads on without waiting, and hands the range over once it is whole. Raises `StreamError`; can be called again."""
        if self._rows is None:
            return
        self._rows.poll()
        if self._rows.is_complete:
            set_reference(ranges, self._rows.rows, self._is_cut)
            self.close()

    def close(self) -> None:
        """Gives up what is being read."""
        if self._rows is not None:
            self._rows.close()
        self._rows = None


def since(drift_ms: int | None, range_ms: tuple[int, int]) -> tuple[int, int] | None:
    """Returns the part of a range that comes after the last drift of readers, None where there is none.

    >>> since(None, (10, 20)), since(15, (10, 20)), since(20, (10, 20))
    ((10, 20), (16, 20), None)
    """
    from_ms, until_ms = range_ms
    if drift_ms is not None:
        from_ms = max(from_ms, drift_ms + 1)
    return (from_ms, until_ms) if from_ms <= until_ms else None


def set_reference(ranges: DriftRanges, rows: Sequence[FeatureRow], is_cut: bool) -> bool:
    """Compares with these sessions from now on. Returns False where they are too few: a reference is formed of them and of those
    that end from now on. Of a range that a drift has cut, fewer than a reference has are too few: beside 30 sessions only gross
    drift would be found."""
    are_too_few = is_cut and len(rows) < min(ranges.reference_rows, MAX_REFERENCE_ROWS)
    if not are_too_few and ranges.set_reference(rows):
        return True
    ranges.renew_reference(rows)
    return False
