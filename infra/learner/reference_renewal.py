"""Renews the reference for drift once a model has been trained again, beside the rows that are read."""

import logging

from infra.kafka.connection import Kafka
from infra.kafka.reading import StreamError
from infra.learner.announced_models import announced_models
from infra.learner.reference_rows import Decode, ReferenceRows
from models.feature_stream.drift_ranges import DriftRanges
from models.feature_stream.read_back import last_day

_log = logging.getLogger(__name__)


class ReferenceRenewal:
    """The reference is what the new version was trained on, where models.v1 says so and its sessions still stand on features.v1,
    else the sessions that end from now on. Sessions of before a drift are left out: a reference of both kinds of readers would
    find the new ones to have drifted again, and again."""

    def __init__(self, kafka: Kafka, decode: Decode) -> None:
        self._kafka, self._decode = kafka, decode
        self._rows: ReferenceRows | None = None

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
                from_ms, until_ms = last_day(known.trained_ms)
                since_ms = max(from_ms, ranges.drifted_since_ms or from_ms)
                if since_ms < until_ms:
                    self._rows = ReferenceRows(self._kafka, (since_ms, until_ms), self._decode)
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
            if not ranges.set_reference(self._rows.rows):
                ranges.renew_reference()
            self.close()

    def close(self) -> None:
        """Gives up what is being read."""
        if self._rows is not None:
            self._rows.close()
        self._rows = None
