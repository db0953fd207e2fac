"""A batch as our own tracker sends it, as events."""

from collections.abc import Sequence
from typing import Any

import msgspec

from infra.gateway.ingest.enrichment import Facts, enriched
from infra.gateway.ingest.guard import is_whole
from infra.gateway.ingest.pipeline import Draft
from infra.gateway.responses import Refusal
from schemas.rejects import Rejection


class _Raws(msgspec.Struct):
    events: list[msgspec.Raw] = []


def native_drafts(batch: dict[str, Any], facts: Facts, received_ms: int) -> list[Draft]:
    """The batch's events with the gateway's time, the reader's corrected for skew, and what is known of the reader.

    The reader's clock is taken to be right in how far `occurred_at_ms` lies before `sent_at_ms`, and in nothing else.
    """
    events, sent_at_ms, session_id = batch.get("events"), batch.get("sent_at_ms"), batch.get("session_id")
    if type(events) is not list:
        raise Refusal(422, "wrong_type", "events: expected a list", field="events")
    if type(sent_at_ms) is float and sent_at_ms.is_integer():
        sent_at_ms = int(sent_at_ms)
    if sent_at_ms is not None and not is_whole(sent_at_ms):
        raise Refusal(422, "wrong_type", "sent_at_ms: expected milliseconds", field="sent_at_ms")
    skew_ms = received_ms - sent_at_ms if sent_at_ms is not None else 0
    drafts: list[Draft] = []
    for event in events:
        if type(event) is not dict:
            drafts.append(Rejection("malformed", "not an object"))
            continue
        event["received_at_ms"] = received_ms
        occurred = event.get("occurred_at_ms")
        if sent_at_ms is not None and is_whole(occurred):
            # Nothing has happened after it was received.
            event["occurred_at_ms"] = min(occurred + skew_ms, received_ms)
        if session_id is not None:
            event.setdefault("session_id", session_id)
        drafts.append(enriched(event, facts))
    return drafts


def native_originals(raw: bytes) -> Sequence[bytes]:
    """Each event's bytes; none where this reader is stricter than the judge's (half a surrogate pair)."""
    try:
        return [bytes(each) for each in msgspec.json.decode(raw, type=_Raws).events]
    except (msgspec.DecodeError, RecursionError):
        return []
