"""REST: session state and active adjustments for those who poll, tokens for pages, feedback, outcomes, erasure."""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import uuid4

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from infra.gateway import metrics
from infra.gateway.auth import push_tokens
from infra.gateway.auth.push import require_operator, token_of
from infra.gateway.auth.push_tokens import TokenRefused
from infra.gateway.ingest.guard import Front, now_ms
from infra.gateway.ingest.limits import HeldByRequest
from infra.gateway.ingest.native.events import native_drafts
from infra.gateway.responses import Refusal, answer
from infra.gateway.rest import openapi
from infra.gateway.rest.erasure import Eraser
from infra.gateway.rest.outcomes import Outcomes
from infra.gateway.rest.recent_actions import RecentActions
from infra.gateway.rest.sessions import SessionStore
from infra.redis import keys
from infra.redis.circuit_breaker import CircuitBreaker

MOST_SESSIONS: Final = 100
LONGEST_ID: Final = 64
LONGEST_USER: Final = 128

PAGE: Final = "page"
"""The source of what pages send by their tokens."""

_KINDS: Final = ("content", "segment")

Endpoint = Callable[[Request], Awaitable[Response]]


class Rest:
    """The endpoints. Reading asks for the operator's token, or for the session's own; write keys stand in public pages."""

    def __init__(self, front: Front, eraser: Eraser) -> None:
        gateway = front.gateway
        self.front, self._eraser = front, eraser
        self._settings = gateway.settings
        breaker = CircuitBreaker(metrics.REDIS_DOWN.inc)
        self._store = SessionStore(gateway.redis, breaker)
        self._outcomes = Outcomes(gateway)
        gateway.on_accepted.append(RecentActions(gateway.redis, breaker).note)

    async def session(self, request: Request) -> Response:
        session_id = self._readable_session(request)
        (view,) = await self._store.sessions([session_id], now_ms())
        return answer(200, view)

    async def session_adjustments(self, request: Request) -> Response:
        session_id = self._readable_session(request)
        return answer(200, await self._store.commands(keys.adjustments(session_id), now_ms()))

    async def target_adjustments(self, request: Request) -> Response:
        require_operator(request, self._settings)
        kind, target_id = request.path_params["kind"], request.path_params["target_id"]
        if kind not in _KINDS:
            raise Refusal(404, "path", f"a kind is one of {', '.join(_KINDS)}", field="kind")
        return answer(200, await self._store.commands(keys.target(kind, target_id), now_ms()))

    async def query(self, request: Request, held: HeldByRequest) -> Response:
        require_operator(request, self._settings)
        _, body, _ = await self.front.document(request, held, None)
        ids = body.get("session_ids")
        if type(ids) is not list or not all(type(each) is str and 0 < len(each) <= LONGEST_ID for each in ids):
            raise Refusal(422, "wrong_type", "session_ids: expected a list of ids", field="session_ids")
        if len(ids) > MOST_SESSIONS:
            raise Refusal(422, "out_of_range", f"session_ids: more than {MOST_SESSIONS}", field="session_ids")
        views = await self._store.sessions(ids, now_ms())
        return answer(200, {"sessions": views, "degraded": any(view.degraded for view in views)})

    async def push_token(self, request: Request, held: HeldByRequest) -> Response:
        source = self.front.source_of(request)
        _, body, at_ms = await self.front.document(request, held, source)
        if source is None:
            self.front.source_of_key(body.get("write_key"))
        session_id = _session_id(body.get("session_id"))
        expires_at_ms = at_ms + push_tokens.LIFE_MS
        token = push_tokens.sign(session_id, expires_at_ms, self._settings.token_secrets)
        return answer(200, {"push_token": token, "push_token_expires_at_ms": expires_at_ms})

    async def feedback(self, request: Request, held: HeldByRequest) -> Response:
        """One feedback of now is one event, so it goes the way of events; refused as a whole where that is refused."""
        source = self.front.source_of(request)
        raw, body, received_ms = await self.front.document(request, held, source)
        session_id = _session_id(body.get("session_id"))
        who = source or self._writer(request, body, session_id)
        if body.get("rating") is None and body.get("text") is None:
            raise Refusal(422, "missing_field", "rating or text: one is required", field="rating")
        event: dict[str, Any] = {name: body[name] for name in _FEEDBACK_FIELDS if body.get(name) is not None}
        event |= {"type": "feedback", "value": body.get("rating"), "occurred_at_ms": received_ms}
        event.setdefault("event_id", uuid4().hex)
        drafts = native_drafts({"events": [event]}, self.front.facts(request), received_ms)
        self.front.spend(who, 1)
        taken = await self.front.intake.take(who, drafts, received_ms, lambda: [raw])
        if taken.rejected:
            (refused,) = taken.rejected
            field = "rating" if refused.field == "value" else refused.field
            raise Refusal(422, refused.rule, refused.detail, field=field)
        return answer(202, {"event_id": event["event_id"], "accepted": taken.accepted, "duplicates": taken.duplicates})

    async def outcomes(self, request: Request, held: HeldByRequest) -> Response:
        source = self.front.source_of(request)
        _, body, received_ms = await self.front.document(request, held, source)
        only_session = None
        if source is None and body.get("write_key") is None:
            only_session = self._opened(request, body)
        elif source is None:
            source = self.front.source_of_key(body.get("write_key"))
        outcomes = body.get("outcomes")
        self.front.spend(source or PAGE, len(outcomes) if type(outcomes) is list else 1)
        return answer(202, await self._outcomes.take(outcomes, only_session, received_ms))

    async def erase(self, request: Request) -> Response:
        require_operator(request, self._settings)
        user_id = request.path_params["user_id"]
        if not 0 < len(user_id) <= LONGEST_USER:
            raise Refusal(422, "out_of_range", f"user_id: 1 to {LONGEST_USER} characters", field="user_id")
        return answer(200, await self._eraser.erase(user_id))

    def _readable_session(self, request: Request) -> str:
        """Raises `Refusal` unless the caller is the operator, or the page of that very session."""
        session_id = _session_id(request.path_params["session_id"])
        try:
            push_tokens.require_session(token_of(request), session_id, self._settings.token_secrets, now_ms())
        except TokenRefused:
            require_operator(request, self._settings)
        return session_id

    def _writer(self, request: Request, body: dict[str, Any], session_id: str) -> str:
        """The source by the body's write key, or a page by its token; raises `Refusal` 401."""
        if body.get("write_key") is not None:
            return self.front.source_of_key(body["write_key"])
        if self._opened(request, body) != session_id:
            raise Refusal(401, "token", "the token is for another session", field="token")
        return PAGE

    def _opened(self, request: Request, body: dict[str, Any]) -> str:
        """The session of the token in header, query or body (a beacon can set neither); raises `Refusal` 401."""
        given = token_of(request) or body.get("token")
        try:
            token = given if type(given) is str else ""
            return push_tokens.verify(token, self._settings.token_secrets, now_ms()).session_id
        except TokenRefused as refused:
            raise Refusal(401, "token", f"neither a write key nor a token: {refused}", field="token") from None


_FEEDBACK_FIELDS: Final = (
    "event_id", "session_id", "user_id", "content_id", "content_type", "page_url", "element", "text", "properties",
)  # fmt: skip


def _session_id(given: Any) -> str:
    if type(given) is not str:
        raise Refusal(422, "missing_field", "session_id: required", field="session_id")
    if not 0 < len(given) <= LONGEST_ID or any("\ud800" <= char <= "\udfff" for char in given):
        raise Refusal(422, "out_of_range", f"session_id: 1 to {LONGEST_ID} characters", field="session_id")
    return given


def _plain(handler: Endpoint) -> Endpoint:
    """For what is read: Kafka need not be there."""

    async def endpoint(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            return refusal.response(request)

    return endpoint


def routes(front: Front, eraser: Eraser) -> list[BaseRoute]:
    rest, guarded = Rest(front, eraser), front.guarded
    document = msgspec.json.encode(openapi.document())

    async def described(_: Request) -> Response:
        return Response(document, media_type="application/json")

    return [
        Route("/openapi.json", described),
        Route("/v1/sessions/query", guarded(rest.query), methods=["POST"]),
        Route("/v1/sessions/{session_id:path}/adjustments", _plain(rest.session_adjustments)),
        Route("/v1/sessions/{session_id:path}", _plain(rest.session)),
        Route("/v1/targets/{kind}/{target_id:path}/adjustments", _plain(rest.target_adjustments)),
        Route("/v1/push-token", guarded(rest.push_token), methods=["POST"]),
        Route("/v1/feedback", guarded(rest.feedback), methods=["POST"]),
        Route("/v1/outcomes", guarded(rest.outcomes), methods=["POST"]),
        Route("/v1/people/{user_id:path}", _plain(rest.erase), methods=["DELETE"]),
    ]
