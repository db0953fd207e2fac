"""Reads records of segments.v1. Anybody may write to a topic: what is no segment is passed over, and stops nothing."""

import logging
from collections.abc import Iterable

import msgspec

from schemas.segments import Segment, has_spreads
from schemas.unreadable import UNREADABLE

_log = logging.getLogger(__name__)


def readable_segments(values: Iterable[bytes]) -> list[Segment]:
    """Returns the segments among the values, in their order."""
    found = []
    for value in values:
        try:
            segment = msgspec.json.decode(value, type=Segment)
        except UNREADABLE as error:
            _log.warning("passed over a record of segments.v1: %s", error)
            continue
        if has_spreads(segment):
            found.append(segment)
        else:
            _log.warning("passed over segment %.64r: a feature of its centre has no spread", segment.segment_id)
    return found
