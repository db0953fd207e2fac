"""Who may listen: looked at before a connection becomes one."""

from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from infra.gateway.auth.push_tokens import TokenRefused, require_session
from infra.gateway.ingest.guard import now_ms
from infra.gateway.push.replay_buffer import parse_last_ids
from infra.gateway.responses import Refusal
from infra.gateway.settings import Settings

_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Admitted:
    """`session_id` is None for one who may hear everything; `seen` is None for one who comes for the first time."""

    session_id: str | None
    seen: Mapping[int, int] | None
    expires_at_ms: int | None


def to_session(connection: HTTPConnection, settings: Settings) -> Admitted:
    """A page, by its session and the token for it. Raises `Refusal`."""
    _check_origin(connection, settings)
    query = connection.query_params
    session_id = query.get("session_id", "")
    if not session_id:
        raise Refusal(400, "missing_field", "session_id: required", field="session_id")
    try:
        opened = require_session(token_of(connection), session_id, settings.token_secrets, now_ms())
    except TokenRefused as refused:
        raise Refusal(401, "token", str(refused), field="token") from None
    return Admitted(session_id, _seen(connection), opened.expires_at_ms)


def to_all(connection: HTTPConnection, settings: Settings) -> Admitted:
    """A CMS, by the operator's token. Raises `Refusal`."""
    _check_origin(connection, settings)
    require_operator(connection, settings)
    return Admitted(None, _seen(connection), None)


def require_operator(connection: HTTPConnection, settings: Settings) -> None:
    """Raises `Refusal` 401."""
    if not is_operators(token_of(connection), settings):
        raise Refusal(401, "token", "this asks for the operator's token", field="authorization")


def is_operators(token: str, settings: Settings) -> bool:
    """Whether this is the operator's token; where none is set there is no operator."""
    wanted = settings.console_token
    return bool(wanted) and compare_digest(token.encode("utf-8", "replace"), wanted.encode())


def token_of(connection: HTTPConnection) -> str:
    """From `Authorization: Bearer`, or from the query: a browser's WebSocket cannot set headers."""
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return token.strip()
    return connection.query_params.get("token", "")


def _check_origin(connection: HTTPConnection, settings: Settings) -> None:
    """Raises `Refusal` 403. Who sends no origin is no page of a browser, and has to show a token all the same.

    Without a list only pages of this gateway and of this machine may listen.
    """
    origin = connection.headers.get("origin")
    if origin is None or origin in settings.allowed_origins:
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
    raise Refusal(403, "origin", "this origin is not on the list of allowed origins", field="origin")


def _seen(connection: HTTPConnection) -> dict[int, int] | None:
    last_id = connection.headers.get("last-event-id") or connection.query_params.get("last_id")
    if not last_id:
        return None
    try:
        return parse_last_ids(last_id)
    except ValueError as error:
        raise Refusal(400, "last_id", f"last_id: {error}", field="last_id") from None
