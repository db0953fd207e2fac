"""Signed tokens: who holds one may hear the commands of one session, until it expires.

``v1.<base64url of {"s": session_id, "e": expires_at_ms}>.<base64url of HMAC-SHA256 over "v1.<payload>">``
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import msgspec
from msgspec import Struct

LIFE_MS: Final = 12 * 3_600_000
"""Longer than anybody reads at a stretch; the collector hands out a new one with each batch."""

_VERSION: Final = "v1"
_LONGEST: Final = 1024
"""Characters: a session id of 64 needs 410 at most, escaped to the last character."""


class TokenRefused(Exception):
    """The token opens nothing; the message says why, and nothing about the secrets."""


class Opened(Struct, frozen=True):
    """What a good token opens, and for how long."""

    session_id: str
    expires_at_ms: int


class _Payload(Struct, forbid_unknown_fields=True):
    s: str
    e: int


def sign(session_id: str, expires_at_ms: int, secrets: Sequence[str]) -> str:
    """A token under the first of the secrets."""
    payload = _base64(msgspec.json.encode(_Payload(session_id, expires_at_ms)))
    signed = f"{_VERSION}.{payload}"
    return f"{signed}.{_base64(_signature(signed, secrets[0]))}"


def verify(token: str, secrets: Sequence[str], now_ms: int) -> Opened:
    """What the token opens; raises `TokenRefused`. Each of the secrets will do, so that they can rotate.

    >>> token = sign("anna", 1000, ["new"])
    >>> verify(token, ["newer", "new"], 999)
    Opened(session_id='anna', expires_at_ms=1000)
    >>> verify(token, ["new"], 1000)
    Traceback (most recent call last):
    infra.gateway.auth.push_tokens.TokenRefused: the token has expired
    """
    if len(token) > _LONGEST or not token.isascii():
        raise TokenRefused("this is no token")
    signed, _, signature = token.rpartition(".")
    version, _, payload = signed.partition(".")
    if version != _VERSION:
        raise TokenRefused("this is no token")
    given = _bytes(signature)
    # No early end: how long this takes says nothing about which secret came close.
    matches = [hmac.compare_digest(given, _signature(signed, secret)) for secret in secrets]
    if not any(matches):
        raise TokenRefused("the token's signature is wrong")
    try:
        content = msgspec.json.decode(_bytes(payload), type=_Payload)
    except msgspec.DecodeError:
        raise TokenRefused("this is no token") from None
    if content.e <= now_ms:
        raise TokenRefused("the token has expired")
    return Opened(content.s, content.e)


def require_session(token: str, session_id: str, secrets: Sequence[str], now_ms: int) -> Opened:
    """Raises `TokenRefused` unless the token is for this very session."""
    opened = verify(token, secrets, now_ms)
    if opened.session_id != session_id:
        raise TokenRefused("the token is for another session")
    return opened


def _signature(signed: str, secret: str) -> bytes:
    return hmac.digest(secret.encode(), signed.encode(), sha256)


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """Strict: no foreign characters, and only one spelling of the same bytes."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise TokenRefused("this is no token") from None
    if _base64(raw) != text:
        raise TokenRefused("this is no token")
    return raw
