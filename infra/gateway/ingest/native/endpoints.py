"""POST /v1/events: receives batches in the native format, as our tracker sends them."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.gateway.components import Component, GatewayContext
from infra.gateway.errors import ApiError
from infra.gateway.ingest.guard import IngestGuard
from infra.gateway.ingest.limits import BodyMemoryLease
from infra.gateway.ingest.native.events import native_events, native_originals
from infra.gateway.ingest.segment import endpoints as segment
from infra.gateway.ingest.webhooks import endpoints as webhooks
from infra.gateway.responses import json_response
from infra.gateway.rest import content
from infra.gateway.rest import endpoints as rest
from infra.gateway.rest.erasure import Eraser
from infra.gateway.rest.erasure_follower import following


class Collector:
    """The native endpoint."""

    def __init__(self, guard: IngestGuard) -> None:
        self._guard = guard

    async def events(self, request: Request, memory: BodyMemoryLease) -> Response:
        """Answers 202 with the outcome of each event, and with a push token if all are of one session of this sender."""
        key = self._guard.write_keys.of_headers(request, "events")
        source = None if key is None else key.source
        raw, batch, received_ms = await self._guard.read_json_object(request, memory, source)
        if key is None:
            key = self._guard.write_keys.of(batch.get("write_key", batch.get("writeKey")), request, "events")
        try:
            raw_events = native_events(batch, self._guard.enrichment(request), received_ms)
            self._guard.charge_quota(key, len(raw_events))
        except ApiError as error:
            await self._guard.reject_batch(key.source, error, raw, received_ms)
            raise
        result, sessions = await self._guard.ingest(
            request, key, raw_events, received_ms, lambda: native_originals(raw)
        )
        if "tokens" not in key.scopes or len(result.sessions) != 1:
            return json_response(202, result.summary())
        (session_id,) = result.sessions
        proven = self._guard.sessions.proven(request, batch.get("token"), received_ms)
        if session_id not in sessions.readable and session_id != proven:
            return json_response(202, result.summary())
        renamed = {"session_id": session_id} if session_id in sessions.renamed else {}
        token = self._guard.gateway.push_tokens.issue(session_id, key, received_ms)
        return json_response(202, {**result.summary(), **token, **renamed})


def component(gateway: GatewayContext) -> Component:
    """All endpoints that take bodies, in one component, since they share limits, memory and deduplication."""
    guard, eraser = IngestGuard(gateway), Eraser(gateway)
    native = Route("/v1/events", guard.guard(Collector(guard).events), methods=["POST"])
    routes = [
        native,
        *segment.routes(guard),
        *webhooks.routes(guard, eraser),
        *rest.routes(guard, eraser),
        *content.routes(guard),
    ]
    gateway.on_shutdown.append(guard.pipeline.deduplicator.drain)
    return Component(routes, partial(following, gateway))
