"""Webhook kind `standard`: Standard Webhooks 1.0 (https://www.standardwebhooks.com) with events in the native format."""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from infra.gateway.ingest.enrichment import Enricher, Enrichment
from infra.gateway.ingest.json_fields import short_id
from infra.gateway.ingest.native.events import native_events
from infra.gateway.ingest.pipeline import RawEvent
from infra.gateway.ingest.webhooks.message import WebhookMessage
from infra.gateway.ingest.webhooks.signatures import InvalidSignatureError, require_match

TOLERANCE_S: Final = 300
"""How far the sender's clock may be off, and how long a message stays valid (as the specification recommends)."""

_PREFIX: Final = "whsec_"
_MAX_SIGNATURES: Final = 8


def secret_problem(secret: str) -> str | None:
    return None if _key(secret) else "is not whsec_ and Base64"


def verify(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now_s: float) -> bytes:
    """Returns the signed content: id, timestamp and body; raises `InvalidSignatureError`."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise InvalidSignatureError("webhook-id or webhook-timestamp is missing or malformed")
    signed = f"{message_id}.{timestamp}.".encode("latin-1") + body
    # The signature before the time: only a sender that knows the secret learns what this clock says.
    given = [each[3:] for each in headers.get("webhook-signature", "").split(" ") if each.startswith("v1,")]
    expected = [base64.b64encode(hmac.digest(_key(each), signed, sha256)).decode() for each in secrets]
    require_match(given[:_MAX_SIGNATURES], expected)
    if abs(now_s - int(timestamp)) > TOLERANCE_S:
        raise InvalidSignatureError(f"webhook-timestamp is over {TOLERANCE_S} s from now")
    return signed


def to_events(message: WebhookMessage, _: Enricher) -> list[RawEvent]:
    """Maps a native batch, one native event, or an envelope with one as its `data`.

    Events without an id get one made of the webhook's, so that a retry has the same.
    """
    fields = message.fields
    if type(fields.get("events")) is list:
        batch = dict(fields)
    else:
        batch = {"events": [fields["data"] if type(fields.get("data")) is dict else fields]}
    for index, event in enumerate(batch["events"]):
        if type(event) is dict:
            event.setdefault("event_id", short_id(f"{message.headers['webhook-id']}-{index}"))
            event.setdefault("occurred_at_ms", message.received_ms)
    return native_events(batch, Enrichment(), message.received_ms)


def _key(secret: str) -> bytes:
    """Decodes the secret; empty if it is not valid."""
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return b""
