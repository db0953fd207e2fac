"""Webhook kind `pendo`: one Pendo message, signed by X-Pendo-Signature (HMAC-SHA256 of the body, hexadecimal or Base64)."""

import base64
import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from infra.gateway.auth.session_ids import PSEUDONYM, Pseudonym
from infra.gateway.ingest.enrichment import Enricher, add_named, apply_enrichment
from infra.gateway.ingest.json_fields import id_text, number_of, object_field, short_id, tag_text
from infra.gateway.ingest.pipeline import RawEvent
from infra.gateway.ingest.segment.events import tags
from infra.gateway.ingest.webhooks.message import WebhookMessage, digest, lookup
from infra.gateway.ingest.webhooks.signatures import require_match
from schemas.rejects import ValidationFailure


def verify(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, _: float) -> bytes:
    """Returns the signed content, which is the body; raises `InvalidSignatureError`."""
    digests = [hmac.digest(each.encode(), body, sha256) for each in secrets]
    expected = [text for each in digests for text in (each.hex(), base64.b64encode(each).decode())]
    require_match([headers.get("x-pendo-signature", "")], expected)
    return body


def to_events(message: WebhookMessage, enricher: Enricher) -> list[RawEvent]:
    """Maps the message to a `custom` event; `uniqueId` identifies repeats, else a digest of the body."""
    fields = message.fields
    visitor, name, at_ms = id_text(fields.get("visitorId")), tag_text(fields.get("event")), sent_at_ms(fields)
    if not visitor:
        return [ValidationFailure("missing_field", "visitorId: required")]
    if not name:
        return [ValidationFailure("missing_field", "event: required")]
    if at_ms is None:
        return [ValidationFailure("wrong_type", "timestamp: expected seconds since 1970")]
    unique = id_text(fields.get("uniqueId"))
    properties = object_field(fields, "properties")
    named = {
        "event": name,
        "app": fields.get("app"),
        "account": fields.get("accountId"),
        "subscription": fields.get("subscription"),
    }
    event: dict[str, Any] = {
        "event_id": short_id(unique or "pendo-" + digest(message.body)),
        "type": "custom",
        "occurred_at_ms": min(at_ms, message.received_ms),
        "received_at_ms": message.received_ms,
        "session_id": short_id(visitor),
        PSEUDONYM: Pseudonym((visitor,)),
        "user_id": short_id(visitor, 128),
        "page_url": properties.get("url"),
        "properties": add_named(tags(properties), tags(named)),
    }
    return [apply_enrichment(event, lookup(enricher, fields))]


def sent_at_ms(fields: Mapping[str, Any]) -> int | None:
    """Converts Pendo's timestamp from seconds; None if it is missing or no such number."""
    at_s = number_of(fields.get("timestamp"))
    return round(at_s * 1000) if at_s is not None and 0 < at_s < 1e11 else None
