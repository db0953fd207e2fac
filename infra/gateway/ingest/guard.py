"""What every endpoint for events does before it looks at one: who sends, how much, and is it JSON."""

import base64
import binascii
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeGuard

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from infra.gateway import metrics
from infra.gateway.components import Gateway
from infra.gateway.ingest import body as bodies
from infra.gateway.ingest.enrichment import Enricher, Facts, truncated
from infra.gateway.ingest.limits import Buckets, Held, HeldByRequest
from infra.gateway.ingest.pipeline import Intake
from infra.gateway.ingest.producer import LogDown
from infra.gateway.responses import Refusal
from infra.redis.client import create_client
from schemas.event_validation import document
from schemas.rejects import Rejection

MAX_BODY_BYTES: Final = 512_000
"""500 KB, unpacked; Segment's bound for a batch."""

MAX_EVENTS: Final = 2_500

REDIS_TIMEOUT_S: Final = 0.25
"""Longer than other parts wait: under full load the event loop itself may be late, and Redis is not down then."""

Handler = Callable[[Request, HeldByRequest], Awaitable[Response]]


class Front:
    """Shared by the native, Segment and webhook endpoints, as limits and memory are."""

    def __init__(self, gateway: Gateway) -> None:
        settings = gateway.settings
        self.gateway = gateway
        self.redis = create_client(settings.redis_url, REDIS_TIMEOUT_S)
        self.intake = Intake(gateway, self.redis)
        self.enricher = Enricher(settings.geo_database)
        self._held = Held(settings.held_bytes)
        self._by_address = Buckets(settings.ip_requests_per_s, settings.ip_burst)
        self._by_key = Buckets(settings.key_events_per_s, settings.key_burst)

    def guarded(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """The handler with everything around it that does not depend on what is sent."""

        async def endpoint(request: Request) -> Response:
            began = time.perf_counter()
            try:
                with self._held.request() as held:
                    self._by_address.take(counted_as(address_of(request)), 1, "requests from this address")
                    if not self.gateway.log.is_up:
                        raise Refusal(
                            503, "unavailable", "Kafka does not acknowledge", retry_after_s=LogDown.retry_after_s
                        )
                    response = await handler(request, held)
            except Refusal as refusal:
                response = refusal.response(request)
            metrics.REQUESTS.labels(request.scope["route"].path, response.status_code).inc()
            metrics.SECONDS.observe(time.perf_counter() - began)
            return response

        return endpoint

    def source_of(self, request: Request) -> str | None:
        """By the key in the headers, None where there is none; raises `Refusal` 401 for one that opens nothing."""
        key = request.headers.get("x-write-key") or _basic_user(request.headers.get("authorization", ""))
        return None if key is None else self.source_of_key(key)

    def source_of_key(self, key: Any) -> str:
        source = self.gateway.settings.write_keys.get(key) if isinstance(key, str) else None
        if source is None:
            raise Refusal(401, "write_key", "no such write key", field="write_key")
        return source

    async def document(
        self, request: Request, held: HeldByRequest, source: str | None, oversize_status: int = 413
    ) -> tuple[bytes, dict[str, Any], int]:
        """Body, its JSON object, and when all of it had come: who has a slow connection is not late for that.

        What is no JSON goes to rejected.v1, if it is known who has sent it.
        """
        raw = await bodies.read(request, MAX_BODY_BYTES, held, oversize_status)
        received_ms = now_ms()
        found = document(raw)
        if isinstance(found, Rejection):
            if source is not None:
                await self.intake.refuse(source, found, raw, received_ms)
            raise Refusal(400, found.reason, f"the body is {found.detail}")
        if type(found) is not dict:
            raise Refusal(422, "wrong_type", "the body is JSON, but no object")
        return raw, found, received_ms

    def spend(self, source: str, events: int) -> None:
        if events > MAX_EVENTS:
            raise Refusal(413, "oversize", f"over {MAX_EVENTS} events in a batch", field="events")
        self._by_key.take(source, max(events, 1), "events from this source")

    def facts(self, request: Request, agent: str = "") -> Facts:
        """What the request tells of its reader, who has sent it by a browser; `agent` is what the event says of that."""
        headers = request.headers
        return self.enricher.facts(
            agent or headers.get("user-agent", ""), headers.get("accept-language", ""), address_of(request)
        )


def address_of(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client is not None else ""


def counted_as(address: str) -> str:
    """Whom limits count: who has one address of IPv6 has a whole network of them."""
    return (truncated(address) or address) if ":" in address else address


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def is_whole(value: Any) -> TypeGuard[int]:
    """Whether it is a number of milliseconds that can be reckoned with."""
    return type(value) is int and abs(value) < 2**53


def part_of(mapping: Any, name: str) -> Mapping[str, Any]:
    """The object of that name, empty where there is none."""
    found = mapping.get(name) if type(mapping) is dict else None
    return found if type(found) is dict else {}


def _basic_user(header: str) -> str | None:
    """The user name of Basic credentials; None where the header is of another kind."""
    kind, _, credentials = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        user, _, _ = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise Refusal(401, "write_key", "these credentials are not Base64 of `key:`", field="authorization") from None
    return user
