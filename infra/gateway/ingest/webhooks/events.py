"""What webhooks carry, as events."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from infra.gateway.ingest.enrichment import Enricher, Facts, enriched
from infra.gateway.ingest.guard import part_of
from infra.gateway.ingest.native.events import native_drafts
from infra.gateway.ingest.pipeline import Draft
from infra.gateway.ingest.segment.events import milliseconds, segment_event, short_id, tags
from schemas.rejects import Rejection


def standard_events(found: dict[str, Any], webhook_id: str, received_ms: int) -> list[Draft]:
    """A native batch, one native event, or one as the `data` of an envelope. Events without id get the webhook's."""
    if type(found.get("events")) is list:
        batch = dict(found)
    else:
        batch = {"events": [found["data"] if type(found.get("data")) is dict else found]}
    for index, event in enumerate(batch["events"]):
        if type(event) is dict:
            event.setdefault("event_id", short_id(f"{webhook_id}-{index}"))
            event.setdefault("occurred_at_ms", received_ms)
    return native_drafts(batch, Facts(), received_ms)


def segment_events(found: dict[str, Any], enricher: Enricher, received_ms: int) -> list[Draft]:
    """One message, as Segment's webhook destination sends it."""
    call = found.get("type")
    draft = segment_event(found, call if type(call) is str else "", None, received_ms)
    return [draft if isinstance(draft, Rejection) else enriched(draft, _facts(part_of(found, "context"), enricher))]


def pendo_events(found: dict[str, Any], body: bytes, enricher: Enricher, received_ms: int) -> list[Draft]:
    """One message of Pendo's; its timestamp is in seconds, uniqueId tells repeats."""
    visitor, at_ms = found.get("visitorId"), pendo_time_ms(found)
    if type(visitor) is not str or not visitor:
        return [Rejection("missing_field", "visitorId: required")]
    if type(found.get("event")) is not str:
        return [Rejection("missing_field", "event: required")]
    if at_ms is None:
        return [Rejection("wrong_type", "timestamp: expected seconds")]
    unique = found.get("uniqueId")
    properties = part_of(found, "properties")
    named = {"event": found["event"], "app": found.get("app"), "account": found.get("accountId")}
    draft: dict[str, Any] = {
        "event_id": short_id(unique if type(unique) is str and unique else "pendo-" + digest(body)),
        "type": "custom",
        "occurred_at_ms": min(at_ms, received_ms),
        "received_at_ms": received_ms,
        "session_id": short_id(visitor),
        "user_id": visitor,
        "page_url": properties.get("url"),
        "properties": tags({**properties, **named, "subscription": found.get("subscription")}),
    }
    return [enriched(draft, _facts(found, enricher))]


def pendo_time_ms(found: Mapping[str, Any]) -> int | None:
    at_s = found.get("timestamp")
    return round(at_s * 1000) if isinstance(at_s, (int, float)) and 0 < at_s < 1e11 else None


def segment_time_ms(found: Mapping[str, Any]) -> int | None:
    """When the message was last handled by Segment, as far as it says."""
    times = [milliseconds(found.get(name)) for name in ("receivedAt", "sentAt", "timestamp", "originalTimestamp")]
    return max((each for each in times if each is not None), default=None)


def digest(signed: bytes) -> str:
    return blake2b(signed, digest_size=20).hexdigest()


def _facts(about: Mapping[str, Any], enricher: Enricher) -> Facts:
    agent, address = about.get("userAgent"), about.get("ip")
    return enricher.facts(agent if type(agent) is str else "", "", address if type(address) is str else "")
