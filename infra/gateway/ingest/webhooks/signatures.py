"""Is this webhook from whom it says, unaltered and of now? Over the raw bytes, before anything reads them.

Standard Webhooks 1.0 (https://www.standardwebhooks.com), Segment's X-Signature, Pendo's X-Pendo-Signature.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha1, sha256
from typing import Final

from infra.gateway.settings import Webhook
from infra.settings import SettingsError

TOLERANCE_S: Final = 300
"""Standard Webhooks: how far the sender's clock may be off, and how long a message stays good."""

_PREFIX: Final = "whsec_"
_MOST_SIGNATURES: Final = 8


class Forged(Exception):
    """The message says why it is refused, and nothing about the secrets."""


def check(webhook: Webhook, headers: Mapping[str, str], body: bytes, now_s: float) -> bytes:
    """What was signed, by which a replay can be told; raises `Forged`.

    Only one spelling of a signature counts. Each secret is tried, whichever fits, so time tells nothing about them.
    """
    match webhook.kind:
        case "standard":
            return _standard(webhook.secrets, headers, body, now_s)
        case "segment":
            given = [headers.get("x-signature", "")]
            wanted = [hmac.new(key.encode(), body, sha1).hexdigest() for key in webhook.secrets]
        case "pendo":
            given = [headers.get("x-pendo-signature", "")]
            digests = [hmac.digest(key.encode(), body, sha256) for key in webhook.secrets]
            wanted = [text for each in digests for text in (each.hex(), base64.b64encode(each).decode())]
    _match(given, wanted)
    return body


def standard_key(source: str, secret: str) -> bytes:
    """The bytes of a Standard Webhooks secret; raises `SettingsError` where it is not Base64."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise SettingsError(f"MICROADJUST_WEBHOOK_SECRETS: {source}'s secret is not whsec_ and Base64")
    return key


def _standard(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now_s: float) -> bytes:
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise Forged("webhook-id or webhook-timestamp is missing")
    signed = f"{message_id}.{stamp}.".encode("latin-1") + body
    # Checked before the time, so that only who knows the secret learns what this clock says.
    given = [each[3:] for each in headers.get("webhook-signature", "").split(" ") if each.startswith("v1,")]
    keys = (standard_key("", secret) for secret in secrets)
    _match(given[:_MOST_SIGNATURES], [base64.b64encode(hmac.digest(key, signed, sha256)).decode() for key in keys])
    if abs(now_s - int(stamp)) > TOLERANCE_S:
        raise Forged("webhook-timestamp is too far from now")
    return signed


def _match(given: Iterable[str], wanted: Sequence[str]) -> None:
    found = [hmac.compare_digest(one.encode("latin-1", "replace"), two.encode()) for one in given for two in wanted]
    if not any(found):
        raise Forged("no signature fits")
