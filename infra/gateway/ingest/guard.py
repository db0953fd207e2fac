"""Checks every request with a body before its endpoint runs: limits, Kafka's health, write key, JSON."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from infra.gateway import metrics
from infra.gateway.auth.key_permissions import Quota, WriteKey
from infra.gateway.auth.session_access import ResolvedSessions, SessionAccess
from infra.gateway.client_address import client_address
from infra.gateway.clock import now_ms
from infra.gateway.components import GatewayContext
from infra.gateway.errors import ApiError
from infra.gateway.ingest.body import read_body
from infra.gateway.ingest.devices import speaks_for_reader
from infra.gateway.ingest.enrichment import Enricher, Enrichment
from infra.gateway.ingest.limits import BodyMemoryBudget, BodyMemoryLease, TokenBuckets
from infra.gateway.ingest.pipeline import IngestPipeline, IngestResult, Originals, RawEvent
from infra.gateway.request_context import current_request
from infra.kafka.producer import ProducerUnavailableError
from schemas.event_validation import parse_json_strictly
from schemas.rejects import Reason, ValidationFailure
from schemas.topics import CONTENT, EVENTS, OUTCOMES, Topic

MAX_BODY_BYTES: Final = 512_000
"""500 KB unpacked, as Segment bounds a batch."""

MAX_EVENTS: Final = 2_500

Handler = Callable[[Request, BodyMemoryLease], Awaitable[Response]]


class IngestGuard:
    """Shared by the native, Segment, webhook and REST endpoints, so that they share limits and memory."""

    def __init__(self, gateway: GatewayContext) -> None:
        settings = gateway.settings
        self.gateway = gateway
        self.pipeline = IngestPipeline(gateway)
        self.enricher = Enricher(settings.geo_database)
        self.write_keys = gateway.write_keys
        self.sessions = SessionAccess(settings, self.write_keys, gateway.ingest_redis, gateway.push_tokens)
        self._body_memory = BodyMemoryBudget(settings.held_bytes)
        self._requests_by_address = TokenBuckets(settings.ip_requests_per_s, settings.ip_burst)
        self._events_by_address = TokenBuckets(settings.ip_events_per_s, settings.ip_events_burst)
        self._bytes_by_address = TokenBuckets(settings.ip_bytes_per_s, settings.ip_bytes_burst)
        self._events_by_source = TokenBuckets(settings.key_events_per_s, settings.key_burst)
        self._events_by_quota: dict[Quota, TokenBuckets] = {}

    def guard(self, handler: Handler, topic: Topic | None = EVENTS) -> Callable[[Request], Awaitable[Response]]:
        """Wraps a handler in the checks that do not depend on the body, in error responses and in metrics.

        `topic` is the one that the handler writes to, None for one that only reads: another that fails stops nobody.
        """

        async def endpoint(request: Request) -> Response:
            began_s = time.perf_counter()
            status = 500
            try:
                response = await self._checked(handler, topic, request)
                status = response.status_code
            finally:
                metrics.REQUESTS.labels(request.scope["route"].path, status).inc()
                metrics.SECONDS.observe(time.perf_counter() - began_s)
            return response

        return endpoint

    async def _checked(self, handler: Handler, topic: Topic | None, request: Request) -> Response:
        address = current_request().address
        try:
            with self._body_memory.lease(address) as memory:
                self._requests_by_address.charge(address, 1, "requests from this address")
                self._bytes_by_address.charge(address, 0, "bytes from this address")
                if topic is not None and not self._is_writable(topic):
                    raise kafka_unavailable("Kafka does not acknowledge")
                try:
                    return await handler(request, memory)
                finally:
                    self._bytes_by_address.spend(address, memory.bytes)
        except ApiError as error:
            return error.response(request)

    def _is_writable(self, topic: Topic) -> bool:
        producer = self.gateway.side_producer if topic in (OUTCOMES, CONTENT) else self.gateway.producer
        return producer.is_writable(self.gateway.settings.topic(topic.name))

    async def read_json_object(
        self, request: Request, memory: BodyMemoryLease, source: str | None, oversize_status: int = 413
    ) -> tuple[bytes, dict[str, Any], int]:
        """Returns the body, its JSON object and when all of it had arrived, so that a slow connection makes no event late.

        Raises `ApiError`. A body that is not JSON is recorded in rejected.v1 if its source is known, by the header or by a write
        key that can be found in the broken body.
        """
        raw = await read_body(request, MAX_BODY_BYTES, memory, oversize_status)
        received_ms = now_ms()
        found = parse_json_strictly(raw)
        if isinstance(found, ValidationFailure):
            if source is None:
                source = self.write_keys.source_in_broken_json(raw)
            if source is not None:
                await self.pipeline.reject_body(source, found, raw, received_ms)
            raise ApiError(400, found.reason, f"body: {found.detail}; send a JSON object in UTF-8")
        if type(found) is not dict:
            if source is not None:
                failure = ValidationFailure("wrong_type", "body: expected a JSON object")
                await self.pipeline.reject_body(source, failure, raw, received_ms)
            raise ApiError(422, "wrong_type", "body: expected a JSON object")
        return raw, found, received_ms

    async def reject_batch(self, source: str, error: ApiError, raw: bytes, received_ms: int) -> None:
        """Records a batch that is refused as a whole: too long, or without a list of events. One to be sent again is none."""
        if error.retry_after_s is not None:
            return
        reason: Reason = "oversize" if error.rule == "oversize" else "wrong_type"
        await self.pipeline.reject_body(source, ValidationFailure(reason, error.detail), raw, received_ms)

    async def ingest(
        self, request: Request, key: WriteKey, raw_events: Sequence[RawEvent], received_ms: int, originals: Originals
    ) -> tuple[IngestResult, ResolvedSessions]:
        """Gives the events the sessions they belong to and takes them to Kafka; raises `ApiError` 503."""
        sessions = await self.sessions.resolve(key, raw_events, self.address_of(request))
        try:
            result = await self.pipeline.ingest(key.source, raw_events, received_ms, originals)
        except ApiError:
            await self.sessions.release(sessions)
            raise
        return result, sessions

    @staticmethod
    def address_of(_: Request) -> str:
        """Returns the address under which the sender is counted."""
        return current_request().address

    def charge_quota(self, key: WriteKey, events: int) -> None:
        """Raises `ApiError` 413 for a batch that is too long, 429 for a source that sends too much."""
        if events > MAX_EVENTS:
            detail = f"events: {events} in a batch; send at most {MAX_EVENTS}"
            raise ApiError(413, "oversize", detail, field="events")
        # The address first: what one address is refused does not use up the quota of the source.
        self._events_by_address.charge(current_request().address, max(events, 1), "events from this address")
        buckets = self._events_by_source
        if key.quota is not None:
            # A quota that the keys file changes begins with full buckets.
            buckets = self._events_by_quota.setdefault(key.quota, TokenBuckets(key.quota.events_per_s, key.quota.burst))
        buckets.charge(key.source, max(events, 1), "events from this source")

    def enrichment(self, request: Request, user_agent: str = "", is_reader: bool = False) -> Enrichment:
        """Looks up what the request says about its reader, if the reader's own device sent it.

        `user_agent` replaces the header's; `is_reader` says that an app on that device sends. Of a reader for whom a server
        speaks (python-requests, axios) the request tells nothing.
        """
        headers = request.headers
        agent = headers.get("user-agent", "")
        if not speaks_for_reader(agent):
            if not is_reader:
                return self.enricher.lookup(user_agent, "", "")
            agent = ""
        return self.enricher.lookup(user_agent or agent, headers.get("accept-language", ""), client_address(request))


def kafka_unavailable(detail: str) -> ApiError:
    return ApiError(503, "unavailable", detail, retry_after_s=ProducerUnavailableError.retry_after_s)
