"""Webhook kind `segment`: one Segment message, signed by X-Signature (HMAC-SHA1 of the body in hexadecimal)."""

import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha1
from typing import Any

from infra.gateway.errors import ApiError
from infra.gateway.ingest.enrichment import Enricher, apply_enrichment
from infra.gateway.ingest.json_fields import id_text, object_field, stored_user_id
from infra.gateway.ingest.pipeline import RawEvent
from infra.gateway.ingest.segment.events import segment_event
from infra.gateway.ingest.times import milliseconds
from infra.gateway.ingest.webhooks.message import WebhookMessage, lookup
from infra.gateway.ingest.webhooks.signatures import require_match
from schemas.rejects import ValidationFailure


def verify(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, _: float) -> bytes:
    """Returns the signed content, which is the body; raises `InvalidSignatureError`."""
    expected = [hmac.new(each.encode(), body, sha1).hexdigest() for each in secrets]
    require_match([headers.get("x-signature", "")], expected)
    return body


def to_events(message: WebhookMessage, enricher: Enricher) -> list[RawEvent]:
    call = message.fields.get("type")
    event = segment_event(message.fields, call if type(call) is str else "", None, message.received_ms)
    if isinstance(event, ValidationFailure):
        return [event]
    return [apply_enrichment(event, lookup(enricher, object_field(message.fields, "context")))]


def sent_at_ms(fields: Mapping[str, Any]) -> int | None:
    """Returns when Segment last handled the message, None if it does not say."""
    times = [milliseconds(fields.get(name)) for name in ("receivedAt", "sentAt", "timestamp", "originalTimestamp")]
    return max((each for each in times if each is not None), default=None)


def user_to_erase(fields: Mapping[str, Any]) -> str | None:
    """Returns the user of a `delete` message, None for any other; raises `ApiError` 400."""
    if fields.get("type") != "delete":
        return None
    user_id = id_text(fields.get("userId"))
    if not user_id:
        raise ApiError(400, "missing_field", "userId: required for delete", field="userId")
    return stored_user_id(user_id)
