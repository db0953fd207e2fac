"""Decides under which id a sender's session is known, and who may read it: whoever began it, and servers of its source."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from redis.asyncio import Redis

from infra.gateway.auth.credentials import bearer_token
from infra.gateway.auth.key_permissions import WriteKey
from infra.gateway.auth.push_tokens import InvalidTokenError
from infra.gateway.auth.session_ids import (
    DERIVED,
    PSEUDONYM,
    Pseudonym,
    SessionIds,
    is_guessable,
    is_secret,
    names_nobody,
)
from infra.gateway.auth.session_owners import MIN_UNBOUND_CHARS, Owner, SessionOwners, UnknownOwnerError
from infra.gateway.auth.token_grants import PushTokens
from infra.gateway.auth.write_keys import WriteKeys
from infra.gateway.errors import ApiError
from infra.gateway.ingest.json_fields import id_text
from infra.gateway.settings import Settings

MAX_ID_CHARS: Final = 64


@dataclass(slots=True)
class ResolvedSessions:
    """The sessions of one request. `readable` are those whose sender may have a token; `begun` those it has begun."""

    readable: set[str] = field(default_factory=set)
    begun: list[str] = field(default_factory=list)
    renamed: set[str] = field(default_factory=set)
    """Ids that are not the ones that were sent."""


class SessionAccess:
    """Three kinds of ids.

    * A secret (25 letters and digits, as the tracker makes them, or `~` and at least 19 characters): only its client knows
      it, and it stands on no topic. The session's id is derived from it, so that naming the session is not knowing the secret.
    * An identity, a number or a clock reading: the id is derived from it, apart for public and for server keys, and for a
      public key from the sender's address as well. A public key gets no token for it, since anybody can name it.
    * Any other id stays as it is and belongs to the source that used it first; one of less than 16 characters that was sent
      with a public key, to the address as well. Who else names it is in a session of its own, with a derived id.
    """

    def __init__(self, settings: Settings, keys: WriteKeys, redis: Redis, tokens: PushTokens) -> None:
        self._tokens = tokens
        self._ids = SessionIds(settings.session_secret or settings.token_secrets[-1])
        self._keys = keys
        self._has_webhooks = bool(settings.webhooks)
        self._webhook_sources = frozenset(settings.webhooks)
        self._owners = SessionOwners(redis)

    async def resolve(self, key: WriteKey, raw_events: Sequence[Any], address: str) -> ResolvedSessions:
        """Replaces the session ids in raw events, and removes user ids that name nobody. `address` is the sender's."""
        resolved = ResolvedSessions()
        plain: dict[str, list[dict[str, Any]]] = {}
        # Most batches are of one session and one user.
        known: dict[tuple[Any, bool], str | None] = {}
        nobody: dict[str, bool] = {}
        for event in raw_events:
            if type(event) is not dict:
                continue
            user = _id_text(event.get("user_id"))
            if user is not None:
                if user not in nobody:
                    nobody[user] = names_nobody(user)
                if nobody[user]:
                    user = event["user_id"] = None
            pseudonym = event.pop(PSEUDONYM, None)
            given = pseudonym if isinstance(pseudonym, Pseudonym) else _id_text(event.get("session_id"))
            if given is None:
                continue
            if (given, given == user) not in known:
                known[given, given == user] = self._derived(key, given, user, address)
            if (derived := known[given, given == user]) is not None:
                event["session_id"] = derived
                resolved.renamed.add(derived)
                if key.level == "server" or (type(given) is str and is_secret(given)):
                    resolved.readable.add(derived)
            elif isinstance(given, str) and is_session_id(given):
                plain.setdefault(given, []).append(event)
        if plain:
            await self._claim(key, plain, resolved, address)
        return resolved

    async def _claim(
        self, key: WriteKey, plain: dict[str, list[dict[str, Any]]], resolved: ResolvedSessions, address: str
    ) -> None:
        digest = self._ids.address_digest(address)
        owners = await self._owners.claim({each: Owner.of(key, each, digest) for each in plain})
        for given, events in plain.items():
            if given in owners:
                owner = owners[given]
                is_ours = owner is None or owner.admits(key, digest)
            else:
                owner, is_ours = Owner.of(key, given, digest), self._keys.is_one_sender and not self._has_webhooks
            if not is_ours:
                own = "" if key.level == "server" or len(given) >= MIN_UNBOUND_CHARS else address
                derived = self._ids.derive(key.source, key.level, "apart", given, own)
                resolved.renamed.add(derived)
                for event in events:
                    event["session_id"] = derived
                if key.level == "server":
                    resolved.readable.add(derived)
            elif owner is None:
                resolved.begun.append(given)
                resolved.readable.add(given)
            elif key.level == "server":
                resolved.readable.add(given)

    async def release(self, resolved: ResolvedSessions) -> None:
        """Forgets the sessions that a request has begun, since its events were not stored."""
        await self._owners.release(resolved.begun)

    async def require_token(self, key: WriteKey, given: str, proven: str | None, address: str) -> str:
        """Returns the session for which a token may be signed; raises `ApiError` 403 or 503.

        `proven` is the session of a valid token that the request carries. A session that nobody has begun is begun.
        """
        if (derived := self._derived(key, given, None)) is not None:
            if key.level == "server" or is_secret(given) or derived == proven:
                return derived
            raise _not_yours()
        found = await self._owners.claim({given: Owner.of(key, given, self._ids.address_digest(address))})
        if given not in found:
            raise _unknown_owner()
        owner = found[given]
        if owner is None or given == proven or (key.level == "server" and owner.source == key.source):
            return given
        raise _not_yours()

    async def writable(self, key: WriteKey, given: str, proven: str | None) -> str | None:
        """Returns the session that outcomes of this id are of, None if the key may not write them.

        Raises `ApiError` 503 where that cannot be known.
        """
        if (derived := self._derived(key, given, None)) is not None:
            return derived if key.level == "server" or is_secret(given) or derived == proven else None
        try:
            owner = await self._owners.find(given)
        except UnknownOwnerError:
            raise _unknown_owner() from None
        if owner is None or given == proven:
            return given
        return given if key.level == "server" and owner.source == key.source else None

    async def readable(self, key: WriteKey, given: str) -> str:
        """Returns the session that a server key may read; raises `ApiError` 403 or 503."""
        if (derived := self._derived(key, given, None)) is not None:
            return derived
        try:
            owner = await self._owners.find(given)
        except UnknownOwnerError:
            raise _unknown_owner() from None
        if owner is None or owner.source != key.source:
            raise _not_yours()
        return given

    def proven(self, connection: Any, body_token: Any, now_ms: int) -> str | None:
        """Returns the session of the valid push token that the request carries, None without one."""
        for token in (bearer_token(connection), body_token):
            if type(token) is str and token:
                try:
                    return self._tokens.verify(token, now_ms).session_id
                except InvalidTokenError:
                    continue
        return None

    def is_named(self, session_id: str, given: str) -> bool:
        """Whether `given` names this session: it is its id, or the secret that the id was derived from."""
        if given == session_id:
            return True
        if not is_secret(given) or not session_id.startswith(DERIVED):
            return False
        return any(self._from_secret(each, given) == session_id for each in self._keys.sources | self._webhook_sources)

    def _derived(self, key: WriteKey, given: Any, user: Any, address: str = "") -> str | None:
        """Returns the id that is derived from what was sent, None if it stays as it is or is no id at all."""
        if isinstance(given, Pseudonym):
            if not given.is_guessable:
                return self._ids.derive(key.source, None, *given.parts)
            return self._from_identity(key, address, *given.parts)
        if not is_session_id(given):
            return None
        if is_secret(given):
            return self._from_secret(key.source, given)
        if given.startswith(DERIVED):
            if key.level == "server" and self._ids.is_of(given, key.source):
                return str(given)
            return self._ids.derive(key.source, key.level, given)
        if is_guessable(given) or given == user:
            return self._from_identity(key, address, given)
        return None

    def _from_identity(self, key: WriteKey, address: str, *parts: str) -> str:
        """With a public key anybody can name it, but not from its reader's address."""
        return self._ids.derive(key.source, key.level, *(parts if key.level == "server" else (*parts, address)))

    def _from_secret(self, source: str, given: str) -> str:
        return self._ids.derive(source, None, given)


def _id_text(given: Any) -> str | None:
    """Returns an id as the text that validation will make of it, None for anything else."""
    return given if type(given) is str else id_text(given) or None


def is_session_id(given: Any) -> bool:
    """Whether it is an id of the contract: 1 to 64 characters of text."""
    return (
        type(given) is str
        and 0 < len(given) <= MAX_ID_CHARS
        and not any("\ud800" <= char <= "\udfff" for char in given)
    )


def _not_yours() -> ApiError:
    detail = "session_id: not begun by this sender; send the push token of the session, or a server key of its source"
    return ApiError(403, "session", detail, field="session_id")


def _unknown_owner() -> ApiError:
    detail = "session_id: Redis does not answer, so nobody can tell who began the session; retry later"
    return ApiError(503, "unavailable", detail, field="session_id", retry_after_s=2)
