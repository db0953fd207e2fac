"""Signs and verifies push tokens: one lets its holder receive the commands of one session until it expires.

``v1.<base64url of {"s": session_id, "e": expires_at_ms, "k": key_id}>.<base64url of HMAC-SHA256 over "v1.<payload>">``
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import msgspec
from msgspec import Struct

from schemas.unreadable import UNREADABLE

TTL_MS: Final = 12 * 3_600_000
"""Longer than a visit lasts; the collector issues a new token with each batch."""

_VERSION: Final = "v1"
_MAX_CHARS: Final = 1024
"""A session id of 64 characters and a key's id need 430 at most, if each of them is escaped."""


class InvalidTokenError(Exception):
    """The token grants nothing. The message says why, and nothing about the secrets."""


class TokenClaims(Struct, frozen=True):
    """What a valid token grants, and until when."""

    session_id: str
    expires_at_ms: int
    key_id: str = ""
    """Of the write key that it was issued for; empty if for none. With the key the token ends."""


class _Payload(Struct, forbid_unknown_fields=True, omit_defaults=True):
    s: str
    e: int
    k: str = ""


def looks_like_push_token(token: str) -> bool:
    """Whether the token has the form of a push token, valid or not."""
    return token.startswith(f"{_VERSION}.") and token.count(".") == 2


def sign(session_id: str, expires_at_ms: int, secrets: Sequence[str], key_id: str = "") -> str:
    """Signs a token with the first of the secrets."""
    payload = _base64(msgspec.json.encode(_Payload(session_id, expires_at_ms, key_id)))
    signed = f"{_VERSION}.{payload}"
    return f"{signed}.{_base64(_signature(signed, secrets[0]))}"


def verify(token: str, secrets: Sequence[str], now_ms: int) -> TokenClaims:
    """Returns what the token grants; raises `InvalidTokenError`. Any of the secrets is accepted, so that they can rotate.

    >>> token = sign("anna", 1000, ["new"])
    >>> verify(token, ["newer", "new"], 999)
    TokenClaims(session_id='anna', expires_at_ms=1000, key_id='')
    >>> verify(token, ["new"], 1000)
    Traceback (most recent call last):
    infra.gateway.auth.push_tokens.InvalidTokenError: expired
    """
    if len(token) > _MAX_CHARS or not token.isascii():
        raise InvalidTokenError("not a push token")
    signed, _, signature = token.rpartition(".")
    version, _, payload = signed.partition(".")
    if version != _VERSION:
        raise InvalidTokenError("not a push token")
    given = _bytes(signature)
    # All secrets are compared, so that the time taken does not tell which one matched.
    matches = [hmac.compare_digest(given, _signature(signed, secret)) for secret in secrets]
    if not any(matches):
        raise InvalidTokenError("wrong signature")
    try:
        content = msgspec.json.decode(_bytes(payload), type=_Payload)
    except UNREADABLE:
        raise InvalidTokenError("not a push token") from None
    if content.e <= now_ms:
        raise InvalidTokenError("expired")
    return TokenClaims(content.s, content.e, content.k)


def require_session(token: str, session_id: str, secrets: Sequence[str], now_ms: int) -> TokenClaims:
    """Verifies the token; raises `InvalidTokenError` also if it is for another session."""
    claims = verify(token, secrets, now_ms)
    if claims.session_id != session_id:
        raise InvalidTokenError("for another session")
    return claims


def _signature(signed: str, secret: str) -> bytes:
    return hmac.digest(secret.encode(), signed.encode(), sha256)


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """Decodes strictly: no foreign characters, and only one spelling of the same bytes."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise InvalidTokenError("not a push token") from None
    if _base64(raw) != text:
        raise InvalidTokenError("not a push token")
    return raw
