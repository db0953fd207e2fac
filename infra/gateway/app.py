"""Creates the gateway: one Starlette application, assembled from components."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.middleware import Middleware

from infra.gateway import metrics
from infra.gateway.auth.operator import OperatorAuthentication
from infra.gateway.auth.origins import OriginMiddleware
from infra.gateway.components import Component, GatewayContext
from infra.gateway.console import endpoints as console
from infra.gateway.debug import endpoints as debug
from infra.gateway.ingest import ticks
from infra.gateway.ingest.native import endpoints as collector
from infra.gateway.push import endpoints as push
from infra.gateway.request_log import RequestLog
from infra.gateway.rest import health
from infra.gateway.settings import Settings
from infra.gateway.static import demo, tracker
from infra.kafka.producer import AckedProducer
from infra.redis.client import create_client

COMPONENTS: Final[tuple[Callable[[GatewayContext], Component], ...]] = (
    collector.component,
    ticks.component,
    debug.component,
    push.component,
    health.component,
    console.component,
    tracker.component,
    demo.component,
)

REDIS_TIMEOUT_S: Final = 0.05
"""A page waits for its response, so what Redis does not answer in time is left out."""

INGEST_REDIS_TIMEOUT_S: Final = 0.25
"""Longer: under full load the event loop itself may be late, and Redis is not down then."""

SIDE_TIMEOUT_MS: Final = 10_000
"""After this time an outcome or a rejected event is given up, so that a topic that is missing does not fill its queue."""

SIDE_SHARE: Final = 4
"""The queue of outcomes and rejected events is this much smaller than that of events."""


def create_app(settings: Settings, producer: AckedProducer | None = None, redis: Redis | None = None) -> Starlette:
    """Returns the application. Kafka and Redis are contacted at startup, not here, and neither has to be reachable.

    A test may pass its own `producer` and `redis`; the latter then serves all purposes.
    """
    gateway = GatewayContext(
        settings,
        producer if producer is not None else _producer(settings),
        redis if redis is not None else create_client(settings.redis_url, REDIS_TIMEOUT_S),
        redis if redis is not None else create_client(settings.redis_url, INGEST_REDIS_TIMEOUT_S),
        side=_side_producer(settings) if producer is None else None,
    )
    metrics.WAITING.set_function(lambda: gateway.producer.unacked_records)
    components = [component(gateway) for component in COMPONENTS]

    async def shutdown() -> None:
        for hook in gateway.on_shutdown:
            await hook()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(gateway.redis.aclose)
            stack.push_async_callback(gateway.ingest_redis.aclose)
            stack.push_async_callback(shutdown)
            await stack.enter_async_context(gateway.producer.running())
            if gateway.side is not None:
                await stack.enter_async_context(gateway.side.running())
            for component in components:
                if component.lifespan is not None:
                    await stack.enter_async_context(component.lifespan())
            yield

    app = Starlette(
        routes=[route for component in components for route in component.routes],
        middleware=[
            Middleware(
                RequestLog,
                ipv6_prefix=settings.ipv6_prefix,
                trusted_proxies=settings.trusted_proxies,
                access_log=settings.access_log,
            ),
            Middleware(OriginMiddleware, origins=settings.allowed_origins),
        ],
        lifespan=lifespan,
    )
    app.state.gateway = gateway
    app.state.operator_authentication = OperatorAuthentication(settings)
    return app


def _producer(settings: Settings) -> AckedProducer:
    return AckedProducer(
        settings.kafka,
        client_id="microadjust-gateway",
        ack_timeout_ms=settings.ack_timeout_ms,
        max_queued_records=settings.queued_events,
        max_queued_bytes=settings.queued_bytes,
    )


def _side_producer(settings: Settings) -> AckedProducer:
    return AckedProducer(
        settings.kafka,
        client_id="microadjust-gateway-side",
        ack_timeout_ms=settings.ack_timeout_ms,
        message_timeout_ms=SIDE_TIMEOUT_MS,
        max_queued_records=settings.queued_events // SIDE_SHARE + 1,
        max_queued_bytes=settings.queued_bytes // SIDE_SHARE + 1,
    )
