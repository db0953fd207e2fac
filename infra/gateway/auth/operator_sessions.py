"""Signs and verifies the cookie that stands for an operator in a browser: it is not the token, and it expires.

``v1.<expires_at_ms>.<fingerprint>.<base64url of the operator's name>.<HMAC-SHA256 over the parts before>``. Signed with a
key derived from the secrets of push tokens, which all gateways behind one address share, so any of them recognises it.
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from infra.gateway.auth.operators import Operator, Operators, fingerprint_of

SESSION_MS: Final = 12 * 3_600_000
MAX_COOKIE_CHARS: Final = 512


def sign_session(operator: Operator, expires_at_ms: int, secrets: Sequence[str]) -> str:
    name = base64.urlsafe_b64encode(operator.name.encode()).decode().rstrip("=")
    signed = f"v1.{expires_at_ms}.{fingerprint_of(operator)}.{name}"
    return f"{signed}.{_signature(signed, secrets[0])}"


def operator_of_session(cookie: str, operators: Operators, secrets: Sequence[str], now_ms: int) -> Operator | None:
    """Returns the operator, None for a cookie that is forged or old, or whose operator has gone or has a new token."""
    if len(cookie) > MAX_COOKIE_CHARS or not cookie.isascii():
        return None
    signed, _, signature = cookie.rpartition(".")
    matches = [hmac.compare_digest(signature, _signature(signed, secret)) for secret in secrets]
    parts = signed.split(".")
    if not any(matches) or len(parts) != 4 or parts[0] != "v1" or int(parts[1]) <= now_ms:
        return None
    try:
        name = base64.urlsafe_b64decode(parts[3] + "=" * (-len(parts[3]) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return operators.named(name, parts[2])


def _signature(signed: str, secret: str) -> str:
    key = hmac.digest(secret.encode(), b"operator session", sha256)
    return hmac.digest(key, signed.encode(), sha256).hex()
