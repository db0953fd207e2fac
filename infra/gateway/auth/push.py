"""Authenticates push clients before the handshake is accepted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from infra.gateway.audit import audit
from infra.gateway.auth.credentials import bearer_token
from infra.gateway.auth.operator import require_operator
from infra.gateway.auth.origins import origin_error
from infra.gateway.auth.push_tokens import InvalidTokenError, TokenClaims
from infra.gateway.auth.session_ids import is_secret
from infra.gateway.auth.token_grants import PushTokens
from infra.gateway.clock import now_ms
from infra.gateway.errors import ApiError
from infra.gateway.push.replay_buffer import parse_last_ids
from infra.gateway.settings import Settings

_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class PushGrant:
    """What a client may receive: `session_id` is None for one that gets all commands.

    `seen` holds the last offset by partition, None for a client that connects for the first time. `expires_at_ms` is
    None for a grant that does not expire. `claims` are those of the page's token.
    """

    session_id: str | None
    seen: Mapping[int, int] | None
    expires_at_ms: int | None
    claims: TokenClaims | None = None


def authorize_session(connection: HTTPConnection, settings: Settings, tokens: PushTokens) -> PushGrant:
    """Grants a page the commands of its session, by the push token for it; raises `ApiError`."""
    _check_origin(connection, settings)
    session_id = connection.query_params.get("session_id", "")
    if not session_id:
        raise ApiError(400, "missing_field", "session_id: required", field="session_id")
    try:
        claims = tokens.verify(bearer_token(connection), now_ms())
        # The token alone decides. A page may also name its session by the secret that the session's id is derived from.
        if session_id != claims.session_id and not is_secret(session_id):
            raise InvalidTokenError("for another session")
    except InvalidTokenError as error:
        raise ApiError(401, "token", f"token: {error}; get one from POST /v1/push-token", field="token") from None
    return PushGrant(claims.session_id, _seen(connection), claims.expires_at_ms, claims)


def authorize_all(connection: HTTPConnection, settings: Settings, _: PushTokens) -> PushGrant:
    """Grants a CMS all commands, by the operator's token; raises `ApiError`."""
    _check_origin(connection, settings)
    audit("receive all commands", require_operator(connection, settings, "push"))
    return PushGrant(None, _seen(connection), None)


def _check_origin(connection: HTTPConnection, settings: Settings) -> None:
    """Raises `ApiError` 403 for a page of another origin.

    A client without Origin is no browser, and still needs a token. Without a list of allowed origins only pages of this
    gateway and of this machine may connect.
    """
    origin = connection.headers.get("origin")
    if origin is None or origin.lower() in settings.allowed_origins:
        return
    try:
        parts = urlsplit(origin)
        host = parts.hostname
    except ValueError:
        parts, host = None, None
    if parts is not None and host is not None:
        if parts.netloc == connection.headers.get("host"):
            return
        if not settings.allowed_origins and host in _LOOPBACK:
            return
    raise origin_error()


def _seen(connection: HTTPConnection) -> dict[int, int] | None:
    last_id = connection.headers.get("last-event-id") or connection.query_params.get("last_id")
    if not last_id:
        return None
    try:
        return parse_last_ids(last_id)
    except ValueError as error:
        raise ApiError(400, "last_id", f"last_id: {error}", field="last_id") from None
