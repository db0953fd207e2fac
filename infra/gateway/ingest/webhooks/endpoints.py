"""POST /v1/webhooks/{source}: receives signed webhooks of other servers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from infra.gateway import metrics
from infra.gateway.auth.key_permissions import server_key
from infra.gateway.clock import now_ms
from infra.gateway.errors import ApiError
from infra.gateway.ingest.body import read_body
from infra.gateway.ingest.deduplication import Deduplicator, RedisSeenIds
from infra.gateway.ingest.guard import MAX_BODY_BYTES, IngestGuard, kafka_unavailable
from infra.gateway.ingest.limits import BodyMemoryLease
from infra.gateway.ingest.native.events import native_originals
from infra.gateway.ingest.webhooks.message import WebhookMessage, digest
from infra.gateway.ingest.webhooks.registry import KINDS, WebhookKind
from infra.gateway.ingest.webhooks.signatures import InvalidSignatureError
from infra.gateway.responses import json_response
from infra.gateway.rest.erasure import Eraser
from schemas.event_validation import parse_json_strictly
from schemas.rejects import ValidationFailure

MAX_AGE_MS: Final = 23 * 3_600_000
"""For kinds that sign no time: bounds the body's own. Less than the 24 h for which replays are recognised."""


class Webhooks:
    """Rejects what is forged, altered or old (401); a webhook that was accepted before is acknowledged and changes nothing.

    Only accepted webhooks count as seen, so a sender may retry after a 503; a retry during the first attempt waits for
    its outcome. With Standard Webhooks a sender may also retry with a new timestamp and signature after a 200 that got
    lost: then the events are deduplicated by their ids. Without Redis replays are recognised since this process started.
    """

    def __init__(self, guard: IngestGuard, eraser: Eraser) -> None:
        self._guard, self._eraser = guard, eraser
        gateway = guard.gateway
        self._sources = gateway.settings.webhooks
        # A table for each source: one that sends or is replayed a lot does not push out the ids of another.
        self._accepted = {
            source: Deduplicator(RedisSeenIds(gateway.ingest_redis, gateway.settings.seen_ids, f"ma:webhook:{source}"))
            for source in self._sources
        }
        gateway.on_shutdown += [each.drain for each in self._accepted.values()]

    async def receive(self, request: Request, memory: BodyMemoryLease) -> Response:
        source = request.path_params["source"]
        webhook = self._sources.get(source)
        if webhook is None:
            detail = "source: unknown; configure it in MICROADJUST_WEBHOOK_SECRETS"
            raise ApiError(404, "source", detail, field="source")
        kind = KINDS[webhook.kind]
        body = await read_body(request, MAX_BODY_BYTES, memory)
        received_ms = now_ms()
        try:
            signed = kind.verify(webhook.secrets, request.headers, body, received_ms / 1000)
        except InvalidSignatureError as error:
            metrics.WEBHOOKS.labels(source, "forged").inc()
            raise ApiError(401, "signature", f"signature: {error}") from None
        fields = parse_json_strictly(body)
        if isinstance(fields, ValidationFailure) or type(fields) is not dict:
            rejection = ValidationFailure("malformed", "not a JSON object")
            await self._guard.pipeline.reject_body(source, rejection, body, received_ms)
            raise ApiError(400, "malformed", "body: expected a JSON object")
        message = WebhookMessage(fields, body, request.headers, received_ms)
        user_to_erase = kind.user_to_erase(fields)
        if user_to_erase is None:
            _check_age(source, kind, message)
        return await self._once(source, signed, lambda: self._accept(request, kind, message, user_to_erase))

    async def _once(self, source: str, signed: bytes, accept: Callable[[], Awaitable[Response]]) -> Response:
        accepted = self._accepted[source]
        claim = await accepted.claim([digest(signed)])
        if not claim.fresh:
            await _require_success(claim.others)
            metrics.WEBHOOKS.labels(source, "replayed").inc()
            # A success: a sender that got no answer the first time repeats, and would take anything else for a failure.
            return json_response(200, {"accepted": 0, "duplicates": 1, "rejected": [], "duplicate": True})
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        accepted.complete_when(claim, done)
        try:
            response = await accept()
        except (Exception, asyncio.CancelledError):
            # Also if the request is cancelled: the sender's retry must not count as a replay.
            done.cancel()
            raise
        done.set_result(None)
        metrics.WEBHOOKS.labels(source, "accepted").inc()
        return response

    async def _accept(
        self, request: Request, kind: WebhookKind, message: WebhookMessage, user_to_erase: str | None
    ) -> Response:
        if user_to_erase is not None:
            await self._eraser.erase(user_to_erase)
            return json_response(200, {"erased": user_to_erase})
        raw_events = kind.to_events(message, self._guard.enricher)
        key = server_key(request.path_params["source"])
        self._guard.charge_quota(key, len(raw_events))
        result, _ = await self._guard.ingest(
            request, key, raw_events, message.received_ms, lambda: _originals(message.body, len(raw_events))
        )
        return json_response(200 if result.is_success else 400, result.summary())


def _originals(body: bytes, count: int) -> Sequence[bytes]:
    """Returns each event's own bytes, as every event may be rejected; the body for an event that is all of it."""
    return [body] if count == 1 else native_originals(body)


async def _require_success(others: set[asyncio.Future[None]]) -> None:
    """Waits for a first attempt that is still in progress; raises `ApiError` 503 if it failed."""
    if others:
        # Not `gather`: cancelling this request would cancel the future of the first one.
        await asyncio.wait(others)
    if any(each.exception() is not None for each in others):
        raise kafka_unavailable("the first attempt at this webhook failed; send it again")


def _check_age(source: str, kind: WebhookKind, message: WebhookMessage) -> None:
    """Raises `ApiError` 401 for a message older than replays are remembered. Requests to erase carry no time and are exempt."""
    if kind.sent_at_ms is None:
        return
    at_ms = kind.sent_at_ms(message.fields)
    if at_ms is None or abs(message.received_ms - at_ms) > MAX_AGE_MS:
        metrics.WEBHOOKS.labels(source, "old").inc()
        detail = f"timestamp: missing or over {MAX_AGE_MS // 3_600_000} h from now"
        raise ApiError(401, "old", detail, field="timestamp")


def routes(guard: IngestGuard, eraser: Eraser) -> list[BaseRoute]:
    webhooks = Webhooks(guard, eraser)
    return [Route("/v1/webhooks/{source}", guard.guard(webhooks.receive), methods=["POST"])]
