"""GET /health and /metrics, for operation."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.gateway.components import Component, GatewayContext
from infra.gateway.responses import json_response


def component(gateway: GatewayContext) -> Component:
    async def health(_: Request) -> Response:
        """Answers 503 only without Kafka: without Redis events are still accepted."""
        kafka, redis = gateway.producer.was_reached and gateway.producer.is_healthy, await _answers(gateway.redis)
        state = "ok" if kafka and redis else "degraded" if kafka else "down"
        body = {"state": state, "kafka": kafka, "redis": redis, "waiting_events": gateway.producer.unacked_records}
        return json_response(200 if kafka else 503, body)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return Component([Route("/health", health), Route("/metrics", metrics)])


async def _answers(redis: Any) -> bool:
    ping: Awaitable[Any] = redis.ping()
    try:
        return bool(await asyncio.wait_for(ping, 0.05))
    except (RedisError, OSError, TimeoutError):
        return False
