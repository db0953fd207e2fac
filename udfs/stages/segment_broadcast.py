"""Control state of segments: the centres that readers are placed by reach every subtask by broadcast and survive a restart."""

import logging
from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

import msgspec

from models.segments.reader import SegmentsInForce
from schemas.model_cards import MAX_VERSION
from schemas.segments import MAX_SEGMENTS, Segment
from udfs.stages.control_outcomes import ControlOutcome

_log: Final = logging.getLogger(__name__)
_decode: Final = msgspec.json.Decoder(Segment).decode

PREFIX: Final = "segment:"
"""In front of a segment's id in broadcast state; the value is the record."""


MAX_NAME_CHARS: Final = 200


class SegmentError(ValueError):
    """A record that is no segment; the message says why."""


class SegmentBroadcast:
    """Owns the segments in force. One that cannot be used changes nothing: the version before stays."""

    def __init__(self, refused: Any) -> None:
        """`refused` is the counter of segments that could not be used."""
        self.in_force = SegmentsInForce([])
        self.names: dict[str, str] = {}
        """Names in words, by id."""
        self._segments: dict[str, Segment] = {}
        self._refused = refused
        self._outcomes: list[ControlOutcome] = []

    def drain_outcomes(self) -> list[ControlOutcome]:
        """What became of each segment since the last call, in order."""
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def on_row(self, key: str | None, body: str | None, state: Any) -> None:
        """Applies one record, and stores it in broadcast `state`; without a body it deletes the segment."""
        key = key or ""
        if not body:
            self._segments.pop(key, None)
            state.remove(PREFIX + key)
            self._outcomes.append(ControlOutcome("segment", key, None))
        elif self._take(key, body):
            state.put(PREFIX + key, body)
        self._place()

    def _take(self, key: str, body: str) -> bool:
        try:
            segment = _decode(body)
            self._check(key, segment)
        # Whatever a record from the topic does to the code that reads it, the job goes on: it would restart for ever.
        except Exception as error:
            reason = str(error) if isinstance(error, SegmentError) else f"{type(error).__name__}: {error}"
            self._refused.inc()
            _log.warning("the segment under %r stays as it was: %s", key[:64], reason[:500])
            self._outcomes.append(ControlOutcome("segment", key, None, None, reason))
            return False
        self._segments[key] = segment
        self._outcomes.append(ControlOutcome("segment", key, segment.version, 0))
        return True

    def _check(self, key: str, segment: Segment) -> None:
        if segment.segment_id != key:
            raise SegmentError(
                f"segment {segment.segment_id[:64]!r} stands under {key[:64]!r}, where deleting it would miss it"
            )
        if not key or not key.isprintable() or not segment.name.isprintable() or len(segment.name) > MAX_NAME_CHARS:
            raise SegmentError(f"the id and the name are no printable texts, of {MAX_NAME_CHARS} characters at most")
        if not 0 <= segment.version <= MAX_VERSION:
            raise SegmentError(f"the version is none: {str(segment.version)[:30]}")
        if key not in self._segments and len(self._segments) >= MAX_SEGMENTS:
            raise SegmentError(f"{MAX_SEGMENTS} segments are in force already")
        for name, centre in segment.centroid.items():
            spread = segment.spread.get(name)
            if spread is None or not spread > 0.0 or not isfinite(spread) or not isfinite(centre):
                raise SegmentError(f"{name[:60]}: needs a centre, and a spread above 0")
        SegmentsInForce([segment])

    def _place(self) -> None:
        self.in_force = SegmentsInForce(list(self._segments.values()))
        self.names = {key: segment.name for key, segment in self._segments.items()}

    def restore(self, stored: Mapping[str, str]) -> None:
        """Takes what broadcast state held before a restart."""
        for name in sorted(stored):
            if name.startswith(PREFIX):
                self._take(name[len(PREFIX) :], stored[name])
        self._place()
