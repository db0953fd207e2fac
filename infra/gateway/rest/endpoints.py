"""REST endpoints: session state and active adjustments, push tokens, feedback, outcomes, erasure."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final
from uuid import uuid4

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from infra.gateway import metrics
from infra.gateway.audit import audit, person_hash
from infra.gateway.auth.credentials import bearer_token
from infra.gateway.auth.key_permissions import WriteKey
from infra.gateway.auth.operator import authentication_of, require_operator
from infra.gateway.auth.push_tokens import InvalidTokenError
from infra.gateway.auth.session_access import MAX_ID_CHARS, is_session_id
from infra.gateway.clock import now_ms
from infra.gateway.errors import ApiError
from infra.gateway.ingest.guard import IngestGuard
from infra.gateway.ingest.json_fields import id_text, number_of, short_id, stored_user_id
from infra.gateway.ingest.limits import BodyMemoryLease
from infra.gateway.ingest.native.events import native_events
from infra.gateway.ingest.sender_clock import clock_skew_ms
from infra.gateway.responses import json_response
from infra.gateway.rest import openapi
from infra.gateway.rest.erasure import Eraser
from infra.gateway.rest.export import Exporter
from infra.gateway.rest.outcomes import Outcomes, Writable
from infra.gateway.rest.recent_actions import RecentActions
from infra.gateway.rest.sessions import SessionStore
from infra.gateway.rest.sub_resources import names
from infra.redis import keys
from infra.redis.circuit_breaker import CircuitBreaker
from schemas.addresses import stored_content_id
from schemas.events import VALUE_RANGE
from schemas.rejects import ValidationFailure
from schemas.topics import OUTCOMES

MAX_SESSIONS: Final = 100

PAGE_SOURCE: Final = "page"
"""Source of what pages send with a push token instead of a write key."""

_PAGE: Final = WriteKey(PAGE_SOURCE)

_KINDS: Final = ("content", "segment")

Endpoint = Callable[[Request], Awaitable[Response]]


class RestApi:
    """Reading requires the operator's token, the session's push token or a server key: write keys stand in public pages."""

    def __init__(self, guard: IngestGuard, eraser: Eraser) -> None:
        gateway = guard.gateway
        self._guard, self._eraser, self._sessions = guard, eraser, guard.sessions
        self._settings, self._tokens = gateway.settings, gateway.push_tokens
        # A breaker for each: a batch whose actions are slow to store says nothing about reading a session.
        self._store = SessionStore(gateway.redis, CircuitBreaker(metrics.REDIS_DOWN.inc))
        self._outcomes = Outcomes(gateway)
        self._exporter = Exporter(gateway)
        gateway.on_accepted.append(RecentActions(gateway.redis, CircuitBreaker(metrics.REDIS_DOWN.inc)).record)

    async def session(self, request: Request) -> Response:
        session_id = await self._readable_session(request)
        (view,) = await self._store.sessions([session_id], now_ms())
        return json_response(200, view)

    async def session_adjustments(self, request: Request) -> Response:
        if not names(request, "adjustments"):
            request.path_params["session_id"] += "/adjustments"
            return await self.session(request)
        session_id = await self._readable_session(request)
        return json_response(200, await self._store.commands_to(session_id, now_ms()))

    async def target_adjustments(self, request: Request) -> Response:
        require_operator(request, self._settings)
        kind, target_id = request.path_params["kind"], request.path_params["target_id"]
        if kind not in _KINDS:
            raise ApiError(404, "path", f"kind: expected one of {', '.join(_KINDS)}", field="kind")
        if kind == "content":
            target_id = stored_content_id(target_id)
        return json_response(200, await self._store.commands(keys.target(kind, target_id), now_ms()))

    async def query(self, request: Request, memory: BodyMemoryLease) -> Response:
        operator = require_operator(request, self._settings)
        _, body, _ = await self._guard.read_json_object(request, memory, None)
        ids = body.get("session_ids")
        if type(ids) is not list or not all(is_session_id(each) for each in ids):
            raise ApiError(
                422,
                "wrong_type",
                f"session_ids: expected a list of strings of 1 to {MAX_ID_CHARS} characters",
                field="session_ids",
            )
        if len(ids) > MAX_SESSIONS:
            raise ApiError(
                422, "out_of_range", f"session_ids: {len(ids)} ids; send at most {MAX_SESSIONS}", field="session_ids"
            )
        audit("read sessions", operator, sessions=len(ids))
        views = await self._store.sessions(ids, now_ms())
        return json_response(200, {"sessions": views, "degraded": any(view.degraded for view in views)})

    async def push_token(self, request: Request, memory: BodyMemoryLease) -> Response:
        """Signs a token for who begins the session or proves to have begun it, and for servers of its source."""
        key = self._guard.write_keys.of_headers(request, "tokens")
        _, body, at_ms = await self._guard.read_json_object(request, memory, None if key is None else key.source)
        if key is None:
            key = self._guard.write_keys.of(_write_key_in(body), request, "tokens")
        given = _session_id(body.get("session_id"))
        proven = self._sessions.proven(request, body.get("token"), at_ms)
        session_id = await self._sessions.require_token(key, given, proven, self._guard.address_of(request))
        renamed = {"session_id": session_id} if session_id != given else {}
        return json_response(200, {**self._tokens.issue(session_id, key, at_ms), **renamed})

    async def feedback(self, request: Request, memory: BodyMemoryLease) -> Response:
        """Ingests feedback as one event that occurred now; answers 422 if the event is rejected."""
        key = self._guard.write_keys.of_headers(request, "events")
        raw, body, received_ms = await self._guard.read_json_object(
            request, memory, None if key is None else key.source
        )
        session_id = _session_id(body.get("session_id"))
        if key is None and (given_key := _write_key_in(body)) is not None:
            key = self._guard.write_keys.of(given_key, request, "events")
        if key is None:
            body["session_id"] = self._session_of_token(request, body, session_id)
        if body.get("rating") is None and body.get("text") is None:
            raise ApiError(422, "missing_field", "rating or text: one is required", field="rating")
        event: dict[str, Any] = {name: body[name] for name in _FEEDBACK_FIELDS if body.get(name) is not None}
        event |= {"type": "feedback", "value": body.get("rating"), "occurred_at_ms": received_ms}
        event["event_id"] = short_id(id_text(event.get("event_id", uuid4().hex))) or event["event_id"]
        raw_events = native_events({"events": [event]}, self._guard.enrichment(request), received_ms)
        if body.get("text") is None and (failure := _rating_failure(body["rating"])) is not None:
            raw_events = [failure]
        self._guard.charge_quota(key or _PAGE, 1)
        if key is None:
            # The token names the session already.
            result = await self._guard.pipeline.ingest(PAGE_SOURCE, raw_events, received_ms, lambda: [raw])
        else:
            result, _ = await self._guard.ingest(request, key, raw_events, received_ms, lambda: [raw])
        if result.rejected:
            (rejected,) = result.rejected
            field = "rating" if rejected.field == "value" else rejected.field
            raise ApiError(422, rejected.rule, rejected.detail, field=field)
        return json_response(
            202, {"event_id": event["event_id"], "accepted": result.accepted, "duplicates": result.duplicates}
        )

    async def outcomes(self, request: Request, memory: BodyMemoryLease) -> Response:
        """Takes outcomes of any session from the operator, else those of sessions that the key or token may write."""
        key = self._guard.write_keys.of_headers(request, "outcomes")
        _, body, received_ms = await self._guard.read_json_object(request, memory, None if key is None else key.source)
        if key is None and (given_key := _write_key_in(body)) is not None:
            key = self._guard.write_keys.of(given_key, request, "outcomes")
        outcomes, skew_ms = body.get("outcomes"), clock_skew_ms(body, received_ms)
        self._guard.charge_quota(key or _PAGE, len(outcomes) if type(outcomes) is list else 1)
        proven = self._sessions.proven(request, body.get("token"), received_ms)
        if key is not None:
            writable: Writable = partial(self._sessions.writable, key, proven=proven)
        elif "authorization" in request.headers and self._is_cms(bearer_token(request), request):
            writable = _any_session
        else:
            session_id = self._session_of_token(request, body)
            writable = partial(self._own_session, session_id)
        return json_response(202, await self._outcomes.ingest(outcomes, writable, received_ms, skew_ms))

    @staticmethod
    def _is_cms(token: str, request: Request) -> bool:
        """Whether it is the token of an operator who receives all commands, and so may report what became of them."""
        operator = authentication_of(request).find(token)
        return operator is not None and "push" in operator.roles

    async def erase(self, request: Request) -> Response:
        operator = require_operator(request, self._settings, "erase")
        if request.path_params["user_id"].endswith("/export") and names(request, "export"):
            # The address of a person's export, not of a person called "…/export", whose slash is escaped.
            return PlainTextResponse("Method Not Allowed", 405, {"allow": "GET"})
        user_id = _user_id(request)
        audit("erase a person", operator, outcome="begun", person=person_hash(user_id))
        erased = await self._eraser.erase(user_id)
        audit("erase a person", operator, person=person_hash(user_id), sessions=erased.sessions)
        return json_response(200, erased)

    async def export(self, request: Request) -> Response:
        operator = require_operator(request, self._settings)
        if not names(request, "export"):
            return PlainTextResponse("Method Not Allowed", 405, {"allow": "DELETE"})
        user_id = _user_id(request)
        audit("export a person", operator, person=person_hash(user_id))
        return json_response(200, await self._exporter.export(user_id))

    async def _readable_session(self, request: Request) -> str:
        """Returns the session of the path for its push token, the operator's token or a server key of its source.

        Raises `ApiError` 401 or 403.
        """
        given = _session_id(request.path_params["session_id"])
        proven = self._sessions.proven(request, None, now_ms())
        if proven is not None and self._sessions.is_named(proven, given):
            return proven
        if (key := self._guard.write_keys.reader_of_headers(request)) is not None:
            return await self._sessions.readable(key, given)
        audit("read a session", require_operator(request, self._settings), session=given)
        return given

    def _session_of_token(self, request: Request, body: dict[str, Any], named: str | None = None) -> str:
        """Returns the session of the push token in header, query or body (a beacon can set neither header nor query).

        Raises `ApiError` 401, also if the request names another session.
        """
        token = bearer_token(request) or body.get("token")
        try:
            claims = self._tokens.verify(token if type(token) is str else "", now_ms())
        except InvalidTokenError as error:
            raise ApiError(401, "token", f"token: {error}; send a write key or a push token", field="token") from None
        if named is not None and not self._sessions.is_named(claims.session_id, named):
            raise ApiError(401, "token", "token: for another session", field="token")
        return claims.session_id

    async def _own_session(self, session_id: str, given: str) -> str | None:
        return session_id if self._sessions.is_named(session_id, given) else None


async def _any_session(given: str) -> str | None:
    return given


_FEEDBACK_FIELDS: Final = (
    "event_id", "session_id", "user_id", "content_id", "content_type", "page_url", "element", "text", "properties",
)  # fmt: skip


def _rating_failure(given: Any) -> ValidationFailure | None:
    """Says what is wrong with a rating. Without it or a text there would be no feedback left, so it is not just left out."""
    rating, (low, high) = number_of(given), VALUE_RANGE["feedback"]
    if rating is None:
        return ValidationFailure("wrong_type", "value: expected number")
    if not low <= rating <= high:
        return ValidationFailure("out_of_range", f"value: outside {low:.0f}..{high:.0f} for feedback")
    return None


def _user_id(request: Request) -> str:
    """Returns the user's id as events carry it: of a very long one a digest."""
    user_id: str = request.path_params["user_id"]
    if not user_id:
        raise ApiError(422, "out_of_range", "user_id: expected at least 1 character", field="user_id")
    return stored_user_id(user_id)


def _write_key_in(body: dict[str, Any]) -> Any:
    return body.get("write_key", body.get("writeKey"))


def _session_id(given: Any) -> str:
    given = id_text(given) or given
    if type(given) is not str:
        raise ApiError(422, "missing_field", "session_id: required, as a string", field="session_id")
    if not is_session_id(given):
        raise ApiError(422, "out_of_range", f"session_id: expected 1 to {MAX_ID_CHARS} characters", field="session_id")
    return given


def _with_errors(handler: Endpoint) -> Endpoint:
    """Wraps a handler that needs no body and no Kafka in error responses."""

    async def endpoint(request: Request) -> Response:
        try:
            return await handler(request)
        except ApiError as error:
            return error.response(request)

    return endpoint


def routes(guard: IngestGuard, eraser: Eraser) -> list[BaseRoute]:
    rest, guarded = RestApi(guard, eraser), guard.guard
    document = msgspec.json.encode(openapi.document())

    async def serve_openapi(_: Request) -> Response:
        return Response(document, media_type="application/json")

    return [
        Route("/openapi.json", serve_openapi),
        Route("/v1/sessions/query", guarded(rest.query, None), methods=["POST"]),
        Route("/v1/sessions/{session_id:path}/adjustments", _with_errors(rest.session_adjustments)),
        Route("/v1/sessions/{session_id:path}", _with_errors(rest.session)),
        Route("/v1/targets/{kind}/{target_id:path}/adjustments", _with_errors(rest.target_adjustments)),
        Route("/v1/push-token", guarded(rest.push_token, None), methods=["POST"]),
        Route("/v1/feedback", guarded(rest.feedback), methods=["POST"]),
        Route("/v1/outcomes", guarded(rest.outcomes, OUTCOMES), methods=["POST"]),
        # Before the shorter path, which would take "/export" for the end of a name.
        Route("/v1/people/{user_id:path}/export", _with_errors(rest.export), methods=["GET"]),
        Route("/v1/people/{user_id:path}", _with_errors(rest.erase), methods=["DELETE"]),
    ]
