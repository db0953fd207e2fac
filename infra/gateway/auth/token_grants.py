"""Signs push tokens for a write key, and refuses those whose key was revoked or whose session was erased since."""

from collections.abc import Sequence
from typing import Any, Final

from infra.gateway.auth.key_permissions import WriteKey
from infra.gateway.auth.push_tokens import TTL_MS, InvalidTokenError, TokenClaims, sign, verify
from infra.gateway.auth.write_keys import WriteKeys
from infra.gateway.erased_sessions import ErasedSessions

CHECK_EVERY_S: Final = 2.0
"""How soon the connections of a revoked key end."""


class PushTokens:
    """Issues and verifies the push tokens of one gateway; other gateways with the same settings accept them, too."""

    def __init__(self, secrets: Sequence[str], keys: WriteKeys, erased: ErasedSessions) -> None:
        self._secrets, self._keys, self._erased = secrets, keys, erased

    def issue(self, session_id: str, key: WriteKey, at_ms: int) -> dict[str, Any]:
        """Returns the token and its end as fields of an answer."""
        expires_at_ms = at_ms + TTL_MS
        token = sign(session_id, expires_at_ms, self._secrets, key.id)
        return {"push_token": token, "push_token_expires_at_ms": expires_at_ms}

    def verify(self, token: str, now_ms: int) -> TokenClaims:
        """Returns what the token grants; raises `InvalidTokenError`."""
        claims = verify(token, self._secrets, now_ms)
        if (problem := self.revocation(claims)) is not None:
            raise InvalidTokenError(problem)
        return claims

    def revocation(self, claims: TokenClaims) -> str | None:
        """Says why a token that was valid when it was verified is no longer, None if it still is."""
        if claims.key_id and claims.key_id not in self._keys.ids:
            return "its write key was revoked"
        erased_at_ms = self._erased.sessions.get(claims.session_id)
        if erased_at_ms is not None and claims.expires_at_ms - TTL_MS <= erased_at_ms:
            return "its session was erased"
        return None
