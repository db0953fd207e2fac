"""POST /v1/events: batches as our own tracker sends them."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.gateway.auth import push_tokens
from infra.gateway.components import Gateway, Part
from infra.gateway.ingest.guard import Front
from infra.gateway.ingest.limits import HeldByRequest
from infra.gateway.ingest.native.events import native_drafts, native_originals
from infra.gateway.ingest.pipeline import Taken
from infra.gateway.ingest.segment import endpoints as segment
from infra.gateway.ingest.webhooks import endpoints as webhooks
from infra.gateway.responses import answer
from infra.gateway.rest import endpoints as rest
from infra.gateway.rest.erasure import Eraser


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
        expires_at_ms = at_ms + push_tokens.LIFE_MS
        token = push_tokens.sign(session_id, expires_at_ms, self._front.gateway.settings.token_secrets)
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
