"""GET /health, /live, /ready and /metrics, for operation."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest, start_http_server
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.gateway.components import Component, GatewayContext
from infra.gateway.responses import json_response
from infra.gateway.topic_watch import TopicWatch
from schemas.topics import EVENTS


class Health:
    """Tells a supervisor whether to restart the process, a balancer whether to send requests, and people what is wrong."""

    def __init__(self, gateway: GatewayContext) -> None:
        self._gateway = gateway
        self._events = gateway.settings.topic(EVENTS.name)
        self._was_ready = False
        self.topics = TopicWatch(gateway)

    async def health(self, _: Request) -> Response:
        """Answers 503 only if no event can be stored: without Redis events are still accepted."""
        producer = self._gateway.producer
        missing = self.topics.missing or []
        kafka = producer.was_reached and producer.is_writable(self._events) and self._events not in missing
        redis = await _answers(self._gateway.redis)
        blocked = sorted({topic for topic, _ in (*producer.blocked(), *self._gateway.side_producer.blocked())})
        is_whole = redis and not missing and not blocked and not self.topics.leaderless
        body = {
            "state": "ok" if kafka and is_whole else "degraded" if kafka else "down",
            "kafka": kafka,
            "redis": redis,
            "waiting_events": producer.unacked_records,
            "missing_topics": missing,
            "partitions_without_leader": self.topics.leaderless,
            "topics_not_acknowledging": blocked,
        }
        return json_response(200 if kafka else 503, body)

    async def live(self, _: Request) -> Response:
        """Answers 503 if a part of this process has died, which a restart mends. Kafka and Redis do not count."""
        dead = [name for is_alive in self._gateway.is_alive if (name := is_alive()) is not None]
        return json_response(503 if dead else 200, {"live": not dead, "dead": dead})

    async def ready(self, _: Request) -> Response:
        """Answers 200 once events can be stored, and 503 from the moment the process is asked to stop.

        An outage of Kafka later on does not count: it is the same for all gateways, and taking all of them out of a balancer
        would turn an answer with `Retry-After` into none.
        """
        why = self._why_not_ready()
        return json_response(200 if why is None else 503, {"ready": why is None, "why": why})

    def _why_not_ready(self) -> str | None:
        if self._gateway.is_draining:
            return "stopping"
        if not self._was_ready:
            if self.topics.missing is None:
                return "Kafka has not answered yet"
            if self._events in self.topics.missing:
                return f"{self._events} does not exist"
            self._was_ready = True
        return None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            settings = self._gateway.settings
            if settings.metrics_port:
                server, thread = start_http_server(settings.metrics_port, settings.metrics_host)
                stack.callback(thread.join, 2.0)
                stack.callback(server.server_close)
                stack.push_async_callback(asyncio.to_thread, server.shutdown)
            await stack.enter_async_context(self.topics.running())
            yield


async def _metrics(_: Request) -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _answers(redis: Any) -> bool:
    ping: Awaitable[Any] = redis.ping()
    try:
        return bool(await asyncio.wait_for(ping, 0.05))
    except (RedisError, OSError, TimeoutError):
        return False


def component(gateway: GatewayContext) -> Component:
    health = Health(gateway)
    routes = [Route("/health", health.health), Route("/live", health.live), Route("/ready", health.ready)]
    if not gateway.settings.metrics_port:
        routes.append(Route("/metrics", _metrics))
    return Component(routes, health.running)
