"""Maps a batch in the native format to raw events."""

from collections.abc import Sequence
from typing import Any

import msgspec

from infra.gateway.errors import ApiError
from infra.gateway.ingest.enrichment import Enrichment, apply_enrichment
from infra.gateway.ingest.pipeline import RawEvent
from infra.gateway.ingest.sender_clock import clock_skew_ms, corrected_ms
from infra.gateway.ingest.times import milliseconds
from schemas.rejects import ValidationFailure
from schemas.unreadable import UNREADABLE


class _RawBatch(msgspec.Struct):
    events: list[msgspec.Raw] = []


def native_events(batch: dict[str, Any], enrichment: Enrichment, received_ms: int) -> list[RawEvent]:
    """Returns the batch's events with time of receipt, corrected clock and enrichment; raises `ApiError` 422.

    Of the reader's clock only the distance between `occurred_at_ms` and `sent_at_ms` is trusted.
    """
    events, session_id = batch.get("events"), batch.get("session_id")
    if type(events) is not list:
        raise ApiError(422, "wrong_type", "events: expected a list of events", field="events")
    skew_ms = clock_skew_ms(batch, received_ms)
    raw_events: list[RawEvent] = []
    for event in events:
        if type(event) is not dict:
            raw_events.append(ValidationFailure("malformed", "not an object"))
            continue
        event["received_at_ms"] = received_ms
        # The gateway's own field.
        event.pop("notes", None)
        occurred = milliseconds(event.get("occurred_at_ms"))
        if skew_ms is not None and occurred is not None:
            event["occurred_at_ms"] = corrected_ms(occurred, skew_ms, received_ms)
        if session_id is not None:
            event.setdefault("session_id", session_id)
        raw_events.append(apply_enrichment(event, enrichment))
    return raw_events


def native_originals(raw: bytes) -> Sequence[bytes]:
    """Returns each event's bytes; none if msgspec, which is stricter about surrogates, cannot parse the batch."""
    try:
        return [bytes(each) for each in msgspec.json.decode(raw, type=_RawBatch).events]
    except UNREADABLE:
        return []
