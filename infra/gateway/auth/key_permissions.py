"""Defines what a write key permits: its source, its level, scopes, origins and quota."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Literal

from infra.gateway.errors import ApiError

Level = Literal["public", "server"]
Scope = Literal["events", "outcomes", "tokens", "read", "content"]

SCOPES: Final[Mapping[Level, frozenset[Scope]]] = {
    "public": frozenset(("events", "outcomes", "tokens")),
    "server": frozenset(("events", "outcomes", "tokens", "read", "content")),
}
"""What a key may do if the keys file does not say. A public key never reads."""


@dataclass(frozen=True, slots=True)
class Quota:
    """Events a second of all keys of a source, and how many may come at once."""

    events_per_s: float
    burst: int


@dataclass(frozen=True, slots=True)
class WriteKey:
    """What a key permits. `origins`: pages that may use a public key; empty if the gateway's own list decides.

    `expires_at_s` is None for a key that does not expire.
    """

    source: str
    level: Level = "public"
    scopes: frozenset[Scope] = SCOPES["public"]
    origins: frozenset[str] = frozenset()
    quota: Quota | None = None
    expires_at_s: float | None = None
    id: str = field(default="", compare=False)
    """Names the key in tokens that were issued for it; empty for what is no key."""

    def require(self, scope: Scope) -> None:
        """Raises `ApiError` 403 if the key lacks the scope."""
        if scope not in self.scopes:
            raise ApiError(403, "scope", f"write_key: not permitted to use {scope}", field="write_key")


KeyTable = Mapping[bytes, WriteKey]
"""Keys by digest: a comparison of digests tells nothing about the keys."""


def server_key(source: str, key_id: str = "") -> WriteKey:
    """Returns the permissions of a server of that source: a server key's, or those of a signed webhook."""
    return WriteKey(source, "server", SCOPES["server"], id=key_id)


def key_digest(key: str) -> bytes:
    return sha256(key.encode("utf-8", "surrogatepass")).digest()


def key_id(digest: bytes) -> str:
    """Returns a short name of a key, from which nobody can tell the key: it stands in tokens that pages hold."""
    return digest[:6].hex()
