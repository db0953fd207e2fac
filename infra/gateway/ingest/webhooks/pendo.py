"""Webhook kind `pendo`: one Pendo message, signed by X-Pendo-Signature (HMAC-SHA256 of the body, hexadecimal or Base64)."""

import base64
import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from infra.gateway.auth.session_ids import PSEUDONYM, Pseudonym
from infra.gateway.ingest.enrichment import Enricher, apply_enrichment
from infra.gateway.ingest.json_fields import object_field
from infra.gateway.ingest.pipeline import RawEvent
from infra.gateway.ingest.segment.events import short_id, tags
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
    visitor, at_ms = fields.get("visitorId"), sent_at_ms(fields)
    if type(visitor) is not str or not visitor:
        return [ValidationFailure("missing_field", "visitorId: required")]
    if type(fields.get("event")) is not str:
        return [ValidationFailure("missing_field", "event: required")]
    if at_ms is None:
        return [ValidationFailure("wrong_type", "timestamp: expected seconds since 1970")]
    unique = fields.get("uniqueId")
    properties = object_field(fields, "properties")
    named = {"event": fields["event"], "app": fields.get("app"), "account": fields.get("accountId")}
    event: dict[str, Any] = {
        "event_id": short_id(unique if type(unique) is str and unique else "pendo-" + digest(message.body)),
        "type": "custom",
        "occurred_at_ms": min(at_ms, message.received_ms),
        "received_at_ms": message.received_ms,
        "session_id": short_id(visitor),
        PSEUDONYM: Pseudonym((visitor,)),
        "user_id": visitor,
        "page_url": properties.get("url"),
        "properties": tags({**properties, **named, "subscription": fields.get("subscription")}),
    }
    return [apply_enrichment(event, lookup(enricher, fields))]


def sent_at_ms(fields: Mapping[str, Any]) -> int | None:
    """Converts Pendo's timestamp from seconds; None if it is missing or no such number."""
    at_s = fields.get("timestamp")
    return round(at_s * 1000) if isinstance(at_s, (int, float)) and 0 < at_s < 1e11 else None
