"""POST /v1/events: batches as our own tracker sends them."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.gateway import rest, segment, tokens, webhooks
from infra.gateway.answers import answer
from infra.gateway.front import Front
from infra.gateway.intake import Taken
from infra.gateway.limits import HeldByRequest
from infra.gateway.native_events import native_drafts, native_originals
from infra.gateway.part import Gateway, Part
from infra.gateway.rest_erasure import Eraser


class Collector:
    """The native endpoint."""

    def __init__(self, front: Front) -> None:
        self._front = front

    async def events(self, request: Request, held: HeldByRequest) -> Response:
        """Answers 202 with what became of each event, and a push token if all are of one session."""
        source = self._front.source_of(request)
        raw, batch, received_ms = await self._front.document(request, held, source)
        if source is None:
            source = self._front.source_of_key(batch.get("write_key", batch.get("writeKey")))
        drafts = native_drafts(batch, self._front.facts(request), received_ms)
        self._front.spend(source, len(drafts))
        taken = await self._front.intake.take(source, drafts, received_ms, lambda: native_originals(raw))
        return answer(202, {**told(taken), **self._token(taken, received_ms)})

    def _token(self, taken: Taken, at_ms: int) -> dict[str, Any]:
        if len(taken.sessions) != 1:
            return {}
        (session_id,) = taken.sessions
        expires_at_ms = at_ms + tokens.LIFE_MS
        token = tokens.sign(session_id, expires_at_ms, self._front.gateway.settings.token_secrets)
        return {"push_token": token, "push_token_expires_at_ms": expires_at_ms}


def told(taken: Taken) -> dict[str, Any]:
    return {"accepted": taken.accepted, "duplicates": taken.duplicates, "rejected": taken.rejected}


def part(gateway: Gateway) -> Part:
    """All endpoints that take bodies: they share limits, memory and what is under way."""
    front, eraser = Front(gateway), Eraser(gateway)
    native = Route("/v1/events", front.guarded(Collector(front).events), methods=["POST"])
    found = [native, *segment.routes(front), *webhooks.routes(front, eraser), *rest.routes(front, eraser)]
    gateway.on_leaving += [front.intake.seen.marked, front.redis.aclose]
    return Part(found)
