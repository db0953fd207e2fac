"""POST /v1/webhooks/{source}: what other servers send, signed."""

import asyncio
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from infra.gateway import metrics
from infra.gateway.ingest import body as bodies
from infra.gateway.ingest.deduplication import Seen, SeenInRedis
from infra.gateway.ingest.guard import MAX_BODY_BYTES, Front, now_ms
from infra.gateway.ingest.limits import HeldByRequest
from infra.gateway.ingest.pipeline import Draft
from infra.gateway.ingest.producer import LogDown
from infra.gateway.ingest.webhooks.events import (
    digest,
    pendo_events,
    pendo_time_ms,
    segment_events,
    segment_time_ms,
    standard_events,
)
from infra.gateway.ingest.webhooks.signatures import Forged, check, standard_key
from infra.gateway.responses import Refusal, answer
from infra.gateway.rest.erasure import Eraser
from infra.gateway.settings import Webhook
from schemas.event_validation import document
from schemas.rejects import Rejection

OLDEST_MS: Final = 23 * 3_600_000
"""Segment and Pendo sign no time, so the body's own counts; less than the 24 h that a replay is recognised."""


class Webhooks:
    """Refuses what is forged, altered or old (401) and what has been accepted before (409).

    Only what was accepted counts as seen, so a sender may try again after a 503; one who does before the first attempt has
    its answer waits for that. So it may, under Standard Webhooks, with a
    new timestamp and signature after a 200 that got lost: then the events are told by their ids.
    Without Redis replays are recognised since the start of this process.
    """

    def __init__(self, front: Front, eraser: Eraser) -> None:
        self._front, self._eraser = front, eraser
        self._sources = front.gateway.settings.webhooks
        for source, webhook in self._sources.items():
            if webhook.kind == "standard":
                for secret in webhook.secrets:
                    standard_key(source, secret)
        # Each its own: who sends a lot, or is replayed a lot, makes nobody else's be forgotten.
        most = front.gateway.settings.seen_ids
        self._accepted = {
            source: Seen(SeenInRedis(front.redis, most, f"ma:webhook:{source}")) for source in self._sources
        }
        front.gateway.on_leaving += [each.marked for each in self._accepted.values()]

    async def receive(self, request: Request, held: HeldByRequest) -> Response:
        source = request.path_params["source"]
        webhook = self._sources.get(source)
        if webhook is None:
            raise Refusal(404, "source", "there is no webhook of this name", field="source")
        raw = await bodies.read(request, MAX_BODY_BYTES, held)
        received_ms = now_ms()
        try:
            signed = check(webhook, request.headers, raw, received_ms / 1000)
        except Forged as forged:
            metrics.WEBHOOKS.labels(source, "forged").inc()
            raise Refusal(401, "signature", str(forged)) from None
        found = document(raw)
        if isinstance(found, Rejection) or type(found) is not dict:
            await self._front.intake.refuse(source, Rejection("malformed", "not a JSON object"), raw, received_ms)
            raise Refusal(400, "malformed", "the body is no JSON object")
        _check_age(source, webhook, found, received_ms)
        return await self._once(source, webhook, request, raw, signed, found, received_ms)

    async def _once(
        self,
        source: str,
        webhook: Webhook,
        request: Request,
        raw: bytes,
        signed: bytes,
        found: dict[str, Any],
        received_ms: int,
    ) -> Response:
        accepted = self._accepted[source]
        claim = await accepted.claim([digest(signed)])
        if not claim.fresh:
            await _ended_well(claim.others)
            metrics.WEBHOOKS.labels(source, "replayed").inc()
            raise Refusal(409, "replayed", "this webhook has come before")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        accepted.settle(claim, done)
        try:
            response = await self._accept(source, webhook, request, raw, found, received_ms)
        except (Exception, asyncio.CancelledError):
            # Also where the request is cancelled: the sender comes again, and is no replay then.
            done.cancel()
            raise
        done.set_result(None)
        metrics.WEBHOOKS.labels(source, "accepted").inc()
        return response

    async def _accept(
        self, source: str, webhook: Webhook, request: Request, raw: bytes, found: dict[str, Any], received_ms: int
    ) -> Response:
        if webhook.kind == "segment" and found.get("type") == "delete":
            return await self._erase(found)
        enricher = self._front.enricher
        drafts: list[Draft]
        match webhook.kind:
            case "standard":
                drafts = standard_events(found, request.headers["webhook-id"], received_ms)
            case "segment":
                drafts = segment_events(found, enricher, received_ms)
            case "pendo":
                drafts = pendo_events(found, raw, enricher, received_ms)
        self._front.spend(source, len(drafts))
        taken = await self._front.intake.take(source, drafts, received_ms, lambda: [raw] * len(drafts))
        success = bool(taken.accepted or taken.duplicates) or not taken.rejected
        told = {"accepted": taken.accepted, "duplicates": taken.duplicates, "rejected": taken.rejected}
        return answer(200 if success else 400, told)

    async def _erase(self, found: dict[str, Any]) -> Response:
        user = found.get("userId")
        if type(user) is not str or not user:
            raise Refusal(400, "missing_field", "userId: required for delete", field="userId")
        await self._eraser.erase(user)
        return answer(200, {"erased": user})


async def _ended_well(others: set[asyncio.Future[None]]) -> None:
    """Raises `Refusal` 503 where the first attempt, which was still under way, has failed."""
    if others:
        # Not `gather`: were this request cancelled, it would cancel the first one's future as well.
        await asyncio.wait(others)
    if any(each.exception() is not None for each in others):
        raise Refusal(503, "unavailable", "the first attempt has failed", retry_after_s=LogDown.retry_after_s)


def _check_age(source: str, webhook: Webhook, found: dict[str, Any], received_ms: int) -> None:
    """Raises `Refusal` for a message older than replays are remembered. Requests to delete carry no time."""
    if webhook.kind == "standard" or (webhook.kind == "segment" and found.get("type") == "delete"):
        return
    at_ms = segment_time_ms(found) if webhook.kind == "segment" else pendo_time_ms(found)
    if at_ms is None or abs(received_ms - at_ms) > OLDEST_MS:
        metrics.WEBHOOKS.labels(source, "old").inc()
        raise Refusal(401, "old", "timestamp: too far from now", field="timestamp")


def routes(front: Front, eraser: Eraser) -> list[BaseRoute]:
    webhooks = Webhooks(front, eraser)
    return [Route("/v1/webhooks/{source}", front.guarded(webhooks.receive), methods=["POST"])]
